//! Certificate requests of a running cluster: seen, approved and denied.
//!
//! [`Facts::fetch`] asks the cluster for what a decision rests on, [`Policy::evaluate`](crate::policy::Policy::evaluate)
//! decides as ever, and an [`Approver`] puts the decision where it belongs: on the very object that was judged, or on
//! none.

mod approver;
mod facts;
mod watch;

use std::time::Duration;

use k8s_openapi::api::certificates::v1::CertificateSigningRequest as KubeRequest;
use kube::Client;

pub use approver::{Approver, BY_HAND, Outcome, Settled, deny};
pub use facts::Facts;
pub use watch::Event;

use super::OnlineError;
use super::fetch::{MAX_OBJECT, each, get, segment};
use crate::csr::CertificateSigningRequest;

/// The requests' resource (`certificates.k8s.io/v1`, Kubernetes 1.19 and later).
const PATH: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
/// A cluster keeps an issued request for an hour: enough for 50,000 nodes that all joined in it.
const MAX_PAGES: usize = 200;

/// Every request of a cluster at one moment.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Requests {
    /// The requests, by name.
    pub items: Vec<CertificateSigningRequest>,
    /// The version of the list, from which a watch goes on.
    pub resource_version: String,
}

/// Every request that the cluster holds. Each question may take `limit`.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use kboot_core::online;
///
/// let client = online::connect(None, None).await?;
/// for request in online::csr::list(&client, Duration::from_secs(30)).await?.items {
///     println!("{} of {}: {}", request.name(), request.requestor().username, request.stage());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`OnlineError`] where the API server does not answer, or not with a list.
pub async fn list(client: &Client, limit: Duration) -> Result<Requests, OnlineError> {
    let mut items = Vec::new();
    let mut are_read = true;
    let keep = |item: KubeRequest| match CertificateSigningRequest::try_from(&item) {
        Ok(object) => items.push(object),
        Err(_) => are_read = false,
    };
    let resource_version = each(client, PATH, MAX_PAGES, limit, keep).await?;
    if are_read { Ok(Requests { items, resource_version }) } else { Err(malformed(PATH)) }
}

/// The request of this name; none where there is none.
///
/// # Errors
/// As [`list`].
pub async fn find(
    client: &Client,
    name: &str,
    limit: Duration,
) -> Result<Option<CertificateSigningRequest>, OnlineError> {
    let path = format!("{PATH}/{}", segment(name));
    let found: Option<KubeRequest> = get(client, &path, MAX_OBJECT, limit).await?.object_if_there()?;
    found.map(|object| object_of(&object, &path)).transpose()
}

fn object_of(object: &KubeRequest, path: &str) -> Result<CertificateSigningRequest, OnlineError> {
    CertificateSigningRequest::try_from(object).map_err(|_| malformed(path))
}

fn malformed(path: &str) -> OnlineError {
    OnlineError::Malformed { method: http::Method::GET, path: path.to_owned() }
}
