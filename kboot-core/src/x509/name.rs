//! Names of subjects and issuers (RFC 5280, 4.1.2.4): read from requests and certificates, shown and encoded.

use std::fmt;
use std::hash::{Hash, Hasher};

use der::asn1::{AnyRef, PrintableStringRef};
use der::{Encode, Sequence, Tag};
use x509_parser::prelude::X509Name;

use super::oid;
use super::tlv::{Tlv, fields, members, parts};
use super::{ObjectIdentifier, RequestError, X509Error};
use crate::shown;

/// A Name: the sequence of its relative names, and the bytes that they were read from.
///
/// Two are equal where their bytes are.
#[derive(Debug, Clone)]
pub struct DistinguishedName {
    der: Vec<u8>,
    relative_names: Vec<RelativeDistinguishedName>,
}

/// A RelativeDistinguishedName: nearly always one attribute.
pub type RelativeDistinguishedName = Vec<AttributeTypeAndValue>;

/// An attribute of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttributeTypeAndValue {
    /// The object identifier of its type.
    pub oid: ObjectIdentifier,
    /// The text, of a UTF8String, PrintableString or IA5String.
    pub text: Option<String>,
    /// The value, DER.
    pub value: Vec<u8>,
}

impl AttributeTypeAndValue {
    /// The type of common names (X.520).
    pub const COMMON_NAME: ObjectIdentifier = oid::COMMON_NAME;
    /// The type of organizations (X.520).
    pub const ORGANIZATION: ObjectIdentifier = oid::ORGANIZATION;

    /// The short name of its type (RFC 4519), or the object identifier.
    #[must_use]
    pub fn label(&self) -> String {
        let known = match self.oid {
            oid::COMMON_NAME => "CN",
            oid::ORGANIZATION => "O",
            oid::SERIAL_NUMBER => "serialNumber",
            oid::COUNTRY => "C",
            oid::LOCALITY => "L",
            oid::STATE => "ST",
            oid::STREET => "street",
            oid::ORGANIZATIONAL_UNIT => "OU",
            oid::USER_ID => "UID",
            oid::DOMAIN_COMPONENT => "DC",
            oid::EMAIL_ADDRESS => "emailAddress",
            oid => return oid.to_string(),
        };
        known.to_owned()
    }
}

impl DistinguishedName {
    /// Reads a Name in DER, strictly.
    ///
    /// # Errors
    /// [`RequestError`] where it is not one, or has too many parts.
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        Self::of_tlv(Tlv::read(der)?)
    }

    pub(super) fn of_tlv(tlv: Tlv<'_>) -> Result<Self, RequestError> {
        let mut relative_names = Vec::new();
        for relative_name in parts(tlv.open(Tag::Sequence)?)? {
            let attributes = members(relative_name.open(Tag::Set)?)?;
            // SET SIZE (1..MAX)
            if attributes.is_empty() {
                return Err(RequestError::Malformed);
            }
            relative_names.push(attributes.into_iter().map(attribute).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Self { der: tlv.bytes().to_vec(), relative_names })
    }

    /// That of a certificate, whose reader is more lenient: texts may be NumericString too. An attribute whose
    /// type no [`ObjectIdentifier`] holds stands in the DER alone.
    pub(super) fn of_certificate(name: &X509Name<'_>) -> Self {
        let attribute = |attribute: &x509_parser::prelude::AttributeTypeAndValue<'_>| {
            let value = attribute.attr_value();
            Some(AttributeTypeAndValue {
                oid: oid::from_bytes(attribute.attr_type().as_bytes())?,
                text: attribute.as_str().ok().map(str::to_owned),
                value: x509_parser::asn1_rs::ToDer::to_der_vec(value).unwrap_or_default(),
            })
        };
        let relative_names = name.iter().map(|name| name.iter().filter_map(attribute).collect()).collect();
        Self { der: name.as_raw().to_vec(), relative_names }
    }

    /// A name without attributes.
    pub(super) fn empty() -> Self {
        Self { der: vec![0x30, 0], relative_names: Vec::new() }
    }

    /// The Name, DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The name's RelativeDistinguishedNames, in order.
    #[must_use]
    pub fn relative_names(&self) -> &[RelativeDistinguishedName] {
        &self.relative_names
    }

    /// Every attribute, in order.
    pub fn attributes(&self) -> impl Iterator<Item = &AttributeTypeAndValue> {
        self.relative_names.iter().flatten()
    }

    /// The values of the attributes of one type that are a text, in order.
    pub fn texts(&self, oid: ObjectIdentifier) -> impl Iterator<Item = &str> {
        self.attributes().filter(move |attribute| attribute.oid == oid).filter_map(|one| one.text.as_deref())
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for DistinguishedName {}

impl Hash for DistinguishedName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.der.hash(state);
    }
}

impl fmt::Display for DistinguishedName {
    /// Written as RFC 4514 has it, but in the order in which they stand there. What is not a text is in
    /// hexadecimal after `#`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attribute = |attribute: &AttributeTypeAndValue| match &attribute.text {
            Some(text) => format!("{}={}", attribute.label(), escaped_value(text)),
            None => format!("{}=#{}", attribute.label(), shown::hex(&attribute.value)),
        };
        let joined =
            |name: &RelativeDistinguishedName| name.iter().map(attribute).collect::<Vec<_>>().join(" + ");
        f.write_str(&self.relative_names.iter().map(joined).collect::<Vec<_>>().join(", "))
    }
}

/// RFC 4514, 2.4: what would look like the next attribute.
fn escaped_value(text: &str) -> String {
    let special = |c: char| matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\');
    let escape = |c: char| special(c).then_some('\\').into_iter().chain([c]);
    shown::escaped(&text.chars().flat_map(escape).collect::<String>())
}

/// AttributeTypeAndValue (RFC 5280, 4.1.2.4).
fn attribute(tlv: Tlv<'_>) -> Result<AttributeTypeAndValue, RequestError> {
    let [oid, value] = fields(tlv.open(Tag::Sequence)?)?;
    let text = match value.tag() {
        Tag::Utf8String => std::str::from_utf8(value.value()).ok(),
        Tag::PrintableString => {
            std::str::from_utf8(value.value()).ok().filter(|text| text.bytes().all(is_printable))
        }
        Tag::Ia5String => std::str::from_utf8(value.value()).ok().filter(|text| text.is_ascii()),
        _ => None,
    };
    Ok(AttributeTypeAndValue {
        oid: oid.identifier()?,
        text: text.map(str::to_owned),
        value: value.bytes().to_vec(),
    })
}

/// X.680, 41.4
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte)
}

/// A certificate's name for people, on one line whatever stands in it.
pub(crate) fn readable_name(name: &X509Name<'_>) -> String {
    shown::escaped(&name.to_string())
}

/// A name in DER as a certificate with it would show it: the same whatever the types of its strings. Empty for
/// what is no name.
pub(crate) fn readable_der(der: &[u8]) -> String {
    use x509_parser::prelude::FromDer;
    X509Name::from_der(der).map_or_else(|_| String::new(), |(_, name)| readable_name(&name))
}

/// The types of attribute that names are written with.
pub(crate) mod attribute_type {
    pub(crate) use crate::x509::oid::{
        COMMON_NAME, COUNTRY, LOCALITY, ORGANIZATION, ORGANIZATIONAL_UNIT, SERIAL_NUMBER, STATE,
    };
}

/// Writes a Name, one relative name after the other.
pub(crate) struct NameEncoder(Vec<u8>);

#[derive(Sequence)]
struct Attribute<'a> {
    oid: ObjectIdentifier,
    value: AnyRef<'a>,
}

const UNENCODED: X509Error = X509Error::Encoding { what: "subject" };

impl NameEncoder {
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(128))
    }

    /// One more relative name, of one attribute.
    pub(crate) fn push(&mut self, oid: ObjectIdentifier, value: &str) -> Result<(), X509Error> {
        let encoded = encoded_attribute(oid, value)?;
        self.relative_name(&encoded)
    }

    /// One more relative name, of all of these attributes; nothing for none.
    pub(crate) fn push_all<'a>(
        &mut self,
        attributes: impl Iterator<Item = (ObjectIdentifier, &'a str)>,
    ) -> Result<(), X509Error> {
        let encoded = attributes.map(|(oid, value)| encoded_attribute(oid, value));
        let mut encoded = encoded.collect::<Result<Vec<_>, _>>()?;
        if encoded.is_empty() {
            return Ok(());
        }
        // DER sorts the members of a SET OF (X.690, 11.6).
        encoded.sort_unstable();
        self.relative_name(&encoded.concat())
    }

    fn relative_name(&mut self, attributes: &[u8]) -> Result<(), X509Error> {
        let encoded = AnyRef::new(Tag::Set, attributes).and_then(|set| set.encode(&mut self.0));
        encoded.map_err(|_| UNENCODED)
    }

    /// The DER of the Name.
    pub(crate) fn finish(self) -> Result<Vec<u8>, X509Error> {
        AnyRef::new(Tag::Sequence, &self.0).and_then(|name| name.to_der()).map_err(|_| UNENCODED)
    }
}

/// PrintableString where the alphabet allows it, else UTF8String, as Go's encoding/asn1 chooses.
fn encoded_attribute(oid: ObjectIdentifier, value: &str) -> Result<Vec<u8>, X509Error> {
    let tag = if PrintableStringRef::new(value).is_ok() { Tag::PrintableString } else { Tag::Utf8String };
    let encode = || Attribute { oid, value: AnyRef::new(tag, value.as_bytes())? }.to_der();
    encode().map_err(|_| X509Error::Unencodable { what: "subject", value: shown::excerpt(value) })
}
