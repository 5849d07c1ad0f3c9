// MERGE: for commands/csr/{explain,simulate}.rs and commands/policy.rs alone, until they make a `Report` or a `Page`.
//! Output of the commands that still make texts of their own.

use anyhow::Result;
use kboot_core::shown::{cut, escaped_lines};
use serde::Serialize;
use serde_json::Value;

use super::{Column, Layout, Page, Report, Table, Width, data, format};
use crate::cli::ListFormat;

/// Writes a text for people to stdout.
pub(crate) fn text(text: &str) -> Result<()> {
    data(visible(text).as_bytes())
}

/// A text for people. What hides in it is written out, whoever forgot to do so before; the colours that kboot
/// itself paints with stay.
pub(crate) fn visible(text: &str) -> String {
    const COLOURS: [&str; 4] = ["[31m", "[32m", "[33m", "[0m"];
    let mut parts = text.split('\u{1b}');
    let mut visible = escaped_lines(parts.next().unwrap_or_default());
    for part in parts {
        let colour = COLOURS.into_iter().find(|colour| part.starts_with(colour));
        visible.push_str(if colour.is_some() { "\u{1b}" } else { "\\u{1b}" });
        visible += &escaped_lines(part);
    }
    visible
}

/// Writes a list to stdout; that nobody reads it to its end is no error.
pub(crate) fn list(format: ListFormat, value: &Value, table: &str) -> Result<()> {
    #[derive(Serialize)]
    #[serde(transparent)]
    struct Plain<'a>(&'a Value);
    impl Report for Plain<'_> {
        const LAYOUT: Layout = Layout::Document;
        fn page(&self) -> Page {
            Page::default()
        }
    }
    match format {
        ListFormat::Table => super::answer(visible(table).as_bytes()),
        _ => super::report(format, &Plain(value)),
    }
}

/// Rows in columns, as kubectl prints them.
pub(crate) fn table(heads: &[&'static str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new(heads.iter().map(|head| Column::new(head)));
    rows.iter().for_each(|row| table.row(row.iter().map(String::as_str)));
    format::page(table.into(), super::Screen::stdout())
}

/// A row of fixed columns, where the rows to come are not known; what does not fit is cut.
pub(crate) fn columns<const N: usize>(cells: [&str; N], widths: [usize; N]) -> String {
    let mut table = Table::new(widths.map(|width| Column::new("").width(Width::Exactly(width)))).gap(2);
    table.row(cells.map(|cell| cut(cell, 200)));
    format::page(table.into(), super::Screen::stdout()).trim_end().to_owned()
}

/// A value as a document of YAML, with what hides written out.
pub(crate) fn yaml(value: &Value) -> Result<String> {
    format::yaml_blocks(value)
}
