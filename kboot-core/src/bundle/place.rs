//! Where what is no node's lies in the output folder.

use std::fmt::Display;

use super::path::ArtifactPath;
use crate::cluster::{CaRole, ClusterSpec, KubeconfigCertificates};
use crate::pki::row::Location;
use crate::pki::{CertificateId, Profile};

pub(super) const STATIC_TOKEN: &str = "authorities/token.csv";
pub(super) const SERVICE_ACCOUNT: &str = "authorities/sa.key";
pub(super) const SERVICE_ACCOUNT_PUBLIC: &str = "authorities/sa.pub";
pub(super) const TOKEN: &str = "manifests/bootstrap-token.yaml";
pub(super) const VERIFY: &str = "manifests/verify.yaml";
pub(super) const RBAC: &str = "manifests/rbac.yaml";

/// The script that installs a node. It lies beside the node's folder, which holds what goes to `/` and nothing else.
pub(super) fn install_script(node: impl Display) -> String {
    format!("install/{node}.sh")
}

/// The file of an output folder that says whose it is and what was issued.
pub const INVENTORY: &str = "kboot.json";

/// An authority's certificate in the private half of the output.
pub(super) fn authority_certificate(authority: CaRole) -> String {
    format!("authorities/{}.crt", authority.base_name())
}

/// An authority's key in the private half of the output.
pub(super) fn authority_key(authority: CaRole) -> String {
    format!("authorities/{}.key", authority.base_name())
}

/// The kubeconfigs of people.
pub(super) fn kubeconfigs_of_people() -> impl Iterator<Item = &'static str> {
    Profile::ALL.iter().filter_map(|profile| match &profile.row().location {
        Location::Root(path) => Some(*path),
        Location::Files(_) | Location::Kubeconfig { .. } | Location::Secret(_) | Location::OnRequest => None,
    })
}

/// The files outside of the nodes' folders that hold certificates of a cluster, by their profiles.
pub(super) fn certificates_of_cluster() -> impl Iterator<Item = &'static str> {
    Profile::ALL.iter().filter_map(|profile| match &profile.row().location {
        Location::Root(path) => Some(*path),
        Location::Secret(secret) => Some(secret.path),
        Location::Files(_) | Location::Kubeconfig { .. } | Location::OnRequest => None,
    })
}

/// The file that holds a certificate, `nodes/*/…` where every node has a copy; none for one that no bundle has.
pub(super) fn of_certificate(spec: &ClusterSpec, id: &CertificateId) -> Option<String> {
    let on_node = |path: &str| match &id.node {
        Some(node) => ArtifactPath::on_node(node, path).to_string(),
        None => format!("nodes/*{path}"),
    };
    match &id.profile.row().location {
        Location::Files(files) => Some(on_node(&files.certificate())),
        Location::Kubeconfig { path, files } => Some(match spec.kubeconfig_certificates {
            KubeconfigCertificates::Embedded => on_node(path),
            KubeconfigCertificates::Files => on_node(&files.certificate()),
        }),
        Location::Secret(secret) => Some(secret.path.to_owned()),
        Location::Root(path) => Some((*path).to_owned()),
        Location::OnRequest => None,
    }
}
