//! A cluster's certificates, of which some wait for the signature of a key that is elsewhere.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use super::PkiError;
use super::cluster::{CertificateId, ClusterPki, Issued};
use super::origin::Origin;
use crate::cluster::CaRole;
use crate::x509::{
    AsyncSigningKey, Certificate, KeyAlgorithm, PrivateKey, PublicKey, SigningKey, UnsignedCertificate,
    X509Error,
};

/// How many signatures are waited for at the same time.
const AT_ONCE: usize = 16;

/// A certificate that waits.
#[derive(Debug)]
pub(super) struct Unsigned {
    pub(super) certificate: UnsignedCertificate,
    /// The authority that signs it, which is the cluster's where there is only one.
    pub(super) role: CaRole,
    pub(super) key: PrivateKey,
    pub(super) origin: Origin,
}

/// Every certificate of a cluster, of which those of authorities whose keys are elsewhere wait for their signatures.
///
/// kube-controller-manager signs requests with a key in a file. Where the cluster's key is elsewhere, kubelets therefore
/// request nothing: node credentials and serving certificates are issued by the build.
///
/// ```
/// use kboot_core::{CaSet, ClusterSpec, Env, pki::Existing};
/// use kboot_core::{cluster::CaRole, pki::Issuer, x509::SigningKey};
/// # use std::collections::BTreeMap;
/// # use kboot_core::x509::{KeyAlgorithm, PrivateKey};
/// # let mut env = Env::system();
/// # let vault = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let vault: &dyn SigningKey = &vault;
/// let spec: ClusterSpec = "
/// apiVersion: kboot.dev/v1alpha1
/// kind: Cluster
/// metadata: {name: kubernetes}
/// spec:
///   kubernetesVersion: v1.36.4
///   controlPlaneEndpoint: 192.0.2.10:6443
///   join: {nodeCredentials: certificate, servingCertificates: issued}
///   nodes: [{name: master-1, addresses: [192.0.2.10], roles: [control-plane, etcd, worker]}]
/// ".parse()?;
/// // A new authority; one that exists goes straight to `Issuer::load`.
/// let unsigned = CaSet::prepare_authority(&spec, CaRole::Cluster, vault.public_key(), &mut env)?;
/// let cluster = Issuer::load(unsigned.sign_with(vault)?, env.now())?;
/// // Its key stays in the vault; those of etcd and the front proxy are made here.
/// let existing = BTreeMap::from([(CaRole::Cluster, cluster.into())]);
/// let authorities = CaSet::complete(&spec, existing, None, &mut env)?;
/// let mut pki = authorities.prepare(&spec, Existing::default(), &mut env)?;
/// pki.sign_with(CaRole::Cluster, vault)?; // or sign_with_async(…).await, for an AsyncSigningKey
/// let bundle = kboot_core::Bundle::render(&spec, &pki.complete()?)?;
/// assert!(bundle.artifacts().iter().all(|file| !file.path.as_str().ends_with("/ca.key")
///     || file.path.as_str().ends_with("etcd/ca.key")));
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct UnsignedPki {
    /// With the certificates that are signed.
    pub(super) pki: ClusterPki,
    pub(super) unsigned: BTreeMap<CertificateId, Unsigned>,
}

impl UnsignedPki {
    /// The certificates that wait for a signature, ordered by node and profile.
    pub fn unsigned(&self) -> impl Iterator<Item = (&CertificateId, &UnsignedCertificate)> {
        self.unsigned.iter().map(|(id, unsigned)| (id, &unsigned.certificate))
    }

    /// Has an authority's key sign all that waits for it, one after the other. What was signed before a failure stays
    /// so: another call asks for the rest alone.
    ///
    /// # Errors
    /// [`X509Error::KeyMismatch`] where the key is not the authority's, [`X509Error::SigningKey`] where it made no
    /// signature, [`X509Error::WrongSignature`] where it made a wrong one.
    pub fn sign_with(&mut self, authority: CaRole, key: &dyn SigningKey) -> Result<(), X509Error> {
        for id in self.waiting(authority, key.public_key(), key.algorithm())? {
            if let Some(unsigned) = self.unsigned.get(&id) {
                let certificate = unsigned.certificate.sign_with(key)?;
                self.settle(id, certificate);
            }
        }
        Ok(())
    }

    /// Has an authority's key sign all that waits for it, sixteen certificates at a time, and waits for the signatures.
    /// What was signed before a failure stays so: another call asks for the rest alone.
    ///
    /// # Errors
    /// As [`UnsignedPki::sign_with`].
    pub async fn sign_with_async<K: AsyncSigningKey + ?Sized>(
        &mut self,
        authority: CaRole,
        key: &K,
    ) -> Result<(), X509Error> {
        let waiting = self.waiting(authority, key.public_key(), key.algorithm())?;
        for some in waiting.chunks(AT_ONCE) {
            let unsigned = some.iter().filter_map(|id| self.unsigned.get(id));
            let signatures = unsigned.map(|unsigned| unsigned.certificate.sign_with_async(key)).collect();
            let mut outcome = Ok(());
            for (id, signed) in some.iter().zip(side_by_side(signatures).await) {
                match signed {
                    Ok(certificate) => self.settle(id.clone(), certificate),
                    Err(error) => outcome = Err(error),
                }
            }
            outcome?;
        }
        Ok(())
    }

    /// The certificates, once each has its signature.
    ///
    /// # Errors
    /// [`PkiError::Unsigned`] where one has none.
    pub fn complete(self) -> Result<ClusterPki, PkiError> {
        let Self { pki, unsigned } = self;
        match unsigned.first_key_value() {
            None => Ok(pki),
            Some((id, first)) => Err(PkiError::Unsigned {
                certificate: id.to_string(),
                authority: first.role,
                count: unsigned.len(),
            }),
        }
    }

    /// What waits for an authority's key, once the key is seen to be that.
    fn waiting(
        &self,
        authority: CaRole,
        key: &PublicKey,
        algorithm: KeyAlgorithm,
    ) -> Result<Vec<CertificateId>, X509Error> {
        let authorities = self.pki.authorities();
        authorities.get(authority).issuer().signatory.check_key(key, algorithm)?;
        let role = authorities.layout().effective(authority);
        let waiting = self.unsigned.iter().filter(|(_, unsigned)| unsigned.role == role);
        Ok(waiting.map(|(id, _)| id.clone()).collect())
    }

    fn settle(&mut self, id: CertificateId, certificate: Certificate) {
        if let Some(Unsigned { certificate: _, role: _, key, origin }) = self.unsigned.remove(&id) {
            self.pki.certificates.insert(id, Issued { certificate, key, origin });
        }
    }
}

/// What all of them give, in their order.
async fn side_by_side<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *output = Some(value);
            }
        }
        if outputs.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
