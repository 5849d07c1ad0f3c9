//! Assertions tell what differs, and nothing secret.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use kboot_core::csr::{CertificateSigningRequest, Requestor, Signer};
use kboot_core::kubeconfig::Kubeconfig;
use kboot_core::pki::{CertificateAuthority, CertificateTemplate};
use kboot_core::policy::{PolicyContext, Preset, Verdict};
use kboot_core::x509::{Certificate, CertificateRequest, KeyAlgorithm, PrivateKey};
use kboot_core::{BootstrapToken, Env};
use kboot_testkit::assert;

fn authority() -> CertificateAuthority {
    let lifetime = "10y".parse().unwrap();
    CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, lifetime, &mut Env::system()).unwrap()
}

fn issued(authority: &CertificateAuthority) -> (Certificate, PrivateKey) {
    let names = ["w1", "10.0.0.5"].map(|name| name.parse().unwrap()).into_iter().collect();
    let template =
        CertificateTemplate::server("jane".parse().unwrap(), names).with_group("dev".parse().unwrap());
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    (authority.issue(&template, &key, "30d".parse().unwrap(), &mut Env::system()).unwrap(), key)
}

fn message(assertion: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = std::panic::catch_unwind(assertion).unwrap_err();
    payload.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn a_certificate_is_as_it_should_be_or_each_difference_is_told() {
    let (ours, other) = (authority(), authority());
    let (certificate, key) = issued(&ours);
    let now = Env::system().now();
    let usages = ["server auth", "digital signature", "key encipherment"];
    assert::certificate(&certificate)
        .subject("O=dev, CN=jane")
        .common_name("jane")
        .organizations(["dev"])
        .names(["10.0.0.5", "w1"])
        .usages(usages)
        .issued_by(ours.certificate())
        .key(key.public_key())
        .valid_at(now)
        .lives(now, "30d".parse().unwrap())
        .authority(false)
        .check();

    let wrong = message(|| {
        assert::certificate(&certificate)
            .common_name("joe")
            .organizations::<&str>([])
            .names(["w1"])
            .usages(["client auth"])
            .issued_by(other.certificate())
            .valid_at("2020-01-01T00:00:00Z".parse().unwrap())
            .lives(now, "31d".parse().unwrap())
            .authority(true)
            .check();
    });
    assert!(wrong.starts_with("the certificate of O=dev, CN=jane is not as expected:\n"), "{wrong}");
    for line in [
        "  common name      expected joe\n                   found    jane\n",
        "  organizations    expected (nothing)\n                   found    dev\n",
        "  names            expected w1\n                   found    10.0.0.5, w1\n",
        "found    digital signature, key encipherment, server auth\n",
        "  signature        expected of CN=kubernetes's key\n                   found    of another key\n",
        "  validity         expected to hold 2020-01-01T00:00:00Z\n",
        "  end              expected ",
        "  basic constraints expected an authority\n                   found    no authority",
    ] {
        assert!(wrong.contains(line), "{line:?} in\n{wrong}");
    }
    let key_of_other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    assert_eq!(assert::certificate(&certificate).key(key_of_other.public_key()).differences()[0].what, "key");
}

#[test]
fn a_kubeconfig_is_told_without_its_secrets() {
    let authority = authority();
    let (certificate, key) = issued(&authority);
    let endpoint = "10.0.0.1:6443".parse().unwrap();
    let cluster = || Kubeconfig::for_cluster("lab", &endpoint).trusting(authority.certificate());
    let config = cluster().as_user("jane").with_certificate(&certificate, &key).build().unwrap();
    assert::kubeconfig(&config)
        .current_context("jane@lab")
        .contexts(["jane@lab"])
        .namespace("")
        .server("https://10.0.0.1:6443")
        .trusts([authority.certificate()])
        .credentials(["certificate"])
        .subject("O=dev, CN=jane")
        .check();

    let token = BootstrapToken::generate(&mut Env::system()).unwrap();
    let config = cluster().as_user("boot").with_token(&token).build().unwrap();
    let other = self::authority();
    let wrong = message(|| {
        assert::kubeconfig(&config)
            .current_context("jane@lab")
            .contexts(["a", "b"])
            .namespace("default")
            .server("https://10.0.0.2:6443")
            .trusts([other.certificate()])
            .credentials(["certificate"])
            .subject("CN=jane")
            .check();
    });
    for word in
        ["current context", "contexts", "namespace", "server", "authorities", "credentials", "subject"]
    {
        assert!(wrong.contains(&format!("  {word}")), "{word} in {wrong}");
    }
    assert!(wrong.contains("found    bootstrap-token"), "{wrong}");
    assert!(!wrong.contains(token.secret_half().expose_secret()), "{wrong}");
}

#[test]
fn a_decision_is_told_with_what_it_rests_on() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pem = CertificateRequest::for_kubelet_client(&"w1".parse().unwrap(), &key).unwrap().to_pem();
    let object = CertificateSigningRequest::new("csr-1", Signer::KubeApiserverClientKubelet, pem.as_bytes())
        .with_requestor(Requestor::user("system:node:w1").with_group("system:nodes"));
    let decision = Preset::Bootstrap.policy().evaluate(&object, &PolicyContext::at(Env::system().now()));
    let wrong = message(|| assert::decision(&decision).is(Verdict::Approve).by_rule("renewal").check());
    assert!(
        wrong.starts_with("the decision is not as expected:\n  verdict          expected approve\n"),
        "{wrong}"
    );
    assert!(wrong.contains("unknown: renewal: "), "{wrong}");
    assert::decision(&decision).is(Verdict::Hold).because(decision.reason().as_str()).check();
}
