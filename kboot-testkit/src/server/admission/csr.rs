//! Validation of CertificateSigningRequests (`pkg/apis/certificates/validation/validation.go`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::field::{
    duplicate, invalid, invalid_octets, invalid_printed, list_at, not_supported, octets, same, text, too_long,
};
use super::metadata;
use super::names::{NameRule, dns_label, dns_subdomain};
use super::pki::certificate;
use super::pki::request::CertificateRequest;
use crate::server::status::FieldError;

/// Sorted, as messages list them.
pub(crate) const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];
const LEGACY_UNKNOWN: &str = "kubernetes.io/legacy-unknown";
const CONDITIONS: &str = "status.conditions";
/// Conditions that are true where they are there, and that nobody takes away again.
const FINAL: [&str; 3] = ["Approved", "Denied", "Failed"];

/// What a change may do, by its subresource; and what was wrong already and is left alone.
pub(crate) fn validate(subresource: &str, old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let mut errors = metadata::validate_kind(new, false, NameRule::Any, minor);
    errors.extend(request(new, minor));
    errors.extend(usages(old, new, minor));
    let signer = text(new, "/spec/signerName");
    if signer == LEGACY_UNKNOWN && old.is_none_or(|old| text(old, "/spec/signerName") != signer) {
        let detail = "the legacy signerName is not allowed via this API version";
        errors.push(invalid("spec.signerName", signer, detail));
    } else if signer != LEGACY_UNKNOWN {
        errors.extend(signer_name("spec.signerName", signer, minor));
    }
    // The field is there from 1.22 on.
    let seconds = new.pointer("/spec/expirationSeconds").and_then(Value::as_i64).filter(|_| minor >= 22);
    if let Some(seconds) = seconds.filter(|seconds| *seconds < 600) {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.push(invalid_printed("spec.expirationSeconds", &seconds.to_string(), detail));
    }
    errors.extend(conditions(old, new, minor));
    if old.is_none_or(|old| certificate_text(old) != certificate_text(new) || chain(old).is_ok()) {
        errors.extend(chain(new).err().map(|why| invalid("status.certificate", "<certificate data>", &why)));
    }
    if let Some(old) = old {
        errors.extend(changes(subresource, old, new));
        errors.extend(metadata::validate_kind_update(Some(old), new, minor));
    }
    errors
}

fn certificate_text(object: &Value) -> &str {
    text(object, "/status/certificate")
}

fn chain(object: &Value) -> Result<(), String> {
    let chain = octets(object, "/status/certificate");
    if chain.is_empty() { Ok(()) } else { certificate::check_chain(&chain) }
}

fn request(object: &Value, minor: u32) -> Option<FieldError> {
    let pem = octets(object, "/spec/request");
    let checked = CertificateRequest::from_pem(&pem, minor).and_then(|request| request.check_signature());
    checked.err().map(|why| invalid_octets("spec.request", &pem, &why, minor))
}

fn usages_of(object: &Value) -> Vec<&str> {
    list_at(object, "/spec/usages").iter().map(|usage| usage.as_str().unwrap_or_default()).collect()
}

fn usages(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let all = usages_of(new);
    let is_known = |usage: &&str| USAGES.contains(usage);
    let has_twice = |usages: &[&str]| usages.iter().collect::<BTreeSet<_>>().len() < usages.len();
    let mut errors = Vec::new();
    if all.is_empty() {
        errors.push(FieldError::required(
            "spec.usages",
            if minor >= 34 { "" } else { "usages must be provided" },
        ));
    }
    let named = || all.iter().enumerate().map(|(index, usage)| (format!("spec.usages[{index}]"), *usage));
    if old.is_none_or(|old| usages_of(old).iter().all(is_known)) {
        let unknown = named().filter(|(_, usage)| !is_known(usage));
        errors.extend(unknown.map(|(field, usage)| not_supported(field, usage, &USAGES)));
    }
    if old.is_none_or(|old| !has_twice(&usages_of(old))) {
        let mut seen = BTreeSet::new();
        errors.extend(
            named().filter(|(_, usage)| !seen.insert(*usage)).map(|(field, usage)| duplicate(field, usage)),
        );
    }
    errors
}

/// `ValidateSignerName`: a domain of at least two labels, one slash, a path.
pub(crate) fn signer_name(field: &str, signer: &str, minor: u32) -> Vec<FieldError> {
    if signer.is_empty() {
        return vec![FieldError::required(
            field,
            if minor >= 34 { "" } else { "signerName must be provided" },
        )];
    }
    let [domain, path] = signer.split('/').collect::<Vec<_>>()[..] else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return vec![invalid(field, signer, detail)];
    };
    let mut errors = Vec::new();
    if domain.len() > 253 {
        errors.push(too_long(field, 253, minor));
    }
    errors.extend(first_wrong_label(field, domain, &|label| dns_label(label, minor)));
    if !domain.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.push(invalid(field, domain, detail));
    }
    errors.extend(first_wrong_label(field, path, &dns_subdomain));
    if signer.len() > 571 {
        errors.push(too_long(field, 571, minor));
    }
    errors
}

/// One label that is wrong is enough: others would say the same again.
fn first_wrong_label(field: &str, part: &str, check: &dyn Fn(&str) -> Vec<String>) -> Vec<FieldError> {
    let wrong = part.split('.').map(|label| (label, check(label))).find(|(_, messages)| !messages.is_empty());
    let Some((label, messages)) = wrong else { return Vec::new() };
    let detail = |message| format!("validating label {}: {message}", super::field::quote(label));
    messages.iter().map(|message| invalid(field, part, &detail(message))).collect()
}

fn kinds_of(object: &Value) -> Vec<&str> {
    list_at(object, "/status/conditions").iter().map(|condition| text(condition, "/type")).collect()
}

fn conditions(old: Option<&Value>, new: &Value, minor: u32) -> Vec<FieldError> {
    let before = old.map(kinds_of).unwrap_or_default();
    let has_twice = before.iter().collect::<BTreeSet<_>>().len() < before.len();
    let may_be_both = before.contains(&"Approved") && before.contains(&"Denied");
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, condition) in list_at(new, "/status/conditions").iter().enumerate() {
        let (kind, status) = (text(condition, "/type"), text(condition, "/status"));
        let field = |name: &str| format!("{CONDITIONS}[{index}].{name}");
        if kind.is_empty() && !before.contains(&"") {
            errors.push(FieldError::required(field("type"), ""));
        }
        let allowed: &[&str] = if FINAL.contains(&kind) { &["True"] } else { &["False", "True", "Unknown"] };
        if status.is_empty() {
            errors.push(FieldError::required(field("status"), ""));
        } else if !allowed.contains(&status) {
            errors.push(not_supported(field("status"), status, allowed));
        }
        let other = match kind {
            "Approved" => Some("Denied"),
            "Denied" => Some("Approved"),
            _ => None,
        };
        if !may_be_both && other.is_some_and(|other| seen.contains(other)) {
            let where_ = if minor >= 34 { CONDITIONS.to_owned() } else { field("type") };
            errors.push(invalid(where_, kind, "Approved and Denied conditions are mutually exclusive"));
        }
        if !seen.insert(kind) && !has_twice {
            errors.push(duplicate(field("type"), kind));
        }
    }
    errors
}

fn of_kind<'a>(object: &'a Value, kind: &str) -> Vec<&'a Value> {
    list_at(object, "/status/conditions")
        .iter()
        .filter(|condition| text(condition, "/type") == kind)
        .collect()
}

fn changes(subresource: &str, old: &Value, new: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let quoted = super::field::quote;
    for kind in FINAL {
        if of_kind(new, kind).len() < of_kind(old, kind).len() {
            let detail = format!("updates may not remove a condition of type {}", quoted(kind));
            errors.push(FieldError::forbidden(CONDITIONS, &detail));
        }
    }
    if subresource != "approval" {
        for kind in ["Approved", "Denied"] {
            let (before, after) = (of_kind(old, kind), of_kind(new, kind));
            if after.len() > before.len() {
                let detail = format!("updates may not add a condition of type {}", quoted(kind));
                errors.push(FieldError::forbidden(CONDITIONS, &detail));
            } else if after.len() == before.len() && before != after {
                let detail = format!("updates may not modify a condition of type {}", quoted(kind));
                errors.push(FieldError::forbidden(CONDITIONS, &detail));
            }
        }
    }
    if !same(old.pointer("/status/certificate"), new.pointer("/status/certificate")) {
        if subresource != "status" {
            errors
                .push(FieldError::forbidden("status.certificate", "updates may not set certificate content"));
        } else if !certificate_text(old).is_empty() {
            let detail = "updates may not modify existing certificate content";
            errors.push(FieldError::forbidden("status.certificate", detail));
        }
    }
    errors
}
