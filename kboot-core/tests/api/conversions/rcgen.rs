//! rcgen signs with kboot's authorities, kboot with rcgen's; openssl and webpki judge both.

use kboot_core::Env;
use kboot_core::danger::rcgen_issuer;
use kboot_core::pki::{CertificateAuthority, CertificateTemplate, PkiError};
use kboot_core::rcgen::IssuerError;
use kboot_core::x509::{Certificate, CertificateRequest, KeyAlgorithm, KeyKind, PrivateKey, X509Error};
use kboot_testkit::{Oracle, Purpose, webpki_accepts};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PublicKeyData,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

use crate::common::write;

/// openssl's and webpki's opinion of a client's certificate.
fn verify(authority: &Certificate, leaf: &Certificate) {
    let now = Env::system().now().unix().unsigned_abs();
    webpki_accepts(authority.der(), leaf.der(), Purpose::Client, now, None).unwrap();
    let Some(openssl) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "ca.pem", &authority.to_pem());
    write(folder.path(), "leaf.pem", &leaf.to_pem());
    let arguments = ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.pem", "leaf.pem"];
    let verdict = openssl.run(folder.path(), &arguments);
    assert!(verdict.accepted, "{}", verdict.stderr);
}

fn client() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "jane");
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::ExplicitNoCa;
    params
}

#[test]
fn rcgen_signs_with_a_kboot_authority_of_each_kind_of_key() {
    for (algorithm, name) in KeyAlgorithm::ALL {
        let lifetime = "10y".parse().unwrap();
        let authority =
            CertificateAuthority::create("kubernetes", algorithm, lifetime, &mut Env::system()).unwrap();
        let key = authority.key();
        assert_eq!(key.subject_public_key_info(), key.public_key().der(), "{name}");
        let issuer = rcgen_issuer(&authority).unwrap();
        let leaf = client().signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
        verify(authority.certificate(), &Certificate::try_from(&leaf).unwrap());
        // A kboot key is one that rcgen signs for, too.
        let leaf = client().signed_by(&PrivateKey::generate(algorithm).unwrap(), &issuer).unwrap();
        verify(authority.certificate(), &Certificate::try_from(&leaf).unwrap());
    }
}

#[test]
fn kboot_signs_with_an_rcgen_authority_for_an_rcgen_key() {
    let pair = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    let certificate = Certificate::try_from(&params.self_signed(&pair).unwrap()).unwrap();
    let mut env = Env::system();
    let load = |pair: &KeyPair| {
        let key = PrivateKey::try_from(pair).unwrap();
        CertificateAuthority::load(certificate.clone(), key, Env::system().now())
    };
    let authority = load(&pair).unwrap();
    let leaf_key =
        PrivateKey::try_from(&KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap()).unwrap();
    assert_eq!(leaf_key.algorithm(), KeyAlgorithm::EcdsaP384);
    let template = CertificateTemplate::client("jane".parse().unwrap());
    let leaf = authority.issue(&template, &leaf_key, "1y".parse().unwrap(), &mut env).unwrap();
    verify(&certificate, &leaf);

    let error = load(&KeyPair::generate().unwrap()).unwrap_err();
    assert!(matches!(error, PkiError::X509(X509Error::KeyMismatch { .. })), "{error}");
    let request = client_request(&pair);
    assert_eq!(request.public_key(), &certificate.facts().public_key);
}

fn client_request(pair: &KeyPair) -> CertificateRequest {
    let request = CertificateParams::default().serialize_request(pair).unwrap();
    CertificateRequest::from_der(request.der()).unwrap()
}

#[test]
fn keys_of_kinds_that_kubernetes_does_not_take_are_refused() {
    for (algorithm, kind, name) in [
        (&rcgen::PKCS_ED25519, KeyKind::Ed25519, "Ed25519"),
        (&rcgen::PKCS_ECDSA_P521_SHA512, KeyKind::EcdsaP521, "ECDSA P-521"),
    ] {
        let error = PrivateKey::try_from(&KeyPair::generate_for(algorithm).unwrap()).unwrap_err();
        assert_eq!(error, X509Error::UnsupportedKind { kind });
        assert!(error.to_string().starts_with(&format!("the key is {name}:")), "{error}");
    }
}

/// rcgen writes and reads no other form, and hands out what rustls reads.
#[test]
fn rcgen_reads_and_writes_the_same_pkcs8() {
    for (algorithm, name) in KeyAlgorithm::ALL {
        let key = PrivateKey::generate(algorithm).unwrap();
        let pem = key.to_pkcs8_pem().unwrap();
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.expose_secret().as_bytes()).unwrap();
        assert_eq!(der.secret_pkcs8_der(), key.to_pkcs8_der().unwrap().expose_secret(), "{name}");
        let pair = KeyPair::try_from(&der).unwrap();
        assert_eq!(pair.subject_public_key_info(), key.public_key().der(), "{name}");
        let back = PrivateKey::from_der(&pair.serialize_der()).unwrap();
        assert_eq!(back.public_key(), key.public_key(), "{name}");
    }
    // What rcgen makes itself.
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_RSA_SHA256]
    {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let key = PrivateKey::try_from(&pair).unwrap();
        assert_eq!(key.public_key().der(), pair.subject_public_key_info(), "{algorithm:?}");
    }
}

#[test]
fn a_name_that_rcgen_would_change_is_refused() {
    let Some(openssl) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (subject, options) in
        [("/O=a/O=b/CN=kubernetes", &[][..]), ("/O=a+CN=kubernetes", &["-multivalue-rdn"])]
    {
        let mut arguments =
            vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        arguments.extend(["-keyout", "key.pem", "-out", "ca.pem", "-days", "9", "-subj", subject]);
        arguments.extend(options);
        let verdict = openssl.run(folder.path(), &arguments);
        assert!(verdict.accepted, "{}", verdict.stderr);
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        let now = Env::system().now();
        let authority = CertificateAuthority::from_pem(&read("ca.pem"), &read("key.pem"), now).unwrap();
        let error = rcgen_issuer(&authority).unwrap_err();
        assert!(matches!(error, IssuerError::Name { .. }), "{subject}: {error:?}");
    }
}
