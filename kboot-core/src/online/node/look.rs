//! Asks everything about a node.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::{join, join_all, join3};
use http::Method;
use k8s_openapi::List;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::apimachinery::pkg::version::Info;
use kube::Client;

use super::report::NodeReport;
use super::requests::NodeRequest;
use super::{pods, report};
use crate::name::NodeName;
use crate::online::OnlineError;
use crate::online::fetch::{Answer, MAX_OBJECT, PER_PAGE, each, get};
use crate::time::Timestamp;

/// A cluster keeps an issued request for an hour: enough for 50,000 nodes that all joined in it.
const MAX_REQUEST_PAGES: usize = 200;
/// Many times the kubelet's `maxPods`.
const MAX_POD_PAGES: usize = 8;
const MAX_METRICS: usize = 16 * 1024 * 1024;
const MAX_HEALTH: usize = 64 * 1024;

/// What is asked once, however many nodes are looked at.
pub(super) struct OfCluster {
    requests: Result<BTreeMap<NodeName, Vec<NodeRequest>>, OnlineError>,
    api_server: Result<Info, OnlineError>,
}

impl OfCluster {
    pub(super) async fn ask(client: &Client, names: &BTreeSet<NodeName>, limit: Duration) -> Self {
        let version = get(client, "/version", MAX_OBJECT, limit);
        let (version, requests) = join(version, requests_of(client, names, limit)).await;
        Self { requests, api_server: version.and_then(Answer::object) }
    }
}

/// What is asked of each node.
pub(super) struct OfNode {
    node: Result<Answer, OnlineError>,
    lease: Result<Answer, OnlineError>,
    metrics: Result<Answer, OnlineError>,
    kubelet: Result<Answer, OnlineError>,
    kube_proxy: Result<Answer, OnlineError>,
    pods: Result<pods::Pods, OnlineError>,
}

impl OfNode {
    pub(super) async fn ask(client: &Client, name: &NodeName, now: Timestamp, limit: Duration) -> Self {
        let ask = |path: String, max_bytes| async move { get(client, &path, max_bytes, limit).await };
        let path = format!("/api/v1/nodes/{name}");
        let objects = join3(
            ask(path.clone(), MAX_OBJECT),
            ask(format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}"), MAX_OBJECT),
            pods_of(client, name, now, limit),
        );
        let proxied = join3(
            ask(format!("{path}/proxy/metrics"), MAX_METRICS),
            ask(format!("{path}/proxy/healthz"), MAX_HEALTH),
            ask(format!("{path}:10256/proxy/healthz"), MAX_HEALTH),
        );
        let ((node, lease, pods), (metrics, kubelet, kube_proxy)) = join(objects, proxied).await;
        Self { node, lease, metrics, kubelet, kube_proxy, pods }
    }

    /// What all of it says; an error where the Node could not be asked for.
    pub(super) fn report(
        self,
        name: &NodeName,
        of_cluster: &OfCluster,
        now: Timestamp,
    ) -> Result<NodeReport, OnlineError> {
        let node = match self.node?.object() {
            Err(error) if error.is_not_found() => None,
            node => Some(node?),
        };
        let requests = of_cluster.requests.as_ref();
        let seen = report::Seen {
            node,
            lease: self.lease.and_then(Answer::object),
            api_server: of_cluster.api_server.as_ref(),
            requests: requests.map(|all| all.get(name).map(Vec::as_slice).unwrap_or_default()),
            metrics: self.metrics.and_then(Answer::success).map(|answer| answer.text()),
            kubelet: self.kubelet,
            kube_proxy: self.kube_proxy,
            pods: self.pods,
        };
        Ok(report::report(name, &seen, now))
    }
}

/// The requests that concern the nodes, of all that the cluster has.
async fn requests_of(
    client: &Client,
    names: &BTreeSet<NodeName>,
    limit: Duration,
) -> Result<BTreeMap<NodeName, Vec<NodeRequest>>, OnlineError> {
    let base = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let mut found: BTreeMap<NodeName, Vec<NodeRequest>> = BTreeMap::new();
    let mut are_read = true;
    let keep = |item: CertificateSigningRequest| match NodeRequest::of(names, &item) {
        Ok(requests) => {
            for (name, request) in requests {
                found.entry(name).or_default().push(request);
            }
        }
        Err(_) => are_read = false,
    };
    each(client, base, MAX_REQUEST_PAGES, limit, keep).await?;
    let malformed = || OnlineError::Malformed { method: Method::GET, path: base.to_owned() };
    if are_read { Ok(found) } else { Err(malformed()) }
}

/// The pods of the node that have not ended, with the events of those that do not say why they wait.
async fn pods_of(
    client: &Client,
    name: &NodeName,
    now: Timestamp,
    limit: Duration,
) -> Result<pods::Pods, OnlineError> {
    let base = format!(
        "/api/v1/pods?fieldSelector=spec.nodeName%3D{name}%2Cstatus.phase!%3DSucceeded%2Cstatus.phase!%3DFailed"
    );
    let mut found = pods::Pods::default();
    each(client, &base, MAX_POD_PAGES, limit, |pod: Pod| found.add(pod)).await?;
    let asked = found.unexplained(now).map(|pod| async move {
        if let Some(path) = pod.events_path() {
            let answer = get(client, &format!("{path}&limit={PER_PAGE}"), MAX_OBJECT, limit).await;
            let events = answer.and_then(|answer| answer.object::<List<Event>>());
            pod.set_events(events.map(|list| list.items));
        }
    });
    join_all(asked).await;
    Ok(found)
}
