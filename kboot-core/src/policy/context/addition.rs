//! One more file of facts: what stands in it, and whether it contradicts what is known.

use std::net::IpAddr;

use serde_json::Value;

use super::KeyOwner;
use super::document::{FORM, File, Key, Node, Served};
use super::facts::Facts;
use crate::cluster::ClusterSpec;
use crate::csr::CertificateSigningRequest;
use crate::document::{DocumentError, FromValue, Problem, Problems};
use crate::name::{Dns1123Subdomain, NodeName};
use crate::net::Host;
use crate::policy::evidence::{address_of_node, normalised};
use crate::policy::text::escaped;
use crate::policy::{Inventory, Nodes};
use crate::x509::SignatureCheck;
use crate::x509::SubjectAltNames;
use crate::x509::{Certificate, PublicKey};

/// The facts of one more file, before it is known whether they fit.
pub(super) struct Addition {
    pub(super) facts: Facts,
    /// The Nodes of the list that is being read.
    nodes: Option<Nodes>,
    /// Whether the file is a list, of which nothing is left out.
    is_list: bool,
    problems: Problems,
}

impl Addition {
    /// To what is known so far.
    pub(super) fn to(facts: Facts) -> Self {
        Self { facts, nodes: None, is_list: false, problems: Problems::default() }
    }

    pub(super) fn problem(&mut self, path: &str, problem: impl Into<String>) {
        self.problems.push(Problem::new(path, problem));
    }

    /// Whether nothing more needs to be read: it is wrong, and as much of that is known as is kept.
    pub(super) fn is_hopeless(&self) -> bool {
        self.problems.is_full()
    }

    pub(super) fn finish(mut self) -> Result<Facts, DocumentError> {
        if self.nodes.is_some() && !self.is_list {
            self.problem("kind", "one Node says nothing of the others: give what `kubectl get nodes` prints");
        }
        if let Some(nodes) = self.nodes.take() {
            self.merge_nodes(nodes, "items");
        }
        if self.problems.is_empty() { Ok(self.facts) } else { Err(self.problems.into()) }
    }

    /// One object of a list, or a document of its own.
    pub(super) fn object(&mut self, value: &Value, list_kind: Option<&str>, index: usize) {
        let kind = value.get("kind").and_then(Value::as_str);
        let kind = kind.or_else(|| list_kind.and_then(|kind| kind.strip_suffix("List"))).unwrap_or_default();
        match (kind, list_kind.is_some() || value.get("metadata").is_some()) {
            ("CsrContext", _) => self.context_file(value),
            ("Cluster", _) => self.cluster_file(value),
            ("Config", _) => self.kubeconfig(value),
            ("ClusterConfiguration", _) => self.kubeadm(value, ""),
            ("ConfigMap", true) => self.config_map(value),
            ("Namespace", true) => self.namespace(value, index),
            ("Node", true) => self.node(value, index),
            ("CertificateSigningRequest", true) => self.request(value, index),
            ("NodeInventory", _) => {
                self.problem("kind", "an inventory belongs to the policy that names it, not to the context");
            }
            (other, _) => self.problem(
                "kind",
                format!(
                    "{:?} is not CsrContext, Cluster, a kubeconfig, kubeadm's ClusterConfiguration, or what `kubectl get \
                     nodes`, `csr` and `namespaces` print",
                    escaped(other)
                ),
            ),
        }
    }

    pub(super) fn end_of_list(&mut self, kind: Option<&str>, is_empty: bool, is_partial: bool) {
        self.is_list = true;
        if is_partial {
            self.problem(
                "metadata.continue",
                "is a page of a longer list, and what it leaves out would count as not there: give all of it",
            );
        }
        match kind {
            Some("NodeList") => {
                self.nodes.get_or_insert_default();
            }
            Some("CertificateSigningRequestList") => {
                self.facts.history.get_or_insert_default();
            }
            _ if is_empty => self.problem(
                "items",
                "is empty, and the list does not say of what: `kubectl get --raw /api/v1/nodes` and `kubectl get --raw \
                 /apis/certificates.k8s.io/v1/certificatesigningrequests` do",
            ),
            _ => {}
        }
    }
}

/// What kubectl prints.
impl Addition {
    /// A Node's status, as the node wrote it: addresses that are none are passed over, since a node could
    /// else keep everybody from deciding.
    fn node(&mut self, value: &Value, index: usize) {
        let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let name = value.get("metadata").and_then(|metadata| text(metadata, "name")).unwrap_or_default();
        let Ok(name) = name.parse::<NodeName>() else {
            return self.problem(&format!("items[{index}].metadata.name"), "is not a node's name");
        };
        let addresses = value.pointer("/status/addresses").and_then(Value::as_array);
        let names = addresses
            .into_iter()
            .flatten()
            .filter_map(|entry| address_of_node(&text(entry, "type")?, &text(entry, "address")?));
        let names = names.collect();
        if self.nodes.get_or_insert_default().insert(name, names).is_some() {
            self.problem(&format!("items[{index}].metadata.name"), "is listed before");
        }
    }

    fn request(&mut self, value: &Value, index: usize) {
        let mut value = value.clone();
        if let Some(fields) = value.as_object_mut() {
            fields.entry("apiVersion").or_insert_with(|| "certificates.k8s.io/v1".into());
            fields.entry("kind").or_insert_with(|| "CertificateSigningRequest".into());
        }
        let object = match CertificateSigningRequest::from_value(&value) {
            Ok(object) => object,
            Err(error) => return self.problem(&format!("items[{index}]"), error.to_string()),
        };
        let facts = &mut self.facts;
        if !facts.known_requests.insert(object.name().to_owned()) {
            return self.problem(&format!("items[{index}].metadata.name"), "is listed before");
        }
        facts.history.get_or_insert_default().add(&object);
        // Other signers' certificates may say anything.
        let certificate = object.certificate().filter(|_| object.signer().is_some());
        let certificate = certificate.and_then(|pem| Certificate::from_pem(pem).ok());
        if let Some(certificate) = certificate.as_ref().map(Certificate::facts) {
            // Who had it first keeps it: a second owner is what the policy looks for.
            let owner = facts.key_owners.entry(certificate.public_key.clone());
            let user = KeyOwner::User(certificate.common_name.clone());
            owner
                .and_modify(|owner| {
                    if matches!(owner, KeyOwner::Requested { .. }) {
                        *owner = user.clone();
                    }
                })
                .or_insert_with(|| user.clone());
        } else if object.certificate().is_none()
            && let Ok(request) = object.request()
            && request.signature() == SignatureCheck::Valid
            && let Some(user) = request.common_names().next()
        {
            // Only who has the key can have signed with it.
            let requestor = object.requestor().username.clone();
            let owner = KeyOwner::Requested { user: user.to_owned(), requestor };
            facts.key_owners.entry(request.public_key().clone()).or_insert(owner);
        }
    }

    /// Each list of Nodes is all of them, so two lists must be the same.
    fn merge_nodes(&mut self, nodes: Nodes, path: &str) {
        match &self.facts.nodes {
            None => self.facts.nodes = Some(nodes),
            Some(known) => {
                let all = known.iter().chain(nodes.iter()).map(|(name, _)| name);
                let different = { all }.find(|name| known.get(name) != nodes.get(name)).cloned();
                if let Some(name) = different {
                    self.problem(path, format!("contradicts another file's list of the Nodes about {name}"));
                }
            }
        }
    }
}

/// kboot's own files.
impl Addition {
    fn cluster_file(&mut self, value: &Value) {
        match ClusterSpec::from_value(value) {
            Err(error) => self.problems.extend(error.problems),
            Ok(spec) => {
                let machines = Inventory::from(&spec);
                self.once("spec.nodes", machines, |facts| &mut facts.machines);
                self.once("spec.network.serviceCIDRs", spec.network.service_cidrs, |d| &mut d.service_cidrs);
                self.once("spec.network.podCIDRs", spec.network.pod_cidrs, |d| &mut d.pod_cidrs);
                self.once("spec.network.dnsDomain", spec.network.dns_domain, |d| &mut d.dns_domain);
            }
        }
    }

    fn context_file(&mut self, value: &Value) {
        let File { spec, .. } = match FORM.fields(value) {
            Ok(file) => file,
            Err(error) => return self.problems.extend(error.problems),
        };
        if let Some(now) = self.parsed("spec.now", spec.now.as_deref()) {
            self.once("spec.now", now, |facts| &mut facts.now);
        }
        if let Some(domain) = self.parsed("spec.cluster.dnsDomain", spec.cluster.dns_domain.as_deref()) {
            self.once("spec.cluster.dnsDomain", domain, |facts| &mut facts.dns_domain);
        }
        if let Some(ranges) = spec.cluster.service_cidrs {
            let ranges = self.all("spec.cluster.serviceCIDRs", &ranges);
            self.once("spec.cluster.serviceCIDRs", ranges, |facts| &mut facts.service_cidrs);
        }
        if let Some(ranges) = spec.cluster.pod_cidrs {
            let ranges = self.all("spec.cluster.podCIDRs", &ranges);
            self.once("spec.cluster.podCIDRs", ranges, |facts| &mut facts.pod_cidrs);
        }
        for (i, namespace) in spec.cluster.namespaces.iter().enumerate() {
            self.add_namespace(&format!("spec.cluster.namespaces[{i}]"), namespace);
        }
        for name in self.all("spec.cluster.apiServer", &spec.cluster.api_server) {
            self.api_server(name);
        }
        if let Some(lifetime) = self.parsed("spec.signerDuration", spec.signer_duration.as_deref()) {
            self.once("spec.signerDuration", lifetime, |facts| &mut facts.signer_lifetime);
        }
        if let Some(nodes) = spec.nodes {
            self.node_documents(nodes);
        }
        for (i, Served { node, names }) in spec.served.into_iter().enumerate() {
            let path = format!("spec.served[{i}]");
            let names: Vec<String> = names.iter().map(|name| normalised(name)).collect();
            let names: SubjectAltNames = self.all(&format!("{path}.names"), &names).into_iter().collect();
            let node = normalised(&node);
            let Some(node) = self.parsed::<NodeName>(&format!("{path}.node"), Some(&node)) else { continue };
            let known = self.facts.served.entry(node.clone()).or_insert_with(|| names.clone());
            if *known != names {
                self.problem(&path, format!("{node} serves other names elsewhere"));
            }
        }
        for (name, addresses) in spec.dns {
            let path = format!("spec.dns.{}", escaped(&name));
            let addresses = self.addresses(&path, &addresses);
            let name = normalised(&name);
            if let Err(error) = name.parse::<Dns1123Subdomain>() {
                self.problem(&path, error.to_string());
            }
            if *self.facts.dns.entry(name).or_insert_with(|| addresses.clone()) != addresses {
                self.problem(&path, "has other addresses elsewhere");
            }
        }
        for (i, review) in spec.access_reviews.into_iter().enumerate() {
            let path = format!("spec.accessReviews[{i}]");
            let subject = (review.user, review.groups);
            let mut known = self.facts.access_reviews.get(&subject).copied().unwrap_or_default();
            for (field, said, known) in [
                ("nodeclient", review.nodeclient, &mut known.node_client),
                ("selfnodeclient", review.selfnodeclient, &mut known.self_node_client),
            ] {
                if said.is_some() && known.is_some() && said != *known {
                    self.problem(&format!("{path}.{field}"), "contradicts an earlier review of this user");
                }
                *known = said.or(*known);
            }
            self.facts.access_reviews.insert(subject, known);
        }
        for (i, Key { user, public_key }) in spec.keys.into_iter().enumerate() {
            let path = format!("spec.keys[{i}].publicKey");
            match PublicKey::from_pem(public_key.as_bytes()) {
                Err(error) => self.problem(&path, error.to_string()),
                Ok(key) => match self.facts.key_owners.insert(key, KeyOwner::User(user.clone())) {
                    Some(KeyOwner::User(owner)) if owner != user => {
                        self.problem(&path, format!("belongs to {} already", escaped(&owner)));
                    }
                    _ => {}
                },
            }
        }
    }

    fn node_documents(&mut self, documents: Vec<Node>) {
        let mut nodes = Nodes::default();
        for (i, node) in documents.into_iter().enumerate() {
            let path = format!("spec.nodes[{i}]");
            let addresses = self.addresses(&format!("{path}.addresses"), &node.addresses);
            let dns: Vec<String> = node.dns_names.iter().map(|name| normalised(name)).collect();
            // An address among them is one all the same.
            let dns: Vec<Host> = self.all(&format!("{path}.dnsNames"), &dns);
            let name = normalised(&node.name);
            let Some(name) = self.parsed::<NodeName>(&format!("{path}.name"), Some(&name)) else {
                continue;
            };
            let names = addresses.into_iter().map(Host::Ip).chain(dns).collect();
            if nodes.insert(name, names).is_some() {
                self.problem(&format!("{path}.name"), "is listed before");
            }
        }
        self.merge_nodes(nodes, "spec.nodes");
    }

    pub(super) fn parsed<T: std::str::FromStr<Err: ToString>>(
        &mut self,
        path: &str,
        text: Option<&str>,
    ) -> Option<T> {
        match text?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(path, error.to_string());
                None
            }
        }
    }

    fn all<T: std::str::FromStr<Err: ToString>>(&mut self, path: &str, texts: &[String]) -> Vec<T> {
        let texts = texts.iter().enumerate();
        texts.filter_map(|(i, text)| self.parsed(&format!("{path}[{i}]"), Some(text))).collect()
    }

    /// Reads addresses, whose own error says nothing of the text.
    fn addresses(&mut self, path: &str, texts: &[String]) -> Vec<IpAddr> {
        let mut addresses = Vec::with_capacity(texts.len());
        for (i, text) in texts.iter().enumerate() {
            match text.parse() {
                Ok(address) => addresses.push(address),
                Err(_) => {
                    self.problem(&format!("{path}[{i}]"), format!("\"{}\" is not an address", escaped(text)));
                }
            }
        }
        addresses
    }

    /// A fact that there is once.
    pub(super) fn once<T: PartialEq>(
        &mut self,
        path: &str,
        value: T,
        place: impl Fn(&mut Facts) -> &mut Option<T>,
    ) {
        let place = place(&mut self.facts);
        match place {
            Some(known) if *known != value => self.problem(path, "contradicts another file"),
            _ => *place = Some(value),
        }
    }
}
