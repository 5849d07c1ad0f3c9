//! `kboot node verify`

use std::time::Duration;

use anyhow::{Context, Result, bail};
use kboot_core::Env;
use kboot_core::finding::Severity;
use kboot_core::online::{self, node::NodeReport};
use serde::Serialize;

use crate::Answer;
use crate::cli::NodeVerify;
use crate::output::{self, Column, Layout, Page, Report, Table, Text, Tone, Width};

pub(super) fn run(arguments: &NodeVerify) -> Result<Answer> {
    let limit = Duration::from_secs(u64::try_from(arguments.timeout.seconds())?);
    if limit.is_zero() {
        bail!("--timeout must be at least 1s");
    }
    // Made here, so that commands which ask no cluster do not pay for it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let report = runtime.block_on(verify(arguments, limit));
    // A name lookup that hangs in a thread of its own must not keep the program.
    runtime.shutdown_background();
    let report = Checks(report?);
    output::report(arguments.output, &report)?;
    Ok(if report.0.is_ok() { Answer::Yes } else { Answer::No })
}

async fn verify(arguments: &NodeVerify, limit: Duration) -> Result<NodeReport> {
    let client = online::connect(arguments.kubeconfig.as_deref(), arguments.context.as_deref()).await?;
    Ok(online::node::verify(&client, &arguments.name, Env::system().now(), limit).await?)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Checks(NodeReport);

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
            table.row([outcome, Text::from(finding.path.as_str()), finding.detail.to_string().into()]);
        }
        table.into()
    }
}
