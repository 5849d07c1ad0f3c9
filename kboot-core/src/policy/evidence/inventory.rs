//! Inventories: which nodes a cluster has, said by its operator.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::Compared;
use super::loopback::is_loopback_name;
use crate::cluster::ClusterSpec;
use crate::document::schema;
use crate::document::{Problem, Problems};
use crate::name::{Dns1123Subdomain, NameError, NodeName};
use crate::net::{Cidr, is_of_one_machine};
use crate::policy::PolicyError;
use crate::policy::text::escaped;
use crate::token::TokenId;
use crate::x509::SubjectAltNames;

/// The JSON Schema of an inventory file, for editors and other tools.
pub const INVENTORY_SCHEMA: &str = include_str!("inventory.schema.json");

static PARSED_SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(INVENTORY_SCHEMA).unwrap_or_default());

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
/// # Ok::<(), kboot_core::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    nodes: BTreeMap<NodeName, InventoryNode>,
    owners: Owners,
    /// What a cluster file says besides.
    pub(in crate::policy) cluster: ClusterFacts,
    warnings: Vec<Problem>,
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

/// Whose each address, DNS name and token is; no two nodes share one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Owners {
    addresses: HashMap<IpAddr, NodeName>,
    names: HashMap<String, NodeName>,
    tokens: HashMap<TokenId, NodeName>,
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

    /// What of the file was passed over, with its path: addresses and names of loopback, which are on every
    /// machine, so that they say nothing of one.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    fn of(nodes: BTreeMap<NodeName, InventoryNode>, cluster: ClusterFacts) -> Self {
        let mut owners = Owners::default();
        for (name, node) in &nodes {
            let of_node = || name.clone();
            owners.names.insert(name.to_string(), of_node());
            owners.names.extend(node.dns_names.iter().map(|dns| (dns.to_string(), of_node())));
            owners.addresses.extend(node.addresses.iter().map(|address| (*address, of_node())));
            owners.tokens.extend(node.token_ids.iter().map(|id| (id.clone(), of_node())));
        }
        Self { nodes, owners, cluster, warnings: Vec::new() }
    }

    /// The node that a bootstrap token is bound to.
    pub(in crate::policy) fn node_of_token(&self, id: &TokenId) -> Option<&NodeName> {
        self.owners.tokens.get(id)
    }

    /// The node whose name or address this is.
    pub(in crate::policy) fn node_of(&self, name: Compared<'_>) -> Option<&NodeName> {
        match name {
            Compared::Dns(name) => self.owners.names.get(name),
            Compared::Ip(address) => self.owners.addresses.get(&address),
            Compared::Other => None,
        }
    }
}

#[derive(Deserialize)]
struct Document {
    spec: Option<Spec>,
    /// The place of older files.
    nodes: Option<Vec<NodeDocument>>,
}

#[derive(Deserialize)]
struct Spec {
    nodes: Vec<NodeDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeDocument {
    name: String,
    #[serde(default)]
    addresses: Vec<String>,
    #[serde(default)]
    dns_names: Vec<String>,
    #[serde(default)]
    token_ids: Vec<String>,
}

impl FromStr for Inventory {
    type Err = PolicyError;

    /// Reads a NodeInventory, or a cluster file, whose nodes' names and addresses it takes.
    ///
    /// Names may be in upper case and end in a dot, as they stand in objects of real machines: they are the
    /// same names. What is passed over is in [`Inventory::warnings`].
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let value = crate::document::yaml::parse(text).map_err(|problem| PolicyError::one("", problem))?;
        if value.get("kind").and_then(Value::as_str) == Some("Cluster") {
            let spec: ClusterSpec = text
                .parse()
                .map_err(|error: crate::cluster::SpecError| PolicyError { problems: error.problems })?;
            return Ok(Self::from(&spec));
        }
        let shape = schema::check(&PARSED_SCHEMA, &value);
        if !shape.is_empty() {
            return Err(PolicyError { problems: shape });
        }
        let document: Document =
            serde_json::from_value(value).map_err(|error| PolicyError::one("", error.to_string()))?;
        match document {
            Document { spec: Some(Spec { nodes }), nodes: None } => Reader::new("spec.nodes").read(&nodes),
            Document { spec: None, nodes: Some(nodes) } => Reader::new("nodes").read(&nodes),
            Document { spec: None, nodes: None } => Err(PolicyError::one("spec", "is missing")),
            Document { spec: Some(_), nodes: Some(_) } => {
                Err(PolicyError::one("nodes", "stands in spec too; leave it out here"))
            }
        }
    }
}

impl From<&ClusterSpec> for Inventory {
    fn from(spec: &ClusterSpec) -> Self {
        let nodes = spec.nodes().iter().map(|node| {
            let known = InventoryNode { addresses: node.addresses().to_vec(), ..InventoryNode::default() };
            (node.name().clone(), known)
        });
        let api_server = [spec.control_plane_endpoint.host()].into_iter().chain(&spec.pki.api_server_sans);
        let cluster = ClusterFacts {
            service_cidrs: spec.network.service_cidrs.clone(),
            pod_cidrs: spec.network.pod_cidrs.clone(),
            dns_domain: Some(spec.network.dns_domain.clone()),
            api_server: api_server.cloned().collect(),
        };
        Self::of(nodes.collect(), cluster)
    }
}

/// A DNS name as it is compared: people and programs write it in upper case, and with the root's dot.
pub(in crate::policy) fn normalised(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Reads an inventory and notes what is wrong with it. What belongs to two nodes is a mistake that would
/// let one of them stand in for the other.
struct Reader {
    /// Where the nodes stand.
    path: &'static str,
    nodes: BTreeMap<NodeName, InventoryNode>,
    problems: Problems,
    warnings: Problems,
    owners: HashMap<String, NodeName>,
}

/// What stands in a list of an inventory.
enum Entry<T> {
    /// Something that is the node's.
    Own(T),
    /// What every machine has.
    Loopback(String),
}

impl Reader {
    fn new(path: &'static str) -> Self {
        let (nodes, owners) = (BTreeMap::new(), HashMap::new());
        let (problems, warnings) = (Problems::default(), Problems::default());
        Self { path, nodes, problems, warnings, owners }
    }

    fn read(mut self, nodes: &[NodeDocument]) -> Result<Inventory, PolicyError> {
        let mut read = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            let path = format!("{}[{i}].name", self.path);
            match normalised(&node.name).parse::<NodeName>() {
                Err(error) => self.problems.push(Problem::new(&path, error.to_string())),
                Ok(name) => {
                    if self.nodes.insert(name.clone(), InventoryNode::default()).is_some() {
                        self.problems.push(Problem::new(&path, format!("{name} is listed before")));
                    }
                    // Its name is its own; another node cannot have it as a DNS name.
                    self.owners.insert(name.to_string(), name.clone());
                    read.push((i, name, node));
                }
            }
        }
        for (i, name, node) in read {
            let path = format!("{}[{i}]", self.path);
            let known = InventoryNode {
                addresses: self.each(&name, &format!("{path}.addresses"), &node.addresses, address),
                dns_names: self.each(&name, &format!("{path}.dnsNames"), &node.dns_names, dns_name),
                token_ids: self.each(&name, &format!("{path}.tokenIds"), &node.token_ids, token_id),
            };
            self.nodes.insert(name, known);
        }
        if self.problems.is_empty() {
            let inventory = Inventory::of(self.nodes, ClusterFacts::default());
            Ok(Inventory { warnings: self.warnings.into(), ..inventory })
        } else {
            Err(PolicyError { problems: self.problems.into() })
        }
    }

    fn each<T: ToString>(
        &mut self,
        node: &NodeName,
        path: &str,
        texts: &[String],
        parse: impl Fn(&str) -> Result<Entry<T>, String>,
    ) -> Vec<T> {
        let mut values = Vec::with_capacity(texts.len());
        for (i, text) in texts.iter().enumerate() {
            let path = format!("{path}[{i}]");
            match parse(text) {
                Ok(Entry::Own(value)) => {
                    let text = value.to_string();
                    // Token ids and DNS names may be spelt alike.
                    let kind = if path.contains("tokenIds") { "token " } else { "" };
                    let owner =
                        self.owners.entry(format!("{kind}{text}")).or_insert_with(|| node.clone()).clone();
                    if owner == *node {
                        values.push(value);
                    } else {
                        self.problems.push(Problem::new(&path, format!("{text} belongs to {owner} already")));
                    }
                }
                Ok(Entry::Loopback(text)) => {
                    let warning = format!("{text} is every machine's own, and is passed over");
                    self.warnings.push(Problem::new(&path, warning));
                }
                Err(problem) => self.problems.push(Problem::new(&path, problem)),
            }
        }
        values
    }
}

fn address(text: &str) -> Result<Entry<IpAddr>, String> {
    let address: IpAddr = text.parse().map_err(|_| format!("\"{}\" is not an address", escaped(text)))?;
    if address.to_canonical().is_loopback() {
        Ok(Entry::Loopback(address.to_string()))
    } else if is_of_one_machine(address) {
        Ok(Entry::Own(address))
    } else {
        Err(format!("{address} is not the address of one machine"))
    }
}

fn dns_name(text: &str) -> Result<Entry<Dns1123Subdomain>, String> {
    let name = normalised(text);
    if is_loopback_name(&name) {
        return Ok(Entry::Loopback(name));
    }
    name.parse().map(Entry::Own).map_err(|error: NameError| error.to_string())
}

fn token_id(text: &str) -> Result<Entry<TokenId>, String> {
    // Somebody may have put the whole token there, which nobody is to read in a log.
    let problem = |_| "is not the id of a bootstrap token: 6 characters of a-z and 0-9".to_owned();
    text.parse().map(Entry::Own).map_err(problem)
}
