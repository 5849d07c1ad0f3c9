//! Where output goes: data to stdout, words for people to stderr.
//!
//! A command makes a value of its own type, a [`Report`], and hands it to [`report`], or one after another to a
//! [`Stream`]. `text` is a line, `columns` is the one table, `screen` is what they fit on, `format` has a file
//! for each form of `-o`.

mod columns;
mod format;
mod help;
mod progress;
mod screen;
mod stream;
mod text;

use std::io::{self, Write};
use std::mem::take;
use std::path::Path;

use anyhow::{Context, Result};
use kboot_core::bundle;
use kboot_core::secret::SecretText;

pub(crate) use columns::{Column, Table, Width};
pub(crate) use format::{Layout, ListFormat, Page, Report};
pub(crate) use help::help;
pub(crate) use kboot_core::shown::escaped;
pub(crate) use progress::Progress;
use screen::Screen;
pub(crate) use stream::Stream;
pub(crate) use text::{Text, Tone};

use crate::program;

const UNWRITABLE: &str = "cannot write to stdout";

/// Writes data to stdout.
pub(crate) fn data(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).context(UNWRITABLE)
}

/// Writes a report to stdout.
pub(crate) fn report<R: Report>(format: ListFormat, report: &R) -> Result<()> {
    answer(format::render(format, report, Screen::stdout())?.as_bytes())
}

/// Writes data to stdout. The answer of a command stands whether or not anyone reads it to its end.
pub(crate) fn answer(bytes: &[u8]) -> Result<()> {
    match data(bytes) {
        Err(error) if !is_closed_pipe(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Writes to stdout what only people read.
pub(crate) fn page(page: impl Into<Page>) -> Result<()> {
    data(format::page(page.into(), Screen::stdout()).as_bytes())
}

/// Writes data to a new file of mode 0600, or to stdout where there is none or it is `-`.
pub(crate) fn secret(out: Option<&Path>, secret: &SecretText) -> Result<()> {
    to_new_file(out, secret.expose_secret().as_bytes(), 0o600)
}

/// Writes data to a new file of mode 0644, or to stdout where there is none or it is `-`.
pub(crate) fn public(out: Option<&Path>, text: &str) -> Result<()> {
    to_new_file(out, text.as_bytes(), 0o644)
}

fn to_new_file(out: Option<&Path>, bytes: &[u8], mode: u32) -> Result<()> {
    match out {
        Some(file) if file.as_os_str() != "-" => Ok(bundle::write_new(file, bytes, mode)?),
        _ => data(bytes),
    }
}

/// Tells people something; that nobody listens is no error.
pub(crate) fn tell(line: &str) {
    say(None, line);
}

/// Tells people what comes next. It has commands to copy, so it is not wrapped: the terminal does that.
pub(crate) fn next(what: &str) {
    let line = Text::from(format!("{}: next: {}", program::name(), program::advice(what)).as_str())
        .render(Screen::stderr());
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Tells people something in lines and tables; that nobody listens is no error.
pub(crate) fn tell_page(page: impl Into<Page>) {
    let _ = io::stderr().lock().write_all(format::page(page.into(), Screen::stderr()).as_bytes());
}

/// Tells people what they may not have meant.
pub(crate) fn warn(line: &str) {
    say(Some(Tone::Doubtful.text("warning:")), line);
}

/// Tells people what is good to know.
pub(crate) fn note(line: &str) {
    say(Some("note:".into()), line);
}

/// Tells people what went wrong, with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    say(Some(Tone::Bad.text("error:")), &format!("{error:#}"));
}

fn say(label: Option<Text>, line: &str) {
    let screen = Screen::stderr().for_messages();
    let mut before = Text::from(format!("{}: ", program::name()).as_str());
    if let Some(label) = label {
        before = before.then(label).then(" ");
    }
    let mut text = String::new();
    for line in program::advice(line).split('\n') {
        let line = take(&mut before).then(line);
        let hanging = " ".repeat(line.blanks_before().saturating_add(2));
        line.lines(&hanging, screen).iter().for_each(|line| text += &format!("{line}\n"));
    }
    // In one piece, so that lines of several programs do not mix.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether the reader of stdout left, as `head` does: not an error of ours.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
