//! PKCS#10 (RFC 2986) from PEM or DER into facts, nothing merged and nothing dropped.
//!
//! The walk over the DER is our own, on RustCrypto's strict reader: every library type for a request
//! merges attributes, decodes what it knows and drops the rest, and what a reader drops is where a
//! request for `system:masters` hides.

use std::net::IpAddr;

use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::{Class, Decode, Encode, Reader, SliceReader, Tag, Tagged};
use x509_cert::ext::pkix::{self, BasicConstraints, SubjectKeyIdentifier};

use super::{CertificateRequest, ExtensionContent, RequestAttribute, RequestedExtension};
use crate::x509::limits::{MAX_PARTS, MAX_REQUEST_BYTES};
use crate::x509::tlv::{fields, identifier, members, open, parts};
use crate::x509::{
    DistinguishedName, EncodingAnomaly, ExtendedKeyUsage, GeneralName, KeyUsage, ObjectIdentifier, PublicKey,
    RequestError, oid,
};

/// The request in the first TLV of `der`.
pub(super) fn request(
    der: Vec<u8>,
    mut anomalies: Vec<EncodingAnomaly>,
) -> Result<CertificateRequest, RequestError> {
    if der.len() > MAX_REQUEST_BYTES {
        return Err(RequestError::TooLarge { bytes: der.len() });
    }
    let malformed = |_| RequestError::Malformed;
    let mut reader = SliceReader::new(&der).map_err(malformed)?;
    let whole = reader.tlv_bytes().map_err(malformed)?;
    if whole.len() < der.len() {
        anomalies.push(EncodingAnomaly::TrailingBytes);
    }
    let [signed_part, algorithm, signature] = fields(open(whole, Tag::Sequence)?)?;
    let [version, subject_der, key_der, attributes] = fields(open(signed_part, Tag::Sequence)?)?;
    if open(version, Tag::Integer)? != [0] {
        anomalies.push(EncodingAnomaly::UnknownVersion);
    }
    let public_key = PublicKey::from_der(key_der)?;
    let signature = BitStringRef::from_der(signature).map_err(malformed)?;
    let signature = signature.as_bytes().ok_or(RequestError::Malformed)?;
    let (algorithm, parameters) = match parts(open(algorithm, Tag::Sequence)?)?.as_slice() {
        [oid] => (identifier(oid)?, None),
        [oid, parameters] => (identifier(oid)?, Some(*parameters)),
        _ => return Err(RequestError::Malformed),
    };
    let signature = public_key.check_signature(algorithm, parameters, signed_part, signature);
    let subject = DistinguishedName::from_der(subject_der)?;
    let (attributes, extensions) = attributes_and_extensions(attributes)?;
    Ok(CertificateRequest { subject, public_key, attributes, extensions, signature, anomalies, der })
}

fn attributes_and_extensions(
    tlv: &[u8],
) -> Result<(Vec<RequestAttribute>, Vec<RequestedExtension>), RequestError> {
    let tagged = AnyRef::from_der(tlv).map_err(|_| RequestError::Malformed)?;
    if !is_context(tagged, 0) || !tagged.tag().is_constructed() {
        return Err(RequestError::Malformed);
    }
    let (mut attributes, mut extensions) = (Vec::new(), Vec::new());
    for attribute in members(tagged.value())? {
        let [oid, values] = fields(open(attribute, Tag::Sequence)?)?;
        let (oid, values) = (identifier(oid)?, open(values, Tag::Set)?);
        if oid == oid::EXTENSION_REQUEST {
            for list in members(values)? {
                for extension in parts(open(list, Tag::Sequence)?)? {
                    extensions.push(requested_extension(extension)?);
                }
            }
        }
        if extensions.len() > MAX_PARTS {
            return Err(RequestError::TooManyNames { limit: MAX_PARTS });
        }
        let values = parts(values)?.into_iter().map(<[u8]>::to_vec).collect();
        attributes.push(RequestAttribute { oid, values });
    }
    Ok((attributes, extensions))
}

fn requested_extension(tlv: &[u8]) -> Result<RequestedExtension, RequestError> {
    let (oid, critical, value) = match parts(open(tlv, Tag::Sequence)?)?.as_slice() {
        [oid, value] => (*oid, false, *value),
        // X.690, 11.5: a default is not encoded, so the boolean that stands there is TRUE.
        [oid, critical, value] if open(critical, Tag::Boolean)? == [0xff] => (*oid, true, *value),
        _ => return Err(RequestError::Malformed),
    };
    let oid = identifier(oid)?;
    let value = <&OctetStringRef>::from_der(value).map_err(|_| RequestError::Malformed)?.as_bytes();
    let content = match extension_content(oid, value) {
        Err(error @ RequestError::TooManyNames { .. }) => return Err(error),
        Err(_) => ExtensionContent::Malformed,
        Ok(content) => content,
    };
    Ok(RequestedExtension { oid, critical, value: value.to_vec(), content })
}

fn extension_content(oid: ObjectIdentifier, value: &[u8]) -> Result<ExtensionContent, RequestError> {
    Ok(match oid {
        oid::ID_CE_SUBJECT_ALT_NAME => {
            let names = parts(open(value, Tag::Sequence)?)?;
            if names.is_empty() {
                return Err(RequestError::Malformed);
            }
            let names = names.into_iter().map(general_name).collect::<Result<_, _>>()?;
            ExtensionContent::AlternativeNames(names)
        }
        oid::ID_CE_KEY_USAGE => {
            let usages = KeyUsage::of_bits(strict::<pkix::KeyUsage>(value)?.0.bits());
            // At least one bit is set (RFC 5280, 4.2.1.3).
            if usages.is_empty() {
                return Err(RequestError::Malformed);
            }
            ExtensionContent::KeyUsages(usages)
        }
        oid::ID_CE_EXT_KEY_USAGE => {
            let usages = strict::<pkix::ExtendedKeyUsage>(value)?;
            // SEQUENCE SIZE (1..MAX) (RFC 5280, 4.2.1.12)
            if usages.0.is_empty() || !usages.0.iter().all(oid::has_one_text) {
                return Err(RequestError::Malformed);
            }
            ExtensionContent::ExtendedKeyUsages(usages.0.into_iter().map(ExtendedKeyUsage::of_oid).collect())
        }
        oid::ID_CE_BASIC_CONSTRAINTS => {
            let constraints = strict::<BasicConstraints>(value)?;
            // RFC 5280, 4.2.1.9: a path length means something for an authority alone.
            if !constraints.ca && constraints.path_len_constraint.is_some() {
                return Err(RequestError::Malformed);
            }
            ExtensionContent::BasicConstraints { is_authority: constraints.ca }
        }
        oid::ID_CE_SUBJECT_KEY_IDENTIFIER => {
            strict::<SubjectKeyIdentifier>(value)?;
            ExtensionContent::SubjectKeyIdentifier
        }
        _ => ExtensionContent::Unknown,
    })
}

/// A value that is written as DER would write it: no default spelt out (X.690, 11.5), no zeros at the end of a
/// list of bits (11.2.2).
fn strict<'a, T: Decode<'a> + Encode>(value: &'a [u8]) -> Result<T, RequestError> {
    let read = T::from_der(value).map_err(|_| RequestError::Malformed)?;
    if read.to_der().is_ok_and(|written| written == value) { Ok(read) } else { Err(RequestError::Malformed) }
}

/// GeneralName (RFC 5280, 4.2.1.6).
fn general_name(tlv: &[u8]) -> Result<GeneralName, RequestError> {
    let any = AnyRef::from_der(tlv).map_err(|_| RequestError::Malformed)?;
    let (value, constructed) = (any.value(), any.tag().is_constructed());
    if any.tag().class() != Class::ContextSpecific {
        return Err(RequestError::Malformed);
    }
    // IA5String
    let text = || match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(RequestError::Malformed),
    };
    Ok(match (any.tag().number().value(), constructed) {
        (0, true) => {
            let [oid, _] = fields(value)?;
            GeneralName::OtherName { oid: identifier(oid)?, value: value.to_vec() }
        }
        (1, false) => GeneralName::Email(text()?),
        (2, false) => GeneralName::Dns(text()?),
        (3, true) => GeneralName::X400Address(value.to_vec()),
        (4, true) => GeneralName::DirectoryName(value.to_vec()),
        (5, true) => GeneralName::EdiPartyName(value.to_vec()),
        (6, false) => GeneralName::Uri(text()?),
        (7, false) => match <[u8; 4]>::try_from(value) {
            Ok(octets) => GeneralName::Ip(IpAddr::from(octets)),
            Err(_) => match <[u8; 16]>::try_from(value) {
                Ok(octets) => GeneralName::Ip(IpAddr::from(octets)),
                Err(_) => GeneralName::InvalidIp(value.to_vec()),
            },
        },
        (8, false) => {
            let oid = oid::from_bytes(value);
            GeneralName::RegisteredId(oid.ok_or(RequestError::Malformed)?)
        }
        _ => return Err(RequestError::Malformed),
    })
}

fn is_context(any: AnyRef<'_>, number: u32) -> bool {
    any.tag().class() == Class::ContextSpecific && any.tag().number().value() == number
}
