//! The cluster file as it is written: texts, before they become values and after. Its shape was checked against
//! the schema before, so serde only sorts it into fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    CaLayout, ControlPlane, KubeconfigCertificates, NodeCredentials, NodeRole, Runtime, ServingCertificates,
    UnitArguments,
};

pub(super) const API_VERSION: &str = "kboot.dev/v1alpha1";
pub(super) const KIND: &str = "Cluster";

/// What is left out of a file: nothing is lost by it.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Metadata {
    pub(super) name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) kubernetes_version: String,
    pub(super) control_plane_endpoint: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) control_plane: Option<ControlPlane>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) network: Network,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) pki: Pki,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) join: Join,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) runtime: RuntimeChoice,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) kubeconfigs: Kubeconfigs,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) units: Units,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) user: Option<User>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) folders: Folders,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) verify: Option<Verify>,
    pub(super) nodes: Vec<Node>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) components: BTreeMap<String, Component>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Network {
    #[serde(rename = "serviceCIDRs", skip_serializing_if = "is_default")]
    pub(super) service_cidrs: Option<Vec<String>>,
    #[serde(rename = "podCIDRs", skip_serializing_if = "is_default")]
    pub(super) pod_cidrs: Option<Vec<String>>,
    #[serde(rename = "dnsDomain", skip_serializing_if = "is_default")]
    pub(super) dns_domain: Option<String>,
    #[serde(rename = "clusterDNS", skip_serializing_if = "is_default")]
    pub(super) cluster_dns: Option<Vec<String>>,
    #[serde(rename = "etcdClientSecret", skip_serializing_if = "is_default")]
    pub(super) etcd_client_secret: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Pki {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) authorities: Option<CaLayout>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) key: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) validity: Validity,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) subject: Subject,
    #[serde(rename = "apiServerSANs", skip_serializing_if = "is_default")]
    pub(super) api_server_sans: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Validity {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) authority: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) certificate: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Subject {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) country: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) state: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) locality: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) organizational_unit: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Join {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) node_credentials: Option<NodeCredentials>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) serving_certificates: Option<ServingCertificates>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) token: Token,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Token {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) ttl: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RuntimeChoice {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) name: Option<Runtime>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) sandbox_image: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kubeconfigs {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) certificates: Option<KubeconfigCertificates>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Units {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) arguments: Option<UnitArguments>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) group: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) id: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Folders {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) programs: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) cni_plugins: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) kubelet: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) etcd: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) logs: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Verify {
    pub(super) image: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) addresses: Vec<String>,
    pub(super) roles: Vec<NodeRole>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Component {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) config: Map<String, Value>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) extra_args: BTreeMap<String, String>,
}
