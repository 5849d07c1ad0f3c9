//! Where output goes: data to stdout, words for people to stderr.

use std::io::{self, Write};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::cli::ListFormat;

/// Writes data to stdout.
pub(crate) fn data(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).context("cannot write to stdout")
}

/// Writes a list in the form that was asked for. The command's answer stands whether or not anyone reads
/// the list to its end.
pub(crate) fn list<T: Serialize>(
    items: &[T],
    format: ListFormat,
    table: impl FnOnce() -> String,
) -> Result<()> {
    let text = match format {
        ListFormat::Table => table(),
        ListFormat::Json => serde_json::to_string_pretty(items)? + "\n",
        // Every JSON value is YAML too.
        ListFormat::Yaml if items.is_empty() => "[]\n".to_owned(),
        ListFormat::Yaml => {
            let lines = items.iter().map(|item| Ok(format!("- {}\n", serde_json::to_string(item)?)));
            lines.collect::<Result<String>>()?
        }
    };
    match data(text.as_bytes()) {
        Err(error) if !is_closed_pipe(&error) => Err(error),
        _ => Ok(()),
    }
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
