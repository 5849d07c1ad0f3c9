//! The inventory file: YAML to an inventory and back, with everything that is wrong at once.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::belonging::Belonging;
use super::inventory::{Inventory, InventoryNode};
use crate::cluster::ClusterSpec;
use crate::document::{Problem, Problems, Unwritable, schema, yaml};
use crate::name::{Dns1123Subdomain, NameError, NodeName};
use crate::policy::PolicyError;
use crate::policy::text::escaped;
use crate::token::TokenId;

/// The JSON Schema of an inventory file, for editors and other tools.
pub const INVENTORY_SCHEMA: &str = include_str!("inventory.schema.json");

static PARSED_SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(INVENTORY_SCHEMA).unwrap_or_default());

#[derive(Deserialize)]
struct Document {
    spec: Option<Spec>,
    /// The place of older files.
    nodes: Option<Vec<NodeDocument>>,
}

#[derive(Deserialize, Serialize)]
struct Spec {
    nodes: Vec<NodeDocument>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeDocument {
    name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dns_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    token_ids: Vec<String>,
}

/// The document as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    api_version: &'static str,
    kind: &'static str,
    spec: Spec,
}

impl FromStr for Inventory {
    type Err = PolicyError;

    /// Reads a NodeInventory, or a cluster file, whose nodes' names and addresses it takes.
    ///
    /// Names may be in upper case and end in a dot, as they stand in objects of real machines: they are the
    /// same names. What is passed over is in [`Inventory::warnings`].
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let value = yaml::parse(text).map_err(|problem| PolicyError::one("", problem))?;
        if value.get("kind").and_then(Value::as_str) == Some("Cluster") {
            let spec =
                ClusterSpec::from_value(&value).map_err(|error| PolicyError { problems: error.problems })?;
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

impl Inventory {
    /// The NodeInventory file that reads back the same nodes. What a cluster file says of the cluster as a whole has
    /// no place in it, and [`Inventory::warnings`] have none.
    ///
    /// # Errors
    /// [`Unwritable`] where the writer of YAML refuses a text; none that a node has is of that kind.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        let nodes = self.nodes.iter().map(|(name, node)| NodeDocument {
            name: name.to_string(),
            addresses: texts(&node.addresses),
            dns_names: texts(&node.dns_names),
            token_ids: texts(&node.token_ids),
        });
        let spec = Spec { nodes: nodes.collect() };
        yaml::write(&Written { api_version: "kboot.dev/v1alpha1", kind: "NodeInventory", spec })
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// A DNS name as it is compared: people and programs write it in upper case, and with the root's dot.
pub(in crate::policy) fn normalised(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Reads an inventory and notes what is wrong with it.
struct Reader {
    /// Where the nodes stand.
    path: &'static str,
    inventory: Inventory,
    problems: Problems,
    warnings: Problems,
}

impl Reader {
    fn new(path: &'static str) -> Self {
        let (problems, warnings) = (Problems::default(), Problems::default());
        Self { path, inventory: Inventory::default(), problems, warnings }
    }

    fn read(mut self, nodes: &[NodeDocument]) -> Result<Inventory, PolicyError> {
        let mut read = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            let path = format!("{}[{i}].name", self.path);
            match normalised(&node.name).parse::<NodeName>() {
                Err(error) => self.problems.push(Problem::new(&path, error.to_string())),
                Ok(name) => {
                    if let Err(problem) = self.inventory.list(&name) {
                        self.problems.push(Problem::new(&path, problem));
                    }
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
            self.inventory.nodes.insert(name, known);
        }
        if self.problems.is_empty() {
            Ok(Inventory { warnings: self.warnings.into(), ..self.inventory })
        } else {
            Err(PolicyError { problems: self.problems.into() })
        }
    }

    fn each<T>(
        &mut self,
        node: &NodeName,
        path: &str,
        texts: &[String],
        parse: impl Fn(&str) -> Result<T, Unread>,
    ) -> Vec<T>
    where
        for<'a> Belonging<'a>: From<&'a T>,
    {
        let mut values = Vec::with_capacity(texts.len());
        for (i, text) in texts.iter().enumerate() {
            let entered = parse(text).and_then(|value| {
                self.inventory.own(node, Belonging::from(&value)).map_err(Unread::Wrong)?;
                Ok(value)
            });
            match entered {
                Ok(value) => values.push(value),
                Err(Unread::Wrong(problem)) => {
                    self.problems.push(Problem::new(&format!("{path}[{i}]"), problem));
                }
                Err(Unread::Loopback(text)) => {
                    let warning = format!("{text} is every machine's own, and is passed over");
                    self.warnings.push(Problem::new(&format!("{path}[{i}]"), warning));
                }
            }
        }
        values
    }
}

/// Why an entry is not taken.
enum Unread {
    /// It is what every machine has. That stands in objects of real machines, so it is passed over.
    Loopback(String),
    Wrong(String),
}

fn address(text: &str) -> Result<IpAddr, Unread> {
    let problem = |_| Unread::Wrong(format!("\"{}\" is not an address", escaped(text)));
    let address: IpAddr = text.parse().map_err(problem)?;
    let is_loopback = Belonging::Address(address).is_loopback();
    if is_loopback { Err(Unread::Loopback(address.to_string())) } else { Ok(address) }
}

fn dns_name(text: &str) -> Result<Dns1123Subdomain, Unread> {
    let name = normalised(text);
    if Belonging::DnsName(&name).is_loopback() {
        return Err(Unread::Loopback(name));
    }
    name.parse().map_err(|error: NameError| Unread::Wrong(error.to_string()))
}

fn token_id(text: &str) -> Result<TokenId, Unread> {
    // Somebody may have put the whole token there, which nobody is to read in a log.
    let problem =
        |_| Unread::Wrong("is not the id of a bootstrap token: 6 characters of a-z and 0-9".to_owned());
    text.parse().map_err(problem)
}
