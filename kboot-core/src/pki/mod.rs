//! Keys, certificates and authorities: what upstream's certificates contain, and how they are made.
//!
//! [`profile`] is the table of certificates: which a cluster has, what each contains, and where it lies.

mod authority;
mod ca_set;
mod cfssl;
mod cluster;
mod content;
mod difference;
mod expiry;
mod holders;
mod issuance;
mod issuer;
mod join;
mod origin;
pub(crate) mod places;
pub mod profile;
mod progress;
pub(crate) mod requested;
pub(crate) mod row;
mod self_signed;
mod subject;
mod template;
mod unsigned_pki;

pub use authority::CertificateAuthority;
pub use ca_set::{CaSet, ClusterAuthority, ServiceAccountKey};
pub(crate) use ca_set::{authority_subject, authority_subject_der};
pub use cfssl::{CfsslAuthority, CfsslCaError, CfsslError, CfsslRequest, SigningProfile};
pub(crate) use cluster::wanted_certificates;
pub use cluster::{CertificateId, ClusterPki, Existing, IssueError, Issued};
pub use content::{ProfileOptions, ProfileProblem};
pub use difference::Difference;
pub use expiry::{Expiring, Urgency, prometheus};
pub(crate) use holders::UID;
pub use issuer::Issuer;
pub use join::JoinToken;
pub use origin::{Origin, Replaced};
pub use profile::Profile;
pub use progress::Progress;
pub use subject::Subject;
pub use template::CertificateTemplate;
pub use unsigned_pki::UnsignedPki;

use crate::cluster::CaRole;
use crate::env::RandomUnavailable;
use crate::kind::ErrorKind;
use crate::time::{Lifetime, TimeError, Timestamp};
use crate::x509::X509Error;

/// Why a key, certificate or authority cannot be read, made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PkiError {
    /// A key, a certificate or an encoding.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// Workers alone, without the authority of who runs their control plane.
    #[error(
        "spec.controlPlane says that the control plane is elsewhere, and its authority is not here: bring its ca.crt and \
         ca.key; nothing else in the cluster would trust workers of a new one"
    )]
    AuthorityElsewhere,
    /// kube-controller-manager would sign with a key that is elsewhere.
    #[error(
        "the key of {subject} is elsewhere, and kube-controller-manager signs requests of kubelets with a file: write \
         spec.join.nodeCredentials: certificate and spec.join.servingCertificates: issued (in code with_node_credentials and \
         with_serving_certificates), so that kubelets request nothing"
    )]
    SignersNeedKey {
        /// The authority's subject.
        subject: String,
    },
    /// A certificate that its authority's key, which is elsewhere, has not signed.
    #[error(
        "the certificate {certificate} (one of {count}) waits for the key of {}, which is elsewhere: \
         UnsignedPki::sign_with has it signed",
        authority.common_name()
    )]
    Unsigned {
        /// Which certificate, the first of them.
        certificate: String,
        /// The authority whose key it is.
        authority: CaRole,
        /// How many certificates there are.
        count: usize,
    },
    /// More than one certificate where one is wanted.
    #[error(
        "{found} certificates found, expected one: kube-controller-manager signs with a single certificate"
    )]
    SeveralCertificates {
        /// How many there are.
        found: usize,
    },
    /// The name of a profile is not known.
    #[error("{value:?} is not a profile: use {known}")]
    UnknownProfile {
        /// The text, cut to its first 64 characters.
        value: String,
        /// The names that there are.
        known: String,
    },
    /// A profile and what was said with it do not fit.
    #[error("profile {profile}: {problem}")]
    Profile {
        /// The profile's name.
        profile: &'static str,
        /// What is missing or too much.
        problem: ProfileProblem,
    },
    /// The certificate may not sign others.
    #[error("the certificate {subject} is not a certificate authority: {problem}")]
    NotAnAuthority {
        /// The certificate's subject.
        subject: String,
        /// What is missing.
        problem: &'static str,
    },
    /// The authority's certificate is not valid now.
    #[error("the certificate authority {subject} is valid from {not_before} to {not_after} and it is {now}")]
    AuthorityNotValidNow {
        /// The certificate's subject.
        subject: String,
        /// The first moment of its life.
        not_before: Timestamp,
        /// The last moment of its life.
        not_after: Timestamp,
        /// The time asked for.
        now: Timestamp,
    },
    /// An authority that is for other certificates.
    #[error("{subject} is {}", of_another(*authority))]
    WrongAuthority {
        /// The authority's subject.
        subject: String,
        /// Whose it is.
        authority: CaRole,
    },
    /// A leaf that would carry the authority's own name: readers would take it for the authority.
    #[error("the certificate would have its authority's own subject, {subject}")]
    IssuersName {
        /// The subject.
        subject: String,
    },
    /// A client in `system:masters`, which nobody can take back.
    #[error(
        "a client in system:masters may do everything, whatever RBAC says, until the certificate expires; use another \
         group and bind it"
    )]
    Unrestricted,
    /// A leaf that would carry the authority's own key.
    #[error("the certificate would have the key of its authority, {subject}: it needs one of its own")]
    IssuersKey {
        /// The authority's subject.
        subject: String,
    },
    /// A lifetime longer than the authority's whole life.
    #[error(
        "a lifetime of {lifetime} is longer than the authority's own, which ends on {not_after}: nothing outlives its authority"
    )]
    OutlivesAuthority {
        /// The lifetime asked for.
        lifetime: Lifetime,
        /// The last moment of the authority's life.
        not_after: Timestamp,
    },
    /// A lifetime that leads nowhere.
    #[error("the certificate would not be valid for a single second")]
    EmptyValidity,
    /// A time that a certificate cannot say.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// No random bytes for a serial number.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

/// What an authority is for, what goes wrong, and which to use.
fn of_another(authority: CaRole) -> &'static str {
    match authority {
        CaRole::Etcd => {
            "etcd's authority, and etcd takes every client of it for root: use the cluster's own (the folder \
             out/authorities of cluster build, /etc/kubernetes/pki of kubeadm); for etcd itself and its clients \
             there are the profiles etcd-server, etcd-peer, apiserver-etcd-client, etcd-healthcheck-client and \
             network-etcd-client of cert issue"
        }
        CaRole::FrontProxy => {
            "the front proxy's authority, and its clients may speak for every user at the API server: use the \
             cluster's own (the folder out/authorities of cluster build, /etc/kubernetes/pki of kubeadm); for the \
             front proxy itself there is the profile front-proxy-client of cert issue"
        }
        CaRole::Cluster => "the cluster's authority: use that of the certificate's profile",
    }
}

impl PkiError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::X509(error) => of_x509(error),
            Self::Random(_) => ErrorKind::Io,
            _ => ErrorKind::Input,
        }
    }
}

/// What an error of [`crate::x509`] is about.
pub(crate) fn of_x509(error: &X509Error) -> ErrorKind {
    match error {
        X509Error::Encoding { .. } => ErrorKind::Internal,
        X509Error::KeyGeneration
        | X509Error::Signing
        | X509Error::SigningKey(_)
        | X509Error::WrongSignature { .. } => ErrorKind::Crypto,
        _ => ErrorKind::Input,
    }
}
