//! Every node of a cluster, those that have not joined, and the servers of its control plane.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use k8s_openapi::api::core::v1::Node;
use kube::Client;
use serde::{Serialize, Serializer};

use super::look::{OfCluster, OfNode};
use super::report::{NodeReport, Row, rows};
use super::{NodeDetail, TokenState, handshake, same_pods};
use crate::cluster::{ClusterSpec, ControlPlane, NodeRole};
use crate::document::{Unwritable, yaml};
use crate::finding::{Finding, Severity};
use crate::name::NodeName;
use crate::net::Host;
use crate::online::fetch::each;
use crate::online::{OnlineError, quoted, token};
use crate::time::Timestamp;
use crate::token::{TokenId, TokenUsage};
use crate::x509::{Certificate, TlsUsage, Verification};

/// How many nodes are looked at at once.
const AT_ONCE: usize = 16;
/// Kubernetes supports 5,000 nodes.
const MAX_NODE_PAGES: usize = 400;
/// etcd's port for clients.
const ETCD: u16 = 2379;

/// What to look at.
///
/// ```
/// use kboot_core::{ClusterSpec, online::node::ClusterLook};
/// let spec: ClusterSpec = include_str!("../../cluster/single-node.yaml").parse()?;
/// let look = ClusterLook::of(&spec, &[], &[]);
/// assert!(look.has_all && look.nodes.len() == 1);
/// let servers: Vec<String> = look.servers.iter().map(|server| server.name.clone()).collect();
/// assert_eq!(servers, ["kube-apiserver of node-1", "etcd of node-1"]);
/// # Ok::<(), kboot_core::document::DocumentError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ClusterLook {
    /// Nodes that there should be, whether the cluster has them or not.
    pub nodes: Vec<NodeName>,
    /// Whether every node that the cluster has is looked at too.
    pub has_all: bool,
    /// The bootstrap token by which a node would join that has not, by its id.
    pub tokens: BTreeMap<NodeName, TokenId>,
    /// Servers whose certificates are looked at.
    pub servers: Vec<TlsServer>,
}

/// A server whose certificate is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by whoever knows of a server")]
pub struct TlsServer {
    /// What it is, for people.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Who vouches for it; where there is nobody, its chain is not looked at.
    pub authorities: Vec<Certificate>,
}

impl ClusterLook {
    /// Every node that the cluster has and the cluster file describes; the API server of each control-plane machine and
    /// the etcd of each of etcd's, at the first address of the machine.
    #[must_use]
    pub fn of(spec: &ClusterSpec, cluster: &[Certificate], etcd: &[Certificate]) -> Self {
        let mut look = Self { has_all: true, ..Self::default() };
        look.nodes = spec.nodes_with(NodeRole::Worker).map(|node| node.name().clone()).collect();
        if spec.control_plane == ControlPlane::External {
            return look;
        }
        let api_server = spec.control_plane_endpoint.port();
        for (role, name, port, authorities) in [
            (NodeRole::ControlPlane, "kube-apiserver", api_server, cluster),
            (NodeRole::Etcd, "etcd", ETCD, etcd),
        ] {
            let of_role = spec.nodes_with(role);
            look.servers.extend(of_role.filter_map(|node| {
                Some(TlsServer {
                    name: format!("{name} of {}", node.name()),
                    address: SocketAddr::new(*node.addresses().first()?, port),
                    authorities: authorities.to_vec(),
                })
            }));
        }
        look
    }
}

/// What is known about the nodes of a cluster, and its control plane.
///
/// Serialized, it is `{nodes: [{node, checks}], checks}`, with checks as those of a [`NodeReport`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterReport {
    /// A report for each node, by name.
    pub nodes: Vec<NodeReport>,
    /// What concerns no node alone: `kube-apiserver of NAME` and `etcd of NAME`, of which the certificates, and `pods`
    /// of several nodes that do not start for the same reason.
    pub findings: Vec<Finding<NodeDetail>>,
}

impl ClusterReport {
    /// Whether no check found a problem; one that could not be made is none.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        let is_problem = |finding: &Finding<NodeDetail>| finding.severity == Severity::Error;
        self.nodes.iter().all(NodeReport::is_ok) && !self.findings.iter().any(is_problem)
    }

    /// The report as YAML.
    ///
    /// # Errors
    /// [`Unwritable`] where the serializer fails, which it has no reason to.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        yaml::write(self)
    }
}

impl Serialize for ClusterReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Report<'a> {
            nodes: &'a [NodeReport],
            checks: Vec<Row<'a>>,
        }
        Report { nodes: &self.nodes, checks: rows(&self.findings) }.serialize(serializer)
    }
}

/// Looks at the nodes of a cluster as [`verify`](super::verify) does, 16 at once, and at the certificates that
/// servers show.
///
/// Of a node that has not joined, the report has the state of the token by which it would. Servers are dialled directly;
/// nothing is sent to them, and no certificate is shown. Each question may take `limit`.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use kboot_core::{ClusterSpec, Env, online};
///
/// let spec: ClusterSpec = std::fs::read_to_string("cluster.yaml")?.parse()?;
/// let (client, authorities) = (online::connect(None, None).await?, online::authorities(None, None).await?);
/// let look = online::node::ClusterLook::of(&spec, &authorities, &[]);
/// let report =
///     online::node::verify_all(&client, &look, Env::system().now(), Duration::from_secs(30)).await?;
/// print!("{}", report.to_yaml()?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`OnlineError`] where the cluster's Nodes cannot be listed. What else cannot be asked for is a
/// [`Severity::Warning`].
pub async fn verify_all(
    client: &Client,
    look: &ClusterLook,
    now: Timestamp,
    limit: Duration,
) -> Result<ClusterReport, OnlineError> {
    let mut names: BTreeSet<NodeName> = look.nodes.iter().cloned().collect();
    if look.has_all {
        let keep = |node: Node| names.extend(node.metadata.name.and_then(|name| name.parse().ok()));
        each(client, "/api/v1/nodes", MAX_NODE_PAGES, limit, keep).await?;
    }
    // Collected: the future of a stream or a join over a closure that borrows cannot be spawned (rust-lang/rust#102211).
    let servers: Vec<_> = look.servers.iter().map(|server| shown_by(server, now, limit)).collect();
    let of_cluster = OfCluster::ask(client, &names, limit).await;
    let nodes: Vec<_> = names.iter().map(|name| report_on(client, name, &of_cluster, now, limit)).collect();
    let nodes = futures::stream::iter(nodes).buffered(AT_ONCE).collect::<Vec<_>>();
    let (mut nodes, mut findings) = futures::future::join(nodes, join_all(servers)).await;
    join_tokens(client, look, &mut nodes, now, limit).await;
    findings.extend(same_pods::take(&mut nodes));
    Ok(ClusterReport { nodes, findings })
}

async fn shown_by(server: &TlsServer, now: Timestamp, limit: Duration) -> Finding<NodeDetail> {
    let shown = handshake::certificates(server.address, limit).await;
    judged(server, shown.as_deref().map_err(String::as_str), now)
}

/// The report on a node; where the Node cannot be asked for, that is what it says.
async fn report_on(
    client: &Client,
    name: &NodeName,
    of_cluster: &OfCluster,
    now: Timestamp,
    limit: Duration,
) -> NodeReport {
    let report = OfNode::ask(client, name, now, limit).await.report(name, of_cluster, now);
    report.unwrap_or_else(|error| NodeReport {
        node: name.to_string(),
        findings: vec![Finding::warning("node", NodeDetail::NotAnswered { why: error.with_cause() })],
    })
}

/// Says of each node that has not joined in which state its token is.
async fn join_tokens(
    client: &Client,
    look: &ClusterLook,
    nodes: &mut [NodeReport],
    now: Timestamp,
    limit: Duration,
) {
    let token_of = |report: &NodeReport| {
        let is_missing = report.findings.iter().any(|finding| finding.detail == NodeDetail::NotRegistered);
        look.tokens.get(&report.node.parse().ok()?).filter(|_| is_missing)
    };
    if !nodes.iter().any(|report| token_of(report).is_some()) {
        return;
    }
    let tokens = token::list(client, limit).await;
    for report in nodes {
        let Some(id) = token_of(report) else { continue };
        let state = match &tokens {
            Err(error) => TokenState::NotAnswered { why: error.with_cause() },
            Ok(tokens) => match tokens.iter().find(|token| token.id().as_ref() == Some(id)) {
                None => TokenState::Unknown,
                Some(found) => match &found.settings {
                    Err(error) => TokenState::Unusable { why: error.to_string() },
                    Ok(settings) if settings.is_expired(now) => TokenState::Expired,
                    Ok(settings) if !settings.allows(TokenUsage::Authentication) => {
                        TokenState::Unusable { why: "its usages lack authentication".to_owned() }
                    }
                    Ok(settings) => TokenState::Usable { until: settings.expiration() },
                },
            },
        };
        let severity = match state {
            TokenState::Usable { .. } => Severity::Note,
            TokenState::NotAnswered { .. } => Severity::Warning,
            _ => Severity::Error,
        };
        let detail = NodeDetail::JoinToken { id: id.clone(), state };
        report.findings.push(Finding::new(severity, "bootstrap token", detail));
    }
}

/// What clients make of what a server shows.
pub(super) fn judged(
    server: &TlsServer,
    shown: Result<&[Certificate], &str>,
    now: Timestamp,
) -> Finding<NodeDetail> {
    let (certificate, intermediates) = match shown {
        Ok([certificate, intermediates @ ..]) => (certificate, intermediates),
        Ok([]) => return not_reached(server, "the server shows no certificate"),
        Err(why) => return not_reached(server, why),
    };
    let facts = certificate.facts();
    let (not_after, names) = (facts.validity.not_after, quoted(&facts.alt_names.to_string(), 512));
    let address = server.address.ip();
    let left = not_after.unix().saturating_sub(now.unix());
    let objection = if !server.authorities.is_empty() {
        let mut verification = Verification::new(&server.authorities, now);
        verification.intermediates = intermediates;
        verification.usage = Some(TlsUsage::Server);
        verification.name = Some(Host::Ip(address));
        match verification.objection(certificate) {
            Ok(objection) => objection.map(|objection| objection.to_string()),
            Err(error) => Some(error.to_string()),
        }
    } else if left <= 0 {
        Some(format!("it expired at {not_after}"))
    } else if !facts.alt_names.ips().contains(&address) {
        Some(format!("{address} is none of its names"))
    } else {
        let detail = NodeDetail::ServerCertificateOfNobody { not_after, names };
        return Finding::warning(&*server.name, detail);
    };
    match objection {
        None => Finding::note(&*server.name, NodeDetail::ServerCertificate { not_after, left, names }),
        Some(why) => {
            let why = quoted(&why, 256);
            Finding::error(&*server.name, NodeDetail::ServerCertificateRefused { why, names })
        }
    }
}

fn not_reached(server: &TlsServer, why: &str) -> Finding<NodeDetail> {
    let why = format!("{}: {why}", server.address);
    Finding::warning(&*server.name, NodeDetail::ServerNotReached { why })
}
