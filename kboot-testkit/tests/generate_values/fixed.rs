//! What is the same in each run.

use kboot_core::BootstrapToken;
use kboot_core::Env;
use kboot_core::time::Timestamp;
use kboot_core::x509::PrivateKey;
use kboot_testkit::generate::{KeyKind, Request, insecure_fixed_bytes, insecure_fixed_key, key::Key};

const KINDS: [KeyKind; 8] = [
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::P521,
    KeyKind::Secp256k1,
    KeyKind::Ed25519,
    KeyKind::Rsa2048,
    KeyKind::Rsa3072,
    KeyKind::Rsa4096,
];

#[test]
fn keys_repeat_and_differ() {
    let public = |key: &Key| key.public_key_info();
    for kind in KINDS {
        let one = insecure_fixed_key(kind, 1);
        assert_eq!(public(&one), public(&insecure_fixed_key(kind, 1)), "{kind:?}");
        assert_eq!(one.pkcs8(), insecure_fixed_key(kind, 1).pkcs8(), "{kind:?}");
        assert_ne!(public(&one), public(&insecure_fixed_key(kind, 2)), "{kind:?}");
        assert_eq!(one.kind(), kind);
    }
    // From one release to the next.
    let pinned = insecure_fixed_key(KeyKind::P256, 0).public_key_info();
    let hex: String = pinned.iter().rev().take(8).map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(hex, "e8508e68fbf45484");
}

#[test]
fn kboot_reads_them() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048, KeyKind::Rsa3072, KeyKind::Rsa4096] {
        for seed in 0..2 {
            let key = insecure_fixed_key(kind, seed);
            let read = PrivateKey::from_der(&key.pkcs8()).unwrap();
            assert_eq!(read.public_key().der(), key.public_key_info(), "{kind:?}");
        }
    }
}

#[test]
fn signatures_repeat_where_they_can() {
    for kind in [KeyKind::Ed25519, KeyKind::Rsa2048] {
        let request = || Request::kubelet_client("worker-1").with_key(insecure_fixed_key(kind, 7)).der();
        assert_eq!(request(), request(), "{kind:?}");
    }
}

#[test]
fn tokens_repeat() {
    let token = |seed| {
        BootstrapToken::generate(&mut Env::fixed(Timestamp::EPOCH, insecure_fixed_bytes(seed))).unwrap()
    };
    assert!(token(1).equals(&token(1)) && !token(1).equals(&token(2)));
}
