//! Identity sources: who says that a name or an address is a node's own.

use std::fmt;
use std::net::IpAddr;

use super::owner::{Owner, owner};
use super::reserved::reserved;
use super::{AskedName, Compared, Inventory};
use crate::name::NodeName;
use crate::net::Cidr;
use crate::policy::number::Number;
use crate::policy::{Answer, PolicyContext};
use crate::x509::SubjectAltNames;

/// Somebody who can say whether an alternative name is the node's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameSource {
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

impl NameSource {
    /// The source's name in a policy.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NodeStatus => "nodeStatus",
            Self::Inventory => "inventory",
            Self::Served => "served",
            Self::Dns => "dns",
            Self::NodeName => "nodeName",
            Self::Cidrs(_) => "cidrs",
        }
    }
}

impl fmt::Display for NameSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The request's names and where they are looked up.
pub(in crate::policy) struct Question<'a> {
    pub(in crate::policy) node: &'a NodeName,
    pub(in crate::policy) names: &'a [AskedName<'a>],
    pub(in crate::policy) inventory: Option<&'a Inventory>,
    pub(in crate::policy) sources: &'a [NameSource],
    pub(in crate::policy) context: &'a PolicyContext<'a>,
}

/// What the sources of a rule say of one name, all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Vouched {
    /// Every source that speaks of it says yes, and one of them would know the API server's names from a node's.
    Strongly,
    /// Every source that speaks of it says yes, but none of them would know.
    Weakly,
    /// Somebody says no, or nobody speaks of it.
    No(Doubt),
    /// Somebody cannot say.
    Unknown(Doubt),
    /// It leads to what is known to be another's.
    OfOther(Doubt),
}

/// Why a name is not known to be the node's. A source is meant by its number in the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Doubt {
    /// The source says no.
    Denied { source: Number },
    /// No source speaks of names of this kind.
    NobodySpeaks,
    /// The source does not know.
    Unknown {
        source: Number,
        /// Whether the Nodes were asked, and this one is not there or says nothing of itself.
        is_absent: bool,
    },
    /// It resolves to what is known to be another's.
    LeadsToAnother,
    /// Nobody says who the API server is.
    ApiServer,
    /// Nobody says an address of it.
    ApiServerAddress,
    /// Nobody says the services' ranges.
    ServiceRanges,
}

impl Doubt {
    /// The doubt in words; `sources` are the rule's.
    pub(in crate::policy) fn tell(self, sources: &[NameSource], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |number: Number| sources.get(number.index()).map(NameSource::as_str).unwrap_or_default();
        match self {
            Self::Denied { source } => write!(f, "no, says {}", named(source)),
            Self::NobodySpeaks => f.write_str("no source of the rule speaks of it"),
            Self::Unknown { source, is_absent } => {
                let why = if is_absent { ": no such Node, or it has no address yet" } else { "" };
                write!(f, "unknown to {}{why}", named(source))
            }
            Self::LeadsToAnother => f.write_str("resolves to what is known to be another's"),
            Self::ApiServer => {
                f.write_str("nobody says who the API server is, and the rule's sources cannot tell")
            }
            Self::ApiServerAddress => {
                f.write_str("nobody says an address of the API server, and the rule's sources cannot tell")
            }
            Self::ServiceRanges => {
                f.write_str("nobody says the services' ranges, and the rule's sources cannot tell")
            }
        }
    }
}

impl Question<'_> {
    pub(in crate::policy) fn vouched(&self, name: Compared<'_>) -> Vouched {
        let (mut spoken, mut unknown, mut would_know) = (false, None, false);
        for (number, source) in self.sources.iter().enumerate() {
            match self.ask(source, name) {
                None => continue,
                Some(Answer::No) => return Vouched::No(Doubt::Denied { source: Number::of(number) }),
                Some(Answer::Yes) => {
                    // The others know ranges and answers of DNS, or what a node says of itself.
                    would_know |= matches!(source, NameSource::Inventory | NameSource::Served);
                }
                Some(Answer::Unknown) => {
                    let is_absent = *source == NameSource::NodeStatus && self.context.nodes.is_some();
                    unknown.get_or_insert_with(|| Doubt::Unknown { source: Number::of(number), is_absent });
                }
            }
            spoken = true;
        }
        let is_of_other = self.sources.contains(&NameSource::Dns) && self.leads_to_another(name);
        match unknown {
            _ if is_of_other => Vouched::OfOther(Doubt::LeadsToAnother),
            _ if !spoken => Vouched::No(Doubt::NobodySpeaks),
            Some(doubt) => Vouched::Unknown(doubt),
            None if would_know => Vouched::Strongly,
            None => Vouched::Weakly,
        }
    }

    /// What a source says of one name; none where it does not speak of this kind of name.
    fn ask(&self, source: &NameSource, name: Compared<'_>) -> Option<Answer> {
        let of_node = |names: Option<&SubjectAltNames>| match names {
            Some(known) => Answer::of(is_among(name, known)),
            None => Answer::Unknown,
        };
        match source {
            NameSource::NodeStatus => {
                // A Node that is not there yet, or has no address yet, will have one.
                let node = self.context.nodes.as_ref().and_then(|nodes| nodes.get(self.node));
                Some(of_node(node.filter(|known| !known.is_empty())))
            }
            NameSource::Served => Some(of_node(self.context.served.get(self.node))),
            NameSource::Inventory => Some(match self.inventory {
                None => Answer::Unknown,
                Some(inventory) => Answer::of(inventory.node(self.node).is_some_and(|known| match name {
                    Compared::Dns(dns) => {
                        dns == self.node.as_str() || known.dns_names.iter().any(|own| own.as_str() == dns)
                    }
                    Compared::Ip(address) => known.addresses.contains(&address),
                    Compared::Other => false,
                })),
            }),
            NameSource::NodeName => match name {
                Compared::Dns(dns) => {
                    let rest = dns.strip_prefix(self.node.as_str());
                    Some(Answer::of(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))))
                }
                _ => None,
            },
            NameSource::Cidrs(ranges) => match name {
                Compared::Ip(address) => Some(Answer::of(ranges.iter().any(|range| range.contains(address)))),
                _ => None,
            },
            NameSource::Dns => Some(match name {
                Compared::Dns(dns) => self.resolves_into_ranges(dns),
                Compared::Ip(address) => self.is_resolved(address),
                Compared::Other => Answer::No,
            }),
        }
    }

    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.context.resolver?.addresses(name)
    }

    fn resolves_into_ranges(&self, name: &str) -> Answer {
        let Some(addresses) = self.addresses(name) else { return Answer::Unknown };
        let in_ranges = |address: &IpAddr| {
            self.sources.iter().all(|source| match source {
                NameSource::Cidrs(ranges) => ranges.iter().any(|range| range.contains(*address)),
                _ => true,
            })
        };
        // A name that is known not to resolve is nobody's.
        Answer::of(!addresses.is_empty() && addresses.iter().all(in_ranges))
    }

    /// Whether a DNS name resolves to an address that is known to be another's. It may be a Node's lie, so that
    /// this holds a request and denies none.
    fn leads_to_another(&self, name: Compared<'_>) -> bool {
        let Compared::Dns(name) = name else { return false };
        let is_anothers = |address: &IpAddr| {
            let address = Compared::Ip(*address);
            match owner(address, Some(self.node), self.context) {
                Owner::Operator => false,
                Owner::Other(_) => true,
                Owner::OwnWord | Owner::Unknown => reserved(address, self.context).is_some(),
            }
        };
        self.addresses(name).is_some_and(|addresses| addresses.iter().any(is_anothers))
    }

    fn is_resolved(&self, address: IpAddr) -> Answer {
        let mut answer = Answer::No;
        for name in self.names {
            if let Compared::Dns(name) = name.compared() {
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

fn is_among(name: Compared<'_>, known: &SubjectAltNames) -> bool {
    match name {
        Compared::Dns(dns) => known.dns().iter().any(|own| own.eq_ignore_ascii_case(dns)),
        Compared::Ip(address) => known.ips().contains(&address),
        Compared::Other => false,
    }
}
