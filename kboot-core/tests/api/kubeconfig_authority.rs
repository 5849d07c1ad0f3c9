//! A kubeconfig's authority from a PEM text, for who reads no certificates.

use kboot_core::kubeconfig::{Kubeconfig, KubeconfigError};
use kboot_core::pki::CertificateAuthority;
use kboot_core::x509::KeyAlgorithm;
use kboot_core::{BootstrapToken, Env};

fn built(authority: &str) -> Result<Kubeconfig, KubeconfigError> {
    let token: BootstrapToken = "abcdef.0123456789abcdef".parse().unwrap();
    let builder = Kubeconfig::for_cluster("kubernetes", &"10.0.0.1:6443".parse().unwrap());
    builder.trusting_pem(authority).as_user("kubelet-bootstrap").with_token(&token).build()
}

fn authority() -> CertificateAuthority {
    let lifetime = "10y".parse().unwrap();
    CertificateAuthority::create("kubernetes", KeyAlgorithm::Rsa2048, lifetime, &mut Env::system()).unwrap()
}

#[test]
fn the_text_of_a_certificate_does_what_the_certificate_does() {
    let (authority, token) = (authority(), "abcdef.0123456789abcdef".parse::<BootstrapToken>().unwrap());
    let typed = Kubeconfig::for_cluster("kubernetes", &"10.0.0.1:6443".parse().unwrap())
        .trusting(authority.certificate())
        .as_user("kubelet-bootstrap")
        .with_token(&token)
        .build()
        .unwrap();
    let pem = authority.certificate().to_pem();
    let yaml = |kubeconfig: &Kubeconfig| kubeconfig.to_yaml().unwrap().expose_secret().to_owned();
    assert_eq!(yaml(&built(&pem).unwrap()), yaml(&typed));
    for good in [pem.clone() + "\n\n" + &pem, pem.replace('\n', "\r\n"), "\n".to_owned() + &pem] {
        assert!(built(&good).is_ok(), "{good}");
    }
}

#[test]
fn what_is_no_authority_is_an_error_that_tells_no_key() {
    let authority = authority();
    let (pem, key) = (authority.certificate().to_pem(), authority.key().to_pem().unwrap());
    let key = key.expose_secret();
    let cut = pem.rsplit_once("-----END").unwrap().0.to_owned();
    let lines: Vec<&str> = pem.lines().collect();
    let without_a_line = [&lines[..3], &lines[4..]].concat().join("\n");
    for (text, problem) in [
        (String::new(), "it is empty"),
        (" \n".to_owned(), "it is empty"),
        ("/etc/kubernetes/pki/ca.crt".to_owned(), "text beside"),
        (format!("subject=CN=kubernetes\n{pem}"), "text beside"),
        (format!("{pem}x"), "text beside"),
        (key.to_owned(), "something else than a certificate"),
        (format!("{pem}{key}"), "something else than a certificate"),
        (pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), "something else than a certificate"),
        (cut, "no end"),
        (pem.replace("-----END", "----END"), "no end"),
        (pem.replace("-----\nM", "-----\nProc-Type: 4,ENCRYPTED\nM"), "not base64"),
        (without_a_line, "not one DER value"),
        (pem.replace("-----\nMII", "-----\nMIH"), "not one DER value"),
        ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----".to_owned(), "not one DER value"),
    ] {
        let error = built(&text).unwrap_err();
        assert!(matches!(error, KubeconfigError::Authority { .. }), "{error:?}");
        let said = error.to_string();
        assert!(said.contains(problem), "{said}: expected {problem}, of\n{text}");
        assert!(!text.lines().any(|line| line.len() > 30 && said.contains(line)), "{said}");
    }
}
