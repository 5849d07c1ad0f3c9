//! What building would do to a folder, and doing it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::artifact::{Bundle, FileKind};
use super::authorities::FoundAuthorities;
use super::compare::steps;
use super::difference::FileDifference;
use super::error::BundleError;
use super::node_changes::{NodeChanges, node_changes};
use super::note::{ExpiredToken, PlanNote};
use super::options::PlanOptions;
use super::path::ArtifactPath;
use super::recorded::Record;
use super::step::{FileAction, PlanStep, StepReason};
use super::{existing, fs, loose, owner, place};
use crate::cluster::{CaRole, ClusterSpec, NodeCredentials, Runtime};
use crate::component::paths;
use crate::env::Env;
use crate::error::Error;
use crate::version::VersionChange;

/// What building would do to a folder.
///
/// ```
/// use kboot_core::{ClusterSpec, Env, bundle::Plan};
/// let spec: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
/// let folder = tempfile::tempdir()?;
/// Plan::build(&spec, folder.path(), &mut Env::system())?;
/// assert!(Plan::of(&spec, folder.path(), &mut Env::system())?.is_done());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Plan {
    root: PathBuf,
    bundle: Bundle,
    steps: Vec<PlanStep>,
    leftovers: Vec<ArtifactPath>,
    notes: Vec<PlanNote>,
    version_change: Option<VersionChange>,
    expired_token: Option<ExpiredToken>,
}

impl Plan {
    /// The plan that brings a folder in line with a cluster file; keys and certificates that are there
    /// and fit are kept. Nothing is written.
    ///
    /// # Errors
    /// [`Error`] where something in the folder cannot be used, naming it, and where it is another cluster's.
    pub fn of(spec: &ClusterSpec, root: &Path, env: &mut Env) -> Result<Self, Error> {
        Self::with_options(spec, root, &PlanOptions::default(), env)
    }

    /// Plans as [`Plan::of`] does, with more that is asked for.
    ///
    /// # Errors
    /// As [`Plan::of`].
    pub fn with_options(
        spec: &ClusterSpec,
        root: &Path,
        options: &PlanOptions,
        env: &mut Env,
    ) -> Result<Self, Error> {
        if options.new_token && spec.join.node_credentials != NodeCredentials::BootstrapToken {
            return Err(BundleError::NoJoinToken.into());
        }
        loose::check(root, spec)?;
        let record = Record::read(root)?;
        owner::check(root, record.owner.as_ref(), spec, options.cluster_was.as_ref())?;
        let authorities =
            FoundAuthorities::read(root, spec, &record, env.now())?.complete(root, spec, env)?;
        let existing = existing::existing(root, spec, &record, options, env.now())?;
        let pki = authorities.issue_missing(spec, existing, env)?;
        let mut bundle = Bundle::render(spec, &pki)?;
        let version_change =
            record.kubernetes_version.and_then(|version| version.change_to(spec.kubernetes_version));
        if let Some(change) = version_change
            && let Some(inventory) = bundle.artifacts.iter_mut().find(|file| file.kind == FileKind::Inventory)
        {
            inventory.reason = Some(StepReason::VersionChange(change).into());
        }
        let steps = steps(root, &bundle)?;
        let leftovers = leftovers(root, &bundle)?;
        let mut notes: Vec<PlanNote> = other_runtime(spec.runtime, &leftovers).into_iter().collect();
        let count = pki.certificates().filter(|(_, issued)| issued.key.algorithm() != spec.pki.key).count();
        if count > 0 {
            notes.push(PlanNote::OtherKeys { count, wanted: spec.pki.key });
        }
        notes.extend(PlanNote::endings(spec, &pki, env.now()));
        notes.extend(PlanNote::newcomers(spec, &steps));
        // Said of an endpoint that is new; whoever has built with it knows.
        let known = record.owner.as_ref().map(|owner| owner.identity.endpoint());
        notes.extend(PlanNote::of_endpoint(spec).filter(|_| known != Some(&spec.control_plane_endpoint)));
        Ok(Self {
            root: root.to_owned(),
            bundle,
            steps,
            leftovers: paths_of(leftovers),
            notes,
            version_change,
            expired_token: ExpiredToken::of(&pki, env.now()),
        })
    }

    /// Plans and applies in one go, holding the folder against other builds all the while.
    ///
    /// # Errors
    /// As [`Plan::of`] and [`Plan::apply`]. A file is whole or untouched whatever happens.
    pub fn build(spec: &ClusterSpec, root: &Path, env: &mut Env) -> Result<Self, Error> {
        Self::build_with_options(spec, root, &PlanOptions::default(), env)
    }

    /// Builds as [`Plan::build`] does, with more that is asked for.
    ///
    /// # Errors
    /// As [`Plan::build`].
    pub fn build_with_options(
        spec: &ClusterSpec,
        root: &Path,
        options: &PlanOptions,
        env: &mut Env,
    ) -> Result<Self, Error> {
        let output = fs::Output::lock(root)?;
        let plan = Self::with_options(spec, root, options, env)?;
        output.write(&plan.bundle.artifacts, &plan.steps)?;
        Ok(plan)
    }

    /// Writes what is missing or differs: each file whole or not at all, all of them on the disk.
    ///
    /// The folder is compared once more under its lock: what came there after the plan was made is not
    /// overwritten where it is a key.
    ///
    /// # Errors
    /// [`BundleError`] naming the file; [`BundleError::Locked`] where another build is at work,
    /// [`BundleError::WouldOverwriteKey`] where a key came into the folder since.
    pub fn apply(&self) -> Result<(), BundleError> {
        let output = fs::Output::lock(&self.root)?;
        output.write(&self.bundle.artifacts, &steps(&self.root, &self.bundle)?)
    }

    /// The files as they are once the plan is applied.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What happens to each file.
    #[must_use]
    pub fn steps(&self) -> &[PlanStep] {
        &self.steps
    }

    /// What changes on each node, for those on which something does: the files to copy, and what is restarted or reads
    /// them again by itself.
    ///
    /// ```
    /// # use kboot_core::{ClusterSpec, Env, bundle::{Plan, PlanOptions}, component::Reload};
    /// let spec: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
    /// let folder = tempfile::tempdir()?;
    /// Plan::build(&spec, folder.path(), &mut Env::system())?;
    /// let mut options = PlanOptions::default();
    /// options.renew_before = Some("10y".parse()?);
    /// let later = Env::system().now().after("1h".parse()?)?;
    /// let plan = Plan::with_options(&spec, folder.path(), &options, &mut Env::at(later))?;
    /// let changes = plan.node_changes();
    /// assert!(changes[0].units_that(Reload::Restart).any(|unit| unit == "kube-scheduler"));
    /// assert!(changes[0].units_that(Reload::ByItself).any(|unit| unit == "etcd"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn node_changes(&self) -> Vec<NodeChanges> {
        node_changes(&self.bundle, &self.steps)
    }

    /// What differs inside each file that is replaced, in the order of the steps: lines of what anyone may read, fields
    /// of the rest. No key, token or password is in it.
    ///
    /// # Errors
    /// [`BundleError`] where a file can no longer be read.
    pub fn differences(&self) -> Result<Vec<FileDifference>, BundleError> {
        let replaced = self.bundle.artifacts.iter().zip(&self.steps);
        let replaced = replaced.filter(|(_, step)| step.action == FileAction::Replace);
        let all = replaced.map(|(artifact, _)| FileDifference::of(&self.root, artifact));
        all.filter_map(Result::transpose).collect()
    }

    /// Files of an earlier build that no longer belong where they are: of a node that lost a role, or of another way
    /// to join. Of a node that left it is the folder. kboot never deletes; whoever copies the folder should.
    #[must_use]
    pub fn leftovers(&self) -> &[ArtifactPath] {
        &self.leftovers
    }

    /// What the cluster file asks for and an existing folder does not get.
    #[must_use]
    pub fn notes(&self) -> &[PlanNote] {
        &self.notes
    }

    /// From which version to which the folder goes, where another build was for another one. What Kubernetes
    /// does not support is planned all the same: see [`VersionChange::kind`].
    #[must_use]
    pub fn version_change(&self) -> Option<VersionChange> {
        self.version_change
    }

    /// The bootstrap token that has ended and stays, because nobody needs another. It is nothing to do:
    /// [`PlanOptions::new_token`] asks for another, for a node that did not join in time.
    #[must_use]
    pub fn expired_token(&self) -> Option<&ExpiredToken> {
        self.expired_token.as_ref()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|step| step.action == FileAction::Keep)
    }

    /// How many files have this action.
    #[must_use]
    pub fn count(&self, action: FileAction) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }
}

/// The runtime whose configuration is left over, where nodes are to run another.
fn other_runtime(runtime: Runtime, leftovers: &[Leftover]) -> Option<PlanNote> {
    let configurations = [
        (Runtime::Containerd, paths::CONTAINERD_CONFIG),
        (Runtime::Crio, paths::CRIO_CONFIG),
        (Runtime::Docker, paths::DOCKER_CONFIG),
    ];
    let before = configurations.into_iter().find(|(before, path)| {
        *before != runtime && leftovers.iter().any(|left| left.on_node.as_deref() == Some(*path))
    })?;
    Some(PlanNote::OtherRuntime { from: before.0, to: runtime })
}

impl Bundle {
    /// The plan that makes a folder hold this bundle.
    ///
    /// # Errors
    /// [`BundleError::WouldOverwriteKey`] where the folder has a key or authority that the bundle does
    /// not have, [`BundleError`] where a file is of an unexpected kind or mode.
    pub fn plan(self, root: impl AsRef<Path>) -> Result<Plan, BundleError> {
        let root = root.as_ref();
        let steps = steps(root, &self)?;
        let leftovers = paths_of(leftovers(root, &self)?);
        Ok(Plan {
            root: root.to_owned(),
            bundle: self,
            steps,
            leftovers,
            notes: Vec::new(),
            version_change: None,
            expired_token: None,
        })
    }
}

/// What is there and the bundle does not have.
struct Leftover {
    path: ArtifactPath,
    /// Its path on its node, where it is a file of a node that the bundle has.
    on_node: Option<String>,
}

fn paths_of(leftovers: Vec<Leftover>) -> Vec<ArtifactPath> {
    leftovers.into_iter().map(|left| left.path).collect()
}

/// Files that kboot writes for some role or setting, that are there, and that the bundle does not have.
fn leftovers(root: &Path, bundle: &Bundle) -> Result<Vec<Leftover>, BundleError> {
    let wanted: HashSet<&str> = bundle.artifacts.iter().map(|artifact| artifact.path.as_str()).collect();
    let nodes: HashSet<&str> = bundle.nodes().map(|(node, _)| node.as_str()).collect();
    let is_there = |path: &str| root.join(path).symlink_metadata().is_ok();
    let is_left = |path: &str| !wanted.contains(path) && is_there(path);
    let mut left = Vec::new();
    let of_nodes = paths::all_on_a_node();
    for node in fs::folder_names(&root.join("nodes"))? {
        let folder = format!("nodes/{node}");
        let files = of_nodes.iter().map(|on_node| (format!("{folder}{on_node}"), on_node));
        let mut files = files.filter(|(path, _)| is_left(path)).peekable();
        if nodes.contains(node.as_str()) {
            left.extend(files.map(|(path, on_node)| Leftover {
                path: ArtifactPath::new(path),
                on_node: Some(on_node.clone()),
            }));
        } else if files.peek().is_some() {
            left.push(Leftover { path: ArtifactPath::new(folder), on_node: None });
        }
    }
    let scripts = fs::file_names(&root.join("install"))?;
    let nodes_of_scripts = scripts.iter().filter_map(|script| script.strip_suffix(".sh"));
    // Where the node's folder is left, its script goes with it.
    for node in nodes_of_scripts.filter(|node| !nodes.contains(node) && !is_there(&format!("nodes/{node}"))) {
        left.push(Leftover { path: ArtifactPath::new(place::install_script(node)), on_node: None });
    }
    let of_cluster = [place::TOKEN, place::STATIC_TOKEN, place::VERIFY].map(str::to_owned).into_iter();
    let certificates = place::certificates_of_cluster().map(str::to_owned);
    let authorities = CaRole::ALL
        .into_iter()
        .flat_map(|authority| [place::authority_key(authority), place::authority_certificate(authority)]);
    let candidates = of_cluster.chain(certificates).chain(authorities).filter(|path| is_left(path));
    left.extend(candidates.map(|path| Leftover { path: ArtifactPath::new(path), on_node: None }));
    Ok(left)
}
