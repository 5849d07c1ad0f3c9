//! The cluster file: one document that says everything about a cluster's bootstrap.
//!
//! A [`ClusterSpec`] that exists is valid; what is wrong with a file comes out all at once.

mod ca;
mod document;
mod subject;
mod validate;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

use serde_json::{Map, Value};

pub use self::ca::{CaLayout, CaRole};
pub use self::subject::SubjectDefaults;
pub use crate::document::Problem;
use crate::document::{schema, write_problems, yaml};
use crate::name::{ClusterName, Dns1123Subdomain, FolderPath, ImageReference, NodeName, UnixName};
use crate::net::{ApiEndpoint, Cidr, Host};
use crate::release::Component;
use crate::time::Lifetime;
use crate::version::KubernetesVersion;
use crate::x509::KeyAlgorithm;

/// The JSON Schema of the cluster file, for editors and other tools.
pub const CLUSTER_SCHEMA: &str = include_str!("cluster.schema.json");

static PARSED_SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(CLUSTER_SCHEMA).unwrap_or_default());

/// A cluster file with every field explained, valid as it stands.
pub const COMMENTED_EXAMPLE: &str = include_str!("commented_example.yaml");

/// The largest cluster file that is read: 16 MiB, some 100,000 nodes.
pub const MAX_BYTES: usize = yaml::MAX_BYTES;

/// Everything that is wrong with a cluster file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct SpecError {
    /// The problems, in the order of the file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_problems(&self.problems, f)
    }
}

/// What a node does; one node may do all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a new role must be thought of everywhere")]
pub enum NodeRole {
    /// Runs kube-apiserver, kube-controller-manager and kube-scheduler.
    ControlPlane,
    /// Runs a member of etcd.
    Etcd,
    /// Runs the kubelet and kube-proxy.
    Worker,
}

/// A machine of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    name: NodeName,
    addresses: Vec<IpAddr>,
    roles: Vec<NodeRole>,
}

impl Node {
    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &NodeName {
        &self.name
    }

    /// The node's own addresses, at least one.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// The address that its components listen on and advertise.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.addresses.first().copied().unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))
    }

    /// Whether the node has a role.
    #[must_use]
    pub fn has(&self, role: NodeRole) -> bool {
        self.roles.contains(&role)
    }
}

/// How a kubelet comes by its client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's three values")]
pub enum NodeCredentials {
    /// It asks for one, showing a bootstrap token.
    #[default]
    BootstrapToken,
    /// It asks for one, showing a token from kube-apiserver's token file.
    StaticToken,
    /// kboot issues it.
    Certificate,
}

/// How a kubelet comes by its serving certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's two values")]
pub enum ServingCertificates {
    /// It asks for one, and someone approves the request.
    #[default]
    Csr,
    /// kboot issues it.
    Issued,
}

/// What runs containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "the cluster file's three values")]
pub enum Runtime {
    /// containerd.
    #[default]
    Containerd,
    /// CRI-O.
    Crio,
    /// Docker, through the kubelet's dockershim, which Kubernetes 1.24 removed.
    Docker,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) service_cidrs: Vec<Cidr>,
    pub(crate) pod_cidrs: Vec<Cidr>,
    pub(crate) dns_domain: Dns1123Subdomain,
    pub(crate) cluster_dns: Vec<IpAddr>,
    pub(crate) etcd_client_secret: Option<Dns1123Subdomain>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pki {
    pub(crate) authorities: CaLayout,
    pub(crate) key: KeyAlgorithm,
    pub(crate) authority_lifetime: Lifetime,
    pub(crate) certificate_lifetime: Lifetime,
    pub(crate) subject: SubjectDefaults,
    pub(crate) api_server_sans: Vec<Host>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Join {
    pub(crate) node_credentials: NodeCredentials,
    pub(crate) serving_certificates: ServingCertificates,
    pub(crate) token: JoinTokenSpec,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JoinTokenSpec {
    pub(crate) ttl: Lifetime,
    pub(crate) description: String,
}

/// What the components' kubeconfigs say of certificates and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum KubeconfigCertificates {
    /// They hold them.
    #[default]
    Embedded,
    /// They name their files.
    Files,
}

/// Where a unit has its program's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum UnitArguments {
    /// In `ExecStart`.
    #[default]
    Inline,
    /// In a variable of an environment file.
    EnvironmentFile,
}

/// Whom the control plane runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SystemUser {
    pub(crate) name: UnixName,
    pub(crate) group: UnixName,
    pub(crate) id: Option<u16>,
}

/// Folders of every node; none of plug-ins, data or logs is the program's own default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Folders {
    pub(crate) programs: Option<FolderPath>,
    pub(crate) cni_plugins: Option<FolderPath>,
    pub(crate) kubelet: Option<FolderPath>,
    pub(crate) etcd: Option<FolderPath>,
    pub(crate) logs: Option<FolderPath>,
}

/// What the cluster file adds to, or changes in, a component.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Overrides {
    pub(crate) config: Map<String, Value>,
    pub(crate) extra_args: BTreeMap<String, String>,
}

/// A valid cluster file.
///
/// ```
/// use kboot_core::cluster::ClusterSpec;
/// let spec: ClusterSpec = "
/// apiVersion: kboot.dev/v1alpha1
/// kind: Cluster
/// metadata: {name: kubernetes}
/// spec:
///   kubernetesVersion: v1.36.4
///   controlPlaneEndpoint: 10.0.0.1
///   nodes:
///   - {name: one, addresses: [10.0.0.1], roles: [control-plane, etcd, worker]}
/// ".parse()?;
/// assert_eq!(spec.control_plane_endpoint().to_string(), "https://10.0.0.1:6443");
/// # Ok::<(), kboot_core::cluster::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSpec {
    pub(crate) name: ClusterName,
    pub(crate) kubernetes_version: KubernetesVersion,
    pub(crate) control_plane_endpoint: ApiEndpoint,
    pub(crate) network: Network,
    pub(crate) pki: Pki,
    pub(crate) join: Join,
    pub(crate) runtime: Runtime,
    pub(crate) sandbox_image: Option<ImageReference>,
    pub(crate) kubeconfig_certificates: KubeconfigCertificates,
    pub(crate) unit_arguments: UnitArguments,
    pub(crate) user: Option<SystemUser>,
    pub(crate) folders: Folders,
    pub(crate) verify_image: Option<ImageReference>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) components: BTreeMap<Component, Overrides>,
    warnings: Vec<Problem>,
}

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

    /// The machines.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What is allowed but probably not meant.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Whether kube-controller-manager needs the cluster authority's key to sign requests of kubelets.
    pub(crate) fn signs_requests(&self) -> bool {
        self.join.node_credentials != NodeCredentials::Certificate
            || self.join.serving_certificates == ServingCertificates::Csr
    }

    pub(crate) fn overrides(&self, component: Component) -> Option<&Overrides> {
        self.components.get(&component)
    }

    pub(crate) fn nodes_with(&self, role: NodeRole) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.has(role))
    }
}

impl FromStr for ClusterSpec {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        let refuse = |problems| SpecError { problems };
        let value = yaml::parse(text)
            .map_err(|problem| refuse(vec![Problem::new("", format!("not readable as YAML: {problem}"))]))?;
        let shape = schema::check(&PARSED_SCHEMA, &value);
        if !shape.is_empty() {
            return Err(refuse(shape));
        }
        let document = serde_json::from_value(value)
            .map_err(|error| refuse(vec![Problem::new("", format!("does not fit the schema: {error}"))]))?;
        validate::validate(document).map_err(refuse)
    }
}
