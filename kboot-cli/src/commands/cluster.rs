//! `kboot cluster`

use std::io::IsTerminal;

use anyhow::{Context, Result, anyhow};
use kboot_core::bundle::{Action, BundleError, Plan, PlanOptions, Step};
use kboot_core::cluster::{self, ClusterSpec};
use kboot_core::version::VersionChangeKind;
use kboot_core::{Env, Error, bundle};
use serde_json::{Value, json};

use crate::Answer;
use crate::cli::{Cluster, ClusterPaths, ListFormat};
use crate::{input, output};

pub(crate) fn run(command: Cluster) -> Result<Answer> {
    match command {
        Cluster::Init { file: None } => output::data(cluster::COMMENTED_EXAMPLE.as_bytes())?,
        Cluster::Init { file: Some(file) } if file.as_os_str() == "-" => {
            output::data(cluster::COMMENTED_EXAMPLE.as_bytes())?;
        }
        Cluster::Init { file: Some(file) } => {
            bundle::write_new(&file, cluster::COMMENTED_EXAMPLE.as_bytes(), 0o644)?
        }
        Cluster::Plan { paths, output } => return plan(&paths, output),
        Cluster::Build { paths, jobs } => build(&paths, jobs)?,
    }
    Ok(Answer::Yes)
}

/// A folder that somebody else could exchange is worth a warning, and no reason to stop: people know better
/// whom they share a machine with.
fn look_around(paths: &ClusterPaths) -> Result<()> {
    let exposures = bundle::exposures(&paths.out).with_context(|| input::name(&paths.out))?;
    exposures.iter().for_each(|exposure| output::tell(&format!("warning: --out: {exposure}")));
    Ok(())
}

fn read(paths: &ClusterPaths) -> Result<ClusterSpec> {
    let text = input::text(&paths.file, cluster::MAX_BYTES)?;
    let spec: ClusterSpec = text.parse().with_context(|| input::name(&paths.file))?;
    for warning in spec.warnings() {
        output::tell(&format!("warning: {warning}"));
    }
    Ok(spec)
}

fn options(paths: &ClusterPaths) -> PlanOptions {
    let mut options = PlanOptions::default();
    options.cluster_was.clone_from(&paths.cluster_was);
    options.new_token = paths.new_token;
    options
}

/// The error, with the argument that helps.
fn advised(error: Error) -> anyhow::Error {
    match &error {
        Error::Bundle(BundleError::AnotherCluster { held, .. }) => {
            anyhow!("{error}: --cluster-was {held}")
        }
        _ => error.into(),
    }
}

/// A file's entry in the plan's list, with what is to be known of it besides.
fn entry(plan: &Plan, step: &Step) -> Value {
    let reason = step.reason.as_ref().map(ToString::to_string);
    let mut entry = json!({"path": step.path.as_str(), "action": step.action.to_string(), "reason": reason});
    if let Some(change) = plan.version_change()
        && step.path.as_str() == bundle::INVENTORY
    {
        entry["versionChange"] = json!({
            "from": change.from.to_string(),
            "to": change.to.to_string(),
            "kind": change.kind().to_string(),
        });
    }
    if let Some(token) = plan.expired_token().filter(|token| token.path == step.path) {
        entry["expired"] = token.expired.to_string().into();
    }
    entry
}

fn plan(paths: &ClusterPaths, format: ListFormat) -> Result<Answer> {
    let spec = read(paths)?;
    look_around(paths)?;
    let plan = Plan::with_options(&spec, &paths.out, &options(paths), &mut Env::system()).map_err(advised)?;
    let steps = || plan.steps().iter();
    let list: Vec<_> = steps().map(|step| entry(&plan, step)).collect();
    let changing = steps().filter(|step| step.action != Action::Keep);
    let lines = changing.map(|step| {
        let reason = step.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        format!("{:<8} {}{reason}\n", step.action.to_string(), step.path)
    });
    output::list(format, &list.into(), &lines.collect::<String>())?;
    remark(&plan);
    output::tell(&summary(&plan, "to create", "to replace", "to keep"));
    Ok(if plan.is_done() { Answer::Yes } else { Answer::No })
}

fn build(paths: &ClusterPaths, jobs: Option<u16>) -> Result<()> {
    let spec = read(paths)?;
    look_around(paths)?;
    if let Some(jobs) = jobs {
        rayon::ThreadPoolBuilder::new()
            .num_threads(jobs.into())
            .build_global()
            .context("cannot start threads")?;
    }
    if std::io::stderr().is_terminal() {
        output::tell(&format!("building {} nodes into {} …", spec.nodes().len(), paths.out.display()));
    }
    let plan =
        Plan::build_with_options(&spec, &paths.out, &options(paths), &mut Env::system()).map_err(advised)?;
    remark(&plan);
    output::tell(&summary(&plan, "created", "replaced", "kept"));
    Ok(())
}

/// What the plan leaves to people.
fn remark(plan: &Plan) {
    const SHOWN: usize = 20;
    if let Some(change) = plan.version_change().filter(|change| change.kind() != VersionChangeKind::Upgrade) {
        output::tell(&format!("warning: {change}"));
    }
    if let Some(token) = plan.expired_token() {
        output::tell(&format!("note: {token}; --new-token makes another for all nodes"));
    }
    plan.notes().iter().for_each(|note| output::tell(&format!("note: {note}")));
    for path in plan.leftovers().iter().take(SHOWN) {
        output::tell(&format!(
            "warning: {path} is left from an earlier build and no longer belongs there; move it away"
        ));
    }
    if plan.leftovers().len() > SHOWN {
        output::tell(&format!("warning: and {} more such files", plan.leftovers().len() - SHOWN));
    }
}

fn summary(plan: &Plan, created: &str, replaced: &str, kept: &str) -> String {
    let count = |action| plan.count(action);
    format!(
        "{} files {created}, {} {replaced}, {} {kept}",
        count(Action::Create),
        count(Action::Replace),
        count(Action::Keep)
    )
}
