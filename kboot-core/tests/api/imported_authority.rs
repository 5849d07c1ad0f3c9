//! Authorities that others made: their subject stands in every leaf byte for byte, whatever it holds.

use std::path::Path;

use kboot_core::x509::X509Error;
use kboot_core::{Env, ErrorKind};
use kboot_core::{
    pki::{CertificateAuthority, CertificateTemplate, PkiError},
    x509::{KeyAlgorithm, PrivateKey},
};
use kboot_testkit::{Oracle, Purpose, webpki_accepts};

struct Imported {
    folder: tempfile::TempDir,
    openssl: Oracle,
}

impl Imported {
    /// An authority made by openssl with this request configuration for its subject.
    fn new(openssl: Oracle, subject: &str, extensions: &str, days: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let this = Self { folder, openssl };
        let config = format!(
            "[req]\nprompt=no\nutf8=yes\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n{subject}\n[ext]\n{extensions}\n"
        );
        this.write("ca.cnf", config.as_bytes());
        this.run("ecparam -name prime256v1 -genkey -noout -out ca.key");
        this.run(&format!("req -new -x509 -config ca.cnf -key ca.key -days {days} -out ca.crt"));
        this
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        kboot_core::bundle::write_new(&self.path().join(name), bytes, 0o600).unwrap();
    }

    fn run(&self, arguments: &str) -> String {
        let verdict = self.openssl.run(self.path(), &arguments.split(' ').collect::<Vec<_>>());
        assert!(verdict.accepted, "openssl {arguments}: {verdict}");
        verdict.stdout
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    fn load(&self) -> Result<CertificateAuthority, PkiError> {
        CertificateAuthority::from_pem(&self.read("ca.crt"), &self.read("ca.key"), Env::system().now())
    }

    fn check(&self) {
        let authority = self.load().unwrap();
        let mut env = Env::system();
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let template =
            CertificateTemplate::client("jane".parse().unwrap()).with_group("dev".parse().unwrap());
        let leaf = authority.issue(&template, &key, "30d".parse().unwrap(), &mut env).unwrap();
        assert_eq!(leaf.facts().issuer_name, authority.certificate().facts().subject_name);
        self.write("leaf.crt", leaf.to_pem().as_bytes());
        self.run("verify -purpose sslclient -CAfile ca.crt leaf.crt");
        let now = u64::try_from(env.now().unix()).unwrap();
        webpki_accepts(authority.certificate().der(), leaf.der(), Purpose::Client, now, None).unwrap();
    }
}

const AUTHORITY: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash";

#[test]
fn two_organizational_units() {
    let Some(openssl) = Oracle::find("openssl") else { return };
    Imported::new(openssl, "C=JP\nO=Example\n0.OU=First\n1.OU=Second\nCN=kubernetes", AUTHORITY, "365")
        .check();
}

#[test]
fn a_relative_name_of_several_values() {
    let Some(openssl) = Oracle::find("openssl") else { return };
    let imported =
        Imported::new(openssl, "O=Example\n+OU=Zeta\n+serialNumber=7\nCN=kubernetes", AUTHORITY, "365");
    assert!(imported.run("x509 -in ca.crt -noout -subject -nameopt RFC2253").contains('+'));
    imported.check();
}

#[test]
fn strings_of_other_types() {
    let Some(openssl) = Oracle::find("openssl") else { return };
    // BMPString, TeletexString, UniversalString and IA5String, which Go's and most other encoders never write.
    for mask in ["MASK:0x800", "MASK:0x4", "MASK:0x100", "default"] {
        let folder = Imported::new(openssl.clone(), "O=Example\nCN=kubernetes", AUTHORITY, "365");
        let config = format!(
            "[req]\nprompt=no\nutf8=yes\nstring_mask={mask}\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n\
             O=Exämple\nDC=local\nCN=kübernetes\n[ext]\n{AUTHORITY}\n"
        );
        folder.write("other.cnf", config.as_bytes());
        folder.run("req -new -x509 -config other.cnf -key ca.key -days 365 -out ca.crt");
        folder.check();
    }
}

#[test]
fn an_authority_without_a_key_identifier() {
    let Some(openssl) = Oracle::find("openssl") else { return };
    let extensions =
        "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none";
    Imported::new(openssl, "CN=kubernetes", extensions, "365").check();
}

#[test]
fn what_cannot_be_an_authority_is_refused() {
    let Some(openssl) = Oracle::find("openssl") else { return };
    let new =
        |extensions: &str, days: &str| Imported::new(openssl.clone(), "CN=kubernetes", extensions, days);

    let leaf = new("basicConstraints=critical,CA:FALSE", "365").load().unwrap_err();
    assert!(matches!(leaf, PkiError::NotAnAuthority { .. }), "{leaf}");

    let no_signing = new("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature", "365")
        .load()
        .unwrap_err();
    assert!(matches!(no_signing, PkiError::NotAnAuthority { .. }), "{no_signing}");

    for limit in ["extendedKeyUsage=clientAuth", "nameConstraints=critical,permitted;DNS:example.com"] {
        let limited = new(&format!("{AUTHORITY}\n{limit}"), "365").load().unwrap_err();
        assert!(matches!(limited, PkiError::NotAnAuthority { .. }), "{limit}: {limited}");
    }

    let other_key = new(AUTHORITY, "365");
    let error = CertificateAuthority::from_pem(
        &other_key.read("ca.crt"),
        &new(AUTHORITY, "365").read("ca.key"),
        Env::system().now(),
    )
    .unwrap_err();
    assert!(matches!(error, PkiError::X509(X509Error::KeyMismatch { .. })), "{error}");

    let expired = new(AUTHORITY, "1");
    let later = Env::system().now().after("2d".parse().unwrap()).unwrap();
    let error =
        CertificateAuthority::from_pem(&expired.read("ca.crt"), &expired.read("ca.key"), later).unwrap_err();
    assert!(matches!(error, PkiError::AuthorityNotValidNow { .. }), "{error}");

    for garbage in [
        &b""[..],
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"\0\xff",
    ] {
        let error = CertificateAuthority::from_pem(garbage, &other_key.read("ca.key"), Env::system().now())
            .unwrap_err();
        assert_eq!(kboot_core::Error::from(error).kind(), ErrorKind::Input);
        assert!(PrivateKey::from_pem(garbage).is_err());
    }
    let mut truncated = other_key.read("ca.key");
    truncated.truncate(truncated.len() / 2);
    assert!(PrivateKey::from_pem(&truncated).is_err());
}
