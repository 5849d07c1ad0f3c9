//! Certificates: their bytes, and what stands in them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::SectionKind;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{CertificateFacts, PublicKey, SignatureCheck, X509Error, oid, pem};
use crate::shown::hex;
use crate::time::Validity;

/// A certificate: DER that was seen to decode, or that kboot encoded.
///
/// ```
/// # use kboot_core::{Env, pki::CertificateAuthority, x509::KeyAlgorithm};
/// let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut Env::system())?;
/// let facts = authority.certificate().facts();
/// assert_eq!(facts.subject, "CN=kubernetes");
/// assert!(facts.is_authority);
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    /// There from the start for one that was read; for one that was made, once somebody asks.
    facts: OnceLock<Arc<CertificateFacts>>,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Certificate {
    /// One that was just encoded: issuing many does not read each of them back.
    pub(crate) fn from_encoder(der: Vec<u8>) -> Self {
        Self { der, facts: OnceLock::new() }
    }

    /// Reads one certificate in DER.
    ///
    /// # Errors
    /// [`X509Error::MalformedCertificate`] for anything else, trailing bytes included;
    /// [`X509Error::MalformedExtension`] where an extension is damaged or stands twice.
    pub fn from_der(der: Vec<u8>) -> Result<Self, X509Error> {
        let facts = Arc::new(CertificateFacts::of(&parse(&der)?)?);
        Ok(Self { der, facts: OnceLock::from(facts) })
    }

    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// [`X509Error::NoCertificate`] without a `CERTIFICATE` block,
    /// [`X509Error::MalformedCertificate`] where its content is not one.
    pub fn from_pem(text: &[u8]) -> Result<Self, X509Error> {
        let sections = pem::sections(text)?;
        let found = sections.into_iter().find(|(kind, _)| *kind == SectionKind::Certificate);
        let (_, der) = found.ok_or(X509Error::NoCertificate)?;
        Self::from_der(der.to_vec())
    }

    /// Reads every certificate of a PEM text, at least one.
    ///
    /// # Errors
    /// As [`Certificate::from_pem`].
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, X509Error> {
        let sections = pem::sections(text)?.into_iter();
        let certificates = sections.filter(|(kind, _)| *kind == SectionKind::Certificate);
        let all = certificates.map(|(_, der)| Self::from_der(der.to_vec())).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() { Err(X509Error::NoCertificate) } else { Ok(all) }
    }

    /// How many certificates a PEM text has.
    pub(crate) fn count_in_pem(text: &[u8]) -> Result<usize, X509Error> {
        let sections = pem::sections(text)?;
        Ok(sections.iter().filter(|(kind, _)| *kind == SectionKind::Certificate).count())
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
    #[must_use]
    pub fn facts(&self) -> &CertificateFacts {
        self.facts.get_or_init(|| Arc::new(self.read()))
    }

    /// The period of validity, without keeping the facts: a build lists thousands of certificates.
    pub(crate) fn validity(&self) -> Validity {
        self.facts.get().map_or_else(|| self.read().validity, |facts| facts.validity)
    }

    /// Whether the key is the one that it certifies, without keeping the facts, as [`Certificate::validity`].
    pub(crate) fn certifies(&self, key: &PublicKey) -> bool {
        match self.facts.get() {
            Some(facts) => facts.public_key == *key,
            None => parse(&self.der).is_ok_and(|parsed| parsed.tbs_certificate.subject_pki.raw == key.der()),
        }
    }

    fn read(&self) -> CertificateFacts {
        let read = parse(&self.der).and_then(|parsed| CertificateFacts::of(&parsed));
        read.unwrap_or_else(|_| CertificateFacts::unreadable())
    }

    /// The DER of the part that is signed.
    pub(crate) fn to_be_signed(&self) -> Vec<u8> {
        parse(&self.der).map(|parsed| parsed.tbs_certificate.as_ref().to_vec()).unwrap_or_default()
    }

    /// Whether the signature was made by the key of `issuer`; no for algorithms that kboot does not know.
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        let Ok(parsed) = parse(&self.der) else { return false };
        let Some(algorithm) = oid::from_bytes(parsed.signature_algorithm.algorithm.as_bytes()) else {
            return false;
        };
        let (message, signature) = (parsed.tbs_certificate.as_ref(), &parsed.signature_value.data);
        let key = &issuer.facts().public_key;
        key.check_signature(algorithm, None, message, signature) == SignatureCheck::Valid
    }
}

impl PublicKey {
    /// Reads the first block of a PEM text: a public key, or a certificate that has one.
    ///
    /// # Errors
    /// [`X509Error::Pem`] for a block of another kind, [`X509Error`] where it is damaged.
    pub fn from_pem(text: &[u8]) -> Result<Self, X509Error> {
        match pem::sections(text)?.into_iter().next() {
            Some((SectionKind::Certificate, der)) => {
                Ok(Certificate::from_der(der.to_vec())?.facts().public_key.clone())
            }
            Some((SectionKind::PublicKey, der)) => Self::from_section(&der),
            _ => Err(X509Error::Pem { problem: "expected a block PUBLIC KEY or CERTIFICATE" }),
        }
    }
}

/// The DER, as [`Certificate::der`] gives it.
impl AsRef<[u8]> for Certificate {
    fn as_ref(&self) -> &[u8] {
        &self.der
    }
}

/// rustls takes its chains in this type, and gives its peers' certificates in it.
///
/// ```
/// # use kboot_core::{Env, pki::CertificateAuthority, x509::KeyAlgorithm};
/// use kboot_core::x509::Certificate;
/// use rustls_pki_types::CertificateDer;
/// # let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut Env::system())?;
/// # let certificate = authority.certificate().clone();
/// let der = CertificateDer::from(certificate.clone());
/// assert_eq!(Certificate::try_from(&der)?, certificate);
/// # Ok::<(), kboot_core::Error>(())
/// ```
impl From<Certificate> for CertificateDer<'static> {
    fn from(certificate: Certificate) -> Self {
        certificate.der.into()
    }
}

impl TryFrom<CertificateDer<'_>> for Certificate {
    type Error = X509Error;

    /// # Errors
    /// As [`Certificate::from_der`].
    fn try_from(der: CertificateDer<'_>) -> Result<Self, X509Error> {
        Self::try_from(&der)
    }
}

impl TryFrom<&CertificateDer<'_>> for Certificate {
    type Error = X509Error;

    /// # Errors
    /// As [`Certificate::from_der`].
    fn try_from(der: &CertificateDer<'_>) -> Result<Self, X509Error> {
        Self::from_der(der.to_vec())
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, X509Error> {
    match X509Certificate::from_der(der) {
        Ok(([], parsed)) => Ok(parsed),
        _ => Err(X509Error::MalformedCertificate),
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = self.facts();
        write!(f, "Certificate({}, until {})", facts.subject, facts.validity.not_after)
    }
}
