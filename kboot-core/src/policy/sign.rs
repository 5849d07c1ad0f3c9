//! The certificate of an approved request: the one way from a request to a signature.

use super::ApprovedRequest;
use crate::csr::Signer;
use crate::env::Env;
use crate::pki::requested::RequestedContent;
use crate::pki::{CertificateAuthority, Issuer, PkiError};
use crate::time::Lifetime;
use crate::x509::{Certificate, TlsUsage, UnsignedCertificate, X509Error};

impl CertificateAuthority {
    /// Issues the certificate of an approved request, as kube-controller-manager does
    /// (`pkg/controller/certificates/signer/signer.go`): usages and extensions are the signer's, names and
    /// key those that were approved, and nothing else comes from the request.
    ///
    /// It is valid from five minutes ago; for as long as the request asks, but at least ten minutes and at
    /// most `limit` (kube-controller-manager's `--cluster-signing-duration`, by default
    /// [`Lifetime::ONE_YEAR`]) and what the rule allows; and never longer than the authority.
    ///
    /// ```
    /// # use kboot_core::policy::{Decision, PolicyContext, Preset};
    /// # use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey};
    /// # use kboot_core::{Env, Lifetime, csr::*, pki::*};
    /// # let mut env = Env::system();
    /// # let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
    /// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// # let pem = CertificateRequest::for_user("jane".parse()?, ["dev".parse()?], &key)?.to_pem();
    /// # let object = CertificateSigningRequest::new("jane", Signer::KubeApiserverClient, pem.as_bytes())
    /// #     .with_requestor(Requestor::user("jane"));
    /// let decision = Preset::Upstream.policy().evaluate(&object, &PolicyContext::at(env.now()));
    /// if let Decision::Approve(approved) = decision.approve_as("ops@example.com") {
    ///     let certificate = authority.sign(&approved, Lifetime::ONE_YEAR, &mut env)?;
    ///     assert_eq!(certificate.facts().organizations, ["dev"]);
    /// }
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`PkiError::WrongAuthority`] where this is etcd's authority or the front proxy's;
    /// [`PkiError::IssuersName`] and [`PkiError::IssuersKey`] for a request that asks for the authority's own
    /// name, or has its key;
    /// [`PkiError::AuthorityNotValidNow`]; [`PkiError`] where encoding or signing fails.
    pub fn sign(
        &self,
        approved: &ApprovedRequest,
        limit: Lifetime,
        env: &mut Env,
    ) -> Result<Certificate, PkiError> {
        self.sign_requested(&approved.content()?, approved.requested_lifetime(), approved.limited(limit), env)
    }
}

impl Issuer {
    /// Prepares what [`CertificateAuthority::sign`] signs, for a key that is elsewhere:
    /// [`UnsignedCertificate::sign_with`] has it signed, [`UnsignedCertificate::sign_with_async`] waits for the signature.
    ///
    /// # Errors
    /// What [`CertificateAuthority::sign`] can fail with, but for signing.
    pub fn prepare_approved(
        &self,
        approved: &ApprovedRequest,
        limit: Lifetime,
        env: &mut Env,
    ) -> Result<UnsignedCertificate, PkiError> {
        self.prepare_requested(
            &approved.content()?,
            approved.requested_lifetime(),
            approved.limited(limit),
            env,
        )
    }
}

impl ApprovedRequest {
    fn limited(&self, limit: Lifetime) -> Lifetime {
        self.max_lifetime().map_or(limit, |max| max.min(limit))
    }

    fn content(&self) -> Result<RequestedContent, PkiError> {
        // What cannot be read is never approved.
        let unreadable = X509Error::Encoding { what: "certificate" };
        let public_key = self.public_key().cloned().ok_or(unreadable)?;
        Ok(RequestedContent {
            common_name: self.common_name().to_owned(),
            organizations: self.organizations().map(str::to_owned).collect(),
            alternative_names: self.alternative_names().cloned().collect(),
            public_key,
            usage: match self.signer() {
                Signer::KubeApiserverClient | Signer::KubeApiserverClientKubelet => TlsUsage::Client,
                Signer::KubeletServing => TlsUsage::Server,
            },
            key_usage: self.key_usage(),
        })
    }
}
