use super::der::Reader;
use super::pem;
use super::request::CertificateRequest;
use crate::generate::{Key, KeyKind, Request, Signature, key};

/// A reader ends on any input: prefixes of a request, and octets that mean huge lengths or deep nesting.
#[test]
fn no_input_is_too_odd() {
    let request = Request::kubelet_client("worker-1").der();
    for end in 0..request.len() {
        assert!(CertificateRequest::from_der(&request[..end], 36).is_err());
    }
    for octets in
        [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &[0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &[0xff; 64]]
    {
        assert!(CertificateRequest::from_der(octets, 36).is_err());
        assert!(Reader::new(octets).any().is_err());
    }
    let nested: Vec<u8> = std::iter::repeat_n([0x30, 0x80], 100_000).flatten().collect();
    assert!(CertificateRequest::from_der(&nested, 36).is_err());
    let many = "-----BEGIN X-----\n".repeat(100_000);
    assert_eq!(pem::decode(many.as_bytes()), None);
    assert_eq!(pem::decode((many + "\n-----END Y-----\n").as_bytes()), None);
}

#[test]
fn a_signature_is_checked_with_each_kind_of_key() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let request = Request::kubelet_client("worker-1").with_key(Key::shared(kind));
        let check =
            |request: &Request| CertificateRequest::from_der(&request.der(), 36).unwrap().check_signature();
        assert_eq!(check(&request), Ok(()), "{kind:?}");
        let wrong = check(&request.with_signature(Signature::Wrong)).unwrap_err();
        assert!(wrong.ends_with("verification failure") || wrong.ends_with("verification error"), "{wrong}");
    }
}

#[test]
fn key_and_signature_have_to_fit() {
    let mut request = Request::kubelet_client("worker-1").with_key(Key::shared(KeyKind::P256));
    let algorithm = key::algorithm("1.2.840.113549.1.1.11", Some(vec![5, 0]));
    request.signature = Signature::Raw(algorithm, vec![1; 64]);
    let read = CertificateRequest::from_der(&request.der(), 36).unwrap();
    assert_eq!(
        read.check_signature().unwrap_err(),
        "x509: signature algorithm specifies an RSA public key, but have public key of type *ecdsa.PublicKey"
    );
}
