//! `kboot config lint`

use anyhow::{Result, bail};
use kboot_core::component::{FileFinding, lint};
use kboot_core::finding::Severity;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Answer;
use crate::cli::ConfigLint;
use crate::commands::shapes;
use crate::output::{Page, Report, Text, Tone};
use crate::{input, output};

/// Far more than any unit or configuration file.
const MAX_BYTES: usize = 1024 * 1024;

pub(super) fn run(arguments: &ConfigLint) -> Result<Answer> {
    let version = arguments.kubernetes_version;
    let read = |file| Ok((input::name(file), input::text(file, MAX_BYTES)?));
    let texts = arguments.files.iter().map(|file| read(file)).collect::<Result<Vec<(String, String)>>>()?;
    let mut texts: Vec<(&str, &str)> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    // A file of another kind does not hide what is wrong with the others.
    let mut unreadable = Vec::new();
    let findings = loop {
        match lint(&texts, version) {
            Ok(findings) => break findings,
            Err(error) => {
                texts.retain(|(name, _)| *name != error.file);
                unreadable.push(error);
            }
        }
    };
    let lint = Lint(findings);
    output::report(arguments.output, &lint)?;
    if !unreadable.is_empty() {
        let problems: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
        bail!("{}", problems.join("\n  "));
    }
    if lint.0.is_empty() {
        output::tell(&format!("nothing found in {} files for Kubernetes {version}", texts.len()));
    }
    let is_wrong = lint.0.iter().any(|found| found.finding.severity == Severity::Error);
    Ok(if is_wrong { Answer::No } else { Answer::Yes })
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Lint(#[schemars(with = "Vec<shapes::InFile>")] Vec<FileFinding>);

impl Report for Lint {
    fn page(&self) -> Page {
        let line = |FileFinding { file, finding, .. }: &FileFinding| -> Text {
            let tone = match finding.severity {
                Severity::Error => Tone::Bad,
                _ => Tone::Doubtful,
            };
            Text::from(format!("{file}: {}: ", finding.path))
                .then(tone.text(&finding.severity.to_string()))
                .then(format!(": {}", finding.detail))
        };
        self.0.iter().map(line).collect()
    }
}
