//! `kboot config`

use std::fmt::Write;

use anyhow::Result;
use kboot_core::component::{Severity, lint};

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
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let findings = lint(&texts, kubernetes_version)?;
    let mut table = String::new();
    for finding in &findings {
        writeln!(table, "{}: {}: {}: {}", finding.file, finding.place, finding.severity, finding.problem)?;
    }
    output::list(format, &serde_json::to_value(&findings)?, &table)?;
    let is_wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if is_wrong { Answer::No } else { Answer::Yes })
}
