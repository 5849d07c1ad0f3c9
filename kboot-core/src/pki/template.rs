//! The content of one certificate, before it has a key, an issuer and a validity.

use super::{PkiError, Subject};
use crate::cluster::CaRole;
use crate::identity::{ClientIdentity, is_unrestricted};
use crate::name::{Group, Username};
use crate::x509::{KeyUsage, SubjectAltNames, TlsUsage};

/// The content of a certificate, all but its key, validity, serial number and issuer.
///
/// ```
/// use kboot_core::pki::CertificateTemplate;
/// let developer = CertificateTemplate::client("jane".parse()?).with_group("dev".parse()?).with_group("ops".parse()?);
/// assert_eq!(developer.subject().to_string(), "CN=jane,O=dev,O=ops");
/// # Ok::<(), kboot_core::name::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateTemplate {
    pub(super) subject: Subject,
    pub(super) usage: TlsUsage,
    pub(super) key_usage: KeyUsage,
    pub(super) alt_names: SubjectAltNames,
    /// The one that it is from; none where nothing was said.
    pub(super) authority: Option<CaRole>,
}

impl CertificateTemplate {
    /// A client certificate for a user.
    #[must_use]
    pub fn client(user: Username) -> Self {
        Self {
            subject: Subject::new(user),
            usage: TlsUsage::Client,
            key_usage: KeyUsage::SIGNATURE_AND_ENCIPHERMENT,
            alt_names: SubjectAltNames::default(),
            authority: None,
        }
    }

    /// A client certificate of the cluster's authority for this identity.
    ///
    /// ```
    /// use kboot_core::{identity::ClientIdentity, pki::CertificateTemplate};
    /// let jane = ClientIdentity::new("jane".parse()?, vec!["dev".parse()?])?;
    /// assert_eq!(CertificateTemplate::of(&jane).subject().to_string(), "CN=jane,O=dev");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of(identity: &ClientIdentity) -> Self {
        let client = Self::client(identity.user().clone()).with_ca_role(CaRole::Cluster);
        identity.groups().iter().cloned().fold(client, Self::with_group)
    }

    /// A serving certificate for these names.
    #[must_use]
    pub fn server(common_name: Username, alt_names: SubjectAltNames) -> Self {
        Self { usage: TlsUsage::Server, alt_names, ..Self::client(common_name) }
    }

    /// Takes another usage in the place of its own.
    #[must_use]
    pub fn with_usage(mut self, usage: TlsUsage) -> Self {
        self.usage = usage;
        self
    }

    /// Says which of the cluster's authorities it is from. Without it, etcd's and the front proxy's make no client of
    /// it, since etcd takes every client of its authority for root; but for a server that is also a client, as
    /// etcd's members are.
    #[must_use]
    pub fn with_ca_role(mut self, authority: CaRole) -> Self {
        self.authority = Some(authority);
        self
    }

    /// Adds a group.
    #[must_use]
    pub fn with_group(mut self, group: Group) -> Self {
        self.subject = self.subject.with_group(group);
        self
    }

    /// The subject: who the certificate is for.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What it is for.
    #[must_use]
    pub fn usage(&self) -> TlsUsage {
        self.usage
    }

    /// What its key may do.
    #[must_use]
    pub fn key_usage(&self) -> KeyUsage {
        self.key_usage
    }

    /// The names and addresses that it serves.
    #[must_use]
    pub fn alt_names(&self) -> &SubjectAltNames {
        &self.alt_names
    }

    /// Whether it may be a member of an etcd that is called as its owner likes: one that is dialled, and no
    /// component of Kubernetes.
    pub(super) fn may_be_member_of_etcd(&self) -> bool {
        let mut names =
            self.subject.groups().iter().map(Group::as_str).chain([self.subject.common_name().as_str()]);
        !self.alt_names.is_empty() && !names.any(|name| name.starts_with("system:"))
    }

    /// Whether its holder may do everything in a cluster, past every RBAC rule, until it expires.
    #[must_use]
    pub fn is_unrestricted(&self) -> bool {
        self.usage != TlsUsage::Server && is_unrestricted(self.subject.groups())
    }

    pub(super) fn check_restricted(&self) -> Result<(), PkiError> {
        if self.is_unrestricted() { Err(PkiError::Unrestricted) } else { Ok(()) }
    }
}
