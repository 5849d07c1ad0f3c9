//! kube-proxy's flags and KubeProxyConfiguration (`cmd/kubeadm/app/componentconfigs/kubeproxy.go`).

use serde_json::{Value, json};

use super::{Component, Flags, fields, merge, paths};
use crate::spec::{ClusterSpec, Node};

pub(super) fn flags(spec: &ClusterSpec, node: &Node) -> Flags {
    let mut flags = Flags::new(Component::KubeProxy, spec);
    if fields::reads_a_file(Component::KubeProxy, spec.kubernetes_version) {
        flags.set("config", paths::KUBE_PROXY_CONFIG);
    } else {
        flags.set_fields(&config(spec, node));
    }
    flags
}

/// The mode in force; none is upstream's default, iptables.
pub(super) fn mode(spec: &ClusterSpec) -> Option<&str> {
    spec.overrides(Component::KubeProxy)?.config.get("mode")?.as_str()
}

pub(super) fn config(spec: &ClusterSpec, node: &Node) -> Value {
    let pods: Vec<String> = spec.network.pod_cidrs.iter().map(ToString::to_string).collect();
    let mut config = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": if node.address().is_ipv6() { "::" } else { "0.0.0.0" },
        "clientConnection": {"kubeconfig": paths::KUBE_PROXY_KUBECONFIG},
        "clusterCIDR": pods.join(","),
        "hostnameOverride": node.name().as_str(),
    });
    if let Some(overrides) = spec.overrides(Component::KubeProxy) {
        merge(&mut config, &overrides.config);
    }
    config
}
