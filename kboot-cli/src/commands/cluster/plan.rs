//! `kboot cluster plan`

use anyhow::Result;
use kboot_core::Env;
use kboot_core::bundle::{self, DifferenceLine, FileAction, FileDifference, Plan, PlanStep};
use schemars::JsonSchema;
use serde::Serialize;

use super::nodes::{self, Node};
use super::{advised, look_around, options, progress, read, remark, summary};
use crate::Answer;
use crate::cli::ClusterPaths;
use crate::input;
use crate::output::{self, Column, ListFormat, Page, Report, Table, Text, Tone, Width};

pub(super) fn run(paths: &ClusterPaths, diff: bool, format: ListFormat) -> Result<Answer> {
    let spec = read(paths)?;
    look_around(paths)?;
    let progress = progress();
    let plan = Plan::with_options(&spec, &paths.out, &options(paths, &progress), &mut Env::system());
    progress.end();
    let plan = plan.map_err(advised)?;
    output::report(format, &Steps::new(&plan, diff)?)?;
    remark(&plan);
    output::tell(&summary(&plan, "to create", "to replace", "to keep"));
    if plan.is_done() {
        return Ok(Answer::Yes);
    }
    output::next(&format!(
        "kboot cluster build -f {} --out {}",
        input::name(&paths.file),
        input::name(&paths.out)
    ));
    Ok(Answer::No)
}

#[derive(JsonSchema, Serialize)]
pub(in crate::commands) struct Steps<'a> {
    files: Vec<Entry>,
    /// The nodes on which something changes.
    nodes: Vec<Node>,
    /// What is left from an earlier build; of a node that left, its folder.
    leftovers: Vec<&'a str>,
    notes: Vec<String>,
    #[serde(skip)]
    plan: &'a Plan,
    #[serde(skip)]
    differences: Vec<FileDifference>,
}

/// A file, with what is to be known of it besides.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// Below the output folder.
    file: String,
    action: String,
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_change: Option<VersionChange>,
    /// When the token in it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    /// The lines of a unified diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<Vec<String>>,
    #[serde(skip)]
    is_kept: bool,
}

#[derive(JsonSchema, Serialize)]
struct VersionChange {
    from: String,
    to: String,
    kind: String,
}

impl<'a> Steps<'a> {
    pub(super) fn new(plan: &'a Plan, diff: bool) -> Result<Self> {
        let differences = if diff { plan.differences()? } else { Vec::new() };
        let mut waiting = differences.iter().peekable();
        let entry = |step: &PlanStep| {
            let difference = waiting.next_if(|difference| difference.path == step.path);
            Entry::new(plan, step, difference)
        };
        Ok(Self {
            files: plan.steps().iter().map(entry).collect(),
            nodes: plan.node_changes().into_iter().map(Node::from).collect(),
            leftovers: plan.leftovers().iter().map(|path| path.as_str()).collect(),
            notes: plan.notes().iter().map(ToString::to_string).collect(),
            plan,
            differences,
        })
    }
}

impl Entry {
    fn new(plan: &Plan, step: &PlanStep, difference: Option<&FileDifference>) -> Self {
        let change = plan.version_change().filter(|_| step.path.as_str() == bundle::INVENTORY);
        let token = plan.expired_token().filter(|token| token.path == step.path);
        Self {
            file: step.path.as_str().to_owned(),
            action: step.action.to_string(),
            reason: step.reason.as_ref().map(ToString::to_string),
            version_change: change.map(|change| VersionChange {
                from: change.from.to_string(),
                to: change.to.to_string(),
                kind: change.kind().to_string(),
            }),
            expiration: token.map(|token| token.expired.to_string()),
            diff: difference.map(|difference| difference.lines.iter().map(ToString::to_string).collect()),
            is_kept: step.action == FileAction::Keep,
        }
    }
}

impl Report for Steps<'_> {
    /// What changes.
    fn page(&self) -> Page {
        let columns = [Column::new("").width(Width::AtLeast(8)), Column::new("").free()];
        let mut table = Table::new(columns).gap(1);
        for Entry { file, action, reason, .. } in self.files.iter().filter(|entry| !entry.is_kept) {
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
            table.row([action, &format!("{file}{reason}")].map(String::as_str));
        }
        let mut page = Page::from(table);
        for FileDifference { path, lines, .. } in &self.differences {
            page.line(format!("--- {path}"));
            lines.iter().for_each(|line| page.hanging(shown(line), "    … "));
        }
        page.append(nodes::page(self.plan));
        page
    }
}

fn shown(line: &DifferenceLine) -> Text {
    let text = line.to_string();
    match line {
        DifferenceLine::Removed(_) => Tone::Bad.text(&text),
        DifferenceLine::Added(_) => Tone::Good.text(&text),
        _ => text.into(),
    }
}
