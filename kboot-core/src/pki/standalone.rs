//! One certificate without a cluster file: which profile, and what is left to say.

use std::fmt;
use std::str::FromStr;

use super::profile::{ExtendedUsage, template_of_role};
use super::{CertificateRole, CertificateTemplate, PkiError};
use crate::name::{Group, NodeName, Username};
use crate::net::AltName;

/// What a single certificate is for.
///
/// ```
/// use kboot_core::pki::{Profile, ProfileOptions};
/// let mut options = ProfileOptions::default();
/// options.node = Some("worker-1".parse()?);
/// options.alt_names = vec!["192.168.5.21".parse()?];
/// let kubelet = "kubelet".parse::<Profile>()?.template(&options)?;
/// assert_eq!(kubelet.subject().to_string(), "CN=system:node:worker-1,O=system:nodes");
/// assert_eq!(kubelet.alt_names().to_string(), "DNS:worker-1, IP:192.168.5.21");
/// # Ok::<(), kboot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// One of a cluster's certificates.
    Role(CertificateRole),
    /// A kubelet's one certificate for both its sides, as hand-install guides make it.
    Kubelet,
    /// Any client.
    Client,
    /// Any server.
    Server,
    /// Any server that is also a client.
    Peer,
}

/// What a profile leaves open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileOptions {
    /// The node, for the profiles of nodes.
    pub node: Option<NodeName>,
    /// The common name, for the general profiles.
    pub common_name: Option<Username>,
    /// Groups besides those of the profile.
    pub organizations: Vec<Group>,
    /// Names and addresses besides those of the profile.
    pub alt_names: Vec<AltName>,
    /// Another usage than the profile's.
    pub usage: Option<ExtendedUsage>,
}

impl Profile {
    const GENERAL: [Self; 4] = [Self::Kubelet, Self::Client, Self::Server, Self::Peer];

    /// All of them: the cluster's certificates in their order, then the general ones.
    pub fn all() -> impl Iterator<Item = Self> {
        CertificateRole::ALL.into_iter().map(Self::Role).chain(Self::GENERAL)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Role(role) => role.name(),
            Self::Kubelet => "kubelet",
            Self::Client => "client",
            Self::Server => "server",
            Self::Peer => "peer",
        }
    }

    /// The content of the certificate.
    ///
    /// # Errors
    /// [`PkiError::Profile`] where something that the profile needs is missing, or something is given that
    /// it has no place for.
    pub fn template(self, options: &ProfileOptions) -> Result<CertificateTemplate, PkiError> {
        use CertificateRole as Role;
        let ProfileOptions { node, common_name, organizations, alt_names, usage } = options;
        let refuse = |problem| PkiError::Profile { profile: self.name(), problem };
        let needs_node = matches!(
            self,
            Self::Kubelet
                | Self::Role(Role::KubeletClient | Role::KubeletServing | Role::EtcdServer | Role::EtcdPeer)
        );
        match (needs_node, node) {
            (true, None) => return Err(refuse("it is for a node; say which")),
            (false, Some(_)) if self != Self::Role(Role::ApiServer) => {
                return Err(refuse("it is for no node in particular; leave the node out"));
            }
            _ => {}
        }
        let is_general = matches!(self, Self::Client | Self::Server | Self::Peer);
        if is_general && common_name.as_ref().is_some_and(|name| name.as_str() == "front-proxy-client") {
            return Err(refuse(
                "front-proxy-client may speak for every user at the API server; use the profile of that name",
            ));
        }
        let given = || common_name.clone().ok_or_else(|| refuse("it needs a common name"));
        if common_name.is_some() && !is_general {
            return Err(refuse("it has a common name of its own; use the profile client, server or peer"));
        }
        let names = || alt_names.iter().cloned();
        let template = match self {
            Self::Role(role) => template_of_role(role, node.as_ref(), names())?,
            Self::Kubelet => template_of_role(Role::KubeletServing, node.as_ref(), names())?
                .with_usage(ExtendedUsage::ServerAndClient),
            Self::Client => {
                CertificateTemplate { alt_names: names().collect(), ..CertificateTemplate::client(given()?) }
            }
            Self::Server => CertificateTemplate::server(given()?, names().collect()),
            Self::Peer => CertificateTemplate::server(given()?, names().collect())
                .with_usage(ExtendedUsage::ServerAndClient),
        };
        let template = organizations.iter().cloned().fold(template, CertificateTemplate::group);
        let template = usage.iter().fold(template, |template, usage| template.with_usage(*usage));
        let serves_given_names = matches!(self, Self::Role(Role::ApiServer));
        if template.usage() != ExtendedUsage::Client
            && (template.alt_names().is_empty() || (serves_given_names && alt_names.is_empty()))
        {
            return Err(refuse(
                "it is for a server; give the names and addresses at which clients find it: they ignore the common name",
            ));
        }
        Ok(template)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = PkiError;
    fn from_str(text: &str) -> Result<Self, PkiError> {
        Self::all().find(|profile| profile.name() == text).ok_or_else(|| PkiError::UnknownProfile {
            value: text.chars().take(64).collect(),
            known: Self::all().map(Self::name).collect::<Vec<_>>().join(", "),
        })
    }
}
