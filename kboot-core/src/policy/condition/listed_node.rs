//! Which nodes, by an inventory.

use std::fmt;

use super::reader::RuleReader;
use super::{Around, Check, Met, NO_NODE, Objection, Place, Warning, meaningless};
use crate::csr::CertificateSigningRequest;
use crate::identity::node_of;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::text::escaped;
use crate::policy::{Answer, Glob};

/// The inventory holds the node, and where it binds bootstrap tokens to nodes, this one to this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct ListedNode {
    /// The name under which the context has the inventory.
    pub(in crate::policy) inventory: String,
}

/// Where the node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Listing {
    NoNode,
    NotSupplied,
    Absent,
    OtherToken,
    Listed,
}

impl Check for ListedNode {
    const NAME: &'static str = "inventory";
    const FIELD: &'static str = "node.inventory";
    const MEANING: &'static str = "A file that lists the nodes: a NodeInventory or a cluster file.";
    const PLACE: Place = Place::Whom;
    type Document = String;
    type Seen = Listing;

    fn read(inventory: String, _: &mut RuleReader<'_>) -> Option<Self> {
        Some(Self { inventory })
    }

    fn document(&self) -> Option<String> {
        Some(self.inventory.clone())
    }

    fn implied(_: Around<'_>) -> Option<Self> {
        None
    }

    fn misfits(&self, rule: Around<'_>) -> Vec<Objection> {
        if rule.signer().is_of_nodes() { Vec::new() } else { vec![meaningless("node", rule)] }
    }

    fn objections(&self, _: Around<'_>) -> Vec<Objection> {
        Vec::new()
    }

    fn warnings(&self, _: Around<'_>) -> Vec<Warning> {
        Vec::new()
    }

    fn user_patterns(&self) -> Option<(&'static str, &[Glob])> {
        None
    }

    fn is_limit(&self) -> bool {
        true
    }

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<Listing>> {
        let Some(node) = &case.node else { return Some(Met::new(Listing::NoNode, Answer::No)) };
        let Some(inventory) = case.context.inventories.get(&self.inventory) else {
            return Some(Met::new(Listing::NotSupplied, Answer::Unknown));
        };
        let Some(known) = inventory.node(node) else {
            return Some(Met::new(Listing::Absent, Answer::No));
        };
        let token = case.object.requestor().token_id();
        let bound_to = token.as_ref().and_then(|id| inventory.node_of_token(id));
        let is_bound = bound_to.is_some() || !known.token_ids.is_empty();
        if is_bound && !case.is_sent_by_node() && bound_to != Some(node) {
            return Some(Met::new(Listing::OtherToken, Answer::No));
        }
        Some(Met::new(Listing::Listed, Answer::Yes))
    }

    fn tell(
        &self,
        listing: &Listing,
        object: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let node = object.request().ok().and_then(node_of);
        let node = node.as_ref().map(|node| node.as_str()).unwrap_or_default();
        match listing {
            Listing::NoNode => f.write_str(NO_NODE),
            Listing::NotSupplied => write!(f, "{} was not supplied", escaped(&self.inventory)),
            Listing::Absent => write!(f, "{node} is not in it"),
            Listing::OtherToken => write!(f, "{node} joins by its own token, which this is not"),
            Listing::Listed => write!(f, "{node} is in it"),
        }
    }

    fn sentence(&self) -> Vec<String> {
        vec![format!("for nodes of the inventory {:?}", self.inventory)]
    }

    fn missing_fact(&self, _: &Listing) -> Option<MissingFact> {
        Some(MissingFact::Inventory)
    }
}
