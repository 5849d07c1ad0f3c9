//! Which machine comes when: a function of how each is.

use std::fmt;

use super::error::PushError;
use crate::cluster::{ClusterSpec, ControlPlane, Node, NodeRole};
use crate::name::NodeName;

/// How a machine of the control plane or of etcd is, as its own servers say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// Its kube-apiserver and its etcd say that they are ready.
    Good,
    /// One of them says no, or what cannot be understood.
    Sick {
        /// What is wrong.
        reason: String,
    },
    /// Nobody answers there.
    Closed {
        /// What the network says.
        reason: String,
    },
}

impl Health {
    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Good => None,
            Self::Sick { reason } | Self::Closed { reason } => Some(reason),
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason().unwrap_or("ready"))
    }
}

/// Machines in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order {
    /// Whether none of the control plane's machines is well, so that all are installed and then waited for together: etcd
    /// needs most of its members to become ready.
    pub starts: bool,
    /// The machines of the control plane and of etcd, each with how it is: first those that do not answer, then those that
    /// are not well otherwise.
    pub members: Vec<(NodeName, Health)>,
    /// The others.
    pub workers: Vec<NodeName>,
}

/// Whether a machine belongs to the control plane or to etcd, and both are the cluster file's.
pub(super) fn is_member(spec: &ClusterSpec, node: &Node) -> bool {
    spec.control_plane() == ControlPlane::Nodes
        && (node.has(NodeRole::ControlPlane) || node.has(NodeRole::Etcd))
}

/// The order of the nodes that are wanted, by how all members are.
pub(super) fn order(
    spec: &ClusterSpec,
    wanted: impl Fn(&Node) -> bool,
    health: &[(NodeName, Health)],
) -> Result<Order, PushError> {
    let starts = !health.iter().any(|(_, health)| *health == Health::Good);
    let wanted: Vec<&Node> = spec.nodes().iter().filter(|node| wanted(node)).collect();
    let is_wanted = |name: &NodeName| wanted.iter().any(|node| node.name() == name);
    let (good, sick): (Vec<_>, Vec<_>) =
        health.iter().cloned().partition(|(_, health)| *health == Health::Good);
    // One that is not well and is not mended now keeps the others as they are.
    let left = sick.iter().find(|(name, _)| !is_wanted(name));
    if let (false, Some((sick, health)), Some((node, _))) =
        (starts, left, good.iter().find(|(name, _)| is_wanted(name)))
    {
        let (node, sick) = (node.clone(), sick.clone());
        return Err(PushError::OthersSick { node, sick, reason: health.to_string() });
    }
    // One that answers may only lack what the one that does not answer has to say.
    let (closed, sick): (Vec<_>, Vec<_>) =
        sick.into_iter().partition(|(_, health)| matches!(health, Health::Closed { .. }));
    let members = closed.into_iter().chain(sick).chain(good).filter(|(name, _)| is_wanted(name)).collect();
    let workers =
        wanted.iter().filter(|node| !is_member(spec, node)).map(|node| node.name().clone()).collect();
    Ok(Order { starts, members, workers })
}
