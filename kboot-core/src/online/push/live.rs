//! The running cluster, asked with the bundle's own credentials.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node as KubeNode;
use kube::Client;
use serde_json::json;
use tokio::net::TcpStream;

use super::error::PushError;
use super::order::{Health, is_member};
use super::run::Cluster;
use super::seen::{Labels, Seen, seen};
use crate::bundle::{Artifact, ArtifactPath, Bundle, FileKind};
use crate::cluster::{CaRole, ClusterSpec, Node, NodeRole};
use crate::component::paths;
use crate::csr::Signer;
use crate::kubeconfig::Kubeconfig;
use crate::name::NodeName;
use crate::net::ApiEndpoint;
use crate::online::apply::{self, Change, Manifest};
use crate::online::connect::client_of;
use crate::online::csr;
use crate::online::fetch::{Answer, Call, MAX_OBJECT, body_of, get, segment, send};
use crate::pki::Profile;
use crate::secret::SecretBytes;
use crate::shown::cut;

/// The port at which etcd's clients ask (`component/etcd`).
const ETCD_PORT: u16 = 2379;

/// The kubeconfig of the bundle that may do everything from the start.
const SUPER_ADMIN: &str = "super-admin.conf";

/// A server of a member.
struct Server {
    name: &'static str,
    endpoint: ApiEndpoint,
    client: Client,
}

struct Member {
    node: NodeName,
    api_server: Option<Server>,
    etcd: Option<Server>,
}

/// The members' servers, and the manifests.
pub(super) struct Live {
    members: Vec<Member>,
    manifests: Vec<Manifest>,
    limit: Duration,
}

impl Live {
    /// Nothing is asked yet. Each question may take `limit`.
    pub(super) async fn of(spec: &ClusterSpec, bundle: &Bundle, limit: Duration) -> Result<Self, PushError> {
        let mut members = Vec::new();
        for node in spec.nodes().iter().filter(|node| is_member(spec, node)) {
            let api_server = node.has(NodeRole::ControlPlane).then(|| {
                (ApiEndpoint::of(node.address(), spec.control_plane_endpoint().port()), kubeconfig(bundle))
            });
            let etcd = node.has(NodeRole::Etcd).then(|| {
                (ApiEndpoint::of(node.address(), ETCD_PORT), kubeconfig_of_etcd(spec, bundle, node))
            });
            members.push(Member {
                node: node.name().clone(),
                api_server: server("kube-apiserver", api_server).await?,
                etcd: server("etcd", etcd).await?,
            });
        }
        Ok(Self { members, manifests: manifests(bundle)?, limit })
    }

    /// The first API server that is ready: one that is being restarted is not.
    async fn ready(&self) -> Result<&Client, PushError> {
        let mut last = unusable(&"the cluster has no API server");
        for server in self.members.iter().filter_map(|member| member.api_server.as_ref()) {
            let answer = get(&server.client, "/healthz", MAX_OBJECT, self.limit).await;
            match answer.and_then(Answer::success) {
                Ok(_) => return Ok(&server.client),
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }
}

fn unusable(reason: &dyn std::fmt::Display) -> PushError {
    PushError::Kubeconfig { reason: reason.to_string() }
}

/// A file of the bundle.
fn content<'a>(bundle: &'a Bundle, path: &str) -> Result<&'a [u8], PushError> {
    let file = bundle.artifacts().iter().find(|file| file.path.as_str() == path);
    file.map(|file| file.content.expose_bytes()).ok_or_else(|| unusable(&format!("there is no {path}")))
}

fn text(bytes: &[u8]) -> Result<&str, PushError> {
    std::str::from_utf8(bytes).map_err(|error| unusable(&error))
}

fn kubeconfig(bundle: &Bundle) -> Result<Kubeconfig, PushError> {
    text(content(bundle, SUPER_ADMIN)?)?.parse().map_err(|error| unusable(&error))
}

/// The credentials of etcd's health check in the form that a client is made of.
fn kubeconfig_of_etcd(spec: &ClusterSpec, bundle: &Bundle, node: &Node) -> Result<Kubeconfig, PushError> {
    let of_node =
        |path: &str| content(bundle, ArtifactPath::on_node(node.name(), path).as_str()).map(<[u8]>::to_vec);
    let mut kubeconfig = kubeconfig(bundle)?;
    let authority = of_node(&paths::authority_certificate(spec.authorities(), CaRole::Etcd))?;
    for cluster in &mut kubeconfig.clusters {
        cluster.value.certificate_authority_data = Some(authority.clone());
    }
    for user in &mut kubeconfig.users {
        user.value.client_certificate_data =
            Some(of_node(&paths::certificate(Profile::EtcdHealthcheckClient))?);
        let key = of_node(&paths::key(Profile::EtcdHealthcheckClient))?;
        user.value.client_key_data = Some(SecretBytes::new(key));
    }
    Ok(kubeconfig)
}

async fn server(
    name: &'static str,
    wanted: Option<(ApiEndpoint, Result<Kubeconfig, PushError>)>,
) -> Result<Option<Server>, PushError> {
    let Some((endpoint, kubeconfig)) = wanted else { return Ok(None) };
    let mut kubeconfig = kubeconfig?;
    for cluster in &mut kubeconfig.clusters {
        cluster.value.server = format!("https://{}", endpoint.host_port());
    }
    let of_kube = kube::config::Kubeconfig::try_from(&kubeconfig).map_err(|error| unusable(&error))?;
    let client = client_of(of_kube).await?;
    Ok(Some(Server { name, endpoint, client }))
}

fn manifests(bundle: &Bundle) -> Result<Vec<Manifest>, PushError> {
    let mut files: Vec<&Artifact> = bundle
        .artifacts()
        .iter()
        .filter(|file| file.kind == FileKind::Manifest && file.node.is_none())
        .collect();
    // As cluster apply takes a folder's files.
    files.sort_by(|one, other| one.path.as_str().cmp(other.path.as_str()));
    let mut manifests = Vec::new();
    for file in files {
        let read = Manifest::read(text(file.content.expose_bytes())?);
        manifests
            .extend(read.map_err(|problem| PushError::Manifest { file: file.path.to_string(), problem })?);
    }
    Ok(manifests)
}

impl Server {
    /// Whether it says at one of these paths, the first that it knows, that it is ready.
    async fn health(&self, paths: &[&str], limit: Duration) -> Health {
        let at = |problem: &dyn std::fmt::Display| {
            format!("{} at {}: {problem}", self.name, self.endpoint.host_port())
        };
        match tokio::time::timeout(limit, TcpStream::connect(self.endpoint.host_port())).await {
            Err(_) => {
                return Health::Closed { reason: at(&format!("no answer within {} s", limit.as_secs())) };
            }
            Ok(Err(error)) => return Health::Closed { reason: at(&error) },
            Ok(Ok(_)) => {}
        }
        let mut reason = String::new();
        for path in paths {
            let answer = match get(&self.client, path, MAX_OBJECT, limit).await {
                Ok(answer) => answer,
                Err(error) => return Health::Sick { reason: at(&error.with_cause()) },
            };
            let (code, failing) = (answer.code, failing(&answer.text()));
            match answer.success() {
                Ok(_) => return Health::Good,
                Err(_) if !failing.is_empty() => return Health::Sick { reason: at(&failing) },
                Err(error) => reason = at(&error),
            }
            if code != 404 {
                break;
            }
        }
        Health::Sick { reason }
    }
}

/// What is not ready yet, of kube-apiserver's list of checks (`[-]etcd failed: reason withheld`).
fn failing(checks: &str) -> String {
    let failing = checks.lines().filter_map(|line| line.strip_prefix("[-]"));
    let names: Vec<&str> = failing.filter_map(|check| check.split(' ').next()).collect();
    if names.is_empty() { String::new() } else { cut(&format!("not ready: {}", names.join(", ")), 256) }
}

impl Cluster for Live {
    async fn health(&self, node: &Node) -> Health {
        let Some(member) = self.members.iter().find(|member| member.node == *node.name()) else {
            return Health::Good;
        };
        // /readyz came with 1.16.
        let api_server = async {
            match &member.api_server {
                Some(server) => server.health(&["/readyz", "/healthz"], self.limit).await,
                None => Health::Good,
            }
        };
        let etcd = async {
            match &member.etcd {
                Some(server) => server.health(&["/health"], self.limit).await,
                None => Health::Good,
            }
        };
        match futures::future::join(api_server, etcd).await {
            (Health::Good, Health::Closed { reason }) if member.api_server.is_some() => {
                Health::Sick { reason }
            }
            (Health::Good, etcd) => etcd,
            (api_server, _) => api_server,
        }
    }

    async fn apply(&self) -> Result<[usize; 3], PushError> {
        let client = self.ready().await?;
        let planned = apply::plan(client, &self.manifests, false, self.limit).await?;
        if let Some((object, conflicts)) = planned.iter().find_map(|one| match one.change() {
            Change::Conflict { conflicts } => Some((one.manifest().to_string(), conflicts.clone())),
            _ => None,
        }) {
            return Err(PushError::Conflict { object, conflicts });
        }
        let mut counts = [0_usize; 3];
        for one in &planned {
            let [created, updated, kept] = &mut counts;
            let count = match one.change() {
                Change::Create => created,
                Change::Update { .. } => updated,
                _ => kept,
            };
            *count = count.saturating_add(1);
            one.apply(client, self.limit).await?;
        }
        Ok(counts)
    }

    async fn node(&self, name: &NodeName) -> Result<Option<Seen>, PushError> {
        let path = format!("/api/v1/nodes/{}", segment(name.as_str()));
        let lease = format!(
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{}",
            segment(name.as_str())
        );
        let client = self.ready().await?;
        let node: Option<KubeNode> = get(client, &path, MAX_OBJECT, self.limit).await?.object_if_there()?;
        let Some(node) = node else { return Ok(None) };
        let lease: Option<Lease> = get(client, &lease, MAX_OBJECT, self.limit).await?.object_if_there()?;
        let renewed = lease.and_then(|lease| lease.spec?.renew_time);
        Ok(Some(seen(&node, renewed.map(|time| time.0.to_string()))))
    }

    async fn label(&self, name: &NodeName, labels: &Labels) -> Result<(), PushError> {
        let path = format!("/api/v1/nodes/{}?fieldManager=kboot", segment(name.as_str()));
        let body = body_of(&json!({"metadata": {"labels": labels}}), &path)?;
        let call = Call::merge(path, body);
        send(self.ready().await?, call, MAX_OBJECT, self.limit).await?.success()?;
        Ok(())
    }

    async fn pending_requests(&self, nodes: &[NodeName]) -> Vec<String> {
        let users: Vec<String> = nodes.iter().map(|node| format!("system:node:{node}")).collect();
        // Before 1.19 there is no such list; that nobody can say what waits is no failure of what was done.
        let Ok(client) = self.ready().await else { return Vec::new() };
        let requests = csr::list(client, self.limit).await.unwrap_or_default();
        let waits = requests.items.iter().filter(|request| {
            request.is_pending()
                && request.signer() == Some(Signer::KubeletServing)
                && users.contains(&request.requestor().username)
        });
        waits.map(|request| request.name().to_owned()).collect()
    }
}
