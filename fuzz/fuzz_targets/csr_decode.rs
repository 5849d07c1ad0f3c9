//! Any bytes as a PKCS#10 request, in DER and in PEM: read or refused, never a panic; what is read is what
//! another reader sees, and nothing of it is lost.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use kboot_core::x509::{CertificateRequest, EncodingAnomaly};
use kboot_fuzz::second_reader;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(request) = CertificateRequest::from_der(data) {
        assert_eq!(request.der(), data);
        second_reader::agree(&request);
        let pem = request.to_pem();
        assert_eq!(CertificateRequest::from_pem(pem.as_bytes()).as_ref(), Ok(&request));
    }
    match CertificateRequest::from_pem(data) {
        Ok(request) => {
            second_reader::agree(&request);
            let again = CertificateRequest::from_der(request.der()).expect("it was read once");
            let (text, inside): (Vec<_>, Vec<_>) = request.anomalies().iter().copied().partition(is_of_text);
            assert_eq!(again.anomalies(), inside);
            assert!(!text.is_empty() || again == request);
            judge_text(data, request.der(), &text);
        }
        Err(error) => assert!(!error.to_string().chars().any(char::is_control), "{error:?}"),
    }
});

fn is_of_text(anomaly: &EncodingAnomaly) -> bool {
    matches!(
        anomaly,
        EncodingAnomaly::SurroundingText | EncodingAnomaly::PemHeaders | EncodingAnomaly::SecondBlock
    )
}

/// A text without an anomaly is one block and nothing else; x509-parser's reader of PEM sees the same bytes.
fn judge_text(text: &[u8], der: &[u8], anomalies: &[EncodingAnomaly]) {
    let lines = std::str::from_utf8(text).expect("a request in PEM is a text").lines();
    let lines: Vec<&str> = lines.map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_base64 = |line: &&str| line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    let is_plain = match lines.as_slice() {
        ["-----BEGIN CERTIFICATE REQUEST-----", inside @ .., "-----END CERTIFICATE REQUEST-----"] => {
            inside.iter().all(is_base64)
        }
        _ => false,
    };
    assert_eq!(is_plain, anomalies.is_empty(), "{anomalies:?}");
    if !anomalies.contains(&EncodingAnomaly::PemHeaders) {
        let (_, block) = x509_parser::pem::parse_x509_pem(text).expect("another reader reads it");
        assert_eq!((block.label.as_str(), block.contents.as_slice()), ("CERTIFICATE REQUEST", der));
    }
}
