//! `kboot kubeconfig inspect` and `check`

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use kboot_core::Env;
use kboot_core::bundle::meant_by;
use kboot_core::finding::{Finding, Severity};
use kboot_core::kubeconfig::{CertificateSummary, CheckEnvironment, KubeconfigProblem, Summary};
use kboot_core::pki::Certificate;
use serde_json::{Value, json};

use super::{certificate, folder_of, kubeconfig, named_file};
use crate::Answer;
use crate::cli::{KubeconfigCheck, ListFormat};
use crate::{input, output};

pub(super) fn inspect(file: &Path, format: ListFormat) -> Result<()> {
    let config = kubeconfig(file)?;
    let named = |path: &Path| named_file(&meant_by(file, path));
    let summary = config.summary(&CheckEnvironment::new(Env::system().now(), folder_of(file)?, &named));
    output::list(format, &serde_json::to_value(&summary)?, &tables(&summary))
}

/// The subject and the end of a certificate's life.
fn life(certificate: &CertificateSummary) -> [String; 2] {
    let mark = if certificate.valid_now { "" } else { " (not valid now)" };
    [certificate.subject.clone(), format!("{}{mark}", certificate.not_after)]
}

fn tables(summary: &Summary) -> String {
    let contexts = summary.contexts.iter().map(|context| {
        let mark = if context.name == summary.current_context { "*" } else { "" };
        [mark, &context.name, &context.cluster, &context.user, &context.namespace].map(str::to_owned).to_vec()
    });
    let clusters = summary.clusters.iter().flat_map(|cluster| {
        let none = if cluster.insecure_skip_tls_verify { "none: not verified" } else { "" };
        let mut authorities: Vec<_> = cluster.authorities.iter().map(life).collect();
        if authorities.is_empty() {
            authorities.push([none.to_owned(), String::new()]);
        }
        authorities
            .into_iter()
            .map(|[subject, end]| vec![cluster.name.clone(), cluster.server.clone(), subject, end])
    });
    let users = summary.users.iter().map(|user| {
        let kinds = user.credentials.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(",");
        let [subject, end] = user.certificate.as_ref().map(life).unwrap_or_default();
        let token = user.bootstrap_token_id.as_ref().map(|id| format!("token {id}"));
        let details = [Some(subject).filter(|subject| !subject.is_empty()), token, user.command.clone()];
        vec![user.name.clone(), kinds, details.into_iter().flatten().collect::<Vec<_>>().join(", "), end]
    });
    [
        output::table(&["CURRENT", "CONTEXT", "CLUSTER", "USER", "NAMESPACE"], &contexts.collect::<Vec<_>>()),
        output::table(&["CLUSTER", "SERVER", "AUTHORITY", "UNTIL"], &clusters.collect::<Vec<_>>()),
        output::table(&["USER", "CREDENTIALS", "WHO", "UNTIL"], &users.collect::<Vec<_>>()),
    ]
    .join("\n")
}

pub(super) fn run(arguments: &KubeconfigCheck) -> Result<Answer> {
    let authority = arguments.certificate_authority.as_deref().map(certificate).transpose()?;
    let mut found = Vec::new();
    let mut unreadable = None;
    for file in &arguments.files {
        match check(file, authority.as_ref()) {
            Ok(findings) => found.extend(findings.into_iter().map(|finding| (input::name(file), finding))),
            Err(error) => {
                // Each is said; the last one ends the command.
                if let Some(earlier) = unreadable.replace(error) {
                    output::tell(&format!("error: {earlier:#}"));
                }
            }
        }
    }
    let list: Vec<Value> = found
        .iter()
        .map(|(file, finding)| {
            let Finding { severity, path, detail, .. } = finding;
            let (code, text) = (finding.code(), detail.to_string());
            json!({"file": file, "severity": severity, "code": code, "path": path, "text": text})
        })
        .collect();
    let lines = found.iter().map(|(file, finding)| {
        let Finding { severity, path, detail, .. } = finding;
        output::escaped(&format!("{file}: {severity}: {path}: {detail} ({})", finding.code())) + "\n"
    });
    output::list(arguments.output, &Value::Array(list), &lines.collect::<String>())?;
    if let Some(error) = unreadable {
        return Err(error);
    }
    let is_error = |(_, finding): &(String, Finding<KubeconfigProblem>)| finding.severity == Severity::Error;
    Ok(if found.iter().any(is_error) { Answer::No } else { Answer::Yes })
}

fn check(file: &Path, authority: Option<&Certificate>) -> Result<Vec<Finding<KubeconfigProblem>>> {
    let config = kubeconfig(file)?;
    let named = |path: &Path| named_file(&meant_by(file, path));
    let mut environment = CheckEnvironment::new(Env::system().now(), folder_of(file)?, &named);
    // Of stdin there is no mode that says anything.
    if let Ok(metadata) = std::fs::metadata(file)
        && metadata.is_file()
    {
        environment = environment.with_mode(metadata.permissions().mode());
    }
    if let Some(authority) = authority {
        environment = environment.with_authority(authority);
    }
    Ok(config.check(&environment))
}
