//! Names and object identifiers of a request in strict DER: each has one encoding, or two readers see two
//! names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

use kboot_core::csr::{CertificateRequest, CsrError, ExtensionContent, KeyKind};
use kboot_testkit::generate::{Extension, GeneralName, Request, der};

/// 2.5.4.3 with a zero before its last number, and 2.5.4.4294967299, which is 3 in 32 bits.
const LIKE_COMMON_NAME: [&[u8]; 2] = [b"\x55\x04\x80\x03", b"\x55\x04\x90\x80\x80\x80\x03"];

fn read(request: &Request) -> Result<CertificateRequest, CsrError> {
    CertificateRequest::from_der(&request.der())
}

fn subject_with(oid: &[u8]) -> Request {
    let value = der::tlv(0x0c, b"system:node:master-1");
    let attribute = der::sequence([der::tlv(0x06, oid), value]);
    let name = der::sequence([der::tlv(0x31, &attribute)]);
    Request { raw_subject: Some(name), ..Request::kubelet_client("worker-1") }
}

#[test]
fn what_only_looks_like_a_common_name_is_not_read_as_one() {
    assert_eq!(read(&subject_with(b"\x55\x04\x03")).unwrap().common_names().count(), 1);
    for oid in LIKE_COMMON_NAME {
        assert_eq!(read(&subject_with(oid)), Err(CsrError::Malformed), "{oid:x?}");
    }
}

#[test]
fn large_numbers_keep_their_value() {
    // The largest of 32 bits, and one that ends in a zero septet
    let request = read(&subject_with(b"\x55\x04\x8f\xff\xff\xff\x7f\x81\x00")).unwrap();
    assert_eq!(request.subject()[0][0].oid, "2.5.4.4294967295.128");
}

#[test]
fn extensions_with_such_identifiers_are_malformed() {
    for oid in LIKE_COMMON_NAME {
        let name = GeneralName::Raw(der::tlv(0x88, oid));
        let purpose = Extension::raw("2.5.29.37", der::sequence([der::tlv(0x06, oid)]));
        for extension in [Extension::alt_names(&[name]), purpose] {
            let request = read(&Request::kubelet_client("worker-1").with_extension(extension)).unwrap();
            assert_eq!(request.extensions()[0].content, ExtensionContent::Malformed, "{oid:x?}");
        }
    }
}

#[test]
fn a_relative_name_without_attributes_is_malformed() {
    let genuine = Request::kubelet_client("worker-1");
    let name = kboot_testkit::generate::name(&genuine.subject);
    let with_empty = der::sequence([&[0x31, 0], name.get(2..).unwrap()]);
    assert!(read(&Request { raw_subject: Some(name), ..genuine.clone() }).is_ok());
    let request = Request { raw_subject: Some(with_empty), ..genuine };
    assert_eq!(read(&request), Err(CsrError::Malformed));
}

#[test]
fn usages_that_name_none_are_malformed() {
    for extension in [Extension::key_usage(&[]), Extension::extended_key_usage(&[])] {
        let request = read(&Request::kubelet_client("worker-1").with_extension(extension)).unwrap();
        assert_eq!(request.extensions()[0].content, ExtensionContent::Malformed);
    }
}

#[test]
fn a_boolean_is_true_in_one_way() {
    let extension = Extension::raw("1.2.3.4", vec![5, 0]).critical();
    let request = Request::kubelet_client("worker-1").with_extension(extension);
    let der = request.der();
    assert!(CertificateRequest::from_der(&der).unwrap().extensions()[0].critical);
    let at = der.windows(3).position(|bytes| bytes == [1, 1, 0xff]).unwrap();
    for value in [0, 1] {
        let mut der = der.clone();
        der[at + 2] = value;
        assert_eq!(CertificateRequest::from_der(&der), Err(CsrError::Malformed), "{value}");
    }
}

#[test]
fn a_compressed_point_is_no_key_of_its_curve() {
    let p256 = "1.2.840.10045.3.1.7";
    let point = [&[2], [7; 32].as_slice()].concat();
    let key = kboot_testkit::generate::key::elliptic_curve(p256, &point);
    let request = Request { public_key_info: Some(key), ..Request::kubelet_client("worker-1") };
    assert!(matches!(read(&request).unwrap().public_key().kind(), KeyKind::Unknown { .. }));
}
