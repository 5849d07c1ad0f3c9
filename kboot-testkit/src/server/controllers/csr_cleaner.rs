//! `csrcleaner` (`pkg/controller/certificates/cleaner/cleaner.go`). Upstream looks every hour; here a request goes at
//! the moment that its time has come.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{CERTIFICATE_CONTROLLER, CSRS, Cluster, Key, Propagation, Reconciler, concerned};
use crate::server::admission::field::{list_at, octets, text};
use crate::server::admission::pki::{certificate, pem};
use crate::server::clock::parse;

const DONE: Duration = Duration::hours(1);
const PENDING: Duration = Duration::hours(24);

pub(super) struct CsrCleaner;

impl Reconciler for CsrCleaner {
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[CSRS]
    }

    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime> {
        let mut next: Option<OffsetDateTime> = None;
        for csr in concerned(cluster, CSRS, changed) {
            let Some(end) = end(&csr) else { continue };
            if end < cluster.now() {
                let key = Key::of(CSRS.0, CSRS.1, &csr);
                let uid = text(&csr, "/metadata/uid");
                // What is gone already is what was wanted.
                let _ = cluster.delete(CERTIFICATE_CONTROLLER, &key, Some(uid), Propagation::Background);
            } else {
                // "More than an hour" is a second later.
                let then = end + Duration::seconds(1);
                next = Some(next.map_or(then, |next| next.min(then)));
            }
        }
        next
    }
}

/// After when a request is of no use.
fn end(csr: &Value) -> Option<OffsetDateTime> {
    let conditions = list_at(csr, "/status/conditions");
    let is_issued = !text(csr, "/status/certificate").is_empty();
    let mut ends: Vec<OffsetDateTime> = Vec::new();
    for condition in conditions {
        let counts = match text(condition, "/type") {
            "Approved" => is_issued,
            "Denied" | "Failed" => true,
            _ => false,
        };
        let since = parse(text(condition, "/lastUpdateTime")).filter(|_| counts);
        ends.extend(since.map(|since| since + DONE));
    }
    if conditions.is_empty() {
        let created = parse(text(csr, "/metadata/creationTimestamp"));
        ends.extend(created.map(|created| created + PENDING));
    }
    ends.extend(not_after(csr));
    ends.into_iter().min()
}

/// When the certificate of an approved request ends.
fn not_after(csr: &Value) -> Option<OffsetDateTime> {
    let approved = list_at(csr, "/status/conditions").iter().any(|one| text(one, "/type") == "Approved");
    let pem = octets(csr, "/status/certificate");
    let (block, _) = pem::decode(&pem).filter(|_| approved)?;
    let end = certificate::read(&block.der).ok()?.tbs_certificate().validity().not_after.to_unix_duration();
    OffsetDateTime::from_unix_timestamp(i64::try_from(end.as_secs()).ok()?).ok()
}
