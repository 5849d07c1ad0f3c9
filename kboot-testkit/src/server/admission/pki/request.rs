//! Certificate requests (PKCS#10) as `x509.ParseCertificateRequest` takes them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::der::{self, OCTET_STRING, Reader, Result, SEQUENCE, SET};
use super::key::PublicKey;
use super::{pem, signature};
use crate::server::admission::field::{quote, quote_octets};

const EXTENSION_REQUEST: &str = "1.2.840.113549.1.9.14";
const SUBJECT_ALT_NAME: &str = "2.5.29.17";

/// What the API server, its admission and its controllers read of a request.
#[derive(Debug, Clone)]
pub(crate) struct CertificateRequest {
    /// What is signed.
    info: Vec<u8>,
    /// The last one there is.
    pub(crate) common_name: String,
    pub(crate) organizations: Vec<String>,
    /// All that is text in the subject: OID and value.
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) alt_names: AltNames,
    /// The SubjectPublicKeyInfo's whole element.
    pub(crate) public_key_info: Vec<u8>,
    /// None of an algorithm that Go does not know.
    pub(crate) public_key: Option<PublicKey>,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
    minor: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AltNames {
    pub(crate) dns: Vec<Vec<u8>>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) emails: Vec<Vec<u8>>,
    pub(crate) uris: Vec<Vec<u8>>,
}

impl CertificateRequest {
    /// The first PEM block of a text (`certificates.ParseCSR`).
    pub(crate) fn from_pem(text: &[u8], minor: u32) -> Result<Self> {
        match pem::decode(text) {
            Some((block, _)) if block.label == b"CERTIFICATE REQUEST" => Self::from_der(&block.der, minor),
            _ => Err("PEM block type must be CERTIFICATE REQUEST".to_owned()),
        }
    }

    pub(crate) fn from_der(octets: &[u8], minor: u32) -> Result<Self> {
        let mut outer = Reader::new(octets);
        let mut request = outer.sequence("certificateRequest")?;
        let info_element = request.expect(SEQUENCE, "tbsCertificateRequest")?;
        let mut info = Reader::new(info_element.content);
        info.small_integer()?;
        let subject = info.any()?.whole;
        let key_element = info.expect(SEQUENCE, "publicKeyInfo")?;
        let mut key = Reader::new(key_element.content);
        let algorithm = key.expect(SEQUENCE, "AlgorithmIdentifier")?;
        let (key_oid, parameters) = identifier(algorithm.content)?;
        let key_octets = key.bit_string()?;
        let raw_attributes = Reader::all_of(info.tagged(0)?.content, None)?;
        let signature_algorithm = request.expect(SEQUENCE, "AlgorithmIdentifier")?;
        identifier(signature_algorithm.content)?;
        let signature = request.bit_string()?;
        outer.finish(&der::syntax("trailing data"))?;

        let public_key = PublicKey::read(&key_oid, parameters, &key_octets)?;
        let attributes = read_subject(subject)?;
        let of = |wanted: &str| -> Vec<String> {
            attributes.iter().filter(|(oid, _)| oid == wanted).map(|(_, value)| value.clone()).collect()
        };
        let (common_name, organizations) = (of("2.5.4.3").pop().unwrap_or_default(), of("2.5.4.10"));
        let mut alt_names = AltNames::default();
        for (oid, value) in extensions(&raw_attributes, minor)? {
            if oid == SUBJECT_ALT_NAME {
                alt_names = AltNames::read(value)?;
            }
        }
        Ok(Self {
            info: info_element.whole.to_vec(),
            common_name,
            organizations,
            attributes,
            alt_names,
            public_key_info: key_element.whole.to_vec(),
            public_key,
            signature_algorithm: signature_algorithm.content.to_vec(),
            signature,
            minor,
        })
    }

    /// `CheckSignature`.
    pub(crate) fn check_signature(&self) -> Result<()> {
        let (oid, parameters) = identifier(&self.signature_algorithm)?;
        signature::check(&oid, parameters, &self.info, &self.signature, self.public_key.as_ref(), self.minor)
    }
}

/// An AlgorithmIdentifier's OID and its parameters' whole element.
pub(crate) fn identifier(content: &[u8]) -> Result<(String, &[u8])> {
    let mut reader = Reader::new(content);
    let oid = reader.oid()?;
    let parameters = if reader.is_empty() { &[][..] } else { reader.any()?.whole };
    Ok((oid, parameters))
}

/// The attributes of a subject; what is no text is passed over.
fn read_subject(octets: &[u8]) -> Result<Vec<(String, String)>> {
    let mut attributes = Vec::new();
    let names = Reader::new(octets).expect(SEQUENCE, "RDNSequence")?;
    for set in Reader::all_of(names.content, Some(SET))? {
        for attribute in Reader::all_of(set.content, Some(SEQUENCE))? {
            let mut reader = Reader::new(attribute.content);
            let oid = reader.oid()?;
            if let Some(value) = der::text(&reader.any()?)? {
                attributes.push((oid, value));
            }
        }
    }
    Ok(attributes)
}

/// The extensions of all extensionRequest attributes; attributes that cannot be read are passed over
/// (`parseCSRExtensions`).
fn extensions<'a>(attributes: &[der::Element<'a>], minor: u32) -> Result<Vec<(String, &'a [u8])>> {
    let mut found: Vec<(String, &[u8])> = Vec::new();
    for attribute in attributes {
        let Some(value) = extension_request(attribute.whole) else { continue };
        let list = Reader::new(value).expect(SEQUENCE, "")?;
        for extension in Reader::all_of(list.content, Some(SEQUENCE))? {
            let mut reader = Reader::new(extension.content);
            let oid = reader.oid()?;
            reader.optional_boolean()?;
            let value = reader.expect(OCTET_STRING, "")?.content;
            // Since Go 1.19.
            if minor >= 25 && found.iter().any(|(other, _)| *other == oid) {
                return Err("x509: certificate request contains duplicate requested extensions".to_owned());
            }
            found.push((oid, value));
        }
    }
    Ok(found)
}

fn extension_request(attribute: &[u8]) -> Option<&[u8]> {
    let mut outer = Reader::new(attribute);
    let mut reader = outer.sequence("pkcs10Attribute").ok()?;
    let oid = reader.oid().ok()?;
    let set = reader.expect(SET, "").ok()?;
    let values = Reader::all_of(set.content, None).ok()?;
    outer.finish("").ok()?;
    values.first().filter(|_| oid == EXTENSION_REQUEST).map(|value| value.whole)
}

impl AltNames {
    /// `parseSANExtension`.
    fn read(octets: &[u8]) -> Result<Self> {
        let mut outer = Reader::new(octets);
        let sequence = outer.any()?;
        outer.finish("x509: trailing data after X.509 extension")?;
        if (sequence.class, sequence.tag, sequence.constructed) != (0, SEQUENCE, true) {
            return Err(der::structure("bad SAN sequence"));
        }
        let mut names = Self::default();
        let mut reader = Reader::new(sequence.content);
        while !reader.is_empty() {
            let name = reader.any()?;
            match name.tag {
                1 => names.emails.push(name.content.to_vec()),
                2 => names.dns.push(name.content.to_vec()),
                6 => {
                    uri(name.content)?;
                    names.uris.push(name.content.to_vec());
                }
                7 => names.addresses.push(address(name.content)?),
                _ => {}
            }
        }
        Ok(names)
    }
}

fn address(octets: &[u8]) -> Result<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(|octets| IpAddr::V6(Ipv6Addr::from(octets))))
        .map_err(|_| format!("x509: cannot parse IP address of length {}", octets.len()))
}

/// What `net/url` refuses of a URI that stands in a request, and `x509` of its host.
fn uri(octets: &[u8]) -> Result<()> {
    let quoted = quote_octets(octets);
    let parse = |why: &str| Err(format!("x509: cannot parse URI {quoted}: parse {quoted}: {why}"));
    if octets.iter().any(u8::is_ascii_control) {
        return parse("net/url: invalid control character in URL");
    }
    let text: String = octets.iter().map(|octet| char::from(*octet)).collect();
    if text.starts_with(':') {
        return parse("missing protocol scheme");
    }
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let scheme = text.split_once(':').filter(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(in_scheme)
    });
    let (rest, has_scheme) = scheme.map_or((text.as_str(), false), |(_, rest)| (rest, true));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    if !rest.starts_with('/') {
        let segment = rest.split('/').next().unwrap_or_default();
        if !has_scheme && segment.contains(':') {
            return parse("first path segment in URL cannot contain colon");
        }
    }
    for escape in rest.split('%').skip(1) {
        let digits: String = escape.chars().take(2).collect();
        if digits.len() < 2 || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return parse(&format!("invalid URL escape {}", quote(&format!("%{digits}"))));
        }
    }
    let Some(after) = rest.strip_prefix("//") else { return Ok(()) };
    let authority = after.split('/').next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let port =
        host.rsplit_once(':').filter(|(before, _)| !before.starts_with('[')).map_or("", |(_, port)| port);
    if !port.chars().all(|c| c.is_ascii_digit()) {
        return parse(&format!("invalid port {} after host", quote(&format!(":{port}"))));
    }
    let in_host =
        |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c);
    if let Some(wrong) = host.chars().find(|c| !in_host(*c)) {
        return parse(&format!("invalid character {} in host name", quote(&wrong.to_string())));
    }
    if !user.chars().all(|c| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c)) {
        return parse("net/url: invalid userinfo");
    }
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| ('!'..='~').contains(&c));
    if host.is_empty() || host.split('.').all(label) {
        return Ok(());
    }
    Err(format!("x509: cannot parse URI {quoted}: invalid domain"))
}
