//! What a key may do, and what a certificate is good for (RFC 5280, 4.2.1.3 and 4.2.1.12).

use std::fmt;
use std::ops::BitOr;

use super::ObjectIdentifier;
use super::oid;

/// What a key may do: the bits of the extension keyUsage (RFC 5280, 4.2.1.3).
///
/// ```
/// use kboot_core::x509::KeyUsage;
/// let both = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
/// assert_eq!(both.to_string(), "digital signature, key encipherment");
/// assert!(both.contains(KeyUsage::DIGITAL_SIGNATURE));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// digitalSignature and keyEncipherment, which suit every key exchange of TLS.
    pub const SIGNATURE_AND_ENCIPHERMENT: Self = Self(1 | (1 << 2));
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// nonRepudiation, which X.509 calls contentCommitment.
    pub const CONTENT_COMMITMENT: Self = Self(1 << 1);
    /// keyEncipherment.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// dataEncipherment.
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 3);
    /// keyAgreement.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// keyCertSign.
    pub const CERT_SIGN: Self = Self(1 << 5);
    /// cRLSign.
    pub const CRL_SIGN: Self = Self(1 << 6);
    /// encipherOnly.
    pub const ENCIPHER_ONLY: Self = Self(1 << 7);
    /// decipherOnly.
    pub const DECIPHER_ONLY: Self = Self(1 << 8);

    /// The bits in the order of the standard, with their words, which are cfssl's.
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::DIGITAL_SIGNATURE, "digital signature"),
        (Self::CONTENT_COMMITMENT, "content commitment"),
        (Self::KEY_ENCIPHERMENT, "key encipherment"),
        (Self::DATA_ENCIPHERMENT, "data encipherment"),
        (Self::KEY_AGREEMENT, "key agreement"),
        (Self::CERT_SIGN, "cert sign"),
        (Self::CRL_SIGN, "crl sign"),
        (Self::ENCIPHER_ONLY, "encipher only"),
        (Self::DECIPHER_ONLY, "decipher only"),
    ];

    /// From the number whose lowest bit is digitalSignature.
    pub(super) fn of_bits(bits: u16) -> Self {
        Self(bits & 0x1ff)
    }

    /// Whether all of these are among them.
    #[must_use]
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// A word for each, in the order of the standard.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.iter().filter(move |(bit, _)| self.contains(*bit)).map(|(_, word)| *word)
    }

    /// The words as a list.
    #[must_use]
    pub fn to_words(self) -> Vec<&'static str> {
        self.words().collect()
    }
}

impl BitOr for KeyUsage {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_words().join(", "))
    }
}

/// A purpose that a certificate is good for (KeyPurposeId; RFC 5280, 4.2.1.12).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExtendedKeyUsage {
    /// Every purpose.
    Any,
    /// A TLS server.
    ServerAuth,
    /// A TLS client.
    ClientAuth,
    /// Signing programs.
    CodeSigning,
    /// E-mail.
    EmailProtection,
    /// The end of an IPsec connection (RFC 4945, 5.1.3.12).
    IpsecEndSystem,
    /// An IPsec tunnel.
    IpsecTunnel,
    /// A user of IPsec.
    IpsecUser,
    /// Time stamps.
    TimeStamping,
    /// OCSP responses.
    OcspSigning,
    /// Microsoft's server gated cryptography.
    MicrosoftSgc,
    /// Netscape's.
    NetscapeSgc,
    /// One that kboot has no word for.
    Other(ObjectIdentifier),
    /// One whose identifier no [`ObjectIdentifier`] holds, in numbers; in certificates alone.
    Oversized(String),
}

impl ExtendedKeyUsage {
    /// Those that have a word, with their words, which are cfssl's.
    const WORDS: &'static [(Self, ObjectIdentifier, &'static str)] = &[
        (Self::Any, oid::ANY_EXTENDED_KEY_USAGE, "any"),
        (Self::ServerAuth, oid::ID_KP_SERVER_AUTH, "server auth"),
        (Self::ClientAuth, oid::ID_KP_CLIENT_AUTH, "client auth"),
        (Self::CodeSigning, oid::ID_KP_CODE_SIGNING, "code signing"),
        (Self::EmailProtection, oid::ID_KP_EMAIL_PROTECTION, "email protection"),
        (Self::IpsecEndSystem, oid::ID_KP_IPSEC_END_SYSTEM, "ipsec end system"),
        (Self::IpsecTunnel, oid::ID_KP_IPSEC_TUNNEL, "ipsec tunnel"),
        (Self::IpsecUser, oid::ID_KP_IPSEC_USER, "ipsec user"),
        (Self::TimeStamping, oid::ID_KP_TIME_STAMPING, "timestamping"),
        (Self::OcspSigning, oid::ID_KP_OCSP_SIGNING, "ocsp signing"),
        (Self::MicrosoftSgc, oid::MICROSOFT_SGC, "microsoft sgc"),
        (Self::NetscapeSgc, oid::NETSCAPE_SGC, "netscape sgc"),
    ];

    pub(super) fn of_oid(oid: ObjectIdentifier) -> Self {
        let found = Self::WORDS.iter().find(|(_, known, _)| *known == oid);
        found.map_or(Self::Other(oid), |(usage, ..)| usage.clone())
    }

    /// The usage's word, which is cfssl's; none for one that has only an identifier.
    #[must_use]
    pub fn as_str(&self) -> Option<&'static str> {
        Self::WORDS.iter().find(|(usage, ..)| usage == self).map(|(_, _, word)| *word)
    }
}

impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.as_str()) {
            (_, Some(word)) => f.write_str(word),
            (Self::Other(oid), _) => oid.fmt(f),
            (Self::Oversized(numbers), _) => f.write_str(numbers),
            _ => Ok(()),
        }
    }
}

/// Which ends of a TLS connection a certificate is for: the extended usages that leaves are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "TLS has two ends")]
pub enum TlsUsage {
    /// clientAuth.
    Client,
    /// serverAuth.
    Server,
    /// serverAuth and clientAuth, for a server that dials others of its kind.
    ServerAndClient,
}
