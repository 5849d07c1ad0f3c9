//! Whose a name or an address is, and who says so.

use super::Compared;
use crate::name::NodeName;
use crate::policy::PolicyContext;

/// What is known of a name, seen from the node that asks for it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::policy) enum Owner {
    /// An inventory or a cluster file gives it to the node.
    Operator,
    /// The node's own Node says so, and nobody else's.
    OwnWord,
    /// Another's, or in dispute; who says so.
    Other(String),
    /// Nobody says.
    Unknown,
}

/// An operator's word beats a Node's own, so that a node that lies in its status cannot stand in another's way;
/// and a Node's name is nobody else's.
pub(in crate::policy) fn owner(
    name: Compared<'_>,
    node: Option<&NodeName>,
    context: &PolicyContext<'_>,
) -> Owner {
    let mut is_given = false;
    for (label, inventory) in context.labelled_inventories() {
        match inventory.node_of(name) {
            Some(owner) if Some(owner) == node => is_given = true,
            Some(owner) => return Owner::Other(format!("{owner}'s, says {label}")),
            None => {}
        }
    }
    if is_given {
        return Owner::Operator;
    }
    let Some(nodes) = &context.nodes else { return Owner::Unknown };
    if let Compared::Dns(name) = name {
        if node.is_some_and(|node| node.as_str() == name) {
            return Owner::OwnWord;
        }
        if let Some(named) = name.parse::<NodeName>().ok().filter(|named| nodes.contains(named)) {
            return Owner::Other(format!("the name of the Node {named}"));
        }
    }
    let claimants = nodes.that_claim(name);
    match claimants.iter().find(|claimant| Some(*claimant) != node) {
        Some(other) if claimants.iter().any(|claimant| Some(claimant) == node) => {
            Owner::Other(format!("in the status of the Node {other} as well"))
        }
        Some(other) => Owner::Other(format!("in the status of the Node {other}")),
        None if claimants.is_empty() => Owner::Unknown,
        None => Owner::OwnWord,
    }
}
