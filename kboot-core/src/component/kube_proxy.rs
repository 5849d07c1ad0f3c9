//! kube-proxy's flags and KubeProxyConfiguration (`cmd/kubeadm/app/componentconfigs/kubeproxy.go`).

use serde_json::Value;

use super::configuration::{self, ClientConnection};
use super::{Component, ConfigurationError, Flags, KubeProxyConfiguration, merge, paths};
use crate::cluster::{ClusterSpec, Node};
use crate::release::fields;

pub(super) fn flags(spec: &ClusterSpec, node: &Node) -> Flags {
    let mut flags = Flags::new(Component::KubeProxy, spec);
    if fields::reads_a_file(Component::KubeProxy, spec.kubernetes_version) {
        flags.set("config", paths::KUBE_PROXY_CONFIG);
    }
    flags.set_fields(&settings(spec, node));
    flags
}

/// The mode in force; none is upstream's default, iptables.
pub(super) fn mode(spec: &ClusterSpec) -> Option<&str> {
    spec.overrides(Component::KubeProxy)?.config.get("mode")?.as_str()
}

/// The configuration file, where the version's kube-proxy reads one.
pub(super) fn config(spec: &ClusterSpec, node: &Node) -> Option<Value> {
    let mut config = settings(spec, node);
    fields::retain_known(Component::KubeProxy, spec.kubernetes_version, &mut config);
    fields::reads_a_file(Component::KubeProxy, spec.kubernetes_version).then_some(config)
}

impl KubeProxyConfiguration {
    /// The configuration of a node's kube-proxy, as it is among the node's files; none where the node runs none,
    /// or the version's is configured by flags alone (before 1.9).
    ///
    /// # Errors
    /// [`ConfigurationError::Shape`] where the cluster file's `components.kubeProxy.config` gives a field what it
    /// does not hold; a [`ClusterSpec`] lets none through that is known.
    pub fn for_node(spec: &ClusterSpec, node: &Node) -> Result<Option<Self>, ConfigurationError> {
        let config = config(spec, node).filter(|_| Component::KubeProxy.runs_on(node));
        config.map(configuration::read).transpose()
    }
}

/// Every setting; the file has those that it knows in the version, flags the others.
fn settings(spec: &ClusterSpec, node: &Node) -> Value {
    let pods: Vec<String> = spec.network.pod_cidrs.iter().map(ToString::to_string).collect();
    let configuration = KubeProxyConfiguration {
        // Otherwise kube-proxy asks for its Node, and takes 127.0.0.1 when that is not there in time
        // (cmd/kube-proxy/app/server.go, detectNodeIP).
        bind_address: Some(node.address().to_string()),
        client_connection: ClientConnection {
            kubeconfig: Some(paths::KUBE_PROXY_KUBECONFIG.to_owned()),
            ..Default::default()
        },
        cluster_cidr: Some(pods.join(",")),
        hostname_override: Some(node.name().to_string()),
        ..Default::default()
    };
    // It cannot fail: every key is a text.
    let mut config = serde_json::to_value(configuration).unwrap_or_default();
    if let Some(overrides) = spec.overrides(Component::KubeProxy) {
        merge(&mut config, &overrides.config);
    }
    config
}
