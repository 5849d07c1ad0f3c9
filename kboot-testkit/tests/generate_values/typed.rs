//! kboot-core's own values.

use kboot_core::cluster::CaRole;
use kboot_core::time::Lifetime;
use kboot_core::token::TokenSecret;
use kboot_core::x509::{KeyAlgorithm, PrivateKey};
use kboot_core::{BootstrapToken, Env};
use kboot_testkit::generate::typed;
use kboot_testkit::proptest::prelude::*;

proptest! {
    #[test]
    fn settings_are_written_and_read(settings in typed::token_settings(), token in typed::bootstrap_token()) {
        let secret = token.secret(&settings).unwrap().to_json().unwrap();
        let (again, same): (BootstrapToken, _) = TokenSecret::read(secret.expose_secret()).unwrap();
        prop_assert!(again.equals(&token));
        prop_assert_eq!(same, settings);
    }

    #[test]
    fn templates_are_issued(template in typed::certificate_template(), subject in typed::subject()) {
        let authority = typed::insecure_fixed_authority("ca", KeyAlgorithm::EcdsaP256, 1).with_ca_role(CaRole::Cluster);
        let key = typed::insecure_fixed_private_key(KeyAlgorithm::EcdsaP256, 2);
        let mut env = Env::at("2026-01-02T00:00:00Z".parse().unwrap());
        let certificate = authority.issue(&template, &key, Lifetime::ONE_YEAR, &mut env).unwrap();
        prop_assert_eq!(certificate.facts().alt_names.is_empty(), template.alt_names().is_empty());
        prop_assert!(!subject.to_string().is_empty());
    }

    #[test]
    fn values_are_made(
        identity in typed::client_identity(), certificate in typed::certificate(),
        request in typed::certificate_request(), object in typed::certificate_signing_request(),
        key in typed::insecure_private_key(), names in typed::alt_names(), kubeconfig in typed::kubeconfig(), spec in typed::cluster_spec(), policy in typed::policy(),
    ) {
        prop_assert!(!identity.user().as_str().is_empty());
        prop_assert!(!certificate.der().is_empty() && !request.der().is_empty());
        prop_assert!(object.request().is_ok());
        let pem = key.to_pem().unwrap();
        let again = PrivateKey::from_pem(pem.expose_secret().as_bytes()).unwrap();
        prop_assert_eq!(again.public_key(), key.public_key());
        prop_assert!(names.dns().len() + names.ips().len() <= 6);
        prop_assert!(kubeconfig.current().is_ok());
        prop_assert!(!spec.nodes().is_empty() && !policy.rules().is_empty());
    }
}

#[test]
fn authorities_repeat() {
    let authority = || typed::insecure_fixed_authority("ca", KeyAlgorithm::Rsa2048, 3);
    assert_eq!(authority().certificate().der(), authority().certificate().der());
}
