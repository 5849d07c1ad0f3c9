//! Certificate requests (PKCS#10; RFC 2986): what they ask for, and how they are made.

mod decode;
mod encode;
mod extension_anomaly;

pub use extension_anomaly::ExtensionAnomaly;

use super::limits::MAX_REQUEST_BYTES;
use super::{
    AttributeTypeAndValue, DistinguishedName, EncodingAnomaly, ExtendedKeyUsage, GeneralName, KeyUsage,
    ObjectIdentifier, PrivateKey, PublicKey, RequestError, SignatureCheck, SubjectAltNames, X509Error, oid,
    pem,
};

/// A PKCS#10 request (RFC 2986), every part of it, in order.
///
/// What it asks for is not true because it stands there, and who sent it does not stand in it.
/// The DER is read strictly; where two readers could differ, it is [`RequestError::Malformed`] or an
/// [`EncodingAnomaly`]. At most 64 KiB are read, and 1,000 names, attributes and extensions each; structures that
/// are not understood are kept as bytes, so nothing nests deeper than the request itself.
///
/// ```
/// use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey, SignatureCheck};
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let pem = CertificateRequest::for_kubelet_client(&"worker-1".parse()?, &key)?.to_pem();
/// let request = CertificateRequest::from_pem(pem.as_bytes())?;
/// assert_eq!(request.common_names().collect::<Vec<_>>(), ["system:node:worker-1"]);
/// assert_eq!(request.organizations().collect::<Vec<_>>(), ["system:nodes"]);
/// assert_eq!(request.signature(), SignatureCheck::Valid);
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    der: Vec<u8>,
    subject: DistinguishedName,
    public_key: PublicKey,
    attributes: Vec<RequestAttribute>,
    extensions: Vec<RequestedExtension>,
    signature: SignatureCheck,
    anomalies: Vec<EncodingAnomaly>,
}

/// An attribute of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestAttribute {
    /// The object identifier of its type.
    pub oid: ObjectIdentifier,
    /// Its values, DER each.
    pub values: Vec<Vec<u8>>,
}

impl RequestAttribute {
    /// The object identifier of the attribute that holds the extensions (RFC 2985, 5.4.2).
    pub const EXTENSION_REQUEST: ObjectIdentifier = oid::EXTENSION_REQUEST;

    /// The name of its type; none for one that kboot does not know.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        oid::name(self.oid)
    }
}

/// An extension that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestedExtension {
    /// The object identifier.
    pub oid: ObjectIdentifier,
    /// Whether who does not understand it must refuse the certificate.
    pub critical: bool,
    /// The value, DER.
    pub value: Vec<u8>,
    /// What it says.
    pub content: ExtensionContent,
}

impl RequestedExtension {
    /// The extension's name; none for one that kboot does not know.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        oid::name(self.oid)
    }
}

/// What an extension says, where it is understood (RFC 5280, 4.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a policy must judge each of them")]
pub enum ExtensionContent {
    /// subjectAltName, in order.
    AlternativeNames(Vec<GeneralName>),
    /// keyUsage.
    KeyUsages(KeyUsage),
    /// extKeyUsage, in order.
    ExtendedKeyUsages(Vec<ExtendedKeyUsage>),
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

impl CertificateRequest {
    /// Reads the first PEM block of a text, as Go's `encoding/pem` does.
    ///
    /// # Errors
    /// [`RequestError`], with a code for each kind.
    pub fn from_pem(text: &[u8]) -> Result<Self, RequestError> {
        let (der, anomalies) = pem::request_block(text)?;
        decode::request(der, anomalies)
    }

    /// Reads a request in DER.
    ///
    /// # Errors
    /// [`RequestError`], with a code for each kind.
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        if der.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLarge { bytes: der.len() });
        }
        decode::request(der.to_vec(), Vec::new())
    }

    /// The DER that was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// Every attribute of the subject, in order.
    pub fn subject_attributes(&self) -> impl Iterator<Item = &AttributeTypeAndValue> {
        self.subject.attributes()
    }

    /// Every common name that is a text, in order.
    pub fn common_names(&self) -> impl Iterator<Item = &str> {
        self.subject.texts(oid::COMMON_NAME)
    }

    /// Every organization that is a text, in order.
    pub fn organizations(&self) -> impl Iterator<Item = &str> {
        self.subject.texts(oid::ORGANIZATION)
    }

    /// The key that a certificate is asked for.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
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
    pub fn alternative_names(&self) -> impl Iterator<Item = &GeneralName> {
        self.extensions.iter().flat_map(|extension| match &extension.content {
            ExtensionContent::AlternativeNames(names) => names.as_slice(),
            _ => &[],
        })
    }

    /// Whether the request was signed by the key that it asks a certificate for.
    #[must_use]
    pub fn signature(&self) -> SignatureCheck {
        self.signature
    }

    /// What no proper request has.
    #[must_use]
    pub fn anomalies(&self) -> &[EncodingAnomaly] {
        &self.anomalies
    }

    /// The DER of a request for a subject (DER) and alternative names, signed by its key.
    pub(crate) fn encode(
        subject: &[u8],
        alt_names: &SubjectAltNames,
        key: &PrivateKey,
    ) -> Result<Vec<u8>, X509Error> {
        encode::request(subject, alt_names, key)
    }

    /// The request in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        std::mem::take(&mut *pem::write("CERTIFICATE REQUEST", &self.der))
    }
}
