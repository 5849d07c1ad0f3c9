//! PKCS#10 requests (RFC 2986).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::der;
use super::key::Key;
use super::name::{Extension, GeneralName, Rdn, go_subject, name};

/// extensionRequest (PKCS#9).
pub const EXTENSION_REQUEST: &str = "1.2.840.113549.1.9.14";
/// challengePassword (PKCS#9).
pub const CHALLENGE_PASSWORD: &str = "1.2.840.113549.1.9.7";

/// An attribute of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Attribute {
    /// Its type, dotted.
    pub oid: String,
    /// Its values, each a whole DER element.
    pub values: Vec<Vec<u8>>,
}

/// How a request is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "plain data")]
pub enum Signature {
    /// By the request's key.
    Right,
    /// By the request's key, over other octets.
    Wrong,
    /// These: an AlgorithmIdentifier's DER and the signature's octets.
    Raw(Vec<u8>, Vec<u8>),
}

/// A request as data; [`Request::der`] writes it, hostile or not.
///
/// ```
/// use kboot_testkit::generate::{GeneralName, Request};
/// let request = Request::kubelet_serving("worker-1", &[GeneralName::ip("192.168.5.21")]);
/// assert!(request.pem().starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
/// ```
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Request {
    /// The version; 0 is the only one there is.
    pub version: u8,
    /// The subject, in order.
    pub subject: Vec<Rdn>,
    /// A subject's DER in place of `subject`.
    pub raw_subject: Option<Vec<u8>>,
    /// The key that signs and, without `public_key_info`, the one asked for.
    pub key: Key,
    /// A SubjectPublicKeyInfo's DER to ask for in place of the key's own.
    pub public_key_info: Option<Vec<u8>>,
    /// Extensions: each list is one extensionRequest attribute, none is no attribute.
    pub extensions: Vec<Vec<Extension>>,
    /// Other attributes.
    pub attributes: Vec<Attribute>,
    /// How it is signed.
    pub signature: Signature,
    /// Octets after the request.
    pub trailing: Vec<u8>,
}

impl Request {
    /// A request with this subject and key and nothing else, signed rightly.
    #[must_use]
    pub fn new(subject: Vec<Rdn>, key: Key) -> Self {
        Self {
            version: 0,
            subject,
            raw_subject: None,
            key,
            public_key_info: None,
            extensions: Vec::new(),
            attributes: Vec::new(),
            signature: Signature::Right,
            trailing: Vec::new(),
        }
    }

    /// A kubelet's request for its client certificate, with the process' P-256 key.
    #[must_use]
    pub fn kubelet_client(node: &str) -> Self {
        let subject = go_subject(&["system:nodes"], &format!("system:node:{node}"));
        Self::new(subject, Key::shared(super::KeyKind::P256))
    }

    /// A kubelet's request for its serving certificate, with the process' P-256 key.
    #[must_use]
    pub fn kubelet_serving(node: &str, names: &[GeneralName]) -> Self {
        Self::kubelet_client(node).with_alt_names(names)
    }

    /// A person's request for a client certificate as Go writes it, with the process' P-256 key.
    #[must_use]
    pub fn user(name: &str, groups: &[&str]) -> Self {
        Self::new(go_subject(groups, name), Key::shared(super::KeyKind::P256))
    }

    /// With another key.
    #[must_use]
    pub fn with_key(self, key: Key) -> Self {
        Self { key, ..self }
    }

    /// With an extension more, in the last extensionRequest attribute.
    #[must_use]
    pub fn with_extension(mut self, extension: Extension) -> Self {
        match self.extensions.last_mut() {
            Some(list) => list.push(extension),
            None => self.extensions.push(vec![extension]),
        }
        self
    }

    /// With a subjectAltName extension more.
    #[must_use]
    pub fn with_alt_names(self, names: &[GeneralName]) -> Self {
        self.with_extension(Extension::alt_names(names))
    }

    /// With an attribute more.
    #[must_use]
    pub fn with_attribute(mut self, oid: &str, values: Vec<Vec<u8>>) -> Self {
        self.attributes.push(Attribute { oid: oid.to_owned(), values });
        self
    }

    /// Signed otherwise.
    #[must_use]
    pub fn with_signature(self, signature: Signature) -> Self {
        Self { signature, ..self }
    }

    /// The CertificationRequestInfo's DER: what is signed.
    #[must_use]
    pub fn info(&self) -> Vec<u8> {
        let mut attributes: Vec<Vec<u8>> = self
            .extensions
            .iter()
            .map(|list| {
                let extensions = der::sequence(list.iter().map(Extension::der));
                attribute(EXTENSION_REQUEST, &[extensions])
            })
            .collect();
        attributes.extend(self.attributes.iter().map(|a| attribute(&a.oid, &a.values)));
        der::sequence([
            der::unsigned(&[self.version]),
            self.raw_subject.clone().unwrap_or_else(|| name(&self.subject)),
            self.public_key_info.clone().unwrap_or_else(|| self.key.public_key_info()),
            der::tlv(0xa0, &der::sorted(attributes)),
        ])
    }

    /// The request's DER, with `trailing` after it.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let info = self.info();
        let mut out = match &self.signature {
            Signature::Right => signed(&info, &self.key),
            Signature::Wrong => {
                with_signature(&info, &self.key.signature_algorithm(), &self.key.sign(b"something else"))
            }
            Signature::Raw(algorithm, octets) => with_signature(&info, algorithm, octets),
        };
        out.extend(&self.trailing);
        out
    }

    /// The request as PEM, as Go writes it.
    #[must_use]
    pub fn pem(&self) -> String {
        Pem::default().text(&self.der())
    }
}

/// A request of any octets as CertificationRequestInfo, signed rightly by this key.
#[must_use]
pub fn signed(info: &[u8], key: &Key) -> Vec<u8> {
    with_signature(info, &key.signature_algorithm(), &key.sign(info))
}

fn with_signature(info: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    der::sequence([info, algorithm, &der::bit_string(signature)])
}

fn attribute(oid: &str, values: &[Vec<u8>]) -> Vec<u8> {
    der::sequence([der::oid(oid), der::tlv(0x31, &der::sorted(values.to_vec()))])
}

/// How PEM is written; the default is Go's way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Pem {
    /// The block's label.
    pub label: String,
    /// Text before the block, as it is.
    pub before: String,
    /// Headers inside the block, without the empty line after them.
    pub headers: Vec<(String, String)>,
    /// The end of each line.
    pub line_end: String,
    /// Characters a line.
    pub width: usize,
    /// Text after the block, as it is: a second block for example.
    pub after: String,
    /// Text put into the base64 text, after its eighth character: `!` makes it wrong.
    pub noise: String,
}

impl Default for Pem {
    fn default() -> Self {
        Self {
            label: "CERTIFICATE REQUEST".to_owned(),
            before: String::new(),
            headers: Vec::new(),
            line_end: "\n".to_owned(),
            width: 64,
            after: String::new(),
            noise: String::new(),
        }
    }
}

impl Pem {
    /// The text of one block with these octets.
    #[must_use]
    pub fn text(&self, octets: &[u8]) -> String {
        let end = &self.line_end;
        let mut out = format!("{}-----BEGIN {}-----{end}", self.before, self.label);
        for (key, value) in &self.headers {
            out.push_str(&format!("{key}: {value}{end}"));
        }
        if !self.headers.is_empty() {
            out.push_str(end);
        }
        let mut base64: Vec<char> = STANDARD.encode(octets).chars().collect();
        let at = base64.len().min(8);
        base64.splice(at..at, self.noise.chars());
        for line in base64.chunks(self.width.max(1)) {
            out.extend(line);
            out.push_str(end);
        }
        out.push_str(&format!("-----END {}-----{end}{}", self.label, self.after));
        out
    }
}
