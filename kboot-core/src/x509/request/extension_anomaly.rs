//! What a request asks for over all of its extensions, and which of these no proper request has.

use std::fmt;

use super::{CertificateRequest, ExtensionContent};
use crate::x509::{ExtendedKeyUsage, KeyUsage, ObjectIdentifier};

/// What no proper request has among its extensions. Its `Display` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtensionAnomaly {
    /// One of this type stands there before.
    Repeated(ObjectIdentifier),
    /// Its value is not what it should be.
    Malformed(ObjectIdentifier),
}

impl fmt::Display for ExtensionAnomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated(oid) => write!(f, "the extension {oid} stands there twice"),
            Self::Malformed(oid) => write!(f, "the extension {oid} is malformed"),
        }
    }
}

impl CertificateRequest {
    /// The key usages of every keyUsage extension, in order; a proper request has one at most.
    pub fn key_usages(&self) -> impl Iterator<Item = KeyUsage> {
        self.extensions.iter().filter_map(|extension| match extension.content {
            ExtensionContent::KeyUsages(usages) => Some(usages),
            _ => None,
        })
    }

    /// The extended usages of every extKeyUsage extension, in order; a proper request has one at most.
    pub fn extended_usages(&self) -> impl Iterator<Item = &[ExtendedKeyUsage]> {
        self.extensions.iter().filter_map(|extension| match &extension.content {
            ExtensionContent::ExtendedKeyUsages(usages) => Some(usages.as_slice()),
            _ => None,
        })
    }

    /// Whether it asks for the certificate of an authority.
    #[must_use]
    pub fn is_for_authority(&self) -> bool {
        let wanted = ExtensionContent::BasicConstraints { is_authority: true };
        self.extensions.iter().any(|extension| extension.content == wanted)
    }

    /// What no proper request has among its extensions, in their order.
    pub fn extension_anomalies(&self) -> impl Iterator<Item = ExtensionAnomaly> {
        self.extensions.iter().enumerate().flat_map(|(i, extension)| {
            let is_repeated = self.extensions.iter().take(i).any(|earlier| earlier.oid == extension.oid);
            let is_malformed = extension.content == ExtensionContent::Malformed;
            [
                is_repeated.then_some(ExtensionAnomaly::Repeated(extension.oid)),
                is_malformed.then_some(ExtensionAnomaly::Malformed(extension.oid)),
            ]
            .into_iter()
            .flatten()
        })
    }
}
