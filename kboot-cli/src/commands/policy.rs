//! `kboot policy`

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use anyhow::Result;
use kboot_core::cluster::Problem;
use kboot_core::policy::{self, Preset};
use serde_json::{Value, json};

use super::csr::read_inventory;
use crate::Answer;
use crate::cli::{ListFormat, Policy};
use crate::{input, output};

/// As large as a policy may be.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// How many problems are told one by one.
const SHOWN: usize = 50;

pub(crate) fn run(command: Policy) -> Result<Answer> {
    match command {
        Policy::Check { file, output } => return check(&file, output),
        Policy::Preset { name: Some(preset) } => output::data(preset.file_text().as_bytes())?,
        Policy::Preset { name: None } => {
            let rows =
                Preset::ALL.map(|preset| vec![preset.as_str().to_owned(), preset.summary().to_owned()]);
            output::data(output::table(&["NAME", "WHAT IT DECIDES"], &rows).as_bytes())?;
        }
    }
    Ok(Answer::Yes)
}

fn check(file: &Path, format: ListFormat) -> Result<Answer> {
    let text = input::text(file, MAX_BYTES)?;
    let (mut rules, mut defaults) = (Vec::new(), Vec::new());
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    match text.parse::<policy::Policy>() {
        Err(error) => problems = error.problems.into_iter().map(Note::from).collect(),
        Ok(policy) => {
            warnings = policy.warnings().into_iter().map(Note::from).collect();
            check_inventories(file, &policy, &mut problems, &mut warnings);
            rules = policy.rules().to_vec();
            defaults = policy.defaults_in_words().to_vec();
        }
    }
    if format == ListFormat::Table {
        let sentences = rules.iter().map(|rule| format!("{}: {}\n", rule.name(), rule.sentence()));
        let defaults = defaults.iter().map(|line| format!("{line}\n"));
        output::text(&sentences.chain(defaults).collect::<String>())?;
        if problems.len() > 1 {
            output::tell(&format!("{}: {} problems:", input::name(file), problems.len()));
        }
        for problem in problems.iter().take(SHOWN) {
            output::tell(&format!("{}: {problem}", input::name(file)));
        }
        if problems.len() > SHOWN {
            output::tell(&format!(
                "and {} more; -o json has all of them",
                problems.len().saturating_sub(SHOWN)
            ));
        }
        warnings.iter().for_each(|warning| output::tell(&format!("warning: {warning}")));
    } else {
        let rule = |rule: &policy::Rule| {
            json!({
                "name": rule.name(),
                "signer": rule.signer().as_str(),
                "decision": rule.verdict().as_str(),
                "inventory": rule.inventory(),
                "sentence": rule.sentence(),
            })
        };
        let notes = |notes: &[Note]| notes.iter().map(Note::value).collect::<Vec<_>>();
        let value = json!({
            "file": input::name(file),
            "ok": problems.is_empty(),
            "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            "otherwise": defaults,
            "problems": notes(&problems),
            "warnings": notes(&warnings),
        });
        output::list(format, &value, "")?;
    }
    Ok(if problems.is_empty() { Answer::Yes } else { Answer::No })
}

/// Whether each inventory that the policy names can be used: without it, no rule that names it decides.
fn check_inventories(
    file: &Path,
    policy: &policy::Policy,
    problems: &mut Vec<Note>,
    warnings: &mut Vec<Note>,
) {
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let mut seen = BTreeSet::new();
    for (i, rule) in policy.rules().iter().enumerate() {
        let Some(name) = rule.inventory().filter(|name| seen.insert(*name)) else { continue };
        match read_inventory(&folder.join(name)) {
            Ok(inventory) => warnings.extend(inventory.warnings().iter().map(|warning| Note {
                path: format!("{}: {}", input::name(Path::new(name)), warning.path),
                text: warning.problem.clone(),
            })),
            Err(error) => problems.push(Note {
                path: format!("spec.rules[{i}].node.inventory"),
                text: format!("the inventory {name:?} cannot be used: {error:#}"),
            }),
        }
    }
}

/// A problem or a warning, and where.
struct Note {
    path: String,
    text: String,
}

impl From<Problem> for Note {
    fn from(problem: Problem) -> Self {
        Self { path: problem.path, text: problem.problem }
    }
}

impl Note {
    fn value(&self) -> Value {
        json!({"path": self.path, "problem": self.text})
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.text),
            path => write!(f, "{path}: {}", self.text),
        }
    }
}
