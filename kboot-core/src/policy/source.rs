//! Identity sources: who says that a name or an address is a node's own.

use std::fmt;
use std::net::IpAddr;

use super::decision::Answer;
use super::owner::{Owner, owner};
use super::reserved::reserved;
use super::{Context, Inventory};
use crate::csr::AlternativeName;
use crate::name::NodeName;
use crate::net::{Cidr, SubjectAltNames};

/// Somebody who can say whether an alternative name is the node's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The status of the cluster's Node object. The node writes it, so it is weak alone.
    NodeStatus,
    /// The inventory that the rule names.
    Inventory,
    /// The certificate that the node serves now: a renewal asks for the same names.
    Served,
    /// Forward DNS. A DNS name is the node's if all addresses that it resolves to lie in the rule's ranges,
    /// where it has any, and none is known to be another's; an address is, if one of the requested names resolves to it.
    Dns,
    /// The node's name itself, and DNS names that continue it after a dot. Says nothing of addresses.
    NodeName,
    /// Ranges of addresses. Says nothing of DNS names.
    Cidrs(Vec<Cidr>),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NodeStatus => "nodeStatus",
            Self::Inventory => "inventory",
            Self::Served => "served",
            Self::Dns => "dns",
            Self::NodeName => "nodeName",
            Self::Cidrs(_) => "cidrs",
        })
    }
}

/// The request's names and where they are looked up.
pub(super) struct Question<'a> {
    pub(super) node: &'a NodeName,
    pub(super) names: &'a [&'a AlternativeName],
    pub(super) inventory: Option<&'a Inventory>,
    pub(super) sources: &'a [Source],
    pub(super) context: &'a Context<'a>,
}

/// What the sources of a rule say of one name, all of them together.
pub(super) enum Vouched {
    /// Every source that speaks of it says yes, and one of them would know the API server's names from a node's.
    Strongly,
    /// The same, but none of them would.
    Weakly,
    /// Somebody says no, or nobody speaks of it.
    No(String),
    /// Somebody cannot say.
    Unknown(String),
    /// It leads to what is known to be another's.
    OfOther(String),
}

impl Question<'_> {
    pub(super) fn vouched(&self, name: &AlternativeName) -> Vouched {
        let (mut spoken, mut unknown, mut would_know) = (false, None, false);
        for source in self.sources {
            match self.ask(source, name) {
                None => continue,
                Some(Answer::No) => return Vouched::No(format!("no, says {source}")),
                Some(Answer::Yes) => {
                    // The others know ranges and answers of DNS, or what a node says of itself.
                    would_know |= matches!(source, Source::Inventory | Source::Served);
                }
                Some(Answer::Unknown) => {
                    let is_absent = *source == Source::NodeStatus && self.context.nodes.is_some();
                    let why = if is_absent { ": no such Node, or it has no address yet" } else { "" };
                    unknown.get_or_insert_with(|| format!("unknown to {source}{why}"));
                }
            }
            spoken = true;
        }
        let is_of_other = self.sources.contains(&Source::Dns) && self.leads_to_another(name);
        match unknown {
            _ if is_of_other => Vouched::OfOther("resolves to what is known to be another's".to_owned()),
            _ if !spoken => Vouched::No("no source of the rule speaks of it".to_owned()),
            Some(why) => Vouched::Unknown(why),
            None if would_know => Vouched::Strongly,
            None => Vouched::Weakly,
        }
    }

    /// What a source says of one name; none where it does not speak of this kind of name.
    pub(super) fn ask(&self, source: &Source, name: &AlternativeName) -> Option<Answer> {
        let of_node = |nodes: Option<&SubjectAltNames>| match nodes {
            Some(known) => Answer::of(is_among(name, known)),
            None => Answer::Unknown,
        };
        match source {
            Source::NodeStatus => {
                // A Node that is not there yet, or has no address yet, will have one.
                let node = self.context.nodes.as_ref().and_then(|nodes| nodes.get(self.node));
                Some(of_node(node.filter(|known| !known.is_empty())))
            }
            Source::Served => Some(of_node(self.context.served.get(self.node))),
            Source::Inventory => Some(match self.inventory {
                None => Answer::Unknown,
                Some(inventory) => Answer::of(inventory.node(self.node).is_some_and(|known| match name {
                    AlternativeName::Dns(dns) => {
                        same_name(dns, self.node.as_str())
                            || known.dns_names.iter().any(|own| same_name(dns, own.as_str()))
                    }
                    AlternativeName::Ip(address) => known.addresses.contains(address),
                    _ => false,
                })),
            }),
            Source::NodeName => match name {
                AlternativeName::Dns(dns) => {
                    let dns = dns.to_ascii_lowercase();
                    let rest = dns.strip_prefix(self.node.as_str());
                    Some(Answer::of(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))))
                }
                _ => None,
            },
            Source::Cidrs(ranges) => match name {
                AlternativeName::Ip(address) => {
                    Some(Answer::of(ranges.iter().any(|range| range.contains(*address))))
                }
                _ => None,
            },
            Source::Dns => Some(match name {
                AlternativeName::Dns(dns) => self.resolves_into_ranges(dns),
                AlternativeName::Ip(address) => self.is_resolved(*address),
                _ => Answer::No,
            }),
        }
    }

    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.context.resolver?.addresses(&name.to_ascii_lowercase())
    }

    fn resolves_into_ranges(&self, name: &str) -> Answer {
        let Some(addresses) = self.addresses(name) else { return Answer::Unknown };
        let in_ranges = |address: &IpAddr| {
            self.sources.iter().all(|source| match source {
                Source::Cidrs(ranges) => ranges.iter().any(|range| range.contains(*address)),
                _ => true,
            })
        };
        // A name that is known not to resolve is nobody's.
        Answer::of(!addresses.is_empty() && addresses.iter().all(in_ranges))
    }

    /// Whether a DNS name resolves to an address that is known to be another's. It may be a Node's lie, so that
    /// this holds a request and denies none.
    fn leads_to_another(&self, name: &AlternativeName) -> bool {
        let AlternativeName::Dns(name) = name else { return false };
        let is_anothers = |address: &IpAddr| {
            let address = AlternativeName::Ip(*address);
            match owner(&address, Some(self.node), self.context) {
                Owner::Operator => false,
                Owner::Other(_) => true,
                Owner::OwnWord | Owner::Unknown => reserved(&address, self.context).is_some(),
            }
        };
        self.addresses(name).is_some_and(|addresses| addresses.iter().any(is_anothers))
    }

    fn is_resolved(&self, address: IpAddr) -> Answer {
        let mut answer = Answer::No;
        for name in self.names {
            if let AlternativeName::Dns(name) = name {
                match self.addresses(name) {
                    Some(addresses) if addresses.contains(&address) => return Answer::Yes,
                    Some(_) => {}
                    None => answer = Answer::Unknown,
                }
            }
        }
        answer
    }
}

impl Answer {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn is_among(name: &AlternativeName, known: &SubjectAltNames) -> bool {
    match name {
        AlternativeName::Dns(dns) => known.dns().iter().any(|own| same_name(dns, own)),
        AlternativeName::Ip(address) => known.ips().contains(address),
        _ => false,
    }
}
