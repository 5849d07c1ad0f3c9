//! `kboot policy`

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use kboot_core::policy::{self, Preset};

use super::csr::read_inventory;
use crate::Answer;
use crate::cli::Policy;
use crate::{input, output};

/// As large as a policy may be.
const MAX_BYTES: usize = 16 * 1024 * 1024;

pub(crate) fn run(command: Policy) -> Result<Answer> {
    match command {
        Policy::Check { file } => return check(&file),
        Policy::Preset { name: Some(preset) } => output::data(preset.text().as_bytes())?,
        Policy::Preset { name: None } => {
            let rows = Preset::ALL.map(|preset| vec![preset.name().to_owned(), preset.summary().to_owned()]);
            output::data(output::table(&["NAME", "WHAT IT DECIDES"], &rows).as_bytes())?;
        }
    }
    Ok(Answer::Yes)
}

fn check(file: &Path) -> Result<Answer> {
    let text = input::text(file, MAX_BYTES)?;
    let policy: policy::Policy = match text.parse() {
        Ok(policy) => policy,
        Err(error) => {
            output::tell(&format!("{}: {error}", input::name(file)));
            return Ok(Answer::No);
        }
    };
    let rules = policy.rules().iter().map(|rule| format!("{}: {}", rule.name(), rule.sentence()));
    let lines = rules.chain(policy.defaults_in_words()).map(|line| line + "\n");
    output::text(&lines.collect::<String>())?;
    for warning in policy.warnings() {
        output::tell(&format!("warning: {warning}"));
    }
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    for name in policy.inventories().collect::<BTreeSet<_>>() {
        if let Err(error) = read_inventory(&folder.join(name)) {
            output::tell(&format!("warning: the inventory {name:?} that it names: {error:#}"));
        }
    }
    Ok(Answer::Yes)
}
