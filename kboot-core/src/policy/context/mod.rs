//! What is known besides the request: supplied by the caller, never looked up here.

mod addition;
mod builder;
mod cluster;
mod document;
mod facts;
mod file;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;

use super::evidence::{Inventory, Nodes};
use super::text::escaped;
use crate::csr::{CertificateSigningRequest, Requestor, Signer};
use crate::identity::node_of;
use crate::name::{Dns1123Subdomain, NodeName};
use crate::net::Cidr;
use crate::pki::PkiError;
use crate::time::{Lifetime, Timestamp};
use crate::x509::{Certificate, PublicKey, SubjectAltNames};

pub use builder::ContextBuilder;
pub use file::ContextDocument;

/// Everything that a decision may rest on besides the request and the policy. What is not there is unknown,
/// and unknown never denies.
///
/// ```
/// use kboot_core::{Env, policy::PolicyContext};
/// let mut context = PolicyContext::at(Env::system().now());
/// context.service_cidrs = vec!["10.96.0.0/12".parse()?];
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct PolicyContext<'a> {
    /// The time, for the age of requests.
    pub now: Timestamp,
    /// The cluster's DNS domain; names of services in it are never a node's.
    pub dns_domain: Dns1123Subdomain,
    /// The cluster's service ranges; addresses in them are never a node's.
    pub service_cidrs: Vec<Cidr>,
    /// The cluster's pod ranges; addresses in them are a node's only where an inventory says so.
    pub pod_cidrs: Vec<Cidr>,
    /// Namespaces besides those of every cluster; `NAME.NAMESPACE` is a service's.
    pub namespaces: BTreeSet<String>,
    /// Names and addresses of the API server, which no other machine may serve. A wildcard stands for what is
    /// below it.
    pub api_server: SubjectAltNames,
    /// The cluster's machines, where a policy names no inventory: what is one's is not another's.
    pub machines: Option<Inventory>,
    /// The inventories, by the names under which the policy refers to them.
    pub inventories: BTreeMap<String, Inventory>,
    /// Every Node of the cluster; none where the cluster was not asked. Whoever watches the Nodes keeps a context and
    /// changes them here, one by one.
    pub nodes: Option<Nodes>,
    /// The names of the certificate that each node's kubelet serves now, which the caller has verified.
    pub served: BTreeMap<NodeName, SubjectAltNames>,
    /// Answers of DNS.
    pub resolver: Option<&'a dyn Resolver>,
    /// What SubjectAccessReviews said; see [`PolicyContext::set_access`].
    access_reviews: BTreeMap<Subject, AccessReviews>,
    /// Whose a public key is.
    pub key_owners: HashMap<PublicKey, KeyOwner>,
    /// The other requests; none where they are not known.
    pub history: Option<History>,
    /// How long the signer's certificates live where a request does not say
    /// (kube-controller-manager's `--cluster-signing-duration`).
    pub signer_lifetime: Lifetime,
}

impl PolicyContext<'_> {
    /// A context that knows the time alone.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            dns_domain: Dns1123Subdomain::from_static("cluster.local"),
            service_cidrs: Vec::new(),
            pod_cidrs: Vec::new(),
            namespaces: BTreeSet::new(),
            api_server: SubjectAltNames::default(),
            machines: None,
            inventories: BTreeMap::new(),
            nodes: None,
            served: BTreeMap::new(),
            resolver: None,
            access_reviews: BTreeMap::new(),
            key_owners: HashMap::new(),
            history: None,
            signer_lifetime: Lifetime::ONE_YEAR,
        }
    }

    /// Notes what SubjectAccessReviews said of a user in these groups, whatever their order. UID and extra
    /// values are not looked at, as in RBAC.
    pub fn set_access(&mut self, requestor: &Requestor, reviews: AccessReviews) {
        self.access_reviews.insert(subject_of(requestor), reviews);
    }

    pub(in crate::policy) fn access_of(&self, requestor: &Requestor) -> AccessReviews {
        self.access_reviews.get(&subject_of(requestor)).copied().unwrap_or_default()
    }

    /// Notes the key of the authority that would sign, which is nobody's to ask a certificate for.
    ///
    /// # Errors
    /// [`PkiError`] for a certificate that cannot be read.
    pub fn set_authority(&mut self, certificate: &Certificate) -> Result<(), PkiError> {
        self.key_owners.insert(certificate.facts().public_key.clone(), KeyOwner::Authority);
        Ok(())
    }

    /// Every inventory that there is.
    fn all_inventories(&self) -> impl Iterator<Item = &Inventory> {
        self.inventories.values().chain(&self.machines)
    }

    /// Every inventory, and how people call it.
    pub(in crate::policy) fn labelled_inventories(&self) -> impl Iterator<Item = (Label<'_>, &Inventory)> {
        let named = self.inventories.iter().map(|(name, inventory)| (Label::Inventory(name), inventory));
        named.chain(self.machines.iter().map(|machines| (Label::ClusterFile, machines)))
    }

    /// Whether some inventory says what this node has.
    pub(in crate::policy) fn is_listed(&self, node: Option<&NodeName>) -> bool {
        node.is_some_and(|node| self.all_inventories().any(|inventory| inventory.node(node).is_some()))
    }

    pub(in crate::policy) fn dns_domains(&self) -> impl Iterator<Item = &Dns1123Subdomain> {
        let known = self.all_inventories().filter_map(|inventory| inventory.cluster.dns_domain.as_ref());
        known.chain([&self.dns_domain])
    }

    pub(in crate::policy) fn service_ranges(&self) -> impl Iterator<Item = &Cidr> {
        let known = self.all_inventories().flat_map(|inventory| &inventory.cluster.service_cidrs);
        known.chain(&self.service_cidrs)
    }

    pub(in crate::policy) fn pod_ranges(&self) -> impl Iterator<Item = &Cidr> {
        let known = self.all_inventories().flat_map(|inventory| &inventory.cluster.pod_cidrs);
        known.chain(&self.pod_cidrs)
    }

    /// The API server's names, from everyone who says some.
    pub(in crate::policy) fn api_servers(&self) -> impl Iterator<Item = &SubjectAltNames> {
        let known = self.all_inventories().map(|inventory| &inventory.cluster.api_server);
        known.chain([&self.api_server]).filter(|names| !names.is_empty())
    }
}

/// How an inventory is called in a sentence.
pub(in crate::policy) enum Label<'a> {
    ClusterFile,
    Inventory(&'a str),
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClusterFile => f.write_str("the cluster file"),
            Self::Inventory(name) => write!(f, "the inventory {}", escaped(name)),
        }
    }
}

/// Whose a public key is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOwner {
    /// The authority that would sign.
    Authority,
    /// The user of this name, who has a certificate for it.
    User(String),
    /// Somebody who asked for a certificate with it and got none yet, or was denied it.
    Requested {
        /// The user that was asked for.
        user: String,
        /// The user who asked.
        requestor: String,
    },
}

impl fmt::Debug for PolicyContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyContext")
            .field("now", &self.now)
            .field("nodes", &self.nodes)
            .finish_non_exhaustive()
    }
}

/// The user and the groups of an access review.
type Subject = (String, BTreeSet<String>);

fn subject_of(requestor: &Requestor) -> Subject {
    (requestor.username.clone(), requestor.groups.iter().cloned().collect())
}

/// Forward DNS, as the caller looks it up; with a time limit, since a decision waits for it.
pub trait Resolver: Sync {
    /// The addresses of a name. None where no answer came, whatever the reason: most resolvers do not tell a
    /// name that does not exist from one that they failed to look up. An empty list says that the name is
    /// known not to resolve, so that it is no node's.
    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>>;
}

/// DNS answers that are there already.
impl Resolver for BTreeMap<String, Vec<IpAddr>> {
    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.get(name).cloned()
    }
}

/// Whether a user may create the two subresources of certificatesigningrequests by which
/// kube-controller-manager approves (`pkg/controller/certificates/approver/sarapprove.go`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "upstream's two recognizers")]
pub struct AccessReviews {
    /// `selfnodeclient`: a node renews.
    pub self_node_client: Option<bool>,
    /// `nodeclient`: somebody asks for a node.
    pub node_client: Option<bool>,
}

/// The other requests, counted.
///
/// ```
/// use kboot_core::policy::History;
/// # use kboot_core::{csr::*, x509::{CertificateRequest, KeyAlgorithm, PrivateKey}};
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let pem = CertificateRequest::for_kubelet_client(&"worker-1".parse()?, &key)?.to_pem();
/// # let earlier = CertificateSigningRequest::new("csr-1", Signer::KubeApiserverClientKubelet, pem.as_bytes())
/// #     .with_requestor(Requestor::user("system:bootstrap:abcdef"));
/// let mut history = History::default();
/// history.add(&earlier);
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    counts: HashMap<Counted, u32>,
}

/// What is counted, by the user name of the requestor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    Open(String),
    /// Of one requestor: what others ask for in a node's name must not stand in its way.
    OpenForNode(String, String),
    ApprovedClient(String),
}

impl History {
    /// Counts one more request, by what its conditions say.
    pub fn add(&mut self, object: &CertificateSigningRequest) {
        counted(object).into_iter().for_each(|what| self.increase(what));
    }

    /// Takes a request out that was counted: a history is of the other requests.
    pub fn remove(&mut self, object: &CertificateSigningRequest) {
        for what in counted(object) {
            let fewer = self.count(&what).saturating_sub(1);
            if fewer == 0 {
                self.counts.remove(&what);
            } else {
                self.counts.insert(what, fewer);
            }
        }
    }

    /// Notes that a kubelet's client request of this user was just approved.
    pub fn add_approved(&mut self, username: &str) {
        self.increase(Counted::ApprovedClient(username.to_owned()));
    }

    fn increase(&mut self, what: Counted) {
        let count = self.counts.entry(what).or_insert(0);
        *count = count.saturating_add(1);
    }

    fn count(&self, what: &Counted) -> u32 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    pub(in crate::policy) fn open_of_node(&self, node: &str, username: &str) -> u32 {
        self.count(&Counted::OpenForNode(username.to_owned(), node.to_owned()))
    }

    pub(in crate::policy) fn open_of_requestor(&self, username: &str) -> u32 {
        self.count(&Counted::Open(username.to_owned()))
    }

    pub(in crate::policy) fn has_approved_client_of(&self, username: &str) -> bool {
        self.count(&Counted::ApprovedClient(username.to_owned())) > 0
    }
}

fn counted(object: &CertificateSigningRequest) -> Vec<Counted> {
    let user = object.requestor().username.clone();
    let is_approved = object.condition("Approved").is_some() || object.certificate().is_some();
    if object.is_pending() {
        let node = object.request().ok().and_then(node_of);
        let of_node = node.map(|node| Counted::OpenForNode(user.clone(), node.to_string()));
        of_node.into_iter().chain([Counted::Open(user)]).collect()
    } else if is_approved && object.signer() == Some(Signer::KubeApiserverClientKubelet) {
        vec![Counted::ApprovedClient(user)]
    } else {
        Vec::new()
    }
}
