//! Certificates: their bytes, and what stands in them.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use rustls_pki_types::pem::SectionKind;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::PkiError;
use super::pem;
use crate::net::{AltName, SubjectAltNames};
use crate::time::{Timestamp, Validity};

/// A certificate: DER that was seen to decode, or that kboot encoded.
///
/// ```
/// # use kboot_core::{Env, pki::{CertificateAuthority, KeyAlgorithm}};
/// let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut Env::system())?;
/// let facts = authority.certificate().facts()?;
/// assert_eq!(facts.subject, "CN=kubernetes");
/// assert!(facts.is_authority);
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
}

/// What a certificate says, as far as kboot decides on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// The subject, for people.
    pub subject: String,
    /// The last common name, empty where there is none.
    pub common_name: String,
    /// Every organization, in order.
    pub organizations: Vec<String>,
    /// The period of validity.
    pub validity: Validity,
    /// The DNS names and addresses.
    pub alt_names: SubjectAltNames,
    /// Whether the basic constraints say CA:TRUE.
    pub is_authority: bool,
    /// Whether the key usage, where there is one, allows signing certificates.
    pub may_sign_certificates: bool,
    /// Whether, as an authority, it is limited to some names or to less than servers and clients.
    pub is_constrained: bool,
    /// The subject's Name, DER.
    pub subject_der: Vec<u8>,
    /// The issuer's Name, DER.
    pub issuer_der: Vec<u8>,
    /// The SubjectPublicKeyInfo, DER.
    pub public_key_der: Vec<u8>,
    /// The subject key identifier, where there is one.
    pub key_id: Option<Vec<u8>>,
    /// The serial number, big-endian, without leading zeros.
    pub serial: Vec<u8>,
}

impl Certificate {
    pub(super) fn from_encoder(der: Vec<u8>) -> Self {
        Self { der }
    }

    /// Reads one certificate in DER.
    ///
    /// # Errors
    /// [`PkiError::MalformedCertificate`] for anything else, trailing bytes included.
    pub fn from_der(der: Vec<u8>) -> Result<Self, PkiError> {
        let certificate = Self { der };
        certificate.facts()?;
        Ok(certificate)
    }

    /// Reads the first certificate of a PEM text, as upstream does.
    ///
    /// # Errors
    /// [`PkiError::NoCertificate`] without a `CERTIFICATE` block,
    /// [`PkiError::MalformedCertificate`] where its content is not one.
    pub fn from_pem(text: &[u8]) -> Result<Self, PkiError> {
        let sections = pem::sections(text)?;
        let found = sections.into_iter().find(|(kind, _)| *kind == SectionKind::Certificate);
        let (_, der) = found.ok_or(PkiError::NoCertificate)?;
        Self::from_der(der.to_vec())
    }

    /// Reads every certificate of a PEM text, at least one.
    ///
    /// # Errors
    /// As [`Certificate::from_pem`].
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, PkiError> {
        let sections = pem::sections(text)?.into_iter();
        let certificates = sections.filter(|(kind, _)| *kind == SectionKind::Certificate);
        let all = certificates.map(|(_, der)| Self::from_der(der.to_vec())).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() { Err(PkiError::NoCertificate) } else { Ok(all) }
    }

    /// Reads the only certificate of a PEM text.
    ///
    /// # Errors
    /// As [`Certificate::from_pem`]; [`PkiError::SeveralCertificates`] where there are more.
    pub fn only_from_pem(text: &[u8]) -> Result<Self, PkiError> {
        let sections = pem::sections(text)?;
        let found = sections.iter().filter(|(kind, _)| *kind == SectionKind::Certificate).count();
        if found > 1 { Err(PkiError::SeveralCertificates { found }) } else { Self::from_pem(text) }
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        std::mem::take(&mut *pem::write("CERTIFICATE", &self.der))
    }

    /// The SHA-256 of the DER, in lower-case hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(digest(&SHA256, &self.der).as_ref())
    }

    /// What the certificate says.
    ///
    /// # Errors
    /// [`PkiError::MalformedCertificate`] where the bytes are not one X.509 certificate.
    pub fn facts(&self) -> Result<CertificateFacts, PkiError> {
        let parsed = self.parse()?;
        let texts = |oid| {
            parsed
                .subject()
                .iter_by_oid(&oid)
                .map(|attribute| attribute.as_str().map_or_else(|_| String::from("?"), str::to_owned))
                .collect::<Vec<_>>()
        };
        let common_name = texts(x509_parser::oid_registry::OID_X509_COMMON_NAME).pop().unwrap_or_default();
        let moment = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_unix(time.timestamp()).map_err(|_| PkiError::MalformedCertificate)
        };
        let mut facts = CertificateFacts {
            subject: parsed.subject().to_string(),
            common_name,
            organizations: texts(x509_parser::oid_registry::OID_X509_ORGANIZATION_NAME),
            validity: Validity {
                not_before: moment(parsed.validity().not_before)?,
                not_after: moment(parsed.validity().not_after)?,
            },
            alt_names: SubjectAltNames::default(),
            is_authority: false,
            may_sign_certificates: true,
            is_constrained: false,
            subject_der: parsed.subject().as_raw().to_vec(),
            issuer_der: parsed.issuer().as_raw().to_vec(),
            public_key_der: parsed.public_key().raw.to_vec(),
            key_id: None,
            serial: parsed.tbs_certificate.serial.to_bytes_be(),
        };
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(constraints) => facts.is_authority = constraints.ca,
                ParsedExtension::KeyUsage(usage) => facts.may_sign_certificates = usage.key_cert_sign(),
                ParsedExtension::NameConstraints(_) => facts.is_constrained = true,
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    let for_both = usage.any || (usage.server_auth && usage.client_auth);
                    facts.is_constrained |= !for_both;
                }
                ParsedExtension::SubjectKeyIdentifier(id) => facts.key_id = Some(id.0.to_vec()),
                ParsedExtension::SubjectAlternativeName(names) => {
                    facts.alt_names = names.general_names.iter().filter_map(alt_name).collect();
                }
                _ => {}
            }
        }
        Ok(facts)
    }

    /// The DER of the part that is signed.
    pub(super) fn tbs_der(&self) -> Result<Vec<u8>, PkiError> {
        Ok(self.parse()?.tbs_certificate.as_ref().to_vec())
    }

    /// Whether the signature was made by the key of `issuer`.
    ///
    /// # Errors
    /// [`PkiError::MalformedCertificate`] where either cannot be decoded.
    pub fn is_signed_by(&self, issuer: &Self) -> Result<bool, PkiError> {
        let (parsed, issuer) = (self.parse()?, issuer.parse()?);
        let algorithm: &dyn VerificationAlgorithm =
            match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
                "1.2.840.10045.4.3.2" => &ECDSA_P256_SHA256_ASN1,
                "1.2.840.10045.4.3.3" => &ECDSA_P384_SHA384_ASN1,
                "1.2.840.113549.1.1.11" => &RSA_PKCS1_2048_8192_SHA256,
                "1.2.840.113549.1.1.12" => &RSA_PKCS1_2048_8192_SHA384,
                "1.2.840.113549.1.1.13" => &RSA_PKCS1_2048_8192_SHA512,
                _ => return Ok(false),
            };
        let key = UnparsedPublicKey::new(algorithm, &issuer.public_key().subject_public_key.data);
        Ok(key.verify(parsed.tbs_certificate.as_ref(), &parsed.signature_value.data).is_ok())
    }

    fn parse(&self) -> Result<X509Certificate<'_>, PkiError> {
        match X509Certificate::from_der(&self.der) {
            Ok(([], parsed)) => Ok(parsed),
            _ => Err(PkiError::MalformedCertificate),
        }
    }
}

fn alt_name(name: &GeneralName<'_>) -> Option<AltName> {
    match name {
        GeneralName::DNSName(name) => Some(AltName::Dns((*name).to_owned())),
        GeneralName::IPAddress(octets) => {
            let address = match octets.len() {
                4 => IpAddr::from(<[u8; 4]>::try_from(*octets).ok()?),
                _ => IpAddr::from(<[u8; 16]>::try_from(*octets).ok()?),
            };
            Some(AltName::Ip(address))
        }
        _ => None,
    }
}

/// The pin of a public key: `sha256:` and the hexadecimal SHA-256 of its SubjectPublicKeyInfo
/// (kubeadm's `pubkeypin`; RFC 7469, 2.4).
#[must_use]
pub fn pin_of(public_key_der: &[u8]) -> String {
    format!("sha256:{}", hex(digest(&SHA256, public_key_der).as_ref()))
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.facts() {
            Ok(facts) => write!(f, "Certificate({}, until {})", facts.subject, facts.validity.not_after),
            Err(_) => f.write_str("Certificate(malformed)"),
        }
    }
}
