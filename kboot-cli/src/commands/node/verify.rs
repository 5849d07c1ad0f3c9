//! `kboot node verify`

use anyhow::Result;
use kboot_core::Env;
use kboot_core::finding::{Finding, Severity};
use kboot_core::online::{self, node::NodeDetail, node::NodeReport};
use schemars::JsonSchema;
use serde::Serialize;

use super::all;
use crate::Answer;
use crate::cli::NodeVerify;
use crate::commands::connection::with_cluster;
use crate::commands::shapes;
use crate::output::{self, Column, Layout, Page, Report, Table, Text, Tone, Width};
use crate::program;

pub(super) fn run(arguments: &NodeVerify) -> Result<Answer> {
    let [name] = arguments.names.as_slice() else { return all::run(arguments) };
    let report = with_cluster(&arguments.connection, async |client, limit| {
        Ok(online::node::verify(&client, name, Env::system().now(), limit).await?)
    })?;
    let report = Checks(report);
    output::report(arguments.output, &report)?;
    Ok(if report.0.is_ok() { Answer::Yes } else { Answer::No })
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Checks(#[schemars(with = "shapes::Node")] NodeReport);

impl Report for Checks {
    const LAYOUT: Layout = Layout::Object;

    fn page(&self) -> Page {
        let mut table = findings_table();
        for finding in &self.0.findings {
            row(&mut table, None, finding);
        }
        table.into()
    }
}

/// What was found, a line each.
pub(super) fn findings_table() -> Table {
    let [outcome, check] = [8, 19].map(|width| Column::new("").width(Width::AtLeast(width)));
    Table::new([outcome, check, Column::new("").free()]).gap(1)
}

/// A finding, of a node where it does not go without saying.
pub(super) fn row(table: &mut Table, node: Option<&str>, finding: &Finding<NodeDetail>) {
    let path = match node {
        Some(node) => format!("{node}: {}", finding.path),
        None => finding.path.clone(),
    };
    table.row([
        outcome(finding.severity),
        Text::from(path.as_str()),
        program::advice(&finding.detail.to_string()).into(),
    ]);
}

/// The word for how a check ended, problems so that they are seen.
pub(super) fn outcome(severity: Severity) -> Text {
    match severity {
        Severity::Error => Tone::Bad.text("PROBLEM"),
        Severity::Note => Tone::Good.text(online::node::outcome(Severity::Note)),
        severity => Tone::Doubtful.text(online::node::outcome(severity)),
    }
}
