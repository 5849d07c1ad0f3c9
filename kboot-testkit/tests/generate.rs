//! openssl reads what the generator writes.
#![expect(clippy::unwrap_used, reason = "tests")]

use kboot_testkit::generate::strategies::Case;
use kboot_testkit::generate::{
    Extension, GeneralName, Key, KeyKind, Object, Pem, Request, SUBJECT_KEY_IDENTIFIER, Signature, der, key,
};
use kboot_testkit::{Oracle, Verdict};

/// `openssl req` on this PEM, with a check of the signature.
fn openssl(pem: &str) -> Option<Verdict> {
    openssl_with(pem, &["-verify"])
}

fn openssl_with(pem: &str, more: &[&str]) -> Option<Verdict> {
    let oracle = Oracle::find("openssl")?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.pem");
    std::io::Write::write_all(&mut std::fs::File::create(&file).unwrap(), pem.as_bytes()).unwrap();
    let arguments = ["req", "-in", "request.pem", "-noout", "-text", "-nameopt", "RFC2253"];
    Some(oracle.run(folder.path(), &[&arguments, more].concat()))
}

/// What a property test prints of a case is what a person can work with.
#[test]
fn a_case_can_be_read() {
    let case = Case::new(
        Request::kubelet_serving("worker-1", &[GeneralName::dns("worker-1")]),
        Object::kubelet_serving("worker-1", Vec::new()),
    );
    let text = format!("{case:?}");
    for said in ["kubernetes.io/kubelet-serving", "sent by \"system:node:worker-1\"", "server auth", "P256"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(text.contains("\n-----BEGIN CERTIFICATE REQUEST-----\n"), "{text}");
}

#[test]
fn openssl_sees_the_same_subject_names_and_key() {
    let kinds = [
        (KeyKind::P256, "NIST CURVE: P-256"),
        (KeyKind::P384, "NIST CURVE: P-384"),
        (KeyKind::P521, "NIST CURVE: P-521"),
        (KeyKind::Secp256k1, "secp256k1"),
        (KeyKind::Ed25519, "ED25519 Public-Key"),
        (KeyKind::Rsa2048, "Public-Key: (2048 bit)"),
        (KeyKind::Rsa3072, "Public-Key: (3072 bit)"),
        (KeyKind::Rsa4096, "Public-Key: (4096 bit)"),
    ];
    let names = [
        GeneralName::dns("worker-1"),
        GeneralName::ip("192.168.5.21"),
        GeneralName::ip("fd00:5::21"),
        GeneralName::Email("root@example.com".to_owned()),
        GeneralName::Uri("spiffe://example.com/x".to_owned()),
        GeneralName::RegisteredId("1.2.3.4".to_owned()),
        GeneralName::OtherName("1.3.6.1.4.1.311.20.2.3".to_owned(), der::tlv(0x0c, b"upn@example.com")),
        GeneralName::DirectoryName(kboot_testkit::generate::go_subject(&["acme"], "inside")),
    ];
    for (kind, words) in kinds {
        let request = Request::kubelet_serving("worker-1", &names).with_key(Key::new(kind));
        let Some(verdict) = openssl(&request.pem()) else { return };
        assert!(verdict.accepted, "{kind:?}: {verdict}");
        assert!(verdict.stderr.contains("verify OK"), "{kind:?}: {verdict}");
        for expected in [
            words,
            "Subject: CN=system:node:worker-1,O=system:nodes",
            "DNS:worker-1, IP Address:192.168.5.21, IP Address:FD00:5:0:0:0:0:0:21, email:root@example.com, \
             URI:spiffe://example.com/x, Registered ID:1.2.3.4, othername: UPN::upn@example.com, \
             DirName:",
        ] {
            assert!(verdict.stdout.contains(expected), "{kind:?}: no {expected} in {verdict}");
        }
    }
}

#[test]
fn openssl_sees_what_is_wrong() {
    let good = Request::kubelet_client("worker-1");
    let said = |request: &Request| openssl(&request.pem()).map(|verdict| verdict.to_string());
    let Some(right) = said(&good) else { return };
    assert!(right.contains("verify OK"), "{right}");
    let wrong = said(&good.clone().with_signature(Signature::Wrong)).unwrap();
    assert!(wrong.contains("verify failure"), "{wrong}");

    let authority = good.clone().with_extension(Extension::basic_constraints(true));
    let authority = authority.with_extension(Extension::key_usage(&[0, 5]));
    let text = said(&authority).unwrap();
    assert!(text.contains("CA:TRUE") && text.contains("Digital Signature, Certificate Sign"), "{text}");

    let mut two = good.clone().with_alt_names(&[GeneralName::dns("a")]);
    let identifier = Extension::raw(SUBJECT_KEY_IDENTIFIER, der::octet_string(&[7; 20]));
    two.extensions.push(vec![identifier]);
    let two = two.with_attribute("1.2.840.113549.1.9.7", vec![der::tlv(0x0c, b"secret")]);
    let text = said(&two).unwrap();
    assert!(text.contains("challengePassword"), "{text}");
    // openssl shows only one of two such attributes: what a reader that drops the rest is fooled by.
    assert_eq!(text.matches("Requested Extensions").count(), 1, "{text}");

    for (info, words) in [
        (key::rsa(1024, 65_537), "(1024 bit)"),
        (key::rsa(16_384, 3), "Exponent: 3 (0x3)"),
        (key::p224(), "NIST CURVE: P-224"),
    ] {
        let mut embedded = good.clone();
        embedded.public_key_info = Some(info);
        let text = openssl_with(&embedded.pem(), &[]).unwrap().stdout;
        assert!(text.contains(words), "no {words} in {text}");
    }
}

#[test]
fn openssl_reads_pem_as_loosely_as_it_does() {
    let octets = Request::kubelet_client("worker-1").der();
    let loose = Pem {
        line_end: "\r\n".to_owned(),
        before: "leading text\n".to_owned(),
        after: "trailing text\n".to_owned(),
        ..Pem::default()
    };
    let Some(verdict) = openssl(&loose.text(&octets)) else { return };
    assert!(verdict.stderr.contains("verify OK"), "{verdict}");
    let noise = Pem { noise: "!".to_owned(), ..Pem::default() };
    assert!(!openssl(&noise.text(&octets)).unwrap().accepted);
    let label = Pem { label: "CERTIFICATE".to_owned(), ..Pem::default() };
    assert!(!openssl(&label.text(&octets)).unwrap().accepted);
}

#[test]
fn openssl_reads_the_private_keys() {
    let Some(oracle) = Oracle::find("openssl") else { return };
    for kind in [KeyKind::P256, KeyKind::P521, KeyKind::Secp256k1, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let key = Key::shared(kind);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), &key.pkcs8()).unwrap();
        let arguments =
            ["pkey", "-inform", "DER", "-in", "key", "-pubout", "-outform", "DER", "-out", "public"];
        let verdict = oracle.run(folder.path(), &arguments);
        assert!(verdict.accepted, "{kind:?}: {verdict}");
        assert_eq!(std::fs::read(folder.path().join("public")).unwrap(), key.public_key_info(), "{kind:?}");
    }
}
