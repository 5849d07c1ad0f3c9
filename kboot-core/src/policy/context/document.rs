//! What a context file says, as it is read and written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{API_VERSION, Schema};
use crate::name::NodeName;
use crate::x509::{PublicKey, SubjectAltNames, pem};

pub(super) const KIND: &str = "CsrContext";

/// What a context file looks like.
pub(super) static FORM: LazyLock<Schema> = LazyLock::new(Schema::of::<File>);

// What the fields say stands in the JSON Schema.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(
    title = "kboot CSR context",
    extend("$id" = "https://kboot.dev/schemas/v1alpha1/csrcontext.json")
)]
pub(super) struct File {
    #[serde(rename = "apiVersion")]
    #[schemars(extend("enum" = [API_VERSION]))]
    api_version: String,
    #[schemars(extend("enum" = [KIND]))]
    kind: String,
    /// What is known besides the request. What is left out is unknown, and unknown never denies.
    pub(super) spec: Spec,
}

impl From<Spec> for File {
    fn from(spec: Spec) -> Self {
        Self { api_version: API_VERSION.to_owned(), kind: KIND.to_owned(), spec }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    /// The time of the decision (RFC 3339). Default: the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<String>,
    #[serde(default, skip_serializing_if = "Cluster::is_empty")]
    pub(super) cluster: Cluster,
    /// kube-controller-manager's --cluster-signing-duration. Default: 8760h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signer_duration: Option<String>,
    /// Every Node of the cluster, with the names and addresses of its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nodes: Option<Vec<Node>>,
    /// The names of the certificate that a node's kubelet serves now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) served: Vec<Served>,
    /// Answers of DNS: the addresses of each name; [] where it does not resolve.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) dns: BTreeMap<String, Vec<String>>,
    /// Whether a user in these groups may create these subresources of certificatesigningrequests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) access_reviews: Vec<Review>,
    /// Whose public keys are whose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<Key>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Cluster {
    /// Addresses of services, which are no node's.
    #[serde(rename = "serviceCIDRs", skip_serializing_if = "Option::is_none")]
    pub(super) service_cidrs: Option<Vec<String>>,
    /// Addresses of pods, which are a node's only where an inventory says so.
    #[serde(rename = "podCIDRs", skip_serializing_if = "Option::is_none")]
    pub(super) pod_cidrs: Option<Vec<String>>,
    /// Default: cluster.local.
    #[serde(rename = "dnsDomain", skip_serializing_if = "Option::is_none")]
    pub(super) dns_domain: Option<String>,
    /// Namespaces besides those of every cluster: NAME.NAMESPACE is a service's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) namespaces: Vec<String>,
    /// Names and addresses of the API server, load balancers and virtual addresses too; *.NAME for all names
    /// below it.
    #[serde(default, rename = "apiServer", skip_serializing_if = "Vec::is_empty")]
    pub(super) api_server: Vec<String>,
}

impl Cluster {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) addresses: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) dns_names: Vec<String>,
}

impl Node {
    pub(super) fn of(name: &NodeName, status: &SubjectAltNames) -> Self {
        Self { name: name.to_string(), addresses: texts(status.ips()), dns_names: status.dns().to_vec() }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Served {
    pub(super) node: String,
    pub(super) names: Vec<String>,
}

impl Served {
    pub(super) fn of(node: &NodeName, names: &SubjectAltNames) -> Self {
        let names = names.dns().iter().cloned().chain(texts(names.ips())).collect();
        Self { node: node.to_string(), names }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Review {
    pub(super) user: String,
    /// All of its groups.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub(super) groups: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nodeclient: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) selfnodeclient: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    pub(super) user: String,
    /// A PEM block PUBLIC KEY, or a certificate with that key.
    pub(super) public_key: String,
}

impl Key {
    pub(super) fn of(user: &str, key: &PublicKey) -> Self {
        Self { user: user.to_owned(), public_key: pem::write("PUBLIC KEY", key.der()).to_string() }
    }
}

pub(super) fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}
