//! The encoding of certificates, each field set here (RFC 5280, 4.1).
//!
//! The TBSCertificate is declared here and not taken from a builder because the issuer must go in
//! byte for byte: every certificate library that models names re-encodes them, and an authority whose
//! subject has a multi-valued RDN or an unusual string type then no longer matches its leaves.

use std::net::IpAddr;
use std::sync::LazyLock;

use der::asn1::{AnyRef, BitStringRef, Ia5String, ObjectIdentifier, OctetString, UintRef};
use der::flagset::FlagSet;
use der::{Decode, Encode, Sequence, Tag};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    self as extensions, AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsages,
    SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::spki::AlgorithmIdentifierRef;
use x509_cert::time::Time;

use super::profile::{ExtendedUsage, KeyUsage};
use super::{KeyAlgorithm, PkiError};
use crate::net::SubjectAltNames;
use crate::time::{Timestamp, Validity};

#[derive(Sequence)]
struct TbsCertificate<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial: UintRef<'a>,
    signature: AlgorithmIdentifierRef<'a>,
    issuer: AnyRef<'a>,
    validity: ValidityDer,
    subject: AnyRef<'a>,
    public_key: AnyRef<'a>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: AnyRef<'a>,
}

#[derive(Sequence)]
struct ValidityDer {
    not_before: Time,
    not_after: Time,
}

#[derive(Sequence)]
struct SignedCertificate<'a> {
    tbs: AnyRef<'a>,
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

/// What stands in a certificate besides its signature.
pub(super) struct Content<'a> {
    pub(super) serial: &'a [u8],
    /// The issuer's Name, DER.
    pub(super) issuer: &'a [u8],
    pub(super) issuer_algorithm: KeyAlgorithm,
    pub(super) validity: Validity,
    /// The subject's Name, DER.
    pub(super) subject: &'a [u8],
    /// The SubjectPublicKeyInfo, DER.
    pub(super) public_key: &'a [u8],
    /// The extensions, DER, one after the other.
    pub(super) extensions: Vec<u8>,
}

const VERSION_3: u8 = 2;

impl Content<'_> {
    /// The DER of the TBSCertificate: what gets signed.
    pub(super) fn to_der(&self) -> Result<Vec<u8>, PkiError> {
        let encode = || -> der::Result<Vec<u8>> {
            TbsCertificate {
                version: VERSION_3,
                serial: UintRef::new(self.serial)?,
                signature: signature_algorithm(self.issuer_algorithm),
                issuer: AnyRef::from_der(self.issuer)?,
                validity: ValidityDer {
                    not_before: time(self.validity.not_before)?,
                    not_after: time(self.validity.not_after)?,
                },
                subject: AnyRef::from_der(self.subject)?,
                public_key: AnyRef::from_der(self.public_key)?,
                extensions: AnyRef::new(Tag::Sequence, &self.extensions)?,
            }
            .to_der()
        };
        encode().map_err(|_| PkiError::Encoding { what: "certificate" })
    }
}

/// The DER of a certificate: what was signed, and the signature.
pub(super) fn signed(tbs: &[u8], algorithm: KeyAlgorithm, signature: &[u8]) -> Result<Vec<u8>, PkiError> {
    let encode = || -> der::Result<Vec<u8>> {
        SignedCertificate {
            tbs: AnyRef::from_der(tbs)?,
            algorithm: signature_algorithm(algorithm),
            signature: BitStringRef::from_bytes(signature)?,
        }
        .to_der()
    };
    encode().map_err(|_| PkiError::Encoding { what: "certificate" })
}

pub(super) fn signature_algorithm(algorithm: KeyAlgorithm) -> AlgorithmIdentifierRef<'static> {
    // RSA has a NULL there (RFC 4055, 5), ECDSA nothing (RFC 5758, 3.2).
    AlgorithmIdentifierRef {
        oid: algorithm.signature_oid(),
        parameters: algorithm.is_rsa().then_some(AnyRef::NULL),
    }
}

/// UTCTime through 2049, GeneralizedTime after (RFC 5280, 4.1.2.5).
fn time(moment: Timestamp) -> der::Result<Time> {
    let seconds = u64::try_from(moment.unix()).map_err(|_| der::ErrorKind::DateTime)?;
    let since_epoch = std::time::Duration::from_secs(seconds);
    let date_time = der::DateTime::from_unix_duration(since_epoch)?;
    if date_time.year() < 2050 {
        Ok(Time::UtcTime(der::asn1::UtcTime::from_date_time(date_time)?))
    } else {
        Ok(Time::GeneralTime(der::asn1::GeneralizedTime::from_date_time(date_time)))
    }
}

/// What a leaf's key may do (RFC 5280, 4.2.1.3); with neither the extension is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeafKeyUsages {
    pub(crate) digital_signature: bool,
    pub(crate) key_encipherment: bool,
}

impl From<KeyUsage> for LeafKeyUsages {
    fn from(usage: KeyUsage) -> Self {
        Self { digital_signature: true, key_encipherment: usage == KeyUsage::SignatureAndEncipherment }
    }
}

/// The alternative names of a leaf, each kind in its own order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Names<'a> {
    pub(super) dns: &'a [String],
    pub(super) emails: &'a [String],
    pub(super) ips: &'a [IpAddr],
    pub(super) uris: &'a [String],
    /// RFC 5280, 4.2.1.6: where there is no subject beside them.
    pub(super) critical: bool,
}

impl<'a> From<&'a SubjectAltNames> for Names<'a> {
    fn from(names: &'a SubjectAltNames) -> Self {
        Self { dns: names.dns(), ips: names.ips(), ..Self::default() }
    }
}

/// The extensions of each extended usage: key usage, extended usage, CA:FALSE.
type OfUsages = [Result<Vec<u8>, PkiError>; 3];

/// Those that every leaf of a usage has, encoded once: for no key usage, each of the two, and both.
static OF_USAGES: LazyLock<[OfUsages; 4]> = LazyLock::new(|| {
    let (signature, encipherment) = (KeyUsages::DigitalSignature, KeyUsages::KeyEncipherment);
    [FlagSet::default(), signature.into(), encipherment.into(), signature | encipherment].map(of_usages)
});

fn of_usages(key_usages: FlagSet<KeyUsages>) -> OfUsages {
    // RFC 5280, 4.2.1.12
    const SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
    const CLIENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
    [vec![CLIENT], vec![SERVER], vec![SERVER, CLIENT]].map(|usages| {
        let mut encoded = Vec::new();
        if !key_usages.is_empty() {
            encoded.extend(extension(true, &extensions::KeyUsage(key_usages))?);
        }
        encoded.extend(extension(false, &ExtendedKeyUsage(usages))?);
        encoded.extend(extension(true, &BasicConstraints { ca: false, path_len_constraint: None })?);
        Ok(encoded)
    })
}

/// Upstream's extensions of a leaf: those of its usages, the authority's key, the names.
pub(super) fn leaf_extensions(
    usage: ExtendedUsage,
    key_usages: LeafKeyUsages,
    names: Names<'_>,
    authority_key: &[u8],
) -> Result<Vec<u8>, PkiError> {
    let [none, signature, encipherment, signature_and_encipherment] = &*OF_USAGES;
    let [client, server, both] = match (key_usages.digital_signature, key_usages.key_encipherment) {
        (false, false) => none,
        (true, false) => signature,
        (false, true) => encipherment,
        (true, true) => signature_and_encipherment,
    };
    let of_usage = match usage {
        ExtendedUsage::Client => client,
        ExtendedUsage::Server => server,
        ExtendedUsage::ServerAndClient => both,
    };
    let mut encoded = of_usage.clone()?;
    encoded.extend_from_slice(authority_key);
    let general_names = general_names(names)?;
    if !general_names.is_empty() {
        encoded.extend(extension(names.critical, &SubjectAltName(general_names))?);
    }
    Ok(encoded)
}

/// The extension by which a leaf names its authority's key; nothing where the authority has no id.
pub(super) fn authority_key_extension(key_id: Option<&[u8]>) -> Result<Vec<u8>, PkiError> {
    let Some(id) = key_id else { return Ok(Vec::new()) };
    let id = OctetString::new(id).map_err(|_| PkiError::Encoding { what: "extensions" })?;
    extension(false, &AuthorityKeyIdentifier { key_identifier: Some(id), ..Default::default() })
}

/// Upstream's extensions of an authority: the usages, CA:TRUE, its key's id and, as Kubernetes 1.22 and
/// later write it, the common name as a DNS name. Upstream sets no path length.
pub(super) fn authority_extensions(
    common_name: &str,
    key_id: &[u8],
    path_length: Option<u8>,
) -> Result<Vec<u8>, PkiError> {
    let usages = KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::KeyCertSign;
    let failed = |_| PkiError::Encoding { what: "extensions" };
    let mut encoded = extension(true, &extensions::KeyUsage(usages))?;
    encoded.extend(extension(true, &BasicConstraints { ca: true, path_len_constraint: path_length })?);
    encoded.extend(extension(false, &SubjectKeyIdentifier(OctetString::new(key_id).map_err(failed)?))?);
    if crate::name::is_dns1123_subdomain(common_name) {
        let name = GeneralName::DnsName(Ia5String::new(common_name).map_err(failed)?);
        encoded.extend(extension(false, &SubjectAltName(vec![name]))?);
    }
    Ok(encoded)
}

fn extension<T: Encode + der::oid::AssociatedOid>(critical: bool, value: &T) -> Result<Vec<u8>, PkiError> {
    let encode =
        || Extension { extn_id: T::OID, critical, extn_value: OctetString::new(value.to_der()?)? }.to_der();
    encode().map_err(|_| PkiError::Encoding { what: "extensions" })
}

/// DNS names, mail addresses, IP addresses, URIs: the order of Go's `marshalSANs` (`crypto/x509`).
pub(super) fn general_names(names: Names<'_>) -> Result<Vec<GeneralName>, PkiError> {
    let text = |value: &String, name: fn(Ia5String) -> GeneralName| {
        let unencodable = |_| PkiError::Unencodable {
            what: "subject alternative names",
            value: value.chars().take(64).collect(),
        };
        Ia5String::new(value).map(name).map_err(unencodable)
    };
    let dns = names.dns.iter().map(|name| text(name, GeneralName::DnsName));
    let emails = names.emails.iter().map(|address| text(address, GeneralName::Rfc822Name));
    let ips = names.ips.iter().map(|address| {
        // Go's To4: an IPv4 address in IPv6's form goes in as IPv4.
        let octets = match address.to_canonical() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let octets = OctetString::new(octets).map_err(|_| PkiError::Encoding { what: "extensions" })?;
        Ok(GeneralName::IpAddress(octets))
    });
    let uris = names.uris.iter().map(|uri| text(uri, GeneralName::UniformResourceIdentifier));
    dns.chain(emails).chain(ips).chain(uris).collect()
}
