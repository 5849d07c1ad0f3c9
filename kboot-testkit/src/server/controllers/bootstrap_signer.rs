//! `bootstrapsigner` (`pkg/controller/bootstrap/bootstrapsigner.go`): `cluster-info` is signed with each token.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::token_cleaner::{Expiration, expiration, is_token};
use super::{CONFIG_MAPS, Cluster, Key, Reconciler, SECRETS};
use crate::server::admission::field::{octets, text};
use crate::server::admission::set;

const BY: &str = "system:serviceaccount:kube-system:bootstrap-signer";
const SIGNATURE: &str = "jws-kubeconfig-";

pub(super) struct BootstrapSigner;

impl Reconciler for BootstrapSigner {
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[SECRETS, CONFIG_MAPS]
    }

    fn reconcile(&self, cluster: &dyn Cluster, changed: Option<&Key>) -> Option<OffsetDateTime> {
        let concerns = |key: &Key| match key.resource.as_str() {
            "secrets" => key.namespace == "kube-system" && key.name.starts_with("bootstrap-token-"),
            _ => key.namespace == "kube-public" && key.name == "cluster-info",
        };
        if changed.is_some_and(|key| !concerns(key)) {
            return None;
        }
        let mut signing: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut next: Option<OffsetDateTime> = None;
        for secret in cluster.list(SECRETS.0, SECRETS.1, "kube-system") {
            match expiration(&secret) {
                Expiration::At(at) if at > cluster.now() => next = Some(next.map_or(at, |next| next.min(at))),
                Expiration::Never => {}
                _ => continue,
            }
            signing.extend(signing_token(&secret));
        }
        let info = cluster.get(CONFIG_MAPS.0, CONFIG_MAPS.1, "kube-public", "cluster-info")?;
        let data = info.get("data").and_then(Value::as_object)?;
        // Without a kubeconfig nothing happens: signatures that are there stay.
        let kubeconfig = data.get("kubeconfig").and_then(Value::as_str)?;
        let mut signed: Map<String, Value> = data.clone();
        signed.retain(|key, _| !key.starts_with(SIGNATURE));
        for (id, secret) in &signing {
            signed.insert(format!("{SIGNATURE}{id}"), signature(id, secret, kubeconfig).into());
        }
        if &signed != data {
            let mut update = Value::clone(&info);
            set(&mut update, &["data"], signed.into());
            // A conflict is a change, after which it is looked at again.
            let _ = cluster.update(BY, CONFIG_MAPS, "", update);
        }
        next
    }
}

/// Id and secret of a token that may sign.
fn signing_token(secret: &Value) -> Option<(String, Vec<u8>)> {
    let id = text(secret, "/metadata/name").strip_prefix("bootstrap-token-")?;
    let is_id = id.len() == 6 && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let key = octets(secret, "/data/token-secret");
    let may_sign = is_token(secret)
        && is_id
        && octets(secret, "/data/token-id") == id.as_bytes()
        && !key.is_empty()
        && octets(secret, "/data/usage-bootstrap-signing") == b"true";
    may_sign.then(|| (id.to_owned(), key))
}

/// A JWS without its payload (`cluster-bootstrap/token/jws`).
pub(super) fn signature(id: &str, secret: &[u8], payload: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"HS256\",\"kid\":\"{id}\"}}"));
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{header}..{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}
