//! Holds an approver of one's own against the corpus: `cargo run -p kboot-testkit --example hold_an_approver`.
//!
//! The approver here is one as many have written it: a kubelet may have a serving certificate for its own name and the
//! addresses of its Node. It reads the request and compares; what it does not think of is what the corpus says.

#![expect(clippy::print_stdout, reason = "a report")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{PrintableStringRef, Utf8StringRef};
use der::{Any, Decode};
use kboot_testkit::corpus::{self, Answer, Failure, NODES_JSON};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::request::{CertReq, ExtensionReq};

/// Approves what it takes for a node's own request; the rest is somebody else's to decide.
fn approve(object: &Value) -> Option<Answer> {
    let spec = object.get("spec")?;
    if spec.get("signerName")? != "kubernetes.io/kubelet-serving" {
        return None;
    }
    let node = spec.get("username")?.as_str()?.strip_prefix("system:node:")?;
    let pem = STANDARD.decode(spec.get("request")?.as_str()?).ok()?;
    let der = CertificateSigningRequestDer::from_pem_slice(&pem).ok()?;
    let request = CertReq::from_der(&der).ok()?;
    let mut subject = request.info.subject.iter();
    let is_named = subject.any(|attribute| text(&attribute.value).is_some_and(|name| name.ends_with(node)));
    let names = alternative_names(&request)?;
    let addresses = addresses_of(node);
    let is_own = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => name.as_str() == node,
        GeneralName::IpAddress(octets) => addresses.contains(&octets.as_bytes().to_vec()),
        _ => true,
    };
    (is_named && names.0.iter().all(is_own)).then_some(Answer::Approve)
}

fn text(value: &Any) -> Option<String> {
    let utf8 = value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
    utf8.or_else(|_| value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned())).ok()
}

fn alternative_names(request: &CertReq) -> Option<SubjectAltName> {
    let attribute = request.info.attributes.iter().next()?;
    let extensions = attribute.values.iter().next()?.decode_as::<ExtensionReq>().ok()?;
    let names = extensions.0.iter().find(|extension| extension.extn_id.to_string() == "2.5.29.17")?;
    SubjectAltName::from_der(names.extn_value.as_bytes()).ok()
}

/// The addresses of a Node, as the octets that stand in a certificate.
fn addresses_of(node: &str) -> Vec<Vec<u8>> {
    let nodes: Value = serde_json::from_str(NODES_JSON).unwrap_or_default();
    let items = nodes["items"].as_array().cloned().unwrap_or_default();
    let own = items.into_iter().filter(|one| one["metadata"]["name"] == node);
    let addresses = own.flat_map(|one| one["status"]["addresses"].as_array().cloned().unwrap_or_default());
    addresses
        .filter_map(|address| address["address"].as_str()?.parse::<std::net::IpAddr>().ok())
        .map(|address| match address {
            std::net::IpAddr::V4(address) => address.octets().to_vec(),
            std::net::IpAddr::V6(address) => address.octets().to_vec(),
        })
        .collect()
}

/// What it approves and should not: that it refuses what it does not serve is no mistake of its own.
fn mistakes() -> Vec<Failure> {
    let mut failures = corpus::hold(|object| approve(object).unwrap_or(Answer::Refuse));
    failures.retain(|failure| failure.entry.is_hostile());
    failures
}

fn main() {
    for failure in mistakes() {
        println!("{failure}");
    }
}

#[test]
fn the_corpus_finds_what_it_does_not_think_of() {
    let mistakes = mistakes();
    let names: Vec<&str> = mistakes.iter().map(|failure| failure.entry.name.as_str()).collect();
    // The Node of worker-9 claims the master's address; an organization more is a group more.
    for name in
        ["names-address-claimed", "node-second-organization-in-one-set", "signature-over-something-else"]
    {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert_eq!(mistakes[0].entry.harm.map(|harm| harm.severity), Some(corpus::Severity::Critical));
}
