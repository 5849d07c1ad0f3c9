//! `kboot cluster plan`

use anyhow::Result;
use kboot_core::Env;
use kboot_core::bundle::{self, FileAction, Plan, PlanStep};
use serde::Serialize;

use super::{advised, look_around, options, read, remark, summary};
use crate::Answer;
use crate::cli::ClusterPaths;
use crate::input;
use crate::output::{self, Column, ListFormat, Page, Report, Table, Width};

pub(super) fn run(paths: &ClusterPaths, format: ListFormat) -> Result<Answer> {
    let spec = read(paths)?;
    look_around(paths)?;
    let plan = Plan::with_options(&spec, &paths.out, &options(paths), &mut Env::system()).map_err(advised)?;
    let steps = Steps(plan.steps().iter().map(|step| Entry::new(&plan, step)).collect());
    output::report(format, &steps)?;
    remark(&plan);
    output::tell(&summary(&plan, "to create", "to replace", "to keep"));
    if plan.is_done() {
        return Ok(Answer::Yes);
    }
    output::tell(&format!(
        "next: kboot cluster build -f {} --out {}",
        input::name(&paths.file),
        input::name(&paths.out)
    ));
    Ok(Answer::No)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Steps(Vec<Entry>);

/// A file, with what is to be known of it besides.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    path: String,
    action: String,
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_change: Option<VersionChange>,
    /// When the token in it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired: Option<String>,
    #[serde(skip)]
    is_kept: bool,
}

#[derive(Serialize)]
struct VersionChange {
    from: String,
    to: String,
    kind: String,
}

impl Entry {
    fn new(plan: &Plan, step: &PlanStep) -> Self {
        let change = plan.version_change().filter(|_| step.path.as_str() == bundle::INVENTORY);
        let token = plan.expired_token().filter(|token| token.path == step.path);
        Self {
            path: step.path.as_str().to_owned(),
            action: step.action.to_string(),
            reason: step.reason.as_ref().map(ToString::to_string),
            version_change: change.map(|change| VersionChange {
                from: change.from.to_string(),
                to: change.to.to_string(),
                kind: change.kind().to_string(),
            }),
            expired: token.map(|token| token.expired.to_string()),
            is_kept: step.action == FileAction::Keep,
        }
    }
}

impl Report for Steps {
    /// What changes.
    fn page(&self) -> Page {
        let columns = [Column::new("").width(Width::AtLeast(8)), Column::new("").free()];
        let mut table = Table::new(columns).gap(1);
        for Entry { path, action, reason, .. } in self.0.iter().filter(|entry| !entry.is_kept) {
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
            table.row([action, &format!("{path}{reason}")].map(String::as_str));
        }
        table.into()
    }
}
