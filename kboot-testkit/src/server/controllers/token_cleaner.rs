//! `tokencleaner` (`pkg/controller/bootstrap/tokencleaner.go`).

use serde_json::Value;
use time::OffsetDateTime;

use super::{Cluster, Key, Propagation, Reconciler, SECRETS, concerned};
use crate::server::admission::field::{octets, text};
use crate::server::clock::parse;

const BY: &str = "system:serviceaccount:kube-system:token-cleaner";

pub(super) struct TokenCleaner;

impl Reconciler for TokenCleaner {
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[SECRETS]
    }

    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime> {
        let mut next: Option<OffsetDateTime> = None;
        for secret in concerned(cluster, SECRETS, changed) {
            if !is_token(&secret) {
                continue;
            }
            match expiration(&secret) {
                Expiration::Never => {}
                Expiration::At(at) if at > cluster.now() => next = Some(next.map_or(at, |next| next.min(at))),
                Expiration::At(_) | Expiration::Unreadable => {
                    let key = Key::of(SECRETS.0, SECRETS.1, &secret);
                    // What is gone already is what was wanted.
                    let _ = cluster.delete(
                        BY,
                        &key,
                        Some(text(&secret, "/metadata/uid")),
                        Propagation::Background,
                    );
                }
            }
        }
        next
    }
}

pub(super) fn is_token(secret: &Value) -> bool {
    text(secret, "/metadata/namespace") == "kube-system"
        && text(secret, "/type") == "bootstrap.kubernetes.io/token"
}

/// When a token is good for nothing; at that moment it already is.
pub(super) enum Expiration {
    Never,
    At(OffsetDateTime),
    /// Counts as expired.
    Unreadable,
}

pub(super) fn expiration(secret: &Value) -> Expiration {
    let octets = octets(secret, "/data/expiration");
    if octets.is_empty() {
        return Expiration::Never;
    }
    std::str::from_utf8(&octets).ok().and_then(parse).map_or(Expiration::Unreadable, Expiration::At)
}
