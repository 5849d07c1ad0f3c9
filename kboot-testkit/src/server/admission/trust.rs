//! Validation of ClusterTrustBundles and PodCertificateRequests (`pkg/apis/certificates/validation/validation.go` of
//! Kubernetes 1.36).

use std::collections::BTreeMap;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P521_SHA256_ASN1, ED25519,
    RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::Value;

use super::csr::signer_name;
use super::field::{
    invalid, invalid_octets, invalid_printed, invalid_without_value, list_at, not_supported, octets, same,
    text, too_long,
};
use super::metadata;
use super::names::{NameRule, dns_subdomain};
use super::pki::key::{Curve, PublicKey};
use super::pki::request::CertificateRequest;
use super::pki::{certificate, pem};
use crate::server::status::FieldError;

const LARGEST_BUNDLE: usize = 1024 * 1024;
const LARGEST_KEY: usize = 10 * 1024;
const LARGEST_CHAIN: usize = 100 * 1024;
const HOUR: i64 = 3600;

/// `ValidateClusterTrustBundle` and its update.
pub(crate) fn validate_bundle(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let signer = text(new, "/spec/signerName");
    let name_rule = |name: &str, prefix: bool| bundle_name(signer, name, prefix, minor);
    let mut errors = metadata::validate_named(new, false, &name_rule, minor);
    if !signer.is_empty() {
        errors.extend(signer_name("spec.signerName", signer, minor));
    }
    let bundle = text(new, "/spec/trustBundle");
    if old.is_none_or(|old| text(old, "/spec/trustBundle") != bundle) {
        errors.extend(trust_bundle(bundle, minor));
    }
    if let Some(old) = old {
        errors.extend(metadata::validate_kind_update(Some(old), new, minor));
        if text(old, "/spec/signerName") != signer {
            errors.push(metadata::immutable("spec.signerName", signer));
        }
    }
    errors
}

fn bundle_name(signer: &str, name: &str, prefix: bool, minor: u32) -> Vec<String> {
    if signer.is_empty() {
        if name.contains(':') {
            return vec!["ClusterTrustBundle without signer name must not have \":\" in its name".to_owned()];
        }
        return NameRule::DnsSubdomain.check(name, prefix, minor);
    }
    let required = format!("{}:", signer.replace('/', ":"));
    match name.strip_prefix(&required) {
        Some(rest) => NameRule::DnsSubdomain.check(rest, prefix, minor),
        None => {
            vec![format!("ClusterTrustBundle for signerName {signer} must be named with prefix {required}")]
        }
    }
}

fn trust_bundle(bundle: &str, minor: u32) -> Vec<FieldError> {
    const FIELD: &str = "spec.trustBundle";
    if bundle.len() > LARGEST_BUNDLE {
        return vec![too_long(FIELD, LARGEST_BUNDLE, minor)];
    }
    let refuse = |detail: &str| invalid(FIELD, "<value omitted>", detail);
    let mut errors = Vec::new();
    let mut anchors: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    let mut rest = bundle.as_bytes();
    for index in 0_usize.. {
        let Some((block, further)) = pem::decode(rest) else { break };
        rest = further;
        let wrong = if block.label != b"CERTIFICATE" {
            Some(format!("has bad block type: {}", String::from_utf8_lossy(&block.label)))
        } else if block.has_headers {
            Some("has PEM block headers".to_owned())
        } else {
            match certificate::read(&block.der) {
                Err(_) => Some("does not parse as X.509".to_owned()),
                Ok(found) if !certificate::is_authority(&found) => {
                    Some("does not have the CA bit set".to_owned())
                }
                Ok(_) => None,
            }
        };
        match wrong {
            Some(what) => errors.push(refuse(&format!("entry {index} {what}"))),
            None => anchors.entry(block.der).or_default().push(index),
        }
    }
    if !errors.is_empty() {
        return errors;
    }
    if anchors.is_empty() {
        errors.push(refuse("at least one trust anchor must be provided"));
    }
    for indices in anchors.values().filter(|indices| indices.len() > 1) {
        let indices: Vec<_> = indices.iter().map(ToString::to_string).collect();
        errors.push(refuse(&format!("duplicate trust anchor (indices [{}])", indices.join(" "))));
    }
    errors
}

/// `ValidatePodCertificateRequestCreate` and its updates.
pub(crate) fn validate_request(
    subresource: &str,
    old: Option<&Value>,
    new: &Value,
    minor: u32,
) -> Vec<FieldError> {
    let Some(old) = old else { return created(new, minor) };
    let mut errors = metadata::validate_kind_update(Some(old), new, minor);
    if subresource == "status" {
        if errors.is_empty() {
            errors = status(old, new, minor);
        }
    } else if !same(old.get("spec"), new.get("spec")) {
        let spec = new.get("spec").unwrap_or(&Value::Null).to_string();
        errors.push(invalid_printed("spec", &spec, "field is immutable"));
    }
    errors
}

fn created(new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = metadata::validate_kind(new, true, NameRule::DnsSubdomain, minor);
    let signer = text(new, "/spec/signerName");
    errors.extend(signer_name("spec.signerName", signer, minor));
    for (name, uid) in
        [("podName", "podUID"), ("serviceAccountName", "serviceAccountUID"), ("nodeName", "nodeUID")]
    {
        let value = text(new, &format!("/spec/{name}"));
        let messages = dns_subdomain(value);
        errors.extend(messages.iter().map(|message| invalid(format!("spec.{name}"), value, message)));
        match text(new, &format!("/spec/{uid}")).len() {
            0 => errors.push(invalid(format!("spec.{uid}"), "", "must not be empty")),
            1..=128 => {}
            _ => errors.push(too_long(format!("spec.{uid}"), 128, minor)),
        }
    }
    let Some(seconds) = new.pointer("/spec/maxExpirationSeconds").and_then(Value::as_i64) else {
        errors.push(FieldError::required("spec.maxExpirationSeconds", "must be set"));
        return errors;
    };
    let domain = signer.split('/').next().unwrap_or_default();
    let is_kubernetes = domain == "kubernetes.io" || domain.ends_with(".kubernetes.io");
    let most = if is_kubernetes { 24 * HOUR } else { 91 * 24 * HOUR };
    if !(HOUR..=most).contains(&seconds) {
        let detail = format!("must be in the range [{HOUR}, {most}]");
        errors.push(invalid_printed("spec.maxExpirationSeconds", &seconds.to_string(), &detail));
    }
    let [stub, key, proof] = ["stubPKCS10Request", "pkixPublicKey", "proofOfPossession"]
        .map(|field| octets(new, &format!("/spec/{field}")));
    match (stub.is_empty(), key.is_empty(), proof.is_empty()) {
        (false, true, true) if minor >= 36 => errors.extend(stub_request(&stub, minor)),
        (true, false, false) => errors.extend(proven_key(&key, &proof, text(new, "/spec/podUID"), minor)),
        (true, ..) if minor < 36 => errors.extend(proven_key(&key, &proof, text(new, "/spec/podUID"), minor)),
        _ => {
            let detail =
                "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set";
            errors.push(invalid_without_value("spec", detail));
        }
    }
    errors
}

/// Which keys pods may have.
fn acceptable(key: &PublicKey, field: &str) -> Result<(), FieldError> {
    match key {
        PublicKey::Ecdsa { curve: Curve::P224, .. } => {
            Err(invalid(field, "curve P-224", "elliptic public keys must use curve P256, P384, or P521"))
        }
        PublicKey::Rsa { modulus, .. } if ![384, 512].contains(&modulus.len()) => {
            let bits = format!("{}-bit modulus", modulus.len() * 8);
            Err(invalid(field, &bits, "RSA keys must have modulus size 3072 or 4096"))
        }
        PublicKey::Dsa => Err(invalid_without_value(field, UNKNOWN_KEY)),
        _ => Ok(()),
    }
}

const UNKNOWN_KEY: &str = "unknown public key type; supported types are Ed25519, ECDSA, and RSA";

fn stub_request(octets: &[u8], minor: u32) -> Option<FieldError> {
    const FIELD: &str = "spec.stubPKCS10Request";
    if octets.len() > LARGEST_KEY {
        return Some(too_long(FIELD, LARGEST_KEY, minor));
    }
    let Ok(request) = CertificateRequest::from_der(octets, minor) else {
        return Some(invalid_without_value(FIELD, "must be a valid PKCS#10 CSR"));
    };
    let Some(key) = &request.public_key else { return Some(invalid_without_value(FIELD, UNKNOWN_KEY)) };
    if let Err(error) = acceptable(key, FIELD) {
        return Some(error);
    }
    request.check_signature().err().map(|_| invalid_without_value(FIELD, "invalid signature"))
}

fn proven_key(info: &[u8], proof: &[u8], pod_uid: &str, minor: u32) -> Option<FieldError> {
    const KEY: &str = "spec.pkixPublicKey";
    const PROOF: &str = "spec.proofOfPossession";
    for (field, octets) in [(KEY, info), (PROOF, proof)] {
        if octets.len() > LARGEST_KEY {
            return Some(too_long(field, LARGEST_KEY, minor));
        }
    }
    let Ok(key) = PublicKey::from_info(info) else {
        return Some(invalid_octets(KEY, info, "must be a valid PKIX-serialized public key", minor));
    };
    let Some(key) = key else { return Some(invalid_octets(KEY, info, UNKNOWN_KEY, minor)) };
    if let Err(error) = acceptable(&key, KEY) {
        return Some(error);
    }
    let algorithm: &'static dyn VerificationAlgorithm = match key {
        PublicKey::Rsa { .. } => &RSA_PSS_2048_8192_SHA256,
        PublicKey::Ecdsa { curve: Curve::P384, .. } => &ECDSA_P384_SHA256_ASN1,
        PublicKey::Ecdsa { curve: Curve::P521, .. } => &ECDSA_P521_SHA256_ASN1,
        PublicKey::Ecdsa { .. } => &ECDSA_P256_SHA256_ASN1,
        PublicKey::Ed25519(_) | PublicKey::Dsa => &ED25519,
    };
    let verified = UnparsedPublicKey::new(algorithm, info).verify(pod_uid.as_bytes(), proof);
    verified.err().map(|_| invalid_without_value(PROOF, "could not verify proof-of-possession signature"))
}

/// The one condition that says how a request ended.
fn end(object: &Value) -> Option<&str> {
    let conditions = list_at(object, "/status/conditions").iter();
    conditions
        .filter(|condition| text(condition, "/status") == "True")
        .map(|condition| text(condition, "/type"))
        .next()
}

fn status(old: &Value, new: &Value, minor: u32) -> Vec<FieldError> {
    const TYPES: [&str; 3] = ["Issued", "Denied", "Failed"];
    let mut errors = Vec::new();
    for (index, condition) in list_at(new, "/status/conditions").iter().enumerate() {
        let (kind, status) = (text(condition, "/type"), text(condition, "/status"));
        let field = |name: &str| format!("status.conditions.[{index}].{name}");
        if !TYPES.contains(&kind) {
            errors.push(not_supported(field("type"), kind, &TYPES));
            continue;
        }
        if index > 0 {
            let detail = "There may be at most one condition with type \"Issued\", \"Denied\", or \"Failed\"";
            errors.push(invalid(field("type"), kind, detail));
        }
        if status != "True" {
            errors.push(not_supported(field("status"), status, &["True"]));
        }
        let of_list = |name: &str| format!("status.conditions[{index}].{name}");
        for name in ["lastTransitionTime", "reason"] {
            if text(condition, &format!("/{name}")).is_empty() {
                errors.push(FieldError::required(of_list(name), "must be set"));
            }
        }
    }
    if !errors.is_empty() {
        return errors;
    }
    let unchanged = same(old.get("status"), new.get("status"));
    let only_conditions = || {
        let status = new.get("status").and_then(Value::as_object);
        status.into_iter().flatten().all(|(field, value)| field == "conditions" || same(Some(value), None))
    };
    let refuse = |detail: &str| vec![invalid_without_value("status", detail)];
    match (end(old), end(new)) {
        (Some(_), _) if !unchanged => {
            refuse("immutable after PodCertificateRequest is issued, denied, or failed")
        }
        (None, Some("Denied" | "Failed")) if !only_conditions() => refuse(
            "non-condition status fields must be empty when denying or failing the PodCertificateRequest",
        ),
        (None, Some("Issued")) => issued(old, new, minor),
        (None, None) if !unchanged => {
            refuse("status is immutable unless transitioning to \"Issued\", \"Denied\", or \"Failed\"")
        }
        _ => Vec::new(),
    }
}

fn issued(old: &Value, new: &Value, minor: u32) -> Vec<FieldError> {
    const FIELD: &str = "status.certificateChain";
    let chain = text(new, "/status/certificateChain");
    if chain.len() > LARGEST_CHAIN {
        return vec![too_long(FIELD, LARGEST_CHAIN, minor)];
    }
    let refuse = |detail: &str| vec![invalid(FIELD, chain, detail)];
    let mut rest = chain.as_bytes();
    for index in 0_usize.. {
        let Some((block, further)) = pem::decode(rest) else {
            if index == 0 {
                return refuse("issued certificate chain must contain at least one certificate");
            }
            break;
        };
        rest = further;
        if block.label != b"CERTIFICATE" {
            return refuse("issued certificate chain must consist entirely of CERTIFICATE PEM blocks");
        }
        let Ok(found) = certificate::read(&block.der) else {
            let which = if index == 0 { "leaf" } else { "intermediate" };
            return refuse(&format!("{which} certificate does not parse as valid X.509"));
        };
        if index == 0 && certificate::public_key_info(&found) != asked_key(old, minor) {
            return refuse("leaf certificate was not issued to the requested public key");
        }
    }
    let times = [
        ("notBefore", "must be present and consistent with the issued certificate"),
        ("notAfter", "must be present and consistent with the issued certificate"),
        ("beginRefreshAt", "must be present and in the range [notbefore+10min, notafter-10min]"),
    ];
    let missing = times.into_iter().filter(|(field, _)| text(new, &format!("/status/{field}")).is_empty());
    missing.map(|(field, detail)| FieldError::required(format!("status.{field}"), detail)).collect()
}

fn asked_key(request: &Value, minor: u32) -> Vec<u8> {
    let stub = octets(request, "/spec/stubPKCS10Request");
    match CertificateRequest::from_der(&stub, minor) {
        Ok(stub) => stub.public_key_info,
        Err(_) => octets(request, "/spec/pkixPublicKey"),
    }
}
