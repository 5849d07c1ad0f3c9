//! Which node keeps the token that it has.
//!
//! A token ends after a day, and a node that has joined needs none. So time alone changes nothing: a node keeps
//! the token that the last finished build gave it, and a new token is made for a node that is new.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rayon::prelude::*;

use super::error::BundleError;
use super::fs;
use super::join::{TOKEN_USER, TokenOfNodes};
use super::path::ArtifactPath;
use crate::cluster::{ClusterSpec, NodeRole};
use crate::component::paths;
use crate::kubeconfig::Kubeconfig;
use crate::name::NodeName;
use crate::time::Timestamp;
use crate::token::{BootstrapToken, TokenSettings};

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
