//! A machine of the cluster, and what it does there.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Taint;
use crate::name::{LabelKey, LabelValue, NodeName};

/// What a node does; one node may do all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "a new role must be thought of everywhere")]
pub enum NodeRole {
    /// Runs kube-apiserver, kube-controller-manager and kube-scheduler.
    ControlPlane,
    /// Runs a member of etcd.
    Etcd,
    /// Runs the kubelet and kube-proxy.
    Worker,
}

/// A machine of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub(super) name: NodeName,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) roles: Vec<NodeRole>,
    pub(super) labels: BTreeMap<LabelKey, LabelValue>,
    pub(super) taints: Option<Vec<Taint>>,
}

impl Node {
    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &NodeName {
        &self.name
    }

    /// The node's own addresses, at least one.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// The address that its components listen on and advertise.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.addresses.first().copied().unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))
    }

    /// What the node does, at least one role, each once and in the order of [`NodeRole`].
    #[must_use]
    pub fn roles(&self) -> &[NodeRole] {
        &self.roles
    }

    /// The labels that its kubelet gives it when it registers.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<LabelKey, LabelValue> {
        &self.labels
    }

    /// Its taints, where the cluster file says which; [`ClusterSpec::taints_of`](super::ClusterSpec::taints_of) are
    /// those that it gets.
    #[must_use]
    pub fn taints(&self) -> Option<&[Taint]> {
        self.taints.as_deref()
    }

    /// Whether the node has a role.
    #[must_use]
    pub fn has(&self, role: NodeRole) -> bool {
        self.roles.contains(&role)
    }
}
