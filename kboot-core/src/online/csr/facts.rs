//! What the cluster itself says of what a decision rests on.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{join, join_all, join3, join4};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Endpoints, Namespace, Node, Service};
use kube::Client;
use serde_json::Value;

use super::{Requests, list, malformed};
use crate::csr::{CertificateSigningRequest, Requestor, Signer};
use crate::k8s::names_of_node;
use crate::net::Host;
use crate::online::OnlineError;
use crate::online::fetch::{Call, MAX_OBJECT, body_of, each, get, send};
use crate::policy::{Access, AccessReviews, ContextDocument, Nodes, Policy, PolicyContext};

const NODES: &str = "/api/v1/nodes";
const NAMESPACES: &str = "/api/v1/namespaces";
const SERVICE: &str = "/api/v1/namespaces/default/services/kubernetes";
const ENDPOINTS: &str = "/api/v1/namespaces/default/endpoints/kubernetes";
const KUBEADM_CONFIG: &str = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config";
const CLUSTER_INFO: &str = "/api/v1/namespaces/kube-public/configmaps/cluster-info";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
/// As many as a cluster of 50,000 nodes needs.
const MAX_PAGES: usize = 200;
/// Reviews that are asked for at once.
const AT_ONCE: usize = 16;

/// What a cluster says of itself at one moment: its requests, Nodes and namespaces, who its API server is, and what
/// the senders of pending requests may do.
///
/// The API server's names are those of the Service and the Endpoints `kubernetes`, and what ConfigMaps of kubeadm say
/// (`kubeadm-config`, which also has the services' and the pods' ranges, and `cluster-info`). SubjectAccessReviews are
/// asked for where a rule of the policy has the condition `access`.
#[derive(Debug, Clone)]
pub struct Facts {
    requests: Requests,
    nodes: Nodes,
    document: ContextDocument,
    reviews: Vec<(Requestor, AccessReviews)>,
}

impl Facts {
    /// Asks the cluster. Each question may take `limit`.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use kboot_core::{Env, online::{self, csr::Facts}, policy::{PolicyContext, Preset}};
    ///
    /// let client = online::connect(None, None).await?;
    /// let policy = Preset::KubeletServing.policy();
    /// let facts = Facts::fetch(&client, &policy, Duration::from_secs(30)).await?;
    /// let mut context = PolicyContext::at(Env::system().now());
    /// facts.add_to(&mut context);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`OnlineError`] where any of it cannot be had: a fact that is left out for want of a permission would make the
    /// floor laxer. [`OnlineError::Facts`] where what stands in kubeadm's ConfigMaps is wrong.
    pub async fn fetch(client: &Client, policy: &Policy, limit: Duration) -> Result<Self, OnlineError> {
        let ask = |path| async move { get(client, path, MAX_OBJECT, limit).await };
        let lists = join3(list(client, limit), nodes(client, limit), namespaces(client, limit));
        let objects = join4(ask(SERVICE), ask(ENDPOINTS), ask(KUBEADM_CONFIG), ask(CLUSTER_INFO));
        let ((requests, nodes, namespaces), (service, endpoints, kubeadm, info)) = join(lists, objects).await;
        let (requests, nodes) = (requests?, nodes?);
        let mut builder = ContextDocument::builder();
        for namespace in namespaces? {
            builder = builder.with_namespace(&namespace);
        }
        for name in api_servers(service?.object_if_there()?, endpoints?.object_if_there()?) {
            builder = builder.with_api_server(&name);
        }
        let wrong = |path: &str| {
            let path = path.to_owned();
            move |problem| OnlineError::Facts { path, problem }
        };
        let mut document = builder.build().map_err(wrong(NAMESPACES))?;
        if let Some(mut object) = kubeadm?.object_if_there::<Value>()? {
            object["kind"] = "ConfigMap".into();
            document.add(&object.to_string()).map_err(wrong(KUBEADM_CONFIG))?;
        }
        let info = info?.object_if_there::<ConfigMap>()?.and_then(|object| object.data);
        if let Some(kubeconfig) = info.and_then(|mut data| data.remove("kubeconfig")) {
            document.add(&kubeconfig).map_err(wrong(CLUSTER_INFO))?;
        }
        let texts: Vec<String> = requests.items.iter().map(CertificateSigningRequest::to_json).collect();
        let all = format!(r#"{{"kind":"CertificateSigningRequestList","items":[{}]}}"#, texts.join(","));
        document.read(all.as_bytes()).map_err(wrong(super::PATH))?;
        let reviews = reviews(client, policy, &requests, limit).await?;
        Ok(Self { requests, nodes, document, reviews })
    }

    /// Every request of the cluster.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Adds these facts to what a context knows already: the Nodes and the other requests are those of the cluster,
    /// everything else adds up, and what the context says of a key or of the DNS domain stays.
    pub fn add_to(&self, context: &mut PolicyContext<'_>) {
        let live = self.document.context(context.now);
        let nothing = PolicyContext::at(context.now);
        context.nodes = Some(self.nodes.clone());
        context.history = live.history;
        context.namespaces.extend(live.namespaces);
        context.service_cidrs.extend(live.service_cidrs);
        context.pod_cidrs.extend(live.pod_cidrs);
        if context.dns_domain == nothing.dns_domain {
            context.dns_domain = live.dns_domain;
        }
        let dns = [&context.api_server, &live.api_server].into_iter().flat_map(|names| names.dns());
        let ips = [&context.api_server, &live.api_server].into_iter().flat_map(|names| names.ips());
        context.api_server = dns.cloned().map(Host::Dns).chain(ips.copied().map(Host::Ip)).collect();
        for (key, owner) in live.key_owners {
            context.key_owners.entry(key).or_insert(owner);
        }
        for (requestor, reviews) in &self.reviews {
            context.set_access(requestor, *reviews);
        }
    }
}

async fn nodes(client: &Client, limit: Duration) -> Result<Nodes, OnlineError> {
    let mut found = Nodes::default();
    let mut are_read = true;
    let keep = |node: Node| match names_of_node(&node) {
        Ok((name, names)) => {
            found.insert(name, names);
        }
        Err(_) => are_read = false,
    };
    each(client, NODES, MAX_PAGES, limit, keep).await?;
    if are_read { Ok(found) } else { Err(malformed(NODES)) }
}

async fn namespaces(client: &Client, limit: Duration) -> Result<Vec<String>, OnlineError> {
    let mut found = Vec::new();
    let keep = |namespace: Namespace| found.extend(namespace.metadata.name);
    each(client, NAMESPACES, MAX_PAGES, limit, keep).await?;
    Ok(found)
}

/// Where clients in the cluster find the API server, and where it is.
fn api_servers(service: Option<Service>, endpoints: Option<Endpoints>) -> Vec<Host> {
    let spec = service.and_then(|service| service.spec).unwrap_or_default();
    let of_service = spec.cluster_ips.unwrap_or_default().into_iter().chain(spec.cluster_ip);
    let subsets = endpoints.and_then(|endpoints| endpoints.subsets).unwrap_or_default();
    let addresses = subsets.into_iter().filter_map(|subset| subset.addresses).flatten();
    let of_endpoints = addresses.map(|address| address.ip);
    of_service.chain(of_endpoints).filter_map(|text| Some(Host::Ip(text.parse().ok()?))).collect()
}

/// What the senders of pending requests may do, of what the policy's rules ask about.
async fn reviews(
    client: &Client,
    policy: &Policy,
    requests: &Requests,
    limit: Duration,
) -> Result<Vec<(Requestor, AccessReviews)>, OnlineError> {
    let asked: BTreeSet<Access> = policy.rules().iter().filter_map(|rule| rule.access()).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let is_asked = |object: &&CertificateSigningRequest| {
        object.is_pending() && object.signer() == Some(Signer::KubeApiserverClientKubelet)
    };
    let mut senders: Vec<&Requestor> = Vec::new();
    let mut seen = BTreeSet::new();
    for sender in requests.items.iter().filter(is_asked).map(CertificateSigningRequest::requestor) {
        let groups: BTreeSet<&String> = sender.groups.iter().collect();
        if seen.insert((&sender.username, groups)) {
            senders.push(sender);
        }
    }
    let mut found = Vec::new();
    for some in senders.chunks(AT_ONCE) {
        let of_sender = |sender: &Requestor| {
            let (sender, asked) = (sender.clone(), &asked);
            async move {
                let mut reviews = AccessReviews::default();
                for access in asked {
                    let allowed = Some(may(client, &sender, *access, limit).await?);
                    match access {
                        Access::SelfNodeClient => reviews.self_node_client = allowed,
                        Access::NodeClient => reviews.node_client = allowed,
                    }
                }
                Ok::<_, OnlineError>((sender, reviews))
            }
        };
        for one in join_all(some.iter().map(|sender| of_sender(sender))).await {
            found.push(one?);
        }
    }
    Ok(found)
}

/// The question of `pkg/controller/certificates/approver/sarapprove.go`.
async fn may(
    client: &Client,
    sender: &Requestor,
    access: Access,
    limit: Duration,
) -> Result<bool, OnlineError> {
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(sender.username.clone()),
            uid: Some(sender.uid.clone()).filter(|uid| !uid.is_empty()),
            groups: Some(sender.groups.clone()),
            extra: Some(sender.extra.clone()).filter(|extra| !extra.is_empty()),
            resource_attributes: Some(ResourceAttributes {
                group: Some("certificates.k8s.io".to_owned()),
                resource: Some("certificatesigningrequests".to_owned()),
                subresource: Some(access.as_str().to_owned()),
                verb: Some("create".to_owned()),
                version: Some("*".to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let call = Call::post(REVIEWS, body_of(&review, REVIEWS)?);
    let answer: SubjectAccessReview = send(client, call, MAX_OBJECT, limit).await?.object()?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
