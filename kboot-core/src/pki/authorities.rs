//! The private half of a cluster: which authorities it has, and its service account key.

use super::{Authority, CertificateAuthority, PkiError, PrivateKey, Subject, SubjectDefaults};
use crate::cluster::ClusterSpec;
use crate::env::Env;
use crate::name::Username;

/// Whether etcd and the aggregator have authorities of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::exhaustive_enums, reason = "the cluster file's two values")]
pub enum AuthorityLayout {
    /// One each for the cluster, etcd and the front proxy, as upstream.
    #[default]
    Separate,
    /// One for everything, as hand-install guides do.
    Single,
}

impl AuthorityLayout {
    /// The authority whose certificate does the work of `authority`.
    #[must_use]
    pub fn effective(self, authority: Authority) -> Authority {
        match self {
            Self::Separate => authority,
            Self::Single => Authority::Cluster,
        }
    }

    /// The authorities that exist.
    #[must_use]
    pub fn authorities(self) -> &'static [Authority] {
        match self {
            Self::Separate => &Authority::ALL,
            Self::Single => &[Authority::Cluster],
        }
    }
}

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
pub struct Authorities {
    layout: AuthorityLayout,
    cluster: CertificateAuthority,
    others: Option<(CertificateAuthority, CertificateAuthority)>,
    service_account: ServiceAccountKey,
}

impl Authorities {
    /// Makes all of them as the cluster file says.
    ///
    /// # Errors
    /// [`PkiError`] where a key or a certificate cannot be made.
    pub fn create(spec: &ClusterSpec, env: &mut Env) -> Result<Self, PkiError> {
        Self::complete(spec, env, |_| None, None)
    }

    /// Takes those that exist and makes the rest.
    ///
    /// # Errors
    /// [`PkiError`] where a key or a certificate cannot be made.
    pub fn complete(
        spec: &ClusterSpec,
        env: &mut Env,
        mut existing: impl FnMut(Authority) -> Option<CertificateAuthority>,
        service_account: Option<ServiceAccountKey>,
    ) -> Result<Self, PkiError> {
        let mut obtain = |authority: Authority, env: &mut Env| match existing(authority) {
            Some(found) => Ok(found),
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
        let cluster = obtain(Authority::Cluster, env)?;
        let others = match spec.pki.authorities {
            AuthorityLayout::Single => None,
            AuthorityLayout::Separate => {
                Some((obtain(Authority::Etcd, env)?, obtain(Authority::FrontProxy, env)?))
            }
        };
        let service_account = match service_account {
            Some(key) => key,
            None => ServiceAccountKey(PrivateKey::generate(spec.pki.key)?),
        };
        Ok(Self { layout: spec.pki.authorities, cluster, others, service_account })
    }

    /// The authority that does this work, which is the cluster's where there is only one.
    #[must_use]
    pub fn get(&self, authority: Authority) -> &CertificateAuthority {
        match (authority, &self.others) {
            (Authority::Etcd, Some((etcd, _))) => etcd,
            (Authority::FrontProxy, Some((_, front_proxy))) => front_proxy,
            _ => &self.cluster,
        }
    }

    /// The cluster's authority.
    #[must_use]
    pub fn cluster(&self) -> &CertificateAuthority {
        &self.cluster
    }

    /// Which of them exist.
    #[must_use]
    pub fn layout(&self) -> AuthorityLayout {
        self.layout
    }

    /// The service account key.
    #[must_use]
    pub fn service_account(&self) -> &ServiceAccountKey {
        &self.service_account
    }
}

/// The subject that a new authority gets.
pub(crate) fn authority_subject(authority: Authority, defaults: &SubjectDefaults) -> Subject {
    Subject::new(Username::from_static(authority.common_name())).with_defaults(defaults)
}
