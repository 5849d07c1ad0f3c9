//! `kboot config`

use std::fmt::Write;

use anyhow::{Result, bail};
use kboot_core::component::{FileFinding, lint};
use kboot_core::finding::Severity;

use crate::Answer;
use crate::cli::{Config, ConfigLint};
use crate::{input, output};

/// Far more than any unit or configuration file.
const MAX_BYTES: usize = 1024 * 1024;

pub(crate) fn run(command: Config) -> Result<Answer> {
    let Config::Lint(ConfigLint { kubernetes_version, files, output: format }) = command;
    let texts = files
        .iter()
        .map(|file| Ok((input::name(file), input::text(file, MAX_BYTES)?)))
        .collect::<Result<Vec<(String, String)>>>()?;
    let mut texts: Vec<(&str, &str)> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    // A file of another kind does not hide what is wrong with the others.
    let mut unreadable = Vec::new();
    let findings = loop {
        match lint(&texts, kubernetes_version) {
            Ok(findings) => break findings,
            Err(error) => {
                texts.retain(|(name, _)| *name != error.file);
                unreadable.push(error);
            }
        }
    };
    let mut table = String::new();
    for FileFinding { file, finding, .. } in &findings {
        let line = format!("{file}: {}: {}: {}", finding.path, finding.severity, finding.detail);
        writeln!(table, "{}", output::escaped(&line))?;
    }
    output::list(format, &serde_json::to_value(&findings)?, &table)?;
    if !unreadable.is_empty() {
        let problems: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
        bail!("{}", problems.join("\n  "));
    }
    if findings.is_empty() {
        output::tell(&format!("nothing found in {} files for Kubernetes {kubernetes_version}", texts.len()));
    }
    let is_wrong = findings.iter().any(|found| found.finding.severity == Severity::Error);
    Ok(if is_wrong { Answer::No } else { Answer::Yes })
}
