//! Is a node what it should be, and if not, why not.

mod cluster;
#[cfg(test)]
mod cluster_tests;
mod detail;
mod handshake;
mod look;
#[cfg(test)]
mod pod_tests;
mod pods;
mod report;
mod requests;
mod same_pods;
mod seconds;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join;
use kube::Client;

pub use detail::{
    BlockedContainer, ContainerEnd, ExpirySource, HeartbeatSource, NodeDetail, PodEvents, Proxied,
    ReasonAndMessage, TokenState, VersionSkew,
};

pub use cluster::{ClusterLook, ClusterReport, TlsServer, verify_all};
pub use report::{NodeReport, outcome};

use super::OnlineError;
use crate::name::NodeName;
use crate::time::Timestamp;

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
/// asked for is a [`Severity::Warning`](crate::finding::Severity::Warning).
pub async fn verify(
    client: &Client,
    name: &NodeName,
    now: Timestamp,
    limit: Duration,
) -> Result<NodeReport, OnlineError> {
    let names = BTreeSet::from([name.clone()]);
    let of_cluster = look::OfCluster::ask(client, &names, limit);
    let (of_cluster, of_node) = join(of_cluster, look::OfNode::ask(client, name, now, limit)).await;
    of_node.report(name, &of_cluster, now)
}
