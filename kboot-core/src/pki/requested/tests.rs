//! Held against certificates that upstream's own code made, and against openssl.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use proptest::prelude::*;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::*;
use crate::bundle::write_new;
use crate::pki::Subject;
use crate::x509::{KeyAlgorithm, PrivateKey, X509Error};

const UPSTREAM: &str = include_str!("signer-v1.20.pem");
const BOTH: KeyUsage = KeyUsage::SIGNATURE_AND_ENCIPHERMENT;
const NEITHER: KeyUsage = KeyUsage::NONE;
static LEAF_KEY: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn dns(names: &[&str]) -> Vec<GeneralName> {
    owned(names).into_iter().map(GeneralName::Dns).collect()
}

fn ips(texts: &[&str]) -> Vec<GeneralName> {
    texts.iter().map(|text| GeneralName::Ip(text.parse().unwrap())).collect()
}

fn emails(addresses: &[&str]) -> Vec<GeneralName> {
    owned(addresses).into_iter().map(GeneralName::Email).collect()
}

fn uris(texts: &[&str]) -> Vec<GeneralName> {
    owned(texts).into_iter().map(GeneralName::Uri).collect()
}

fn client(common_name: &str, organizations: &[&str], key_usage: KeyUsage) -> RequestedContent {
    RequestedContent {
        common_name: common_name.to_owned(),
        organizations: owned(organizations),
        alternative_names: Vec::new(),
        public_key: LEAF_KEY.public_key().clone(),
        usage: TlsUsage::Client,
        key_usage,
    }
}

/// A kubelet's request for a serving certificate.
fn serving() -> RequestedContent {
    RequestedContent {
        alternative_names: [
            ips(&["fd00::31", "192.168.20.31", "::ffff:10.0.0.1"]),
            dns(&["worker-1.example.com", "worker-1", "worker-1.example.com"]),
        ]
        .concat(),
        usage: TlsUsage::Server,
        ..client("system:node:worker-1", &["system:nodes"], BOTH)
    }
}

/// A request with names of every kind, and texts of both kinds of string.
fn of_a_user() -> RequestedContent {
    let groups = ["ops", "dev", "team@example.com", "a*", "été", "dev team (1), a+b='c'?", "dev"];
    RequestedContent {
        alternative_names: [
            uris(&["spiffe://example.com/ns/a/sa/b", "https://example.com/?q=1#f"]),
            ips(&["10.0.0.2", "10.0.0.1"]),
            emails(&["z@example.com", "a@example.com"]),
            dns(&["z.example.com", "*.a.example.com"]),
        ]
        .concat(),
        ..client("jané", &groups, NEITHER)
    }
}

/// The certificates of the golden file under their headings.
fn upstreams() -> Vec<(&'static str, Certificate)> {
    let (_, sections) = UPSTREAM.split_once("\n# authority").unwrap();
    let sections = sections.split("\n# ").map(|section| section.split_once('\n').unwrap());
    sections.map(|(title, pem)| (title.trim(), Certificate::from_pem(pem.as_bytes()).unwrap())).collect()
}

#[test]
fn certificates_are_upstreams_to_the_byte() {
    let now: Timestamp = "2026-11-21T10:20:09Z".parse().unwrap();
    let signature = KeyUsage::DIGITAL_SIGNATURE;
    let encipherment = KeyUsage::KEY_ENCIPHERMENT;
    let cases = [
        ("rsa", "8760h", client("system:node:worker-1", &["system:nodes"], BOTH)),
        ("p384", "720h", serving()),
        ("p256", "8h", of_a_user()),
        (
            "p256",
            "24h",
            RequestedContent { alternative_names: dns(&["a.example.com"]), ..client("", &[], signature) },
        ),
        ("p256", "87600h", client("kubernetes", &[], encipherment)),
        ("rsa", "2160h", client("", &["b", "a"], NEITHER)),
    ];
    let mut certificates = upstreams();
    let leaves = certificates.split_off(3);
    assert_eq!(leaves.len(), cases.len());
    for ((title, certificate), (authority, limit, content)) in leaves.iter().zip(cases) {
        assert!(title.starts_with(authority), "{title}");
        let ca = certificates.iter().find(|(title, _)| title.trim_start_matches("authority ") == authority);
        let issuer = Issuer::load(ca.unwrap().1.clone(), now).unwrap();
        let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
        let facts = certificate.facts();
        let serial = facts.serial.clone();
        let mut env = Env::fixed(now, move |buffer| {
            let start = buffer.len() - serial.len();
            buffer[start..].copy_from_slice(&serial);
        });
        let content = RequestedContent { public_key: facts.public_key.clone(), ..content };
        let prepared = issuer.prepare_requested(&content, None, limit.parse().unwrap(), &mut env);
        // Upstream issues a certificate with the authority's own name; this does not.
        if content.common_name == "kubernetes" {
            assert_eq!(prepared.unwrap_err(), PkiError::IssuersName { subject: "CN=kubernetes".to_owned() });
            continue;
        }
        let prepared = prepared.unwrap();
        assert_eq!(prepared.to_be_signed(), parsed.tbs_certificate.as_ref(), "{title}");
        let ours = prepared.assemble(&parsed.signature_value.data).unwrap();
        assert_eq!(&ours, certificate, "{title}");
    }
}

/// What openssl prints. The test kit's way to it is not there in the published package.
fn openssl(folder: &Path, arguments: &str) -> String {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn openssl_signs_what_was_requested_from_afar() {
    if Command::new("openssl").arg("version").output().is_err() {
        assert!(std::env::var_os("KBOOT_REQUIRE_ORACLES").is_none(), "openssl is missing");
        eprintln!("skipped: openssl is missing");
        return;
    }
    for (generate, digest) in [
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", "-sha256"),
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072", "-sha256"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", "-sha256"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384", "-sha384"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &str| openssl(folder.path(), arguments);
        run(&format!("{generate} -out ca.key"));
        run(
            "req -new -x509 -key ca.key -subj /CN=kubernetes -addext keyUsage=critical,keyCertSign -days 400 -out ca.crt",
        );
        let pem = std::fs::read(folder.path().join("ca.crt")).unwrap();
        let mut env = Env::system();
        let issuer = Issuer::load(Certificate::from_pem(&pem).unwrap(), env.now()).unwrap();
        let leaf_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        for (content, subject, names, usages) in [
            (
                serving(),
                "subject=O = system:nodes, CN = system:node:worker-1",
                "DNS:worker-1.example.com, DNS:worker-1, DNS:worker-1.example.com, \
                 IP Address:FD00:0:0:0:0:0:0:31, IP Address:192.168.20.31, IP Address:10.0.0.1",
                ["Digital Signature, Key Encipherment", "TLS Web Server Authentication"],
            ),
            (
                RequestedContent {
                    alternative_names: uris(&["spiffe://a/b"]),
                    ..client("jane", &["dev", "b"], NEITHER)
                },
                "subject=O = b + O = dev, CN = jane",
                "URI:spiffe://a/b",
                ["", "TLS Web Client Authentication"],
            ),
        ] {
            let content = RequestedContent { public_key: leaf_key.public_key().clone(), ..content };
            let prepared = issuer.prepare_requested(&content, None, Lifetime::ONE_YEAR, &mut env).unwrap();
            let path = |name: &str| folder.path().join(name);
            for name in ["tbs", "leaf.crt", "signature"] {
                let _ = std::fs::remove_file(path(name));
            }
            write_new(&path("tbs"), prepared.to_be_signed(), 0o600).unwrap();
            run(&format!("dgst {digest} -sign ca.key -out signature tbs"));
            let certificate = prepared.assemble(&std::fs::read(path("signature")).unwrap()).unwrap();
            write_new(&path("leaf.crt"), certificate.to_pem().as_bytes(), 0o600).unwrap();
            run("verify -x509_strict -CAfile ca.crt leaf.crt");
            assert_eq!(run("x509 -in leaf.crt -noout -subject").trim(), subject);
            let extension = |name: &str| {
                let text = run(&format!("x509 -in leaf.crt -noout -ext {name}"));
                text.lines().nth(1).unwrap_or("").trim().to_owned()
            };
            assert_eq!(extension("subjectAltName"), names);
            assert_eq!(["keyUsage", "extendedKeyUsage"].map(extension), usages);
        }
    }
}

static AUTHORITY: LazyLock<CertificateAuthority> = LazyLock::new(|| {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let mut env = Env::at("2026-01-01T00:00:00Z".parse().unwrap());
    let subject = Subject::new("kubernetes".parse().unwrap());
    CertificateAuthority::with_key(&subject, key, Lifetime::ONE_YEAR, &mut env).unwrap()
});

fn seconds(count: i64) -> Lifetime {
    Lifetime::from_seconds(count).unwrap()
}

#[test]
fn the_authority_signs_what_was_requested() {
    let mut env = Env::at("2026-06-01T00:00:00Z".parse().unwrap());
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
    let content = RequestedContent { public_key: key.public_key().clone(), ..serving() };
    let day = Some(seconds(86_400));
    let certificate = AUTHORITY.sign_requested(&content, day, Lifetime::ONE_YEAR, &mut env).unwrap();
    assert!(certificate.is_signed_by(AUTHORITY.certificate()));
    let facts = certificate.facts();
    assert_eq!(facts.validity.not_after.to_string(), "2026-06-01T23:55:00Z");
    assert_eq!(facts.public_key.der(), key.public_key().der());
}

#[test]
fn what_cannot_be_issued() {
    let (content, year) = (serving(), Lifetime::ONE_YEAR);
    let at = |time: &str, content: &RequestedContent, limit| {
        let mut env = Env::at(time.parse().unwrap());
        AUTHORITY.issuer().prepare_requested(content, None, limit, &mut env).map(|_| ()).unwrap_err()
    };
    for moment in ["2025-12-31T23:54:59Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z"] {
        let error = at(moment, &content, year);
        assert!(matches!(error, PkiError::AuthorityNotValidNow { .. }), "{moment}: {error}");
    }
    let within = "2026-06-01T00:00:00Z";
    assert_eq!(at(within, &content, Lifetime::ZERO), PkiError::EmptyValidity);
    for content in [
        RequestedContent { alternative_names: dns(&["a", "é.example.com"]), ..serving() },
        RequestedContent { alternative_names: emails(&["é@example.com"]), ..serving() },
        RequestedContent { alternative_names: uris(&["https://é"]), ..serving() },
    ] {
        let error = at(within, &content, year);
        assert!(matches!(error, PkiError::X509(X509Error::Unencodable { .. })), "{error}");
        assert!(error.to_string().contains('é'), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn times(
        now in 300_i64..200_000_000_000,
        age in 0_i64..1_000_000_000,
        left in prop_oneof![1_i64..100_000, 1_i64..1_000_000_000],
        requested in prop::option::of(prop_oneof![0_i64..3600, 28_000_i64..30_000, 0_i64..100_000_000]),
        limit in prop_oneof![1_i64..3600, 28_000_i64..30_000, 1_i64..253_402_300_799],
    ) {
        let point = |unix: i64| Timestamp::from_unix(unix.max(0)).unwrap();
        let issuer = Issuer {
            certificate: AUTHORITY.certificate().clone(),
            signatory: AUTHORITY.issuer().signatory.clone(),
            key_extension: Vec::new(),
            validity: Validity { not_before: point(now - age), not_after: point(now + left) },
            authority: None,
        };
        let asked = requested.map(seconds);
        let validity = issuer.requested_validity(point(now), asked, seconds(limit)).unwrap();
        let (start, end) = (validity.not_before.unix(), validity.not_after.unix());
        prop_assert_eq!(start, now - 300);
        prop_assert!(end > now && end <= now + left, "it outlives its authority");
        prop_assert!(end - now <= limit, "it exceeds the limit");
        prop_assert!(end - now >= 600.min(limit).min(left), "it is too short");
        prop_assert!(requested.is_none_or(|asked| end - now <= asked.max(600)), "it exceeds the request");
        // Long ones span what was granted; short ones have it left. 1.20 knows the first rule alone.
        let granted = requested.map_or(limit, |asked| asked.max(600).min(limit));
        if end < now + left {
            prop_assert_eq!(granted, if granted >= 28_800 { end - start } else { end - now });
        } else {
            prop_assert!(now + granted >= end);
        }
    }
}
