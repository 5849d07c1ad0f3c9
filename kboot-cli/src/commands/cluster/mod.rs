//! `kboot cluster`

pub(super) mod apply;
mod build;
mod init;
mod nodes;
pub(super) mod plan;

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use kboot_core::bundle::{BundleError, FileAction, Plan, PlanNote, PlanOptions};
use kboot_core::cluster::{self, ClusterSpec};
use kboot_core::version::VersionChangeKind;
use kboot_core::{Error, bundle, pki};

use crate::Answer;
use crate::cli::{Cluster, ClusterPaths};
use crate::output::Progress;
use crate::{input, output};

pub(crate) fn run(command: Cluster) -> Result<Answer> {
    match command {
        Cluster::Apply(arguments) => return apply::run(&arguments),
        Cluster::Init(arguments) => init::run(arguments)?,
        Cluster::Plan { paths, diff, output } => return plan::run(&paths, diff, output),
        Cluster::Build { paths, jobs, output } => build::run(&paths, jobs, output)?,
    }
    Ok(Answer::Yes)
}

/// A folder that somebody else could exchange is worth a warning, and no reason to stop: people know better
/// whom they share a machine with.
fn look_around(paths: &ClusterPaths) -> Result<()> {
    let exposures = bundle::exposures(&paths.out).with_context(|| input::name(&paths.out))?;
    exposures.iter().for_each(|exposure| output::warn(&format!("--out: {exposure}")));
    Ok(())
}

fn read(paths: &ClusterPaths) -> Result<ClusterSpec> {
    let spec: ClusterSpec = input::document(&paths.file, cluster::MAX_BYTES)?;
    for warning in spec.warnings() {
        output::warn(&warning.to_string());
    }
    Ok(spec)
}

fn options(paths: &ClusterPaths, progress: &Arc<Progress>) -> PlanOptions {
    let mut options = PlanOptions::default();
    let told = progress.clone();
    options.progress = pki::Progress::new(move |done, total| told.at(done, Some(total)));
    options.cluster_was.clone_from(&paths.cluster_was);
    options.new_token = paths.new_token;
    options.renew_before = paths.renew_before;
    options.rekey = paths.rekey;
    options
}

/// Keys take their time.
fn progress() -> Arc<Progress> {
    Arc::new(Progress::new("certificates"))
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

/// What the plan leaves to people.
fn remark(plan: &Plan) {
    const SHOWN: usize = 20;
    if let Some(change) = plan.version_change().filter(|change| change.kind() != VersionChangeKind::Upgrade) {
        output::warn(&change.to_string());
    }
    if let Some(token) = plan.expired_token() {
        output::note(&format!("{token}; --new-token makes another for all nodes"));
    }
    for note in plan.notes() {
        match note {
            PlanNote::CertificatesEnd { .. } => {
                output::note(&format!("{note}; --renew-before 45d renews in time"))
            }
            _ if note.is_warning() => output::warn(&note.to_string()),
            _ => output::note(&note.to_string()),
        }
    }
    for path in plan.leftovers().iter().take(SHOWN) {
        output::warn(&format!(
            "{path} is left from an earlier build and no longer belongs there; move it away"
        ));
    }
    if plan.leftovers().len() > SHOWN {
        output::warn(&format!("and {} more such files", plan.leftovers().len() - SHOWN));
    }
}

fn summary(plan: &Plan, created: &str, replaced: &str, kept: &str) -> String {
    let count = |action| plan.count(action);
    format!(
        "{} files {created}, {} {replaced}, {} {kept}",
        count(FileAction::Create),
        count(FileAction::Replace),
        count(FileAction::Keep)
    )
}
