//! The forms of `-o`, a file each. What a command answers is a [`Report`], which every form can write; a new form
//! is its file, and its lines here.

mod json;
mod table;
mod yaml;

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

pub(super) use table::render as page;

use super::{Screen, Table, Text};

/// The forms that every report has.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    Table,
    /// Everything, as JSON
    Json,
    /// Everything, as YAML
    Yaml,
}

impl ListFormat {
    /// Whether people read it. To them, stderr says what is wrong; of programs, a document holds that too.
    pub(crate) fn is_for_people(self) -> bool {
        self == Self::Table
    }
}

/// What a command answers: a value for programs, whose fields are its contract, and a page for people.
pub(crate) trait Report: Serialize {
    /// How documents of it look.
    const LAYOUT: Layout = Layout::Document;

    fn page(&self) -> Page;
}

/// How a document looks: whoever compares two of them line by line relies on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Fields by name. YAML in blocks.
    Document,
    /// Fields by name. Of YAML, each entry of the list is a line, or the whole value is.
    Lines,
    /// Fields in the order of their type. YAML as `kubectl -o yaml` writes it.
    Object,
}

/// What people read: lines and tables, one after another.
#[derive(Default)]
pub(crate) struct Page(Vec<Part>);

enum Part {
    /// A line, and what stands before each that follows where it is too long.
    Line(Text, String),
    Table(Table),
}

impl Page {
    /// A line, which is wrapped at blanks.
    pub(crate) fn line(&mut self, line: impl Into<Text>) {
        let line = line.into();
        let hanging = " ".repeat(line.blanks_before().saturating_add(2));
        self.0.push(Part::Line(line, hanging));
    }

    /// A line of which each further one stands after `hanging`.
    pub(crate) fn hanging(&mut self, line: impl Into<Text>, hanging: &str) {
        self.0.push(Part::Line(line.into(), hanging.to_owned()));
    }

    pub(crate) fn table(&mut self, table: Table) {
        self.0.push(Part::Table(table));
    }

    pub(crate) fn append(&mut self, mut more: Self) {
        self.0.append(&mut more.0);
    }
}

impl From<Table> for Page {
    fn from(table: Table) -> Self {
        Self(vec![Part::Table(table)])
    }
}

impl<T: Into<Text>> FromIterator<T> for Page {
    fn from_iter<I: IntoIterator<Item = T>>(lines: I) -> Self {
        let mut page = Self::default();
        lines.into_iter().for_each(|line| page.line(line));
        page
    }
}

/// The report in the form that was asked for.
pub(super) fn render<R: Report>(format: ListFormat, report: &R, screen: Screen) -> Result<String> {
    match format {
        ListFormat::Table => Ok(table::render(report.page(), screen)),
        ListFormat::Json => json::render(report),
        ListFormat::Yaml => yaml::render(report),
    }
}

/// One report of many, which can be read before the next is there.
pub(super) fn one_of_many<R: Report>(format: ListFormat, report: &R, screen: Screen) -> Result<String> {
    match format {
        ListFormat::Table => Ok(table::render(report.page(), screen)),
        ListFormat::Json => json::line(report),
        ListFormat::Yaml => yaml::document(report),
    }
}
