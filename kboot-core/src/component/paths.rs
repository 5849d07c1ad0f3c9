//! Where files lie on a node; kubeadm's paths.

use super::Component;
use crate::cluster::{CaLayout, CaRole, ClusterSpec, NodeRole};
use crate::name::FolderPath;
use crate::pki::Profile;
pub(crate) use crate::pki::places::{
    CONTROLLER_MANAGER_KUBECONFIG, KUBE_PROXY_KUBECONFIG, KUBELET_KUBECONFIG, PKI, SCHEDULER_KUBECONFIG,
};
use crate::pki::row::{FilePair, Location, Scope};
use crate::release::gates::LOG_FILES;

pub(crate) const SERVICE_ACCOUNT_KEY: &str = "/etc/kubernetes/pki/sa.key";
pub(crate) const SERVICE_ACCOUNT_PUBLIC_KEY: &str = "/etc/kubernetes/pki/sa.pub";
pub(crate) const BOOTSTRAP_KUBECONFIG: &str = "/etc/kubernetes/bootstrap-kubelet.conf";
pub(crate) const STATIC_PODS: &str = "/etc/kubernetes/manifests";
pub(crate) const KUBELET_CONFIG: &str = "/var/lib/kubelet/config.yaml";
pub(crate) const KUBELET_PKI: &str = "/var/lib/kubelet/pki";
pub(crate) const KUBE_PROXY_CONFIG: &str = "/var/lib/kube-proxy/config.conf";
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

/// Whether the file is a unit, or what is added to one.
pub(crate) fn is_unit(path: &str) -> bool {
    path == DOCKER_UNIT || Component::ALL.into_iter().any(|component| unit(component) == path)
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
pub(crate) fn authority_certificate(layout: CaLayout, authority: CaRole) -> String {
    format!("{PKI}/{}.crt", layout.effective(authority).base_name())
}

/// An authority's private key.
pub(crate) fn authority_key(layout: CaLayout, authority: CaRole) -> String {
    format!("{PKI}/{}.key", layout.effective(authority).base_name())
}

/// The files of a certificate and its key on a node, where they are, or can be, files of a node.
fn files(profile: Profile) -> Option<FilePair> {
    match profile.row().location {
        Location::Files(files) | Location::Kubeconfig { files, .. } => Some(files),
        Location::Secret(_) | Location::Root(_) | Location::OnRequest => None,
    }
}

/// The certificate file of a profile whose certificate is, or can be, a file of a node.
pub(crate) fn certificate(profile: Profile) -> String {
    debug_assert!(files(profile).is_some(), "{profile}");
    files(profile).map(FilePair::certificate).unwrap_or_default()
}

/// The key file of a profile whose certificate is, or can be, a file of a node.
pub(crate) fn key(profile: Profile) -> String {
    debug_assert!(files(profile).is_some(), "{profile}");
    files(profile).map(FilePair::key).unwrap_or_default()
}

/// The keys among the files of the nodes of a role.
pub(crate) fn keys_of(spec: &ClusterSpec, role: NodeRole) -> impl Iterator<Item = String> {
    certificates_of(spec, role).filter_map(|profile| match profile.row().location {
        Location::Files(files) => Some(files.key()),
        Location::Kubeconfig { .. } | Location::Secret(_) | Location::Root(_) | Location::OnRequest => None,
    })
}

/// The kubeconfigs of the nodes of a role, and the keys that these name where they hold none.
pub(crate) fn kubeconfigs_of(spec: &ClusterSpec, role: NodeRole) -> impl Iterator<Item = (String, String)> {
    certificates_of(spec, role).filter_map(|profile| match profile.row().location {
        Location::Kubeconfig { path, files } => Some((path.to_owned(), files.key())),
        Location::Files(_) | Location::Secret(_) | Location::Root(_) | Location::OnRequest => None,
    })
}

/// What each node of a role has one of.
fn certificates_of(spec: &ClusterSpec, role: NodeRole) -> impl Iterator<Item = Profile> {
    let all = Profile::ALL.iter().copied();
    all.filter(move |profile| profile.row().scope == Scope::EachNode(role) && (profile.row().wanted_if)(spec))
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
    for authority in CaRole::ALL {
        all.push(authority_certificate(CaLayout::Separate, authority));
        all.push(authority_key(CaLayout::Separate, authority));
    }
    for profile in Profile::ALL {
        match profile.row().location {
            Location::Files(files) => all.extend([files.certificate(), files.key()]),
            Location::Kubeconfig { path, files } => {
                all.extend([path.to_owned(), files.certificate(), files.key()]);
            }
            Location::Secret(_) | Location::Root(_) | Location::OnRequest => {}
        }
    }
    all
}
