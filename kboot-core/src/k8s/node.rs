//! What a Node says of itself.

use k8s_openapi::api::core::v1::Node;

use crate::name::{NameError, NodeName};
use crate::policy::address_of_node;
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
    Ok((name, addresses.filter_map(|entry| address_of_node(&entry.type_, &entry.address)).collect()))
}
