//! kboot's certificate for a request, and how it differs from upstream's.

use std::error::Error;

use kboot_core::Env;
use kboot_core::csr::CertificateSigningRequest;
use kboot_core::policy::ApprovedRequest;
use kboot_core::time::{Lifetime, Timestamp};
use kboot_core::{
    pki::{CertificateAuthority, PkiError},
    x509::Certificate,
};
use x509_parser::prelude::{FromDer, TbsCertificate, X509Certificate, X509Version};

use crate::record::Record;
use crate::relation::Reason;

/// kboot's certificate for the request, at the second and with the serial number of upstream's where there is
/// one; the reason where kboot issues none.
pub(crate) fn sign(
    request: &ApprovedRequest,
    signed: &CertificateSigningRequest,
    record: &Record,
) -> Result<Result<Certificate, Reason>, Box<dyn Error>> {
    let upstreams = signed.certificate().map(Certificate::only_from_pem).transpose()?;
    let mut env = match &upstreams {
        Some(certificate) => as_of(certificate.der())?,
        None => Env::system(),
    };
    let (certificate, key) = record.authority(request.signer().as_str())?;
    let authority = CertificateAuthority::from_pem(certificate.as_bytes(), key.as_bytes(), env.now())?;
    let ours = match authority.sign(request, Lifetime::ONE_YEAR, &mut env) {
        Err(PkiError::IssuersName { .. }) => return Ok(Err(Reason::Floor("issuers-name"))),
        ours => ours?,
    };
    for certificate in upstreams.iter().chain([&ours]) {
        if !certificate.is_signed_by(authority.certificate()) {
            return Err(format!("a certificate of {} is not signed by its authority", signed.name()).into());
        }
    }
    Ok(Ok(ours))
}

/// The second and the serial number of a certificate; upstream dates certificates back by five minutes
/// (`pkg/controller/certificates/authority/policies.go`).
fn as_of(der: &[u8]) -> Result<Env, Box<dyn Error>> {
    let (_, certificate) = X509Certificate::from_der(der)?;
    let now = Timestamp::from_unix(certificate.validity().not_before.timestamp() + 300)?;
    let serial = certificate.serial.to_bytes_be();
    Ok(Env::fixed(now, move |buffer| {
        buffer.fill(0);
        for (octet, value) in buffer.iter_mut().rev().zip(serial.iter().rev()) {
            *octet = *value;
        }
    }))
}

/// The fields in which they differ; none where they are equal in all but the signature.
pub(crate) fn differences(one: &[u8], other: &[u8]) -> Result<Vec<String>, Box<dyn Error>> {
    let (_, one) = X509Certificate::from_der(one)?;
    let (_, other) = X509Certificate::from_der(other)?;
    let mut found: Vec<String> = fields(&one.tbs_certificate)
        .into_iter()
        .zip(fields(&other.tbs_certificate))
        .filter(|((_, one), (_, other))| one != other)
        .map(|((field, _), _)| field.to_owned())
        .collect();
    if one.signature_algorithm != other.signature_algorithm {
        found.push("signatureAlgorithm".to_owned());
    }
    // What no field above shows: for example how a length or a time is written.
    if found.is_empty() && one.tbs_certificate.as_ref() != other.tbs_certificate.as_ref() {
        found.push("encoding".to_owned());
    }
    Ok(found)
}

fn fields(certificate: &TbsCertificate<'_>) -> Vec<(&'static str, Vec<u8>)> {
    let X509Version(version) = certificate.version;
    let validity = &certificate.validity;
    let mut fields = vec![
        ("version", version.to_be_bytes().to_vec()),
        ("serialNumber", certificate.raw_serial().to_vec()),
        ("signature", format!("{:?}", certificate.signature).into_bytes()),
        ("issuer", certificate.issuer.as_raw().to_vec()),
        ("notBefore", validity.not_before.timestamp().to_be_bytes().to_vec()),
        ("notAfter", validity.not_after.timestamp().to_be_bytes().to_vec()),
        ("subject", certificate.subject.as_raw().to_vec()),
        ("subjectPublicKeyInfo", certificate.subject_pki.raw.to_vec()),
        ("uniqueIDs", format!("{:?} {:?}", certificate.issuer_uid, certificate.subject_uid).into_bytes()),
    ];
    let extensions = certificate.extensions();
    let order: Vec<String> = extensions.iter().map(|extension| extension.oid.to_id_string()).collect();
    fields.push(("extensions", order.join(" ").into_bytes()));
    for (name, oid) in EXTENSIONS {
        let found = extensions.iter().filter(|extension| extension.oid.to_id_string() == oid);
        let text: Vec<String> =
            found.map(|extension| format!("{} {:02x?}", extension.critical, extension.value)).collect();
        fields.push((name, text.join("; ").into_bytes()));
    }
    fields
}

const EXTENSIONS: [(&str, &str); 6] = [
    ("keyUsage", "2.5.29.15"),
    ("extKeyUsage", "2.5.29.37"),
    ("basicConstraints", "2.5.29.19"),
    ("authorityKeyIdentifier", "2.5.29.35"),
    ("subjectKeyIdentifier", "2.5.29.14"),
    ("subjectAltName", "2.5.29.17"),
];
