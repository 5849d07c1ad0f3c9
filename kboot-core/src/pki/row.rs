//! What one row of the table of certificates says, column by column.

use crate::cluster::{CaRole, ClusterSpec, NodeRole};
use crate::x509::TlsUsage;

/// One kind of certificate: all that is known of it before there is a cluster or a node.
#[derive(Debug)]
pub(crate) struct ProfileRow {
    /// The name that kubeadm has for it, or one in its manner; `cert issue --profile` takes it.
    pub(crate) name: &'static str,
    /// The authority that signs it; none where any may.
    pub(crate) ca: Option<CaRole>,
    pub(crate) common_name: CommonName,
    /// The organizations, which are groups.
    pub(crate) groups: &'static [&'static str],
    pub(crate) usage: TlsUsage,
    pub(crate) names: Names,
    pub(crate) scope: Scope,
    /// Whether a cluster file asks for it, where it has nodes of the scope.
    pub(crate) wanted_if: fn(&ClusterSpec) -> bool,
    pub(crate) location: Location,
}

/// Who its holder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommonName {
    /// One name in every cluster.
    Fixed(&'static str),
    /// The name of its node.
    NodeName,
    /// The user that its node is: `system:node:NAME`.
    NodeUser,
    /// The one that whoever asks for it says.
    Given,
}

/// The names and addresses that it serves.
#[derive(Debug)]
pub(crate) struct Names {
    /// Whether the name of its node is among them, where it has a node.
    pub(crate) node: bool,
    /// Names that are the same in every cluster.
    pub(crate) dns: &'static [&'static str],
    /// Those that the cluster decides. Where there is no cluster file, those that are given stand for them.
    pub(crate) of_cluster: &'static [ClusterNames],
    /// Whether this machine's own addresses are among them.
    pub(crate) loopback: bool,
}

impl Names {
    /// Nobody dials it.
    pub(crate) const NONE: Self = Self { node: false, dns: &[], of_cluster: &[], loopback: false };
}

/// Names and addresses that the cluster file decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClusterNames {
    /// A service's name in the cluster's domain: this text, a dot, the domain.
    InDomain(&'static str),
    /// The first address of each range of services, which is the API server's.
    FirstServiceAddresses,
    /// The addresses of its node.
    NodeAddresses,
    /// The host of the control plane's endpoint.
    Endpoint,
    /// `spec.pki.apiServerSANs`.
    ApiServerSans,
}

/// How many of it a cluster has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One.
    Cluster,
    /// One for each node of a role.
    EachNode(NodeRole),
    /// One, of which every node of a role has a copy.
    AllNodes(NodeRole),
    /// None: people ask for it by its name.
    OnRequest,
}

/// Where certificate and key are written.
#[derive(Debug)]
pub(crate) enum Location {
    /// Two files of the node.
    Files(FilePair),
    /// A kubeconfig of the node.
    Kubeconfig {
        /// Its path.
        path: &'static str,
        /// The files that it names, where the cluster file wants kubeconfigs that hold no keys.
        files: FilePair,
    },
    /// A Secret among the manifests.
    Secret(SecretRow),
    /// A kubeconfig in the root of the bundle.
    Root(&'static str),
    /// Wherever whoever asks for it says.
    OnRequest,
}

/// A certificate and its key in files: one path with two endings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilePair(pub(crate) &'static str);

impl FilePair {
    /// The path of the certificate.
    pub(crate) fn certificate(self) -> String {
        format!("{}.crt", self.0)
    }

    /// The path of the key.
    pub(crate) fn key(self) -> String {
        format!("{}.key", self.0)
    }
}

/// A Secret with a certificate and its key.
#[derive(Debug)]
pub(crate) struct SecretRow {
    /// Its file, below the root of the bundle.
    pub(crate) path: &'static str,
    /// Its name in the cluster; none where the cluster file does not ask for it.
    pub(crate) name: fn(&ClusterSpec) -> Option<&str>,
    /// Its `type`.
    pub(crate) kind: &'static str,
    /// The field with the authority's certificate, where it has one.
    pub(crate) ca: Option<&'static str>,
    /// The field with the certificate.
    pub(crate) certificate: &'static str,
    /// The field with the private key.
    pub(crate) key: &'static str,
}
