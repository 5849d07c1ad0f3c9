//! `kboot cluster build`

use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Context, Result};
use kboot_core::bundle::{FileAction, Plan, PlanStep};
use kboot_core::cluster::ControlPlane;
use kboot_core::{ClusterSpec, Env};

use super::nodes;
use super::plan::Steps;
use super::{advised, look_around, options, progress, read, remark, summary};
use crate::cli::ClusterPaths;
use crate::input;
use crate::output::{self, ListFormat};

pub(super) fn run(paths: &ClusterPaths, jobs: Option<u16>, format: ListFormat) -> Result<()> {
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
    next(&spec, &plan, &paths.out);
    Ok(())
}

/// Says what brings the folder to the machines and into the cluster, where something in it has changed.
fn next(spec: &ClusterSpec, plan: &Plan, out: &Path) {
    let changed = plan.node_changes();
    let first = changed.first().map(|changes| &changes.node);
    let node = spec.nodes().iter().find(|node| first == Some(node.name()));
    let out = input::name(out);
    if let Some(node) = node {
        const SHOWN: usize = 10;
        let mut names: Vec<String> =
            changed.iter().take(SHOWN).map(|changes| changes.node.to_string()).collect();
        if changed.len() > SHOWN {
            names.push(format!("{} more", changed.len() - SHOWN));
        }
        let (name, address) = (node.name(), node.address());
        let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        output::tell(&format!("on {}, as root, with its script and its folder; so:", names.join(", ")));
        output::next(&format!(
            "scp -r {out}/install/{name}.sh {out}/nodes/{name} root@{host}: && ssh root@{address} sh {name}.sh"
        ));
    }
    // Those that are replaced stand among the changes of nodes.
    let is_new =
        |step: &PlanStep| step.action == FileAction::Create && step.path.as_str().starts_with("manifests/");
    if spec.control_plane() == ControlPlane::Nodes && plan.steps().iter().any(is_new) {
        output::next(&format!(
            "once an API server answers, kboot cluster apply --out {out} --kubeconfig {out}/super-admin.conf"
        ));
    }
}
