//! Facts said in code, with the checks of a file.

use std::net::IpAddr;

use super::AccessReviews;
use super::addition::Addition;
use super::document::{File, Key, Node, Review, Served, Spec, texts};
use super::facts::Facts;
use super::file::ContextDocument;
use crate::csr::Requestor;
use crate::document::DocumentError;
use crate::document::Problem;
use crate::name::{Dns1123Subdomain, NodeName};
use crate::net::{Cidr, Host};
use crate::time::{Lifetime, Timestamp};
use crate::x509::{PublicKey, SubjectAltNames};

/// Facts in code: everything that a `CsrContext` can say. What is given again takes the place of the first; of what there
/// is one for each node, name, user or key, all add up, and [`ContextBuilder::build`] says which contradict each other.
///
/// ```
/// use kboot_core::{net::Host, policy::ContextDocument};
/// let names = ["worker-1", "192.168.5.21"].map(|name| name.parse::<Host>());
/// let document = ContextDocument::builder()
///     .with_service_cidrs(["10.96.0.0/12".parse()?])
///     .with_api_server(&"api.example.com".parse()?)
///     .with_nodes([("worker-1".parse()?, names.into_iter().collect::<Result<_, _>>()?)])
///     .build()?;
/// let context = document.context("2026-01-02T15:04:05Z".parse()?);
/// assert_eq!(context.nodes.map(|nodes| nodes.len()), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ContextBuilder {
    spec: Spec,
    problems: Vec<Problem>,
}

impl ContextDocument {
    /// Facts to be said in code.
    pub fn builder() -> ContextBuilder {
        ContextBuilder::default()
    }
}

impl ContextBuilder {
    /// The time of the decision, in place of the clock (`now`).
    pub fn with_now(mut self, now: Timestamp) -> Self {
        self.spec.now = Some(now.to_string());
        self
    }

    /// The services' ranges, whose addresses are no node's (`cluster.serviceCIDRs`).
    pub fn with_service_cidrs(mut self, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        self.spec.cluster.service_cidrs = Some(texts(ranges));
        self
    }

    /// The pods' ranges, whose addresses are a node's only where an inventory says so (`cluster.podCIDRs`).
    pub fn with_pod_cidrs(mut self, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        self.spec.cluster.pod_cidrs = Some(texts(ranges));
        self
    }

    /// The cluster's DNS domain (`cluster.dnsDomain`). Default: `cluster.local`.
    pub fn with_dns_domain(mut self, domain: &Dns1123Subdomain) -> Self {
        self.spec.cluster.dns_domain = Some(domain.to_string());
        self
    }

    /// A namespace besides those of every cluster: `NAME.NAMESPACE` is a service's (`cluster.namespaces`).
    pub fn with_namespace(mut self, name: &str) -> Self {
        self.spec.cluster.namespaces.push(name.to_owned());
        self
    }

    /// A name or an address of the API server, of load balancers and virtual addresses too (`cluster.apiServer`).
    pub fn with_api_server(mut self, name: &Host) -> Self {
        self.spec.cluster.api_server.push(name.to_string());
        self
    }

    /// How long the signer's certificates live where a request does not say (`signerDuration`). Default: a year.
    pub fn with_signer_duration(mut self, lifetime: Lifetime) -> Self {
        self.spec.signer_duration = Some(lifetime.to_string());
        self
    }

    /// Nodes, each with the names and addresses of its status; all of them together are every Node of the cluster, so
    /// that no Node at all is said by an empty list (`nodes`).
    pub fn with_nodes(mut self, nodes: impl IntoIterator<Item = (NodeName, SubjectAltNames)>) -> Self {
        let nodes = nodes.into_iter().map(|(name, status)| Node::of(&name, &status));
        self.spec.nodes.get_or_insert_default().extend(nodes);
        self
    }

    /// The names of the certificate that a node's kubelet serves now (`served`).
    pub fn with_served(mut self, node: &NodeName, names: &SubjectAltNames) -> Self {
        self.spec.served.push(Served::of(node, names));
        self
    }

    /// The answer of DNS for a name: its addresses; none where it does not resolve (`dns`).
    pub fn with_dns(mut self, name: &Dns1123Subdomain, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let (name, addresses) = (name.to_string(), texts(addresses));
        let known = self.spec.dns.entry(name.clone()).or_insert_with(|| addresses.clone());
        if *known != addresses {
            self.problems.push(Problem::new(&format!("spec.dns.{name}"), "has other addresses elsewhere"));
        }
        self
    }

    /// What SubjectAccessReviews said of a user in all of its groups (`accessReviews`).
    pub fn with_access_reviews(mut self, requestor: &Requestor, reviews: AccessReviews) -> Self {
        self.spec.access_reviews.push(Review {
            user: requestor.username.clone(),
            groups: requestor.groups.iter().cloned().collect(),
            nodeclient: reviews.node_client,
            selfnodeclient: reviews.self_node_client,
        });
        self
    }

    /// Whose a public key is (`keys`).
    pub fn with_key(mut self, user: &str, key: &PublicKey) -> Self {
        self.spec.keys.push(Key::of(user, key));
        self
    }

    /// The facts, checked as those of a file.
    ///
    /// # Errors
    /// [`DocumentError`] with everything that is wrong, each problem with the path that its field has in a file.
    pub fn build(self) -> Result<ContextDocument, DocumentError> {
        let mut addition = Addition::to(Facts::default());
        match serde_json::to_value(File::from(self.spec)) {
            Ok(value) => addition.object(&value, None, 0),
            Err(error) => addition.problem("", error.to_string()),
        }
        for Problem { path, problem, .. } in &self.problems {
            addition.problem(path, problem.clone());
        }
        addition.finish().map(ContextDocument)
    }
}
