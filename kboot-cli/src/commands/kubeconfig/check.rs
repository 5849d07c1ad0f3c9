//! `kboot kubeconfig check`

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use kboot_core::Env;
use kboot_core::bundle::meant_by;
use kboot_core::finding::{Finding, Severity};
use kboot_core::kubeconfig::{CheckEnvironment, KubeconfigProblem};
use kboot_core::x509::Certificate;
use schemars::JsonSchema;
use serde::Serialize;

use super::{certificate, folder_of, kubeconfig, named_file};
use crate::Answer;
use crate::cli::KubeconfigCheck;
use crate::commands::shapes;
use crate::output::{Page, Report, Text, Tone};
use crate::{input, output};

pub(super) fn run(arguments: &KubeconfigCheck) -> Result<Answer> {
    let authority = arguments.certificate_authority.as_deref().map(certificate).transpose()?;
    let mut found = Vec::new();
    let mut unreadable = None;
    for file in &arguments.files {
        match check(file, authority.as_ref()) {
            Ok(findings) => {
                found.extend(findings.into_iter().map(|finding| InFile { file: input::name(file), finding }))
            }
            Err(error) => {
                // Each is said; the last one ends the command.
                if let Some(earlier) = unreadable.replace(error) {
                    output::error(&earlier);
                }
            }
        }
    }
    let findings = Findings(found);
    output::report(arguments.output, &findings)?;
    if let Some(error) = unreadable {
        return Err(error);
    }
    let is_wrong = findings.0.iter().any(|found| found.finding.severity == Severity::Error);
    Ok(if is_wrong { Answer::No } else { Answer::Yes })
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Findings(Vec<InFile>);

#[derive(JsonSchema, Serialize)]
struct InFile {
    file: String,
    #[serde(flatten)]
    #[schemars(with = "shapes::Finding")]
    finding: Finding<KubeconfigProblem>,
}

impl Report for Findings {
    fn page(&self) -> Page {
        let line = |InFile { file, finding }: &InFile| -> Text {
            let Finding { severity, path, detail, .. } = finding;
            let tone = if *severity == Severity::Error { Tone::Bad } else { Tone::Doubtful };
            Text::from(format!("{file}: "))
                .then(tone.text(&severity.to_string()))
                .then(format!(": {path}: {detail} ({})", finding.code()))
        };
        self.0.iter().map(line).collect()
    }
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
