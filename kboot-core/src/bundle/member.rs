//! The nodes by which a folder is known.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::cluster::{ClusterSpec, NodeRole};

/// A node of the control plane or of etcd. Workers do not count: one may go from a cluster to the next.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) addresses: Vec<IpAddr>,
}

impl Member {
    pub(super) fn all(spec: &ClusterSpec) -> Vec<Self> {
        let members = spec.nodes().iter();
        let members = members.filter(|node| node.has(NodeRole::ControlPlane) || node.has(NodeRole::Etcd));
        members
            .map(|node| Self { name: node.name().to_string(), addresses: node.addresses().to_vec() })
            .collect()
    }
}
