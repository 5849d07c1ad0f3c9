//! Whose each address, DNS name and bootstrap token is: no two nodes share one, else one of them could stand in
//! for the other.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use super::Compared;
use super::loopback::is_loopback_name;
use crate::name::{Dns1123Subdomain, NodeName};
use crate::net::is_of_one_machine;
use crate::token::TokenId;

/// Something that is one node's alone.
#[derive(Clone, Copy)]
pub(super) enum Belonging<'a> {
    Address(IpAddr),
    /// In lower case, as every name that was read.
    DnsName(&'a str),
    Token(&'a TokenId),
}

impl Belonging<'_> {
    /// Whether every machine has it, so that it says nothing of one.
    pub(super) fn is_loopback(self) -> bool {
        match self {
            Self::Address(address) => address.to_canonical().is_loopback(),
            Self::DnsName(name) => is_loopback_name(name),
            Self::Token(_) => false,
        }
    }
}

impl From<&IpAddr> for Belonging<'_> {
    fn from(address: &IpAddr) -> Self {
        Self::Address(*address)
    }
}

impl<'a> From<&'a Dns1123Subdomain> for Belonging<'a> {
    fn from(name: &'a Dns1123Subdomain) -> Self {
        Self::DnsName(name.as_str())
    }
}

impl<'a> From<&'a NodeName> for Belonging<'a> {
    fn from(name: &'a NodeName) -> Self {
        Self::DnsName(name.as_str())
    }
}

impl<'a> From<&'a TokenId> for Belonging<'a> {
    fn from(id: &'a TokenId) -> Self {
        Self::Token(id)
    }
}

impl fmt::Display for Belonging<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::DnsName(name) => f.write_str(name),
            Self::Token(id) => write!(f, "{id}"),
        }
    }
}

/// Whose each is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Owners {
    addresses: HashMap<IpAddr, NodeName>,
    /// The nodes' own names among them.
    names: HashMap<String, NodeName>,
    tokens: HashMap<TokenId, NodeName>,
}

impl Owners {
    /// The node whose name or address this is.
    pub(super) fn of(&self, name: Compared<'_>) -> Option<&NodeName> {
        match name {
            Compared::Dns(name) => self.names.get(name),
            Compared::Ip(address) => self.addresses.get(&address),
            Compared::Other => None,
        }
    }

    /// The node that a bootstrap token is bound to.
    pub(super) fn of_token(&self, id: &TokenId) -> Option<&NodeName> {
        self.tokens.get(id)
    }

    /// Why it cannot be this node's.
    pub(super) fn objection(&self, node: &NodeName, thing: Belonging<'_>) -> Option<String> {
        if thing.is_loopback() {
            return Some(format!("{thing} is every machine's own; leave it out"));
        }
        // Some readers compare a DNS name with an address as text.
        let owner = match thing {
            Belonging::Address(address) if !is_of_one_machine(address) => {
                return Some(format!("{address} is not the address of one machine"));
            }
            Belonging::Address(address) => {
                self.addresses.get(&address).or_else(|| self.names.get(&address.to_string()))
            }
            Belonging::DnsName(name) => {
                self.names.get(name).or_else(|| self.addresses.get(&name.parse().ok()?))
            }
            Belonging::Token(id) => self.tokens.get(id),
        };
        let owner = owner.filter(|owner| *owner != node)?;
        Some(format!("{thing} belongs to {owner} already"))
    }

    /// Why a node cannot have its name: another has it as a DNS name.
    pub(super) fn objection_to_name(&self, node: &NodeName) -> Option<String> {
        let owner = self.names.get(node.as_str()).filter(|owner| *owner != node)?;
        Some(format!("{node} is a DNS name of {owner} already"))
    }

    pub(super) fn claim(&mut self, node: &NodeName, thing: Belonging<'_>) {
        let node = node.clone();
        match thing {
            Belonging::Address(address) => self.addresses.insert(address, node),
            Belonging::DnsName(name) => self.names.insert(name.to_owned(), node),
            Belonging::Token(id) => self.tokens.insert(id.clone(), node),
        };
    }

    pub(super) fn release(&mut self, thing: Belonging<'_>) {
        match thing {
            Belonging::Address(address) => self.addresses.remove(&address),
            Belonging::DnsName(name) => self.names.remove(name),
            Belonging::Token(id) => self.tokens.remove(id),
        };
    }
}
