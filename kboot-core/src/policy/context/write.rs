//! Context files written: the form, and a document's way back to text.

use std::collections::BTreeMap;

use serde::Serialize;

use super::KeyOwner;
use super::file::ContextDocument;
use crate::document::DocumentError;
use crate::document::{Problem, yaml};
use crate::name::NodeName;
use crate::x509::{PublicKey, SubjectAltNames, pem};

/// A `CsrContext`, as it is read.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<String>,
    #[serde(skip_serializing_if = "Cluster::is_empty")]
    pub(super) cluster: Cluster,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signer_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nodes: Option<Vec<Node>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) served: Vec<Served>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) dns: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) access_reviews: Vec<Review>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<Key>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Cluster {
    #[serde(rename = "serviceCIDRs", skip_serializing_if = "Option::is_none")]
    pub(super) service_cidrs: Option<Vec<String>>,
    #[serde(rename = "podCIDRs", skip_serializing_if = "Option::is_none")]
    pub(super) pod_cidrs: Option<Vec<String>>,
    #[serde(rename = "dnsDomain", skip_serializing_if = "Option::is_none")]
    pub(super) dns_domain: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) namespaces: Vec<String>,
    #[serde(rename = "apiServer", skip_serializing_if = "Vec::is_empty")]
    pub(super) api_server: Vec<String>,
}

impl Cluster {
    fn is_empty(&self) -> bool {
        let Self { service_cidrs, pod_cidrs, dns_domain, namespaces, api_server } = self;
        let is_silent = service_cidrs.is_none() && pod_cidrs.is_none() && dns_domain.is_none();
        is_silent && namespaces.is_empty() && api_server.is_empty()
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dns_names: Vec<String>,
}

impl Node {
    pub(super) fn of(name: &NodeName, status: &SubjectAltNames) -> Self {
        Self { name: name.to_string(), addresses: texts(status.ips()), dns_names: status.dns().to_vec() }
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Served {
    node: String,
    names: Vec<String>,
}

impl Served {
    pub(super) fn of(node: &NodeName, names: &SubjectAltNames) -> Self {
        let names = names.dns().iter().cloned().chain(texts(names.ips())).collect();
        Self { node: node.to_string(), names }
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Review {
    pub(super) user: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nodeclient: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) selfnodeclient: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    user: String,
    public_key: String,
}

impl Key {
    pub(super) fn of(user: &str, key: &PublicKey) -> Self {
        Self { user: user.to_owned(), public_key: pem::write("PUBLIC KEY", key.der()).to_string() }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written<'a> {
    api_version: &'static str,
    kind: &'static str,
    spec: &'a Spec,
}

impl<'a> From<&'a Spec> for Written<'a> {
    fn from(spec: &'a Spec) -> Self {
        Self { api_version: "kboot.dev/v1alpha1", kind: "CsrContext", spec }
    }
}

pub(super) fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

impl ContextDocument {
    /// The facts as the text of one `CsrContext`.
    ///
    /// ```
    /// use kboot_core::policy::ContextDocument;
    /// let document = ContextDocument::builder().with_now("2026-01-02T15:04:05Z".parse()?).build()?;
    /// let mut again = ContextDocument::default();
    /// again.add(&document.to_yaml()?)?;
    /// assert_eq!(again, document);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DocumentError`] for facts that come from other files and that a `CsrContext` has no field for: a cluster file's
    /// machines, and requests.
    pub fn to_yaml(&self) -> Result<String, DocumentError> {
        let facts = &self.0;
        let mut problems = Vec::new();
        if facts.machines.is_some() {
            let problem = "a CsrContext has no field for a cluster file's machines: keep that file beside it";
            problems.push(Problem::new("machines", problem));
        }
        let is_asked_for = |owner: &KeyOwner| !matches!(owner, KeyOwner::User(_));
        if facts.history.is_some() || facts.key_owners.values().any(is_asked_for) {
            let problem = "a CsrContext has no field for requests: keep the list of them beside it";
            problems.push(Problem::new("requests", problem));
        }
        if !problems.is_empty() {
            return Err(DocumentError { problems });
        }
        let keys = facts.key_owners.iter().filter_map(|(key, owner)| match owner {
            KeyOwner::User(user) => Some(Key::of(user, key)),
            KeyOwner::Authority | KeyOwner::Requested { .. } => None,
        });
        let mut keys: Vec<Key> = keys.collect();
        keys.sort();
        let reviews = facts.access_reviews.iter().map(|((user, groups), reviews)| Review {
            user: user.clone(),
            groups: groups.iter().cloned().collect(),
            nodeclient: reviews.node_client,
            selfnodeclient: reviews.self_node_client,
        });
        let spec = Spec {
            now: facts.now.map(|now| now.to_string()),
            cluster: Cluster {
                service_cidrs: facts.service_cidrs.as_ref().map(texts),
                pod_cidrs: facts.pod_cidrs.as_ref().map(texts),
                dns_domain: facts.dns_domain.as_ref().map(ToString::to_string),
                namespaces: facts.namespaces.iter().cloned().collect(),
                api_server: texts(&facts.api_server),
            },
            signer_duration: facts.signer_lifetime.map(|lifetime| lifetime.to_string()),
            nodes: facts
                .nodes
                .as_ref()
                .map(|nodes| nodes.iter().map(|(name, of)| Node::of(name, of)).collect()),
            served: facts.served.iter().map(|(node, names)| Served::of(node, names)).collect(),
            dns: facts.dns.iter().map(|(name, addresses)| (name.clone(), texts(addresses))).collect(),
            access_reviews: reviews.collect(),
            keys,
        };
        yaml::write(&Written::from(&spec)).map_err(|error| DocumentError::one("", error.to_string()))
    }
}
