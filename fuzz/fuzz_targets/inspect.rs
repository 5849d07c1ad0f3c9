//! Any bytes as a file of certificates: read or refused, never a panic; and what is read says one thing each
//! time, on one line each.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use kboot_core::inspect::{self, Item};
use kboot_core::time::Timestamp;
use kboot_core::x509::{Certificate, CertificateRequest, Verification};

fn look_at(certificate: &Certificate) {
    let facts = certificate.facts();
    let uses = facts.uses();
    assert!(
        !uses.is_empty()
            && uses.iter().chain([&facts.subject, &facts.issuer]).all(|use_| !use_.contains('\n'))
    );
    let authorities = [certificate.clone()];
    let now = Timestamp::from_unix(1_800_000_000).expect("it is in range");
    let _ = Verification::new(&authorities, now).objection(certificate).expect("it can be decoded");
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for found in inspect::read(data).unwrap_or_default() {
        if let Item::Certificate(certificate) = found.item {
            look_at(&certificate);
        }
    }
    if let Ok(certificate) = Certificate::from_der(data.to_vec()) {
        look_at(&certificate);
    }
    if let Ok(request) = CertificateRequest::from_der(data) {
        let names = request.alternative_names().map(ToString::to_string);
        assert!(names.chain([request.subject().to_string()]).all(|text| !text.contains(char::is_control)));
    }
});
