//! What is known besides a request, chosen by bytes.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use kboot_core::csr::{CertificateSigningRequest, Requestor};
use kboot_core::name::NodeName;
use kboot_core::net::Host;
use kboot_core::policy::{AccessReviews, History, Inventory, KeyOwner, Nodes, PolicyContext};
use kboot_core::time::Timestamp;
use kboot_core::x509::{PublicKey, SubjectAltNames};
use kboot_testkit::cluster::{API_SERVER, NAMESPACES, NODES, NOW, POD_RANGES, SERVICE_RANGES};
use kboot_testkit::generate::{Key, KeyKind, Object, Request};
use serde_json::json;

/// Everything that a context holds.
#[derive(Clone, Default)]
pub struct Known {
    nodes: Option<Nodes>,
    served: BTreeMap<NodeName, SubjectAltNames>,
    resolver: Option<BTreeMap<String, Vec<IpAddr>>>,
    reviews: Vec<(Requestor, AccessReviews)>,
    key_owners: HashMap<PublicKey, KeyOwner>,
    is_api_server_hidden: bool,
    history: Option<History>,
    inventory: Option<Inventory>,
}

static INVENTORY: LazyLock<Inventory> = LazyLock::new(|| {
    let nodes = NODES.iter().map(|node| {
        json!({"name": node.name, "addresses": node.addresses, "dnsNames": node.dns_names, "tokenIds": [node.token_id]})
    });
    let nodes: Vec<_> = nodes.collect();
    let document =
        json!({"apiVersion": "kboot.dev/v1alpha1", "kind": "NodeInventory", "spec": {"nodes": nodes}});
    document.to_string().parse().expect("it is an inventory")
});

/// An open request for each node, by its token; and the same approved.
static EARLIER: LazyLock<Vec<[CertificateSigningRequest; 2]>> = LazyLock::new(|| {
    let one = |node: &kboot_testkit::cluster::Node, kind: Option<&str>| {
        let mut object = Object::kubelet_bootstrap(node.token_id, Request::kubelet_client(node.name).pem());
        object.conditions.extend(kind.map(|kind| (kind.to_owned(), String::new(), String::new())));
        CertificateSigningRequest::from_json(&object.json().to_string()).expect("it is an object")
    };
    NODES.iter().map(|node| [one(node, None), one(node, Some("Approved"))]).collect()
});

impl Known {
    /// All that is so, where zeros stand; a first certificate's node has not joined.
    ///
    /// # Errors
    /// Where the bytes are too few.
    pub fn choose(u: &mut Unstructured<'_>, key: &Key, is_bootstrap: bool) -> Result<Self> {
        let (absent, strange): (u16, u16) = (u.arbitrary()?, u.arbitrary()?);
        let mut known =
            Self { nodes: Some(Nodes::default()), resolver: Some(BTreeMap::new()), ..Self::default() };
        for (i, node) in NODES.iter().enumerate() {
            let name: NodeName = node.name.parse().expect("it is a node's name");
            let strange_names = ["console.bank.example", "198.51.100.7"];
            let texts = std::iter::once(&node.name).chain(node.addresses).chain(node.dns_names);
            let texts = texts.chain(strange_names.iter().filter(|_| strange >> i & 1 == 1));
            let names: SubjectAltNames =
                texts.map(|text| text.parse::<Host>().expect("it is a name")).collect();
            for dns in names.dns() {
                known.resolver.get_or_insert_default().insert(dns.clone(), names.ips().to_vec());
            }
            known.served.insert(name.clone(), names.clone());
            if !is_bootstrap && absent >> i & 1 == 0 {
                known.nodes.get_or_insert_default().insert(name, names);
            }
        }
        let may = [Some(true), Some(false), None];
        for node in NODES {
            let senders =
                [Object::kubelet_client(node.name, ""), Object::kubelet_bootstrap(node.token_id, "")];
            for Object { username, groups, .. } in senders {
                let sender = Requestor::user(&username.unwrap_or_default());
                let sender = groups.iter().fold(sender, |sender, group| sender.with_group(group));
                let (self_node_client, node_client) = (*u.choose(&may)?, *u.choose(&may)?);
                known.reviews.push((sender, AccessReviews { self_node_client, node_client }));
            }
        }
        let user = |name: &str| KeyOwner::User(name.to_owned());
        let owner = match u.int_in_range(0..=4)? {
            1 => Some(user("system:node:worker-1")),
            2 => Some(user("jane")),
            3 => Some(KeyOwner::Authority),
            4 => Some(KeyOwner::Requested {
                user: "system:node:worker-1".to_owned(),
                requestor: "system:bootstrap:w1w1w1".to_owned(),
            }),
            _ => None,
        };
        let public_key = PublicKey::from_der(&key.public_key_info()).ok();
        known.key_owners.extend(public_key.zip(owner));
        let mut history = History::default();
        for _ in 0..u.int_in_range(0..=6)? {
            history.add(&u.choose(&EARLIER)?[usize::from(u.arbitrary::<bool>()?)]);
        }
        known.history = Some(history);
        known.inventory = Some(INVENTORY.clone());
        Ok(known)
    }

    /// All that is so, where nothing was chosen.
    #[must_use]
    pub fn everything() -> Self {
        Self::choose(&mut Unstructured::new(&[]), &Key::shared(KeyKind::P256), false).unwrap_or_default()
    }

    /// The same, less what the bits say.
    #[must_use]
    pub fn without(&self, bits: u8) -> Self {
        let mut rest = self.clone();
        if bits & 1 != 0 {
            rest.nodes = None;
        }
        if bits & 2 != 0 {
            rest.served.clear();
        }
        if bits & 4 != 0 {
            rest.resolver = None;
        }
        if bits & 8 != 0 {
            rest.reviews.clear();
        }
        if bits & 16 != 0 {
            rest.history = None;
        }
        if bits & 32 != 0 {
            rest.inventory = None;
        }
        rest.is_api_server_hidden = bits & 64 != 0;
        rest
    }

    /// As the policy takes it.
    #[must_use]
    pub fn context(&self) -> PolicyContext<'_> {
        let mut context = PolicyContext::at(NOW.parse::<Timestamp>().expect("it is a time"));
        context.service_cidrs =
            SERVICE_RANGES.iter().map(|range| range.parse().expect("it is a range")).collect();
        if !self.is_api_server_hidden {
            let names = API_SERVER.iter().map(|name| name.parse::<Host>().expect("it is a name"));
            context.api_server = names.collect();
        }
        context.pod_cidrs = POD_RANGES.iter().map(|range| range.parse().expect("it is a range")).collect();
        context.namespaces = NAMESPACES.iter().map(|&name| name.to_owned()).collect();
        context.nodes.clone_from(&self.nodes);
        context.served.clone_from(&self.served);
        context.resolver =
            self.resolver.as_ref().map(|answers| -> &dyn kboot_core::policy::Resolver { answers });
        self.reviews.iter().for_each(|(sender, reviews)| context.set_access(sender, *reviews));
        context.key_owners.clone_from(&self.key_owners);
        context.history.clone_from(&self.history);
        // Under the name by which presets and parts refer to it.
        context
            .inventories
            .extend(self.inventory.clone().map(|inventory| ("nodes.yaml".to_owned(), inventory)));
        context
    }
}
