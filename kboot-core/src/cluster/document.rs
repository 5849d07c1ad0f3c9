//! The cluster file as it is written: texts, before they become values. Its shape was checked against
//! the schema before, so serde only sorts it into fields.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) kubernetes_version: String,
    pub(super) control_plane_endpoint: String,
    #[serde(default)]
    pub(super) network: Network,
    #[serde(default)]
    pub(super) pki: Pki,
    #[serde(default)]
    pub(super) join: Join,
    #[serde(default)]
    pub(super) runtime: Runtime,
    #[serde(default)]
    pub(super) kubeconfigs: Kubeconfigs,
    #[serde(default)]
    pub(super) units: Units,
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) folders: Folders,
    pub(super) verify: Option<Verify>,
    pub(super) nodes: Vec<Node>,
    #[serde(default)]
    pub(super) components: BTreeMap<String, Component>,
}

#[derive(Deserialize, Default)]
pub(super) struct Network {
    #[serde(rename = "serviceCIDRs")]
    pub(super) service_cidrs: Option<Vec<String>>,
    #[serde(rename = "podCIDRs")]
    pub(super) pod_cidrs: Option<Vec<String>>,
    #[serde(rename = "dnsDomain")]
    pub(super) dns_domain: Option<String>,
    #[serde(rename = "clusterDNS")]
    pub(super) cluster_dns: Option<Vec<String>>,
    #[serde(rename = "etcdClientSecret")]
    pub(super) etcd_client_secret: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Pki {
    pub(super) authorities: Option<String>,
    pub(super) key: Option<String>,
    #[serde(default)]
    pub(super) validity: Validity,
    #[serde(default)]
    pub(super) subject: Subject,
    #[serde(rename = "apiServerSANs", default)]
    pub(super) api_server_sans: Vec<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Validity {
    pub(super) authority: Option<String>,
    pub(super) certificate: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subject {
    pub(super) country: Option<String>,
    pub(super) state: Option<String>,
    pub(super) locality: Option<String>,
    pub(super) organizational_unit: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Join {
    pub(super) node_credentials: Option<String>,
    pub(super) serving_certificates: Option<String>,
    #[serde(default)]
    pub(super) token: Token,
}

#[derive(Deserialize, Default)]
pub(super) struct Token {
    pub(super) ttl: Option<String>,
    pub(super) description: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Runtime {
    pub(super) name: Option<String>,
    pub(super) sandbox_image: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Kubeconfigs {
    pub(super) certificates: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Units {
    pub(super) arguments: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) group: Option<String>,
    pub(super) id: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Folders {
    pub(super) programs: Option<String>,
    pub(super) cni_plugins: Option<String>,
    pub(super) kubelet: Option<String>,
    pub(super) etcd: Option<String>,
    pub(super) logs: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Verify {
    pub(super) image: String,
}

#[derive(Deserialize)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) addresses: Vec<String>,
    pub(super) roles: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    #[serde(default)]
    pub(super) config: Map<String, Value>,
    #[serde(default)]
    pub(super) extra_args: BTreeMap<String, String>,
}
