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
mod reload;
mod systemd;
mod unit_file;

pub(crate) use changes::changes;
pub use configuration::{
    ClientConnection, ConfigurationError, Enabled, KubeProxyConfiguration, KubeletAuthentication,
    KubeletAuthorization, KubeletConfiguration, KubeletX509,
};
pub(crate) use container_runtime::service as runtime_service;
use flags::Flags;
pub use lint::{FileFinding, LintError, LintProblem, UnreadableFile, lint};
pub use reload::Reload;
pub(crate) use reload::unit_of_machine;
pub use systemd::Unit;
pub use unit_file::SyntaxError;

use crate::cluster::{ClusterSpec, Node, NodeRole, UnitArguments};
pub use crate::release::Component;

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

    /// The component's files on a node, whether or not the node has the role ([`Component::runs_on`]): its unit, with
    /// `units.arguments: environment-file` the file of its arguments, and its configuration file where the version
    /// has one. No certificate and no key is needed.
    ///
    /// ```
    /// # use kboot_core::{ClusterSpec, Component};
    /// # let spec: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
    /// let files = Component::Kubelet.files(&spec, &spec.nodes()[0])?;
    /// let paths: Vec<&str> = files.iter().map(|file| file.path).collect();
    /// assert_eq!(paths, ["/etc/systemd/system/kubelet.service", "/var/lib/kubelet/config.yaml"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigurationError::Write`] where a configuration cannot be written as YAML; none that cannot is known.
    pub fn files(self, spec: &ClusterSpec, node: &Node) -> Result<Vec<PlainFile>, ConfigurationError> {
        let flags = self.flags(spec, node);
        let unit = Unit::of(self, spec, &flags).to_string();
        let mut files = vec![PlainFile { path: paths::unit(self), content: unit }];
        if spec.unit_arguments == UnitArguments::EnvironmentFile {
            let content = systemd::environment_file(self, &flags);
            files.push(PlainFile { path: paths::environment(self), content });
        }
        let configuration = match self {
            Self::Kubelet => kubelet::config(spec, node).map(|config| (paths::KUBELET_CONFIG, config)),
            Self::KubeProxy => {
                kube_proxy::config(spec, node).map(|config| (paths::KUBE_PROXY_CONFIG, config))
            }
            Self::Etcd | Self::KubeApiserver | Self::KubeControllerManager | Self::KubeScheduler => None,
        };
        if let Some((path, config)) = configuration {
            files.push(PlainFile { path, content: configuration::write(&config)? });
        }
        Ok(files)
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

/// A file of a node that holds no secret; it belongs to root and anyone may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlainFile {
    /// Its path on the node, from `/` on.
    pub path: &'static str,
    /// The text.
    pub content: String,
}

/// The files of a node besides certificates and kubeconfigs: configuration, units, host settings.
pub(crate) fn plain_files(spec: &ClusterSpec, node: &Node) -> Result<Vec<PlainFile>, ConfigurationError> {
    let mut files = Vec::new();
    for component in Component::ALL.into_iter().filter(|component| component.runs_on(node)) {
        files.extend(component.files(spec, node)?);
    }
    let mut of_machine = Vec::new();
    if node.has(NodeRole::Worker) {
        of_machine.extend(container_runtime::files(spec));
        of_machine.extend(host::worker_files(spec));
    }
    of_machine.extend(host::files(spec, node));
    files.extend(of_machine.into_iter().map(|(path, content)| PlainFile { path, content }));
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
