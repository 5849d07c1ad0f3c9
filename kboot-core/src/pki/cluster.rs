//! A cluster's certificates, once there are all of them.

use std::collections::BTreeMap;
use std::fmt;

use super::join::{JoinToken, lets_nodes_join};
use super::origin::Origin;
use super::progress::Progress;
use super::row::Scope;
use super::{CaSet, PkiError, Profile};
use crate::cluster::ClusterSpec;
use crate::name::NodeName;
use crate::time::Lifetime;
use crate::token::{BootstrapToken, StaticToken, TokenError, TokenSettings};
use crate::x509::{Certificate, PrivateKey};

/// Which certificate of a cluster: its profile, and its node where each node has one of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct CertificateId {
    /// The node, for a certificate of one node.
    pub node: Option<NodeName>,
    /// What it is for.
    pub profile: Profile,
}

impl CertificateId {
    /// A certificate that the cluster has once.
    #[must_use]
    pub fn of_cluster(profile: Profile) -> Self {
        Self { node: None, profile }
    }

    /// A certificate of one node.
    #[must_use]
    pub fn of_node(profile: Profile, node: &NodeName) -> Self {
        Self { node: Some(node.clone()), profile }
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            None => write!(f, "{}", self.profile),
            Some(node) => write!(f, "{} of {node}", self.profile),
        }
    }
}

/// Why a cluster's certificates, or the tokens that nodes join by, cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// A key or a certificate.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// A token.
    #[error(transparent)]
    Token(#[from] TokenError),
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
    /// Certificates that end within this time are renewed, where a new one would end later: those that end with their
    /// authority stay. Without it a certificate is made anew once it has ended.
    pub renew_before: Option<Lifetime>,
    /// Whether what is renewed for its end gets a new key. A certificate of which every node has a copy keeps its key:
    /// a run that is killed between two nodes would leave two keys, of which neither may be overwritten.
    pub rekey: bool,
    /// Who is told how many of the certificates are done.
    pub progress: Progress,
}

/// Every certificate of a cluster, its authorities, and its bootstrap token. It borrows nothing; the authorities are
/// shared with the [`CaSet`] that it is from.
#[derive(Debug)]
pub struct ClusterPki {
    pub(super) authorities: CaSet,
    pub(super) certificates: BTreeMap<CertificateId, Issued>,
    pub(super) token: Option<JoinToken>,
    pub(super) kept_tokens: BTreeMap<NodeName, BootstrapToken>,
    pub(super) static_tokens: Vec<StaticToken>,
}

impl ClusterPki {
    /// The authorities.
    #[must_use]
    pub fn authorities(&self) -> &CaSet {
        &self.authorities
    }

    /// The cluster's certificates, ordered by node and profile.
    pub fn certificates(&self) -> impl Iterator<Item = (&CertificateId, &Issued)> {
        self.certificates.iter()
    }

    /// The certificates of one node, ordered by profile.
    pub fn of_node(&self, node: &NodeName) -> impl Iterator<Item = (&CertificateId, &Issued)> {
        let first = Profile::ALL.first().map(|first| CertificateId::of_node(*first, node));
        let name = node.clone();
        first
            .into_iter()
            .flat_map(|first| self.certificates.range(first..))
            .take_while(move |(id, _)| id.node.as_ref() == Some(&name))
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
    let wanted = Profile::ALL.iter().copied().filter(|profile| (profile.row().wanted_if)(spec));
    let ids = wanted.flat_map(|profile| match profile.row().scope {
        Scope::Cluster => vec![CertificateId::of_cluster(profile)],
        Scope::AllNodes(role) => {
            spec.nodes_with(role).take(1).map(|_| CertificateId::of_cluster(profile)).collect()
        }
        Scope::EachNode(role) => {
            spec.nodes_with(role).map(|node| CertificateId::of_node(profile, node.name())).collect()
        }
        Scope::OnRequest => Vec::new(),
    });
    ids.collect()
}
