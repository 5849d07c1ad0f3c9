//! Every certificate of a cluster, issued at once; what exists and still fits is kept.

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;

use super::issuer::{SerialNumber, serial_number};
use super::profile::template;
use super::{Authorities, Certificate, CertificateRole, PkiError, PrivateKey};
use crate::cluster::{ClusterSpec, Node, NodeCredentials, NodeRole, ServingCertificates};
use crate::env::Env;
use crate::error::Error;
use crate::name::{Group, NodeName, Username};
use crate::time::{Lifetime, Timestamp, Validity};
use crate::token::{BootstrapGroup, BootstrapToken, StaticToken, TokenSettings};

/// Which certificate of a cluster: its role, and its node where each node has one of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct CertificateId {
    /// The node, for a certificate of one node.
    pub node: Option<NodeName>,
    /// The role.
    pub role: CertificateRole,
}

impl CertificateId {
    /// A certificate that the cluster has once.
    #[must_use]
    pub fn of_cluster(role: CertificateRole) -> Self {
        Self { node: None, role }
    }

    /// A certificate of one node.
    #[must_use]
    pub fn of_node(role: CertificateRole, node: &NodeName) -> Self {
        Self { node: Some(node.clone()), role }
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            None => write!(f, "{}", self.role),
            Some(node) => write!(f, "{} of {node}", self.role),
        }
    }
}

/// Whether a value was there before or was made now, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no third way to come by a value")]
pub enum Origin {
    /// It existed and fits.
    Kept,
    /// It was made; the text says why the one before did not do, where there was one.
    Made {
        /// Why the one before did not do.
        reason: Option<String>,
    },
}

/// A certificate with its private key.
#[derive(Debug)]
#[non_exhaustive]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// Its key.
    pub key: PrivateKey,
    /// Where it comes from.
    pub origin: Origin,
}

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

/// What is there already of a cluster's certificates: keys are used again, certificates that fit are kept.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Existing {
    /// Keys, each with its certificate where that is there and readable.
    pub certificates: BTreeMap<CertificateId, (PrivateKey, Option<Certificate>)>,
    /// The bootstrap token and its settings.
    pub token: Option<(BootstrapToken, TokenSettings)>,
    /// The tokens of nodes that need no other, though theirs may have ended: where every node has one, a token that
    /// has ended stays.
    pub kept_tokens: BTreeMap<NodeName, BootstrapToken>,
    /// Whether a new bootstrap token is made for all nodes, whatever is there.
    pub new_token: bool,
    /// The rows of kube-apiserver's token file.
    pub static_tokens: Vec<StaticToken>,
}

/// Every certificate of a cluster, its authorities, and its bootstrap token.
#[derive(Debug)]
pub struct ClusterPki<'a> {
    authorities: &'a Authorities,
    certificates: BTreeMap<CertificateId, Issued>,
    token: Option<JoinToken>,
    kept_tokens: BTreeMap<NodeName, BootstrapToken>,
    static_tokens: Vec<StaticToken>,
}

impl ClusterPki<'_> {
    /// The authorities.
    #[must_use]
    pub fn authorities(&self) -> &Authorities {
        self.authorities
    }

    /// All certificates, ordered by node and role.
    pub fn certificates(&self) -> impl Iterator<Item = (&CertificateId, &Issued)> {
        self.certificates.iter()
    }

    /// The certificates of one node, ordered by role.
    pub fn of_node(&self, node: &NodeName) -> impl Iterator<Item = (&CertificateId, &Issued)> {
        let first = CertificateId::of_node(CertificateRole::ALL[0], node);
        let name = node.clone();
        self.certificates.range(first..).take_while(move |(id, _)| id.node.as_ref() == Some(&name))
    }

    /// One certificate, where the cluster file asks for it.
    #[must_use]
    pub fn get(&self, id: &CertificateId) -> Option<&Issued> {
        self.certificates.get(id)
    }

    /// The rows of kube-apiserver's token file, where nodes join by one: theirs, and what was there.
    #[must_use]
    pub fn static_tokens(&self) -> &[StaticToken] {
        &self.static_tokens
    }

    /// The row that nodes join by.
    #[must_use]
    pub fn join_row(&self) -> Option<&StaticToken> {
        self.static_tokens.iter().find(|row| lets_nodes_join(row))
    }

    /// The bootstrap token, where nodes join by one.
    #[must_use]
    pub fn token(&self) -> Option<&JoinToken> {
        self.token.as_ref()
    }

    /// The bootstrap token of one node: that of the cluster, or an older one that it has and keeps.
    #[must_use]
    pub fn token_of(&self, node: &NodeName) -> Option<&BootstrapToken> {
        self.kept_tokens.get(node).or_else(|| Some(&self.token.as_ref()?.token))
    }

    /// The nodes that keep the token that they have.
    pub(crate) fn kept_tokens(&self) -> impl Iterator<Item = (&NodeName, &BootstrapToken)> {
        self.kept_tokens.iter()
    }
}

/// The certificates that a cluster file asks for.
#[must_use]
pub(crate) fn wanted_certificates(spec: &ClusterSpec) -> Vec<CertificateId> {
    use CertificateRole as Role;
    let per_node = |node: &Node| {
        let mut roles = Vec::new();
        if node.has(NodeRole::ControlPlane) {
            roles.extend([
                Role::ApiServer,
                Role::ApiServerKubeletClient,
                Role::ApiServerEtcdClient,
                Role::FrontProxyClient,
                Role::ControllerManager,
                Role::Scheduler,
            ]);
        }
        if node.has(NodeRole::Etcd) {
            roles.extend([Role::EtcdServer, Role::EtcdPeer, Role::EtcdHealthcheckClient]);
        }
        if node.has(NodeRole::Worker) {
            if spec.join.node_credentials == NodeCredentials::Certificate {
                roles.push(Role::KubeletClient);
            }
            if spec.join.serving_certificates == ServingCertificates::Issued {
                roles.push(Role::KubeletServing);
            }
        }
        roles
    };
    let of_nodes = spec
        .nodes
        .iter()
        .flat_map(|node| per_node(node).into_iter().map(|role| CertificateId::of_node(role, node.name())));
    let proxy = spec.nodes_with(NodeRole::Worker).next().map(|_| Role::KubeProxy);
    let network = spec.network.etcd_client_secret.as_ref().map(|_| Role::NetworkEtcdClient);
    let of_cluster =
        [Role::Admin, Role::SuperAdmin, Role::MetricsServer].into_iter().chain(proxy).chain(network);
    of_cluster.map(CertificateId::of_cluster).chain(of_nodes).collect()
}

impl Authorities {
    /// Issues every certificate that the cluster file asks for, on all processors.
    ///
    /// # Errors
    /// [`Error`] where a certificate or a token cannot be made.
    pub fn issue(&self, spec: &ClusterSpec, env: &mut Env) -> Result<ClusterPki<'_>, Error> {
        self.issue_missing(spec, Existing::default(), env)
    }

    /// Issues what is missing or no longer fits. A key that exists is used again, never replaced.
    ///
    /// # Errors
    /// [`Error`] where a certificate or a token cannot be made.
    pub fn issue_missing(
        &self,
        spec: &ClusterSpec,
        existing: Existing,
        env: &mut Env,
    ) -> Result<ClusterPki<'_>, Error> {
        let Existing { mut certificates, token, mut kept_tokens, new_token, mut static_tokens } = existing;
        let now = env.now();
        let validity = Validity::starting(now, spec.pki.certificate_lifetime).map_err(PkiError::from)?;
        let nodes: BTreeMap<&NodeName, &Node> = spec.nodes.iter().map(|node| (node.name(), node)).collect();
        let jobs = wanted_certificates(spec)
            .into_iter()
            .map(|id| Ok((certificates.remove(&id), serial_number(env)?, id)))
            .collect::<Result<Vec<_>, PkiError>>()?;
        let certificates = jobs
            .into_par_iter()
            .map(|(existing, serial, id)| {
                let node = id.node.as_ref().and_then(|name| nodes.get(name)).copied();
                let issued = self.issue_one(spec, id.role, node, existing, now, validity, serial)?;
                Ok((id, issued))
            })
            .collect::<Result<BTreeMap<_, _>, PkiError>>()?;
        let token = match spec.join.node_credentials {
            NodeCredentials::Certificate | NodeCredentials::StaticToken => {
                kept_tokens.clear();
                None
            }
            NodeCredentials::BootstrapToken => {
                Some(join_token(spec, token, &mut kept_tokens, new_token, env)?)
            }
        };
        if spec.join.node_credentials != NodeCredentials::StaticToken {
            static_tokens.clear();
        } else if !static_tokens.iter().any(lets_nodes_join) {
            static_tokens.push(join_static_token(env)?);
        }
        Ok(ClusterPki { authorities: self, certificates, token, kept_tokens, static_tokens })
    }

    #[allow(clippy::too_many_arguments, reason = "one call, in the closure above")]
    fn issue_one(
        &self,
        spec: &ClusterSpec,
        role: CertificateRole,
        node: Option<&Node>,
        existing: Option<(PrivateKey, Option<Certificate>)>,
        now: Timestamp,
        validity: Validity,
        serial: SerialNumber,
    ) -> Result<Issued, PkiError> {
        let template = template(role, spec, node)?;
        let authority = self.get(role.authority());
        let (key, reason) = match existing {
            Some((key, Some(certificate))) => {
                let reason =
                    if certificate.facts().is_ok_and(|facts| facts.public_key_der != key.public_key_der()) {
                        Some("it does not belong to its key".to_owned())
                    } else {
                        authority.differs(&certificate, &template, now)?
                    };
                if reason.is_none() {
                    return Ok(Issued { certificate, key, origin: Origin::Kept });
                }
                (key, reason)
            }
            Some((key, None)) => (key, Some("there is a key without a readable certificate".to_owned())),
            None => (PrivateKey::generate(spec.pki.key)?, None),
        };
        let certificate = authority.issue_numbered(&template, &key, validity, serial)?;
        Ok(Issued { certificate, key, origin: Origin::Made { reason } })
    }
}

fn lets_nodes_join(row: &StaticToken) -> bool {
    row.groups().iter().any(|group| group.as_str() == BootstrapGroup::DEFAULT)
}

/// A static token with what a bootstrap token gives: the group that the bindings name.
fn join_static_token(env: &mut Env) -> Result<StaticToken, Error> {
    let user = Username::from_static("kubelet-bootstrap");
    let group = Group::from_static(BootstrapGroup::DEFAULT);
    Ok(StaticToken::generate(user, "10001", vec![group], crate::token::SystemMasters::Refused, env)?)
}

fn join_token(
    spec: &ClusterSpec,
    existing: Option<(BootstrapToken, TokenSettings)>,
    kept: &mut BTreeMap<NodeName, BootstrapToken>,
    is_asked: bool,
    env: &mut Env,
) -> Result<JoinToken, Error> {
    let now = env.now();
    let joining = spec.nodes_with(NodeRole::Worker).find(|node| !kept.contains_key(node.name()));
    let reason = match existing {
        Some((token, _)) if is_asked => {
            kept.clear();
            Some(format!("a new token was asked for in the place of {}", token.id()))
        }
        // The description follows the cluster file. What the token may do, and until when, was settled when
        // it was made, or narrowed by hand since.
        Some((token, settings)) if !settings.is_expired(now) || joining.is_none() => {
            let settings = settings.description(&spec.join.token.description);
            return Ok(JoinToken { token, settings, origin: Origin::Kept });
        }
        Some((token, settings)) => {
            let end = settings.expiration().map_or_else(String::new, |end| format!(" on {end}"));
            let node = joining.map_or_else(String::new, |node| format!(", and {} is new", node.name()));
            Some(format!("bootstrap token {} expired{end}{node}", token.id()))
        }
        None => {
            kept.clear();
            None
        }
    };
    let ttl = spec.join.token.ttl;
    let expiration = if ttl == Lifetime::ZERO { None } else { Some(now.after(ttl)?) };
    let token = BootstrapToken::generate(env)?;
    let settings = TokenSettings::new().description(&spec.join.token.description).expires(expiration);
    Ok(JoinToken { token, settings, origin: Origin::Made { reason } })
}
