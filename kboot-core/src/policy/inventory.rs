//! Inventories: which nodes a cluster has, said by its operator.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::name::{Dns1123Subdomain, NodeName};
use crate::token::TokenId;

/// The nodes that an operator knows, with their names and addresses: the strongest evidence of what a node
/// is, because no node can write it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    pub(super) nodes: BTreeMap<NodeName, InventoryNode>,
}

/// A node of an inventory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct InventoryNode {
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its DNS names, besides its own name.
    pub dns_names: Vec<Dns1123Subdomain>,
    /// The bootstrap tokens by which it may join; any where there is none.
    pub token_ids: Vec<TokenId>,
}

impl Inventory {
    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> Option<&InventoryNode> {
        self.nodes.get(name)
    }

    /// Every node.
    pub fn nodes(&self) -> impl Iterator<Item = (&NodeName, &InventoryNode)> {
        self.nodes.iter()
    }

    /// The node that a bootstrap token is bound to.
    pub(super) fn node_of_token(&self, id: &TokenId) -> Option<&NodeName> {
        self.nodes.iter().find(|(_, node)| node.token_ids.contains(id)).map(|(name, _)| name)
    }
}
