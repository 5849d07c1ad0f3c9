//! `kboot cert expiry`

use std::path::Path;

use anyhow::{Result, bail};
use kboot_core::Env;
use kboot_core::inspect::Item;
use kboot_core::pki::{Expiring, Urgency, prometheus};
use kboot_core::time::{Lifetime, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::files;
use crate::Answer;
use crate::cli::ExpiryFormat;
use crate::output::{Column, Layout, Page, Report, Table, Text, Tone};
use crate::{input, output};

pub(super) fn run(path: &Path, within: Option<Lifetime>, format: ExpiryFormat) -> Result<Answer> {
    let findings = if path.is_dir() { files::of_folder(path)? } else { files::of_file(path)? };
    let (now, threshold) = (Env::system().now(), within.unwrap_or(Lifetime::ZERO));
    let mut list = Vec::new();
    for (file, found) in &findings.found {
        if let Item::Certificate(certificate) = &found.item {
            list.push(Expiring::new(input::name(file), found.place.clone(), certificate.facts()));
        }
    }
    list.sort_by_key(|entry| entry.validity.not_after);
    let entries = list.iter().map(|entry| Entry::new(entry, now, threshold)).collect();
    let report = Expiry { entries, within };
    match format {
        ExpiryFormat::List(format) => output::report(format, &report)?,
        ExpiryFormat::Prometheus => output::answer(prometheus(&list).as_bytes())?,
    }
    findings.problems.iter().for_each(|problem| output::warn(problem));
    if report.entries.iter().any(|entry| entry.urgency != Word::Later) {
        return Ok(Answer::No);
    }
    match findings.problems.len() {
        0 if list.is_empty() => bail!("{} holds no certificate", input::name(path)),
        0 => Ok(Answer::Yes),
        count => bail!("{count} could not be read, so nobody knows what ends there"),
    }
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Expiry<'a> {
    entries: Vec<Entry<'a>>,
    #[serde(skip)]
    within: Option<Lifetime>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    file: &'a str,
    path: &'a str,
    subject: &'a str,
    serial: &'a str,
    is_authority: bool,
    not_before: String,
    not_after: String,
    remaining_seconds: i64,
    urgency: Word,
    /// How many tenths of its life are left.
    #[serde(skip)]
    left: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
enum Word {
    Expired,
    Soon,
    Later,
}

const PARTS: u16 = 10;

impl<'a> Entry<'a> {
    fn new(entry: &'a Expiring, now: Timestamp, threshold: Lifetime) -> Self {
        Self {
            file: &entry.path,
            path: &entry.place,
            subject: &entry.subject,
            serial: &entry.serial,
            is_authority: entry.is_authority,
            not_before: entry.validity.not_before.to_string(),
            not_after: entry.validity.not_after.to_string(),
            remaining_seconds: entry.remaining(now),
            urgency: match entry.urgency(now, threshold) {
                Urgency::Expired => Word::Expired,
                Urgency::Soon => Word::Soon,
                Urgency::Later => Word::Later,
            },
            left: entry.remaining_parts(now, PARTS),
        }
    }

    fn row(&self) -> [Text; 5] {
        let bar = |length: u16, of: &str| of.repeat(usize::from(length));
        let bar = bar(self.left, "█") + &bar(PARTS.saturating_sub(self.left), "░");
        let tone = match self.urgency {
            Word::Expired => Tone::Bad,
            Word::Soon => Tone::Doubtful,
            Word::Later => Tone::Good,
        };
        [
            residual(self.remaining_seconds).into(),
            tone.text(&bar),
            self.not_after.as_str().into(),
            self.subject.into(),
            [self.file, self.path].join(" ").trim_end().into(),
        ]
    }
}

impl Report for Expiry<'_> {
    const LAYOUT: Layout = Layout::Lines;

    fn page(&self) -> Page {
        let column = Column::new("");
        let left = column.width(output::Width::AtLeast(4)).right();
        let mut table = Table::new([left, column, column, column.free(), column]).indent(2).gap(2);
        for urgency in [Word::Expired, Word::Soon, Word::Later] {
            let mut rows = self.entries.iter().filter(|entry| entry.urgency == urgency).peekable();
            if rows.peek().is_some() {
                table.heading(match (urgency, self.within) {
                    (Word::Expired, _) => "EXPIRED".to_owned(),
                    (Word::Soon, Some(within)) => format!("WITHIN {within}"),
                    _ => "LATER".to_owned(),
                });
            }
            rows.for_each(|entry| table.row(entry.row()));
        }
        table.into()
    }
}

/// In the largest unit that fits, as kubeadm's ShortHumanDuration; with a sign where it is over.
fn residual(seconds: i64) -> String {
    const YEAR: i64 = 365 * 86_400;
    let sign = if seconds < 0 { "-" } else { "" };
    match seconds.abs() {
        s if s < 60 => format!("{sign}{s}s"),
        s if s < 3600 => format!("{sign}{}m", s / 60),
        s if s < 86_400 => format!("{sign}{}h", s / 3600),
        s if s < YEAR => format!("{sign}{}d", s / 86_400),
        s => format!("{sign}{}y", s / YEAR),
    }
}
