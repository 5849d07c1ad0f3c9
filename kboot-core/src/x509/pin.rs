//! The pin of a public key.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Serialize, Serializer};

use super::X509Error;
use crate::shown::{excerpt, hex};

/// The pin of a public key: the SHA-256 of its SubjectPublicKeyInfo, written `sha256:` and 64 hexadecimal digits.
///
/// `kubeadm join --discovery-token-ca-cert-hash` takes that of the cluster's authority (kubeadm's `pubkeypin`; the
/// digest is that of RFC 7469, 2.4).
///
/// ```
/// use kboot_core::x509::{KeyAlgorithm, Pin, PrivateKey};
/// const NONE: Pin = Pin::from_sha256([0; 32]);
/// let pin = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?.public_key().pin();
/// assert_eq!(pin.to_string().parse::<Pin>()?, pin);
/// assert_ne!(pin, NONE);
/// # Ok::<(), kboot_core::x509::X509Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pin([u8; 32]);

impl Pin {
    /// The one with this SHA-256.
    #[must_use]
    pub const fn from_sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The SHA-256.
    #[must_use]
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.0
    }

    /// That of a SubjectPublicKeyInfo in DER.
    pub(super) fn of_spki(der: &[u8]) -> Self {
        let mut pin = [0; 32];
        pin.iter_mut().zip(digest(&SHA256, der).as_ref()).for_each(|(octet, digest)| *octet = *digest);
        Self(pin)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = X509Error;

    /// Reads capitals as well, as kubeadm does.
    ///
    /// # Errors
    /// [`X509Error::InvalidPin`] for anything but `sha256:` and 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, X509Error> {
        read(text).map(Self).ok_or_else(|| X509Error::InvalidPin { value: excerpt(text) })
    }
}

fn read(text: &str) -> Option<[u8; 32]> {
    let (format, digits) = text.split_once(':')?;
    // A sign before digits is one to `from_str_radix` too.
    let is_hex = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !format.eq_ignore_ascii_case("sha256") || !is_hex {
        return None;
    }
    let mut pin = [0; 32];
    for (octet, start) in pin.iter_mut().zip((0..64).step_by(2)) {
        *octet = u8::from_str_radix(digits.get(start..start + 2)?, 16).ok()?;
    }
    Some(pin)
}

impl Serialize for Pin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
