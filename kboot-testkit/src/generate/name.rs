//! Names and extensions.

use std::net::IpAddr;

use super::der;

/// commonName.
pub const COMMON_NAME: &str = "2.5.4.3";
/// organizationName.
pub const ORGANIZATION: &str = "2.5.4.10";
/// organizationalUnitName.
pub const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";
/// The attribute that kube-apiserver reads a user's UID from (1.33 and newer).
pub const KUBERNETES_UID: &str = "1.3.6.1.4.1.57683.2";
/// subjectAltName.
pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";
/// keyUsage.
pub const KEY_USAGE: &str = "2.5.29.15";
/// extKeyUsage.
pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
/// basicConstraints.
pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
/// subjectKeyIdentifier.
pub const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
/// serverAuth.
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// clientAuth.
pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
/// codeSigning.
pub const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";

/// ASN.1's string types, with their tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "ASN.1 has these")]
pub enum StringTag {
    /// UTF8String.
    Utf8,
    /// NumericString.
    Numeric,
    /// PrintableString.
    Printable,
    /// TeletexString.
    Teletex,
    /// IA5String.
    Ia5,
    /// VisibleString.
    Visible,
    /// UniversalString.
    Universal,
    /// BMPString.
    Bmp,
}

impl StringTag {
    fn tag(self) -> u8 {
        match self {
            Self::Utf8 => 0x0c,
            Self::Numeric => 0x12,
            Self::Printable => 0x13,
            Self::Teletex => 0x14,
            Self::Ia5 => 0x16,
            Self::Visible => 0x1a,
            Self::Universal => 0x1c,
            Self::Bmp => 0x1e,
        }
    }
}

/// One attribute of a distinguished name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct AttributeTypeAndValue {
    /// Its type, dotted.
    pub oid: String,
    /// Its value, a whole DER element.
    pub value: Vec<u8>,
}

impl AttributeTypeAndValue {
    /// An attribute with a string; the octets are the text's own for every tag.
    #[must_use]
    pub fn text(oid: &str, tag: StringTag, text: &str) -> Self {
        Self { oid: oid.to_owned(), value: der::tlv(tag.tag(), text.as_bytes()) }
    }

    /// An attribute with a string as Go writes it: PrintableString where the text allows it.
    #[must_use]
    pub fn go(oid: &str, text: &str) -> Self {
        let printable =
            text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&octet));
        Self::text(oid, if printable { StringTag::Printable } else { StringTag::Utf8 }, text)
    }

    /// A common name as Go writes it.
    #[must_use]
    pub fn cn(text: &str) -> Self {
        Self::go(COMMON_NAME, text)
    }

    /// An organization as Go writes it.
    #[must_use]
    pub fn o(text: &str) -> Self {
        Self::go(ORGANIZATION, text)
    }
}

/// A relative distinguished name: attributes that are one SET, written in DER's order.
pub type Rdn = Vec<AttributeTypeAndValue>;

/// A subject as Go writes it: all organizations as one SET, then the common name.
#[must_use]
pub fn go_subject(organizations: &[&str], common_name: &str) -> Vec<Rdn> {
    let mut subject = Vec::new();
    if !organizations.is_empty() {
        subject.push(organizations.iter().map(|text| AttributeTypeAndValue::o(text)).collect());
    }
    subject.push(vec![AttributeTypeAndValue::cn(common_name)]);
    subject
}

/// A distinguished name's DER.
#[must_use]
pub fn name(rdns: &[Rdn]) -> Vec<u8> {
    der::sequence(rdns.iter().map(|rdn| {
        let attributes = rdn
            .iter()
            .map(|attribute| der::sequence([&der::oid(&attribute.oid), &attribute.value]))
            .collect();
        der::tlv(0x31, &der::sorted(attributes))
    }))
}

/// One alternative name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "X.509's kinds that Kubernetes may meet, and anything raw")]
pub enum GeneralName {
    /// dNSName, any text.
    Dns(String),
    /// iPAddress of 4 or 16 octets.
    Ip(IpAddr),
    /// iPAddress of any octets.
    IpOctets(Vec<u8>),
    /// rfc822Name, any text.
    Email(String),
    /// uniformResourceIdentifier, any text.
    Uri(String),
    /// otherName: its type and its value, a whole DER element.
    OtherName(String, Vec<u8>),
    /// directoryName.
    DirectoryName(Vec<Rdn>),
    /// registeredID, dotted.
    RegisteredId(String),
    /// A whole DER element.
    Raw(Vec<u8>),
}

impl GeneralName {
    /// dNSName.
    #[must_use]
    pub fn dns(text: &str) -> Self {
        Self::Dns(text.to_owned())
    }

    /// iPAddress; text that is no address becomes an address of no octets.
    #[must_use]
    pub fn ip(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::IpOctets(Vec::new()), Self::Ip)
    }

    /// Its DER.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        match self {
            Self::Dns(text) => der::tlv(0x82, text.as_bytes()),
            Self::Ip(IpAddr::V4(address)) => der::tlv(0x87, &address.octets()),
            Self::Ip(IpAddr::V6(address)) => der::tlv(0x87, &address.octets()),
            Self::IpOctets(octets) => der::tlv(0x87, octets),
            Self::Email(text) => der::tlv(0x81, text.as_bytes()),
            Self::Uri(text) => der::tlv(0x86, text.as_bytes()),
            Self::OtherName(oid, value) => {
                der::tlv(0xa0, &der::joined([der::oid(oid), der::tlv(0xa0, value)]))
            }
            Self::DirectoryName(rdns) => der::tlv(0xa4, &name(rdns)),
            Self::RegisteredId(oid) => der::tlv(0x88, &der::oid_content(oid)),
            Self::Raw(element) => element.clone(),
        }
    }
}

/// One extension.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Extension {
    /// Its type, dotted.
    pub oid: String,
    /// Whether it is marked critical.
    pub critical: bool,
    /// The octets inside its OCTET STRING.
    pub value: Vec<u8>,
}

impl Extension {
    /// An extension with any octets as its value, not critical.
    #[must_use]
    pub fn raw(oid: &str, value: Vec<u8>) -> Self {
        Self { oid: oid.to_owned(), critical: false, value }
    }

    /// The same, marked critical.
    #[must_use]
    pub fn critical(self) -> Self {
        Self { critical: true, ..self }
    }

    /// subjectAltName.
    #[must_use]
    pub fn alt_names(names: &[GeneralName]) -> Self {
        Self::raw(SUBJECT_ALT_NAME, der::sequence(names.iter().map(GeneralName::der)))
    }

    /// basicConstraints, critical.
    #[must_use]
    pub fn basic_constraints(ca: bool) -> Self {
        let content = if ca { vec![der::yes()] } else { Vec::new() };
        Self::raw(BASIC_CONSTRAINTS, der::sequence(content)).critical()
    }

    /// keyUsage, critical, from RFC 5280's bit numbers: 0 digitalSignature, 2 keyEncipherment,
    /// 5 keyCertSign, 6 cRLSign.
    #[must_use]
    pub fn key_usage(bits: &[u8]) -> Self {
        Self::raw(KEY_USAGE, der::named_bits(bits)).critical()
    }

    /// extKeyUsage.
    #[must_use]
    pub fn extended_key_usage(oids: &[&str]) -> Self {
        Self::raw(EXTENDED_KEY_USAGE, der::sequence(oids.iter().map(|oid| der::oid(oid))))
    }

    /// Its DER.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let mut parts = vec![der::oid(&self.oid)];
        if self.critical {
            parts.push(der::yes());
        }
        parts.push(der::octet_string(&self.value));
        der::sequence(parts)
    }
}
