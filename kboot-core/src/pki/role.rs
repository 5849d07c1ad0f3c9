//! Which authorities and certificates a cluster has.

use std::fmt;
use std::path::Path;

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

    /// The authority that a certificate's common name speaks of, as kubeadm, kops, k3s and others name theirs:
    /// `etcd-ca`, `etcd-clients-ca`, `kubernetes-front-proxy-ca`, `kubernetes`. None where it says nothing.
    #[must_use]
    pub fn of_common_name(name: &str) -> Option<Self> {
        Self::apart(name).or_else(|| {
            let is_clusters = words(name).any(|word| word == "kubernetes" || word == "k8s");
            is_clusters.then_some(Self::Cluster)
        })
    }

    /// The authority that a certificate's path speaks of: etcd's for `etcd/ca.crt` and `etcd-ca.pem`, the front
    /// proxy's for `front-proxy-ca.crt`. None where it says nothing, as `ca.crt` alone.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let file = text(path.file_stem()).unwrap_or_default();
        let folder = text(path.parent().and_then(Path::file_name)).unwrap_or_default();
        // A folder may be called after all that is in it.
        let folder = Self::apart(&folder).filter(|_| {
            let mut rest =
                words(&folder).filter(|word| !matches!(word.as_str(), "ca" | "pki" | "certs" | "tls"));
            matches!(
                (rest.next().as_deref(), rest.next().as_deref(), rest.next()),
                (Some("etcd" | "frontproxy"), None, None) | (Some("front"), Some("proxy"), None)
            )
        });
        Self::apart(&file).or(folder)
    }

    /// etcd's or the front proxy's, where a name has it among its words.
    fn apart(name: &str) -> Option<Self> {
        if words(name).any(|word| word == "etcd") {
            return Some(Self::Etcd);
        }
        let joined: String = words(name).collect();
        // After the API server's flags --requestheader-*, and the aggregator that they are for.
        let is_proxy = ["frontproxy", "requestheader", "aggregator"].iter().any(|word| joined.contains(word));
        is_proxy.then_some(Self::FrontProxy)
    }
}

fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_known_by_their_names() {
        use Authority::{Cluster, Etcd, FrontProxy};
        for (name, is) in [
            ("etcd-ca", Some(Etcd)),
            ("etcd-server-ca@1700000000", Some(Etcd)),
            ("openshift-etcd_etcd-signer@1700000000", Some(Etcd)),
            ("kubernetes-etcd-ca", Some(Etcd)),
            ("ETCD CA", Some(Etcd)),
            ("front-proxy-ca", Some(FrontProxy)),
            ("kubernetes-front-proxy-ca", Some(FrontProxy)),
            ("k3s-request-header-ca@1700000000", Some(FrontProxy)),
            ("apiserver-aggregator-ca", Some(FrontProxy)),
            ("kubernetes", Some(Cluster)),
            ("Kubernetes CA", Some(Cluster)),
            ("getcd.example.com", None),
            ("ca", None),
            ("", None),
        ] {
            assert_eq!(Authority::of_common_name(name), is, "{name}");
        }
        for (path, is) in [
            ("/out/authorities/etcd/ca.crt", Some(Etcd)),
            ("/etc/kubernetes/pki/etcd-ca.pem", Some(Etcd)),
            ("/etcd-pki/ca.pem", Some(Etcd)),
            ("/pki/front-proxy-ca.crt", Some(FrontProxy)),
            ("/pki/front-proxy/ca.crt", Some(FrontProxy)),
            ("/pki/ca.crt", None),
            ("/etcd/pki/ca.crt", None),
            ("/kubernetes-and-etcd/ca.crt", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(Authority::of_path(Path::new(path)), is, "{path}");
        }
        for authority in Authority::ALL {
            assert_eq!(Authority::of_common_name(authority.common_name()), Some(authority));
        }
    }
}
