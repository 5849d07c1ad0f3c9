//! `kboot policy check`

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use anyhow::Result;
use kboot_core::cluster::Problem;
use kboot_core::policy::{self, Policy};
use serde::Serialize;

use crate::Answer;
use crate::commands::csr::read_inventory;
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
        Err(error) => check.problems = error.problems.into_iter().map(Note::from).collect(),
        Ok(policy) => {
            check.warnings = policy.warnings().into_iter().map(Note::from).collect();
            check.use_inventories(file, &policy);
            check.rules = policy.rules().iter().map(Rule::new).collect();
            check.otherwise = policy.defaults_in_words().to_vec();
        }
    }
    check.ok = check.problems.is_empty();
    output::report(format, &check)?;
    if format.is_for_people() {
        check.tell();
    }
    Ok(if check.ok { Answer::Yes } else { Answer::No })
}

#[derive(Default, Serialize)]
struct Check {
    file: String,
    ok: bool,
    rules: Vec<Rule>,
    otherwise: Vec<String>,
    problems: Vec<Note>,
    warnings: Vec<Note>,
}

#[derive(Serialize)]
struct Rule {
    name: String,
    signer: &'static str,
    decision: &'static str,
    inventory: Option<String>,
    sentence: String,
}

/// A problem or a warning, and where.
#[derive(Serialize)]
struct Note {
    path: String,
    problem: String,
}

impl Report for Check {
    fn page(&self) -> Page {
        let rules = self.rules.iter().map(|rule| format!("{}: {}", rule.name, rule.sentence));
        rules.chain(self.otherwise.iter().cloned()).collect()
    }
}

impl Check {
    /// Whether each inventory that the policy names can be used: without it, no rule that names it decides.
    fn use_inventories(&mut self, file: &Path, policy: &Policy) {
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let mut seen = BTreeSet::new();
        for (i, rule) in policy.rules().iter().enumerate() {
            let Some(name) = rule.inventory().filter(|name| seen.insert(*name)) else { continue };
            match read_inventory(&folder.join(name)) {
                Ok(inventory) => self.warnings.extend(inventory.warnings().iter().map(|warning| Note {
                    path: format!("{}: {}", input::name(Path::new(name)), warning.path),
                    problem: warning.problem.clone(),
                })),
                Err(error) => self.problems.push(Note {
                    path: format!("spec.rules[{i}].node.inventory"),
                    problem: format!("the inventory {name:?} cannot be used: {error:#}"),
                }),
            }
        }
    }

    fn tell(&self) {
        let Self { file, problems, warnings, .. } = self;
        if problems.len() > 1 {
            output::tell(&format!("{file}: {} problems:", problems.len()));
        }
        for problem in problems.iter().take(SHOWN) {
            output::tell(&format!("{file}: {problem}"));
        }
        if let Some(more) = problems.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            output::tell(&format!("and {more} more; -o json has all of them"));
        }
        warnings.iter().for_each(|warning| output::warn(&warning.to_string()));
    }
}

impl Rule {
    fn new(rule: &policy::Rule) -> Self {
        Self {
            name: rule.name().to_owned(),
            signer: rule.signer().as_str(),
            decision: rule.verdict().as_str(),
            inventory: rule.inventory().map(str::to_owned),
            sentence: rule.sentence(),
        }
    }
}

impl From<Problem> for Note {
    fn from(Problem { path, problem, .. }: Problem) -> Self {
        Self { path, problem }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.problem),
            path => write!(f, "{path}: {}", self.problem),
        }
    }
}
