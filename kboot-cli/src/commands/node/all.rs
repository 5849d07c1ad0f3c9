//! `kboot node verify --all`

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kboot_core::bundle;
use kboot_core::cluster::{CaRole, ClusterSpec};
use kboot_core::finding::{Finding, Severity};
use kboot_core::online::node::{ClusterLook, ClusterReport, NodeDetail, NodeReport};
use kboot_core::online::{self, Client};
use kboot_core::x509::Certificate;
use kboot_core::{Env, cluster};
use schemars::JsonSchema;
use serde::Serialize;

use super::verify::{findings_table, outcome, row};
use crate::Answer;
use crate::cli::NodeVerify;
use crate::commands::connection::with_cluster;
use crate::commands::shapes;
use crate::output::{self, Column, Layout, Page, Report, Table};
use crate::{input, output::Text};

/// Far more than any certificate.
const MAX_BYTES: usize = 1024 * 1024;

pub(super) fn run(arguments: &NodeVerify) -> Result<Answer> {
    let file = found(arguments.file.as_deref(), "cluster.yaml");
    let out = found(arguments.out.as_deref(), "out");
    let spec: Option<ClusterSpec> =
        file.as_deref().map(|file| input::document(file, cluster::MAX_BYTES)).transpose()?;
    let etcd = out.as_deref().map(etcd_authority).transpose()?.unwrap_or_default();
    let tokens = out.as_deref().map(bundle::join_tokens).transpose()?.unwrap_or_default();
    let report = with_cluster(&arguments.connection, async |client: Client, limit| {
        let connection = &arguments.connection;
        let authorities =
            online::authorities(connection.kubeconfig.as_deref(), connection.context.as_deref());
        let authorities = authorities.await?;
        let mut look = match &spec {
            Some(spec) => ClusterLook::of(spec, &authorities, &etcd),
            None => ClusterLook::default(),
        };
        look.has_all = arguments.all;
        if !arguments.all {
            look.nodes.clone_from(&arguments.names);
        }
        look.tokens = tokens;
        Ok(online::node::verify_all(&client, &look, Env::system().now(), limit).await?)
    })?;
    let report = Checks(report);
    output::report(arguments.output, &report)?;
    if arguments.output.is_for_people() && spec.is_none() {
        output::note(
            "no cluster file was given or found, so nodes that have not joined, kube-apiserver's certificates and etcd's \
             were not looked at: -f FILE",
        );
    }
    Ok(if report.0.is_ok() { Answer::Yes } else { Answer::No })
}

/// What is named, or what is in its usual place.
fn found(named: Option<&Path>, usual: &str) -> Option<PathBuf> {
    let usual = || Some(PathBuf::from(usual)).filter(|path| path.exists());
    named.map(Path::to_owned).or_else(usual)
}

/// The authority of etcd's certificates in an output folder, where it is there: its own, or the one of everything.
fn etcd_authority(out: &Path) -> Result<Vec<Certificate>> {
    let files =
        [CaRole::Etcd, CaRole::Cluster].map(|role| out.join(format!("authorities/{}.crt", role.base_name())));
    let Some(file) = files.into_iter().find(|file| file.exists()) else { return Ok(Vec::new()) };
    let pem = input::bytes(&file, MAX_BYTES)?;
    Certificate::all_from_pem(&pem).with_context(|| input::name(&file))
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Checks(#[schemars(with = "shapes::Nodes")] ClusterReport);

impl Report for Checks {
    const LAYOUT: Layout = Layout::Object;

    fn page(&self) -> Page {
        let heads = ["NODE", "", "KUBELET", "CERTIFICATES UNTIL", "PROBLEMS"].map(Column::new);
        let mut nodes = Table::new(heads);
        let mut findings = findings_table();
        let mut page = Page::default();
        for report in &self.0.nodes {
            let problems = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
            let worst =
                report.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Note);
            nodes.row([
                Text::from(report.node.as_str()),
                outcome(worst),
                version(report).unwrap_or("-").into(),
                earliest(report).unwrap_or_else(|| "-".to_owned()).into(),
                problems.count().to_string().into(),
            ]);
            let said = report.findings.iter().filter(|finding| is_to_be_said(finding));
            said.for_each(|finding| row(&mut findings, Some(&report.node), finding));
        }
        self.0.findings.iter().for_each(|finding| row(&mut findings, None, finding));
        page.table(nodes);
        page.line("");
        page.table(findings);
        page
    }
}

/// What is as it should be stands in the node's line.
fn is_to_be_said(finding: &Finding<NodeDetail>) -> bool {
    finding.severity > Severity::Note || matches!(finding.detail, NodeDetail::JoinToken { .. })
}

fn version(report: &NodeReport) -> Option<&str> {
    report.findings.iter().find_map(|finding| match &finding.detail {
        NodeDetail::Versions { kubelet, .. } => Some(kubelet.trim_matches('"')),
        _ => None,
    })
}

/// When the first of a node's certificates ends, as far as that is known.
fn earliest(report: &NodeReport) -> Option<String> {
    let ends = report.findings.iter().filter_map(|finding| match &finding.detail {
        NodeDetail::CertificateValid { not_after, .. } | NodeDetail::CertificateExpired { not_after, .. } => {
            Some(*not_after)
        }
        _ => None,
    });
    ends.min().map(|end| end.to_string())
}
