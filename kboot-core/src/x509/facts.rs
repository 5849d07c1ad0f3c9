//! What a certificate says.

use x509_parser::prelude::X509Certificate;

use super::extensions::Extensions;
use super::name::readable_name;
use super::{
    DistinguishedName, ExtendedKeyUsage, KeyUsage, ObjectIdentifier, PublicKey, SubjectAltNames, X509Error,
    oid,
};
use crate::shown::hex;
use crate::time::{Timestamp, Validity};

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
    /// The key usages; none where the extension is missing.
    pub key_usages: Option<KeyUsage>,
    /// The extended usages; none where the extension is missing.
    pub extended_usages: Option<Vec<ExtendedKeyUsage>>,
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
    /// The subject, attribute by attribute.
    pub subject_name: DistinguishedName,
    /// The issuer, attribute by attribute.
    pub issuer_name: DistinguishedName,
    /// The key.
    pub public_key: PublicKey,
    /// The subject key identifier, where there is one.
    pub key_id: Option<Vec<u8>>,
    /// The serial number, big-endian, without leading zeros.
    pub serial: Vec<u8>,
}

impl CertificateFacts {
    /// Those of what nobody can read: they name nobody, and were never valid.
    pub(super) fn unreadable() -> Self {
        Self {
            subject: String::new(),
            common_name: String::new(),
            organizations: Vec::new(),
            validity: Validity { not_before: Timestamp::EPOCH, not_after: Timestamp::EPOCH },
            alt_names: SubjectAltNames::default(),
            other_names: Vec::new(),
            key_usages: Some(KeyUsage::NONE),
            extended_usages: Some(Vec::new()),
            is_authority: false,
            may_sign_certificates: false,
            is_constrained: true,
            path_length: None,
            issuer: String::new(),
            subject_name: DistinguishedName::empty(),
            issuer_name: DistinguishedName::empty(),
            public_key: PublicKey::unreadable(),
            key_id: None,
            serial: Vec::new(),
        }
    }

    /// Everything that a certificate says, from its parsed form.
    pub(super) fn of(parsed: &X509Certificate<'_>) -> Result<Self, X509Error> {
        let moment = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_unix(time.timestamp()).map_err(|_| X509Error::MalformedCertificate)
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
        let subject_name = DistinguishedName::of_certificate(parsed.subject());
        Ok(Self {
            subject: readable_name(parsed.subject()),
            common_name: texts(&subject_name, oid::COMMON_NAME).pop().unwrap_or_default(),
            organizations: texts(&subject_name, oid::ORGANIZATION),
            validity: Validity {
                not_before: moment(parsed.validity().not_before)?,
                not_after: moment(parsed.validity().not_after)?,
            },
            alt_names,
            other_names,
            is_authority,
            may_sign_certificates: key_usages.is_none_or(|usages| usages.contains(KeyUsage::CERT_SIGN)),
            key_usages,
            extended_usages,
            is_constrained,
            path_length,
            issuer: readable_name(parsed.issuer()),
            subject_name,
            issuer_name: DistinguishedName::of_certificate(parsed.issuer()),
            public_key: PublicKey::of_certificate(parsed.public_key()),
            key_id,
            serial: parsed.tbs_certificate.serial.to_bytes_be(),
        })
    }

    /// Whether the certificate is good for a client, as Go's verifier sees it: extended usages that are not there, or
    /// `any`, allow everything.
    #[must_use]
    pub fn allows_client(&self) -> bool {
        self.allows(&ExtendedKeyUsage::ClientAuth)
    }

    /// Whether the certificate is good for a server, as Go's verifier sees it.
    #[must_use]
    pub fn allows_server(&self) -> bool {
        self.allows(&ExtendedKeyUsage::ServerAuth)
    }

    fn allows(&self, usage: &ExtendedKeyUsage) -> bool {
        let usages = self.extended_usages.as_ref();
        usages.is_none_or(|usages| {
            usages.iter().any(|allowed| allowed == usage || *allowed == ExtendedKeyUsage::Any)
        })
    }

    /// The serial number in hexadecimal.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        hex(&self.serial)
    }
}

/// The values of one type, `?` for one that is not a text.
fn texts(name: &DistinguishedName, oid: ObjectIdentifier) -> Vec<String> {
    let of_type = name.attributes().filter(|attribute| attribute.oid == oid);
    of_type.map(|attribute| attribute.text.as_deref().unwrap_or("?").to_owned()).collect()
}
