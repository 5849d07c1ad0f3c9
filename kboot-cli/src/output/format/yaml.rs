//! YAML, with what hides in its strings written out.

use anyhow::Result;
use kboot_core::shown;
use serde::Serialize;
use serde_json::Value;

use super::{Layout, Report};

pub(super) fn render<R: Report>(report: &R) -> Result<String> {
    match R::LAYOUT {
        Layout::Document => blocks(&serde_json::to_value(report)?),
        Layout::Lines => Ok(match serde_json::to_value(report)? {
            Value::Array(list) => list.iter().map(|entry| format!("- {}\n", line(entry))).collect(),
            value => line(&value) + "\n",
        }),
        Layout::Object => {
            let options =
                serde_saphyr::ser_options! { prefer_block_scalars: false, compact_list_indent: true };
            let mut text = String::new();
            serde_saphyr::to_fmt_writer_with_options(&mut text, report, options)?;
            ended(text, report)
        }
    }
}

/// The value as a document among others.
pub(super) fn document<R: Report>(report: &R) -> Result<String> {
    Ok(format!("---\n{}", blocks(&serde_json::to_value(report)?)?))
}

/// The value in block style.
fn blocks<T: Serialize>(value: &T) -> Result<String> {
    ended(serde_saphyr::to_string(value)?, value)
}

fn ended<T: Serialize>(mut text: String, value: &T) -> Result<String> {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(shown::yaml(text, value)?)
}

/// JSON is YAML, too.
fn line(value: &Value) -> String {
    shown::json_as_yaml(&value.to_string()).into_owned()
}
