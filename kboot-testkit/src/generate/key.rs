//! Keys that sign, and public keys that are only embedded.

use std::fmt;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};

use super::der;

/// Kinds of keys that can sign here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests name each")]
pub enum KeyKind {
    /// ECDSA on P-256, what kubelets use.
    P256,
    /// ECDSA on P-384.
    P384,
    /// ECDSA on P-521.
    P521,
    /// ECDSA on secp256k1, which Kubernetes does not know.
    Secp256k1,
    /// Ed25519.
    Ed25519,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits.
    Rsa4096,
}

impl KeyKind {
    /// The OID of the named curve; that of P-256 where there is none.
    pub(super) fn curve(self) -> &'static str {
        match self {
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
            Self::Secp256k1 => "1.3.132.0.10",
            _ => "1.2.840.10045.3.1.7",
        }
    }
}

pub(super) enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// A key that signs.
#[derive(Clone)]
pub struct Key {
    kind: KeyKind,
    pair: Arc<Pair>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.kind)
    }
}

impl Key {
    /// A new key.
    ///
    /// # Panics
    /// Where the system gives no random numbers.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without keys has failed")]
    pub fn new(kind: KeyKind) -> Self {
        let pair = match kind {
            KeyKind::P256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map(Pair::Ecdsa),
            KeyKind::P384 => EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).map(Pair::Ecdsa),
            KeyKind::P521 => EcdsaKeyPair::generate(&ECDSA_P521_SHA512_ASN1_SIGNING).map(Pair::Ecdsa),
            KeyKind::Secp256k1 => EcdsaKeyPair::generate(&ECDSA_P256K1_SHA256_ASN1_SIGNING).map(Pair::Ecdsa),
            KeyKind::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
            KeyKind::Rsa2048 => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
            KeyKind::Rsa3072 => RsaKeyPair::generate(KeySize::Rsa3072).map(Pair::Rsa),
            KeyKind::Rsa4096 => RsaKeyPair::generate(KeySize::Rsa4096).map(Pair::Rsa),
        };
        Self::of(kind, pair.expect("a key is generated"))
    }

    pub(super) fn of(kind: KeyKind, pair: Pair) -> Self {
        Self { kind, pair: Arc::new(pair) }
    }

    /// This process' key of this kind: made once, the same at each call.
    #[must_use]
    pub fn shared(kind: KeyKind) -> Self {
        static P256: LazyLock<Key> = LazyLock::new(|| Key::new(KeyKind::P256));
        static P384: LazyLock<Key> = LazyLock::new(|| Key::new(KeyKind::P384));
        static P521: LazyLock<Key> = LazyLock::new(|| Key::new(KeyKind::P521));
        static SECP256K1: LazyLock<Key> = LazyLock::new(|| Key::new(KeyKind::Secp256k1));
        static ED25519: LazyLock<Key> = LazyLock::new(|| Key::new(KeyKind::Ed25519));
        static RSA2048: LazyLock<Key> = LazyLock::new(|| Key::new(KeyKind::Rsa2048));
        static RSA3072: LazyLock<Key> = LazyLock::new(|| Key::new(KeyKind::Rsa3072));
        static RSA4096: LazyLock<Key> = LazyLock::new(|| Key::new(KeyKind::Rsa4096));
        match kind {
            KeyKind::P256 => P256.clone(),
            KeyKind::P384 => P384.clone(),
            KeyKind::P521 => P521.clone(),
            KeyKind::Secp256k1 => SECP256K1.clone(),
            KeyKind::Ed25519 => ED25519.clone(),
            KeyKind::Rsa2048 => RSA2048.clone(),
            KeyKind::Rsa3072 => RSA3072.clone(),
            KeyKind::Rsa4096 => RSA4096.clone(),
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Its SubjectPublicKeyInfo's DER.
    #[must_use]
    pub fn public_key_info(&self) -> Vec<u8> {
        match &*self.pair {
            Pair::Ecdsa(pair) => elliptic_curve(self.kind.curve(), pair.public_key().as_ref()),
            Pair::Ed25519(pair) => public_key_info("1.3.101.112", None, pair.public_key().as_ref()),
            Pair::Rsa(pair) => {
                public_key_info("1.2.840.113549.1.1.1", Some(der::null()), pair.public_key().as_ref())
            }
        }
    }

    /// Its private half as PKCS#8 DER, for programs that sign with it.
    ///
    /// # Panics
    /// Where aws-lc cannot write it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without keys has failed")]
    pub fn pkcs8(&self) -> Vec<u8> {
        match &*self.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().expect("PKCS#8 is written").as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().expect("PKCS#8 is written").as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let octets: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8 is written");
                octets.as_ref().to_vec()
            }
        }
    }

    /// The AlgorithmIdentifier of its signatures.
    #[must_use]
    pub fn signature_algorithm(&self) -> Vec<u8> {
        match self.kind {
            KeyKind::P256 | KeyKind::Secp256k1 => algorithm("1.2.840.10045.4.3.2", None),
            KeyKind::P384 => algorithm("1.2.840.10045.4.3.3", None),
            KeyKind::P521 => algorithm("1.2.840.10045.4.3.4", None),
            KeyKind::Ed25519 => algorithm("1.3.101.112", None),
            KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => {
                algorithm("1.2.840.113549.1.1.11", Some(der::null()))
            }
        }
    }

    /// Signs a message.
    ///
    /// # Panics
    /// Where the system gives no random numbers.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without signatures has failed")]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &*self.pair {
            Pair::Ecdsa(pair) => pair.sign(&random, message).expect("it signs").as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("it signs");
                signature
            }
        }
    }
}

/// An AlgorithmIdentifier.
#[must_use]
pub fn algorithm(oid: &str, parameters: Option<Vec<u8>>) -> Vec<u8> {
    der::sequence([der::oid(oid), parameters.unwrap_or_default()])
}

/// A SubjectPublicKeyInfo of any algorithm.
#[must_use]
pub fn public_key_info(oid: &str, parameters: Option<Vec<u8>>, key: &[u8]) -> Vec<u8> {
    der::sequence([algorithm(oid, parameters), der::bit_string(key)])
}

/// The SubjectPublicKeyInfo of a point on a named curve; neither is checked.
#[must_use]
pub fn elliptic_curve(curve: &str, point: &[u8]) -> Vec<u8> {
    public_key_info("1.2.840.10045.2.1", Some(der::oid(curve)), point)
}

/// The SubjectPublicKeyInfo of an RSA key with an odd modulus of this many bits, whose factors nobody
/// knows, and this exponent.
#[must_use]
pub fn rsa(bits: usize, exponent: u32) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut modulus = Vec::with_capacity(bits / 8);
    while modulus.len() < bits / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        modulus.extend(state.to_be_bytes());
    }
    modulus.truncate(bits / 8);
    if let Some(first) = modulus.first_mut() {
        *first |= 0x80;
    }
    if let Some(last) = modulus.last_mut() {
        *last |= 1;
    }
    let key = der::sequence([der::unsigned(&modulus), der::unsigned(&exponent.to_be_bytes())]);
    public_key_info("1.2.840.113549.1.1.1", Some(der::null()), &key)
}

/// The SubjectPublicKeyInfo of P-224's base point (SEC 2, section 2.6.2).
#[must_use]
pub fn p224() -> Vec<u8> {
    const BASE: [u8; 57] =
        *b"\x04\xb7\x0e\x0c\xbd\x6b\xb4\xbf\x7f\x32\x13\x90\xb9\x4a\x03\xc1\xd3\x56\xc2\x11\x22\
\x34\x32\x80\xd6\x11\x5c\x1d\x21\xbd\x37\x63\x88\xb5\xf7\x23\xfb\x4c\x22\xdf\xe6\xcd\x43\x75\xa0\x5a\x07\x47\
\x64\x44\xd5\x81\x99\x85\x00\x7e\x34";
    elliptic_curve("1.3.132.0.33", &BASE)
}

/// The SubjectPublicKeyInfo of an algorithm that nobody registered.
#[must_use]
pub fn unknown() -> Vec<u8> {
    public_key_info("1.3.6.1.4.1.57683.999", None, &[0x5a; 64])
}
