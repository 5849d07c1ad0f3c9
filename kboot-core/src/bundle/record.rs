//! `kboot.json`: for which cluster the folder was built, what was issued, and which node has which join token.
//! It is written last, so it speaks of the last build that came to its end.

use serde::{Deserialize, Serialize};

use super::artifact::{Artifact, FileContent, FileKind};
use super::error::BundleError;
use super::join;
use super::join::TokenOfNodes;
use super::member::Member;
use super::place::{self, INVENTORY};
use crate::cluster::ClusterSpec;
use crate::error::Error;
use crate::pki::ClusterPki;
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
pub(super) struct Cluster {
    pub(super) name: String,
    pub(super) control_plane_endpoint: String,
    pub(super) kubernetes_version: String,
    pub(super) members: Vec<Member>,
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
