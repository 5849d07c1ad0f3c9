//! The private half of a cluster: its authorities, and its service account key.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CertificateAuthority, Issuer, PkiError, Subject};
use crate::cluster::{CaLayout, CaRole, ClusterSpec, ControlPlane, NodeRole, SubjectDefaults};
use crate::env::Env;
use crate::name::Username;
use crate::x509::{Certificate, PrivateKey, PublicKey, UnsignedCertificate};

/// The key pair that signs and verifies service account tokens.
#[derive(Debug)]
pub struct ServiceAccountKey(PrivateKey);

impl ServiceAccountKey {
    /// Takes a key.
    #[must_use]
    pub fn new(key: PrivateKey) -> Self {
        Self(key)
    }

    /// The key that signs.
    #[must_use]
    pub fn private(&self) -> &PrivateKey {
        &self.0
    }
}

/// One of a cluster's authorities.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClusterAuthority {
    /// Its key is here.
    Here(CertificateAuthority),
    /// Its key is elsewhere, in a KMS or an HSM: see [`UnsignedPki`](super::UnsignedPki).
    Elsewhere(Issuer),
}

impl ClusterAuthority {
    /// The certificate and what leaves take from it.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        match self {
            Self::Here(authority) => authority.issuer(),
            Self::Elsewhere(issuer) => issuer,
        }
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.issuer().certificate()
    }

    /// The private key, where it is here.
    #[must_use]
    pub fn key(&self) -> Option<&PrivateKey> {
        match self {
            Self::Here(authority) => Some(authority.key()),
            Self::Elsewhere(_) => None,
        }
    }
}

impl From<CertificateAuthority> for ClusterAuthority {
    fn from(authority: CertificateAuthority) -> Self {
        Self::Here(authority)
    }
}

impl From<Issuer> for ClusterAuthority {
    fn from(issuer: Issuer) -> Self {
        Self::Elsewhere(issuer)
    }
}

/// The private half of a cluster: its authorities and its service account key. A clone shares the keys with the first.
#[derive(Debug, Clone)]
pub struct CaSet {
    layout: CaLayout,
    cluster: Arc<ClusterAuthority>,
    others: Option<Arc<(ClusterAuthority, ClusterAuthority)>>,
    service_account: Arc<ServiceAccountKey>,
}

impl CaSet {
    /// Makes all of them as the cluster file says.
    ///
    /// # Errors
    /// [`PkiError`] where a key or a certificate cannot be made; [`PkiError::AuthorityElsewhere`] where the cluster
    /// file has workers alone.
    pub fn create(spec: &ClusterSpec, env: &mut Env) -> Result<Self, PkiError> {
        Self::complete(spec, BTreeMap::new(), None, env)
    }

    /// Takes those that exist, with their keys or without ([`ClusterAuthority`]), and makes the rest.
    ///
    /// # Errors
    /// [`PkiError`] where a key or a certificate cannot be made; [`PkiError::AuthorityElsewhere`] where the cluster
    /// file has workers alone and the cluster's authority is not among those that exist.
    pub fn complete(
        spec: &ClusterSpec,
        mut existing: BTreeMap<CaRole, ClusterAuthority>,
        service_account: Option<ServiceAccountKey>,
        env: &mut Env,
    ) -> Result<Self, PkiError> {
        let mut obtain = |authority: CaRole, env: &mut Env| match existing.remove(&authority) {
            Some(found) => Ok(found),
            // Nobody would trust the workers of another one.
            None if spec.control_plane == ControlPlane::External => Err(PkiError::AuthorityElsewhere),
            None => {
                let key = PrivateKey::generate(spec.pki.key)?;
                CertificateAuthority::with_key(
                    &authority_subject(authority, &spec.pki.subject),
                    key,
                    spec.pki.authority_lifetime,
                    env,
                )
                .map(ClusterAuthority::from)
            }
        };
        let cluster = Arc::new(obtain(CaRole::Cluster, env)?);
        let others = match spec.pki.authorities {
            CaLayout::Single => None,
            CaLayout::Separate => {
                Some(Arc::new((obtain(CaRole::Etcd, env)?, obtain(CaRole::FrontProxy, env)?)))
            }
        };
        let service_account = match service_account {
            Some(key) => key,
            None => ServiceAccountKey(PrivateKey::generate(spec.pki.key)?),
        };
        let service_account = Arc::new(service_account);
        Ok(Self { layout: spec.pki.authorities, cluster, others, service_account })
    }

    /// Prepares the certificate of a new authority whose key is elsewhere, with the name and the lifetime of those that
    /// [`CaSet::create`] makes. Signed, [`Issuer::load`] takes it; see [`UnsignedPki`](super::UnsignedPki).
    ///
    /// # Errors
    /// As [`Issuer::prepare_self_signed`]; [`PkiError::AuthorityElsewhere`] where the cluster file has workers alone. Whether
    /// the cluster can do with the key elsewhere, [`CaSet::prepare`] says ([`PkiError::SignersNeedKey`]).
    pub fn prepare_authority(
        spec: &ClusterSpec,
        authority: CaRole,
        public_key: &PublicKey,
        env: &mut Env,
    ) -> Result<UnsignedCertificate, PkiError> {
        if spec.control_plane == ControlPlane::External {
            return Err(PkiError::AuthorityElsewhere);
        }
        let subject = authority_subject(authority, &spec.pki.subject);
        Issuer::prepare_self_signed(&subject, public_key, spec.pki.authority_lifetime, env)
    }

    /// The key with which kube-controller-manager signs requests of kubelets; none where it signs none, or runs
    /// elsewhere.
    ///
    /// # Errors
    /// [`PkiError::SignersNeedKey`] where it would need a key that is elsewhere.
    pub(crate) fn signers_key(&self, spec: &ClusterSpec) -> Result<Option<&PrivateKey>, PkiError> {
        if !signs_here(spec) {
            return Ok(None);
        }
        let subject = || self.cluster.certificate().facts().subject.clone();
        self.cluster.key().map(Some).ok_or_else(|| PkiError::SignersNeedKey { subject: subject() })
    }

    /// The authority that does this work, which is the cluster's where there is only one.
    #[must_use]
    pub fn get(&self, authority: CaRole) -> &ClusterAuthority {
        match (authority, self.others.as_deref()) {
            (CaRole::Cluster, _) | (CaRole::Etcd | CaRole::FrontProxy, None) => &self.cluster,
            (CaRole::Etcd, Some((etcd, _))) => etcd,
            (CaRole::FrontProxy, Some((_, front_proxy))) => front_proxy,
        }
    }

    /// The cluster's authority.
    #[must_use]
    pub fn cluster(&self) -> &ClusterAuthority {
        &self.cluster
    }

    /// Which authorities the cluster has.
    #[must_use]
    pub fn layout(&self) -> CaLayout {
        self.layout
    }

    /// The service account key.
    #[must_use]
    pub fn service_account(&self) -> &ServiceAccountKey {
        &self.service_account
    }
}

/// The subject of a new authority, as the DER that stands in its certificate.
pub(crate) fn authority_subject_der(
    authority: CaRole,
    defaults: &SubjectDefaults,
) -> Result<Vec<u8>, PkiError> {
    Ok(authority_subject(authority, defaults).to_der()?)
}

/// The subject that a new authority gets.
pub(crate) fn authority_subject(authority: CaRole, defaults: &SubjectDefaults) -> Subject {
    Subject::new(Username::from_static(authority.common_name())).with_defaults(defaults)
}

/// Whether kube-controller-manager of this cluster signs requests of kubelets.
fn signs_here(spec: &ClusterSpec) -> bool {
    spec.signs_requests() && spec.nodes_with(NodeRole::ControlPlane).next().is_some()
}
