//! Tokens of service accounts: JSON Web Tokens that the server signs (`pkg/serviceaccount/claims.go`, RFC 7519).

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::server::attributes::{Objects, User};

/// Who issues the tokens (`--service-account-issuer`), and for whom they are where nobody says.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// What signs and reads them.
pub(crate) struct ServiceAccountTokens(EcdsaKeyPair);

impl std::fmt::Debug for ServiceAccountTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ServiceAccountTokens").finish_non_exhaustive()
    }
}

/// A token that somebody asked for (`TokenRequest`).
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) account: &'a Value,
    pub(crate) audiences: Vec<String>,
    pub(crate) seconds: i64,
    /// Kind, name and UID of what the token dies with.
    pub(crate) bound_to: Option<(String, String, String)>,
}

impl ServiceAccountTokens {
    pub(crate) fn new(pkcs8: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok().map(Self)
    }

    pub(crate) fn issue(&self, asked: &Asked<'_>, now: OffsetDateTime) -> Option<String> {
        let metadata = &asked.account["metadata"];
        let (name, uid) = (metadata["name"].as_str()?, metadata["uid"].as_str()?);
        let now = now.unix_timestamp();
        let mut claims = json!({
            "iss": ISSUER,
            "sub": format!("system:serviceaccount:{}:{name}", asked.namespace),
            "aud": asked.audiences,
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(asked.seconds),
            "kubernetes.io": {"namespace": asked.namespace, "serviceaccount": {"name": name, "uid": uid}},
        });
        if let Some((kind, name, uid)) = &asked.bound_to {
            claims["kubernetes.io"][kind.to_lowercase()] = json!({"name": name, "uid": uid});
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&json!({"alg": "ES256", "typ": "JWT"})), encode(&claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }

    /// The account, while it is there and the token's time is not over. Other audiences than the server's are for others.
    pub(crate) fn user(
        &self,
        bearer: &str,
        audiences: &[&str],
        objects: &dyn Objects,
        now: OffsetDateTime,
        minor: u32,
    ) -> Option<(User, Vec<String>)> {
        let (signed, signature) = bearer.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.0.public_key().as_ref());
        key.verify(signed.as_bytes(), &signature).ok()?;
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let now = now.unix_timestamp();
        let own = claims["aud"].as_array()?.iter().filter_map(Value::as_str);
        let shared: Vec<String> =
            own.filter(|audience| audiences.contains(audience)).map(str::to_owned).collect();
        if claims["iss"] != ISSUER
            || shared.is_empty()
            || claims["exp"].as_i64()? < now
            || claims["nbf"].as_i64()? > now
        {
            return None;
        }
        let own = claims.get("kubernetes.io")?;
        let namespace = own["namespace"].as_str()?;
        let account = &own["serviceaccount"];
        let (name, uid) = (account["name"].as_str()?, account["uid"].as_str()?);
        let is_there = |resource: &str, namespace: &str, of: &Value| {
            let object = of["name"].as_str().and_then(|name| objects.get("", resource, namespace, name));
            object.is_some_and(|object| object["metadata"]["uid"] == of["uid"])
        };
        let mut extra = BTreeMap::new();
        for (kind, resource, namespace) in
            [("pod", "pods", namespace), ("secret", "secrets", namespace), ("node", "nodes", "")]
        {
            let Some(of) = own.get(kind) else { continue };
            if !is_there(resource, namespace, of) {
                return None;
            }
            if kind == "pod" {
                for part in ["name", "uid"] {
                    let value = of[part].as_str().unwrap_or_default().to_owned();
                    extra.insert(format!("authentication.kubernetes.io/pod-{part}"), vec![value]);
                }
            }
        }
        if minor >= 32
            && let Some(id) = claims["jti"].as_str()
        {
            extra.insert("authentication.kubernetes.io/credential-id".to_owned(), vec![format!("JTI={id}")]);
        }
        let groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
        let user = User {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            uid: uid.to_owned(),
            groups,
            extra,
        };
        is_there("serviceaccounts", namespace, account).then_some((user, shared))
    }
}
