//! Is a node what it should be, and if not, why not.

mod detail;
#[cfg(test)]
mod pod_tests;
mod pods;
mod report;
mod requests;
mod seconds;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::future::{join, join_all, join3, join4};
use http::Method;
use k8s_openapi::List;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::Client;
use serde::{Serialize, Serializer};

pub use detail::{
    BlockedContainer, ContainerEnd, ExpirySource, HeartbeatSource, NodeDetail, PodEvents, Proxied,
    ReasonAndMessage, VersionSkew,
};

use super::OnlineError;
use super::fetch::{MAX_OBJECT, PER_PAGE, each, get};
use crate::document::{Unwritable, yaml};
use crate::finding::{Finding, Severity};
use crate::name::NodeName;
use crate::time::Timestamp;

/// What is known about a node.
///
/// Serialized, it is `{node, checks: [{check, outcome, text}]}` with the outcomes ok, problem and unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeReport {
    /// The node's name.
    pub node: String,
    /// Every check, in the order in which a node comes up. Its path is what was looked at: `ready`,
    /// `heartbeat`, `kubelet version`, `client certificate`, `serving certificate`, `kubelet`, `kube-proxy`,
    /// `pods`, `pod NAMESPACE/NAME`, `certificate request NAME`, …
    pub findings: Vec<Finding<NodeDetail>>,
}

/// The word for how a check ended: `ok` for a note, `problem` for an error, `unknown` for a warning.
#[must_use]
pub fn outcome(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "ok",
        Severity::Warning => "unknown",
        Severity::Error => "problem",
    }
}

impl Serialize for NodeReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Report<'a> {
            node: &'a str,
            checks: Vec<Row<'a>>,
        }
        #[derive(Serialize)]
        struct Row<'a> {
            check: &'a str,
            outcome: &'static str,
            reason: String,
        }
        let checks = self.findings.iter().map(|Finding { severity, path, detail }| Row {
            check: path,
            outcome: outcome(*severity),
            reason: detail.to_string(),
        });
        Report { node: &self.node, checks: checks.collect() }.serialize(serializer)
    }
}

impl NodeReport {
    /// Whether no check found a problem; one that could not be made is none.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    /// The report as YAML.
    ///
    /// # Errors
    /// [`Unwritable`] where the serializer fails, which it has no reason to.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        yaml::write(self)
    }
}

/// A cluster keeps an issued request for an hour: enough for 50,000 nodes that all joined in it.
const MAX_REQUEST_PAGES: usize = 200;
/// Many times the kubelet's `maxPods`.
const MAX_POD_PAGES: usize = 8;
const MAX_METRICS: usize = 16 * 1024 * 1024;
const MAX_HEALTH: usize = 64 * 1024;

/// Looks at a node from the API server's side.
///
/// Asked are the Node, its Lease, its pods, the API server's version, the CertificateSigningRequests, and
/// through the API server's node proxy the kubelet's `/healthz` and `/metrics` and kube-proxy's `/healthz`
/// (port 10256). The node itself is not dialled. All questions are asked at once, but for the events of pods
/// that do not start and do not say why, and each may take `limit`. Kubernetes 1.20 and later; with an older
/// one the requests are unknown.
///
/// A pod cannot start where a container waits for something else than its turn (`ImagePullBackOff`,
/// `CreateContainerError`, `CrashLoopBackOff`), where it has been starting for a minute and the latest event
/// that is not of progress is a Warning (`FailedCreatePodSandBox`), or where it has been for ten. Pods that
/// have ended or are being deleted are not looked at.
///
/// A certificate's expiry is what the kubelet's metrics say (`kubelet_certificate_manager_*_ttl_seconds`),
/// else what stands in the latest issued request, which kube-controller-manager deletes after an hour.
///
/// A node that does not exist is a report, which says what became of its requests.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use kboot_core::{Env, online};
///
/// let client = online::connect(None, None).await?;
/// let now = Env::system().now();
/// let report = online::node::verify(&client, &"worker-1".parse()?, now, Duration::from_secs(30)).await?;
/// for finding in report.findings {
///     println!("{} {}: {}", finding.severity, finding.path, finding.detail);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`OnlineError`] where the Node cannot be asked for: no connection, no permission. What else cannot be
/// asked for is a [`Severity::Warning`].
pub async fn verify(
    client: &Client,
    name: &NodeName,
    now: Timestamp,
    limit: Duration,
) -> Result<NodeReport, OnlineError> {
    let ask = |path: String, max_bytes| async move { get(client, &path, max_bytes, limit).await };
    let node = format!("/api/v1/nodes/{name}");
    let objects = join4(
        ask(node.clone(), MAX_OBJECT),
        ask(format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}"), MAX_OBJECT),
        ask("/version".to_owned(), MAX_OBJECT),
        requests_of(client, name, limit),
    );
    let proxied = join3(
        ask(format!("{node}/proxy/metrics"), MAX_METRICS),
        ask(format!("{node}/proxy/healthz"), MAX_HEALTH),
        ask(format!("{node}:10256/proxy/healthz"), MAX_HEALTH),
    );
    let ((node, lease, version, requests), (pods, (metrics, kubelet, kube_proxy))) =
        join(objects, join(pods_of(client, name, now, limit), proxied)).await;
    let node = match node?.object() {
        Err(error) if error.is_not_found() => None,
        node => Some(node?),
    };
    let seen = report::Seen {
        node,
        lease: lease.and_then(|answer| answer.object()),
        api_server: version.and_then(|answer| answer.object()),
        requests,
        metrics: metrics.and_then(|answer| answer.success()).map(|answer| answer.text()),
        kubelet,
        kube_proxy,
        pods,
    };
    Ok(report::report(name, &seen, now))
}

/// The requests that concern the node, of all that the cluster has.
async fn requests_of(
    client: &Client,
    name: &NodeName,
    limit: Duration,
) -> Result<Vec<requests::NodeRequest>, OnlineError> {
    let base = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let mut found = Vec::new();
    let mut are_read = true;
    let keep = |item: CertificateSigningRequest| match requests::NodeRequest::of(name, &item) {
        Ok(request) => found.extend(request),
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
