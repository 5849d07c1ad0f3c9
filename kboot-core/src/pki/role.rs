//! Which authorities and certificates a cluster has.

use std::fmt;

/// One of the cluster's certificate authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a new authority must be thought of everywhere")]
pub enum Authority {
    /// Signs everything that talks to the API server.
    Cluster,
    /// Signs etcd's servers, peers and clients, so that no node certificate opens etcd.
    Etcd,
    /// Signs the aggregator's client certificate, so that no user certificate passes for the aggregator.
    FrontProxy,
}

impl Authority {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Etcd, Self::FrontProxy];

    /// The common name that upstream gives it (kubeadm's certlist.go).
    #[must_use]
    pub fn common_name(self) -> &'static str {
        match self {
            Self::Cluster => "kubernetes",
            Self::Etcd => "etcd-ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }

    /// Its files below `/etc/kubernetes/pki`, without the ending.
    #[must_use]
    pub fn base_name(self) -> &'static str {
        match self {
            Self::Cluster => "ca",
            Self::Etcd => "etcd/ca",
            Self::FrontProxy => "front-proxy-ca",
        }
    }
}

/// One kind of certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a new certificate must be thought of everywhere")]
pub enum CertificateRole {
    /// kube-apiserver's serving certificate.
    ApiServer,
    /// kube-apiserver as a client of kubelets.
    ApiServerKubeletClient,
    /// kube-apiserver as a client of etcd.
    ApiServerEtcdClient,
    /// kube-apiserver's aggregator as a client of extension API servers.
    FrontProxyClient,
    /// etcd's serving certificate.
    EtcdServer,
    /// etcd among its peers.
    EtcdPeer,
    /// A client of etcd that asks for its health.
    EtcdHealthcheckClient,
    /// kube-controller-manager as a client of the API server.
    ControllerManager,
    /// kube-scheduler as a client of the API server.
    Scheduler,
    /// The administrator, through an RBAC binding.
    Admin,
    /// The administrator when RBAC is broken: `system:masters`.
    SuperAdmin,
    /// A kubelet as a client of the API server.
    KubeletClient,
    /// A kubelet's serving certificate.
    KubeletServing,
    /// kube-proxy as a client of the API server.
    KubeProxy,
    /// metrics-server's serving certificate.
    MetricsServer,
    /// A network plug-in that keeps its state in etcd.
    NetworkEtcdClient,
}

impl CertificateRole {
    /// All of them, in their order.
    pub const ALL: [Self; 16] = [
        Self::ApiServer,
        Self::ApiServerKubeletClient,
        Self::ApiServerEtcdClient,
        Self::FrontProxyClient,
        Self::EtcdServer,
        Self::EtcdPeer,
        Self::EtcdHealthcheckClient,
        Self::ControllerManager,
        Self::Scheduler,
        Self::Admin,
        Self::SuperAdmin,
        Self::KubeletClient,
        Self::KubeletServing,
        Self::KubeProxy,
        Self::MetricsServer,
        Self::NetworkEtcdClient,
    ];

    /// The name that kubeadm has for it, or one in its manner.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "apiserver",
            Self::ApiServerKubeletClient => "apiserver-kubelet-client",
            Self::ApiServerEtcdClient => "apiserver-etcd-client",
            Self::FrontProxyClient => "front-proxy-client",
            Self::EtcdServer => "etcd-server",
            Self::EtcdPeer => "etcd-peer",
            Self::EtcdHealthcheckClient => "etcd-healthcheck-client",
            Self::ControllerManager => "controller-manager",
            Self::Scheduler => "scheduler",
            Self::Admin => "admin",
            Self::SuperAdmin => "super-admin",
            Self::KubeletClient => "kubelet-client",
            Self::KubeletServing => "kubelet-serving",
            Self::KubeProxy => "kube-proxy",
            Self::MetricsServer => "metrics-server",
            Self::NetworkEtcdClient => "network-etcd-client",
        }
    }

    /// The authority that signs it.
    #[must_use]
    pub fn authority(self) -> Authority {
        match self {
            Self::NetworkEtcdClient
            | Self::ApiServerEtcdClient
            | Self::EtcdServer
            | Self::EtcdPeer
            | Self::EtcdHealthcheckClient => Authority::Etcd,
            Self::FrontProxyClient => Authority::FrontProxy,
            Self::ApiServer
            | Self::ApiServerKubeletClient
            | Self::ControllerManager
            | Self::Scheduler
            | Self::Admin
            | Self::SuperAdmin
            | Self::KubeletClient
            | Self::KubeletServing
            | Self::KubeProxy
            | Self::MetricsServer => Authority::Cluster,
        }
    }
}

impl fmt::Display for CertificateRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
