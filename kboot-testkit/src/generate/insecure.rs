//! Keys and random bytes that are the same in each run, for golden tests. Everybody has them: nothing that they sign or
//! name is safe.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

use super::der;
use super::key::{Key, KeyKind, Pair};

const RSA_2048: &[&str] = &[
    include_str!("insecure_keys/rsa2048-1.pem"),
    include_str!("insecure_keys/rsa2048-2.pem"),
    include_str!("insecure_keys/rsa2048-3.pem"),
    include_str!("insecure_keys/rsa2048-4.pem"),
];
const RSA_3072: &[&str] =
    &[include_str!("insecure_keys/rsa3072-1.pem"), include_str!("insecure_keys/rsa3072-2.pem")];
const RSA_4096: &[&str] =
    &[include_str!("insecure_keys/rsa4096-1.pem"), include_str!("insecure_keys/rsa4096-2.pem")];

/// Random bytes that are none: the same for a seed in each run. `kboot_core::Env::fixed` takes them.
///
/// ```
/// use kboot_testkit::generate::insecure_fixed_bytes;
/// let (mut one, mut two) = ([0; 40], [0; 40]);
/// insecure_fixed_bytes(7)(&mut one);
/// insecure_fixed_bytes(7)(&mut two);
/// assert_eq!(one, two);
/// ```
pub fn insecure_fixed_bytes(seed: u64) -> impl FnMut(&mut [u8]) + Send + 'static {
    let mut blocks = (0_u64..).flat_map(move |block| {
        let mut input = b"kboot-testkit, insecure".to_vec();
        input.extend(seed.to_be_bytes());
        input.extend(block.to_be_bytes());
        digest(&SHA256, &input).as_ref().to_vec()
    });
    move |buffer| buffer.iter_mut().zip(&mut blocks).for_each(|(octet, random)| *octet = random)
}

/// A key that everybody has, the same for a seed in each run. Of RSA there are a few alone, which seeds share: four of
/// 2048 bits, two of each other size.
///
/// Signatures of RSA and Ed25519 repeat as well; those of elliptic curves are made with randomness and never do.
///
/// ```
/// use kboot_testkit::generate::{KeyKind, insecure_fixed_key};
/// let key = insecure_fixed_key(KeyKind::P256, 1);
/// assert_eq!(key.pkcs8(), insecure_fixed_key(KeyKind::P256, 1).pkcs8());
/// assert_ne!(key.pkcs8(), insecure_fixed_key(KeyKind::P256, 2).pkcs8());
/// ```
///
/// # Panics
/// Where aws-lc refuses a key that is well-formed.
#[must_use]
#[expect(clippy::expect_used, reason = "a test without keys has failed")]
pub fn insecure_fixed_key(kind: KeyKind, seed: u64) -> Key {
    let ecdsa = |curve, length| Pair::Ecdsa(of_scalar(curve, length, kind, seed));
    let rsa = |keys: &[&str]| {
        let index = usize::try_from(seed).unwrap_or_default() % keys.len();
        let key = PrivatePkcs8KeyDer::from_pem_slice(keys[index].as_bytes()).expect("it is PEM");
        Pair::Rsa(RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("it is a key"))
    };
    let pair = match kind {
        KeyKind::P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, 32),
        KeyKind::P384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, 48),
        KeyKind::P521 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING, 66),
        KeyKind::Secp256k1 => ecdsa(&ECDSA_P256K1_SHA256_ASN1_SIGNING, 32),
        KeyKind::Ed25519 => {
            let mut octets = [0; 32];
            insecure_fixed_bytes(seed)(&mut octets);
            Pair::Ed25519(Ed25519KeyPair::from_seed_unchecked(&octets).expect("any octets are a seed"))
        }
        KeyKind::Rsa2048 => rsa(RSA_2048),
        KeyKind::Rsa3072 => rsa(RSA_3072),
        KeyKind::Rsa4096 => rsa(RSA_4096),
    };
    Key::of(kind, pair)
}

/// The first of the seed's scalars that the curve takes: all but one of 2^32 are smaller than its order.
#[expect(clippy::expect_used, reason = "a test without keys has failed")]
fn of_scalar(curve: &'static EcdsaSigningAlgorithm, length: usize, kind: KeyKind, seed: u64) -> EcdsaKeyPair {
    let mut fill = insecure_fixed_bytes(seed);
    let mut scalars = std::iter::repeat_with(|| {
        let mut scalar = vec![0; length];
        fill(&mut scalar);
        if kind == KeyKind::P521 {
            scalar[0] &= 1;
        }
        scalar
    });
    let mut pairs = scalars.by_ref().take(100).filter_map(|scalar| {
        // ECPrivateKey (RFC 5915, 3), without the public key, which follows from the other half.
        let name = der::tlv(0xa0, &der::oid(kind.curve()));
        let key = der::sequence([der::unsigned(&[1]), der::octet_string(&scalar), name]);
        EcdsaKeyPair::from_private_key_der(curve, &key).ok()
    });
    pairs.next().expect("a scalar is below the order")
}
