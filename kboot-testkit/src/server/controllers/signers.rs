//! What Kubernetes' own signers take (`pkg/apis/certificates/helpers.go`,
//! `pkg/controller/certificates/signer/signer.go`).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::server::admission::field::{list_at, octets, text};
use crate::server::admission::pki::request::CertificateRequest;

pub(super) const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
pub(super) const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
pub(super) const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
pub(super) const LEGACY_UNKNOWN: &str = "kubernetes.io/legacy-unknown";

/// The request in an object; none where it cannot be read.
pub(super) fn request(csr: &Value, minor: u32) -> Result<CertificateRequest, String> {
    CertificateRequest::from_pem(&octets(csr, "/spec/request"), minor)
}

pub(super) fn usages(csr: &Value) -> Vec<&str> {
    list_at(csr, "/spec/usages").iter().filter_map(Value::as_str).collect()
}

/// Whether an object has a condition of a type that is true; one without a status counts.
pub(super) fn has_condition(csr: &Value, kind: &str) -> bool {
    let mut conditions = list_at(csr, "/status/conditions").iter();
    conditions.any(|condition| {
        text(condition, "/type") == kind && ["True", ""].contains(&text(condition, "/status"))
    })
}

/// Why the signer refuses, in upstream's words.
pub(super) fn validate(
    signer: &str,
    request: &CertificateRequest,
    usages: &[&str],
    minor: u32,
) -> Result<(), String> {
    match signer {
        KUBELET_CLIENT => kubelet_client(request, usages, minor),
        KUBELET_SERVING => kubelet_serving(request, usages, minor),
        CLIENT => client(usages),
        _ => Ok(()),
    }
}

fn need(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

pub(super) fn kubelet_client(
    request: &CertificateRequest,
    usages: &[&str],
    minor: u32,
) -> Result<(), String> {
    let names = &request.alt_names;
    need(request.organizations == ["system:nodes"], "subject organization is not system:nodes")?;
    need(names.dns.is_empty(), "DNS subjectAltNames are not allowed")?;
    need(names.emails.is_empty(), "Email subjectAltNames are not allowed")?;
    need(names.addresses.is_empty(), "IP subjectAltNames are not allowed")?;
    need(names.uris.is_empty(), "URI subjectAltNames are not allowed")?;
    common_name(request)?;
    kubelet_usages(usages, "client auth", minor)
}

fn kubelet_serving(request: &CertificateRequest, usages: &[&str], minor: u32) -> Result<(), String> {
    let names = &request.alt_names;
    need(request.organizations == ["system:nodes"], "subject organization is not system:nodes")?;
    need(!names.dns.is_empty() || !names.addresses.is_empty(), "DNS or IP subjectAltName is required")?;
    need(names.emails.is_empty(), "Email subjectAltNames are not allowed")?;
    need(names.uris.is_empty(), "URI subjectAltNames are not allowed")?;
    kubelet_usages(usages, "server auth", minor)?;
    common_name(request)
}

fn common_name(request: &CertificateRequest) -> Result<(), String> {
    need(
        request.common_name.starts_with("system:node:"),
        "subject common name does not begin with system:node:",
    )
}

/// As sets: `digital signature`, the purpose and `key encipherment`, which may be left out from 1.27 on.
fn kubelet_usages(usages: &[&str], purpose: &str, minor: u32) -> Result<(), String> {
    let asked: BTreeSet<&str> = usages.iter().copied().collect();
    let mut wanted = BTreeSet::from(["digital signature", "key encipherment", purpose]);
    if asked == wanted {
        return Ok(());
    }
    let sorted: Vec<&str> = wanted.iter().copied().collect();
    let message = format!("usages did not match [{}]", sorted.join(" "));
    wanted.remove("key encipherment");
    need(minor >= 27 && asked == wanted, &message)
}

fn client(usages: &[&str]) -> Result<(), String> {
    let known = ["digital signature", "key encipherment", "client auth"];
    if let Some(other) = usages.iter().find(|usage| !known.contains(usage)) {
        return Err(format!("invalid usage for client certificate: {other}"));
    }
    need(usages.contains(&"client auth"), "missing required usage for client certificate: client auth")
}
