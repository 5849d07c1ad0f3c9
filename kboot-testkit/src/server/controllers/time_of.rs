//! Times as objects hold them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// RFC 3339 as Go reads it: with capital letters and without a leap second.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    if text.contains(['t', 'z']) || text.contains(":60") {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339).ok()
}
