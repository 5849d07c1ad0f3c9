//! Certificates: their bytes, and what stands in them.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use rustls_pki_types::pem::SectionKind;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

use super::PkiError;
use super::extensions::{ANY, CERT_SIGN, CLIENT_AUTH, Extensions, SERVER_AUTH};
use super::pem;
use crate::net::SubjectAltNames;
use crate::shown::escaped;
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
    /// Alternative names of other kinds, for people.
    pub other_names: Vec<String>,
    /// The key usages, in the words of `certificates.k8s.io`; none where the extension is missing.
    pub key_usages: Option<Vec<&'static str>>,
    /// The extended usages in the same words, or as object identifiers; none where the extension is
    /// missing.
    pub extended_usages: Option<Vec<String>>,
    /// Whether the basic constraints say CA:TRUE.
    pub is_authority: bool,
    /// Whether the key usage, where there is one, allows signing certificates.
    pub may_sign_certificates: bool,
    /// Whether, as an authority, it is limited to some names or to less than servers and clients.
    pub is_constrained: bool,
    /// How many authorities may stand between it and a leaf, where that is limited.
    pub path_length: Option<u32>,
    /// The issuer, for people.
    pub issuer: String,
    /// The kind and size of the key, for people: `ECDSA P-256`, `RSA 2048`.
    pub key: String,
    /// The values of 1.3.6.1.4.1.57683.2, which Kubernetes 1.33 and later takes for the user's UID.
    pub uids: Vec<String>,
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
        let moment = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_unix(time.timestamp()).map_err(|_| PkiError::MalformedCertificate)
        };
        let Extensions {
            alt_names,
            other_names,
            is_authority,
            path_length,
            is_constrained,
            key_usages,
            extended_usages,
            key_id,
        } = Extensions::read(parsed.extensions().iter())?;
        Ok(CertificateFacts {
            subject: readable_name(parsed.subject()),
            common_name: common_name(parsed.subject()),
            organizations: organizations(parsed.subject()),
            validity: Validity {
                not_before: moment(parsed.validity().not_before)?,
                not_after: moment(parsed.validity().not_after)?,
            },
            alt_names,
            other_names,
            is_authority,
            may_sign_certificates: key_usages.as_ref().is_none_or(|usages| usages.contains(&CERT_SIGN)),
            key_usages,
            extended_usages,
            is_constrained,
            path_length,
            issuer: readable_name(parsed.issuer()),
            key: key_kind(parsed.public_key()),
            uids: texts(parsed.subject(), &UID),
            subject_der: parsed.subject().as_raw().to_vec(),
            issuer_der: parsed.issuer().as_raw().to_vec(),
            public_key_der: parsed.public_key().raw.to_vec(),
            key_id,
            serial: parsed.tbs_certificate.serial.to_bytes_be(),
        })
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
        Ok(is_signature_of(
            issuer.public_key(),
            &parsed.signature_algorithm.algorithm.to_id_string(),
            parsed.tbs_certificate.as_ref(),
            &parsed.signature_value.data,
        ))
    }

    fn parse(&self) -> Result<X509Certificate<'_>, PkiError> {
        match X509Certificate::from_der(&self.der) {
            Ok(([], parsed)) => Ok(parsed),
            _ => Err(PkiError::MalformedCertificate),
        }
    }
}

impl CertificateFacts {
    /// Whether it is good for a client, as Go's verifier sees it: extended usages that are not there, or
    /// `any`, allow everything.
    #[must_use]
    pub fn allows_client(&self) -> bool {
        self.allows(CLIENT_AUTH)
    }

    /// Whether it is good for a server, in the same sense.
    #[must_use]
    pub fn allows_server(&self) -> bool {
        self.allows(SERVER_AUTH)
    }

    fn allows(&self, usage: &str) -> bool {
        let usages = self.extended_usages.as_ref();
        usages.is_none_or(|usages| usages.iter().any(|allowed| allowed == usage || allowed == ANY))
    }

    /// The serial number in hexadecimal.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        hex(&self.serial)
    }

    /// Who may use the certificate in Kubernetes, and as what, for people.
    ///
    /// A client is what kube-apiserver's authenticator makes of it once the authority is one of its own
    /// (`apiserver/pkg/authentication/request/x509/x509.go`): the last common name is the user, each
    /// organization a group.
    #[must_use]
    pub fn uses(&self) -> Vec<String> {
        if self.is_authority {
            return vec![if self.may_sign_certificates {
                "certificate authority".to_owned()
            } else {
                "nobody: it is an authority whose key usage has no cert sign".to_owned()
            }];
        }
        let mut uses = Vec::new();
        if self.allows_client() {
            uses.push(self.client_use());
        }
        if self.allows_server() {
            uses.push(if self.alt_names.is_empty() {
                "server for nobody: it has no alternative names, and clients ignore the common name"
                    .to_owned()
            } else {
                format!("server for {}", escaped(&self.alt_names.to_string()))
            });
        }
        if uses.is_empty() {
            uses.push("nobody: its extended usages are neither client auth nor server auth".to_owned());
        }
        uses
    }

    fn client_use(&self) -> String {
        if self.common_name.is_empty() {
            return "client of nobody's: without a common name, kube-apiserver knows no user".to_owned();
        }
        let mut text = format!("client of kube-apiserver as {}", escaped(&self.common_name));
        match self.uids.as_slice() {
            [] => {}
            [uid] if !uid.is_empty() => text += &format!(" with UID {}", escaped(uid)),
            _ => {
                return "client of nobody's: kube-apiserver refuses several UIDs and an empty one".to_owned();
            }
        }
        if !self.organizations.is_empty() {
            text += &format!(" in {}", escaped(&self.organizations.join(", ")));
        }
        text
    }
}

/// Upstream's `apiserver/pkg/authentication/request/x509/x509.go`
const UID: x509_parser::oid_registry::Oid<'static> = x509_parser::der_parser::oid!(1.3.6.1.4.1.57683.2);

fn texts(name: &X509Name<'_>, oid: &x509_parser::oid_registry::Oid<'_>) -> Vec<String> {
    name.iter_by_oid(oid)
        .map(|attribute| attribute.as_str().map_or_else(|_| String::from("?"), str::to_owned))
        .collect()
}

/// The last common name, which is the one that Go and so the API server takes.
pub(super) fn common_name(name: &X509Name<'_>) -> String {
    texts(name, &x509_parser::oid_registry::OID_X509_COMMON_NAME).pop().unwrap_or_default()
}

pub(super) fn organizations(name: &X509Name<'_>) -> Vec<String> {
    texts(name, &x509_parser::oid_registry::OID_X509_ORGANIZATION_NAME)
}

/// A name for people, on one line whatever stands in it.
pub(super) fn readable_name(name: &X509Name<'_>) -> String {
    escaped(&name.to_string())
}

/// The kind and size of a key, for people.
pub(super) fn key_kind(key: &SubjectPublicKeyInfo<'_>) -> String {
    let algorithm = key.algorithm.algorithm.to_id_string();
    match (algorithm.as_str(), key.parsed()) {
        (_, Ok(PublicKey::RSA(rsa))) => format!("RSA {}", rsa.key_size()),
        (_, Ok(PublicKey::EC(_))) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            match curve.map(|curve| curve.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => "ECDSA P-256".to_owned(),
                Some("1.3.132.0.34") => "ECDSA P-384".to_owned(),
                Some("1.3.132.0.35") => "ECDSA P-521".to_owned(),
                Some(other) => format!("ECDSA on {other}"),
                None => "ECDSA on a curve of its own".to_owned(),
            }
        }
        ("1.3.101.112", _) => "Ed25519".to_owned(),
        (other, _) => format!("algorithm {other}"),
    }
}

/// Whether the signature was made by this key; no for algorithms that kboot does not know.
pub(super) fn is_signature_of(
    key: &SubjectPublicKeyInfo<'_>,
    algorithm: &str,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let algorithm: &dyn VerificationAlgorithm = match algorithm {
        "1.2.840.10045.4.3.2" => &ECDSA_P256_SHA256_ASN1,
        "1.2.840.10045.4.3.3" => &ECDSA_P384_SHA384_ASN1,
        "1.2.840.113549.1.1.11" => &RSA_PKCS1_2048_8192_SHA256,
        "1.2.840.113549.1.1.12" => &RSA_PKCS1_2048_8192_SHA384,
        "1.2.840.113549.1.1.13" => &RSA_PKCS1_2048_8192_SHA512,
        _ => return false,
    };
    let key = UnparsedPublicKey::new(algorithm, &key.subject_public_key.data);
    key.verify(message, signature).is_ok()
}

/// The SubjectPublicKeyInfo, DER, of the first block of a PEM text: a public key, or a certificate.
pub(crate) fn public_key_from_pem(text: &[u8]) -> Result<Vec<u8>, PkiError> {
    match pem::sections(text)?.into_iter().next() {
        Some((SectionKind::Certificate, der)) => {
            Ok(Certificate::from_der(der.to_vec())?.facts()?.public_key_der)
        }
        Some((SectionKind::PublicKey, der)) => match SubjectPublicKeyInfo::from_der(&der) {
            Ok(([], _)) => Ok(der.to_vec()),
            _ => Err(PkiError::Pem { problem: "its PUBLIC KEY is not one" }),
        },
        _ => Err(PkiError::Pem { problem: "expected a block PUBLIC KEY or CERTIFICATE" }),
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
