//! Configuration files, flags and systemd units of every component, for the version at hand.

mod changes;
mod configuration;
mod container_runtime;
mod etcd;
mod flags;
mod host;
mod kube_apiserver;
mod kube_controller_manager;
mod kube_proxy;
mod kube_scheduler;
mod kubelet;
mod lint;
pub(crate) mod paths;
mod systemd;
mod unit_file;

pub(crate) use changes::changes;
pub use configuration::{
    ClientConnection, ConfigurationError, Enabled, KubeProxyConfiguration, KubeletAuthentication,
    KubeletAuthorization, KubeletConfiguration, KubeletX509, OtherFields,
};
use flags::Flags;
pub use lint::{FileFinding, LintError, LintProblem, UnreadableFile, lint};
pub use systemd::Unit;
pub use unit_file::SyntaxError;

use crate::cluster::{ClusterSpec, Node, NodeRole, UnitArguments};
use crate::document::{Unwritable, yaml};
pub use crate::release::Component;
use crate::release::fields;

/// What of a component depends on the cluster file.
impl Component {
    /// Whether the component runs on a node.
    #[must_use]
    pub fn runs_on(self, node: &Node) -> bool {
        node.has(match self {
            Self::Etcd => NodeRole::Etcd,
            Self::KubeApiserver | Self::KubeControllerManager | Self::KubeScheduler => NodeRole::ControlPlane,
            Self::Kubelet | Self::KubeProxy => NodeRole::Worker,
        })
    }

    /// The component's systemd unit on a node, whether or not the node has the role ([`Component::runs_on`]).
    #[must_use]
    pub fn unit(self, spec: &ClusterSpec, node: &Node) -> Unit {
        Unit::of(self, spec, &self.flags(spec, node))
    }

    /// The component's command line arguments on a node, `--flag=value` each, in alphabetical order.
    #[must_use]
    pub fn arguments(self, spec: &ClusterSpec, node: &Node) -> Vec<String> {
        self.flags(spec, node).arguments().collect()
    }

    fn flags(self, spec: &ClusterSpec, node: &Node) -> Flags {
        let mut flags = match self {
            Self::Etcd => etcd::flags(spec, node),
            Self::KubeApiserver => kube_apiserver::flags(spec, node),
            Self::KubeControllerManager => kube_controller_manager::flags(spec),
            Self::KubeScheduler => kube_scheduler::flags(spec),
            Self::Kubelet => kubelet::flags(spec, node),
            Self::KubeProxy => kube_proxy::flags(spec, node),
        };
        if let Some(folder) = paths::logs(spec, self) {
            flags.set("log-dir", folder);
            flags.set("logtostderr", "false");
        }
        flags.with_extra(spec)
    }
}

/// A file of a node that holds no secret: its path below `/`, and its content.
#[derive(Debug)]
pub(crate) struct PlainFile {
    pub(crate) path: &'static str,
    pub(crate) content: String,
}

/// The files of a node besides certificates and kubeconfigs: configuration, units, host settings.
pub(crate) fn plain_files(spec: &ClusterSpec, node: &Node) -> Result<Vec<PlainFile>, Unwritable> {
    let mut files = Vec::new();
    let mut add = |path, content| files.push(PlainFile { path, content });
    for component in Component::ALL.into_iter().filter(|component| component.runs_on(node)) {
        let flags = component.flags(spec, node);
        add(paths::unit(component), Unit::of(component, spec, &flags).to_string());
        if spec.unit_arguments == UnitArguments::EnvironmentFile {
            add(paths::environment(component), systemd::environment_file(component, &flags));
        }
    }
    if node.has(NodeRole::Worker) {
        if fields::reads_a_file(Component::Kubelet, spec.kubernetes_version) {
            add(paths::KUBELET_CONFIG, yaml::write(&kubelet::config(spec, node))?);
        }
        if fields::reads_a_file(Component::KubeProxy, spec.kubernetes_version) {
            add(paths::KUBE_PROXY_CONFIG, yaml::write(&kube_proxy::config(spec, node))?);
        }
        for (path, content) in container_runtime::files(spec).into_iter().chain(host::worker_files(spec)) {
            add(path, content);
        }
    }
    for (path, content) in host::files(spec, node) {
        add(path, content);
    }
    Ok(files)
}

/// Lays `changes` over `base`: maps are merged, everything else is replaced.
pub(crate) fn merge(base: &mut serde_json::Value, changes: &serde_json::Map<String, serde_json::Value>) {
    use serde_json::Value;
    let Value::Object(fields) = base else { return };
    for (name, change) in changes {
        match (fields.get_mut(name), change) {
            (Some(existing @ Value::Object(_)), Value::Object(change)) => merge(existing, change),
            _ => {
                fields.insert(name.clone(), change.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::protected_flags::{FREE, is_protected};
    use crate::version::KubernetesVersion;

    /// In every version: what old ones have as flags is protected like what new ones have as fields.
    #[test]
    fn every_flag_that_is_set_is_protected_or_free() {
        let text = include_str!("../cluster/single-node.yaml");
        for minor in KubernetesVersion::MINORS {
            let spec: ClusterSpec = text.replace("v1.36.4", &format!("v1.{minor}.0")).parse().unwrap();
            for component in Component::ALL {
                for argument in component.arguments(&spec, &spec.nodes()[0]) {
                    let flag = argument.trim_start_matches("--").split('=').next().unwrap();
                    let protected = is_protected(component, flag);
                    assert!(protected != FREE.contains(&flag), "{component} 1.{minor} --{flag}");
                }
            }
        }
    }
}
