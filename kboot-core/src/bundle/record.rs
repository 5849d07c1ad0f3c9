//! `kboot.json`: for which cluster the folder was built, what was issued, and which node has which join token.
//! It is written last, so it speaks of the last build that came to its end.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::artifact::{Artifact, FileContent, FileKind};
use super::cluster_identity::ClusterIdentity;
use super::error::BundleError;
use super::join::{RecordedTokens, TokenOfNodes};
use super::owner::{Member, Owner};
use super::place::{self, INVENTORY};
use super::{fs, join};
use crate::cluster::{CaRole, ClusterSpec};
use crate::error::Error;
use crate::pki::ClusterPki;
use crate::version::KubernetesVersion;
use crate::x509::Certificate;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inventory {
    api_version: &'static str,
    kind: &'static str,
    cluster: Cluster,
    #[serde(skip_serializing_if = "Option::is_none")]
    join_tokens: Option<Vec<TokenOfNodes>>,
    certificates: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cluster {
    name: String,
    control_plane_endpoint: String,
    kubernetes_version: String,
    members: Vec<Member>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    path: String,
    kind: &'static str,
    fingerprint: String,
    not_before: String,
    not_after: String,
}

/// What was issued, and for whom; without secrets.
pub(super) fn inventory(spec: &ClusterSpec, pki: &ClusterPki) -> Result<Artifact, Error> {
    let mut certificates = Vec::new();
    let mut add = |path: String, kind: &'static str, certificate: &Certificate| {
        let validity = certificate.validity();
        certificates.push(Entry {
            path,
            kind,
            fingerprint: format!("sha256:{}", certificate.fingerprint()),
            not_before: validity.not_before.to_string(),
            not_after: validity.not_after.to_string(),
        });
    };
    for &authority in pki.authorities().layout().authorities() {
        let certificate = pki.authorities().get(authority).certificate();
        add(place::authority_certificate(authority), "authority", certificate);
    }
    for (id, issued) in pki.certificates() {
        if let Some(path) = place::of_certificate(spec, id) {
            add(path, id.profile.as_str(), &issued.certificate);
        }
    }
    let inventory = Inventory {
        api_version: "kboot.dev/v1alpha1",
        kind: "Inventory",
        cluster: Cluster {
            name: spec.name.to_string(),
            control_plane_endpoint: spec.control_plane_endpoint.to_string(),
            kubernetes_version: spec.kubernetes_version.to_string(),
            members: Member::all(spec),
        },
        join_tokens: join::tokens_of_nodes(spec, pki),
        certificates,
    };
    let mut text = serde_json::to_string_pretty(&inventory)
        .map_err(|source| BundleError::Render { path: INVENTORY.to_owned(), source: source.into() })?;
    text.push('\n');
    Ok(Artifact::of_cluster(INVENTORY, FileContent::public(FileKind::Inventory, text)))
}

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
