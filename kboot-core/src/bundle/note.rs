//! What people should know of a plan.

use std::collections::HashMap;
use std::fmt;

use super::path::ArtifactPath;
use super::place;
use super::step::{FileAction, PlanStep};
use crate::cluster::{CaRole, ClusterSpec, ControlPlane, Node, NodeRole, Runtime};
use crate::component::paths;
use crate::name::NodeName;
use crate::net::{ApiEndpoint, Host};
use crate::pki::{ClusterPki, Profile};
use crate::time::{Lifetime, Timestamp, Validity};
use crate::token::TokenId;
use crate::x509::KeyAlgorithm;

/// The folder's bootstrap token where it has ended: harmless, as nodes that have joined need none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpiredToken {
    /// The token's public half.
    pub id: TokenId,
    /// When it ended.
    pub expired: Timestamp,
    /// The file with its Secret; applying it once more lets nobody in.
    pub path: ArtifactPath,
}

impl ExpiredToken {
    /// The cluster's, where it has ended.
    pub(super) fn of(pki: &ClusterPki, now: Timestamp) -> Option<Self> {
        let token = pki.token().filter(|token| token.settings.is_expired(now))?;
        let expired = token.settings.expiration()?;
        Some(Self { id: token.token.id().clone(), expired, path: ArtifactPath::new(place::TOKEN) })
    }
}

impl fmt::Display for ExpiredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, expired, path } = self;
        write!(
            f,
            "bootstrap token {id} expired on {expired}: nodes that have joined need none, a node that is new gets a new \
             one, and {path} lets nobody in any more"
        )
    }
}

/// What the cluster file asks for and an existing folder does not get, or what people should know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanNote {
    /// Nodes change their container runtime, which a new version alone can bring about.
    OtherRuntime {
        /// The runtime before.
        from: Runtime,
        /// The runtime after.
        to: Runtime,
    },
    /// Keys that are there stay, although they are of another kind.
    OtherKeys {
        /// How many.
        count: usize,
        /// The kind that the cluster file asks for.
        wanted: KeyAlgorithm,
    },
    /// Certificates end within 30 days, or within the last third of a life that is shorter than 90 days, and this plan
    /// does not renew them. Those that end with their authority are that one's concern.
    CertificatesEnd {
        /// How many.
        count: usize,
        /// The file of the one that ends first; `nodes/*` where every node has a copy.
        first: String,
        /// When that one ends.
        not_after: Timestamp,
    },
    /// An authority ends within a year, or within the last third of a life that is shorter than three years.
    AuthorityEnds {
        /// Its certificate.
        path: ArtifactPath,
        /// When it ends.
        not_after: Timestamp,
        /// How many certificates of this cluster end with it, and cannot be renewed beyond.
        count: usize,
    },
    /// Machines become members of an etcd that has others. It takes one at a time, and has to be told before.
    NewEtcdMembers {
        /// The new members, in the order of the cluster file.
        nodes: Vec<NodeName>,
    },
    /// Authorities are made, while the cluster has others: whoever knows a lost one by its certificate refuses the new.
    NewAuthorities {
        /// The certificates of the new ones.
        paths: Vec<ArtifactPath>,
    },
    /// The address of `controlPlaneEndpoint` is no control-plane machine's of the cluster file. Right for a load balancer
    /// or a virtual address, and otherwise nobody reaches an API server.
    EndpointOfNoNode {
        /// The endpoint.
        endpoint: ApiEndpoint,
        /// The worker whose address it is.
        worker: Option<NodeName>,
    },
}

impl PlanNote {
    /// Whether something will fail unless people act, which is worth a warning.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        match self {
            Self::AuthorityEnds { .. } | Self::NewAuthorities { .. } => true,
            Self::NewEtcdMembers { nodes } => nodes.len() > 1,
            _ => false,
        }
    }

    /// Says so where the endpoint is an address that no control-plane machine of the cluster file has; what a DNS name
    /// leads to is not looked up.
    ///
    /// ```
    /// use kboot_core::{ClusterSpec, bundle::PlanNote};
    /// let file = include_str!("../cluster/single-node.yaml");
    /// assert_eq!(PlanNote::of_endpoint(&file.parse()?), None);
    /// let mistyped: ClusterSpec = file.replace("Endpoint: 192.168.20.31", "Endpoint: 192.168.20.13").parse()?;
    /// assert!(PlanNote::of_endpoint(&mistyped).is_some());
    /// # Ok::<(), kboot_core::document::DocumentError>(())
    /// ```
    #[must_use]
    pub fn of_endpoint(spec: &ClusterSpec) -> Option<Self> {
        let endpoint = &spec.control_plane_endpoint;
        let Host::Ip(address) = endpoint.host() else { return None };
        let owner = spec.nodes.iter().find(|node| node.addresses().contains(address));
        let is_reached = owner.is_some_and(|node| node.has(NodeRole::ControlPlane));
        (spec.control_plane == ControlPlane::Nodes && !is_reached).then(|| Self::EndpointOfNoNode {
            endpoint: endpoint.clone(),
            worker: owner.map(|node| node.name().clone()),
        })
    }

    /// What is new beside something of its kind that is there.
    pub(super) fn newcomers(spec: &ClusterSpec, steps: &[PlanStep]) -> Vec<Self> {
        let mut notes = Vec::new();
        let actions: HashMap<&str, FileAction> =
            steps.iter().map(|step| (step.path.as_str(), step.action)).collect();
        let is_new = |path: &str| actions.get(path) == Some(&FileAction::Create);
        let members = spec.nodes.iter().filter(|node| node.has(NodeRole::Etcd)).map(Node::name);
        let peer = paths::certificate(Profile::EtcdPeer);
        let (new, known): (Vec<_>, Vec<_>) =
            members.cloned().partition(|name| is_new(ArtifactPath::on_node(name, &peer).as_str()));
        if !new.is_empty() && !known.is_empty() {
            notes.push(Self::NewEtcdMembers { nodes: new });
        }
        let authorities = CaRole::ALL.into_iter().map(place::authority_certificate);
        let (new, known): (Vec<_>, Vec<_>) =
            authorities.filter(|path| actions.contains_key(path.as_str())).partition(|path| is_new(path));
        if !new.is_empty() && !known.is_empty() {
            notes.push(Self::NewAuthorities { paths: new.into_iter().map(ArtifactPath::new).collect() });
        }
        notes
    }

    /// What will end soon.
    pub(super) fn endings(spec: &ClusterSpec, pki: &ClusterPki, now: Timestamp) -> Vec<Self> {
        let (month, year) = (30 * 86_400, Lifetime::ONE_YEAR.seconds());
        let mut notes = Vec::new();
        for &role in pki.authorities().layout().authorities() {
            let validity = pki.authorities().get(role).issuer().validity();
            if is_soon(validity, year, now) {
                let not_after = validity.not_after;
                let of_it = pki.certificates().filter(|(id, issued)| {
                    let ca = id.profile.ca().map(|ca| pki.authorities().layout().effective(ca));
                    ca == Some(role) && issued.certificate.validity().not_after == not_after
                });
                let path = ArtifactPath::new(place::authority_certificate(role));
                notes.push(Self::AuthorityEnds { path, not_after, count: of_it.count() });
            }
        }
        let soon = pki.certificates().filter_map(|(id, issued)| {
            let validity = issued.certificate.validity();
            let authority = pki.authorities().get(id.profile.ca()?).issuer().validity();
            let can_be_longer = validity.not_after < authority.not_after;
            (can_be_longer && is_soon(validity, month, now)).then_some((validity.not_after, id))
        });
        let soon: Vec<_> = soon.collect();
        if let Some((not_after, id)) = soon.iter().min() {
            let first = place::of_certificate(spec, id).unwrap_or_else(|| id.to_string());
            notes.push(Self::CertificatesEnd { count: soon.len(), first, not_after: *not_after });
        }
        notes
    }
}

/// Whether it ends within so many seconds; of a short life the last third counts, or everything would always end soon.
fn is_soon(validity: Validity, seconds: i64, now: Timestamp) -> bool {
    let whole = validity.not_after.unix() - validity.not_before.unix();
    validity.not_after.unix() - now.unix() < seconds.min(whole / 3)
}

impl fmt::Display for PlanNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |runtime: &Runtime| match runtime {
            Runtime::Containerd => "containerd",
            Runtime::Crio => "cri-o",
            Runtime::Docker => "docker",
        };
        match self {
            Self::OtherRuntime { from, to } => write!(
                f,
                "the container runtime of nodes changes from {} to {}; write spec.runtime.name to say which you want, \
                 and drain a node before you restart it with the other",
                name(from),
                name(to)
            ),
            Self::OtherKeys { count, wanted } => write!(
                f,
                "{count} keys that are there stay, although they are not {wanted}; to get another, move its file away"
            ),
            Self::EndpointOfNoNode { endpoint, worker } => {
                let text = endpoint.host_port();
                match worker {
                    None => write!(f, "controlPlaneEndpoint {text} is no machine's of the cluster file")?,
                    Some(name) => {
                        write!(
                            f,
                            "controlPlaneEndpoint {text} is {name}'s, which is not of the control plane"
                        )?;
                    }
                }
                f.write_str(
                    ": fine for a load balancer or a virtual address in front of the API servers; otherwise nobody reaches \
                     them",
                )
            }
            Self::NewEtcdMembers { nodes } => {
                let names: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
                match names.as_slice() {
                    [name] => write!(f, "{name} becomes a member of etcd"),
                    names => {
                        write!(f, "{} become members of etcd, which takes one at a time", names.join(" and "))
                    }
                }?;
                f.write_str(
                    ": run etcdctl member add before it starts, and set initial-cluster-state: existing in etcd's extraArgs",
                )
            }
            Self::NewAuthorities { paths } => {
                let paths: Vec<&str> = paths.iter().map(ArtifactPath::as_str).collect();
                let are = if paths.len() == 1 { "is" } else { "are" };
                write!(
                    f,
                    "{} {are} new, while other authorities are there: where one of its kind was lost, machines refuse each \
                     other until all of them have their new files",
                    paths.join(" and ")
                )
            }
            Self::CertificatesEnd { count: 1, first, not_after } => {
                write!(f, "a certificate ends soon: {first} on {not_after}")
            }
            Self::CertificatesEnd { count, first, not_after } => {
                write!(f, "{count} certificates end soon, the first on {not_after}: {first}")
            }
            Self::AuthorityEnds { path, not_after, count } => {
                write!(f, "the authority {path} ends on {not_after}, and with it all that it signed")?;
                match count {
                    0 => Ok(()),
                    count => write!(f, "; {count} certificates could not be given more time than that"),
                }
            }
        }
    }
}
