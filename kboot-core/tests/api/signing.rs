//! Signing with a key that is elsewhere.

use std::error::Error as _;
use std::path::Path;
use std::sync::LazyLock;

use kboot_core::x509::{
    Certificate, KeyAlgorithm, KeyKind, PrivateKey, PublicKey, RequestError, SignatureAlgorithm,
    SigningError, SigningKey, TlsUsage, UnsignedCertificate, X509Error,
};
use kboot_core::{Env, Error, ErrorKind, Lifetime};
use kboot_core::{
    cluster::CaRole,
    pki::{CertificateAuthority, CertificateTemplate, Issuer, PkiError},
};
use kboot_testkit::Oracle;

fn authority(algorithm: KeyAlgorithm) -> CertificateAuthority {
    CertificateAuthority::create("kubernetes", algorithm, "1y".parse().unwrap(), &mut Env::system()).unwrap()
}

static LEAF_KEY: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());

fn prepare(issuer: &Issuer) -> UnsignedCertificate {
    prepare_numbered(issuer, 1)
}

/// The same bytes at each call with the same number.
fn prepare_numbered(issuer: &Issuer, number: u8) -> UnsignedCertificate {
    let now = issuer.validity().not_before.after("1h".parse().unwrap()).unwrap();
    let mut env = Env::fixed(now, move |buffer| buffer.fill(number));
    let template = CertificateTemplate::client("jane".parse().unwrap()).with_group("dev".parse().unwrap());
    let month = "30d".parse().unwrap();
    issuer.prepare(&template, LEAF_KEY.public_key(), month, &mut env).unwrap()
}

/// openssl with a key in a file, as a service that signs.
struct Remote<'a> {
    openssl: &'a Oracle,
    folder: &'a Path,
    algorithm: KeyAlgorithm,
    public_key: PublicKey,
}

impl SigningKey for Remote<'_> {
    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let _ = std::fs::remove_file(self.folder.join("message"));
        kboot_core::bundle::write_new(&self.folder.join("message"), message, 0o600)
            .map_err(SigningError::new)?;
        let digest = match self.algorithm.signature() {
            SignatureAlgorithm::EcdsaSha384 => "-sha384",
            _ => "-sha256",
        };
        let arguments = ["dgst", digest, "-sign", "ca.key", "-out", "signature", "message"];
        let verdict = self.openssl.run(self.folder, &arguments);
        if !verdict.accepted {
            return Err(SigningError::new(verdict.stderr));
        }
        std::fs::read(self.folder.join("signature")).map_err(SigningError::new)
    }
}

#[test]
fn openssl_holds_the_key() {
    let Some(openssl) = Oracle::find("openssl") else { return };
    for (algorithm, _) in KeyAlgorithm::ALL {
        let folder = tempfile::tempdir().unwrap();
        let authority = authority(algorithm);
        let pem = authority.key().to_pem().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            kboot_core::bundle::write_new(&folder.path().join(name), bytes, 0o600).unwrap();
        };
        write("ca.key", pem.expose_secret().as_bytes());
        write("ca.crt", authority.certificate().to_pem().as_bytes());
        let issuer = Issuer::load(authority.certificate().clone(), Env::system().now()).unwrap();
        assert_eq!(issuer.algorithm(), algorithm);
        let public_key = issuer.public_key().clone();
        let remote = Remote { openssl: &openssl, folder: folder.path(), algorithm, public_key };
        let certificate = prepare(&issuer).sign_with(&remote).unwrap();
        assert!(certificate.is_signed_by(authority.certificate()));
        write("leaf.crt", certificate.to_pem().as_bytes());
        let verdict =
            openssl.run(folder.path(), &["verify", "-no_check_time", "-CAfile", "ca.crt", "leaf.crt"]);
        assert!(verdict.accepted, "{algorithm}: {verdict}");

        std::fs::remove_file(folder.path().join("ca.key")).unwrap();
        let error = prepare(&issuer).sign_with(&remote).unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains("ca.key"), "{error}: {cause}");
    }
}

#[test]
fn both_phases_give_what_one_gives() {
    let authority = authority(KeyAlgorithm::Rsa2048);
    let now = Env::system().now();
    let env = || Env::fixed(now, |buffer| buffer.fill(7));
    let template = CertificateTemplate::client("jane".parse().unwrap());
    let year = "1y".parse().unwrap();
    let one = authority.issue(&template, &LEAF_KEY, year, &mut env()).unwrap();
    let issuer = Issuer::load(authority.certificate().clone(), now).unwrap();
    let prepared = issuer.prepare(&template, LEAF_KEY.public_key(), year, &mut env()).unwrap();
    assert_eq!(prepared.sign_with(authority.key()).unwrap(), one);
    assert_eq!(issuer.pin(), authority.pin());
}

#[test]
fn a_signature_that_is_not_the_issuers_makes_no_certificate() {
    for (algorithm, _) in KeyAlgorithm::ALL {
        let (authority, foreign) = (authority(algorithm), PrivateKey::generate(algorithm).unwrap());
        let issuer = authority.issuer();
        let refuse = |signature: &[u8], prepared: UnsignedCertificate| {
            let error = prepared.assemble(signature).unwrap_err();
            assert!(matches!(error, X509Error::WrongSignature { .. }), "{algorithm}: {error}");
            assert!(error.to_string().contains("CN=kubernetes"), "{error}");
            assert_eq!(Error::from(error).kind(), ErrorKind::Crypto);
        };
        let sign = |key: &PrivateKey, message: &[u8]| SigningKey::sign(key, message).unwrap();
        let prepared = prepare(issuer);
        refuse(&sign(&foreign, prepared.to_be_signed()), prepared);
        let (prepared, other) = (prepare(issuer), prepare_numbered(issuer, 2));
        refuse(&sign(authority.key(), other.to_be_signed()), prepared);
        let prepared = prepare(issuer);
        assert_eq!(prepared.to_be_signed(), prepare(issuer).to_be_signed());
        let right = sign(authority.key(), prepared.to_be_signed());
        let mut flipped = right.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for wrong in [&flipped, &right[1..], &[right.as_slice(), &[0]].concat(), &[], &[0; 64]] {
            refuse(wrong, prepare(issuer));
        }
        assert!(prepared.assemble(&right).unwrap().is_signed_by(authority.certificate()));
    }
}

/// A key that gives another's public half.
struct Liar<'a> {
    claimed: &'a CertificateAuthority,
    algorithm: KeyAlgorithm,
    key: PrivateKey,
}

impl SigningKey for Liar<'_> {
    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn public_key(&self) -> &PublicKey {
        self.claimed.key().public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        SigningKey::sign(&self.key, message)
    }
}

#[test]
fn a_key_that_is_not_the_issuers_makes_no_certificate() {
    let authority = authority(KeyAlgorithm::EcdsaP256);
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let error = prepare(authority.issuer()).sign_with(&key).unwrap_err();
    assert!(matches!(error, X509Error::KeyMismatch { .. }), "{error}");

    let mut liar = Liar { claimed: &authority, algorithm: KeyAlgorithm::EcdsaP256, key };
    let error = prepare(authority.issuer()).sign_with(&liar).unwrap_err();
    assert!(matches!(error, X509Error::WrongSignature { .. }), "{error}");
    liar.algorithm = KeyAlgorithm::EcdsaP384;
    let error = prepare(authority.issuer()).sign_with(&liar).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the signing key says that it is ecdsa-p384, and its public key is ecdsa-p256"
    );
}

struct Sealed<'a>(&'a Issuer);

impl SigningKey for Sealed<'_> {
    fn algorithm(&self) -> KeyAlgorithm {
        self.0.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SigningError> {
        Err(SigningError::new(std::io::Error::other("the vault is sealed")))
    }
}

#[test]
fn a_key_that_fails_says_why() {
    let authority = authority(KeyAlgorithm::EcdsaP256);
    let error = prepare(authority.issuer()).sign_with(&Sealed(authority.issuer())).unwrap_err();
    assert_eq!(error.to_string(), "the signing key made no signature");
    assert_eq!(error.source().unwrap().to_string(), "the vault is sealed");
    assert_eq!(error, error.clone());
    assert_eq!(Error::from(error).kind(), ErrorKind::Crypto);
}

#[test]
fn an_issuer_is_checked_as_an_authority_is() {
    let mut env = Env::system();
    let authority = authority(KeyAlgorithm::EcdsaP256);
    let template = CertificateTemplate::client("jane".parse().unwrap());
    let leaf = authority.issue(&template, &LEAF_KEY, "1y".parse().unwrap(), &mut env).unwrap();
    let error = Issuer::load(leaf, env.now()).unwrap_err();
    assert!(error.to_string().contains("CA:TRUE"), "{error}");
    let late = env.now().after("2y".parse().unwrap()).unwrap();
    let error = Issuer::load(authority.certificate().clone(), late).unwrap_err();
    assert!(matches!(error, PkiError::AuthorityNotValidNow { .. }), "{error}");
    let key = LEAF_KEY.public_key().der();
    for key in [b"".as_slice(), b"\x30\x00", &key[1..], &[key, &[0]].concat()] {
        assert_eq!(PublicKey::from_der(key), Err(RequestError::Malformed));
    }
    // Ed25519 (RFC 8410, 4)
    let ed25519 = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".as_slice(), &[7; 32]].concat();
    let key = PublicKey::from_der(&ed25519).unwrap();
    let error = authority.issuer().prepare(&template, &key, "30d".parse().unwrap(), &mut env).unwrap_err();
    assert_eq!(error, PkiError::X509(X509Error::UnsupportedKind { kind: KeyKind::Ed25519 }));
    assert!(error.to_string().contains("the key is Ed25519"), "{error}");
}

#[test]
fn an_issuer_with_a_key_that_kboot_does_not_know() {
    let Some(openssl) = Oracle::find("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    for generate in [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2056",
        "genpkey -algorithm ED25519",
    ] {
        for arguments in [
            format!("{generate} -out ca.key"),
            "req -new -x509 -key ca.key -subj /CN=kubernetes -out ca.crt".to_owned(),
        ] {
            let verdict = openssl.run(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
            assert!(verdict.accepted, "{arguments}: {verdict}");
        }
        let pem = std::fs::read(folder.path().join("ca.crt")).unwrap();
        let certificate = Certificate::from_pem(&pem).unwrap();
        let error = Issuer::load(certificate, Env::system().now()).unwrap_err();
        assert!(error.to_string().contains("its key is not ECDSA P-256"), "{generate}: {error}");
    }
}

#[test]
fn etcds_and_the_front_proxys_authorities_make_no_clients_of_the_api_server() {
    let mut env = Env::system();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let year = Lifetime::ONE_YEAR;
    let client = CertificateTemplate::client("jane".parse().unwrap());
    for (name, whose) in [("etcd-ca", CaRole::Etcd), ("front-proxy-ca", CaRole::FrontProxy)] {
        let authority =
            CertificateAuthority::create(name, KeyAlgorithm::EcdsaP256, "1y".parse().unwrap(), &mut env)
                .unwrap();
        let refusal = PkiError::WrongAuthority { subject: format!("CN={name}"), authority: whose };
        assert_eq!(authority.issue(&client, &key, year, &mut env).unwrap_err(), refusal);
        // Without its key it is the same.
        let loaded = Issuer::load(authority.certificate().clone(), env.now()).unwrap();
        let public = key.public_key();
        assert_eq!(loaded.prepare(&client, public, year, &mut env).unwrap_err(), refusal);
        assert!(loaded.with_ca_role(CaRole::Cluster).prepare(&client, public, year, &mut env).is_ok());
        assert!(authority.issue(&client.clone().with_ca_role(whose), &key, year, &mut env).is_ok());
        assert!(authority.with_ca_role(CaRole::Cluster).issue(&client, &key, year, &mut env).is_ok());
    }
}

#[test]
fn nobody_is_made_all_powerful_unasked() {
    let (authority, mut env) = (authority(KeyAlgorithm::EcdsaP256), Env::system());
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let year = "1y".parse().unwrap();
    let template =
        CertificateTemplate::client("jane".parse().unwrap()).with_group("system:masters".parse().unwrap());
    let refused = authority.issue(&template, &key, year, &mut env).unwrap_err();
    assert_eq!(refused, PkiError::Unrestricted);
    let refused = authority.issuer().prepare(&template, key.public_key(), year, &mut env).unwrap_err();
    assert_eq!(refused, PkiError::Unrestricted);
    // A server is nobody at the API server, whatever its groups.
    let server = template.clone().with_usage(TlsUsage::Server);
    assert!(authority.issue(&server, &key, year, &mut env).is_ok());
    let issued = kboot_core::danger::issue_unrestricted(&authority, &template, &key, year, &mut env);
    assert_eq!(issued.unwrap().facts().organizations, ["system:masters"]);
}
