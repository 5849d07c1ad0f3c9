//! `kboot policy check`

use std::path::Path;

use anyhow::Result;
use kboot_core::finding::{Detail, Finding, Severity};
use kboot_core::policy::{self, Policy, PolicyProblem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Answer;
use crate::commands::csr::read_inventory;
use crate::commands::shapes;
use crate::output::{ListFormat, Page, Report};
use crate::{input, output};

/// As large as a policy may be.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// How many problems are told one by one.
const SHOWN: usize = 50;

pub(super) fn run(file: &Path, format: ListFormat) -> Result<Answer> {
    let text = input::text(file, MAX_BYTES)?;
    let mut check = Check { file: input::name(file), ..Check::default() };
    match text.parse::<Policy>() {
        Err(error) => check.findings = PolicyProblem::refused(&error),
        Ok(policy) => {
            let folder = file.parent().unwrap_or_else(|| Path::new(""));
            check.findings = policy.warnings();
            check.findings.extend(policy.check_inventories(|name| read_inventory(&folder.join(name))));
            check.rules = policy.rules().iter().map(Rule::new).collect();
            check.otherwise = policy.defaults_in_words().to_vec();
        }
    }
    let has_errors = check.of(Severity::Error).next().is_some();
    check.ok = !has_errors;
    output::report(format, &check)?;
    if format.is_for_people() {
        check.tell();
    }
    Ok(if check.ok { Answer::Yes } else { Answer::No })
}

#[derive(Default, JsonSchema, Serialize)]
pub(in crate::commands) struct Check {
    file: String,
    ok: bool,
    rules: Vec<Rule>,
    otherwise: Vec<String>,
    #[schemars(with = "Vec<shapes::Finding>")]
    findings: Vec<Finding<PolicyProblem>>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    name: String,
    signer_name: &'static str,
    decision: &'static str,
    inventory: Option<String>,
    sentence: String,
}

impl Report for Check {
    fn page(&self) -> Page {
        let rules = self.rules.iter().map(|rule| format!("{}: {}", rule.name, rule.sentence));
        rules.chain(self.otherwise.iter().cloned()).collect()
    }
}

impl Check {
    fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding<PolicyProblem>> {
        self.findings.iter().filter(move |finding| finding.severity == severity)
    }

    fn tell(&self) {
        let file = &self.file;
        let errors = self.of(Severity::Error).count();
        if errors > 1 {
            output::tell(&format!("{file}: {errors} problems:"));
        }
        for error in self.of(Severity::Error).take(SHOWN) {
            match error.detail.line_and_column() {
                Some((line, column)) => output::tell(&format!("{file}:{line}:{column}: {error}")),
                None => output::tell(&format!("{file}: {error}")),
            }
        }
        if let Some(more) = errors.checked_sub(SHOWN).filter(|more| *more > 0) {
            output::tell(&format!("and {more} more; -o json has all of them"));
        }
        self.of(Severity::Warning).for_each(|warning| output::warn(&warning.to_string()));
    }
}

impl Rule {
    fn new(rule: &policy::Rule) -> Self {
        Self {
            name: rule.name().to_owned(),
            signer_name: rule.signer().as_str(),
            decision: rule.verdict().as_str(),
            inventory: rule.inventory().map(str::to_owned),
            sentence: rule.sentence(),
        }
    }
}
