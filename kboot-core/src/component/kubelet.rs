//! The kubelet's flags and KubeletConfiguration (`cmd/kubeadm/app/componentconfigs/kubelet.go`).

use serde_json::{Value, json};

use super::{Component, Flags, container_runtime, fields, merge, paths};
use crate::pki::{Authority, CertificateRole};
use crate::spec::{ClusterSpec, Node, NodeCredentials, Runtime, ServingCertificates};

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
    } else {
        flags.set_fields(&config(spec, node));
    }
    if let Some(folder) = &spec.folders.kubelet {
        flags.set("root-dir", folder.as_str());
    }
    flags.set("cert-dir", paths::KUBELET_PKI);
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
    if spec.kubernetes_version.minor() < CONTAINER_RUNTIME_ENDPOINT_FIELD {
        match spec.runtime {
            Runtime::Docker => {
                flags.set("network-plugin", "cni");
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

/// The first minor version whose KubeletConfiguration has `containerRuntimeEndpoint`.
const CONTAINER_RUNTIME_ENDPOINT_FIELD: u16 = 27;

/// The cgroup driver in force, which the container runtime must share.
pub(super) fn cgroup_driver(spec: &ClusterSpec) -> &str {
    let overrides = spec.overrides(Component::Kubelet);
    overrides.and_then(|overrides| overrides.config.get("cgroupDriver")?.as_str()).unwrap_or("systemd")
}

pub(super) fn config(spec: &ClusterSpec, node: &Node) -> Value {
    let dns: Vec<String> = spec.network.cluster_dns.iter().map(ToString::to_string).collect();
    let mut config = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": paths::authority_certificate(spec.pki.authorities, Authority::Cluster)},
        },
        "authorization": {"mode": "Webhook"},
        "readOnlyPort": 0,
        "cgroupDriver": cgroup_driver(spec),
        "clusterDNS": dns,
        "clusterDomain": spec.network.dns_domain.as_str(),
        "rotateCertificates": spec.signs_requests(),
        "serverTLSBootstrap": spec.join.serving_certificates == ServingCertificates::Csr,
        "staticPodPath": paths::STATIC_PODS,
    });
    if let Value::Object(fields) = &mut config {
        if spec.join.serving_certificates == ServingCertificates::Issued {
            fields
                .insert("tlsCertFile".to_owned(), paths::certificate(CertificateRole::KubeletServing).into());
            fields.insert("tlsPrivateKeyFile".to_owned(), paths::key(CertificateRole::KubeletServing).into());
        }
        if node.address().is_ipv6() {
            fields.insert("address".to_owned(), "::".into());
            fields.insert("healthzBindAddress".to_owned(), "::1".into());
        }
        if spec.kubernetes_version.minor() >= CONTAINER_RUNTIME_ENDPOINT_FIELD {
            fields.insert(
                "containerRuntimeEndpoint".to_owned(),
                container_runtime::endpoint(spec.runtime).into(),
            );
        }
    }
    if let Some(overrides) = spec.overrides(Component::Kubelet) {
        merge(&mut config, &overrides.config);
    }
    config
}
