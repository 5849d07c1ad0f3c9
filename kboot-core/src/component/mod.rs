//! Configuration files, flags and systemd units of every component, for the version at hand.

mod changes;
mod configuration;
mod container_runtime;
mod etcd;
mod fields;
mod flags;
mod guards;
mod host;
mod kube_apiserver;
mod kube_controller_manager;
mod kube_proxy;
mod kube_scheduler;
mod kubelet;
mod lint;
mod open_doors;
pub(crate) mod paths;
mod systemd;
mod unit_file;

use std::fmt;

pub(crate) use changes::changes;
pub use configuration::{
    ClientConnection, ConfigurationError, Enabled, KubeProxyConfiguration, KubeletAuthentication,
    KubeletAuthorization, KubeletConfiguration, KubeletX509,
};
use flags::Flags;
pub use lint::{Finding, LintError, Severity, lint};
pub use systemd::Unit;

use crate::cluster::{ClusterSpec, Node, NodeRole, Overrides, UnitArguments};
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
            add(paths::KUBELET_CONFIG, crate::yaml::write(&kubelet::config(spec, node))?);
        }
        if fields::reads_a_file(Component::KubeProxy, spec.kubernetes_version) {
            add(paths::KUBE_PROXY_CONFIG, crate::yaml::write(&kube_proxy::config(spec, node))?);
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
        guards::check(component, version, flag, value, &mut findings);
    }
    fields::check_overrides(component, version, &overrides.config, &mut findings);
    if !fields::reads_a_file(component, version) && findings.errors.is_empty() {
        for path in fields::without_a_flag(component, version, &overrides.config) {
            let problem = format!("{component} {version} reads flags alone and has none for this field");
            findings.errors.push((format!("config.{path}"), problem));
        }
    }
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
