//! `kboot node verify`

use anyhow::Result;
use kboot_core::Env;
use kboot_core::finding::Severity;
use kboot_core::online::{self, node::NodeReport};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Answer;
use crate::cli::NodeVerify;
use crate::commands::connection::with_cluster;
use crate::commands::shapes;
use crate::output::{self, Column, Layout, Page, Report, Table, Text, Tone, Width};
use crate::program;

pub(super) fn run(arguments: &NodeVerify) -> Result<Answer> {
    let report = with_cluster(&arguments.connection, async |client, limit| {
        Ok(online::node::verify(&client, &arguments.name, Env::system().now(), limit).await?)
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
        let [outcome, check] = [8, 19].map(|width| Column::new("").width(Width::AtLeast(width)));
        let mut table = Table::new([outcome, check, Column::new("").free()]).gap(1);
        for finding in &self.0.findings {
            let outcome = match finding.severity {
                Severity::Error => Tone::Bad.text("PROBLEM"),
                Severity::Note => Tone::Good.text(online::node::outcome(Severity::Note)),
                severity => Tone::Doubtful.text(online::node::outcome(severity)),
            };
            table.row([
                outcome,
                Text::from(finding.path.as_str()),
                program::advice(&finding.detail.to_string()).into(),
            ]);
        }
        table.into()
    }
}
