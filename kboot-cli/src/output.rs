//! Where output goes: data to stdout, words for people to stderr.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use kboot_core::bundle;
use kboot_core::secret::SecretText;

use crate::cli::ListFormat;

/// Writes data to stdout.
pub(crate) fn data(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).context("cannot write to stdout")
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
        ListFormat::Table => table.to_owned(),
        ListFormat::Json => serde_json::to_string_pretty(value)? + "\n",
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
        let cell: String = cell.chars().take(200).flat_map(char::escape_debug).collect();
        let cell = if cell.chars().count() > width {
            cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
        } else {
            cell
        };
        format!("{cell:<width$}")
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// A value as a document of YAML.
pub(crate) fn yaml(value: &serde_json::Value) -> Result<String> {
    let mut text = serde_saphyr::to_string(value)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// The text with what hides or changes others on a terminal escaped: control characters, and those that turn
/// the direction of writing.
pub(crate) fn escaped(text: &str) -> String {
    let escape = |character: char| match character {
        '\'' | '"' | '\\' => character.to_string(),
        other => other.escape_debug().to_string(),
    };
    text.chars().map(escape).collect()
}

/// Tells people something; that nobody listens is no error.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "kboot: {line}");
}

/// Whether the reader of stdout left, as `head` does: not an error of ours.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
