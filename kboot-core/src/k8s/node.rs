//! What a Node says of itself.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Node, NodeAddress};

use crate::name::{NameError, NodeName};
use crate::net::Host;
use crate::x509::SubjectAltNames;

/// Why a Node cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// It was not made by an API server, which gives each its name.
    #[error("metadata.name is missing: a Node of a cluster has one")]
    Nameless,
    /// The name is not one that a Node can have.
    #[error("metadata.name: {0}")]
    Name(#[source] NameError),
}

/// The name of a Node and the names and addresses of its status, for [`Nodes`](crate::policy::Nodes). Addresses
/// that are none are passed over: the node writes them itself, and could else keep everybody from deciding.
///
/// ```
/// use k8s_openapi::api::core::v1::Node;
/// use kboot_core::{k8s::{NodeError, names_of_node}, policy::Nodes};
/// # let mut node = Node::default();
/// # node.metadata.name = Some("worker-1".to_owned());
/// let of_the_cluster: Vec<Node> = vec![node];
/// let nodes = of_the_cluster.iter().map(names_of_node).collect::<Result<Nodes, NodeError>>()?;
/// assert!(nodes.contains(&"worker-1".parse().unwrap()));
/// assert_eq!(names_of_node(&Node::default()), Err(NodeError::Nameless));
/// # Ok::<(), NodeError>(())
/// ```
///
/// # Errors
/// [`NodeError`] for a Node without a name, or with one that no Node can have.
pub fn names_of_node(node: &Node) -> Result<(NodeName, SubjectAltNames), NodeError> {
    let name = node.metadata.name.as_deref().filter(|name| !name.is_empty()).ok_or(NodeError::Nameless)?;
    let name = name.parse().map_err(NodeError::Name)?;
    let addresses = node.status.iter().flat_map(|status| &status.addresses).flatten();
    Ok((name, addresses.filter_map(host).collect()))
}

fn host(entry: &NodeAddress) -> Option<Host> {
    // People and programs write names in upper case, and with the root's dot.
    let text = entry.address.strip_suffix('.').unwrap_or(&entry.address).to_ascii_lowercase();
    let host = match text.parse::<IpAddr>() {
        Ok(address) => Host::Ip(address.to_canonical()),
        Err(_) => text.parse().ok()?,
    };
    match (entry.type_.as_str(), host) {
        ("Hostname", host) => Some(host),
        ("InternalIP" | "ExternalIP", host @ Host::Ip(_)) => Some(host),
        ("InternalDNS" | "ExternalDNS", host @ Host::Dns(_)) => Some(host),
        _ => None,
    }
}
