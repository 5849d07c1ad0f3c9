//! The container runtime's share: the cgroup driver that it must have in common with the kubelet.

use super::{PlainFile, kubelet};
use crate::spec::{ClusterSpec, Runtime};

/// The socket of the runtime, as the kubelet takes it.
pub(super) fn endpoint(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Containerd => "unix:///run/containerd/containerd.sock",
        Runtime::Crio => "unix:///var/run/crio/crio.sock",
        Runtime::Docker => "unix:///var/run/dockershim.sock",
    }
}

/// The runtime's configuration file.
pub(super) fn file(spec: &ClusterSpec) -> PlainFile {
    let driver = kubelet::cgroup_driver(spec);
    match spec.runtime {
        // Version 2 is read by containerd 1.3 and later, 2.x included.
        Runtime::Containerd => PlainFile {
            path: "/etc/containerd/config.toml",
            content: format!(
                "version = 2\n\n\
                 [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n\
                 runtime_type = \"io.containerd.runc.v2\"\n\n\
                 [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n\
                 SystemdCgroup = {}\n",
                driver == "systemd"
            ),
        },
        Runtime::Crio => PlainFile {
            path: "/etc/crio/crio.conf.d/10-kboot.conf",
            content: format!("[crio.runtime]\ncgroup_manager = \"{driver}\"\n"),
        },
        Runtime::Docker => PlainFile {
            path: "/etc/docker/daemon.json",
            content: format!("{{\n  \"exec-opts\": [\"native.cgroupdriver={driver}\"]\n}}\n"),
        },
    }
}
