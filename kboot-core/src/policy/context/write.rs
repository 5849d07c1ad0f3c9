//! Facts back to text.

use super::KeyOwner;
use super::document::{Cluster, File, Key, Node, Review, Served, Spec, texts};
use super::file::ContextDocument;
use crate::document::{DocumentError, Problem, yaml};

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
            groups: groups.clone(),
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
        yaml::write(&File::from(spec)).map_err(|error| DocumentError::one("", error.to_string()))
    }
}
