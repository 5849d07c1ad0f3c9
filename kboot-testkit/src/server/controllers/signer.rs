//! `csrsigning` (`pkg/controller/certificates/signer/signer.go`).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Authority, CERTIFICATE_CONTROLLER, CSRS, Cluster, Key, Reconciler, concerned, signers};
use crate::server::admission::field::{list_at, text};
use crate::server::admission::set;

/// Signs for all of Kubernetes' own signers with one authority.
pub(super) struct CsrSigning {
    pub(super) authority: Arc<Authority>,
    pub(super) minor: u32,
}

impl Reconciler for CsrSigning {
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[CSRS]
    }

    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime> {
        for csr in concerned(cluster, CSRS, changed) {
            if let Some(answered) = self.answer(&csr, cluster.now()) {
                // A conflict is a change, after which it is looked at again.
                let _ = cluster.update(CERTIFICATE_CONTROLLER, CSRS, "status", answered);
            }
        }
        None
    }
}

impl CsrSigning {
    /// The request with its certificate, or with why there is none; none if it is left alone.
    fn answer(&self, csr: &Value, now: OffsetDateTime) -> Option<Value> {
        let signer = text(csr, "/spec/signerName");
        let own =
            [signers::CLIENT, signers::KUBELET_CLIENT, signers::KUBELET_SERVING, signers::LEGACY_UNKNOWN];
        let has = |kind| list_at(csr, "/status/conditions").iter().any(|one| text(one, "/type") == kind);
        let is_ready = own.contains(&signer)
            && has("Approved")
            && !has("Denied")
            && !signers::has_condition(csr, "Failed")
            && text(csr, "/status/certificate").is_empty();
        if !is_ready {
            return None;
        }
        let request = signers::request(csr, self.minor).ok()?;
        let usages = signers::usages(csr);
        let mut answered = csr.clone();
        if let Err(why) = signers::validate(signer, &request, &usages, self.minor) {
            let mut conditions = list_at(csr, "/status/conditions").to_vec();
            conditions.push(json!({
                "type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": why,
            }));
            set(&mut answered, &["status", "conditions"], conditions.into());
            return Some(answered);
        }
        request.check_signature().ok()?;
        let seconds = csr.pointer("/spec/expirationSeconds").and_then(Value::as_i64);
        // Upstream tries again and again and tells its log alone.
        let pem = self.authority.issue(&request, &usages, seconds, now, self.minor).ok()?;
        set(&mut answered, &["status", "certificate"], STANDARD.encode(pem).into());
        Some(answered)
    }
}
