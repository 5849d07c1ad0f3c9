//! A node in one word, as it stands on a command line.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::{Node, NodeRole};
use crate::document::DocumentError;
use crate::name::{NameError, NodeName};
use crate::shown::excerpt;

/// Why a word is no node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeArgumentError {
    /// There is no `=`, or nothing after it.
    #[error("{text:?} is not NAME=ADDRESS[,ADDRESS…][:ROLE,…], for example worker-1=192.0.2.11")]
    NoAddress {
        /// The word, cut to its first 64 characters.
        text: String,
    },
    /// The name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An address is none.
    #[error(
        "{address:?} is not an address of a node: write 192.0.2.11, or [2001:db8::11], without a port or a prefix"
    )]
    Address {
        /// The address, cut to its first 64 characters.
        address: String,
    },
    /// A role is none.
    #[error("{role:?} is not a role: the roles are control-plane, etcd and worker")]
    Role {
        /// The role, cut to its first 64 characters.
        role: String,
    },
    /// Each part is right, and the node is none.
    #[error("{text:?}: {problems}")]
    Node {
        /// The word, cut to its first 64 characters.
        text: String,
        /// What is wrong with the node.
        problems: DocumentError,
    },
}

impl fmt::Display for NodeRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlPlane => "control-plane",
            Self::Etcd => "etcd",
            Self::Worker => "worker",
        })
    }
}

impl FromStr for NodeRole {
    type Err = NodeArgumentError;

    fn from_str(text: &str) -> Result<Self, NodeArgumentError> {
        let mut named = [Self::ControlPlane, Self::Etcd, Self::Worker].into_iter();
        named
            .find(|role| role.to_string() == text)
            .ok_or_else(|| NodeArgumentError::Role { role: excerpt(text) })
    }
}

/// `NAME=ADDRESS[,ADDRESS…][:ROLE,…]`, a worker where no role is given.
///
/// ```
/// use kboot_core::cluster::{Node, NodeRole};
/// let node: Node = "cp1=10.0.0.11,[2001:db8::11]:control-plane,etcd".parse()?;
/// assert_eq!(node.addresses().len(), 2);
/// assert_eq!("w1=10.0.0.21".parse::<Node>()?.roles(), [NodeRole::Worker]);
/// let error = "w1=10.0.0.21/24".parse::<Node>().unwrap_err();
/// assert!(error.to_string().starts_with("\"10.0.0.21/24\" is not an address of a node"));
/// # Ok::<(), kboot_core::cluster::NodeArgumentError>(())
/// ```
impl FromStr for Node {
    type Err = NodeArgumentError;

    fn from_str(text: &str) -> Result<Self, NodeArgumentError> {
        let no_address = || NodeArgumentError::NoAddress { text: excerpt(text) };
        let (name, rest) =
            text.split_once('=').filter(|(_, rest)| !rest.is_empty()).ok_or_else(no_address)?;
        let name: NodeName = name.parse()?;
        let (addresses, roles) = split_roles(rest);
        let addresses = addresses.split(',').map(address).collect::<Result<Vec<_>, _>>()?;
        let roles = match roles {
            Some(roles) => roles.split(',').map(str::parse).collect::<Result<Vec<_>, _>>()?,
            None => vec![NodeRole::Worker],
        };
        Self::new(name, addresses, roles)
            .map_err(|problems| NodeArgumentError::Node { text: excerpt(text), problems })
    }
}

/// Addresses and roles at the colon that is in no brackets.
fn split_roles(text: &str) -> (&str, Option<&str>) {
    let after_brackets = text.rfind(']').map_or(0, |end| end + 1);
    let (_, rest) = text.split_at(after_brackets);
    match rest.find(':') {
        // An address of IPv6 needs brackets, and `address` says so.
        Some(colon) if after_brackets > 0 || text.parse::<IpAddr>().is_err() => {
            let (addresses, roles) = text.split_at(after_brackets + colon);
            (addresses, roles.strip_prefix(':'))
        }
        _ => (text, None),
    }
}

fn address(text: &str) -> Result<IpAddr, NodeArgumentError> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let parsed: Option<IpAddr> = bare.unwrap_or(text).parse().ok();
    let parsed = parsed.filter(|address| address.is_ipv6() == bare.is_some());
    parsed.ok_or_else(|| NodeArgumentError::Address { address: excerpt(text) })
}
