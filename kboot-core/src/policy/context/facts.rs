//! What files have said so far.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use super::{AccessReviews, History, KeyOwner};
use crate::name::{Dns1123Subdomain, NodeName};
use crate::net::{Cidr, Host};
use crate::policy::{Inventory, Nodes};
use crate::time::{Lifetime, Timestamp};
use crate::x509::{PublicKey, SubjectAltNames};

/// What files have said so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facts {
    pub(super) now: Option<Timestamp>,
    pub(super) dns_domain: Option<Dns1123Subdomain>,
    pub(super) service_cidrs: Option<Vec<Cidr>>,
    pub(super) pod_cidrs: Option<Vec<Cidr>>,
    pub(super) namespaces: BTreeSet<String>,
    pub(super) api_server: Vec<Host>,
    pub(super) signer_lifetime: Option<Lifetime>,
    pub(super) machines: Option<Inventory>,
    pub(super) nodes: Option<Nodes>,
    pub(super) served: BTreeMap<NodeName, SubjectAltNames>,
    pub(super) dns: BTreeMap<String, Vec<IpAddr>>,
    /// By user and groups.
    pub(super) access_reviews: BTreeMap<(String, BTreeSet<String>), AccessReviews>,
    pub(super) key_owners: HashMap<PublicKey, KeyOwner>,
    pub(super) history: Option<History>,
    /// The names of the requests in the history.
    pub(super) known_requests: HashSet<String>,
}
