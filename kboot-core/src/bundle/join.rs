//! How nodes join: the token in each node's bootstrap kubeconfig.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::artifact::{FileContent, FileKind};
use crate::cluster::{CaRole, ClusterSpec, KubeconfigCertificates, NodeRole};
use crate::component::paths;
use crate::error::Error;
use crate::kubeconfig::Kubeconfig;
use crate::pki::ClusterPki;
use crate::secret::SecretText;

/// The name of the user's entry; who its bearer is, says the token.
pub(super) const TOKEN_USER: &str = "tls-bootstrap-token-user";

/// A token by its id, which is no secret, and the nodes whose bootstrap kubeconfigs have it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TokenOfNodes {
    pub(super) id: String,
    pub(super) nodes: Vec<String>,
}

/// Which node has which token, that of the manifest first, also where no node has it.
pub(super) fn tokens_of_nodes(spec: &ClusterSpec, pki: &ClusterPki) -> Option<Vec<TokenOfNodes>> {
    let current = pki.token()?.token.id().as_str();
    let mut nodes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for node in spec.nodes_with(NodeRole::Worker) {
        let id = pki.token_of(node.name()).map_or(current, |token| token.id().as_str());
        nodes.entry(id).or_default().push(node.name().to_string());
    }
    let first = TokenOfNodes { id: current.to_owned(), nodes: nodes.remove(current).unwrap_or_default() };
    let others = nodes.into_iter().map(|(id, nodes)| TokenOfNodes { id: id.to_owned(), nodes });
    Some([first].into_iter().chain(others).collect())
}

/// The kubeconfig that a kubelet asks for its first certificate with.
pub(super) fn bootstrap_kubeconfig(
    spec: &ClusterSpec,
    pki: &ClusterPki,
    user: &str,
    token: SecretText,
) -> Result<FileContent, Error> {
    let builder = Kubeconfig::for_cluster(spec.name.as_str(), &spec.control_plane_endpoint);
    let builder = match spec.kubeconfig_certificates {
        KubeconfigCertificates::Embedded => builder.trusting(pki.authorities().cluster().certificate()),
        KubeconfigCertificates::Files => {
            builder.trusting_file(&paths::authority_certificate(spec.pki.authorities, CaRole::Cluster))
        }
    };
    let kubeconfig = builder.as_user(user).with_bearer_token(token).build()?.to_yaml()?;
    Ok(FileContent::secret(FileKind::Kubeconfig, &kubeconfig))
}
