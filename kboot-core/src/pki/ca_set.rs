//! The private half of a cluster: its authorities, and its service account key.

use std::collections::BTreeMap;

use super::{CertificateAuthority, PkiError, Subject};
use crate::cluster::SubjectDefaults;
use crate::cluster::{CaLayout, CaRole, ClusterSpec, ControlPlane};
use crate::env::Env;
use crate::name::Username;
use crate::x509::PrivateKey;

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

/// The private half of a cluster: its authorities and its service account key.
#[derive(Debug)]
pub struct CaSet {
    layout: CaLayout,
    cluster: CertificateAuthority,
    others: Option<(CertificateAuthority, CertificateAuthority)>,
    service_account: ServiceAccountKey,
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

    /// Takes those that exist and makes the rest.
    ///
    /// # Errors
    /// [`PkiError`] where a key or a certificate cannot be made; [`PkiError::AuthorityElsewhere`] where the cluster
    /// file has workers alone and the cluster's authority is not among those that exist.
    pub fn complete(
        spec: &ClusterSpec,
        mut existing: BTreeMap<CaRole, CertificateAuthority>,
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
            }
        };
        let cluster = obtain(CaRole::Cluster, env)?;
        let others = match spec.pki.authorities {
            CaLayout::Single => None,
            CaLayout::Separate => Some((obtain(CaRole::Etcd, env)?, obtain(CaRole::FrontProxy, env)?)),
        };
        let service_account = match service_account {
            Some(key) => key,
            None => ServiceAccountKey(PrivateKey::generate(spec.pki.key)?),
        };
        Ok(Self { layout: spec.pki.authorities, cluster, others, service_account })
    }

    /// The authority that does this work, which is the cluster's where there is only one.
    #[must_use]
    pub fn get(&self, authority: CaRole) -> &CertificateAuthority {
        match (authority, &self.others) {
            (CaRole::Cluster, _) | (CaRole::Etcd | CaRole::FrontProxy, None) => &self.cluster,
            (CaRole::Etcd, Some((etcd, _))) => etcd,
            (CaRole::FrontProxy, Some((_, front_proxy))) => front_proxy,
        }
    }

    /// The cluster's authority.
    #[must_use]
    pub fn cluster(&self) -> &CertificateAuthority {
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
