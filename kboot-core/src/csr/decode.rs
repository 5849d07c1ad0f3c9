//! PKCS#10 (RFC 2986) from PEM or DER into facts, nothing merged and nothing dropped.
//!
//! The walk over the DER is our own, on RustCrypto's strict reader: every library type for a request
//! merges attributes, decodes what it knows and drops the rest, and what a reader drops is where a
//! request for `system:masters` hides.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Class, Decode, Encode, Reader, SliceReader, Tag, Tagged};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};

use super::key::{self, RequestKey};
use super::tlv::{MAX_PARTS, fields, has_one_text, identifier, members, open, parts};
use super::{
    AlternativeName, CertificateRequest, CsrError, ExtensionContent, NameAttribute, Oddity, RelativeName,
    RequestAttribute, RequestedExtension, usage,
};

/// A kubelet's request has about 500 bytes, one of RSA-4096 with a hundred names about 8 KiB.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// PKCS#9, RFC 2985, 5.4.2
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");
// RFC 5280, 4.2.1
const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// The first block of a PEM text and what is odd about the text around it.
///
/// Strict, so that kube-apiserver's reader (Go's `encoding/pem`) cannot see another block than this one:
/// a line with dashes is a boundary or the text is refused.
pub(super) fn pem_block(text: &[u8]) -> Result<(Vec<u8>, Vec<Oddity>), CsrError> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE REQUEST-----";
    const END: &str = "-----END CERTIFICATE REQUEST-----";
    if text.len() > MAX_BYTES {
        return Err(CsrError::TooLarge { bytes: text.len() });
    }
    let not_pem = |problem| CsrError::NotPem { problem };
    let text = std::str::from_utf8(text).map_err(|_| not_pem("it is not a text"))?;
    // Go's reader cuts the same blanks off each line.
    let mut lines = text.split('\n').map(|line| line.trim_end_matches([' ', '\t', '\r']));
    let mut oddities = Vec::new();
    loop {
        match lines.next() {
            None => return Err(not_pem("there is no line -----BEGIN CERTIFICATE REQUEST-----")),
            Some(BEGIN) => break,
            Some(line) if line.starts_with("-----BEGIN ") && line.ends_with("-----") => {
                let label = line.trim_start_matches("-----BEGIN ").trim_end_matches('-');
                return Err(CsrError::WrongPemLabel { label: label.chars().take(64).collect() });
            }
            Some(line) if line.contains("-----") => return Err(not_pem("a line before it has dashes")),
            Some(line) if line.trim().is_empty() => {}
            Some(_) => push_new(&mut oddities, Oddity::SurroundingText),
        }
    }
    let mut base64 = String::with_capacity(text.len());
    loop {
        match lines.next() {
            None => return Err(not_pem("its end is missing: is the file cut short?")),
            Some(END) => break,
            Some(line) if line.contains("-----") => return Err(not_pem("a line inside has dashes")),
            // RFC 1421's headers, which RFC 7468 forbids and Go skips
            Some(line) if line.contains(':') && base64.is_empty() => {
                push_new(&mut oddities, Oddity::PemHeaders);
            }
            Some(line) => base64.push_str(line),
        }
    }
    for line in lines {
        if line.contains("-----") {
            push_new(&mut oddities, Oddity::SecondBlock);
        } else if !line.trim().is_empty() {
            push_new(&mut oddities, Oddity::SurroundingText);
        }
    }
    let der = STANDARD.decode(base64).map_err(|_| CsrError::BadBase64)?;
    Ok((der, oddities))
}

fn push_new(oddities: &mut Vec<Oddity>, oddity: Oddity) {
    if !oddities.contains(&oddity) {
        oddities.push(oddity);
    }
}

/// The request in the first TLV of `der`.
pub(super) fn request(der: Vec<u8>, mut oddities: Vec<Oddity>) -> Result<CertificateRequest, CsrError> {
    if der.len() > MAX_BYTES {
        return Err(CsrError::TooLarge { bytes: der.len() });
    }
    let malformed = |_| CsrError::Malformed;
    let mut reader = SliceReader::new(&der).map_err(malformed)?;
    let whole = reader.tlv_bytes().map_err(malformed)?;
    if whole.len() < der.len() {
        oddities.push(Oddity::TrailingBytes);
    }
    let [signed_part, algorithm, signature] = fields(open(whole, Tag::Sequence)?)?;
    let [version, subject_der, key_der, attributes] = fields(open(signed_part, Tag::Sequence)?)?;
    if open(version, Tag::Integer)? != [0] {
        oddities.push(Oddity::UnknownVersion);
    }
    let public_key = key::read(key_der)?;
    let signature = BitStringRef::from_der(signature).map_err(malformed)?;
    let signature = match signature.as_bytes() {
        Some(bytes) => key::check_signature(&public_key, algorithm, signed_part, bytes)?,
        None => return Err(CsrError::Malformed),
    };
    let names = relative_names(subject_der)?;
    let (attributes, extensions) = attributes_and_extensions(attributes)?;
    let (subject_der, public_key) =
        (subject_der.to_vec(), RequestKey { der: key_der.to_vec(), ..public_key });
    Ok(CertificateRequest {
        subject: names,
        subject_der,
        public_key,
        attributes,
        extensions,
        signature,
        oddities,
        der,
    })
}

/// Name (RFC 5280, 4.1.2.4).
pub(super) fn relative_names(tlv: &[u8]) -> Result<Vec<RelativeName>, CsrError> {
    let mut names = Vec::new();
    for relative_name in parts(open(tlv, Tag::Sequence)?)? {
        let attributes = members(open(relative_name, Tag::Set)?)?;
        // SET SIZE (1..MAX)
        if attributes.is_empty() {
            return Err(CsrError::Malformed);
        }
        names.push(attributes.into_iter().map(name_attribute).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(names)
}

fn attributes_and_extensions(
    tlv: &[u8],
) -> Result<(Vec<RequestAttribute>, Vec<RequestedExtension>), CsrError> {
    let tagged = AnyRef::from_der(tlv).map_err(|_| CsrError::Malformed)?;
    if !is_context(tagged, 0) || !tagged.tag().is_constructed() {
        return Err(CsrError::Malformed);
    }
    let (mut attributes, mut extensions) = (Vec::new(), Vec::new());
    for attribute in members(tagged.value())? {
        let [oid, values] = fields(open(attribute, Tag::Sequence)?)?;
        let (oid, values) = (identifier(oid)?, open(values, Tag::Set)?);
        if oid == EXTENSION_REQUEST {
            for list in members(values)? {
                for extension in parts(open(list, Tag::Sequence)?)? {
                    extensions.push(requested_extension(extension)?);
                }
            }
        }
        if extensions.len() > MAX_PARTS {
            return Err(CsrError::TooManyNames { limit: MAX_PARTS });
        }
        let values = parts(values)?.into_iter().map(<[u8]>::to_vec).collect();
        attributes.push(RequestAttribute { oid: oid.to_string(), values });
    }
    Ok((attributes, extensions))
}

fn requested_extension(tlv: &[u8]) -> Result<RequestedExtension, CsrError> {
    let (oid, critical, value) = match parts(open(tlv, Tag::Sequence)?)?.as_slice() {
        [oid, value] => (*oid, false, *value),
        // X.690, 11.5: a default is not encoded, so the boolean that stands there is TRUE.
        [oid, critical, value] if open(critical, Tag::Boolean)? == [0xff] => (*oid, true, *value),
        _ => return Err(CsrError::Malformed),
    };
    let oid = identifier(oid)?;
    let value = <&OctetStringRef>::from_der(value).map_err(|_| CsrError::Malformed)?.as_bytes();
    let content = match extension_content(oid, value) {
        Err(error @ CsrError::TooManyNames { .. }) => return Err(error),
        Err(_) => ExtensionContent::Malformed,
        Ok(content) => content,
    };
    Ok(RequestedExtension { oid: oid.to_string(), critical, value: value.to_vec(), content })
}

fn extension_content(oid: ObjectIdentifier, value: &[u8]) -> Result<ExtensionContent, CsrError> {
    Ok(match oid {
        SUBJECT_ALT_NAME => {
            let names = parts(open(value, Tag::Sequence)?)?;
            if names.is_empty() {
                return Err(CsrError::Malformed);
            }
            let names = names.into_iter().map(alternative_name).collect::<Result<_, _>>()?;
            ExtensionContent::AlternativeNames(names)
        }
        KEY_USAGE => {
            let usages = usage::of_key_usage(strict::<KeyUsage>(value)?);
            // At least one bit is set (RFC 5280, 4.2.1.3).
            if usages.is_empty() {
                return Err(CsrError::Malformed);
            }
            ExtensionContent::KeyUsages(usages)
        }
        EXTENDED_KEY_USAGE => {
            let usages = strict::<ExtendedKeyUsage>(value)?;
            // SEQUENCE SIZE (1..MAX) (RFC 5280, 4.2.1.12)
            if usages.0.is_empty() || !usages.0.iter().all(has_one_text) {
                return Err(CsrError::Malformed);
            }
            ExtensionContent::ExtendedKeyUsages(usages.0.iter().map(usage::of_purpose).collect())
        }
        BASIC_CONSTRAINTS => {
            let constraints = strict::<BasicConstraints>(value)?;
            // RFC 5280, 4.2.1.9: a path length means something for an authority alone.
            if !constraints.ca && constraints.path_len_constraint.is_some() {
                return Err(CsrError::Malformed);
            }
            ExtensionContent::BasicConstraints { is_authority: constraints.ca }
        }
        SUBJECT_KEY_IDENTIFIER => {
            strict::<SubjectKeyIdentifier>(value)?;
            ExtensionContent::SubjectKeyIdentifier
        }
        _ => ExtensionContent::Unknown,
    })
}

/// A value that is written as DER would write it: no default spelt out (X.690, 11.5), no zeros at the end of a
/// list of bits (11.2.2).
fn strict<'a, T: Decode<'a> + Encode>(value: &'a [u8]) -> Result<T, CsrError> {
    let read = T::from_der(value).map_err(|_| CsrError::Malformed)?;
    if read.to_der().is_ok_and(|written| written == value) { Ok(read) } else { Err(CsrError::Malformed) }
}

/// GeneralName (RFC 5280, 4.2.1.6).
fn alternative_name(tlv: &[u8]) -> Result<AlternativeName, CsrError> {
    let any = AnyRef::from_der(tlv).map_err(|_| CsrError::Malformed)?;
    let (value, constructed) = (any.value(), any.tag().is_constructed());
    if any.tag().class() != Class::ContextSpecific {
        return Err(CsrError::Malformed);
    }
    // IA5String
    let text = || match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(CsrError::Malformed),
    };
    Ok(match (any.tag().number().value(), constructed) {
        (0, true) => {
            let [oid, _] = fields(value)?;
            AlternativeName::OtherName { oid: identifier(oid)?.to_string(), value: value.to_vec() }
        }
        (1, false) => AlternativeName::Email(text()?),
        (2, false) => AlternativeName::Dns(text()?),
        (3, true) => AlternativeName::X400Address(value.to_vec()),
        (4, true) => AlternativeName::DirectoryName(value.to_vec()),
        (5, true) => AlternativeName::EdiPartyName(value.to_vec()),
        (6, false) => AlternativeName::Uri(text()?),
        (7, false) => match <[u8; 4]>::try_from(value) {
            Ok(octets) => AlternativeName::Ip(IpAddr::from(octets)),
            Err(_) => match <[u8; 16]>::try_from(value) {
                Ok(octets) => AlternativeName::Ip(IpAddr::from(octets)),
                Err(_) => AlternativeName::InvalidIp(value.to_vec()),
            },
        },
        (8, false) => {
            let oid = ObjectIdentifier::from_bytes(value).ok().filter(has_one_text);
            AlternativeName::RegisteredId(oid.ok_or(CsrError::Malformed)?.to_string())
        }
        _ => return Err(CsrError::Malformed),
    })
}

/// AttributeTypeAndValue (RFC 5280, 4.1.2.4).
fn name_attribute(tlv: &[u8]) -> Result<NameAttribute, CsrError> {
    let [oid, value] = fields(open(tlv, Tag::Sequence)?)?;
    let any = AnyRef::from_der(value).map_err(|_| CsrError::Malformed)?;
    let text = match any.tag() {
        Tag::Utf8String => std::str::from_utf8(any.value()).ok(),
        Tag::PrintableString => {
            std::str::from_utf8(any.value()).ok().filter(|text| text.bytes().all(is_printable))
        }
        Tag::Ia5String => std::str::from_utf8(any.value()).ok().filter(|text| text.is_ascii()),
        _ => None,
    };
    Ok(NameAttribute {
        oid: identifier(oid)?.to_string(),
        text: text.map(str::to_owned),
        value: value.to_vec(),
    })
}

/// X.680, 41.4
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte)
}

fn is_context(any: AnyRef<'_>, number: u32) -> bool {
    any.tag().class() == Class::ContextSpecific && any.tag().number().value() == number
}
