//! From an approval to a certificate: nothing but what was approved goes into it.

use super::ApprovedRequest;
use crate::csr::{AlternativeName, Signer};
use crate::env::Env;
use crate::pki::profile::ExtendedUsage;
use crate::pki::requested::{LeafKeyUsages, RequestedContent};
use crate::pki::{Certificate, CertificateAuthority, Issuer, PkiError, Prepared};
use crate::time::Lifetime;

impl ApprovedRequest {
    fn content(&self) -> Result<RequestedContent, PkiError> {
        let mut content = RequestedContent {
            common_name: self.common_name.clone(),
            organizations: self.organizations.clone(),
            dns: Vec::new(),
            emails: Vec::new(),
            ips: Vec::new(),
            uris: Vec::new(),
            public_key_der: self.public_key_der.clone(),
            usage: match self.signer {
                Signer::KubeApiserverClient | Signer::KubeApiserverClientKubelet => ExtendedUsage::Client,
                Signer::KubeletServing => ExtendedUsage::Server,
            },
            key_usages: LeafKeyUsages {
                digital_signature: self.digital_signature,
                key_encipherment: self.key_encipherment,
            },
        };
        for name in &self.alternative_names {
            match name {
                AlternativeName::Dns(name) => content.dns.push(name.clone()),
                AlternativeName::Ip(address) => content.ips.push(*address),
                AlternativeName::Email(address) => content.emails.push(address.clone()),
                AlternativeName::Uri(uri) => content.uris.push(uri.clone()),
                // The floor lets none of them through; one that did would not be dropped without a word.
                other => {
                    return Err(PkiError::Unencodable {
                        what: "subject alternative names",
                        value: other.to_string().chars().take(64).collect(),
                    });
                }
            }
        }
        Ok(content)
    }

    /// The shorter of what the authority's owner and what the rule allows.
    fn within(&self, limit: Lifetime) -> Lifetime {
        self.max_lifetime.map_or(limit, |max| max.min(limit))
    }
}

impl Issuer {
    /// Prepares the certificate of an approved request, for a key that is elsewhere: see
    /// [`CertificateAuthority::sign`].
    ///
    /// # Errors
    /// As there, but for the signature.
    pub fn prepare_approved(
        &self,
        approved: &ApprovedRequest,
        limit: Lifetime,
        env: &mut Env,
    ) -> Result<Prepared<'_>, PkiError> {
        self.prepare_requested(&approved.content()?, approved.requested_lifetime, approved.within(limit), env)
    }
}

impl CertificateAuthority {
    /// Issues the certificate of an approved request, as kube-controller-manager does: the profile is the
    /// signer's, names and key are those that were approved. It lives as long as the request asks for, at
    /// most `limit` (kube-controller-manager's `--cluster-signing-duration`) and what the rule allows, and
    /// never longer than the authority.
    ///
    /// ```
    /// use kboot_core::{Env, csr::*, pki::*, policy::{Context, Decision, Preset}};
    /// # let mut env = Env::system();
    /// # let authority = CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, "10y".parse()?, &mut env)?;
    /// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// # let pem = CertificateRequest::for_user("jane".parse()?, ["dev".parse()?], &key)?.to_pem();
    /// let object = CertificateSigningRequest::new("jane", Signer::KubeApiserverClient, pem.as_bytes())
    ///     .with_requestor(Requestor::user("jane"));
    /// let decision = Preset::Upstream.policy().evaluate(&object, &Context::at(env.now()));
    /// if let Decision::Approve(approved) = decision.approve_as("ops@example.com") {
    ///     let certificate = authority.sign(&approved, "8760h".parse()?, &mut env)?;
    ///     assert_eq!(certificate.facts()?.subject, "O=dev, CN=jane");
    /// }
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`PkiError::AuthorityNotValidNow`] outside the authority's life, [`PkiError::EmptyValidity`] for a
    /// limit of zero, [`PkiError::Random`] without randomness.
    pub fn sign(
        &self,
        approved: &ApprovedRequest,
        limit: Lifetime,
        env: &mut Env,
    ) -> Result<Certificate, PkiError> {
        self.sign_requested(&approved.content()?, approved.requested_lifetime, approved.within(limit), env)
    }
}
