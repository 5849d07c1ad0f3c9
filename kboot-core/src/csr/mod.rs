//! CertificateSigningRequests: what they ask for, and who asks.
//!
//! [`CertificateRequest`] is the PKCS#10 request (RFC 2986) in facts; [`CertificateSigningRequest`] is the
//! object of `certificates.k8s.io/v1` around it. Neither is believed: [`crate::policy`] decides.

mod create;
mod decode;
mod file;
mod key;
mod list;
mod object;
mod requestor;
mod signer;
mod stage;
mod text;
mod tlv;
pub mod usage;

use std::net::IpAddr;

pub use crate::json_objects::ListError;
pub use file::{RequestInFile, read};
pub use key::{KeyKind, RequestKey, SignatureCheck};
pub use list::{MAX_OBJECT_BYTES, read_list};
pub use object::{CertificateSigningRequest, Condition};
pub use requestor::Requestor;
pub use signer::Signer;
pub use stage::Stage;

/// Why something is not a request, or not one that kboot reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrError {
    /// More bytes than any request has.
    #[error("the request has {bytes} bytes; at most {} are read", decode::MAX_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not PEM.
    #[error("the request is not PEM: {problem}")]
    NotPem {
        /// What is wrong.
        problem: &'static str,
    },
    /// A PEM block of something else.
    #[error("the PEM block is a {label:?}; expected CERTIFICATE REQUEST")]
    WrongPemLabel {
        /// What it calls itself.
        label: String,
    },
    /// The inside of the PEM block, or `spec.request`, is not base64.
    #[error("the request is not base64")]
    BadBase64,
    /// Not strict DER, or not a request.
    #[error("the request is not valid DER (PKCS#10, RFC 2986)")]
    Malformed,
    /// More names, attributes or extensions than are read.
    #[error("the request has more than {limit} names, attributes or extensions")]
    TooManyNames {
        /// The limit.
        limit: usize,
    },
    /// A signer that kboot does not decide for.
    #[error(
        "{value:?} is not a signer that kboot decides for: use kubernetes.io/kube-apiserver-client, \
         kubernetes.io/kube-apiserver-client-kubelet or kubernetes.io/kubelet-serving"
    )]
    UnknownSigner {
        /// The text, cut to its first 64 characters.
        value: String,
    },
    /// The object around the request is not one.
    #[error("{path}: {problem}")]
    Object {
        /// The field.
        path: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
}

impl CsrError {
    /// A stable word for it, for logs and scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::NotPem { .. } => "not-pem",
            Self::WrongPemLabel { .. } => "wrong-pem-label",
            Self::BadBase64 => "bad-base64",
            Self::Malformed => "malformed",
            Self::TooManyNames { .. } => "too-many-names",
            Self::UnknownSigner { .. } => "unknown-signer",
            Self::Object { .. } => "not-an-object",
        }
    }
}

/// A PKCS#10 request (RFC 2986), every part of it, in order.
///
/// What it asks for is not true because it stands there, and who sent it does not stand in it.
/// The DER is read strictly; where two readers could differ, it is [`CsrError::Malformed`] or an
/// [`Oddity`]. At most 64 KiB are read, and 1,000 names, attributes and extensions each; structures that
/// are not understood are kept as bytes, so nothing nests deeper than the request itself.
///
/// ```
/// use kboot_core::{Env, csr::{CertificateRequest, SignatureCheck}, pki::{KeyAlgorithm, PrivateKey}};
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let pem = CertificateRequest::for_kubelet_client(&"worker-1".parse()?, &key)?.to_pem();
/// let request = CertificateRequest::from_pem(pem.as_bytes())?;
/// assert_eq!(request.common_names().collect::<Vec<_>>(), ["system:node:worker-1"]);
/// assert_eq!(request.organizations().collect::<Vec<_>>(), ["system:nodes"]);
/// assert_eq!(request.signature(), SignatureCheck::Right);
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    der: Vec<u8>,
    subject: Vec<RelativeName>,
    subject_der: Vec<u8>,
    public_key: RequestKey,
    attributes: Vec<RequestAttribute>,
    extensions: Vec<RequestedExtension>,
    signature: SignatureCheck,
    oddities: Vec<Oddity>,
}

/// A RelativeDistinguishedName: nearly always one attribute.
pub type RelativeName = Vec<NameAttribute>;

/// An attribute of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameAttribute {
    /// The object identifier of its type.
    pub oid: String,
    /// The text, of a UTF8String, PrintableString or IA5String.
    pub text: Option<String>,
    /// The value, DER.
    pub value: Vec<u8>,
}

impl NameAttribute {
    /// The object identifier of common names (X.520).
    pub const COMMON_NAME: &'static str = "2.5.4.3";
    /// The object identifier of organizations (X.520), which are groups in Kubernetes.
    pub const ORGANIZATION: &'static str = "2.5.4.10";
    /// The object identifier that Kubernetes 1.33 and later takes for the user's UID
    /// (`apiserver/pkg/authentication/request/x509/x509.go`).
    pub const UID: &'static str = "1.3.6.1.4.1.57683.2";
}

/// An attribute of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestAttribute {
    /// The object identifier of its type.
    pub oid: String,
    /// Its values, DER each.
    pub values: Vec<Vec<u8>>,
}

impl RequestAttribute {
    /// The object identifier of the attribute that holds the extensions (RFC 2985, 5.4.2).
    pub const EXTENSION_REQUEST: &'static str = "1.2.840.113549.1.9.14";
}

/// An extension that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestedExtension {
    /// The object identifier.
    pub oid: String,
    /// Whether who does not understand it must refuse the certificate.
    pub critical: bool,
    /// The value, DER.
    pub value: Vec<u8>,
    /// What it says.
    pub content: ExtensionContent,
}

/// What an extension says, where it is understood (RFC 5280, 4.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "the policy must judge each of them")]
pub enum ExtensionContent {
    /// subjectAltName, in order.
    AlternativeNames(Vec<AlternativeName>),
    /// keyUsage, in the words of `certificates.k8s.io`.
    KeyUsages(Vec<&'static str>),
    /// extKeyUsage in the same words, or as object identifiers.
    ExtendedKeyUsages(Vec<String>),
    /// basicConstraints.
    BasicConstraints {
        /// Whether a certificate authority is asked for.
        is_authority: bool,
    },
    /// subjectKeyIdentifier.
    SubjectKeyIdentifier,
    /// One that kboot does not know.
    Unknown,
    /// One that kboot knows and whose value is not what it should be.
    Malformed,
}

/// A subject alternative name (GeneralName; RFC 5280, 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the policy must judge each of them")]
pub enum AlternativeName {
    /// A DNS name, as it stands there.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// An address of neither 4 nor 16 octets.
    InvalidIp(Vec<u8>),
    /// An e-mail address.
    Email(String),
    /// A URI.
    Uri(String),
    /// A name of a kind of its own.
    OtherName {
        /// The object identifier of the kind.
        oid: String,
        /// The kind and the value, DER.
        value: Vec<u8>,
    },
    /// A distinguished name, DER.
    DirectoryName(Vec<u8>),
    /// An object identifier.
    RegisteredId(String),
    /// An X.400 address, DER.
    X400Address(Vec<u8>),
    /// An EDI party name, DER.
    EdiPartyName(Vec<u8>),
}

/// What no proper request has, and what a reader could pass over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "the policy must judge each of them")]
pub enum Oddity {
    /// Text before or after the PEM block, as `openssl req -text` writes it. Harmless.
    SurroundingText,
    /// Headers inside the PEM block (RFC 1421).
    PemHeaders,
    /// More dashes after the PEM block: another one, or the rest of one.
    SecondBlock,
    /// Bytes after the request, in its own PEM block.
    TrailingBytes,
    /// A version other than 0, the only one that there is.
    UnknownVersion,
}

impl CertificateRequest {
    /// Reads the first PEM block of a text, as kube-apiserver does (`ParseCSR` in
    /// `pkg/apis/certificates/helpers.go`).
    ///
    /// # Errors
    /// [`CsrError`], with a code for each kind.
    pub fn from_pem(text: &[u8]) -> Result<Self, CsrError> {
        let (der, oddities) = decode::pem_block(text)?;
        decode::request(der, oddities)
    }

    /// Reads a request in DER.
    ///
    /// # Errors
    /// [`CsrError`], with a code for each kind.
    pub fn from_der(der: &[u8]) -> Result<Self, CsrError> {
        if der.len() > decode::MAX_BYTES {
            return Err(CsrError::TooLarge { bytes: der.len() });
        }
        decode::request(der.to_vec(), Vec::new())
    }

    /// The DER that was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The subject, RDN by RDN.
    #[must_use]
    pub fn subject(&self) -> &[RelativeName] {
        &self.subject
    }

    /// The subject's Name, DER.
    #[must_use]
    pub fn subject_der(&self) -> &[u8] {
        &self.subject_der
    }

    /// Every attribute of the subject, in order.
    pub fn subject_attributes(&self) -> impl Iterator<Item = &NameAttribute> {
        self.subject.iter().flatten()
    }

    /// Every common name that is a text, in order.
    pub fn common_names(&self) -> impl Iterator<Item = &str> {
        self.texts(NameAttribute::COMMON_NAME)
    }

    /// Every organization that is a text, in order.
    pub fn organizations(&self) -> impl Iterator<Item = &str> {
        self.texts(NameAttribute::ORGANIZATION)
    }

    fn texts(&self, oid: &'static str) -> impl Iterator<Item = &str> {
        let of_type = self.subject_attributes().filter(move |attribute| attribute.oid == oid);
        of_type.filter_map(|attribute| attribute.text.as_deref())
    }

    /// The key that a certificate is asked for.
    #[must_use]
    pub fn public_key(&self) -> &RequestKey {
        &self.public_key
    }

    /// The attributes, in order; that of the extensions among them.
    #[must_use]
    pub fn attributes(&self) -> &[RequestAttribute] {
        &self.attributes
    }

    /// The extensions of every extensionRequest attribute, in order.
    #[must_use]
    pub fn extensions(&self) -> &[RequestedExtension] {
        &self.extensions
    }

    /// The alternative names of every subjectAltName extension, in order.
    pub fn alternative_names(&self) -> impl Iterator<Item = &AlternativeName> {
        self.extensions.iter().flat_map(|extension| match &extension.content {
            ExtensionContent::AlternativeNames(names) => names.as_slice(),
            _ => &[],
        })
    }

    /// Whether it was signed by the key that it asks a certificate for.
    #[must_use]
    pub fn signature(&self) -> SignatureCheck {
        self.signature
    }

    /// What no proper request has.
    #[must_use]
    pub fn oddities(&self) -> &[Oddity] {
        &self.oddities
    }
}
