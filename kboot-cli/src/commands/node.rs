//! `kboot node`

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kboot_core::Env;
use kboot_core::finding::Severity;
use kboot_core::online::{self, node::NodeReport};

use crate::Answer;
use crate::cli::{ListFormat, Node, NodeVerify};
use crate::output;
use kboot_core::shown::to_json;

pub(crate) fn run(command: Node) -> Result<Answer> {
    let Node::Verify(arguments) = command;
    let limit = Duration::from_secs(u64::try_from(arguments.timeout.seconds())?);
    if limit.is_zero() {
        bail!("--timeout must be at least 1s");
    }
    // Made here, so that commands which ask no cluster do not pay for it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let report = runtime.block_on(verify(&arguments, limit));
    // A name lookup that hangs in a thread of its own must not keep the program.
    runtime.shutdown_background();
    let report = report?;
    let text = match arguments.output {
        ListFormat::Table => output::visible(&table(&report)?),
        ListFormat::Json => to_json(&report)?,
        ListFormat::Yaml => report.to_yaml()?,
    };
    // The answer stands whether or not anyone reads the report to its end.
    match output::data(text.as_bytes()) {
        Err(error) if !output::is_closed_pipe(&error) => return Err(error),
        _ => {}
    }
    Ok(if report.is_ok() { Answer::Yes } else { Answer::No })
}

async fn verify(arguments: &NodeVerify, limit: Duration) -> Result<NodeReport> {
    let client = online::connect(arguments.kubeconfig.as_deref(), arguments.context.as_deref()).await?;
    Ok(online::node::verify(&client, &arguments.name, Env::system().now(), limit).await?)
}

fn table(report: &NodeReport) -> Result<String> {
    let mut text = String::new();
    for finding in &report.findings {
        let outcome = match finding.severity {
            Severity::Error => "PROBLEM",
            severity => online::node::outcome(severity),
        };
        writeln!(text, "{outcome:<8} {:<19} {}", finding.path, finding.detail)?;
    }
    Ok(text)
}
