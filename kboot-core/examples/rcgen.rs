//! With rcgen on either side: its keys and certificates become kboot's, and kboot's key and authority become its.
//! `cargo run -p kboot-core --features rcgen --example rcgen`

#![expect(clippy::print_stdout, reason = "a report")]

use std::error::Error;

use kboot_core::danger::rcgen_issuer;
use kboot_core::pki::{CertificateAuthority, Profile, ProfileOptions};
use kboot_core::x509::{Certificate, KeyAlgorithm, PrivateKey};
use kboot_core::{Env, Lifetime};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};

/// The authority that a program has made with rcgen until now.
fn authority_of_rcgen() -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "kubernetes");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    Ok((params.self_signed(&key)?, key))
}

/// From rcgen: kboot issues from its authority, by kboot's rules.
fn kubelet_of(authority: &CertificateAuthority, env: &mut Env) -> Result<Certificate, Box<dyn Error>> {
    let mut options = ProfileOptions::default();
    options.node = Some("worker-1".parse()?);
    let template = Profile::KubeletClient.template(&options)?;
    // rcgen's key, of a kind that Kubernetes takes; P-521 or Ed25519 would be an error that says so.
    let key = PrivateKey::try_from(&KeyPair::generate()?)?;
    Ok(authority.issue(&template, &key, Lifetime::ONE_YEAR, env)?)
}

/// To rcgen: it makes what Kubernetes has no word for, here a certificate for a registry.
fn registry_of(authority: &CertificateAuthority) -> Result<Certificate, Box<dyn Error>> {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP384)?;
    let params = CertificateParams::new(["registry.example.org".to_owned()])?;
    // rcgen knows none of kboot's rules: it would sign system:masters as well, so the way there is in `danger`.
    let issuer = rcgen_issuer(authority)?;
    Ok(Certificate::try_from(&params.signed_by(&key, &issuer)?)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut env = Env::system();
    let (certificate, key) = authority_of_rcgen()?;
    let (certificate, key) = (Certificate::try_from(&certificate)?, PrivateKey::try_from(&key)?);
    let authority = CertificateAuthority::load(certificate, key, env.now())?;

    for certificate in [kubelet_of(&authority, &mut env)?, registry_of(&authority)?] {
        let facts = certificate.facts();
        let is_ours = certificate.is_signed_by(authority.certificate());
        println!("{:?} {:?}, by the authority: {is_ours}", facts.subject, facts.organizations);
        if !is_ours {
            return Err("not signed by the authority".into());
        }
    }
    Ok(())
}
