//! A cluster file to begin with: what is known filled in, every other field explained.

use super::{ClusterSpec, Node, NodeRole};
use crate::document::DocumentError;
use crate::name::ClusterName;
use crate::net::ApiEndpoint;
use crate::version::KubernetesVersion;

/// A cluster file with every field explained, valid as it stands.
pub const COMMENTED_EXAMPLE: &str = include_str!("commented_example.yaml");

/// What a cluster file to begin with says; what is none stands there as in [`COMMENTED_EXAMPLE`].
///
/// ```
/// use kboot_core::cluster::{ClusterSpec, Commented};
/// let mut start = Commented::default();
/// start.nodes = vec!["cp1=10.0.0.11:control-plane,etcd".parse()?, "w1=10.0.0.21".parse()?];
/// let text = start.to_yaml()?;
/// assert!(text.contains("# Decides which flags and fields are written"));
/// let spec: ClusterSpec = text.parse()?;
/// assert_eq!(spec.control_plane_endpoint().to_string(), "https://10.0.0.11:6443");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Commented {
    /// The cluster's name.
    pub name: Option<ClusterName>,
    /// The version of Kubernetes.
    pub kubernetes_version: Option<KubernetesVersion>,
    /// Where the API servers are reached. With nodes and without this, it is the first node of the control plane.
    pub endpoint: Option<ApiEndpoint>,
    /// The machines; the example's one node where there are none.
    pub nodes: Vec<Node>,
}

impl Commented {
    /// The text, which reads back as a cluster.
    ///
    /// # Errors
    /// [`DocumentError`] with everything that is wrong with such a cluster, for example that nothing runs etcd.
    pub fn to_yaml(&self) -> Result<String, DocumentError> {
        // What a line of the example begins with, and what stands there instead.
        let mut filled: Vec<(&str, String)> = Vec::new();
        filled.extend(self.name.iter().map(|name| ("name: ", format!("name: {:?}", name.as_str()))));
        let version = self.kubernetes_version.iter();
        filled
            .extend(version.map(|version| ("kubernetesVersion: ", format!("kubernetesVersion: {version}"))));
        let endpoint =
            self.endpoint().map(|endpoint| format!("controlPlaneEndpoint: {:?}", endpoint.host_port()));
        filled.extend(endpoint.map(|endpoint| ("controlPlaneEndpoint: ", endpoint)));
        if !self.nodes.is_empty() {
            let nodes: Vec<String> = self.nodes.iter().map(line_of).collect();
            filled.push(("- {name: ", nodes.join("\n    ")));
        }
        let mut text = String::with_capacity(COMMENTED_EXAMPLE.len() + 100 * self.nodes.len());
        for line in COMMENTED_EXAMPLE.lines() {
            let content = line.trim_start();
            let (indent, _) = line.split_at(line.len() - content.len());
            let instead = filled.iter().find(|(start, _)| content.starts_with(start));
            text.push_str(indent);
            text.push_str(instead.map_or(content, |(_, instead)| instead));
            text.push('\n');
        }
        text.parse::<ClusterSpec>().map(|_| text)
    }

    fn endpoint(&self) -> Option<ApiEndpoint> {
        let first = self.nodes.iter().find(|node| node.has(NodeRole::ControlPlane));
        self.endpoint
            .clone()
            .or_else(|| first.map(|node| ApiEndpoint::of(node.address(), ApiEndpoint::DEFAULT_PORT)))
    }
}

fn line_of(node: &Node) -> String {
    let addresses = node.addresses().iter().map(|address| format!("{:?}", address.to_string()));
    let roles = node.roles().iter().map(NodeRole::to_string);
    let list = |items: Vec<String>| items.join(", ");
    let (addresses, roles) = (list(addresses.collect()), list(roles.collect()));
    let mut line = format!("name: {:?}, addresses: [{addresses}], roles: [{roles}]", node.name().as_str());
    if !node.labels().is_empty() {
        let labels =
            node.labels().iter().map(|(key, value)| format!("{:?}: {:?}", key.as_str(), value.as_str()));
        line += &format!(", labels: {{{}}}", list(labels.collect()));
    }
    if let Some(taints) = node.taints() {
        let taints = taints.iter().map(|taint| format!("{:?}", taint.to_string()));
        line += &format!(", taints: [{}]", list(taints.collect()));
    }
    format!("- {{{line}}}")
}
