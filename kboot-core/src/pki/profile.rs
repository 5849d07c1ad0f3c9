//! Which certificates there are and what each contains: the table that is half of the product.
//!
//! Sources: `cmd/kubeadm/app/phases/certs/certlist.go`, `phases/kubeconfig/kubeconfig.go` and
//! `util/pkiutil/pki_helpers.go` of Kubernetes 1.36; differences stand beside the line they concern.

use std::fmt;
use std::str::FromStr;

use super::PkiError;
use super::places::{
    CONTROLLER_MANAGER_KUBECONFIG, KUBE_PROXY_KUBECONFIG, KUBELET_KUBECONFIG, SCHEDULER_KUBECONFIG,
};
use super::row::{ClusterNames, CommonName, FilePair, Location, Names, ProfileRow, Scope, SecretRow};
use crate::cluster::{CaRole, ClusterSpec, ControlPlane, NodeCredentials, NodeRole, ServingCertificates};
use crate::identity::{ADMIN_GROUP, FRONT_PROXY_CLIENT, KUBELET_CLIENT_USER, MASTERS_GROUP, NODES_GROUP};
use crate::name::Dns1123Subdomain;
use crate::shown::excerpt;
use crate::x509::TlsUsage;

fn always(_: &ClusterSpec) -> bool {
    true
}

/// Who installs workers alone gets no administrator, and replaces nothing that runs in the cluster.
fn has_control_plane(spec: &ClusterSpec) -> bool {
    spec.control_plane == ControlPlane::Nodes
}

fn never(_: &ClusterSpec) -> bool {
    false
}

/// Makes the type, the list and the rows from one table, so that no profile is without its row.
macro_rules! profiles {
    ($($(#[$doc:meta])* $profile:ident: $row:expr;)*) => {
        /// One kind of certificate: those of a cluster, then those for any other purpose.
        ///
        /// ```
        /// use kboot_core::pki::{Profile, ProfileOptions};
        /// let mut options = ProfileOptions::default();
        /// options.node = Some("worker-1".parse()?);
        /// options.alt_names = vec!["192.168.5.21".parse()?];
        /// let kubelet = "kubelet".parse::<Profile>()?.template(&options)?;
        /// assert_eq!(kubelet.subject().to_string(), "CN=system:node:worker-1,O=system:nodes");
        /// assert_eq!(kubelet.alt_names().to_string(), "DNS:worker-1, IP:192.168.5.21");
        /// # Ok::<(), kboot_core::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "a new certificate must be thought of everywhere")]
        pub enum Profile { $($(#[$doc])* $profile,)* }

        impl Profile {
            /// All profiles, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$profile,)*];

            /// What is known of it.
            pub(crate) fn row(self) -> &'static ProfileRow {
                match self { $(Self::$profile => const { &$row },)* }
            }
        }
    };
}

profiles! {
    /// kube-apiserver's serving certificate.
    ApiServer: ProfileRow {
        name: "apiserver",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::Fixed("kube-apiserver"),
        groups: &[],
        usage: TlsUsage::Server,
        // kubeadm's GetAPIServerAltNames, which takes the first service address of the first family alone.
        names: Names {
            node: true,
            dns: &["kubernetes", "kubernetes.default", "kubernetes.default.svc"],
            of_cluster: &[
                ClusterNames::InDomain("kubernetes.default.svc"),
                ClusterNames::FirstServiceAddresses,
                ClusterNames::NodeAddresses,
                ClusterNames::Endpoint,
                ClusterNames::ApiServerSans,
            ],
            loopback: false,
        },
        scope: Scope::EachNode(NodeRole::ControlPlane),
        wanted_if: always,
        location: Location::Files(FilePair("/etc/kubernetes/pki/apiserver")),
    };

    /// kube-apiserver as a client of kubelets.
    // Upstream: O=kubeadm:cluster-admins. No group here: the user is bound to
    // system:kubelet-api-admin (rbac), so a stolen key reaches kubelets and nothing else.
    ApiServerKubeletClient: ProfileRow {
        name: "apiserver-kubelet-client",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::Fixed(KUBELET_CLIENT_USER),
        groups: &[],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::EachNode(NodeRole::ControlPlane),
        wanted_if: always,
        location: Location::Files(FilePair("/etc/kubernetes/pki/apiserver-kubelet-client")),
    };

    /// kube-apiserver as a client of etcd.
    ApiServerEtcdClient: ProfileRow {
        name: "apiserver-etcd-client",
        ca: Some(CaRole::Etcd),
        common_name: CommonName::Fixed("kube-apiserver-etcd-client"),
        groups: &[],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::EachNode(NodeRole::ControlPlane),
        wanted_if: always,
        location: Location::Files(FilePair("/etc/kubernetes/pki/apiserver-etcd-client")),
    };

    /// kube-apiserver's aggregator as a client of extension API servers.
    FrontProxyClient: ProfileRow {
        name: "front-proxy-client",
        ca: Some(CaRole::FrontProxy),
        common_name: CommonName::Fixed(FRONT_PROXY_CLIENT),
        groups: &[],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::EachNode(NodeRole::ControlPlane),
        wanted_if: always,
        location: Location::Files(FilePair("/etc/kubernetes/pki/front-proxy-client")),
    };

    /// etcd's serving certificate.
    EtcdServer: ProfileRow {
        name: "etcd-server",
        ca: Some(CaRole::Etcd),
        common_name: CommonName::NodeName,
        groups: &[],
        usage: TlsUsage::ServerAndClient,
        names: Names {
            node: true,
            dns: &["localhost"],
            of_cluster: &[ClusterNames::NodeAddresses],
            loopback: true,
        },
        scope: Scope::EachNode(NodeRole::Etcd),
        wanted_if: always,
        location: Location::Files(FilePair("/etc/kubernetes/pki/etcd/server")),
    };

    /// etcd among its peers.
    EtcdPeer: ProfileRow {
        name: "etcd-peer",
        ca: Some(CaRole::Etcd),
        common_name: CommonName::NodeName,
        groups: &[],
        usage: TlsUsage::ServerAndClient,
        names: Names {
            node: true,
            dns: &["localhost"],
            of_cluster: &[ClusterNames::NodeAddresses],
            loopback: true,
        },
        scope: Scope::EachNode(NodeRole::Etcd),
        wanted_if: always,
        location: Location::Files(FilePair("/etc/kubernetes/pki/etcd/peer")),
    };

    /// A client of etcd that asks for its health.
    EtcdHealthcheckClient: ProfileRow {
        name: "etcd-healthcheck-client",
        ca: Some(CaRole::Etcd),
        common_name: CommonName::Fixed("kube-etcd-healthcheck-client"),
        groups: &[],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::EachNode(NodeRole::Etcd),
        wanted_if: always,
        location: Location::Files(FilePair("/etc/kubernetes/pki/etcd/healthcheck-client")),
    };

    /// kube-controller-manager as a client of the API server.
    ControllerManager: ProfileRow {
        name: "controller-manager",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::Fixed("system:kube-controller-manager"),
        groups: &[],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::EachNode(NodeRole::ControlPlane),
        wanted_if: always,
        location: Location::Kubeconfig {
            path: CONTROLLER_MANAGER_KUBECONFIG,
            files: FilePair("/etc/kubernetes/pki/controller-manager"),
        },
    };

    /// kube-scheduler as a client of the API server.
    Scheduler: ProfileRow {
        name: "scheduler",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::Fixed("system:kube-scheduler"),
        groups: &[],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::EachNode(NodeRole::ControlPlane),
        wanted_if: always,
        location: Location::Kubeconfig {
            path: SCHEDULER_KUBECONFIG,
            files: FilePair("/etc/kubernetes/pki/scheduler"),
        },
    };

    /// The administrator, through an RBAC binding.
    Admin: ProfileRow {
        name: "admin",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::Fixed("kubernetes-admin"),
        groups: &[ADMIN_GROUP],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::Cluster,
        wanted_if: has_control_plane,
        location: Location::Root("admin.conf"),
    };

    /// The administrator when RBAC is broken: `system:masters`.
    SuperAdmin: ProfileRow {
        name: "super-admin",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::Fixed("kubernetes-super-admin"),
        groups: &[MASTERS_GROUP],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::Cluster,
        wanted_if: has_control_plane,
        location: Location::Root("super-admin.conf"),
    };

    /// A kubelet as a client of the API server.
    // The subject that the node authorizer and NodeRestriction ask for.
    KubeletClient: ProfileRow {
        name: "kubelet-client",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::NodeUser,
        groups: &[NODES_GROUP],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::EachNode(NodeRole::Worker),
        wanted_if: |spec| spec.join.node_credentials == NodeCredentials::Certificate,
        location: Location::Kubeconfig {
            path: KUBELET_KUBECONFIG,
            files: FilePair("/etc/kubernetes/pki/kubelet-client"),
        },
    };

    /// A kubelet's serving certificate.
    // The content that the kubelet-serving signer issues; the CN is also what
    // --enable-kubelet-cert-cn-validation (KEP-4872) will ask for.
    KubeletServing: ProfileRow {
        name: "kubelet-serving",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::NodeUser,
        groups: &[NODES_GROUP],
        usage: TlsUsage::Server,
        names: Names { node: true, of_cluster: &[ClusterNames::NodeAddresses], ..Names::NONE },
        scope: Scope::EachNode(NodeRole::Worker),
        wanted_if: |spec| spec.join.serving_certificates == ServingCertificates::Issued,
        location: Location::Files(FilePair("/var/lib/kubelet/pki/kubelet")),
    };

    /// kube-proxy as a client of the API server.
    // system:node-proxier is bound to this user by default (bootstrappolicy/policy.go).
    KubeProxy: ProfileRow {
        name: "kube-proxy",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::Fixed("system:kube-proxy"),
        groups: &[],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::AllNodes(NodeRole::Worker),
        wanted_if: always,
        location: Location::Kubeconfig {
            path: KUBE_PROXY_KUBECONFIG,
            files: FilePair("/etc/kubernetes/pki/kube-proxy"),
        },
    };

    /// metrics-server's serving certificate.
    MetricsServer: ProfileRow {
        name: "metrics-server",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::Fixed("metrics-server"),
        groups: &[],
        usage: TlsUsage::Server,
        names: Names {
            dns: &["metrics-server", "metrics-server.kube-system", "metrics-server.kube-system.svc"],
            of_cluster: &[ClusterNames::InDomain("metrics-server.kube-system.svc")],
            ..Names::NONE
        },
        scope: Scope::Cluster,
        wanted_if: has_control_plane,
        location: Location::Secret(SecretRow {
            path: "manifests/metrics-server-certificate.yaml",
            name: |_| Some("metrics-server-certificate"),
            kind: "kubernetes.io/tls",
            ca: None,
            certificate: "tls.crt",
            key: "tls.key",
        }),
    };

    /// A network plug-in that keeps its state in etcd.
    // etcd without roles of its own takes every client of its authority for root.
    NetworkEtcdClient: ProfileRow {
        name: "network-etcd-client",
        ca: Some(CaRole::Etcd),
        common_name: CommonName::Fixed("network-plugin"),
        groups: &[],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::Cluster,
        wanted_if: |spec| spec.network.etcd_client_secret.is_some(),
        location: Location::Secret(SecretRow {
            path: "manifests/etcd-client.yaml",
            name: |spec| spec.network.etcd_client_secret.as_ref().map(Dns1123Subdomain::as_str),
            kind: "Opaque",
            ca: Some("etcd-ca"),
            certificate: "etcd-cert",
            key: "etcd-key",
        }),
    };

    /// A kubelet's one certificate for both its sides, as hand-install guides make it.
    Kubelet: ProfileRow {
        name: "kubelet",
        ca: Some(CaRole::Cluster),
        common_name: CommonName::NodeUser,
        groups: &[NODES_GROUP],
        usage: TlsUsage::ServerAndClient,
        names: Names { node: true, of_cluster: &[ClusterNames::NodeAddresses], ..Names::NONE },
        scope: Scope::OnRequest,
        wanted_if: never,
        location: Location::OnRequest,
    };

    /// Any client.
    Client: ProfileRow {
        name: "client",
        ca: None,
        common_name: CommonName::Given,
        groups: &[],
        usage: TlsUsage::Client,
        names: Names::NONE,
        scope: Scope::OnRequest,
        wanted_if: never,
        location: Location::OnRequest,
    };

    /// Any server.
    Server: ProfileRow {
        name: "server",
        ca: None,
        common_name: CommonName::Given,
        groups: &[],
        usage: TlsUsage::Server,
        names: Names::NONE,
        scope: Scope::OnRequest,
        wanted_if: never,
        location: Location::OnRequest,
    };

    /// Any server that is also a client.
    Peer: ProfileRow {
        name: "peer",
        ca: None,
        common_name: CommonName::Given,
        groups: &[],
        usage: TlsUsage::ServerAndClient,
        names: Names::NONE,
        scope: Scope::OnRequest,
        wanted_if: never,
        location: Location::OnRequest,
    };
}

impl Profile {
    /// The name that kubeadm has for it, or one in its manner.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The authority that signs it; none where any may.
    #[must_use]
    pub fn ca(self) -> Option<CaRole> {
        self.row().ca
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Profile {
    type Err = PkiError;
    fn from_str(text: &str) -> Result<Self, PkiError> {
        let found = Self::ALL.iter().copied().find(|profile| profile.as_str() == text);
        found.ok_or_else(|| PkiError::UnknownProfile {
            value: excerpt(text),
            known: Self::ALL.iter().map(|profile| profile.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rows_do_not_contradict_themselves() {
        let mut taken = BTreeSet::new();
        for profile in Profile::ALL {
            let row = profile.row();
            assert!(taken.insert(row.name), "{profile}: the name is another's, too");
            let place = match &row.location {
                Location::Files(FilePair(base)) => Some(*base),
                Location::Kubeconfig { path, .. } | Location::Root(path) => Some(*path),
                Location::Secret(secret) => Some(secret.path),
                Location::OnRequest => None,
            };
            assert!(place.is_none_or(|place| taken.insert(place)), "{profile}: the place is another's, too");
            let is_on_nodes = matches!(row.location, Location::Files(_) | Location::Kubeconfig { .. });
            match row.scope {
                Scope::Cluster => assert!(place.is_some() && !is_on_nodes, "{profile}"),
                Scope::EachNode(_) | Scope::AllNodes(_) => assert!(is_on_nodes, "{profile}"),
                Scope::OnRequest => assert!(place.is_none(), "{profile}"),
            }
            let is_of_a_node = matches!(row.common_name, CommonName::NodeName | CommonName::NodeUser);
            let has_nodes = matches!(row.scope, Scope::EachNode(_) | Scope::OnRequest);
            assert!(!is_of_a_node || has_nodes, "{profile}");
            // The table of kubeconfigs: their users are clients.
            let is_client = row.usage == TlsUsage::Client;
            let is_kubeconfig = matches!(row.location, Location::Kubeconfig { .. } | Location::Root(_));
            assert!(is_client || !is_kubeconfig, "{profile}");
        }
    }
}
