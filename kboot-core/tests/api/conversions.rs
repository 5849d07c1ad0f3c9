//! Values of other libraries in and out: the same value comes back, and what does not fit is named.

#[cfg(feature = "k8s-openapi")]
mod k8s;
#[cfg(feature = "kube")]
mod kube;
#[cfg(feature = "rcgen")]
mod rcgen;

use std::process::Command;
use std::time::{Duration, SystemTime};

use kboot_core::kubeconfig::{Kubeconfig, KubeconfigError};
use kboot_core::pki::{CertificateAuthority, CertificateTemplate, PkiError};
use kboot_core::time::{Lifetime, TimeError, Timestamp};
use kboot_core::x509::{Certificate, KeyAlgorithm, Pin, PrivateKey, X509Error};
use kboot_core::{BootstrapToken, Env};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::common::write;

fn authority() -> CertificateAuthority {
    let lifetime = "10y".parse().unwrap();
    CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, lifetime, &mut Env::system()).unwrap()
}

/// What openssl makes of a key, in DER.
fn openssl(arguments: &[&str], key: &PrivateKey) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "key.pem", key.to_pem().unwrap().expose_secret());
    let run = Command::new("openssl")
        .args(arguments)
        .args(["-in", "key.pem", "-outform", "DER"])
        .current_dir(folder.path())
        .output()
        .expect("openssl is installed");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

#[test]
fn keys_are_written_as_pkcs8_byte_for_byte_as_openssl_does() {
    for (algorithm, name) in KeyAlgorithm::ALL {
        let key = PrivateKey::generate(algorithm).unwrap();
        let der = key.to_pkcs8_der().unwrap();
        assert_eq!(der.expose_secret(), openssl(&["pkcs8", "-topk8", "-nocrypt"], &key), "{name}");
        let pem = key.to_pkcs8_pem().unwrap();
        let again = PrivateKey::from_pem(pem.expose_secret().as_bytes()).unwrap();
        assert_eq!(again.public_key(), key.public_key(), "{name}");
    }
}

#[test]
fn keys_are_read_in_each_of_the_three_forms() {
    for (algorithm, name) in KeyAlgorithm::ALL {
        let key = PrivateKey::generate(algorithm).unwrap();
        let older: &[&str] = if name.starts_with("rsa") { &["rsa", "-traditional"] } else { &["ec"] };
        for der in [openssl(older, &key), key.to_pkcs8_der().unwrap().expose_secret().to_vec()] {
            let again = PrivateKey::from_der(&der).unwrap();
            assert_eq!((again.algorithm(), again.public_key()), (algorithm, key.public_key()), "{name}");
            for damaged in [&der[..der.len() - 1], &[der.as_slice(), &[0]].concat()] {
                assert_eq!(PrivateKey::from_der(damaged).unwrap_err(), X509Error::UnsupportedKey, "{name}");
            }
        }
    }
    for other in [&b""[..], b"\x30", b"-----BEGIN PRIVATE KEY-----", authority().certificate().der()] {
        assert_eq!(PrivateKey::from_der(other).unwrap_err(), X509Error::UnsupportedKey);
    }
}

#[test]
fn a_key_of_another_kind_is_refused_by_its_kind() {
    for arguments in [
        &["genpkey", "-algorithm", "ed25519", "-outform", "DER"][..],
        &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521", "-outform", "DER"],
        &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-outform", "DER"],
    ] {
        let made = Command::new("openssl").args(arguments).output().expect("openssl is installed");
        assert!(made.status.success());
        assert_eq!(
            PrivateKey::from_der(&made.stdout).unwrap_err(),
            X509Error::UnsupportedKey,
            "{arguments:?}"
        );
    }
}

#[test]
fn rustls_types_hold_the_same_bytes() {
    let authority = authority();
    let certificate = authority.certificate().clone();
    let der = CertificateDer::from(certificate.clone());
    assert_eq!(der.as_ref(), AsRef::<[u8]>::as_ref(&certificate));
    assert_eq!(Certificate::try_from(&der).unwrap(), certificate);
    assert_eq!(Certificate::try_from(der).unwrap(), certificate);
    let no_certificate = CertificateDer::from(vec![0x30, 0x00]);
    assert_eq!(Certificate::try_from(no_certificate).unwrap_err(), X509Error::MalformedCertificate);

    let key = PrivateKeyDer::try_from(authority.key()).unwrap();
    assert!(matches!(key, PrivateKeyDer::Pkcs8(_)));
    assert_eq!(PrivateKey::try_from(&key).unwrap().public_key(), authority.key().public_key());
}

#[test]
fn a_key_that_does_not_fit_its_certificate_is_named() {
    let (one, other) = (authority(), authority());
    let key = PrivateKey::try_from(&PrivateKeyDer::try_from(other.key()).unwrap()).unwrap();
    let der = CertificateDer::from(one.certificate().clone());
    let error = CertificateAuthority::load(Certificate::try_from(der).unwrap(), key, Env::system().now());
    let wanted = X509Error::KeyMismatch { subject: "CN=kubernetes".to_owned() };
    assert_eq!(error.unwrap_err(), PkiError::from(wanted));
}

#[test]
fn a_kubeconfig_takes_no_key_of_another() {
    let (mut env, authority) = (Env::system(), authority());
    let [key, other] = [(); 2].map(|()| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());
    let template = CertificateTemplate::client("jane".parse().unwrap());
    let made = authority.issue(&template, &key, Lifetime::ONE_YEAR, &mut env).unwrap();
    // One that was just made has not been read yet.
    for certificate in [made.clone(), Certificate::from_der(made.der().to_vec()).unwrap()] {
        let build = |key| {
            let builder = Kubeconfig::for_cluster("kubernetes", &"192.0.2.1".parse().unwrap());
            builder
                .trusting(authority.certificate())
                .as_user("jane")
                .with_certificate(&certificate, key)
                .build()
        };
        assert!(build(&key).is_ok());
        let Err(KubeconfigError::X509(error)) = build(&other) else { panic!("taken") };
        assert_eq!(error, X509Error::KeyMismatch { subject: "CN=jane".to_owned() });
    }
}

#[test]
fn a_pin_is_what_its_text_says() {
    let key = authority().key().public_key().clone();
    let (pin, text) = (key.pin(), key.pin().to_string());
    assert_eq!(text.parse::<Pin>().unwrap(), pin);
    assert_eq!(text.to_uppercase().parse::<Pin>().unwrap(), pin);
    assert_eq!(Pin::from_sha256(*pin.sha256()), pin);
    assert_eq!(serde_json::to_string(&pin).unwrap(), format!("\"{text}\""));
    assert_eq!(format!("{pin:?}"), format!("Pin({text})"));
    let digits = text.strip_prefix("sha256:").unwrap();
    for wrong in [
        "",
        digits,
        &format!("sha512:{digits}"),
        &text[..text.len() - 1],
        &format!("{text}0"),
        &format!("{text} "),
        &format!("sha256:+{}", &digits[1..]),
        &format!("sha256:{}é", &digits[2..]),
    ] {
        let error = wrong.parse::<Pin>().unwrap_err();
        assert!(matches!(error, X509Error::InvalidPin { .. }), "{wrong}: {error}");
    }
}

#[test]
fn times_are_those_of_the_standard_library() {
    for (time, wanted) in [
        (SystemTime::UNIX_EPOCH, "1970-01-01T00:00:00Z"),
        (SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_366_245_999), "2026-01-02T15:04:05Z"),
        (SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799), "9999-12-31T23:59:59Z"),
    ] {
        let read = Timestamp::try_from(time).unwrap();
        assert_eq!(read.to_string(), wanted);
        assert_eq!(Timestamp::try_from(SystemTime::from(read)), Ok(read));
    }
    for time in [
        SystemTime::UNIX_EPOCH - Duration::from_nanos(1),
        SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800),
    ] {
        assert_eq!(Timestamp::try_from(time), Err(TimeError::OutOfRange));
    }
    for (span, wanted) in [
        (Duration::ZERO, "0s"),
        (Duration::from_millis(1999), "1s"),
        (Duration::from_secs(90 * 86_400), "90d"),
    ] {
        let read = Lifetime::try_from(span).unwrap();
        assert_eq!(read, wanted.parse().unwrap());
        assert_eq!(Duration::from(read), Duration::from_secs(span.as_secs()));
    }
    // A token whose lifetime is nothing never expires.
    assert_eq!(Lifetime::try_from(Duration::from_millis(999)), Err(TimeError::LessThanASecond));
    assert_eq!(Lifetime::try_from(Duration::MAX), Err(TimeError::OutOfRange));
}

/// Counts, and fails where it is told to.
struct Counter {
    next: u8,
    last: u8,
}

impl rand_core::TryRng for Counter {
    type Error = std::io::Error;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            if self.next == self.last {
                return Err(std::io::Error::other("the device is gone"));
            }
            (*byte, self.next) = (self.next, self.next + 1);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}

#[test]
fn an_env_takes_any_clock_and_any_generator() {
    let mut time = "2026-01-02T15:04:05Z".parse::<Timestamp>().unwrap();
    let clock = move || {
        time = time.after(Lifetime::ONE_YEAR).unwrap();
        time
    };
    let mut env = Env::system().with_clock(clock).with_rng(Counter { next: 0, last: 16 });
    assert_eq!(env.now().to_string(), "2027-01-02T15:04:05Z");
    assert_eq!(env.now().to_string(), "2028-01-02T15:04:05Z");
    let mut bytes = [0; 16];
    env.fill(&mut bytes).unwrap();
    assert_eq!(bytes, std::array::from_fn(|at| u8::try_from(at).unwrap()));
    assert!(env.fill(&mut bytes).is_err());
    assert!(BootstrapToken::generate(&mut env).is_err());
}
