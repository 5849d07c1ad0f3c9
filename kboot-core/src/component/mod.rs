//! Configuration files, flags and systemd units of every component, for the version at hand.

mod container_runtime;
mod etcd;
mod fields;
mod flags;
mod host;
mod kube_apiserver;
mod kube_controller_manager;
mod kube_proxy;
mod kube_scheduler;
mod kubelet;
pub(crate) mod paths;
mod systemd;

use std::fmt;

pub(crate) use flags::Flags;
pub use systemd::Unit;

use crate::spec::{ClusterSpec, Node, NodeRole, Overrides};
use crate::version::KubernetesVersion;

/// A program that kboot configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a new component must be thought of everywhere")]
pub enum Component {
    /// etcd.
    Etcd,
    /// kube-apiserver.
    KubeApiserver,
    /// kube-controller-manager.
    KubeControllerManager,
    /// kube-scheduler.
    KubeScheduler,
    /// The kubelet.
    Kubelet,
    /// kube-proxy.
    KubeProxy,
}

impl Component {
    /// All of them, in the order in which they start.
    pub const ALL: [Self; 6] = [
        Self::Etcd,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Kubelet,
        Self::KubeProxy,
    ];

    /// The name of its program and of its unit.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kube-proxy",
        }
    }

    /// Its key in the cluster file's `spec.components`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kubeApiserver",
            Self::KubeControllerManager => "kubeControllerManager",
            Self::KubeScheduler => "kubeScheduler",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kubeProxy",
        }
    }

    /// Whether it runs on the node.
    #[must_use]
    pub fn runs_on(self, node: &Node) -> bool {
        node.has(match self {
            Self::Etcd => NodeRole::Etcd,
            Self::KubeApiserver | Self::KubeControllerManager | Self::KubeScheduler => NodeRole::ControlPlane,
            Self::Kubelet | Self::KubeProxy => NodeRole::Worker,
        })
    }

    /// Its systemd unit on a node, whether or not the node has the role ([`Component::runs_on`]).
    #[must_use]
    pub fn unit(self, spec: &ClusterSpec, node: &Node) -> Unit {
        Unit::of(self, spec, &self.flags(spec, node))
    }

    /// Its command line arguments on a node, `--flag=value` each, in alphabetical order.
    #[must_use]
    pub fn arguments(self, spec: &ClusterSpec, node: &Node) -> Vec<String> {
        self.flags(spec, node).arguments().collect()
    }

    fn flags(self, spec: &ClusterSpec, node: &Node) -> Flags {
        match self {
            Self::Etcd => etcd::flags(spec, node),
            Self::KubeApiserver => kube_apiserver::flags(spec, node),
            Self::KubeControllerManager => kube_controller_manager::flags(spec),
            Self::KubeScheduler => kube_scheduler::flags(spec),
            Self::Kubelet => kubelet::flags(spec, node),
            Self::KubeProxy => kube_proxy::flags(spec),
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A file of a node that holds no secret: its path below `/`, and its content.
#[derive(Debug)]
pub(crate) struct PlainFile {
    pub(crate) path: &'static str,
    pub(crate) content: String,
}

/// The files of a node besides certificates and kubeconfigs: configuration, units, host settings.
pub(crate) fn plain_files(
    spec: &ClusterSpec,
    node: &Node,
) -> Result<Vec<PlainFile>, serde_saphyr::ser::Error> {
    let mut files = Vec::new();
    for component in Component::ALL.into_iter().filter(|component| component.runs_on(node)) {
        files.push(PlainFile {
            path: paths::unit(component),
            content: component.unit(spec, node).to_string(),
        });
    }
    if node.has(NodeRole::Worker) {
        files.push(PlainFile {
            path: paths::KUBELET_CONFIG,
            content: crate::yaml::write(&kubelet::config(spec, node))?,
        });
        files.push(PlainFile {
            path: paths::KUBE_PROXY_CONFIG,
            content: crate::yaml::write(&kube_proxy::config(spec, node))?,
        });
        files.push(container_runtime::file(spec));
        files.extend(host::files(spec));
    }
    Ok(files)
}

/// What is wrong, and what is doubtful, with a component's overrides; each with its field.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) errors: Vec<(String, String)>,
    pub(crate) warnings: Vec<(String, String)>,
}

/// Holds overrides against the version's tables and against what kboot never lets go of.
pub(crate) fn check_overrides(
    component: Component,
    version: KubernetesVersion,
    overrides: &Overrides,
) -> Findings {
    let mut findings = Findings::default();
    for (flag, value) in &overrides.extra_args {
        flags::check(component, version, flag, value, &mut findings);
    }
    fields::check(component, version, &overrides.config, &mut findings);
    findings
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
