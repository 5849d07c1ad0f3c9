//! Names and object identifiers of a request in strict DER: each has one encoding, or two readers see two
//! names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

use kboot_core::csr::{CertificateRequest, CsrError, ExtensionContent};
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
