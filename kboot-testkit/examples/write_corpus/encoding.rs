//! Encodings, signatures, keys, attributes and extensions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kboot_testkit::generate::strategies::Case;
use kboot_testkit::generate::{
    AttributeTypeAndValue, Extension, GeneralName, Key, KeyKind, Object, Pem, Request, Signature, der, key,
};

use super::openssl::{Signer, ecdsa, rsa};
use super::{Entry, Result};

pub(crate) fn own_names() -> Vec<GeneralName> {
    vec![GeneralName::dns("worker-1"), GeneralName::ip("192.168.5.21")]
}

/// worker-1 asks for its serving certificate, with one thing changed.
pub(crate) fn serving(edit: impl FnOnce(&mut Request)) -> Case {
    let mut request = Request::kubelet_serving("worker-1", &own_names());
    edit(&mut request);
    Case::new(request, Object::kubelet_serving("worker-1", ""))
}

/// worker-1 renews its client certificate, with one thing changed.
pub(crate) fn client(edit: impl FnOnce(&mut Request)) -> Case {
    let mut request = Request::kubelet_client("worker-1");
    edit(&mut request);
    Case::new(request, Object::kubelet_client("worker-1", ""))
}

fn written(edit: impl FnOnce(&mut Pem)) -> Case {
    let mut case = serving(|_| ());
    edit(&mut case.pem);
    case
}

pub(crate) fn entries() -> Result<Vec<Entry>> {
    let mut all = text();
    all.extend(structure());
    all.extend(signatures()?);
    all.extend(keys()?);
    Ok(all)
}

fn text() -> Vec<Entry> {
    let entry = Entry::hostile;
    let base64 = |text: &str| {
        let mut case = serving(|_| ());
        case.base64 = Some(text.to_owned());
        case
    };
    vec![
        entry(
            "encoding-too-large",
            "65 KiB of text before the block: each approver that reads it pays.",
            "too-large",
            written(|pem| pem.before = "x".repeat(65 * 1024) + "\n"),
        ),
        entry("encoding-not-pem", "No PEM at all.", "not-pem", base64("bm8gcmVxdWVzdCBoZXJlCg=="))
            .not_creatable(),
        entry(
            "encoding-der-without-pem",
            "DER without PEM around it: an approver that tries both reads what the signer does \
             not.",
            "not-pem",
            base64(&STANDARD.encode(serving(|_| ()).request.der())),
        )
        .not_creatable(),
        entry("encoding-empty", "An empty request.", "not-pem", base64("")).not_creatable(),
        entry(
            "encoding-bad-base64",
            "A character inside the block that base64 does not have: lenient readers skip it, \
             others stop there.",
            "bad-base64",
            written(|pem| pem.noise = "!".to_owned()),
        )
        .not_creatable(),
        entry(
            "encoding-bad-base64-field",
            "The field itself is not base64.",
            "bad-base64",
            base64("LS0tLS1CRUdJTiBDRVJU*"),
        )
        .not_creatable(),
        entry(
            "encoding-other-label",
            "NEW CERTIFICATE REQUEST, which openssl takes and the API does not.",
            "wrong-pem-label",
            written(|pem| pem.label = "NEW CERTIFICATE REQUEST".to_owned()),
        )
        .not_creatable(),
        entry(
            "encoding-certificate-label",
            "Labelled as a certificate.",
            "wrong-pem-label",
            written(|pem| pem.label = "CERTIFICATE".to_owned()),
        )
        .not_creatable(),
        entry(
            "encoding-pem-headers",
            "PEM headers, which some readers take as the end of the block's start and others as \
             base64.",
            "pem-headers",
            written(|pem| pem.headers.push(("Proc-Type".to_owned(), "4,CLEAR".to_owned()))),
        ),
        entry(
            "encoding-second-request",
            "A harmless request first and the master's behind it: an approver that reads the last \
             block judges another than the signer.",
            "second-block",
            written(|pem| pem.after = Request::kubelet_client("master-1").pem()),
        ),
        entry(
            "encoding-second-block-certificate",
            "A certificate's block behind the request.",
            "second-block",
            written(|pem| {
                pem.after = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_owned()
            }),
        ),
    ]
}

fn structure() -> Vec<Entry> {
    let entry = Entry::hostile;
    let raw = |subject: &[u8]| {
        let subject = subject.to_vec();
        client(|request| request.raw_subject = Some(subject))
    };
    vec![
        entry(
            "encoding-trailing-bytes",
            "A NULL behind the request in its block.",
            "trailing-bytes",
            serving(|r| r.trailing = vec![5, 0]),
        )
        .not_creatable(),
        entry(
            "encoding-version-1",
            "Version 1 where only 0 exists.",
            "unknown-version",
            serving(|r| r.version = 1),
        ),
        entry(
            "encoding-indefinite-length",
            "A subject of indefinite length: BER, which readers disagree about.",
            "malformed",
            raw(&[0x30, 0x80, 0, 0]),
        )
        .not_creatable(),
        entry(
            "encoding-cut-short",
            "A subject whose length runs past its end.",
            "malformed",
            raw(&[0x30, 0x05, 0x31]),
        )
        .not_creatable(),
        entry(
            "encoding-long-form-length",
            "A subject whose length is written in more octets than it needs.",
            "malformed",
            raw(&[0x30, 0x81, 0x00]),
        )
        .not_creatable(),
        entry(
            "encoding-subject-no-sequence",
            "A subject that is an OCTET STRING.",
            "malformed",
            raw(&[0x04, 0x00]),
        )
        .not_creatable(),
        entry(
            "encoding-unsorted-set",
            "Two groups in one SET, in another order than DER has: two readers that write it anew differ.",
            "malformed",
            unsorted(),
        ),
        entry(
            "encoding-1001-names",
            "More alternative names than any machine has: quadratic checks stall here.",
            "too-many-names",
            serving(|r| {
                r.extensions = vec![vec![Extension::alt_names(
                    &(0..1001)
                        .map(|n| GeneralName::Dns(format!("n{n}.worker-1.example.com")))
                        .collect::<Vec<_>>(),
                )]]
            }),
        ),
    ]
}

/// Joe's request with his groups the wrong way round.
fn unsorted() -> Case {
    let joe = "joe@example.com";
    let group = |name: &str| der::sequence([der::oid("2.5.4.10"), AttributeTypeAndValue::o(name).value]);
    let common_name = der::sequence([der::oid("2.5.4.3"), AttributeTypeAndValue::cn(joe).value]);
    let mut request = Request::user(joe, &[]);
    request.raw_subject = Some(der::sequence([
        der::tlv(0x31, &der::joined([group("ops"), group("dev")])),
        der::tlv(0x31, &common_name),
    ]));
    Case::new(request, Object::user(joe, &["dev", "ops", "system:authenticated"], ""))
}

fn signatures() -> Result<Vec<Entry>> {
    let entry = Entry::hostile;
    let signed = |signer: &Signer<'_>| -> Result<Case> {
        let mut case = client(|_| ());
        case.request = signer.sign(case.request)?;
        Ok(case)
    };
    let mut foreign = client(|_| ());
    foreign.request.public_key_info = Some(Key::new(KeyKind::P256).public_key_info());
    let rsa_key: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let weak = |oid: &str, digest: &'static str| {
        let algorithm = key::algorithm(oid, Some(der::null()));
        signed(&Signer { key: rsa_key, digest: &[digest], algorithm })
    };
    // RFC 4055: hash SHA-256, mask MGF1 with SHA-256, a salt of 32
    let sha256 = || key::algorithm("2.16.840.1.101.3.4.2.1", Some(der::null()));
    let mask = key::algorithm("1.2.840.113549.1.1.8", Some(sha256()));
    let parameters = der::sequence([
        der::tlv(0xa0, &sha256()),
        der::tlv(0xa1, &mask),
        der::tlv(0xa2, &der::unsigned(&[32])),
    ]);
    let pss = Signer {
        key: rsa_key,
        digest: &["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
        algorithm: key::algorithm("1.2.840.113549.1.1.10", Some(parameters)),
    };
    Ok(vec![
        entry(
            "signature-over-something-else",
            "Signed by the right key, over other octets: a request lifted and changed.",
            "signature-wrong",
            serving(|r| r.signature = Signature::Wrong),
        )
        .not_creatable(),
        entry(
            "signature-by-another-key",
            "Somebody else's public key, signed by the attacker's: a certificate for a key that \
             the requestor does not hold.",
            "signature-wrong",
            foreign,
        )
        .not_creatable(),
        entry(
            "signature-empty",
            "No signature octets at all.",
            "signature-wrong",
            serving(|r| r.signature = Signature::Raw(r.key.signature_algorithm(), Vec::new())),
        )
        .not_creatable(),
        entry(
            "signature-sha1",
            "Signed over SHA-1, which collides.",
            "signature-weak",
            weak("1.2.840.113549.1.1.5", "-sha1")?,
        ),
        entry(
            "signature-md5",
            "Signed over MD5, which collides at no cost.",
            "signature-weak",
            weak("1.2.840.113549.1.1.4", "-md5")?,
        )
        .not_creatable(),
        entry(
            "signature-pss",
            "RSASSA-PSS, right but with parameters that kubelets never use.",
            "signature-unknown",
            signed(&pss)?,
        ),
        entry(
            "signature-ml-dsa",
            "An algorithm that no Kubernetes verifies: ML-DSA-65 with octets that prove nothing.",
            "signature-unknown",
            serving(|r| {
                r.signature =
                    Signature::Raw(key::algorithm("2.16.840.1.101.3.4.3.18", None), vec![0x5a; 3309])
            }),
        )
        .not_creatable(),
    ])
}

fn keys() -> Result<Vec<Entry>> {
    let entry = Entry::hostile;
    let with = |arguments: &[&str], algorithm: Vec<u8>| -> Result<Case> {
        let mut case = client(|_| ());
        case.request = Signer { key: arguments, digest: &["-sha256"], algorithm }.sign(case.request)?;
        Ok(case)
    };
    let bits =
        |bits: &str| with(&["-algorithm", "RSA", "-pkeyopt", &format!("rsa_keygen_bits:{bits}")], rsa());
    let curve =
        |curve: &str| with(&["-algorithm", "EC", "-pkeyopt", &format!("ec_paramgen_curve:{curve}")], ecdsa());
    let exponent = |e: &str| {
        let e = format!("rsa_keygen_pubexp:{e}");
        with(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", &e], rsa())
    };
    let huge = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:16384", "-pkeyopt", "rsa_keygen_primes:5"];
    Ok(vec![
        entry(
            "key-rsa-512",
            "RSA of 512 bits: factored in hours, and the node's identity with it.",
            "key-weak",
            bits("512")?,
        ),
        entry("key-rsa-1024", "RSA of 1024 bits.", "key-weak", bits("1024")?),
        entry("key-rsa-2047", "RSA of 2047 bits, one short.", "key-weak", bits("2047")?),
        entry("key-rsa-exponent-3", "RSA with exponent 3.", "key-weak", exponent("3")?),
        entry(
            "key-p224",
            "P-224: 112 bits of strength, under what TLS stacks accept.",
            "key-weak",
            curve("P-224")?,
        ),
        entry("key-p192", "P-192, which Go does not read.", "key-weak", curve("P-192")?).not_creatable(),
        entry(
            "key-rsa-16384",
            "RSA of 16384 bits: each handshake with it costs seconds.",
            "key-oversized",
            with(&huge, rsa())?,
        ),
        entry(
            "key-secp256k1",
            "secp256k1, which Kubernetes does not read.",
            "key-unknown",
            client(|r| r.key = Key::new(KeyKind::Secp256k1)),
        )
        .not_creatable(),
        entry(
            "key-ed25519-neutral",
            "The neutral element as an Ed25519 key: for it, anybody signs anything without a key.",
            "key-weak",
            client(|r| {
                let neutral = [&[1][..], &[0; 31]].concat();
                let algorithm = key::algorithm("1.3.101.112", None);
                r.public_key_info = Some(der::sequence([algorithm.as_slice(), &der::bit_string(&neutral)]));
                r.signature = Signature::Raw(algorithm, [neutral, vec![0; 32]].concat());
            }),
        ),
        entry(
            "key-brainpool",
            "brainpoolP256r1, which Kubernetes does not read.",
            "key-unknown",
            curve("brainpoolP256r1")?,
        )
        .not_creatable(),
    ])
}
