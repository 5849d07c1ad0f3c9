//! Where files lie on a node; kubeadm's paths.

use super::Component;
use crate::cluster::ClusterSpec;
use crate::name::FolderPath;
use crate::pki::{Authority, AuthorityLayout, CertificateRole};
use crate::release::gates::LOG_FILES;

pub(crate) const PKI: &str = "/etc/kubernetes/pki";
pub(crate) const SERVICE_ACCOUNT_KEY: &str = "/etc/kubernetes/pki/sa.key";
pub(crate) const SERVICE_ACCOUNT_PUBLIC_KEY: &str = "/etc/kubernetes/pki/sa.pub";
pub(crate) const CONTROLLER_MANAGER_KUBECONFIG: &str = "/etc/kubernetes/controller-manager.conf";
pub(crate) const SCHEDULER_KUBECONFIG: &str = "/etc/kubernetes/scheduler.conf";
pub(crate) const KUBELET_KUBECONFIG: &str = "/etc/kubernetes/kubelet.conf";
pub(crate) const BOOTSTRAP_KUBECONFIG: &str = "/etc/kubernetes/bootstrap-kubelet.conf";
pub(crate) const STATIC_PODS: &str = "/etc/kubernetes/manifests";
pub(crate) const KUBELET_CONFIG: &str = "/var/lib/kubelet/config.yaml";
pub(crate) const KUBELET_PKI: &str = "/var/lib/kubelet/pki";
pub(crate) const KUBE_PROXY_CONFIG: &str = "/var/lib/kube-proxy/config.conf";
pub(crate) const KUBE_PROXY_KUBECONFIG: &str = "/var/lib/kube-proxy/kubeconfig.conf";
pub(crate) const STATIC_TOKENS: &str = "/etc/kubernetes/token.csv";
pub(crate) const SYSTEM_USERS: &str = "/etc/sysusers.d/kubernetes.conf";
pub(crate) const TEMPORARY_FILES: &str = "/etc/tmpfiles.d/kubernetes.conf";
pub(crate) const KERNEL_MODULES: &str = "/etc/modules-load.d/kubernetes.conf";
pub(crate) const KERNEL_SETTINGS: &str = "/etc/sysctl.d/99-kubernetes.conf";
pub(crate) const CONTAINERD_CONFIG: &str = "/etc/containerd/config.toml";
pub(crate) const CRIO_CONFIG: &str = "/etc/crio/crio.conf.d/10-kboot.conf";
pub(crate) const DOCKER_CONFIG: &str = "/etc/docker/daemon.json";
pub(crate) const DOCKER_UNIT: &str = "/etc/systemd/system/docker.service.d/kubernetes.conf";

/// The folder of etcd's data.
pub(crate) fn etcd_data(spec: &ClusterSpec) -> &str {
    spec.folders.etcd.as_ref().map_or("/var/lib/etcd", FolderPath::as_str)
}

/// The folder of the programs, as in kubeadm's packages where the cluster file says nothing.
pub(crate) fn programs(spec: &ClusterSpec) -> &str {
    spec.folders.programs.as_ref().map_or("/usr/bin", FolderPath::as_str)
}

/// The folder of a component's log files, where the cluster file and the version have them.
pub(crate) fn logs(spec: &ClusterSpec, component: Component) -> Option<String> {
    let folder = spec.folders.logs.as_ref().filter(|_| LOG_FILES.contains(spec.kubernetes_version))?;
    (component != Component::Etcd).then(|| format!("{folder}/{component}"))
}

/// The unit's file.
pub(crate) fn unit(component: Component) -> &'static str {
    match component {
        Component::Etcd => "/etc/systemd/system/etcd.service",
        Component::KubeApiserver => "/etc/systemd/system/kube-apiserver.service",
        Component::KubeControllerManager => "/etc/systemd/system/kube-controller-manager.service",
        Component::KubeScheduler => "/etc/systemd/system/kube-scheduler.service",
        Component::Kubelet => "/etc/systemd/system/kubelet.service",
        Component::KubeProxy => "/etc/systemd/system/kube-proxy.service",
    }
}

/// The file of a unit's arguments, where they have one.
pub(crate) fn environment(component: Component) -> &'static str {
    match component {
        Component::Etcd => "/etc/kubernetes/etcd.env",
        Component::KubeApiserver => "/etc/kubernetes/kube-apiserver.env",
        Component::KubeControllerManager => "/etc/kubernetes/kube-controller-manager.env",
        Component::KubeScheduler => "/etc/kubernetes/kube-scheduler.env",
        Component::Kubelet => "/etc/kubernetes/kubelet.env",
        Component::KubeProxy => "/etc/kubernetes/kube-proxy.env",
    }
}

/// An authority's certificate; with a single authority always the cluster's.
pub(crate) fn authority_certificate(layout: AuthorityLayout, authority: Authority) -> String {
    format!("{PKI}/{}.crt", layout.effective(authority).base_name())
}

/// An authority's private key.
pub(crate) fn authority_key(layout: AuthorityLayout, authority: Authority) -> String {
    format!("{PKI}/{}.key", layout.effective(authority).base_name())
}

/// Where a certificate with its key, or a kubeconfig that holds both, lies on its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    /// A certificate and a key: this path with `.crt` and `.key`.
    Files(&'static str),
    /// A kubeconfig, and the files that it names where it does not hold them: its second path with
    /// `.crt` and `.key`.
    Kubeconfig(&'static str, &'static str),
    /// Not on a node.
    Elsewhere,
}

pub(crate) fn placement(role: CertificateRole) -> Placement {
    match role {
        CertificateRole::ApiServer => Placement::Files("/etc/kubernetes/pki/apiserver"),
        CertificateRole::ApiServerKubeletClient => {
            Placement::Files("/etc/kubernetes/pki/apiserver-kubelet-client")
        }
        CertificateRole::ApiServerEtcdClient => Placement::Files("/etc/kubernetes/pki/apiserver-etcd-client"),
        CertificateRole::FrontProxyClient => Placement::Files("/etc/kubernetes/pki/front-proxy-client"),
        CertificateRole::EtcdServer => Placement::Files("/etc/kubernetes/pki/etcd/server"),
        CertificateRole::EtcdPeer => Placement::Files("/etc/kubernetes/pki/etcd/peer"),
        CertificateRole::EtcdHealthcheckClient => {
            Placement::Files("/etc/kubernetes/pki/etcd/healthcheck-client")
        }
        CertificateRole::KubeletServing => Placement::Files("/var/lib/kubelet/pki/kubelet"),
        CertificateRole::ControllerManager => {
            Placement::Kubeconfig(CONTROLLER_MANAGER_KUBECONFIG, "/etc/kubernetes/pki/controller-manager")
        }
        CertificateRole::Scheduler => {
            Placement::Kubeconfig(SCHEDULER_KUBECONFIG, "/etc/kubernetes/pki/scheduler")
        }
        CertificateRole::KubeletClient => {
            Placement::Kubeconfig(KUBELET_KUBECONFIG, "/etc/kubernetes/pki/kubelet-client")
        }
        CertificateRole::KubeProxy => {
            Placement::Kubeconfig(KUBE_PROXY_KUBECONFIG, "/etc/kubernetes/pki/kube-proxy")
        }
        CertificateRole::Admin
        | CertificateRole::SuperAdmin
        | CertificateRole::MetricsServer
        | CertificateRole::NetworkEtcdClient => Placement::Elsewhere,
    }
}

/// The certificate file of a role whose certificate is, or can be, a file.
pub(crate) fn certificate(role: CertificateRole) -> String {
    match placement(role) {
        Placement::Files(base) | Placement::Kubeconfig(_, base) => format!("{base}.crt"),
        Placement::Elsewhere => String::new(),
    }
}

/// The key file of a role whose certificate is, or can be, a file.
pub(crate) fn key(role: CertificateRole) -> String {
    match placement(role) {
        Placement::Files(base) | Placement::Kubeconfig(_, base) => format!("{base}.key"),
        Placement::Elsewhere => String::new(),
    }
}

/// Every path that kboot may write on a node, whatever its roles.
pub(crate) fn all_on_a_node() -> Vec<String> {
    let mut all = Vec::new();
    for component in Component::ALL {
        all.extend([unit(component).to_owned(), environment(component).to_owned()]);
    }
    all.extend([BOOTSTRAP_KUBECONFIG, SERVICE_ACCOUNT_KEY, SERVICE_ACCOUNT_PUBLIC_KEY].map(str::to_owned));
    all.extend([KUBELET_CONFIG, KUBE_PROXY_CONFIG, STATIC_TOKENS, SYSTEM_USERS].map(str::to_owned));
    all.extend([TEMPORARY_FILES, KERNEL_MODULES, KERNEL_SETTINGS].map(str::to_owned));
    all.extend([CONTAINERD_CONFIG, CRIO_CONFIG, DOCKER_CONFIG, DOCKER_UNIT].map(str::to_owned));
    for authority in Authority::ALL {
        all.push(authority_certificate(AuthorityLayout::Separate, authority));
        all.push(authority_key(AuthorityLayout::Separate, authority));
    }
    for role in CertificateRole::ALL {
        if let Placement::Kubeconfig(path, _) = placement(role) {
            all.push(path.to_owned());
        }
        if placement(role) != Placement::Elsewhere {
            all.extend([certificate(role), key(role)]);
        }
    }
    all
}
