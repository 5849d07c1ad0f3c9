//! Inventories: which nodes a cluster has, said by its operator.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Compared;
use super::belonging::{Belonging, Owners};
use crate::cluster::ClusterSpec;
use crate::document::{DocumentError, Problem, Problems};
use crate::name::{Dns1123Subdomain, NodeName};
use crate::net::Cidr;
use crate::token::TokenId;
use crate::x509::SubjectAltNames;

/// The nodes that an operator knows, with their names and addresses: the strongest evidence of what a node
/// is, because no node can write it.
///
/// ```
/// use kboot_core::policy::Inventory;
/// let inventory: Inventory = "
/// apiVersion: kboot.dev/v1alpha1
/// kind: NodeInventory
/// spec:
///   nodes:
///   - {name: worker-1, addresses: [192.168.5.21], dnsNames: [worker-1.example.com], tokenIds: [abcdef]}
/// ".parse()?;
/// assert_eq!(inventory.nodes().count(), 1);
/// # Ok::<(), kboot_core::document::DocumentError>(())
/// ```
///
/// In code, an empty one is [`Inventory::default`]:
///
/// ```
/// use kboot_core::policy::{Inventory, InventoryNode};
/// let mut inventory = Inventory::default();
/// let node = || InventoryNode::new().with_address([192, 168, 5, 21].into());
/// inventory.insert("worker-1".parse()?, node().with_dns_name("worker-1.example.com".parse()?))?;
/// let refused = inventory.insert("worker-2".parse()?, node()).unwrap_err();
/// assert_eq!(refused.to_string(), "nodes[worker-2].addresses[0]: 192.168.5.21 belongs to worker-1 already");
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    pub(super) nodes: BTreeMap<NodeName, InventoryNode>,
    pub(super) owners: Owners,
    /// What a cluster file says besides.
    pub(in crate::policy) cluster: ClusterFacts,
    pub(super) warnings: Vec<Problem>,
}

/// What the floor judges alternative names by, of the cluster as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::policy) struct ClusterFacts {
    pub(in crate::policy) service_cidrs: Vec<Cidr>,
    pub(in crate::policy) pod_cidrs: Vec<Cidr>,
    pub(in crate::policy) dns_domain: Option<Dns1123Subdomain>,
    /// Names and addresses of the API server.
    pub(in crate::policy) api_server: SubjectAltNames,
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

impl InventoryNode {
    /// A node of which nothing is known but its name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an address of its own: no loopback, and the address of one machine.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.addresses.push(address);
        self
    }

    /// Adds a DNS name besides its own name.
    #[must_use]
    pub fn with_dns_name(mut self, name: Dns1123Subdomain) -> Self {
        self.dns_names.push(name);
        self
    }

    /// Adds a bootstrap token by which it may join, and no other node.
    #[must_use]
    pub fn with_token(mut self, id: TokenId) -> Self {
        self.token_ids.push(id);
        self
    }

    /// What it has besides its name, each with its field and its number there.
    fn belongings(&self) -> impl Iterator<Item = (&'static str, usize, Belonging<'_>)> {
        let addresses = self.addresses.iter().enumerate().map(|(i, one)| ("addresses", i, one.into()));
        let names = self.dns_names.iter().enumerate().map(|(i, one)| ("dnsNames", i, one.into()));
        let tokens = self.token_ids.iter().enumerate().map(|(i, one)| ("tokenIds", i, one.into()));
        addresses.chain(names).chain(tokens)
    }
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

    /// What of the file was passed over, with its path: addresses and names of loopback, which are on every
    /// machine, so that they say nothing of one.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// An inventory of these nodes.
    ///
    /// ```
    /// use kboot_core::policy::{Inventory, InventoryNode};
    /// let node = |last| InventoryNode::new().with_address([192, 168, 5, last].into());
    /// let nodes = [("worker-1".parse()?, node(21)), ("worker-2".parse()?, node(22))];
    /// let inventory = Inventory::from_nodes(nodes)?;
    /// assert_eq!(inventory.to_yaml()?.parse(), Ok(inventory));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`DocumentError`] with everything that is wrong, under the paths of a file that lists the nodes in this order:
    /// a node that is listed twice, what belongs to two nodes, an address that is not one machine's, and what every
    /// machine has, as loopback.
    pub fn from_nodes(
        nodes: impl IntoIterator<Item = (NodeName, InventoryNode)>,
    ) -> Result<Self, DocumentError> {
        let nodes: Vec<(NodeName, InventoryNode)> = nodes.into_iter().collect();
        let mut inventory = Self::default();
        let mut problems = Problems::default();
        for (i, (name, _)) in nodes.iter().enumerate() {
            if let Err(problem) = inventory.list(name) {
                problems.push(Problem::new(&format!("spec.nodes[{i}].name"), problem));
            }
        }
        for (i, (name, node)) in nodes.into_iter().enumerate() {
            for (field, number, thing) in node.belongings() {
                if let Err(problem) = inventory.own(&name, thing) {
                    problems.push(Problem::new(&format!("spec.nodes[{i}].{field}[{number}]"), problem));
                }
            }
            inventory.nodes.insert(name, node);
        }
        if problems.is_empty() { Ok(inventory) } else { Err(problems.into()) }
    }

    /// Says what a node has, in place of what was said of it before, which it gives back. The other nodes are not
    /// looked at again, however many there are.
    ///
    /// # Errors
    /// A [`DocumentError`] with everything that is wrong, as for [`Inventory::from_nodes`], under paths like
    /// `nodes[worker-1].addresses[0]`. The inventory is then as before.
    pub fn insert(
        &mut self,
        name: NodeName,
        node: InventoryNode,
    ) -> Result<Option<InventoryNode>, DocumentError> {
        let path = |field: String| format!("nodes[{name}].{field}");
        let mut problems = Problems::default();
        if let Some(problem) = self.owners.objection_to_name(&name) {
            problems.push(Problem::new(&path("name".to_owned()), problem));
        }
        for (field, number, thing) in node.belongings() {
            if let Some(problem) = self.owners.objection(&name, thing) {
                problems.push(Problem::new(&path(format!("{field}[{number}]")), problem));
            }
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let before = self.remove(&name);
        self.enter(name, node);
        Ok(before)
    }

    /// Takes a node out, and gives back what was said of it; nothing where it is not listed.
    pub fn remove(&mut self, name: &NodeName) -> Option<InventoryNode> {
        let node = self.nodes.remove(name)?;
        self.owners.release(name.into());
        node.belongings().for_each(|(_, _, thing)| self.owners.release(thing));
        Some(node)
    }

    /// Lists a node of which nothing is known yet. Its name is its own; another node cannot have it as a DNS name.
    pub(super) fn list(&mut self, name: &NodeName) -> Result<(), String> {
        self.owners.claim(name, name.into());
        match self.nodes.insert(name.clone(), InventoryNode::default()) {
            None => Ok(()),
            Some(_) => Err(format!("{name} is listed before")),
        }
    }

    /// Notes that something is the node's, or says why it cannot be.
    pub(super) fn own(&mut self, name: &NodeName, thing: Belonging<'_>) -> Result<(), String> {
        match self.owners.objection(name, thing) {
            Some(objection) => Err(objection),
            None => {
                self.owners.claim(name, thing);
                Ok(())
            }
        }
    }

    /// Enters a node with which nothing is wrong.
    fn enter(&mut self, name: NodeName, node: InventoryNode) {
        self.owners.claim(&name, (&name).into());
        node.belongings().for_each(|(_, _, thing)| self.owners.claim(&name, thing));
        self.nodes.insert(name, node);
    }

    /// The node that a bootstrap token is bound to.
    pub(in crate::policy) fn node_of_token(&self, id: &TokenId) -> Option<&NodeName> {
        self.owners.of_token(id)
    }

    /// The node whose name or address this is.
    pub(in crate::policy) fn node_of(&self, name: Compared<'_>) -> Option<&NodeName> {
        self.owners.of(name)
    }
}

impl From<&ClusterSpec> for Inventory {
    fn from(spec: &ClusterSpec) -> Self {
        let api_server = [spec.control_plane_endpoint.host()].into_iter().chain(&spec.pki.api_server_sans);
        let mut inventory = Self {
            cluster: ClusterFacts {
                service_cidrs: spec.network.service_cidrs.clone(),
                pod_cidrs: spec.network.pod_cidrs.clone(),
                dns_domain: Some(spec.network.dns_domain.clone()),
                api_server: api_server.cloned().collect(),
            },
            ..Self::default()
        };
        for node in spec.nodes() {
            let known = InventoryNode { addresses: node.addresses().to_vec(), ..InventoryNode::default() };
            inventory.enter(node.name().clone(), known);
        }
        inventory
    }
}
