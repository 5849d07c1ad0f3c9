//! `kboot cluster`

use std::io::IsTerminal;

use anyhow::{Context, Result};
use kboot_core::bundle::{Action, Plan};
use kboot_core::spec::{self, ClusterSpec};
use kboot_core::{Env, bundle};
use serde_json::json;

use crate::Answer;
use crate::cli::{Cluster, ClusterPaths, ListFormat};
use crate::{input, output};

pub(crate) fn run(command: Cluster) -> Result<Answer> {
    match command {
        Cluster::Init { file: None } => output::data(spec::COMMENTED_EXAMPLE.as_bytes())?,
        Cluster::Init { file: Some(file) } if file.as_os_str() == "-" => {
            output::data(spec::COMMENTED_EXAMPLE.as_bytes())?;
        }
        Cluster::Init { file: Some(file) } => {
            bundle::write_new(&file, spec::COMMENTED_EXAMPLE.as_bytes(), 0o644)?
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
    let text = input::text(&paths.file, spec::MAX_BYTES)?;
    let spec: ClusterSpec = text.parse().with_context(|| input::name(&paths.file))?;
    for warning in spec.warnings() {
        output::tell(&format!("warning: {warning}"));
    }
    Ok(spec)
}

fn plan(paths: &ClusterPaths, format: ListFormat) -> Result<Answer> {
    let spec = read(paths)?;
    look_around(paths)?;
    let plan = Plan::of(&spec, &paths.out, &mut Env::system())?;
    let steps = || plan.steps().iter();
    let list: Vec<_> = steps()
        .map(|step| json!({"path": step.path.as_str(), "action": step.action.to_string(), "reason": step.reason}))
        .collect();
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
    let plan = Plan::build(&spec, &paths.out, &mut Env::system())?;
    remark(&plan);
    output::tell(&summary(&plan, "created", "replaced", "kept"));
    Ok(())
}

/// What the plan leaves to people.
fn remark(plan: &Plan) {
    const SHOWN: usize = 20;
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
