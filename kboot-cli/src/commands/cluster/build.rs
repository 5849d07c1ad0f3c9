//! `kboot cluster build`

use std::io::IsTerminal;

use anyhow::{Context, Result};
use kboot_core::Env;
use kboot_core::bundle::{FileAction, Plan, PlanStep};

use super::nodes;
use super::plan::Steps;
use super::{advised, look_around, options, progress, read, remark, summary};
use crate::cli::ClusterPaths;
use crate::input;
use crate::output::{self, ListFormat};

pub(super) fn run(paths: &ClusterPaths, jobs: Option<u16>, format: ListFormat) -> Result<()> {
    let spec = read(&paths.file)?;
    look_around(&paths.out)?;
    if let Some(jobs) = jobs {
        rayon::ThreadPoolBuilder::new()
            .num_threads(jobs.into())
            .build_global()
            .context("cannot start threads")?;
    }
    if std::io::stderr().is_terminal() {
        output::tell(&format!("building {} nodes into {} …", spec.nodes().len(), paths.out.display()));
    }
    let progress = progress();
    let plan = Plan::build_with_options(&spec, &paths.out, &options(paths, &progress), &mut Env::system());
    progress.end();
    let plan = plan.map_err(advised)?;
    remark(&plan);
    if format.is_for_people() {
        output::tell_page(nodes::page(&plan));
    } else {
        output::report(format, &Steps::new(&plan, false)?)?;
    }
    output::tell(&summary(&plan, "created", "replaced", "kept"));
    next(&plan, paths);
    Ok(())
}

/// Says what brings the folder to the machines and into the cluster, where something in it has changed.
fn next(plan: &Plan, paths: &ClusterPaths) {
    let is_to_go = |step: &PlanStep| {
        step.action != FileAction::Keep
            && ["nodes/", "manifests/"].iter().any(|folder| step.path.as_str().starts_with(folder))
    };
    if plan.steps().iter().any(is_to_go) {
        let (file, out) = (input::name(&paths.file), input::name(&paths.out));
        output::next(&format!("kboot cluster push -f {file} --out {out}"));
    }
}
