//! `kboot kubeconfig inspect`

use std::path::Path;

use anyhow::Result;
use kboot_core::Env;
use kboot_core::bundle::meant_by;
use kboot_core::kubeconfig::{CertificateSummary, CheckEnvironment, KubeconfigSummary};
use schemars::JsonSchema;
use serde::Serialize;

use super::{folder_of, kubeconfig, named_file};
use crate::commands::shapes;
use crate::output::{self, Column, ListFormat, Page, Report, Table, Text, Tone};

pub(super) fn run(file: &Path, format: ListFormat) -> Result<()> {
    let config = kubeconfig(file)?;
    let named = |path: &Path| named_file(&meant_by(file, path));
    let summary = config.summary(&CheckEnvironment::new(Env::system().now(), folder_of(file)?, &named));
    output::report(format, &Inspected(summary))
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Inspected(#[schemars(with = "shapes::Kubeconfig")] KubeconfigSummary);

impl Report for Inspected {
    fn page(&self) -> Page {
        let mut page = Page::default();
        page.table(contexts(&self.0));
        page.line("");
        page.table(clusters(&self.0));
        page.line("");
        page.table(users(&self.0));
        page
    }
}

fn contexts(summary: &KubeconfigSummary) -> Table {
    let mut table =
        Table::new(["CURRENT", "CONTEXT", "CLUSTER", "USER", "NAMESPACE"].map(Column::new)).gap(2);
    for context in &summary.contexts {
        let mark = if context.name == summary.current_context { "*" } else { "" };
        table.row([mark, &context.name, &context.cluster, &context.user, &context.namespace]);
    }
    table
}

fn clusters(summary: &KubeconfigSummary) -> Table {
    let [cluster, server, authority, until] = ["CLUSTER", "SERVER", "AUTHORITY", "UNTIL"].map(Column::new);
    let mut table = Table::new([cluster, server, authority.free(), until]).gap(2);
    for cluster in &summary.clusters {
        let mut row = |[authority, until]: [Text; 2]| {
            table.row([cluster.name.as_str().into(), cluster.server.as_str().into(), authority, until]);
        };
        if cluster.authorities.is_empty() {
            let none = cluster.insecure_skip_tls_verify.then(|| Tone::Bad.text("none: not verified"));
            row([none.unwrap_or_default(), Text::default()]);
        }
        cluster.authorities.iter().map(life).for_each(row);
    }
    table
}

fn users(summary: &KubeconfigSummary) -> Table {
    let [user, credentials, who, until] = ["USER", "CREDENTIALS", "WHO", "UNTIL"].map(Column::new);
    let mut table = Table::new([user, credentials, who.free(), until]).gap(2);
    for user in &summary.users {
        let kinds = user.credentials.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        let subject = user.certificate.as_ref().map(|certificate| certificate.subject.clone());
        let subject = subject.filter(|subject| !subject.is_empty());
        let token = user.bootstrap_token_id.as_ref().map(|id| format!("token {id}"));
        let details: Vec<String> = [subject, token, user.command.clone()].into_iter().flatten().collect();
        let [_, until] = user.certificate.as_ref().map(life).unwrap_or_default();
        table.row([user.name.as_str().into(), kinds.into(), details.join(", ").into(), until]);
    }
    table
}

/// The subject and the end of a certificate's life.
fn life(certificate: &CertificateSummary) -> [Text; 2] {
    let until = Text::from(certificate.not_after.to_string());
    let until = if certificate.valid_now { until } else { until.then(Tone::Bad.text(" (not valid now)")) };
    [certificate.subject.as_str().into(), until]
}
