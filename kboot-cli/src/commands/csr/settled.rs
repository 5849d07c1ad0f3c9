//! What became of requests, as it is told.

use anyhow::{Error, Result};
use kboot_core::csr::Stage;
use kboot_core::online::csr::{Outcome, Settled};
use schemars::JsonSchema;
use serde::Serialize;

use super::short;
use crate::output::{Column, ListFormat, Page, Report, Stream, Table, Tone, Width};

/// One row after another, as things become of requests.
pub(super) struct Rows {
    stream: Stream,
    is_dry_run: bool,
}

impl Rows {
    pub(super) fn new(format: ListFormat, is_dry_run: bool) -> Self {
        Self { stream: Stream::new(format), is_dry_run }
    }

    pub(super) fn add(&mut self, row: &Row) -> Result<()> {
        self.stream.report(&Told { dry_run: self.is_dry_run, row })
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.stream.flush()
    }

    pub(super) fn end(self) -> Result<()> {
        self.stream.end()
    }
}

/// What was done before a failure is told all the same.
pub(super) struct Failure;

impl Failure {
    pub(super) fn of(rows: Rows, error: impl Into<Error>) -> Error {
        // The error that ended it says more than one of stdout.
        let _ = rows.end();
        error.into()
    }
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct Told<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    #[serde(flatten)]
    row: &'a Row,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    name: String,
    signer_name: String,
    username: String,
    /// `approved`, `denied`, `left`, `decided-before` or `gone`.
    outcome: &'static str,
    stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip)]
    what: Outcome,
}

impl Row {
    pub(super) fn new(settled: &Settled) -> Self {
        let Settled { request, decision, outcome, .. } = settled;
        let decision = decision.as_ref();
        Self {
            name: request.name().to_owned(),
            signer_name: request.signer_name().to_owned(),
            username: request.requestor().username.clone(),
            outcome: match outcome {
                Outcome::Approved => "approved",
                Outcome::Denied => "denied",
                Outcome::DecidedBefore(_) => "decided-before",
                Outcome::Gone => "gone",
                _ => "left",
            },
            stage: request.stage().as_str(),
            decision: decision.map(|decision| decision.verdict().as_str()),
            code: decision.map(|decision| decision.reason().as_str()),
            reason: decision.map(kboot_core::policy::Decision::summary),
            what: outcome.clone(),
        }
    }

    /// Whether it is approved now, whoever did it.
    pub(super) fn is_approved(&self) -> bool {
        matches!(
            self.what,
            Outcome::Approved | Outcome::DecidedBefore(Stage::Approved | Stage::Issued) | Outcome::Gone
        )
    }

    /// Whether it is denied now, whoever did it.
    pub(super) fn is_denied(&self) -> bool {
        matches!(self.what, Outcome::Denied | Outcome::DecidedBefore(Stage::Denied))
    }

    fn said(&self) -> String {
        let who = format!("{} of {}", short(&self.signer_name), self.username);
        match (&self.what, self.code, &self.reason) {
            (Outcome::DecidedBefore(stage), ..) => format!("{who}: it was {stage} before"),
            (Outcome::Gone, ..) => format!("{who}: it was deleted"),
            (Outcome::Approved, Some("person-approves"), _) => format!("{who}: by hand"),
            (_, Some(code), Some(reason)) => format!("{who}: {code}: {reason}"),
            _ => who,
        }
    }
}

impl Report for Told<'_> {
    fn page(&self) -> Page {
        let [outcome, name] = [if self.dry_run { 17 } else { 14 }, 10]
            .map(|width| Column::new("").width(Width::AtLeast(width)));
        let mut table = Table::new([outcome, name, Column::new("").free()]).gap(1);
        let tone = match self.row.what {
            Outcome::Approved => Tone::Good,
            Outcome::Denied => Tone::Bad,
            _ => Tone::Doubtful,
        };
        let would = if self.dry_run { "would be " } else { "" };
        let outcome = match self.row.what {
            Outcome::Approved | Outcome::Denied => tone.text(&format!("{would}{}", self.row.outcome)),
            _ => tone.text(self.row.outcome),
        };
        table.row([outcome, self.row.name.as_str().into(), self.row.said().into()]);
        table.into()
    }
}
