//! How nodes join: the token in each node's bootstrap kubeconfig.
//!
//! A token ends after a day, and a node that has joined needs none. So time alone changes nothing: a node keeps
//! the token that the last finished build gave it, and a new token is made for a node that is new.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::artifact::{FileContent, FileKind};
use super::error::BundleError;
use super::fs;
use super::path::ArtifactPath;
use crate::cluster::{CaRole, ClusterSpec, KubeconfigCertificates, NodeRole};
use crate::component::paths;
use crate::error::Error;
use crate::kubeconfig::Kubeconfig;
use crate::name::NodeName;
use crate::pki::ClusterPki;
use crate::secret::SecretText;
use crate::time::Timestamp;
use crate::token::{BootstrapToken, TokenSettings};

/// The name of the user's entry; who its bearer is, says the token.
pub(super) const TOKEN_USER: &str = "tls-bootstrap-token-user";

/// A token by its id, which is no secret, and the nodes whose bootstrap kubeconfigs have it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TokenOfNodes {
    id: String,
    nodes: Vec<String>,
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

/// What `kboot.json` says of tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordedTokens<'a> {
    /// Whether there is a `kboot.json`, and so a build that came to its end.
    pub(super) is_there: bool,
    /// Which node has which; files of the first versions do not say it.
    pub(super) of_nodes: Option<&'a [TokenOfNodes]>,
}

/// The tokens that nodes keep, though they may have ended, beside the one of the manifest.
pub(super) fn kept_tokens(
    root: &Path,
    spec: &ClusterSpec,
    record: RecordedTokens<'_>,
    (current, settings): &(BootstrapToken, TokenSettings),
    now: Timestamp,
) -> Result<BTreeMap<NodeName, BootstrapToken>, BundleError> {
    let id = current.id().as_str();
    let recorded: Option<HashMap<&str, &str>> = record.of_nodes.map(|tokens| {
        // A token that the record does not have was made by a run that did not come to its end.
        let is_known = tokens.iter().any(|token| token.id == id);
        let pairs =
            tokens.iter().flat_map(|token| token.nodes.iter().map(|node| (node.as_str(), token.id.as_str())));
        pairs.filter(|_| is_known).collect()
    });
    let token_of = |node: &NodeName| match &recorded {
        Some(recorded) => recorded.get(node.as_str()).copied(),
        // Before tokens were recorded, a finished build left every node with that of the manifest.
        None => record.is_there.then_some(id),
    };
    let is_expired = settings.is_expired(now);
    let asked: Vec<(&NodeName, &str)> = spec
        .nodes_with(NodeRole::Worker)
        .filter_map(|node| Some((node.name(), token_of(node.name())?)))
        // A token that is good is given to its nodes in any case.
        .filter(|(_, has)| is_expired || *has != id)
        .collect();
    let found = asked.into_par_iter().map(|(node, has)| {
        let token = read(&ArtifactPath::on_node(node, paths::BOOTSTRAP_KUBECONFIG).below(root))?;
        let is_it = |token: &BootstrapToken| {
            if has == id { token.equals(current) } else { token.id().as_str() == has }
        };
        Ok(token.filter(is_it).map(|token| (node.clone(), token)))
    });
    Ok(found.collect::<Result<Vec<_>, BundleError>>()?.into_iter().flatten().collect())
}

/// The token in a bootstrap kubeconfig; none where the file is not there or is of another form.
fn read(path: &Path) -> Result<Option<BootstrapToken>, BundleError> {
    let Some(bytes) = fs::read(path, 0o600)? else { return Ok(None) };
    let kubeconfig = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<Kubeconfig>().ok());
    let user = kubeconfig.into_iter().flat_map(|found| found.users).find(|user| user.name == TOKEN_USER);
    Ok(user.and_then(|user| user.value.token?.expose_secret().parse().ok()))
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
