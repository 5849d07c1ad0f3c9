//! The API's CertificateSigningRequest (certificates.k8s.io/v1).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The signer of people's client certificates.
pub const KUBE_APISERVER_CLIENT: &str = "kubernetes.io/kube-apiserver-client";
/// The signer of kubelets' client certificates.
pub const KUBE_APISERVER_CLIENT_KUBELET: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// The signer of kubelets' serving certificates.
pub const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";

/// The object as data; [`Object::json`] writes it.
///
/// ```
/// use kboot_testkit::generate::{Object, Request};
/// let object = Object::kubelet_client("worker-1", Request::kubelet_client("worker-1").pem());
/// assert_eq!(object.json()["spec"]["usages"][1], "client auth");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Object {
    /// metadata.name.
    pub name: String,
    /// metadata.creationTimestamp, RFC 3339.
    pub creation_timestamp: String,
    /// spec.username; none leaves the field out.
    pub username: Option<String>,
    /// spec.uid; none leaves the field out.
    pub uid: Option<String>,
    /// spec.groups; none leaves the field out.
    pub groups: Vec<String>,
    /// spec.extra; none leaves the field out.
    pub extra: BTreeMap<String, Vec<String>>,
    /// spec.signerName.
    pub signer_name: String,
    /// spec.usages.
    pub usages: Vec<String>,
    /// spec.expirationSeconds; none leaves the field out.
    pub expiration_seconds: Option<i64>,
    /// The octets of spec.request, which the object carries as base64.
    pub request: Vec<u8>,
    /// status.conditions, each a type, a reason and a message; their status is True.
    pub conditions: Vec<(String, String, String)>,
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Object {
    /// A request by this user for this signer.
    #[must_use]
    pub fn new(
        username: &str,
        groups: &[&str],
        signer: &str,
        usages: &[&str],
        request: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            name: "csr-7xk2p".to_owned(),
            creation_timestamp: "2026-01-15T09:30:00Z".to_owned(),
            username: Some(username.to_owned()),
            uid: None,
            groups: owned(groups),
            extra: BTreeMap::new(),
            signer_name: signer.to_owned(),
            usages: owned(usages),
            expiration_seconds: None,
            request: request.into(),
            conditions: Vec::new(),
        }
    }

    /// A node's renewal of its client certificate, as kubelets of 1.27 and newer ask with P-256.
    #[must_use]
    pub fn kubelet_client(node: &str, request: impl Into<Vec<u8>>) -> Self {
        Self::new(
            &format!("system:node:{node}"),
            &["system:nodes", "system:authenticated"],
            KUBE_APISERVER_CLIENT_KUBELET,
            &["digital signature", "client auth"],
            request,
        )
    }

    /// A machine's first client certificate by the bootstrap token with this id.
    #[must_use]
    pub fn kubelet_bootstrap(token_id: &str, request: impl Into<Vec<u8>>) -> Self {
        Self::new(
            &format!("system:bootstrap:{token_id}"),
            &[
                "system:bootstrappers",
                "system:bootstrappers:kubeadm:default-node-token",
                "system:authenticated",
            ],
            KUBE_APISERVER_CLIENT_KUBELET,
            &["digital signature", "client auth"],
            request,
        )
    }

    /// A node's serving certificate, as kubelets of 1.27 and newer ask with P-256.
    #[must_use]
    pub fn kubelet_serving(node: &str, request: impl Into<Vec<u8>>) -> Self {
        Self::new(
            &format!("system:node:{node}"),
            &["system:nodes", "system:authenticated"],
            KUBELET_SERVING,
            &["digital signature", "server auth"],
            request,
        )
    }

    /// A person's client certificate, asked for by the person.
    #[must_use]
    pub fn user(username: &str, groups: &[&str], request: impl Into<Vec<u8>>) -> Self {
        Self::new(username, groups, KUBE_APISERVER_CLIENT, &["client auth"], request)
    }

    /// With these usages.
    #[must_use]
    pub fn with_usages(self, usages: &[&str]) -> Self {
        Self { usages: owned(usages), ..self }
    }

    /// With this requested lifetime in seconds.
    #[must_use]
    pub fn with_expiration(self, seconds: i64) -> Self {
        Self { expiration_seconds: Some(seconds), ..self }
    }

    /// The object as the API server gives it.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut spec = json!({
            "request": STANDARD.encode(&self.request),
            "signerName": self.signer_name,
            "usages": self.usages,
        });
        if let Some(username) = &self.username {
            spec["username"] = json!(username);
        }
        if let Some(uid) = &self.uid {
            spec["uid"] = json!(uid);
        }
        if !self.groups.is_empty() {
            spec["groups"] = json!(self.groups);
        }
        if !self.extra.is_empty() {
            spec["extra"] = json!(self.extra);
        }
        if let Some(seconds) = self.expiration_seconds {
            spec["expirationSeconds"] = json!(seconds);
        }
        let mut status = json!({});
        if !self.conditions.is_empty() {
            status["conditions"] = self
                .conditions
                .iter()
                .map(|(kind, reason, message)| {
                    json!({"type": kind, "status": "True", "reason": reason, "message": message,
                        "lastUpdateTime": self.creation_timestamp,
                        "lastTransitionTime": self.creation_timestamp})
                })
                .collect();
        }
        json!({
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": self.name, "creationTimestamp": self.creation_timestamp},
            "spec": spec,
            "status": status,
        })
    }
}
