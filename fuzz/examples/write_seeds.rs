//! Writes the seeds of the targets around certificate requests into `seeds`: `cargo run --example write_seeds`,
//! in this folder. Those that are there stay.

#![expect(clippy::unwrap_used, reason = "who writes seeds sees what went wrong")]

use std::path::Path;

use kboot_core::x509::CertificateRequest;
use kboot_core::x509::{KeyAlgorithm, PrivateKey};
use kboot_core::{net::Host, x509::SubjectAltNames};
use kboot_testkit::generate::{
    AttributeTypeAndValue, Extension, GeneralName, Key, KeyKind, Pem, Request, der,
};

fn main() {
    let folder = Path::new("seeds");
    let decode = folder.join("csr_decode");
    std::fs::create_dir_all(&decode).unwrap();
    for (name, octets) in own().into_iter().chain(others()) {
        kboot_core::bundle::write_new(&decode.join(format!("{name}.der")), &octets, 0o644).unwrap();
    }
    for (name, text) in texts() {
        kboot_core::bundle::write_new(&decode.join(format!("{name}.pem")), text.as_bytes(), 0o644).unwrap();
    }
}

/// As kubelets and people send them.
fn own() -> Vec<(String, Vec<u8>)> {
    let node = "worker-1".parse().unwrap();
    let names: SubjectAltNames = ["worker-1", "worker-1.example.com", "192.168.5.21", "fd00:5::21"]
        .iter()
        .map(|name| name.parse::<Host>().unwrap())
        .collect();
    let mut all = Vec::new();
    for (word, algorithm) in [("p256", KeyAlgorithm::EcdsaP256), ("rsa2048", KeyAlgorithm::Rsa2048)] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let client = CertificateRequest::for_kubelet_client(&node, &key).unwrap();
        let serving = CertificateRequest::for_kubelet_serving(&node, &names, &key).unwrap();
        let groups = ["dev".parse().unwrap(), "ops".parse().unwrap()];
        let user = CertificateRequest::for_user("jane".parse().unwrap(), groups, &key).unwrap();
        for (kind, request) in [("client", client), ("serving", serving), ("user", user)] {
            all.push((format!("{kind}-{word}"), request.der().to_vec()));
        }
    }
    all
}

fn of_every_kind() -> Vec<GeneralName> {
    vec![
        GeneralName::dns("worker-1"),
        GeneralName::ip("192.168.5.21"),
        GeneralName::ip("fd00:5::21"),
        GeneralName::IpOctets(vec![1, 2, 3]),
        GeneralName::Email("root@example.com".to_owned()),
        GeneralName::Uri("spiffe://example.com/x".to_owned()),
        GeneralName::OtherName("1.3.6.1.4.1.311.20.2.3".to_owned(), der::tlv(0x0c, b"admin@example.com")),
        GeneralName::DirectoryName(vec![vec![AttributeTypeAndValue::cn("x")]]),
        GeneralName::RegisteredId("1.2.3.4".to_owned()),
        GeneralName::Raw(der::tlv(0xa3, &[])),
        GeneralName::Raw(der::tlv(0xa5, &[])),
    ]
}

/// With what kubelets do not send.
fn others() -> Vec<(String, Vec<u8>)> {
    let node = || Request::kubelet_client("worker-1");
    let named = |name: &str, request: Request| (name.to_owned(), request.der());
    let mut all = vec![
        named("every-name", node().with_alt_names(&of_every_kind())),
        named(
            "challenge-password",
            node().with_attribute("1.2.840.113549.1.9.7", vec![der::tlv(0x0c, b"x")]),
        ),
        named(
            "extensions",
            node()
                .with_alt_names(&[GeneralName::dns("worker-1")])
                .with_extension(Extension::key_usage(&[0, 2]))
                .with_extension(Extension::extended_key_usage(&["1.3.6.1.5.5.7.3.2", "1.2.3"]))
                .with_extension(Extension::basic_constraints(false))
                .with_extension(Extension::raw("2.5.29.14", der::octet_string(&[7; 20])))
                .with_extension(Extension::raw("2.5.29.30", vec![0x30, 0]).critical()),
        ),
        named("two-requests-of-extensions", {
            let list = vec![Extension::alt_names(&[GeneralName::dns("worker-1")])];
            Request { extensions: vec![list.clone(), list], ..node() }
        }),
        named("version", Request { version: 1, ..node() }),
        named("trailing", Request { trailing: vec![5, 0], ..node() }),
        named(
            "long-subject",
            Request::user("system:node:worker-1", &["system:nodes", "dev", "ops", "a-much-longer-group"]),
        ),
    ];
    for kind in [KeyKind::P384, KeyKind::P521, KeyKind::Secp256k1, KeyKind::Ed25519] {
        all.push(named(&format!("{kind:?}").to_lowercase(), node().with_key(Key::shared(kind))));
    }
    all
}

fn texts() -> Vec<(&'static str, String)> {
    let request = Request::kubelet_client("worker-1").der();
    let pem = Pem::default();
    let header = ("Proc-Type".to_owned(), "4,CLEAR".to_owned());
    vec![
        ("plain", pem.text(&request)),
        ("headers", Pem { headers: vec![header], ..pem.clone() }.text(&request)),
        ("crlf", Pem { line_end: "\r\n".to_owned(), ..pem.clone() }.text(&request)),
        (
            "text-around",
            Pem { before: "Data:\n".to_owned(), after: "end\n".to_owned(), ..pem.clone() }.text(&request),
        ),
        ("second-block", Pem { after: pem.text(&request), ..pem }.text(&request)),
    ]
}
