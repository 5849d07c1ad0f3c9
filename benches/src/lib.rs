//! What the benches share: the machine's own limit, and the inputs.

mod requests;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use kboot_core::{ClusterSpec, Env, Error};
use kboot_core::{
    pki::{CertificateAuthority, CertificateTemplate},
    x509::{KeyAlgorithm, PrivateKey},
};

pub use requests::Requests;

/// The size of a certificate's signed part.
const MESSAGE: [u8; 400] = [7; 400];

/// A key that signs, and what it signs with: the bare cryptography of one certificate.
#[derive(Debug)]
pub struct Limit {
    signer: EcdsaKeyPair,
    random: SystemRandom,
}

impl Limit {
    /// A signing key.
    ///
    /// # Panics
    /// Where the cryptographic library fails.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a bench that cannot start has failed")]
    pub fn new() -> Self {
        let signer = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        Self { signer, random: SystemRandom::new() }
    }

    /// One P-256 key generation and one signature.
    ///
    /// # Panics
    /// Where the cryptographic library fails.
    #[expect(clippy::expect_used, reason = "a bench that cannot go on has failed")]
    pub fn key_and_signature(&self) -> (EcdsaKeyPair, Vec<u8>) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let signature = self.signer.sign(&self.random, &MESSAGE).expect("a signature");
        (key, signature.as_ref().to_vec())
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::new()
    }
}

/// An authority and the content of a kubelet's client certificate.
#[derive(Debug)]
pub struct Leaf {
    authority: CertificateAuthority,
    template: CertificateTemplate,
    env: Env,
}

impl Leaf {
    /// The inputs.
    ///
    /// # Errors
    /// Where the authority cannot be made.
    pub fn new() -> Result<Self, Error> {
        let mut env = Env::system();
        let authority =
            CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
        let template =
            CertificateTemplate::client("system:node:worker-1".parse()?).with_group("system:nodes".parse()?);
        Ok(Self { authority, template, env })
    }

    /// One leaf: key, certificate, both as PEM.
    ///
    /// # Errors
    /// Where the leaf cannot be made.
    pub fn issue(&mut self) -> Result<usize, Error> {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
        let certificate = self.authority.issue(&self.template, &key, "1y".parse()?, &mut self.env)?;
        Ok(key.to_pem()?.expose_secret().len() + certificate.to_pem().len())
    }
}

/// The text of a cluster file with so many workers, each with a client and a serving certificate.
#[must_use]
pub fn cluster_file(workers: usize) -> String {
    let mut text = "apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: 192.168.0.1
  join: {nodeCredentials: certificate, servingCertificates: issued}
  nodes:
  - {name: master, addresses: [192.168.0.1], roles: [control-plane, etcd]}
"
    .to_owned();
    for index in 0..workers {
        let address = format!("172.16.{}.{}", index / 250, index % 250 + 1);
        text.push_str(&format!("  - {{name: worker-{index}, addresses: [{address}], roles: [worker]}}\n"));
    }
    text
}

/// The cluster of [`cluster_file`].
///
/// # Errors
/// Where the file is not valid.
pub fn cluster(workers: usize) -> Result<ClusterSpec, Error> {
    Ok(cluster_file(workers).parse()?)
}
