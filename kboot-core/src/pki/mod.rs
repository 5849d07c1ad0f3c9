//! Keys, certificates and authorities: what upstream's certificates contain, and how they are made.
//!
//! [`profile`] is the table of certificates: which a cluster has, what each contains, and where it lies.

mod authority;
mod ca_set;
mod certificate;
mod cfssl;
mod cluster;
mod content;
mod encode;
mod encode_request;
mod expiry;
mod extensions;
mod issuer;
mod join;
mod key;
mod origin;
pub(crate) mod pem;
pub(crate) mod places;
pub mod profile;
pub(crate) mod requested;
pub(crate) mod row;
mod signing;
mod subject;
mod template;
mod verify;

pub use authority::CertificateAuthority;
pub use ca_set::CaSet as Authorities; // MERGE: alias
pub use ca_set::{CaSet, ServiceAccountKey};
pub(crate) use ca_set::{authority_subject, authority_subject_der};
pub(crate) use certificate::public_key_from_pem;
pub use certificate::{Certificate, CertificateFacts, pin_of};
pub use cfssl::{CfsslAuthority, CfsslError, CfsslRequest, SigningProfile};
pub(crate) use cluster::wanted_certificates;
pub use cluster::{CertificateId, ClusterPki, Existing, IssueError, Issued};
pub use content::{ProfileOptions, ProfileProblem};
pub(crate) use encode_request::request as encode_request;
pub use expiry::{Expiring, Urgency, prometheus};
pub use issuer::Issuer;
pub use join::JoinToken;
pub use key::{KeyAlgorithm, PrivateKey};
pub use origin::{Origin, Replaced};
pub use profile::Profile;
pub use profile::Profile as CertificateRole; // MERGE: alias
pub use signing::{Prepared, SignatureAlgorithm, SigningError, SigningKey};
pub use subject::{Subject, SubjectDefaults};
pub use template::CertificateTemplate;
pub use verify::Verification;

use crate::cluster::CaRole;
pub use crate::cluster::{CaLayout as AuthorityLayout, CaRole as Authority}; // MERGE: alias
use crate::env::RandomUnavailable;
use crate::error::ErrorKind;
use crate::time::{Lifetime, TimeError, Timestamp};

/// Why a key, certificate or authority cannot be read, made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PkiError {
    /// The text is not PEM.
    #[error("not readable as PEM: {problem}")]
    Pem {
        /// What is wrong.
        problem: &'static str,
    },
    /// No private key in the text.
    #[error(
        "no private key found: expected a PEM block RSA PRIVATE KEY, EC PRIVATE KEY or PRIVATE KEY (without a password)"
    )]
    NoKey,
    /// The key cannot be used.
    #[error(
        "the key is damaged or of an unsupported kind: use ECDSA P-256 or P-384, or RSA with 2048, 3072 or 4096 bits"
    )]
    UnsupportedKey,
    /// No certificate in the text.
    #[error("no certificate found: expected a PEM block CERTIFICATE")]
    NoCertificate,
    /// More than one certificate where one is wanted.
    #[error(
        "{found} certificates found, expected one: kube-controller-manager signs with a single certificate"
    )]
    SeveralCertificates {
        /// How many there are.
        found: usize,
    },
    /// The certificate cannot be decoded.
    #[error("the certificate is not valid DER (X.509)")]
    MalformedCertificate,
    /// An extension stands twice or cannot be decoded.
    #[error("the extension {oid} stands twice or is not valid DER (X.509)")]
    MalformedExtension {
        /// Its object identifier.
        oid: String,
    },
    /// The name of a key algorithm is not known.
    #[error("{value:?} is not a key algorithm: use ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 or rsa-4096")]
    UnknownKeyAlgorithm {
        /// The text, cut to its first 64 characters.
        value: String,
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
    /// The certificate and the private key are not a pair.
    #[error("the private key does not belong to the certificate {subject}")]
    KeyMismatch {
        /// The certificate's subject.
        subject: String,
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
    /// A value cannot stand in a certificate.
    #[error("{value:?} cannot stand in a certificate's {what}")]
    Unencodable {
        /// Which part of the certificate.
        what: &'static str,
        /// The value, cut to its first 64 characters.
        value: String,
    },
    /// A lifetime that leads nowhere.
    #[error("the certificate would not be valid for a single second")]
    EmptyValidity,
    /// An encoding failed.
    #[error("the {what} cannot be encoded")]
    Encoding {
        /// What was to be encoded.
        what: &'static str,
    },
    /// The cryptographic library made no key.
    #[error("the cryptographic library made no key")]
    KeyGeneration,
    /// The cryptographic library made no signature.
    #[error("the cryptographic library made no signature")]
    Signing,
    /// A key that is elsewhere made no signature.
    #[error(transparent)]
    SigningKey(#[from] SigningError),
    /// A signature that is not what was asked for.
    #[error("the signature was not made over these bytes by the key of {subject}: expected {expected}")]
    WrongSignature {
        /// The issuer's subject.
        subject: String,
        /// The algorithm and its encoding.
        expected: SignatureAlgorithm,
    },
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
            Self::Encoding { .. } => ErrorKind::Internal,
            Self::KeyGeneration | Self::Signing | Self::SigningKey(_) | Self::WrongSignature { .. } => {
                ErrorKind::Crypto
            }
            Self::Random(_) => ErrorKind::Io,
            _ => ErrorKind::Input,
        }
    }
}
