//! How a virtual kubelet is to be.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use kboot_core::name::NodeName;
use kboot_core::net::Host;
use kboot_core::version::KubernetesVersion;
use kboot_core::x509::SubjectAltNames;

use super::connection::Connection;
use super::error::KubeletError;
use super::fleet::VirtualKubelets;
use super::random::hash;
use super::{VirtualKubelet, start};
use crate::server::Clock;

/// How a virtual kubelet is to be; see [`VirtualKubelet::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is started yet"]
pub struct VirtualKubeletBuilder {
    pub(super) name: String,
    version: Option<String>,
    clock: Clock,
    addresses: Option<Vec<IpAddr>>,
    dns_names: Vec<String>,
    labels: Vec<(String, String)>,
    capacity: Vec<(String, String)>,
    serves: bool,
    rotates: bool,
    seed: Option<u64>,
    as_node: Option<String>,
    serving_names: Option<Vec<String>>,
    usages: Option<Vec<String>>,
}

impl VirtualKubeletBuilder {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: None,
            clock: Clock::system(),
            addresses: None,
            dns_names: Vec::new(),
            labels: Vec::new(),
            capacity: Vec::new(),
            serves: true,
            rotates: true,
            seed: None,
            as_node: None,
            serving_names: None,
            usages: None,
        }
    }

    /// The version of Kubernetes that it is of (`1.36`, `v1.20.2`), by which its requests differ: before 1.27
    /// they ask for key encipherment too, since 1.31 it asks for no serving certificate without an address.
    /// Without this the newest.
    pub fn version(mut self, version: &str) -> Self {
        self.version = Some(version.to_owned());
        self
    }

    /// The clock by which it renews its Lease and rotates its certificates; without it the machine's. Who moves it
    /// waits until the kubelet has done what was due, but for no certificate longer than half a second:
    /// [`VirtualKubelet::wait_until`] waits for more.
    pub fn clock(mut self, clock: &Clock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Adds an address of the node (`InternalIP`). Without any it has one of 10.64.0.0/10, always the same
    /// for its name.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.addresses.get_or_insert_default().push(address.into());
        self
    }

    /// Takes all addresses away: it has names alone.
    pub fn without_addresses(mut self) -> Self {
        self.addresses = Some(Vec::new());
        self
    }

    /// Adds a DNS name of the node (`InternalDNS`) besides its own name, which is its `Hostname`.
    pub fn dns_name(mut self, name: &str) -> Self {
        self.dns_names.push(name.to_owned());
        self
    }

    /// Adds a label of the Node.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Says how much of a resource the node has (`cpu`, `4`); also what can be allocated of it.
    pub fn capacity(mut self, resource: &str, quantity: &str) -> Self {
        self.capacity.push((resource.to_owned(), quantity.to_owned()));
        self
    }

    /// Asks for no serving certificate: `serverTLSBootstrap: false`.
    pub fn without_serving(mut self) -> Self {
        self.serves = false;
        self
    }

    /// Rotates nothing (`rotateCertificates: false`): the first request has a name that is made of its key
    /// (`node-csr-…`), and once its certificate has ended it bootstraps again, as a kubelet that is started again.
    pub fn without_rotation(mut self) -> Self {
        self.rotates = false;
        self
    }

    /// What decides when, between 70 and 90 % of a certificate's life, it is rotated. Without it its name does, so that
    /// this is the same in each run either way.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// **Misbehaves**: asks for the client certificate of another node. Everything else it does under its own name, so
    /// that with what it got it is refused its Node and comes no further. For a serving certificate that lies there is
    /// [`Self::serving_names`], of a kubelet that is the other node.
    pub fn as_node(mut self, other: &str) -> Self {
        self.as_node = Some(other.to_owned());
        self
    }

    /// **Misbehaves**: asks for a serving certificate for these names and addresses, not for its own.
    pub fn serving_names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.serving_names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// **Misbehaves**: asks for these usages, whatever the certificate.
    pub fn usages<U: Into<String>>(mut self, usages: impl IntoIterator<Item = U>) -> Self {
        self.usages = Some(usages.into_iter().map(Into::into).collect());
        self
    }

    /// Starts it with a bootstrap kubeconfig (YAML; its current context), in the Tokio runtime that this is
    /// called in. It goes on by itself from here: [`VirtualKubelet::wait_until_ready`].
    ///
    /// # Errors
    /// [`KubeletError`] for a kubeconfig that cannot be used, and where it cannot be as it is to be.
    pub async fn start(self, bootstrap_kubeconfig: &str) -> Result<VirtualKubelet, KubeletError> {
        self.start_on(&Connection::of_kubeconfig(bootstrap_kubeconfig).await?)
    }

    /// As [`Self::start`], with what kube makes clients of. Its credentials are those for bootstrapping; address and
    /// authorities of the server, the proxy and the time limits hold for all connections.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(self, bootstrap: kube::Config) -> Result<VirtualKubelet, KubeletError> {
        self.start_on(&Connection::of_config(bootstrap)?)
    }

    /// Starts as many, each of this kind: `NAME-1` to `NAME-COUNT`, with addresses of their own (10.64.0.1
    /// and on) in the place of this one's. They share the client that they bootstrap with; after that each is
    /// its own, as real ones.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_many(
        &self,
        count: u32,
        bootstrap_kubeconfig: &str,
    ) -> Result<VirtualKubelets, KubeletError> {
        let connection = Connection::of_kubeconfig(bootstrap_kubeconfig).await?;
        let one = |number: u32| {
            let mut builder = self.clone();
            builder.name = format!("{}-{number}", self.name);
            builder.addresses = Some(vec![of_range(number).into()]);
            builder.seed = self.seed.map(|seed| seed.wrapping_add(u64::from(number)));
            builder.start_on(&connection)
        };
        (1..=count).map(one).collect::<Result<_, _>>().map(VirtualKubelets::of)
    }

    pub(super) fn start_on(&self, connection: &Connection) -> Result<VirtualKubelet, KubeletError> {
        Ok(start(Settings::of(self)?, connection.clone()))
    }
}

/// An address of 10.64.0.0/10.
fn of_range(number: u32) -> Ipv4Addr {
    const RANGE: u32 = 0x0a40_0000;
    const BITS: u32 = 0x003f_ffff;
    Ipv4Addr::from(RANGE | (number & BITS))
}

/// What was seen to be possible.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: NodeName,
    /// Whom it says that it is in its requests.
    pub(super) requested: NodeName,
    pub(super) version: KubernetesVersion,
    pub(super) clock: Clock,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) dns_names: Vec<String>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) capacity: Vec<(String, String)>,
    /// What it asks a serving certificate for; none where it asks for none.
    pub(super) serving: Option<SubjectAltNames>,
    pub(super) serves: bool,
    pub(super) rotates: bool,
    pub(super) seed: u64,
    pub(super) usages: Option<Vec<String>>,
}

impl Settings {
    fn of(builder: &VirtualKubeletBuilder) -> Result<Self, KubeletError> {
        let name = node_name(&builder.name)?;
        let requested =
            builder.as_node.as_deref().map(node_name).transpose()?.unwrap_or_else(|| name.clone());
        let version = match &builder.version {
            None => KubernetesVersion::LATEST,
            Some(text) => {
                // `1.36` is a version of the server's builder too.
                let whole = if text.matches('.').count() == 1 { format!("{text}.0") } else { text.clone() };
                whole.parse().map_err(|_| KubeletError::Version { asked: text.clone() })?
            }
        };
        let addresses = builder.addresses.clone().unwrap_or_else(|| {
            let number = u32::try_from(hash(&builder.name) >> 32).unwrap_or_default();
            vec![of_range(number).into()]
        });
        let host =
            |name: &String| name.parse::<Host>().map_err(|_| KubeletError::Name { name: name.clone() });
        let own = builder.dns_names.iter().map(host).collect::<Result<Vec<_>, _>>()?;
        let serving = match &builder.serving_names {
            Some(names) => Some(names.iter().map(host).collect::<Result<SubjectAltNames, _>>()?),
            // `AllowDNSOnlyNodeCSR` is off since 1.31.
            None if addresses.is_empty() && version.minor() >= 31 => None,
            None => {
                let own = own.into_iter().chain([host(&builder.name)?]);
                let sorted: BTreeSet<IpAddr> = addresses.iter().copied().collect();
                Some(own.chain(sorted.into_iter().map(Host::Ip)).collect())
            }
        };
        Ok(Self {
            requested,
            version,
            clock: builder.clock.clone(),
            dns_names: builder.dns_names.clone(),
            labels: builder.labels.clone(),
            capacity: builder.capacity.clone(),
            serving,
            serves: builder.serves,
            rotates: builder.rotates,
            seed: builder.seed.unwrap_or_else(|| hash(&builder.name)),
            usages: builder.usages.clone(),
            addresses,
            name,
        })
    }
}

fn node_name(name: &str) -> Result<NodeName, KubeletError> {
    name.parse().map_err(|_| KubeletError::Name { name: name.to_owned() })
}
