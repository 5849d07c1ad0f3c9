//! Conversions from and to the types of `rcgen` 0.14 (feature `rcgen`).
//!
//! | to have | from | write |
//! |---|---|---|
//! | `rcgen::Issuer` | a [`CertificateAuthority`] | [`rcgen_issuer(&authority)?`](crate::danger::rcgen_issuer): rcgen knows none of the rules of [`CertificateAuthority::issue`] |
//! | `rcgen::SigningKey` | a [`PrivateKey`] | `&key`, which is one |
//! | a [`PrivateKey`] | `rcgen::KeyPair` | `PrivateKey::try_from(&pair)?` |
//! | a [`Certificate`] | `rcgen::Certificate` | `Certificate::try_from(&certificate)?` |

use rcgen::{CertificateParams, Issuer, KeyPair, PublicKeyData, SignatureAlgorithm, SigningKey};
use rustls_pki_types::CertificateDer;

use crate::pki::CertificateAuthority;
use crate::x509::{Certificate, KeyAlgorithm, PrivateKey, PublicKey, X509Error};

/// Why an authority cannot be one of rcgen's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// rcgen's names hold one value of each type, so the issuer's name in its certificates would be another
    /// than the authority's subject.
    #[error("rcgen cannot write the name {subject} as it stands in the authority: sign with kboot")]
    Name {
        /// The authority's subject.
        subject: String,
    },
    /// What rcgen says.
    #[error("rcgen does not take the authority")]
    Rcgen(#[source] rcgen::Error),
}

impl PublicKeyData for PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        self.public_key().bits()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match Self::algorithm(self) {
            KeyAlgorithm::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyAlgorithm::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl SigningKey for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Self::sign(self, message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// See [`rcgen_issuer`](crate::danger::rcgen_issuer).
pub(crate) fn issuer(authority: &CertificateAuthority) -> Result<Issuer<'static, &PrivateKey>, IssuerError> {
    let certificate = authority.certificate();
    let (der, facts) = (CertificateDer::from(certificate.der()), certificate.facts());
    // Everything else in the certificate was read by the same reader before.
    let other_name = || IssuerError::Name { subject: facts.subject.clone() };
    let issuer = Issuer::from_ca_cert_der(&der, authority.key()).map_err(|_| other_name())?;
    // rcgen does not say what it makes of a name; a certificate does.
    let unsigned = Issuer::from_ca_cert_der(&der, Unsigned(authority.key())).map_err(|_| other_name())?;
    let probe = CertificateParams::default().signed_by(&authority.key(), &unsigned);
    let probe = Certificate::try_from(&probe.map_err(IssuerError::Rcgen)?);
    match probe {
        Ok(probe) if probe.facts().issuer_name == facts.subject_name => Ok(issuer),
        _ => Err(other_name()),
    }
}

/// A key that gives an empty signature.
struct Unsigned<'a>(&'a PrivateKey);

impl PublicKeyData for Unsigned<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        PublicKeyData::algorithm(self.0)
    }
}

impl SigningKey for Unsigned<'_> {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}

impl TryFrom<&KeyPair> for PrivateKey {
    type Error = X509Error;

    /// # Errors
    /// [`X509Error::UnsupportedKind`] for a kind that kboot makes no certificates for: Ed25519, P-521, RSA of
    /// another size.
    fn try_from(pair: &KeyPair) -> Result<Self, X509Error> {
        match PublicKey::from_der(&pair.subject_public_key_info()) {
            Ok(key) if KeyAlgorithm::of_public_key(&key).is_none() => {
                Err(X509Error::UnsupportedKind { kind: key.kind().clone() })
            }
            _ => Self::from_der(pair.serialized_der()),
        }
    }
}

impl TryFrom<&rcgen::Certificate> for Certificate {
    type Error = X509Error;

    /// # Errors
    /// As [`Certificate::from_der`].
    fn try_from(certificate: &rcgen::Certificate) -> Result<Self, X509Error> {
        Self::from_der(certificate.der().to_vec())
    }
}
