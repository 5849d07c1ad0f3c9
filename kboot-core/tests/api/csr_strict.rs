//! Names and object identifiers of a request in strict DER: each has one encoding, or two readers see two
//! names.

use kboot_core::x509::{CertificateRequest, ExtensionContent, KeyKind, RequestError};
use kboot_testkit::generate::{
    AttributeTypeAndValue, COMMON_NAME, Extension, GeneralName, Request, StringTag, der,
};

/// 2.5.4.3 with a zero before its last number, and 2.5.4.4294967299, which is 3 in 32 bits.
const LIKE_COMMON_NAME: [&[u8]; 2] = [b"\x55\x04\x80\x03", b"\x55\x04\x90\x80\x80\x80\x03"];

fn read(request: &Request) -> Result<CertificateRequest, RequestError> {
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
        assert_eq!(read(&subject_with(oid)), Err(RequestError::Malformed), "{oid:x?}");
    }
}

#[test]
fn large_numbers_keep_their_value() {
    // The largest of 32 bits, and one that ends in a zero septet
    let request = read(&subject_with(b"\x55\x04\x8f\xff\xff\xff\x7f\x81\x00")).unwrap();
    assert_eq!(request.subject().relative_names()[0][0].oid.to_string(), "2.5.4.4294967295.128");
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
    assert_eq!(read(&request), Err(RequestError::Malformed));
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
        assert_eq!(CertificateRequest::from_der(&der), Err(RequestError::Malformed), "{value}");
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

/// X.690, 11.2.2 and 11.5; RFC 5280, 4.2.1.9.
#[test]
fn values_that_der_would_write_otherwise_are_malformed() {
    const BASIC_CONSTRAINTS: &str = "2.5.29.19";
    const KEY_USAGE: &str = "2.5.29.15";
    for (oid, value) in [
        // cA FALSE is the default.
        (BASIC_CONSTRAINTS, vec![0x30, 3, 1, 1, 0]),
        // A path length without cA.
        (BASIC_CONSTRAINTS, vec![0x30, 3, 2, 1, 0]),
        (BASIC_CONSTRAINTS, vec![0x30, 6, 1, 1, 0, 2, 1, 0]),
        (BASIC_CONSTRAINTS, vec![0x30, 3, 1, 1, 1]),
        // digitalSignature with six and with seven zeros after it, and with an octet of them.
        (KEY_USAGE, vec![3, 2, 1, 0x80]),
        (KEY_USAGE, vec![3, 2, 0, 0x80]),
        (KEY_USAGE, vec![3, 3, 7, 0x80, 0]),
        (KEY_USAGE, vec![3, 3, 0, 0x80, 0]),
        // Bits that are said to be unused.
        (KEY_USAGE, vec![3, 2, 7, 0x81]),
    ] {
        let extension = Extension::raw(oid, value.clone());
        let request = read(&Request::kubelet_client("worker-1").with_extension(extension)).unwrap();
        assert_eq!(request.extensions()[0].content, ExtensionContent::Malformed, "{oid} {value:x?}");
    }
    for (oid, value) in [
        (BASIC_CONSTRAINTS, vec![0x30, 0]),
        (KEY_USAGE, vec![3, 2, 7, 0x80]),
        (KEY_USAGE, vec![3, 2, 5, 0xa0]),
        // decipherOnly, the ninth bit
        (KEY_USAGE, vec![3, 3, 7, 0, 0x80]),
    ] {
        let extension = Extension::raw(oid, value.clone());
        let request = read(&Request::kubelet_client("worker-1").with_extension(extension)).unwrap();
        assert_ne!(request.extensions()[0].content, ExtensionContent::Malformed, "{oid} {value:x?}");
    }
}

#[test]
fn a_printable_string_holds_what_it_may() {
    for (text, is_text) in [("worker 1.example.com", true), ("jane@example.com", false), ("a*", false)] {
        let subject = vec![vec![AttributeTypeAndValue::text(COMMON_NAME, StringTag::Printable, text)]];
        let request = read(&Request { subject, ..Request::kubelet_client("worker-1") }).unwrap();
        assert_eq!(request.common_names().next().is_some(), is_text, "{text}");
    }
}

/// For each of these points, whoever knows no key at all can sign: with the neutral element as the key, the
/// neutral element and zero are a signature of every text.
#[test]
fn points_of_small_order_are_weak_keys() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let small = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        // Others' spellings of the same: the sign of a zero, and y with the prime added.
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];
    let kind = |point: &[u8]| {
        let info =
            der::sequence([der::sequence([b"\x06\x03\x2b\x65\x70".as_slice()]), der::bit_string(point)]);
        let request = Request { public_key_info: Some(info), ..Request::kubelet_client("worker-1") };
        read(&request).unwrap().public_key().kind().clone()
    };
    for point in small {
        assert_eq!(kind(&hex(point)), KeyKind::WeakEdwardsPoint, "{point}");
    }
    assert_eq!(kind(&[7; 32]), KeyKind::Ed25519);
}
