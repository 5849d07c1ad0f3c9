//! What `kboot policy check` finds: why a policy is not used, and what it says but probably does not mean.

use std::fmt;

use super::text::escaped;
use crate::document::Position;
use crate::finding::Detail;

/// What is wrong with a policy, or probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyProblem {
    /// The policy is refused: it is malformed, or would approve anybody, or can match nothing.
    Refused {
        /// What is wrong, and what would be right.
        problem: String,
        /// Where it stands in the file.
        position: Option<Position>,
    },
    /// The inventory that a rule names cannot be used, so that the rule decides nothing.
    InventoryUnusable {
        /// The name by which the rule refers to it.
        name: String,
        /// Why not.
        problem: String,
    },
    /// An entry of an inventory is passed over.
    InventoryEntryIgnored {
        /// Why.
        problem: String,
    },
    /// A pattern reads like a regular expression.
    RegularExpression,
    /// Whoever may ask may become any node.
    AnyNode,
    /// The rule believes any node's word on DNS names.
    AnyDnsName,
    /// The rule believes any node's word on addresses.
    AnyAddress,
    /// `dnsNames` beside `maxDns: 0`.
    DnsNamesUnused,
    /// The source `dns` beside `maxDns: 0`.
    DnsUnused,
    /// A group that everybody is in.
    GroupOfEverybody,
    /// Nodes that have joined may be taken over.
    MayRejoin,
    /// Another rule comes first for every request.
    NeverReached {
        /// The name of that rule.
        earlier: String,
    },
    /// What no rule matches is denied.
    DeniesTheRest,
}

impl Detail for PolicyProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::InventoryUnusable { .. } => "inventory-unusable",
            Self::InventoryEntryIgnored { .. } => "inventory-entry-ignored",
            Self::RegularExpression => "regular-expression",
            Self::AnyNode => "any-node",
            Self::AnyDnsName => "any-dns-name",
            Self::AnyAddress => "any-address",
            Self::DnsNamesUnused => "dns-names-unused",
            Self::DnsUnused => "dns-unused",
            Self::GroupOfEverybody => "group-of-everybody",
            Self::MayRejoin => "may-rejoin",
            Self::NeverReached { .. } => "never-reached",
            Self::DeniesTheRest => "denies-the-rest",
        }
    }

    fn line_and_column(&self) -> Option<(u64, u64)> {
        match self {
            Self::Refused { position, .. } => position.map(|place| (place.line, place.column)),
            _ => None,
        }
    }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused { problem, .. } | Self::InventoryEntryIgnored { problem } => problem,
            Self::InventoryUnusable { name, problem } => {
                return write!(f, "the inventory \"{}\" cannot be used: {problem}", escaped(name));
            }
            Self::RegularExpression => {
                "reads like a regular expression, and is none: * stands for any characters, ? for one, and \
                 everything else for itself"
            }
            Self::AnyNode => "no node names and no inventory: whoever holds such a token may become any node",
            Self::AnyDnsName => "any node may get a certificate for any DNS name not known to be another's",
            Self::AnyAddress => "any node may get a certificate for any address not known to be another's",
            Self::DnsNamesUnused => "limits nothing, since maxDns allows no DNS name",
            Self::DnsUnused => "without a DNS name, dns confirms no address",
            Self::GroupOfEverybody => "names a group that everybody is in, so it limits nothing",
            Self::MayRejoin => {
                "whom the rule matches may take over a node that has joined: its secrets and its pods"
            }
            Self::NeverReached { earlier } => {
                return write!(f, "is never reached: {earlier} before it matches every request");
            }
            Self::DeniesTheRest => {
                "denies what no rule matches, and nobody can take that back; hold leaves it to others"
            }
        })
    }
}
