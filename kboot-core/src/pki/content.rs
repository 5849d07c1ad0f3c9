//! From a row of the table to the content of a certificate, with a cluster file and without one.

use std::fmt;
use std::net::IpAddr;

use super::profile::Profile;
use super::row::{ClusterNames, CommonName};
use super::template::CertificateTemplate;
use super::{PkiError, Subject};
use crate::cluster::{ClusterSpec, Node};
use crate::identity::FRONT_PROXY_CLIENT;
use crate::name::{Group, NodeName, Username};
use crate::net::Host;
use crate::x509::KeyUsage;
use crate::x509::TlsUsage;

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
    pub alt_names: Vec<Host>,
    /// Another usage than the profile's.
    pub usage: Option<TlsUsage>,
}

/// Why a profile and what was said with it do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileProblem {
    /// No node is given.
    NoNode,
    /// A node is given.
    NotOfANode,
    /// No common name is given.
    NoCommonName,
    /// A common name is given.
    OwnCommonName,
    /// The common name is one that has a profile of its own, because of what its holder may do.
    FrontProxyClient,
    /// A server for which no names are given.
    NoNames,
}

impl fmt::Display for ProfileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoNode => "it is for a node; say which",
            Self::NotOfANode => "it is for no node in particular; leave the node out",
            Self::NoCommonName => "it needs a common name",
            Self::OwnCommonName => "it has a common name of its own; use the profile client, server or peer",
            Self::FrontProxyClient => {
                "front-proxy-client may speak for every user at the API server; use the profile of that name"
            }
            Self::NoNames => {
                "it is for a server; give the names and addresses at which clients find it: they ignore the common name"
            }
        })
    }
}

impl Profile {
    /// The content of the certificate in a cluster; `node` is the node that it is for.
    ///
    /// # Errors
    /// [`PkiError::Profile`] for one of a node where no node is given, and for one whose common name is not
    /// known.
    pub fn template_in(
        self,
        spec: &ClusterSpec,
        node: Option<&Node>,
    ) -> Result<CertificateTemplate, PkiError> {
        let user = self.user(node.map(Node::name))?;
        let of_cluster =
            self.row().names.of_cluster.iter().flat_map(|names| names_of_cluster(*names, spec, node));
        let mut template = self.content(user, node.map(Node::name), of_cluster);
        template.subject = template.subject.with_defaults(&spec.pki.subject);
        Ok(template)
    }

    /// The content of the certificate where there is no cluster file.
    ///
    /// # Errors
    /// [`PkiError::Profile`] where something that the profile needs is missing, or something is given that
    /// it has no place for.
    pub fn template(self, options: &ProfileOptions) -> Result<CertificateTemplate, PkiError> {
        let ProfileOptions { node, common_name, organizations, alt_names, usage } = options;
        let row = self.row();
        let refuse = |problem| Err(self.refuse(problem));
        let is_of_a_node = match row.common_name {
            CommonName::NodeName | CommonName::NodeUser => true,
            CommonName::Fixed(_) | CommonName::Given => false,
        };
        match node {
            None if is_of_a_node => return refuse(ProfileProblem::NoNode),
            Some(_) if !is_of_a_node && !row.names.node => return refuse(ProfileProblem::NotOfANode),
            None | Some(_) => {}
        }
        let user = match (row.common_name, common_name) {
            (CommonName::Given, Some(name)) if name.as_str() == FRONT_PROXY_CLIENT => {
                return refuse(ProfileProblem::FrontProxyClient);
            }
            (CommonName::Given, Some(name)) => name.clone(),
            (CommonName::Fixed(_) | CommonName::NodeName | CommonName::NodeUser, Some(_)) => {
                return refuse(ProfileProblem::OwnCommonName);
            }
            (_, None) => self.user(node.as_ref())?,
        };
        let template = self.content(user, node.as_ref(), alt_names.iter().cloned());
        let template = organizations.iter().cloned().fold(template, CertificateTemplate::with_group);
        let template = usage.iter().fold(template, |template, usage| template.with_usage(*usage));
        // Clients find it at the endpoint, and only the cluster file or its owner knows that.
        let serves_given_names = row.names.of_cluster.contains(&ClusterNames::Endpoint);
        if template.usage != TlsUsage::Client
            && (template.alt_names.is_empty() || (serves_given_names && alt_names.is_empty()))
        {
            return refuse(ProfileProblem::NoNames);
        }
        Ok(template)
    }

    /// The common name, which is the user that a client is.
    ///
    /// # Errors
    /// [`PkiError::Profile`] for one of a node where no node is given, and for one whose common name is not
    /// known.
    pub(crate) fn user(self, node: Option<&NodeName>) -> Result<Username, PkiError> {
        match self.row().common_name {
            CommonName::Fixed(name) => Ok(Username::from_static(name)),
            CommonName::NodeName => node
                .map(|node| Username::from_static(node.as_str()))
                .ok_or_else(|| self.refuse(ProfileProblem::NoNode)),
            CommonName::NodeUser => {
                node.map(NodeName::username).ok_or_else(|| self.refuse(ProfileProblem::NoNode))
            }
            CommonName::Given => Err(self.refuse(ProfileProblem::NoCommonName)),
        }
    }

    fn refuse(self, problem: ProfileProblem) -> PkiError {
        PkiError::Profile { profile: self.as_str(), problem }
    }

    /// The content for this user; `of_cluster` are the names that the cluster decides.
    fn content(
        self,
        user: Username,
        node: Option<&NodeName>,
        of_cluster: impl Iterator<Item = Host>,
    ) -> CertificateTemplate {
        let row = self.row();
        let own_name = node.filter(|_| row.names.node).map(|node| Host::Dns(node.as_str().to_owned()));
        let dns = row.names.dns.iter().map(|name| Host::Dns((*name).to_owned()));
        let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::V6(1.into())].map(Host::Ip);
        let loopback = loopback.into_iter().filter(|_| row.names.loopback);
        let groups = row.groups.iter().map(|group| Group::from_static(group));
        CertificateTemplate {
            subject: groups.fold(Subject::new(user), Subject::with_group),
            usage: row.usage,
            key_usage: KeyUsage::SIGNATURE_AND_ENCIPHERMENT,
            alt_names: own_name.into_iter().chain(dns).chain(of_cluster).chain(loopback).collect(),
            authority: row.ca,
        }
    }
}

fn names_of_cluster(names: ClusterNames, spec: &ClusterSpec, node: Option<&Node>) -> Vec<Host> {
    match names {
        ClusterNames::InDomain(name) => vec![Host::Dns(format!("{name}.{}", spec.network.dns_domain))],
        ClusterNames::FirstServiceAddresses => {
            spec.network.service_cidrs.iter().filter_map(|range| range.nth(1)).map(Host::Ip).collect()
        }
        ClusterNames::NodeAddresses => {
            node.into_iter().flat_map(|node| node.addresses().iter().copied().map(Host::Ip)).collect()
        }
        ClusterNames::Endpoint => vec![spec.control_plane_endpoint.host().clone()],
        ClusterNames::ApiServerSans => spec.pki.api_server_sans.clone(),
    }
}
