//! The encoding of certificates, each field set here (RFC 5280, 4.1).
//!
//! The TBSCertificate is declared here and not taken from a builder because the issuer must go in
//! byte for byte: every certificate library that models names re-encodes them, and an authority whose
//! subject has a multi-valued RDN or an unusual string type then no longer matches its leaves.

use std::net::IpAddr;
use std::sync::LazyLock;

use der::asn1::{AnyRef, BitStringRef, Ia5String, OctetString, UintRef};
use der::flagset::FlagSet;
use der::{Decode, Encode, Sequence, Tag};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName as Encoded;
use x509_cert::ext::pkix::{
    self as extensions, AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsages,
    SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::spki::AlgorithmIdentifierRef;
use x509_cert::time::Time;

use super::oid::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};
use super::{KeyUsage, SignatureAlgorithm, SubjectAltNames, TlsUsage, X509Error};
use crate::shown::excerpt;
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
pub(crate) struct Content<'a> {
    pub(crate) serial: &'a [u8],
    /// The issuer's Name, DER.
    pub(crate) issuer: &'a [u8],
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) validity: Validity,
    /// The subject's Name, DER.
    pub(crate) subject: &'a [u8],
    /// The SubjectPublicKeyInfo, DER.
    pub(crate) public_key: &'a [u8],
    /// The extensions, DER, one after the other.
    pub(crate) extensions: Vec<u8>,
}

const VERSION_3: u8 = 2;

impl Content<'_> {
    /// The DER of the TBSCertificate: what gets signed.
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, X509Error> {
        let encode = || -> der::Result<Vec<u8>> {
            TbsCertificate {
                version: VERSION_3,
                serial: UintRef::new(self.serial)?,
                signature: self.algorithm.identifier(),
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
        encode().map_err(|_| X509Error::Encoding { what: "certificate" })
    }
}

/// The DER of a certificate: what was signed, and the signature.
pub(crate) fn signed(
    tbs: &[u8],
    algorithm: SignatureAlgorithm,
    signature: &[u8],
) -> Result<Vec<u8>, X509Error> {
    let encode = || -> der::Result<Vec<u8>> {
        SignedCertificate {
            tbs: AnyRef::from_der(tbs)?,
            algorithm: algorithm.identifier(),
            signature: BitStringRef::from_bytes(signature)?,
        }
        .to_der()
    };
    encode().map_err(|_| X509Error::Encoding { what: "certificate" })
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

/// The extensions of each extended usage: key usage, extended usage, CA:FALSE.
type OfUsages = [Result<Vec<u8>, X509Error>; 3];

/// Those that every leaf of a usage has, encoded once: for no key usage, each of the two, and both.
static OF_USAGES: LazyLock<[OfUsages; 4]> = LazyLock::new(|| KEY_USAGES.map(of_usages));

/// The key usages of leaves.
const KEY_USAGES: [KeyUsage; 4] = [
    KeyUsage::NONE,
    KeyUsage::DIGITAL_SIGNATURE,
    KeyUsage::KEY_ENCIPHERMENT,
    KeyUsage::SIGNATURE_AND_ENCIPHERMENT,
];

fn of_usages(key_usage: KeyUsage) -> OfUsages {
    let (client, server) = (ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH);
    let mut bits = FlagSet::default();
    if key_usage.contains(KeyUsage::DIGITAL_SIGNATURE) {
        bits |= KeyUsages::DigitalSignature;
    }
    if key_usage.contains(KeyUsage::KEY_ENCIPHERMENT) {
        bits |= KeyUsages::KeyEncipherment;
    }
    [vec![client], vec![server], vec![server, client]].map(|usages| {
        let mut encoded = Vec::new();
        if !bits.is_empty() {
            encoded.extend(extension(true, &extensions::KeyUsage(bits))?);
        }
        encoded.extend(extension(false, &ExtendedKeyUsage(usages))?);
        encoded.extend(extension(true, &BasicConstraints { ca: false, path_len_constraint: None })?);
        Ok(encoded)
    })
}

/// The extensions of a leaf: those of its usages, the authority's key, the names; of the key usages, digital
/// signature and key encipherment alone. `critical` says whether who does not understand the names must refuse
/// it (RFC 5280, 4.2.1.6: where there is no subject beside them).
pub(crate) fn leaf_extensions(
    usage: TlsUsage,
    key_usage: KeyUsage,
    names: &SubjectAltNames,
    critical: bool,
    authority_key: &[u8],
) -> Result<Vec<u8>, X509Error> {
    let [none, signature, encipherment, both] = &*OF_USAGES;
    let has = |bit| key_usage.contains(bit);
    let of_key_usage = match (has(KeyUsage::DIGITAL_SIGNATURE), has(KeyUsage::KEY_ENCIPHERMENT)) {
        (false, false) => none,
        (true, false) => signature,
        (false, true) => encipherment,
        (true, true) => both,
    };
    let [client, server, both] = of_key_usage;
    let of_usage = match usage {
        TlsUsage::Client => client,
        TlsUsage::Server => server,
        TlsUsage::ServerAndClient => both,
    };
    let mut encoded = of_usage.clone()?;
    encoded.extend_from_slice(authority_key);
    let general_names = general_names(names)?;
    if !general_names.is_empty() {
        encoded.extend(extension(critical, &SubjectAltName(general_names))?);
    }
    Ok(encoded)
}

/// The extension by which a leaf names its authority's key; nothing where the authority has no id.
pub(crate) fn authority_key_extension(key_id: Option<&[u8]>) -> Result<Vec<u8>, X509Error> {
    let Some(id) = key_id else { return Ok(Vec::new()) };
    let id = OctetString::new(id).map_err(|_| X509Error::Encoding { what: "extensions" })?;
    extension(false, &AuthorityKeyIdentifier { key_identifier: Some(id), ..Default::default() })
}

/// The extensions of an authority: its key's usages, CA:TRUE, its key's id and, where one is given, a DNS name.
pub(crate) fn authority_extensions(
    dns_name: Option<&str>,
    key_id: &[u8],
    path_length: Option<u8>,
) -> Result<Vec<u8>, X509Error> {
    let usages = KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::KeyCertSign;
    let failed = |_| X509Error::Encoding { what: "extensions" };
    let mut encoded = extension(true, &extensions::KeyUsage(usages))?;
    encoded.extend(extension(true, &BasicConstraints { ca: true, path_len_constraint: path_length })?);
    encoded.extend(extension(false, &SubjectKeyIdentifier(OctetString::new(key_id).map_err(failed)?))?);
    if let Some(name) = dns_name {
        let name = Encoded::DnsName(Ia5String::new(name).map_err(failed)?);
        encoded.extend(extension(false, &SubjectAltName(vec![name]))?);
    }
    Ok(encoded)
}

fn extension<T: Encode + der::oid::AssociatedOid>(critical: bool, value: &T) -> Result<Vec<u8>, X509Error> {
    let encode =
        || Extension { extn_id: T::OID, critical, extn_value: OctetString::new(value.to_der()?)? }.to_der();
    encode().map_err(|_| X509Error::Encoding { what: "extensions" })
}

/// DNS names, mail addresses, IP addresses, URIs: the order of Go's `marshalSANs` (`crypto/x509`).
pub(crate) fn general_names(names: &SubjectAltNames) -> Result<Vec<Encoded>, X509Error> {
    let text = |value: &String, name: fn(Ia5String) -> Encoded| {
        let unencodable =
            |_| X509Error::Unencodable { what: "subject alternative names", value: excerpt(value) };
        Ia5String::new(value).map(name).map_err(unencodable)
    };
    let dns = names.dns().iter().map(|name| text(name, Encoded::DnsName));
    let emails = names.emails().iter().map(|address| text(address, Encoded::Rfc822Name));
    let ips = names.ips().iter().map(|address| {
        // Go's To4: an IPv4 address in IPv6's form goes in as IPv4.
        let octets = match address.to_canonical() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let octets = OctetString::new(octets).map_err(|_| X509Error::Encoding { what: "extensions" })?;
        Ok(Encoded::IpAddress(octets))
    });
    let uris = names.uris().iter().map(|uri| text(uri, Encoded::UniformResourceIdentifier));
    dns.chain(emails).chain(ips).chain(uris).collect()
}
