//! Any bytes as a private or public key, and as an authority with its key: read or refused, never a panic; and what
//! is read is what is written, in each form.

#![no_main]
#![expect(clippy::expect_used, reason = "a law that does not hold ends the run")]

use kboot_core::CertificateAuthority;
use kboot_core::time::Timestamp;
use kboot_core::x509::{Certificate, PrivateKey, PublicKey};
use kboot_fuzz::laws::is_one_line;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for key in [PrivateKey::from_pem(data), PrivateKey::from_der(data)] {
        match key {
            Ok(key) => is_what_it_writes(&key),
            Err(error) => is_one_line(&error),
        }
    }
    let keys = [PublicKey::from_pem(data).ok(), PublicKey::from_der(data).ok()];
    // A certificate may have a key that only its own reader takes, or none; no signature is by such a one.
    for key in keys.into_iter().flatten().filter(|key| PublicKey::from_der(key.der()).is_ok()) {
        let (rest, theirs) = SubjectPublicKeyInfo::from_der(key.der()).expect("another reader reads it");
        assert!(rest.is_empty() && theirs.raw == key.der());
        assert_eq!(key.pin().to_string().parse(), Ok(key.pin()));
    }
    let now = Timestamp::from_unix(1_800_000_000).expect("it is in range");
    match CertificateAuthority::from_pem(data, data, now) {
        Ok(authority) => assert!(authority.certificate().facts().public_key == *authority.key().public_key()),
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error:?}"),
    }
    for certificate in Certificate::all_from_pem(data).unwrap_or_default() {
        assert_eq!(Certificate::from_pem(certificate.to_pem().as_bytes()).as_ref(), Ok(&certificate));
    }
});

fn is_what_it_writes(key: &PrivateKey) {
    let (pem, pkcs8_pem) = (key.to_pem().expect("it is written"), key.to_pkcs8_pem().expect("it is written"));
    let der = key.to_pkcs8_der().expect("it is written");
    let again = [
        PrivateKey::from_pem(pem.expose_secret().as_bytes()),
        PrivateKey::from_pem(pkcs8_pem.expose_secret().as_bytes()),
        PrivateKey::from_der(der.expose_secret()),
    ];
    for again in again {
        let again = again.expect("it is read again");
        assert_eq!((again.public_key(), again.algorithm()), (key.public_key(), key.algorithm()));
    }
    let public = PublicKey::from_pem(key.public_key_pem().as_bytes());
    assert_eq!(public.as_ref(), Ok(key.public_key()));
}
