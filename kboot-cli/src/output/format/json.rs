//! JSON, with what hides in its strings written out.

use anyhow::Result;
use kboot_core::shown;

use super::{Layout, Report};

pub(super) fn render<R: Report>(report: &R) -> Result<String> {
    Ok(match R::LAYOUT {
        Layout::Object => shown::to_json(report)?,
        // A map of serde_json has its fields by name.
        Layout::Document | Layout::Lines => shown::to_json(&serde_json::to_value(report)?)?,
    })
}

/// The value on a line of its own.
pub(super) fn line<R: Report>(report: &R) -> Result<String> {
    Ok(shown::json(&serde_json::to_value(report)?.to_string()).into_owned() + "\n")
}
