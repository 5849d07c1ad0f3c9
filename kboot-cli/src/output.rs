//! Where output goes: data to stdout, words for people to stderr.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use kboot_core::secret::SecretText;
pub(crate) use kboot_core::shown::escaped;
use kboot_core::{bundle, shown};

use crate::cli::ListFormat;

/// Writes data to stdout.
pub(crate) fn data(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).context("cannot write to stdout")
}

/// Writes a text for people to stdout.
pub(crate) fn text(text: &str) -> Result<()> {
    data(visible(text).as_bytes())
}

/// A text for people. What hides in it is written out, whoever forgot to do so before; the colours that kboot
/// itself paints with stay.
pub(crate) fn visible(text: &str) -> String {
    const COLOURS: [&str; 4] = ["[31m", "[32m", "[33m", "[0m"];
    let mut parts = text.split('\u{1b}');
    let mut visible = shown::escaped_lines(parts.next().unwrap_or_default());
    for part in parts {
        let colour = COLOURS.into_iter().find(|colour| part.starts_with(colour));
        visible.push_str(if colour.is_some() { "\u{1b}" } else { "\\u{1b}" });
        visible += &shown::escaped_lines(part);
    }
    visible
}

/// A YAML list of JSON's forms, one to a line.
pub(crate) fn yaml_lines(list: &[serde_json::Value]) -> String {
    list.iter().map(|entry| format!("- {}\n", shown::json_as_yaml(&entry.to_string()))).collect()
}

/// Writes data to a new file of mode 0600, or to stdout where there is none or it is `-`.
pub(crate) fn secret(out: Option<&Path>, secret: &SecretText) -> Result<()> {
    let bytes = secret.expose_secret().as_bytes();
    match out {
        Some(file) if file.as_os_str() != "-" => Ok(bundle::write_new(file, bytes, 0o600)?),
        _ => data(bytes),
    }
}

/// Writes a list to stdout; that nobody reads it to its end is no error.
pub(crate) fn list(format: ListFormat, value: &serde_json::Value, table: &str) -> Result<()> {
    let text = match format {
        ListFormat::Table => visible(table),
        ListFormat::Json => shown::to_json(value)?,
        ListFormat::Yaml => yaml(value)?,
    };
    match data(text.as_bytes()) {
        Err(error) if !is_closed_pipe(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Rows in columns, as kubectl prints them. What hides on a terminal is escaped: names come from files.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads = heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>();
    let shown = rows.iter().map(|row| row.iter().map(|cell| escaped(cell)).collect());
    let rows: Vec<Vec<String>> = [heads].into_iter().chain(shown).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("   ").trim_end().to_owned() + "\n"
    });
    lines.collect()
}

/// A row of fixed columns, where the rows to come are not known; what does not fit is cut.
pub(crate) fn columns<const N: usize>(cells: [&str; N], widths: [usize; N]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| {
        let cell = shown::cut(cell, 200);
        let cell = if cell.chars().count() > width {
            cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
        } else {
            cell
        };
        format!("{cell:<width$}")
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// A value as a document of YAML, with what hides written out.
pub(crate) fn yaml(value: &serde_json::Value) -> Result<String> {
    let mut text = serde_saphyr::to_string(value)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(shown::yaml(text, value)?)
}

/// Tells people something; that nobody listens is no error.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "kboot: {}", shown::escaped_lines(line));
}

/// Whether the reader of stdout left, as `head` does: not an error of ours.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
