//! Kubeconfigs with the certificates and keys of [`crate::x509`] in them.

use super::KubeconfigError;
use super::builder::{KubeconfigBuilder, Ready, WantsCredential, WantsTrust, WantsUser};
use super::model::{Kubeconfig, User};
use crate::secret::SecretBytes;
use crate::x509::{Certificate, PrivateKey, X509Error};

impl KubeconfigBuilder<WantsTrust> {
    /// Embeds the certificate authority.
    pub fn trusting(self, authority: &Certificate) -> KubeconfigBuilder<WantsUser> {
        self.embedding(authority.to_pem().into_bytes())
    }
}

impl KubeconfigBuilder<WantsCredential> {
    /// Embeds a client certificate and its key; [`KubeconfigBuilder::build`] refuses another's.
    pub fn with_certificate(self, certificate: &Certificate, key: &PrivateKey) -> KubeconfigBuilder<Ready> {
        match user(certificate, key) {
            Ok(user) => self.ready(user),
            Err(problem) => {
                let mut builder = self.ready(User::default());
                builder.problem.get_or_insert_with(|| problem.into());
                builder
            }
        }
    }
}

fn user(certificate: &Certificate, key: &PrivateKey) -> Result<User, X509Error> {
    if !certificate.certifies(key.public_key()) {
        return Err(X509Error::KeyMismatch { subject: certificate.facts().subject.clone() });
    }
    let key = SecretBytes::new(key.to_pem()?.expose_secret().as_bytes().to_vec());
    Ok(User {
        client_certificate_data: Some(certificate.to_pem().into_bytes()),
        client_key_data: Some(key),
        ..User::default()
    })
}

impl Kubeconfig {
    /// The certificate and private key embedded for the current context's user.
    ///
    /// # Errors
    /// [`KubeconfigError`] where the context leads nowhere, nothing is embedded, or it is unreadable.
    pub fn client_certificate(&self) -> Result<(Certificate, PrivateKey), KubeconfigError> {
        let (_, user) = self.current()?;
        let absent = |what: &str| KubeconfigError::Malformed { problem: format!("its user has no {what}") };
        let key = user.client_key_data.as_ref().ok_or_else(|| absent("client-key-data"))?;
        let certificate =
            user.client_certificate_data.as_ref().ok_or_else(|| absent("client-certificate-data"))?;
        Ok((Certificate::from_pem(certificate)?, PrivateKey::from_pem(key.expose_secret())?))
    }
}
