//! The cluster's Nodes: each with what it says of itself, and who says what.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::{Compared, normalised};
use crate::name::NodeName;
use crate::net::Host;
use crate::x509::SubjectAltNames;

/// Every Node of a cluster, with the names and addresses of its status.
///
/// A Node's name is the API server's to give and nobody else's. Its status is written by the node itself, so that
/// it is weak evidence of what is the node's own, and good evidence that a name is in dispute.
///
/// ```
/// use kboot_core::{net::Host, policy::Nodes};
/// let names = ["worker-1".parse::<Host>()?, "192.168.5.21".parse()?].into_iter().collect();
/// let nodes: Nodes = [("worker-1".parse()?, names)].into_iter().collect();
/// assert!(nodes.contains(&"worker-1".parse()?));
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nodes {
    by_name: BTreeMap<NodeName, SubjectAltNames>,
    claims: Claims,
}

/// Which Nodes claim an address or a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Claims {
    addresses: HashMap<IpAddr, Vec<NodeName>>,
    dns: HashMap<String, Vec<NodeName>>,
}

impl Nodes {
    /// The names and addresses of a Node's status.
    #[must_use]
    pub fn get(&self, name: &NodeName) -> Option<&SubjectAltNames> {
        self.by_name.get(name)
    }

    /// Whether there is a Node of this name.
    #[must_use]
    pub fn contains(&self, name: &NodeName) -> bool {
        self.by_name.contains_key(name)
    }

    /// Each Node, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&NodeName, &SubjectAltNames)> {
        self.by_name.iter()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Notes a Node, or its status of now; what was known of it before comes back.
    pub fn insert(&mut self, name: NodeName, status: SubjectAltNames) -> Option<SubjectAltNames> {
        let before = self.remove(&name);
        for address in status.ips() {
            self.claims.addresses.entry(*address).or_default().push(name.clone());
        }
        for dns in status.dns() {
            self.claims.dns.entry(dns.to_ascii_lowercase()).or_default().push(name.clone());
        }
        self.by_name.insert(name, status);
        before
    }

    /// Forgets a Node.
    pub fn remove(&mut self, name: &NodeName) -> Option<SubjectAltNames> {
        let status = self.by_name.remove(name)?;
        for address in status.ips() {
            forget(&mut self.claims.addresses, address, name);
        }
        for dns in status.dns() {
            forget(&mut self.claims.dns, &dns.to_ascii_lowercase(), name);
        }
        Some(status)
    }

    /// The Nodes whose status has this name or address.
    pub(super) fn that_claim(&self, name: Compared<'_>) -> &[NodeName] {
        let found = match name {
            Compared::Ip(address) => self.claims.addresses.get(&address),
            Compared::Dns(name) => self.claims.dns.get(name),
            Compared::Other => None,
        };
        found.map_or(&[], Vec::as_slice)
    }
}

fn forget<K, Q>(claims: &mut HashMap<K, Vec<NodeName>>, claimed: &Q, name: &NodeName)
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: std::hash::Hash + Eq + ?Sized,
{
    if let Some(nodes) = claims.get_mut(claimed) {
        nodes.retain(|node| node != name);
        if nodes.is_empty() {
            claims.remove(claimed);
        }
    }
}

impl FromIterator<(NodeName, SubjectAltNames)> for Nodes {
    fn from_iter<I: IntoIterator<Item = (NodeName, SubjectAltNames)>>(nodes: I) -> Self {
        let mut all = Self::default();
        for (name, status) in nodes {
            all.insert(name, status);
        }
        all
    }
}

/// A name or address of a Node's status (`NodeAddress` in `k8s.io/api/core/v1`); none for one of another type or
/// form. The node writes them itself, so that what cannot be read is passed over: it could else keep everybody
/// from deciding.
pub(crate) fn address_of_node(kind: &str, address: &str) -> Option<Host> {
    let address = normalised(address);
    let host = match address.parse::<IpAddr>() {
        Ok(address) => Host::Ip(address.to_canonical()),
        Err(_) => address.parse().ok()?,
    };
    match (kind, host) {
        ("Hostname", host) => Some(host),
        ("InternalIP" | "ExternalIP", host @ Host::Ip(_)) => Some(host),
        ("InternalDNS" | "ExternalDNS", host @ Host::Dns(_)) => Some(host),
        _ => None,
    }
}
