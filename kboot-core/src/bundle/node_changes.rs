//! What a plan means for each node: which files to copy, and what makes its units use them.

use std::collections::BTreeMap;

use super::artifact::Bundle;
use super::path::ArtifactPath;
use super::place;
use super::step::{FileAction, PlanStep};
use crate::cluster::{CaLayout, CaRole};
use crate::component::{Component, Reload, paths, unit_of_machine};
use crate::name::NodeName;

/// What changes on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeChanges {
    /// The node.
    pub node: NodeName,
    /// The files to copy, new ones and others.
    pub files: Vec<ArtifactPath>,
    /// Whether it has none of its files yet: then all of its units are started, and none is named here.
    pub is_new: bool,
    /// Whether systemd has to read units again before one is restarted (`systemctl daemon-reload`).
    pub reloads_units: bool,
    /// The units that use these files, by their names without `.service`.
    pub units: BTreeMap<&'static str, Reload>,
}

impl NodeChanges {
    /// The units that are restarted, or that read their files again by themselves.
    pub fn units_that(&self, reload: Reload) -> impl Iterator<Item = &'static str> {
        self.units.iter().filter(move |(_, how)| **how == reload).map(|(unit, _)| *unit)
    }
}

/// The nodes of a bundle on which something changes, in its order. The steps are those of its files.
pub(super) fn node_changes(bundle: &Bundle, steps: &[PlanStep]) -> Vec<NodeChanges> {
    let has = |path: &str| bundle.artifacts.iter().any(|artifact| artifact.path.as_str() == path);
    let is_separate = has(&place::authority_certificate(CaRole::Etcd));
    let layout = if is_separate { CaLayout::Separate } else { CaLayout::Single };
    let mut all = Vec::new();
    let mut at = 0;
    for files in bundle.artifacts.chunk_by(|one, next| one.node == next.node) {
        let of_node = steps.iter().skip(at).take(files.len());
        at += files.len();
        let Some(node) = files.first().and_then(|file| file.node.as_ref()) else { continue };
        let changed: Vec<_> =
            files.iter().zip(of_node).filter(|(_, step)| step.action != FileAction::Keep).collect();
        if changed.is_empty() {
            continue;
        }
        let is_new =
            changed.len() == files.len() && changed.iter().all(|(_, step)| step.action == FileAction::Create);
        let mut changes = NodeChanges {
            node: node.clone(),
            files: changed.iter().map(|(_, step)| step.path.clone()).collect(),
            is_new,
            reloads_units: false,
            units: BTreeMap::new(),
        };
        let on_node = |path: &str| files.iter().any(|file| file.path_on_node() == Some(path));
        let components = Component::ALL.into_iter().filter(|component| on_node(paths::unit(*component)));
        let components: Vec<Component> = components.collect();
        for path in changed.iter().filter_map(|(artifact, _)| artifact.path_on_node()).filter(|_| !is_new) {
            changes.reloads_units |= paths::is_unit(path);
            let of_components = components.iter().filter_map(|component| {
                Some((component.as_str(), component.reload(path, layout, bundle.kubernetes_version)?))
            });
            let of_machine = unit_of_machine(path).map(|unit| (unit, Reload::Restart));
            for (unit, reload) in of_components.chain(of_machine) {
                let how = changes.units.entry(unit).or_insert(reload);
                *how = reload.max(*how);
            }
        }
        all.push(changes);
    }
    all
}
