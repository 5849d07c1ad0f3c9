//! How nodes join: the bootstrap token of a cluster, or the row of its file of static tokens.

use std::collections::BTreeMap;

use super::origin::{Origin, Replaced};
use crate::cluster::{ClusterSpec, NodeCredentials, NodeRole};
use crate::env::Env;
use crate::name::{Group, NodeName, Username};
use crate::time::Lifetime;
use crate::token::{BootstrapGroup, BootstrapToken, StaticToken, TokenError, TokenSettings};

/// A bootstrap token with what its Secret says of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct JoinToken {
    /// The token.
    pub token: BootstrapToken,
    /// Its settings.
    pub settings: TokenSettings,
    /// Where it comes from.
    pub origin: Origin,
}

/// The tokens of a cluster.
#[derive(Debug)]
pub(super) struct Joining {
    /// That of the cluster.
    pub(super) token: Option<JoinToken>,
    /// Those of nodes that keep the token which they have.
    pub(super) kept_tokens: BTreeMap<NodeName, BootstrapToken>,
    /// The rows of kube-apiserver's token file.
    pub(super) static_tokens: Vec<StaticToken>,
}

impl Joining {
    /// Drops what the cluster file does not ask for, and makes what it asks for and is not there.
    pub(super) fn settle(
        mut self,
        spec: &ClusterSpec,
        existing: Option<(BootstrapToken, TokenSettings)>,
        new_token: bool,
        env: &mut Env,
    ) -> Result<Self, TokenError> {
        match spec.join.node_credentials {
            NodeCredentials::Certificate => {
                self.kept_tokens.clear();
                self.static_tokens.clear();
            }
            NodeCredentials::StaticToken => {
                self.kept_tokens.clear();
                if !self.static_tokens.iter().any(lets_nodes_join) {
                    self.static_tokens.push(join_row(env)?);
                }
            }
            NodeCredentials::BootstrapToken => {
                self.static_tokens.clear();
                self.token = Some(join_token(spec, existing, &mut self.kept_tokens, new_token, env)?);
            }
        }
        Ok(self)
    }
}

/// Whether nodes join by this row.
pub(super) fn lets_nodes_join(row: &StaticToken) -> bool {
    row.groups().iter().any(|group| group.as_str() == BootstrapGroup::DEFAULT)
}

/// A static token with what a bootstrap token gives: the group that the bindings name.
fn join_row(env: &mut Env) -> Result<StaticToken, TokenError> {
    let user = Username::from_static("kubelet-bootstrap");
    let group = Group::from_static(BootstrapGroup::DEFAULT);
    StaticToken::generate(user, "10001", vec![group], env)
}

fn join_token(
    spec: &ClusterSpec,
    existing: Option<(BootstrapToken, TokenSettings)>,
    kept: &mut BTreeMap<NodeName, BootstrapToken>,
    is_asked: bool,
    env: &mut Env,
) -> Result<JoinToken, TokenError> {
    let now = env.now();
    let joining = spec.nodes_with(NodeRole::Worker).find(|node| !kept.contains_key(node.name()));
    let reason = match existing {
        Some((token, _)) if is_asked => {
            kept.clear();
            Some(Replaced::NewTokenAsked { id: token.id().clone() })
        }
        // The description follows the cluster file. What the token may do, and until when, was settled when
        // it was made, or narrowed by hand since.
        Some((token, settings)) if !settings.is_expired(now) || joining.is_none() => {
            let settings = settings.with_description(&spec.join.token.description);
            return Ok(JoinToken { token, settings, origin: Origin::Kept });
        }
        Some((token, settings)) => Some(Replaced::TokenExpired {
            id: token.id().clone(),
            expired: settings.expiration(),
            new_node: joining.map(|node| node.name().clone()),
        }),
        None => {
            kept.clear();
            None
        }
    };
    let ttl = spec.join.token.ttl;
    let expiration = if ttl == Lifetime::ZERO { None } else { Some(now.after(ttl)?) };
    let token = BootstrapToken::generate(env)?;
    let settings =
        TokenSettings::new().with_description(&spec.join.token.description).with_expiration(expiration);
    Ok(JoinToken { token, settings, origin: Origin::Made { reason } })
}
