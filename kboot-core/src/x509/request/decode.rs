//! PKCS#10 (RFC 2986) from PEM or DER into facts, nothing merged and nothing dropped.
//!
//! The walk over the DER is our own, on RustCrypto's strict reader: every library type for a request
//! merges attributes, decodes what it knows and drops the rest, and what a reader drops is where a
//! request for `system:masters` hides.

use std::net::IpAddr;

use der::asn1::BitStringRef;
use der::{Class, Decode, Encode, Tag};
use x509_cert::ext::pkix::{self, BasicConstraints, SubjectKeyIdentifier};

use super::{CertificateRequest, ExtensionContent, RequestAttribute, RequestedExtension};
use crate::x509::limits::{MAX_PARTS, MAX_REQUEST_BYTES};
use crate::x509::tlv::{Tlv, fields, members, parts};
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
    let (whole, rest) = Tlv::first(&der)?;
    if !rest.is_empty() {
        anomalies.push(EncodingAnomaly::TrailingBytes);
    }
    let [signed_part, algorithm, signature] = fields(whole.open(Tag::Sequence)?)?;
    let [version, subject, key, attributes] = fields(signed_part.open(Tag::Sequence)?)?;
    if version.open(Tag::Integer)? != [0] {
        anomalies.push(EncodingAnomaly::UnknownVersion);
    }
    let public_key = PublicKey::of_tlv(key)?;
    let signature = BitStringRef::from_der(signature.bytes()).map_err(malformed)?;
    let signature = signature.as_bytes().ok_or(RequestError::Malformed)?;
    let (algorithm, parameters) = algorithm.algorithm()?;
    let parameters = parameters.map(Tlv::bytes);
    let signature = public_key.check_signature(algorithm, parameters, signed_part.bytes(), signature);
    let subject = DistinguishedName::of_tlv(subject)?;
    let (attributes, extensions) = attributes_and_extensions(attributes)?;
    Ok(CertificateRequest { subject, public_key, attributes, extensions, signature, anomalies, der })
}

fn attributes_and_extensions(
    tlv: Tlv<'_>,
) -> Result<(Vec<RequestAttribute>, Vec<RequestedExtension>), RequestError> {
    if !is_context(tlv.tag(), 0) || !tlv.tag().is_constructed() {
        return Err(RequestError::Malformed);
    }
    let (mut attributes, mut extensions) = (Vec::new(), Vec::new());
    for attribute in members(tlv.value())? {
        let [oid, values] = fields(attribute.open(Tag::Sequence)?)?;
        let (oid, values) = (oid.identifier()?, values.open(Tag::Set)?);
        if oid == oid::EXTENSION_REQUEST {
            for list in members(values)? {
                for extension in parts(list.open(Tag::Sequence)?)? {
                    extensions.push(requested_extension(extension)?);
                }
            }
        }
        if extensions.len() > MAX_PARTS {
            return Err(RequestError::TooManyNames { limit: MAX_PARTS });
        }
        let values = parts(values)?.into_iter().map(|value| value.bytes().to_vec()).collect();
        attributes.push(RequestAttribute { oid, values });
    }
    Ok((attributes, extensions))
}

fn requested_extension(tlv: Tlv<'_>) -> Result<RequestedExtension, RequestError> {
    let (oid, critical, value) = match parts(tlv.open(Tag::Sequence)?)?.as_slice() {
        [oid, value] => (*oid, false, *value),
        // X.690, 11.5: a default is not encoded, so the boolean that stands there is TRUE.
        [oid, critical, value] if critical.open(Tag::Boolean)? == [0xff] => (*oid, true, *value),
        _ => return Err(RequestError::Malformed),
    };
    let (oid, value) = (oid.identifier()?, value.open(Tag::OctetString)?);
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
            let names = parts(Tlv::read(value)?.open(Tag::Sequence)?)?;
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
fn general_name(tlv: Tlv<'_>) -> Result<GeneralName, RequestError> {
    let (tag, value) = (tlv.tag(), tlv.value());
    if tag.class() != Class::ContextSpecific {
        return Err(RequestError::Malformed);
    }
    // IA5String
    let text = || match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(RequestError::Malformed),
    };
    Ok(match (tag.number().value(), tag.is_constructed()) {
        (0, true) => {
            let [oid, _] = fields(value)?;
            GeneralName::OtherName { oid: oid.identifier()?, value: value.to_vec() }
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

fn is_context(tag: Tag, number: u32) -> bool {
    tag.class() == Class::ContextSpecific && tag.number().value() == number
}
