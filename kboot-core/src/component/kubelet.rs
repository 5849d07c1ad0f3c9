//! The kubelet's flags and KubeletConfiguration (`cmd/kubeadm/app/componentconfigs/kubelet.go`).

use serde_json::{Value, json};

use super::configuration::{self, Enabled, KubeletAuthentication, KubeletAuthorization, KubeletX509};
use super::{Component, ConfigurationError, Flags, KubeletConfiguration, container_runtime, merge, paths};
use crate::cluster::CaRole;
use crate::cluster::{ClusterSpec, Node, NodeCredentials, Runtime, ServingCertificates, Taint};
use crate::pki::Profile;
use crate::release::{fields, gates};

pub(super) fn flags(spec: &ClusterSpec, node: &Node) -> Flags {
    let mut flags = Flags::new(Component::Kubelet, spec);
    if spec.join.node_credentials != NodeCredentials::Certificate {
        let kubeconfig = paths::BOOTSTRAP_KUBECONFIG;
        flags.set_first(&["bootstrap-kubeconfig", "experimental-bootstrap-kubeconfig"], kubeconfig);
    }
    flags.set("kubeconfig", paths::KUBELET_KUBECONFIG);
    flags.set("require-kubeconfig", "true");
    if fields::reads_a_file(Component::Kubelet, spec.kubernetes_version) {
        flags.set("config", paths::KUBELET_CONFIG);
    }
    flags.set_fields(&settings(spec, node));
    if let Some(folder) = &spec.folders.kubelet {
        flags.set("root-dir", folder.as_str());
    }
    flags.set("cert-dir", paths::KUBELET_PKI);
    // Up to 1.11 cAdvisor answers everyone there unless told not to.
    flags.set("cadvisor-port", "0");
    // Up to 1.14 a kubelet runs no privileged pod unless told to: no network plug-in, no kube-proxy.
    flags.set("allow-privileged", "true");
    flags.set("hostname-override", node.name().as_str());
    // On bare metal the kubelet learns of a second family from this flag alone.
    let second = node.addresses().iter().find(|address| address.is_ipv6() != node.address().is_ipv6());
    flags.set(
        "node-ip",
        match second {
            Some(second) if spec.network.service_cidrs.len() == 2 => format!("{},{second}", node.address()),
            _ => node.address().to_string(),
        },
    );
    let labels: Vec<String> = node.labels().iter().map(|(key, value)| format!("{key}={value}")).collect();
    if !labels.is_empty() {
        flags.set("node-labels", labels.join(","));
    }
    let taints = spec.taints_of(node);
    if !taints.is_empty() && !gates::REGISTER_WITH_TAINTS_FIELD.contains(spec.kubernetes_version) {
        // With the sign also where there is no value: versions before 1.13 want one (pkg/util/taints).
        let taints = taints.iter().map(|Taint { key, value, effect }| format!("{key}={value}:{effect}"));
        flags.set("register-with-taints", taints.collect::<Vec<_>>().join(","));
    }
    if !gates::CONTAINER_RUNTIME_ENDPOINT_FIELD.contains(spec.kubernetes_version) {
        match spec.runtime {
            Runtime::Docker => {
                flags.set("network-plugin", "cni");
                if let Some(folder) = &spec.folders.cni_plugins {
                    flags.set("cni-bin-dir", folder.as_str());
                }
                if let Some(image) = &spec.sandbox_image {
                    flags.set("pod-infra-container-image", image.as_str());
                }
            }
            Runtime::Containerd | Runtime::Crio => {
                flags.set("container-runtime", "remote");
                flags.set("container-runtime-endpoint", container_runtime::endpoint(spec.runtime));
            }
        }
    }
    flags
}

/// The configuration file, where the version's kubelet reads one.
pub(super) fn config(spec: &ClusterSpec, node: &Node) -> Option<Value> {
    let mut config = settings(spec, node);
    fields::retain_known(Component::Kubelet, spec.kubernetes_version, &mut config);
    fields::reads_a_file(Component::Kubelet, spec.kubernetes_version).then_some(config)
}

impl KubeletConfiguration {
    /// The configuration of a node's kubelet, as it is among the node's files; none where the node runs no kubelet, or
    /// the version's is configured by flags alone (before 1.10).
    ///
    /// ```
    /// use kboot_core::ClusterSpec;
    /// use kboot_core::component::KubeletConfiguration;
    /// # let spec: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
    /// let configuration = KubeletConfiguration::for_node(&spec, &spec.nodes()[0])?.ok_or("an old version")?;
    /// assert_eq!(configuration.cluster_domain.as_deref(), Some("cluster.local"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigurationError::Shape`] where the cluster file's `components.kubelet.config` gives a field what it does
    /// not hold; a [`ClusterSpec`] lets none through that is known.
    pub fn for_node(spec: &ClusterSpec, node: &Node) -> Result<Option<Self>, ConfigurationError> {
        let config = config(spec, node).filter(|_| Component::Kubelet.runs_on(node));
        config.map(configuration::read).transpose()
    }
}

/// Every setting; the file has those that it knows in the version, flags the others.
fn settings(spec: &ClusterSpec, node: &Node) -> Value {
    let is_issued = spec.join.serving_certificates == ServingCertificates::Issued;
    let serving = |path: fn(Profile) -> String| is_issued.then(|| path(Profile::KubeletServing));
    let ipv6 = |address: &str| node.address().is_ipv6().then(|| address.to_owned());
    let authority = paths::authority_certificate(spec.pki.authorities, CaRole::Cluster);
    let reads_endpoint = gates::CONTAINER_RUNTIME_ENDPOINT_FIELD.contains(spec.kubernetes_version);
    let configuration = KubeletConfiguration {
        authentication: KubeletAuthentication {
            anonymous: Some(Enabled::new(false)),
            webhook: Some(Enabled::new(true)),
            x509: Some(KubeletX509 { client_ca_file: Some(authority) }),
        },
        authorization: KubeletAuthorization { mode: Some("Webhook".to_owned()), ..Default::default() },
        address: ipv6("::"),
        cgroup_driver: Some(container_runtime::cgroup_driver(spec).to_owned()),
        cluster_dns: spec.network.cluster_dns.iter().map(ToString::to_string).collect(),
        cluster_domain: Some(spec.network.dns_domain.to_string()),
        container_runtime_endpoint: reads_endpoint
            .then(|| container_runtime::endpoint(spec.runtime).to_owned()),
        healthz_bind_address: ipv6("::1"),
        read_only_port: Some(0),
        rotate_certificates: Some(spec.signs_requests()),
        server_tls_bootstrap: Some(!is_issued),
        static_pod_path: Some(paths::STATIC_PODS.to_owned()),
        tls_cert_file: serving(paths::certificate),
        tls_private_key_file: serving(paths::key),
        ..Default::default()
    };
    // It cannot fail: every key is a text.
    let mut config = serde_json::to_value(configuration).unwrap_or_default();
    let taints = spec.taints_of(node);
    if let Value::Object(fields) = &mut config
        && !taints.is_empty()
        && gates::REGISTER_WITH_TAINTS_FIELD.contains(spec.kubernetes_version)
    {
        fields.insert("registerWithTaints".to_owned(), taints.iter().map(registered).collect());
    }
    if let Some(overrides) = spec.overrides(Component::Kubelet) {
        merge(&mut config, &overrides.config);
    }
    config
}

/// A taint as `core/v1` has it; without an empty value, as kubeadm writes it.
fn registered(taint: &Taint) -> Value {
    let Taint { key, value, effect } = taint;
    match value.as_str() {
        "" => json!({"key": key.as_str(), "effect": effect.as_str()}),
        value => json!({"key": key.as_str(), "value": value, "effect": effect.as_str()}),
    }
}
