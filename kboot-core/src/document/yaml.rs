//! YAML in and out: one set of limits for what is read, one layout for what is written.

use serde::Serialize;
use serde::de::IgnoredAny;
use serde::ser::Error as _;

use crate::shown;

/// The largest YAML document that kboot reads: a cluster file of 100,000 nodes fits.
pub(crate) const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The text as a plain value. Duplicate keys, unknown tags, several documents, alias bombs and documents
/// past the limits are refused; the problem names line and column.
pub(crate) fn parse(text: &str) -> Result<serde_json::Value, String> {
    // YAML 1.1 takes n, no and NO for false: the country Norway, a namespace called n.
    read(text, true).map_err(|(problem, _)| problem)
}

/// What is wrong with a text, and in which line and column.
type Unreadable = (String, Option<(u64, u64)>);

/// As [`parse`], with line and column of the problem.
#[cfg(feature = "certificates")]
pub(crate) fn parse_located(text: &str) -> Result<serde_json::Value, Unreadable> {
    read(text, true)
}

/// The text as a plain value, with the booleans of YAML 1.1, as Go's libraries read it.
pub(crate) fn parse_as_go(text: &str) -> Result<serde_json::Value, String> {
    read(text, false).map_err(|(problem, _)| problem)
}

fn read(text: &str, strict_booleans: bool) -> Result<serde_json::Value, Unreadable> {
    if text.len() > MAX_BYTES {
        return Err((format!("it has {} bytes; at most {MAX_BYTES} are read", text.len()), None));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 8_000_000,
            max_nodes: 4_000_000,
            max_depth: 64,
            max_documents: 1,
            max_total_scalar_bytes: MAX_BYTES,
        },
        with_snippet: false,
        strict_booleans: strict_booleans,
        reject_unsupported_tags: true,
    };
    // A problem may quote a scalar of any length, with whatever stands in it.
    let shortened = |problem: String| shown::escaped_lines(shown::start(&problem, 500));
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(|place| (place.line(), place.column()));
        (shortened(error.to_string()), place)
    })
}

/// Why a value cannot be written as YAML.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be written as YAML")]
pub struct Unwritable(#[source] serde_saphyr::ser::Error);

/// The value in block style, as `kubectl -o yaml` writes it; in JSON's form where something hides in it.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, Unwritable> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false, compact_list_indent: true };
    let mut text = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut text, value, options).map_err(Unwritable)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let mut text = shown::yaml(text, value)
        .map_err(|error| Unwritable(serde_saphyr::ser::Error::custom(error.to_string())))?;
    // Readers that take a text with a brace in front for JSON, kubectl's among them, know no `\U` of YAML.
    if text.starts_with('{') && serde_json::from_str::<IgnoredAny>(&text).is_err() {
        text.insert_str(0, "---\n");
    }
    Ok(text)
}
