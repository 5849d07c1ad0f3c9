//! Which changed files a program reads again by itself, and which services are not kboot's own.

use super::{Component, container_runtime, paths};
use crate::cluster::ClusterSpec;
use crate::pki::Profile;
use crate::release::gates;

/// Why a component that reads a file need not be restarted when the file changes; nothing where it must be.
pub(crate) fn no_restart(component: Component, spec: &ClusterSpec, path: &str) -> Option<&'static str> {
    let is = |profile| path == paths::certificate(profile) || path == paths::key(profile);
    let version = spec.kubernetes_version;
    match component {
        // client/pkg/transport/listener.go, baseConfig: read for every handshake.
        Component::Etcd if is(Profile::EtcdServer) || is(Profile::EtcdPeer) => {
            Some("etcd reads it at the next handshake")
        }
        Component::KubeApiserver
            if is(Profile::ApiServer) && gates::API_SERVER_RELOADS_CERTIFICATE.contains(version) =>
        {
            Some("kube-apiserver reads it again within a minute")
        }
        Component::Kubelet
            if is(Profile::KubeletServing) && gates::KUBELET_RELOADS_CERTIFICATE.contains(version) =>
        {
            Some("kubelet reads it again by itself")
        }
        // One that the API server turns away ends, and systemd starts it again.
        Component::Kubelet if path == paths::BOOTSTRAP_KUBECONFIG => {
            Some("kubelet reads it until it has joined")
        }
        _ => None,
    }
}

/// The service that takes up a file of the operating system or of the container runtime when it starts.
pub(crate) fn service_of_machine(spec: &ClusterSpec, path: &str) -> Option<&'static str> {
    match path {
        paths::KERNEL_MODULES => Some("systemd-modules-load"),
        paths::KERNEL_SETTINGS => Some("systemd-sysctl"),
        paths::CONTAINERD_CONFIG | paths::CRIO_CONFIG | paths::DOCKER_CONFIG | paths::DOCKER_UNIT => {
            Some(container_runtime::service(spec))
        }
        _ => None,
    }
}
