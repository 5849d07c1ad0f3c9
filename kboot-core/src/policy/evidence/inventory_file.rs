//! The inventory file: YAML to an inventory and back, with everything that is wrong at once.

use std::borrow::Cow;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::belonging::Belonging;
use super::inventory::{Inventory, InventoryNode};
use crate::cluster::ClusterSpec;
use crate::document::{
    API_VERSION, Document, DocumentError, Form, FromValue, Problem, Problems, Schema, Unwritable, read,
    shared, yaml,
};
use crate::name::{Dns1123Subdomain, NameError, NodeName};
use crate::net::machine_address;
use crate::token::TokenId;

const KIND: &str = "NodeInventory";

// As it is read and written; what the fields say stands in the JSON Schema.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    title = "kboot node inventory",
    extend(
        "$id" = "https://kboot.dev/schemas/v1alpha1/nodeinventory.json",
        "anyOf" = [{"required": ["spec"]}, {"required": ["nodes"]}],
        "not" = {"required": ["spec", "nodes"]},
    )
)]
struct File {
    #[schemars(extend("enum" = [API_VERSION]))]
    api_version: String,
    #[schemars(extend("enum" = [KIND]))]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<Spec>,
    /// The older place of spec.nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("deprecated" = true))]
    nodes: Option<Nodes>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Spec {
    nodes: Nodes,
}

#[derive(Deserialize, Serialize)]
struct Nodes(Vec<NodeDocument>);

impl JsonSchema for Nodes {
    fn schema_name() -> Cow<'static, str> {
        "nodes".into()
    }

    /// Once, for both of its places.
    fn json_schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        let mut nodes = Vec::<NodeDocument>::json_schema(generator);
        nodes.insert("description".to_owned(), "Every node that may join, and what is its own.".into());
        shared(generator, "nodes", nodes)
    }
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NodeDocument {
    /// The node's name, which counts as one of its DNS names.
    name: String,
    /// Its own addresses. Those of loopback, which every machine has, are passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
    /// Its other DNS names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dns_names: Vec<String>,
    /// Ids of the bootstrap tokens that are for this node alone. Default: any token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    token_ids: Vec<String>,
}

impl Document for Inventory {
    const KIND: &'static str = KIND;
}

impl Form for Inventory {
    fn form() -> &'static Schema {
        static FORM: LazyLock<Schema> = LazyLock::new(Schema::of::<File>);
        &FORM
    }
}

impl FromValue for Inventory {
    fn from_value(value: &Value) -> Result<Self, DocumentError> {
        if value.get("kind").and_then(Value::as_str) == Some(ClusterSpec::KIND) {
            return Ok(Self::from(&ClusterSpec::from_value(value)?));
        }
        let wrong_texts = |file| read_file(file).err().map(|error| error.problems).unwrap_or_default();
        read_file(Self::form().fields_with(value, wrong_texts)?)
    }
}

fn read_file(File { spec, nodes, .. }: File) -> Result<Inventory, DocumentError> {
    match (spec, nodes) {
        (Some(Spec { nodes }), None) => Reader::new("spec.nodes").read(&nodes.0),
        (None, Some(nodes)) => Reader::new("nodes").read(&nodes.0),
        (None, None) => Err(DocumentError::one("spec", "is missing")),
        (Some(_), Some(_)) => Err(DocumentError::one("nodes", "stands in spec too; leave it out here")),
    }
}

impl FromStr for Inventory {
    type Err = DocumentError;

    /// Reads a NodeInventory, or a cluster file, whose nodes' names and addresses it takes.
    ///
    /// Names may be in upper case and end in a dot, as they stand in objects of real machines: they are the
    /// same names. What is passed over is in [`Inventory::warnings`].
    fn from_str(text: &str) -> Result<Self, DocumentError> {
        read(text)
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
        let spec = Some(Spec { nodes: Nodes(nodes.collect()) });
        yaml::write(&File { api_version: API_VERSION.to_owned(), kind: KIND.to_owned(), spec, nodes: None })
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

    fn read(mut self, nodes: &[NodeDocument]) -> Result<Inventory, DocumentError> {
        let mut read = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            let path = format!("{}[{i}].name", self.path);
            match normalised(&node.name).parse::<NodeName>() {
                Err(error) => {
                    self.problems.push(Problem::new(&path, error.to_string()));
                    self.texts_of(&format!("{}[{i}]", self.path), node);
                }
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
            Err(self.problems.into())
        }
    }

    /// What is wrong with the texts of a node without a name.
    fn texts_of(&mut self, path: &str, node: &NodeDocument) {
        let mut note = |field: &str, index: usize, outcome: Result<(), Unread>| {
            if let Err(Unread::Wrong(problem)) = outcome {
                self.problems.push(Problem::new(&format!("{path}.{field}[{index}]"), problem));
            }
        };
        for (i, text) in node.addresses.iter().enumerate() {
            note("addresses", i, address(text).map(drop));
        }
        for (i, text) in node.dns_names.iter().enumerate() {
            note("dnsNames", i, dns_name(text).map(drop));
        }
        for (i, text) in node.token_ids.iter().enumerate() {
            note("tokenIds", i, token_id(text).map(drop));
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
    let address = machine_address(text).map_err(|error| Unread::Wrong(error.to_string()))?;
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
