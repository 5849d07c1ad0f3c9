//! Reports that are written one after another, each before the next is known.

use std::io::{self, BufWriter, StdoutLock, Write};

use anyhow::{Context, Result};

use super::{ListFormat, Page, Report, Screen, format};

/// Stdout, for many reports: a line of JSON for each, or a document of YAML.
pub(crate) struct Stream {
    out: BufWriter<StdoutLock<'static>>,
    format: ListFormat,
    screen: Screen,
}

impl Stream {
    pub(crate) fn new(format: ListFormat) -> Self {
        let out = BufWriter::new(io::stdout().lock());
        Self { out, format, screen: Screen::stdout() }
    }

    /// Writes what stands around the reports where people read them.
    pub(crate) fn page(&mut self, page: impl Into<Page>) -> Result<()> {
        if self.format.is_for_people() { self.write(&format::page(page.into(), self.screen)) } else { Ok(()) }
    }

    pub(crate) fn report<R: Report>(&mut self, report: &R) -> Result<()> {
        self.write(&format::one_of_many(self.format, report, self.screen)?)
    }

    /// Hands over what was written, where the next may take its time.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.out.flush().context(super::UNWRITABLE)
    }

    pub(crate) fn end(mut self) -> Result<()> {
        self.out.flush().context(super::UNWRITABLE)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes()).context(super::UNWRITABLE)
    }
}
