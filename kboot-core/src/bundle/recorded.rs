//! What a folder's `kboot.json` says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::cluster_identity::ClusterIdentity;
use super::error::BundleError;
use super::fs;
use super::join::TokenOfNodes;
use super::kept::RecordedTokens;
use super::owner::Owner;
use super::place::{self, INVENTORY};
use super::record::Cluster;
use crate::cluster::CaRole;
use crate::name::NodeName;
use crate::token::TokenId;
use crate::version::KubernetesVersion;

/// What a folder's `kboot.json` says.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Whether there is one, and so a build that came to its end.
    is_there: bool,
    /// Whose folder it is; files of the first versions do not say it.
    pub(super) owner: Option<Owner>,
    /// For which version it was built, where this kboot knows that version.
    pub(super) kubernetes_version: Option<KubernetesVersion>,
    /// Which node has which join token; files of the first versions do not say it.
    join_tokens: Option<Vec<TokenOfNodes>>,
    /// The authorities that there were.
    authorities: Vec<CaRole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    cluster: Option<Cluster>,
    join_tokens: Option<Vec<TokenOfNodes>>,
    #[serde(borrow, default)]
    certificates: Vec<FoundEntry<'a>>,
}

#[derive(Deserialize)]
struct FoundEntry<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
}

impl ClusterIdentity {
    /// The cluster that an output folder is for, as its `kboot.json` says; none where there is no such file, or one
    /// of a version of kboot that did not say it.
    ///
    /// # Errors
    /// [`BundleError::Inventory`] for a `kboot.json` that kboot did not write, and [`BundleError`] for one that
    /// cannot be read or that others may write.
    pub fn of_folder(folder: &Path) -> Result<Option<Self>, BundleError> {
        Ok(Record::read(folder)?.owner.map(|owner| owner.identity))
    }
}

/// The bootstrap token that each node of an output folder got, by its id, as `kboot.json` says; nothing where there is no
/// such file.
///
/// # Errors
/// As [`ClusterIdentity::of_folder`].
pub fn join_tokens(folder: &Path) -> Result<BTreeMap<NodeName, TokenId>, BundleError> {
    let tokens = Record::read(folder)?.join_tokens.unwrap_or_default();
    let pairs = tokens.iter().flat_map(|TokenOfNodes { id, nodes }| nodes.iter().map(move |node| (node, id)));
    Ok(pairs.filter_map(|(node, id)| Some((node.parse().ok()?, id.parse().ok()?))).collect())
}

impl Record {
    /// Reads it; nothing is recorded where it is not there.
    pub(super) fn read(root: &Path) -> Result<Self, BundleError> {
        let path = root.join(INVENTORY);
        let Some(bytes) = fs::read(&path, 0o644)? else { return Ok(Self::default()) };
        let unusable = |problem: String| BundleError::Inventory { path: path.clone(), problem };
        let found: Found<'_> = serde_json::from_slice(&bytes).map_err(|error| {
            unusable(format!("line {} column {} is not as kboot writes it", error.line(), error.column()))
        })?;
        let mut record = Self { is_there: true, join_tokens: found.join_tokens, ..Self::default() };
        if let Some(cluster) = found.cluster {
            let identity = ClusterIdentity::from_parts(&cluster.name, &cluster.control_plane_endpoint);
            let identity =
                identity.ok_or_else(|| unusable("cluster has no valid name and endpoint".to_owned()))?;
            record.owner = Some(Owner { identity, members: cluster.members });
            record.kubernetes_version = cluster.kubernetes_version.parse().ok();
        }
        let is_recorded = |authority: &CaRole| {
            let path = place::authority_certificate(*authority);
            found.certificates.iter().any(|entry| entry.path == path)
        };
        record.authorities = CaRole::ALL.into_iter().filter(is_recorded).collect();
        Ok(record)
    }

    /// Whether the folder had this authority. Making another would cut off every certificate that is out there.
    pub(super) fn has_authority(&self, authority: CaRole) -> bool {
        self.authorities.contains(&authority)
    }

    /// What it says of tokens.
    pub(super) fn tokens(&self) -> RecordedTokens<'_> {
        RecordedTokens { is_there: self.is_there, of_nodes: self.join_tokens.as_deref() }
    }
}
