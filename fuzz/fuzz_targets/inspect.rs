//! Any bytes as a file of certificates: read or refused, never a panic; what is read says one thing each time, on one
//! line each, and the same to another reader.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use kboot_core::inspect::{self, Item};
use kboot_core::time::Timestamp;
use kboot_core::x509::{Certificate, CertificateFacts, CertificateRequest, Verification};
use kboot_fuzz::laws::is_one_line;
use x509_cert::der::{Decode, Encode};

fn look_at(certificate: &Certificate) {
    let facts = certificate.facts();
    let uses = facts.uses();
    assert!(
        !uses.is_empty()
            && uses.iter().chain([&facts.subject, &facts.issuer]).all(|use_| !use_.contains('\n'))
    );
    if let Ok(theirs) = x509_cert::Certificate::from_der(certificate.der()) {
        agrees(facts, theirs.tbs_certificate());
    }
    let authorities = [certificate.clone()];
    let now = Timestamp::from_unix(1_800_000_000).expect("it is in range");
    let _ = Verification::new(&authorities, now).objection(certificate).expect("it can be decoded");
}

/// What x509-cert reads, which shares no code with x509-parser.
fn agrees(facts: &CertificateFacts, theirs: &x509_cert::TbsCertificate) {
    let without_zeros =
        |octets: &[u8]| octets.iter().copied().skip_while(|octet| *octet == 0).collect::<Vec<_>>();
    assert_eq!(without_zeros(&facts.serial), without_zeros(theirs.serial_number().as_bytes()));
    let ours = [facts.validity.not_before, facts.validity.not_after].map(|time| time.unix().unsigned_abs());
    let theirs_validity = theirs.validity();
    let both = [theirs_validity.not_before, theirs_validity.not_after];
    assert_eq!(ours, both.map(|time| time.to_unix_duration().as_secs()));
    let der =
        |value: &dyn Fn() -> x509_cert::der::Result<Vec<u8>>| value().expect("what was read can be written");
    assert_eq!(facts.subject_name.der(), der(&|| theirs.subject().to_der()));
    assert_eq!(facts.issuer_name.der(), der(&|| theirs.issuer().to_der()));
    assert_eq!(facts.public_key.der(), der(&|| theirs.subject_public_key_info().to_der()));
    let constraints = theirs.get_extension::<x509_cert::ext::pkix::BasicConstraints>();
    if let Ok(constraints) = constraints {
        let constraints = constraints.map(|(_, constraints)| constraints);
        assert_eq!(facts.is_authority, constraints.as_ref().is_some_and(|constraints| constraints.ca));
    }
    if let Ok(Some((_, names))) = theirs.get_extension::<x509_cert::ext::pkix::SubjectAltName>() {
        let dns = names.0.iter().filter_map(|name| match name {
            x509_cert::ext::pkix::name::GeneralName::DnsName(name) => Some(name.as_str()),
            _ => None,
        });
        assert_eq!(
            facts.alt_names.dns().iter().map(String::as_str).collect::<Vec<_>>(),
            dns.collect::<Vec<_>>()
        );
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Err(error) = inspect::read(data) {
        is_one_line(&error);
    }
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
