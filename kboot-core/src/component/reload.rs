//! Which files of a node a component reads, and what makes it use one that has changed.

use super::{Component, paths};
use crate::cluster::{CaLayout, CaRole};
use crate::pki::Profile;
use crate::release::{VersionSpan, gates};
use crate::version::KubernetesVersion;

/// What makes a component use a file that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reload {
    /// Nothing: it reads the file again by itself, within minutes.
    ByItself,
    /// A restart of its unit.
    Restart,
}

/// A certificate and its key, who reads them, and the versions that read them again.
struct Row(Component, Profile, VersionSpan);

const CERTIFICATES: [Row; 10] = [
    Row(Component::Etcd, Profile::EtcdServer, gates::RELOADS_ETCD_CERTIFICATES),
    Row(Component::Etcd, Profile::EtcdPeer, gates::RELOADS_ETCD_CERTIFICATES),
    Row(Component::KubeApiserver, Profile::ApiServer, gates::RELOADS_SERVING_CERTIFICATE),
    Row(Component::KubeApiserver, Profile::ApiServerKubeletClient, gates::RELOADS_CLIENT_CERTIFICATES),
    Row(Component::KubeApiserver, Profile::ApiServerEtcdClient, gates::RELOADS_ETCD_CERTIFICATES),
    Row(Component::KubeApiserver, Profile::FrontProxyClient, gates::RELOADS_FRONT_PROXY_CLIENT),
    Row(Component::KubeControllerManager, Profile::ControllerManager, gates::RELOADS_CLIENT_CERTIFICATES),
    Row(Component::KubeScheduler, Profile::Scheduler, gates::RELOADS_CLIENT_CERTIFICATES),
    Row(Component::Kubelet, Profile::KubeletServing, gates::RELOADS_KUBELET_SERVING_CERTIFICATE),
    Row(Component::KubeProxy, Profile::KubeProxy, gates::RELOADS_CLIENT_CERTIFICATES),
];

impl Component {
    /// What makes the component use a file of its node that has changed; none for a file that it does not read. Where
    /// nobody is known to read it again, it is a restart.
    ///
    /// ```
    /// use kboot_core::cluster::CaLayout;
    /// use kboot_core::component::{Component, Reload};
    /// let serving = "/etc/kubernetes/pki/apiserver.crt";
    /// let reload = |version: &str| {
    ///     Ok::<_, kboot_core::version::VersionError>(
    ///         Component::KubeApiserver.reload(serving, CaLayout::Separate, version.parse()?))
    /// };
    /// assert_eq!(reload("v1.36.4")?, Some(Reload::ByItself));
    /// assert_eq!(reload("v1.16.0")?, Some(Reload::Restart));
    /// assert_eq!(Component::Kubelet.reload(serving, CaLayout::Separate, "v1.36.4".parse()?), None);
    /// # Ok::<(), kboot_core::version::VersionError>(())
    /// ```
    #[must_use]
    pub fn reload(self, path: &str, layout: CaLayout, version: KubernetesVersion) -> Option<Reload> {
        if path == paths::unit(self) || path == paths::environment(self) {
            return Some(Reload::Restart);
        }
        let since =
            |span: VersionSpan| Some(if span.contains(version) { Reload::ByItself } else { Reload::Restart });
        for Row(component, profile, span) in CERTIFICATES {
            if component == self && (path == paths::certificate(profile) || path == paths::key(profile)) {
                return since(span);
            }
        }
        let is_authority = |role| path == paths::authority_certificate(layout, role);
        // What a component reads besides, and in its single-authority form all at once: the first that holds counts.
        match self {
            Self::Etcd => is_authority(CaRole::Etcd).then_some(Reload::Restart),
            Self::KubeApiserver => match path {
                paths::SERVICE_ACCOUNT_KEY | paths::SERVICE_ACCOUNT_PUBLIC_KEY | paths::STATIC_TOKENS => {
                    Some(Reload::Restart)
                }
                _ if is_authority(CaRole::Cluster) || is_authority(CaRole::Etcd) => Some(Reload::Restart),
                _ if is_authority(CaRole::FrontProxy) => since(gates::RELOADS_REQUEST_HEADER_AUTHORITY),
                _ => None,
            },
            Self::KubeControllerManager => match path {
                paths::CONTROLLER_MANAGER_KUBECONFIG | paths::SERVICE_ACCOUNT_KEY => Some(Reload::Restart),
                _ if is_authority(CaRole::Cluster) => Some(Reload::Restart),
                _ if is_authority(CaRole::FrontProxy) => since(gates::RELOADS_REQUEST_HEADER_AUTHORITY),
                _ if path == paths::authority_key(layout, CaRole::Cluster) => {
                    since(gates::RELOADS_SIGNERS_AUTHORITY)
                }
                _ => None,
            },
            Self::KubeScheduler => match path {
                paths::SCHEDULER_KUBECONFIG => Some(Reload::Restart),
                _ if is_authority(CaRole::Cluster) => since(gates::RELOADS_AUTHORITIES),
                _ => None,
            },
            Self::Kubelet => {
                let own = [paths::KUBELET_KUBECONFIG, paths::BOOTSTRAP_KUBECONFIG, paths::KUBELET_CONFIG];
                let of_client =
                    [paths::certificate(Profile::KubeletClient), paths::key(Profile::KubeletClient)];
                let is_read = own.contains(&path)
                    || of_client.iter().any(|file| file == path)
                    || is_authority(CaRole::Cluster);
                is_read.then_some(Reload::Restart)
            }
            Self::KubeProxy => match path {
                paths::KUBE_PROXY_KUBECONFIG | paths::KUBE_PROXY_CONFIG => Some(Reload::Restart),
                _ if is_authority(CaRole::Cluster) => since(gates::RELOADS_AUTHORITIES),
                _ => None,
            },
        }
    }
}

/// The unit of the machine that is restarted for a file which no component reads.
pub(crate) fn unit_of_machine(path: &str) -> Option<&'static str> {
    match path {
        paths::CONTAINERD_CONFIG => Some("containerd"),
        paths::CRIO_CONFIG => Some("crio"),
        paths::DOCKER_CONFIG | paths::DOCKER_UNIT => Some("docker"),
        paths::SYSTEM_USERS => Some("systemd-sysusers"),
        paths::TEMPORARY_FILES => Some("systemd-tmpfiles-setup"),
        paths::KERNEL_MODULES => Some("systemd-modules-load"),
        paths::KERNEL_SETTINGS => Some("systemd-sysctl"),
        _ => None,
    }
}
