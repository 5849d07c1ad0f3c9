//! The container runtime's share: the cgroup driver that it must have in common with the kubelet.

use super::{kubelet, paths};
use crate::spec::{ClusterSpec, Runtime};

/// The socket of the runtime, as the kubelet takes it.
pub(super) fn endpoint(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Containerd => "unix:///run/containerd/containerd.sock",
        Runtime::Crio => "unix:///var/run/crio/crio.sock",
        Runtime::Docker => "unix:///var/run/dockershim.sock",
    }
}

/// The runtime's files.
pub(super) fn files(spec: &ClusterSpec) -> Vec<(&'static str, String)> {
    let driver = kubelet::cgroup_driver(spec);
    let image = |before: &str, key: &str| match &spec.sandbox_image {
        Some(image) => format!("{before}{key} = \"{image}\"\n"),
        None => String::new(),
    };
    match spec.runtime {
        // Version 2 is read by containerd 1.3 and later, 2.x included.
        Runtime::Containerd => vec![(
            paths::CONTAINERD_CONFIG,
            format!(
                "version = 2\n\n{}\
                 [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n\
                 runtime_type = \"io.containerd.runc.v2\"\n\n\
                 [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n\
                 SystemdCgroup = {}\n",
                image("[plugins.\"io.containerd.grpc.v1.cri\"]\n", "sandbox_image")
                    + if spec.sandbox_image.is_some() { "\n" } else { "" },
                driver == "systemd"
            ),
        )],
        Runtime::Crio => vec![(
            paths::CRIO_CONFIG,
            format!(
                "[crio.runtime]\ncgroup_manager = \"{driver}\"\n{}",
                image("\n[crio.image]\n", "pause_image")
            ),
        )],
        Runtime::Docker => vec![
            (paths::DOCKER_CONFIG, format!("{{\n  \"exec-opts\": [\"native.cgroupdriver={driver}\"]\n}}\n")),
            // Docker 1.13 and later drop what is forwarded between machines; flannel's file, where
            // there is one, says which addresses containers get.
            (
                paths::DOCKER_UNIT,
                "[Service]\n\
                 EnvironmentFile=-/run/flannel/docker\n\
                 ExecStart=\n\
                 ExecStart=/usr/bin/dockerd -H unix:///var/run/docker.sock $DOCKER_NETWORK_OPTIONS\n\
                 ExecStartPost=/sbin/iptables -P FORWARD ACCEPT\n"
                    .to_owned(),
            ),
        ],
    }
}
