//! What a cluster file says, field by field; what it leaves out is there with its default.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    CaLayout, ClusterSpec, ControlPlane, Folders, KubeconfigCertificates, Node, NodeCredentials, NodeRole,
    Problem, Runtime, ServingCertificates, SubjectDefaults, SystemUser, Taint, TaintEffect, UnitArguments,
};
use crate::name::{ClusterName, Dns1123Subdomain, ImageReference, LabelKey, LabelValue};
use crate::net::{ApiEndpoint, Cidr, Host};
use crate::release::{Component, gates};
use crate::time::Lifetime;
use crate::version::KubernetesVersion;
use crate::x509::KeyAlgorithm;

/// What the cluster file adds to, or changes in, a component.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overrides {
    pub(crate) config: Map<String, Value>,
    pub(crate) extra_args: BTreeMap<String, String>,
}

impl Overrides {
    /// Fields of the component's configuration file, a map; empty for components without such a file.
    #[must_use]
    pub fn config(&self) -> impl Serialize + use<'_> {
        &self.config
    }

    /// Flags without their dashes, and their values.
    #[must_use]
    pub fn extra_args(&self) -> &BTreeMap<String, String> {
        &self.extra_args
    }
}

/// The cluster, and its network.
impl ClusterSpec {
    /// The cluster's name.
    #[must_use]
    pub fn name(&self) -> &ClusterName {
        &self.name
    }

    /// The version that files are written for.
    #[must_use]
    pub fn kubernetes_version(&self) -> KubernetesVersion {
        self.kubernetes_version
    }

    /// Where nodes and people reach the API servers.
    #[must_use]
    pub fn control_plane_endpoint(&self) -> &ApiEndpoint {
        &self.control_plane_endpoint
    }

    /// Who runs the control plane and etcd.
    #[must_use]
    pub fn control_plane(&self) -> ControlPlane {
        self.control_plane
    }

    /// The ranges of services: one, or two of different families.
    #[must_use]
    pub fn service_cidrs(&self) -> &[Cidr] {
        &self.network.service_cidrs
    }

    /// The ranges of pods, of the same families.
    #[must_use]
    pub fn pod_cidrs(&self) -> &[Cidr] {
        &self.network.pod_cidrs
    }

    /// The domain of services' names.
    #[must_use]
    pub fn dns_domain(&self) -> &Dns1123Subdomain {
        &self.network.dns_domain
    }

    /// The addresses of the cluster's DNS service, at least one.
    #[must_use]
    pub fn cluster_dns(&self) -> &[IpAddr] {
        &self.network.cluster_dns
    }

    /// The name of the Secret in kube-system that holds a client certificate of etcd, where one is asked for.
    #[must_use]
    pub fn etcd_client_secret(&self) -> Option<&Dns1123Subdomain> {
        self.network.etcd_client_secret.as_ref()
    }
}

/// Certificates, and how kubelets come by theirs.
impl ClusterSpec {
    /// Whether etcd and the front proxy have authorities of their own; where the control plane is elsewhere, the
    /// cluster's alone is here.
    #[must_use]
    pub fn authorities(&self) -> CaLayout {
        self.pki.authorities
    }

    /// What every key that is made is.
    #[must_use]
    pub fn key_algorithm(&self) -> KeyAlgorithm {
        self.pki.key
    }

    /// How long an authority's certificate lives.
    #[must_use]
    pub fn authority_lifetime(&self) -> Lifetime {
        self.pki.authority_lifetime
    }

    /// How long every other certificate lives.
    #[must_use]
    pub fn certificate_lifetime(&self) -> Lifetime {
        self.pki.certificate_lifetime
    }

    /// What stands in every certificate besides its common name and groups.
    #[must_use]
    pub fn subject(&self) -> &SubjectDefaults {
        &self.pki.subject
    }

    /// Further names and addresses of the API servers.
    #[must_use]
    pub fn api_server_sans(&self) -> &[Host] {
        &self.pki.api_server_sans
    }

    /// How a kubelet comes by its client certificate.
    #[must_use]
    pub fn node_credentials(&self) -> NodeCredentials {
        self.join.node_credentials
    }

    /// How a kubelet comes by its serving certificate.
    #[must_use]
    pub fn serving_certificates(&self) -> ServingCertificates {
        self.join.serving_certificates
    }

    /// How long the bootstrap token lives; [`Lifetime::ZERO`] is for ever.
    #[must_use]
    pub fn token_ttl(&self) -> Lifetime {
        self.join.token.ttl
    }

    /// What the bootstrap token's Secret says of it; empty where nothing.
    #[must_use]
    pub fn token_description(&self) -> &str {
        &self.join.token.description
    }

    /// Whether kube-controller-manager needs the cluster authority's key to sign requests of kubelets.
    pub(crate) fn signs_requests(&self) -> bool {
        self.join.node_credentials != NodeCredentials::Certificate
            || self.join.serving_certificates == ServingCertificates::Csr
    }
}

/// Machines, and what runs on them.
impl ClusterSpec {
    /// The machines.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What runs containers.
    #[must_use]
    pub fn runtime(&self) -> Runtime {
        self.runtime
    }

    /// The image of the container that holds a pod's namespaces; none is the runtime's own.
    #[must_use]
    pub fn sandbox_image(&self) -> Option<&ImageReference> {
        self.sandbox_image.as_ref()
    }

    /// Whether the components' kubeconfigs hold certificates and keys, or name their files.
    #[must_use]
    pub fn kubeconfig_certificates(&self) -> KubeconfigCertificates {
        self.kubeconfig_certificates
    }

    /// Where units have their programs' arguments.
    #[must_use]
    pub fn unit_arguments(&self) -> UnitArguments {
        self.unit_arguments
    }

    /// Whom the control plane runs as; none is root.
    #[must_use]
    pub fn user(&self) -> Option<&SystemUser> {
        self.user.as_ref()
    }

    /// Where programs, plug-ins, data and logs lie on every node.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The image of the web server in `manifests/verify.yaml`, where that is asked for.
    #[must_use]
    pub fn verify_image(&self) -> Option<&ImageReference> {
        self.verify_image.as_ref()
    }

    /// What is added to a component, or changed in it, where anything is.
    #[must_use]
    pub fn overrides(&self, component: Component) -> Option<&Overrides> {
        self.components.get(&component)
    }

    /// What is allowed but probably not meant.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    pub(crate) fn nodes_with(&self, role: NodeRole) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.has(role))
    }
}

/// What a node is registered with.
impl ClusterSpec {
    /// The taints that a node's kubelet registers it with: the node's own, or where the cluster file says nothing,
    /// kubeadm's for a machine of the control plane, as long as another worker has room for pods.
    ///
    /// ```
    /// # use kboot_core::ClusterSpec;
    /// let one: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
    /// assert!(one.taints_of(&one.nodes()[0]).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn taints_of(&self, node: &Node) -> Vec<Taint> {
        if let Some(taints) = node.taints() {
            return taints.to_vec();
        }
        let is_both = node.has(NodeRole::ControlPlane) && node.has(NodeRole::Worker);
        let has_others = self.nodes_with(NodeRole::Worker).any(|other| !other.has(NodeRole::ControlPlane));
        if !is_both || !has_others {
            return Vec::new();
        }
        let keys = [("control-plane", gates::CONTROL_PLANE_TAINT), ("master", gates::MASTER_TAINT)];
        keys.into_iter()
            .filter(|(_, versions)| versions.contains(self.kubernetes_version))
            .map(|(role, _)| Taint {
                key: LabelKey::from_static(&format!("node-role.kubernetes.io/{role}")),
                value: LabelValue::from_static(""),
                effect: TaintEffect::NoSchedule,
            })
            .collect()
    }
}
