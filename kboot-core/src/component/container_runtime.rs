//! The container runtime's share: the cgroup driver that it must have in common with the kubelet, the
//! sandbox image, and where CNI plug-ins lie.

use super::{Component, paths};
use crate::cluster::{ClusterSpec, Runtime};

/// The socket of the runtime, as the kubelet takes it.
pub(super) fn endpoint(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Containerd => "unix:///run/containerd/containerd.sock",
        Runtime::Crio => "unix:///var/run/crio/crio.sock",
        Runtime::Docker => "unix:///var/run/dockershim.sock",
    }
}

/// The runtime's service.
pub(crate) fn service(spec: &ClusterSpec) -> &'static str {
    match spec.runtime {
        Runtime::Containerd => "containerd",
        Runtime::Crio => "crio",
        Runtime::Docker => "docker",
    }
}

/// The cgroup driver in force, which the container runtime must share.
pub(super) fn cgroup_driver(spec: &ClusterSpec) -> &str {
    let overrides = spec.overrides(Component::Kubelet);
    overrides.and_then(|overrides| overrides.config.get("cgroupDriver")?.as_str()).unwrap_or("systemd")
}

/// The runtime's files.
pub(super) fn files(spec: &ClusterSpec) -> Vec<(&'static str, String)> {
    let driver = cgroup_driver(spec);
    match spec.runtime {
        Runtime::Containerd => vec![(paths::CONTAINERD_CONFIG, containerd(spec, driver))],
        Runtime::Crio => vec![(paths::CRIO_CONFIG, crio(spec, driver))],
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

/// Version 2 is read by containerd 1.3 and later. 2.x moves what stands here to its new places, also
/// `bin_dir` to `bin_dirs`, which versions before 2.1 do not know. The file takes the place of the
/// distribution's, so what is not said here is containerd's own default.
fn containerd(spec: &ClusterSpec, driver: &str) -> String {
    let section = |name: &str, line: Option<String>| match line {
        Some(line) => format!("[plugins.\"io.containerd.grpc.v1.cri\"{name}]\n{line}\n\n"),
        None => String::new(),
    };
    let image = spec.sandbox_image.as_ref().map(|image| format!("sandbox_image = \"{image}\""));
    let plugins = spec.folders.cni_plugins.as_ref().map(|folder| format!("bin_dir = \"{folder}\""));
    format!(
        "version = 2\n\n{}{}\
         [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n\
         runtime_type = \"io.containerd.runc.v2\"\n\n\
         [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n\
         SystemdCgroup = {}\n",
        section("", image),
        section(".cni", plugins),
        driver == "systemd"
    )
}

/// A drop-in: what is not said here is the distribution's.
fn crio(spec: &ClusterSpec, driver: &str) -> String {
    let mut text = format!("[crio.runtime]\ncgroup_manager = \"{driver}\"\n");
    if let Some(image) = &spec.sandbox_image {
        text += &format!("\n[crio.image]\npause_image = \"{image}\"\n");
    }
    if let Some(folder) = &spec.folders.cni_plugins {
        text += &format!("\n[crio.network]\nplugin_dirs = [\"{folder}\"]\n");
    }
    text
}
