//! `csrapproving` (`pkg/controller/certificates/approver/sarapprove.go`).

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{CERTIFICATE_CONTROLLER, CERTIFICATES, CSRS, Cluster, Key, Reconciler, concerned, signers};
use crate::server::admission::field::{list_at, text};
use crate::server::admission::set;
use crate::server::attributes::{Attributes, User};

const RBAC: &str = "rbac.authorization.k8s.io";

pub(super) struct CsrApproving {
    pub(super) minor: u32,
}

impl Reconciler for CsrApproving {
    /// Roles too: a request that its sender might not make waits until it may.
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[
            CSRS,
            (RBAC, "roles"),
            (RBAC, "clusterroles"),
            (RBAC, "rolebindings"),
            (RBAC, "clusterrolebindings"),
        ]
    }

    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime> {
        for csr in concerned(cluster, CSRS, changed) {
            let Some(message) = self.reason(cluster, &csr) else { continue };
            let mut approved = Value::clone(&csr);
            let mut conditions = list_at(&approved, "/status/conditions").to_vec();
            conditions.push(json!({
                "type": "Approved", "status": "True", "reason": "AutoApproved", "message": message,
            }));
            set(&mut approved, &["status", "conditions"], conditions.into());
            // A conflict is a change, after which it is looked at again.
            let _ = cluster.update(CERTIFICATE_CONTROLLER, CSRS, "approval", approved);
        }
        None
    }
}

impl CsrApproving {
    /// Why a request is approved; none if it is not.
    fn reason(&self, cluster: &dyn Cluster, csr: &Value) -> Option<&'static str> {
        let kinds = || list_at(csr, "/status/conditions").iter().map(|condition| text(condition, "/type"));
        let is_done = !text(csr, "/status/certificate").is_empty();
        if is_done || kinds().any(|kind| ["Approved", "Denied"].contains(&kind)) {
            return None;
        }
        let request = signers::request(csr, self.minor).ok()?;
        if text(csr, "/spec/signerName") != signers::KUBELET_CLIENT {
            return None;
        }
        signers::kubelet_client(&request, &signers::usages(csr), self.minor).ok()?;
        let user = Arc::new(requestor(csr));
        let may = |subresource: &str| {
            cluster.allowed(&Attributes {
                user: Arc::clone(&user),
                verb: "create".to_owned(),
                group: CERTIFICATES.to_owned(),
                version: "*".to_owned(),
                resource: CSRS.1.to_owned(),
                subresource: subresource.to_owned(),
                ..Attributes::default()
            })
        };
        if user.name == request.common_name && may("selfnodeclient") {
            return Some("Auto approving self kubelet client certificate after SubjectAccessReview.");
        }
        may("nodeclient").then_some("Auto approving kubelet client certificate after SubjectAccessReview.")
    }
}

/// Who asks, as the server recorded it.
fn requestor(csr: &Value) -> User {
    let texts = |list: &[Value]| list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let extra = csr.pointer("/spec/extra").and_then(Value::as_object);
    User {
        name: text(csr, "/spec/username").to_owned(),
        uid: text(csr, "/spec/uid").to_owned(),
        groups: texts(list_at(csr, "/spec/groups")),
        extra: extra
            .into_iter()
            .flatten()
            .map(|(key, values)| (key.clone(), texts(list_at(values, ""))))
            .collect(),
    }
}
