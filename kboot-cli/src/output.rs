//! Where output goes: data to stdout, words for people to stderr.

use std::io::{self, Write};

use anyhow::{Context, Result};

/// Writes data to stdout.
pub(crate) fn data(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).context("cannot write to stdout")
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
