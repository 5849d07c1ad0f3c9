//! The cluster file: one document that says everything about a cluster's bootstrap.
//!
//! A [`ClusterSpec`] that exists is valid; what is wrong with a file comes out all at once.

mod argument;
mod builder;
mod ca;
mod choice;
mod commented;
mod document;
mod getters;
mod machine;
mod node;
mod subject;
mod taint;
mod validate;
mod write;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

use serde_json::Value;

pub use self::argument::NodeArgumentError;
pub use self::builder::ClusterBuilder;
pub use self::ca::{CaLayout, CaRole};
pub use self::choice::{
    ControlPlane, KubeconfigCertificates, NodeCredentials, Runtime, ServingCertificates, UnitArguments,
};
pub use self::commented::{COMMENTED_EXAMPLE, Commented};
use self::document::{File, KIND};
pub use self::getters::Overrides;
pub use self::machine::{Folders, SystemUser};
pub use self::node::{Node, NodeRole};
pub use self::subject::SubjectDefaults;
pub use self::taint::{Taint, TaintEffect, TaintError};
pub use crate::document::Problem;
use crate::document::{Document, DocumentError, Form, FromValue, Schema, read, yaml};
use crate::name::{ClusterName, Dns1123Subdomain, ImageReference};
use crate::net::{ApiEndpoint, Cidr, Host};
use crate::release::Component;
use crate::time::Lifetime;
use crate::version::KubernetesVersion;
use crate::x509::KeyAlgorithm;

/// The largest cluster file that is read: 16 MiB, some 100,000 nodes.
pub const MAX_BYTES: usize = yaml::MAX_BYTES;

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

/// A valid cluster file: read from text, or made in code by [`ClusterSpec::builder`].
///
/// ```
/// use kboot_core::cluster::{ClusterSpec, NodeRole, SystemUser};
/// use kboot_core::name::UnixName;
/// use kboot_core::release::Component;
///
/// let spec = ClusterSpec::builder("kubernetes".parse()?, "v1.36.4".parse()?, "192.0.2.1".parse()?)
///     .with_pod_cidrs(["10.32.0.0/16".parse()?])
///     .with_certificate_lifetime("90d".parse()?)
///     .with_user(SystemUser::from("kube".parse::<UnixName>()?))
///     .with_config(Component::Kubelet, serde_json::json!({"maxPods": 200}))
///     .with_extra_arg(Component::KubeApiserver, "audit-log-path", "/var/log/kubernetes/audit.log")
///     .with_node(
///         "one".parse()?,
///         ["192.0.2.1".parse()?],
///         [NodeRole::ControlPlane, NodeRole::Etcd, NodeRole::Worker],
///     )
///     .with_node("two".parse()?, ["192.0.2.2".parse()?], [NodeRole::Worker])
///     .build()?;
/// let text = r#"apiVersion: kboot.dev/v1alpha1
/// kind: Cluster
/// metadata:
///   name: kubernetes
/// spec:
///   kubernetesVersion: v1.36.4
///   controlPlaneEndpoint: 192.0.2.1:6443
///   network:
///     podCIDRs:
///     - 10.32.0.0/16
///   pki:
///     validity:
///       certificate: 90d
///   user:
///     name: kube
///   nodes:
///   - name: one
///     addresses:
///     - "192.0.2.1"
///     roles:
///     - control-plane
///     - etcd
///     - worker
///   - name: two
///     addresses:
///     - "192.0.2.2"
///     roles:
///     - worker
///   components:
///     kubeApiserver:
///       extraArgs:
///         audit-log-path: /var/log/kubernetes/audit.log
///     kubelet:
///       config:
///         maxPods: 200
/// "#;
/// assert_eq!(spec.to_yaml()?, text);
/// assert_eq!(text.parse::<ClusterSpec>()?, spec);
/// assert_eq!(spec.service_cidrs(), ["10.96.0.0/12".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSpec {
    pub(crate) name: ClusterName,
    pub(crate) kubernetes_version: KubernetesVersion,
    pub(crate) control_plane_endpoint: ApiEndpoint,
    pub(crate) control_plane: ControlPlane,
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

impl Document for ClusterSpec {
    const KIND: &'static str = KIND;
}

impl Form for ClusterSpec {
    fn form() -> &'static Schema {
        static FORM: LazyLock<Schema> = LazyLock::new(Schema::of::<File>);
        &FORM
    }
}

impl FromValue for ClusterSpec {
    const UNREADABLE: &'static str = "not readable as YAML: ";

    fn from_value(value: &Value) -> Result<Self, DocumentError> {
        Ok(validate::validate(Self::form().fields_with(value, validate::wrong_texts)?)?)
    }
}

impl FromStr for ClusterSpec {
    type Err = DocumentError;
    fn from_str(text: &str) -> Result<Self, DocumentError> {
        read(text)
    }
}
