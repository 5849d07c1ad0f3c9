//! Certificates that others hand in: whether they can be read, and what validation asks of them.

use der::{Decode, Encode};
use x509_cert::Certificate;
use x509_cert::ext::pkix::BasicConstraints;

use super::der::{self as go, Reader, Result, SEQUENCE};
use super::pem;

/// The certificates of a text, as `status.certificate` may hold them: PEM blocks of no other kind and without headers
/// (`validateCertificate` in `pkg/apis/certificates/validation`).
pub(crate) fn check_chain(text: &[u8]) -> Result<()> {
    let mut rest = text;
    let mut blocks = 0_usize;
    while let Some((block, further)) = pem::decode(rest) {
        if block.label != b"CERTIFICATE" {
            let label = super::super::field::quote(&String::from_utf8_lossy(&block.label));
            return Err(format!("only CERTIFICATE PEM blocks are allowed, found {label}"));
        }
        if block.has_headers {
            return Err("no PEM block headers are permitted".to_owned());
        }
        blocks += 1;
        let mut reader = Reader::new(&block.der);
        if reader.is_empty() {
            return Err("found CERTIFICATE PEM block containing 0 certificates".to_owned());
        }
        while !reader.is_empty() {
            read(reader.expect(SEQUENCE, "certificate")?.whole)?;
        }
        rest = further;
    }
    if blocks == 0 { Err("must contain at least one CERTIFICATE PEM block".to_owned()) } else { Ok(()) }
}

/// One certificate.
pub(crate) fn read(octets: &[u8]) -> Result<Certificate> {
    let mut outer = Reader::new(octets);
    let mut certificate = outer.sequence("certificate")?;
    certificate.sequence("tbsCertificate")?;
    let algorithm = certificate.expect(SEQUENCE, "AlgorithmIdentifier")?;
    super::request::identifier(algorithm.content)?;
    certificate.bit_string()?;
    outer.finish(&go::syntax("trailing data"))?;
    Certificate::from_der(octets).map_err(|_| "x509: malformed certificate".to_owned())
}

/// Whether basic constraints say so.
pub(crate) fn is_authority(certificate: &Certificate) -> bool {
    let constraints = certificate.tbs_certificate().get_extension::<BasicConstraints>();
    constraints.is_ok_and(|found| found.is_some_and(|(_, constraints)| constraints.ca))
}

/// Its SubjectPublicKeyInfo.
pub(crate) fn public_key_info(certificate: &Certificate) -> Vec<u8> {
    certificate.tbs_certificate().subject_public_key_info().to_der().unwrap_or_default()
}
