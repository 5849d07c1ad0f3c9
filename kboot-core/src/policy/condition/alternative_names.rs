//! Which names and addresses, and who must say that they are the node's.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reader::RuleReader;
use super::{Around, Check, ListedNode, Met, NO_NODE, Objection, Place, Warning, joined, meaningless};
use crate::csr::CertificateSigningRequest;
use crate::csr::Signer;
use crate::net::Cidr;
use crate::policy::case::Case;
use crate::policy::evidence::{AskedName, Compared, Doubt, NameSource, Question, Vouched};
use crate::policy::missing_fact::MissingFact;
use crate::policy::number::Number;
use crate::policy::text::{described, list};
use crate::policy::{Answer, Glob, PolicyContext, PolicyProblem, Reason, Verdict};
use crate::x509::GeneralName;

/// Which alternative names there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum AlternativeNames {
    /// None: no rule can say whose names those of a person would be.
    NoneOfUser,
    /// Those of a node.
    OfNode(NodeNameRule),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::policy) struct NodeNameRule {
    pub(in crate::policy) within: Vec<NameSource>,
    /// The kinds of names for which the rule takes what any node says.
    pub(in crate::policy) any_node_may_claim: Vec<NameKind>,
    /// Which DNS names there may be, whosever they are; any where nothing is said.
    pub(in crate::policy) dns_names: Option<Vec<Glob>>,
    pub(in crate::policy) max: Option<usize>,
    pub(in crate::policy) max_dns: Option<usize>,
}

/// A kind of alternative name that a kubelet's serving certificate may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum NameKind {
    /// DNS names.
    DnsNames,
    /// IP addresses.
    Addresses,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::policy) struct Document {
    /// Who must say that a name is the node's: every source for each name that it speaks of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    within: Vec<SourceDocument>,
    /// The kinds of names that no source limits: any node that can ask gets a certificate for any of them that is
    /// not known to be another's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    any_node_may_claim: Vec<NameKind>,
    /// Patterns, one of which each requested DNS name must match. They do not say whose a name is.
    #[serde(skip_serializing_if = "Option::is_none")]
    dns_names: Option<Vec<String>>,
    /// How many there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<usize>,
    /// How many DNS names there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_dns: Option<usize>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum SourceDocument {
    Named(SourceName),
    Ranges { cidrs: Vec<String> },
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum SourceName {
    NodeStatus,
    Inventory,
    Served,
    Dns,
    NodeName,
}

impl SourceDocument {
    fn of(source: &NameSource) -> Self {
        match source {
            NameSource::Cidrs(ranges) => Self::Ranges { cidrs: ranges.iter().map(Cidr::to_string).collect() },
            NameSource::NodeStatus => Self::Named(SourceName::NodeStatus),
            NameSource::Inventory => Self::Named(SourceName::Inventory),
            NameSource::Served => Self::Named(SourceName::Served),
            NameSource::Dns => Self::Named(SourceName::Dns),
            NameSource::NodeName => Self::Named(SourceName::NodeName),
        }
    }
}

/// What was seen of the names. A number is that of a name in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum NamesSeen {
    OfUser,
    TooMany,
    TooManyDns(Number),
    Unwanted(Number),
    Any,
    NoNode,
    Doubtful(Number, Doubt),
    AllTheNodes,
}

impl Check for AlternativeNames {
    const NAME: &'static str = "alternative names";
    const FIELD: &'static str = "subjectAltNames";
    const MEANING: &'static str = "Which names and addresses; for kubelet-serving.";
    const PLACE: Place = Place::Whom;
    type Document = Document;
    type Seen = NamesSeen;

    fn read(document: Document, reader: &mut RuleReader<'_>) -> Option<Self> {
        let Document { within, any_node_may_claim, dns_names, max, max_dns } = document;
        let dns_names =
            dns_names.map(|names| reader.dns_patterns("subjectAltNames.dnsNames", "DNS name", &names));
        if max == Some(0) {
            reader.problem(
                "subjectAltNames.max",
                "a serving certificate has a name, so 0 never matches; use 1 or more",
            );
        }
        let within =
            within.into_iter().enumerate().map(|(i, source)| read_source(i, source, reader)).collect();
        Some(Self::OfNode(NodeNameRule { within, any_node_may_claim, dns_names, max, max_dns }))
    }

    fn document(&self) -> Option<Document> {
        let Self::OfNode(NodeNameRule { within, any_node_may_claim, dns_names, max, max_dns }) = self else {
            return None;
        };
        Some(Document {
            within: within.iter().map(SourceDocument::of).collect(),
            any_node_may_claim: any_node_may_claim.clone(),
            dns_names: dns_names.as_ref().map(|names| names.iter().map(Glob::to_string).collect()),
            max: *max,
            max_dns: *max_dns,
        })
    }

    fn implied(rule: Around<'_>) -> Option<Self> {
        let is_of_user = rule.signer() == Signer::KubeApiserverClient;
        (is_of_user && rule.verdict() == Verdict::Approve).then_some(Self::NoneOfUser)
    }

    fn misfits(&self, rule: Around<'_>) -> Vec<Objection> {
        let Self::OfNode(names) = self else { return Vec::new() };
        let mut misfits = Vec::new();
        if rule.signer() != Signer::KubeletServing {
            misfits.push(meaningless("subjectAltNames", rule));
        }
        if names.within.contains(&NameSource::Inventory) && rule.condition::<ListedNode>().is_none() {
            let problem = "names the inventory, and node.inventory does not say which";
            misfits.push(("subjectAltNames.within", problem.to_owned()));
        }
        misfits
    }

    fn objections(&self, rule: Around<'_>) -> Vec<Objection> {
        match self {
            Self::OfNode(names) if rule.signer() == Signer::KubeletServing => names.unlimited(),
            _ => Vec::new(),
        }
    }

    fn warnings(&self, _: Around<'_>) -> Vec<Warning> {
        let Self::OfNode(NodeNameRule { within, any_node_may_claim, dns_names, max_dns, .. }) = self else {
            return Vec::new();
        };
        let mut warnings: Vec<Warning> = any_node_may_claim
            .iter()
            .map(|kind| match kind {
                NameKind::DnsNames => PolicyProblem::AnyDnsName,
                NameKind::Addresses => PolicyProblem::AnyAddress,
            })
            .map(|problem| ("subjectAltNames.anyNodeMayClaim", problem))
            .collect();
        if dns_names.is_some() && *max_dns == Some(0) {
            warnings.push(("subjectAltNames.dnsNames", PolicyProblem::DnsNamesUnused));
        }
        if within.contains(&NameSource::Dns) && *max_dns == Some(0) {
            warnings.push(("subjectAltNames.maxDns", PolicyProblem::DnsUnused));
        }
        warnings
    }

    fn user_patterns(&self) -> Option<(&'static str, &[Glob])> {
        None
    }

    fn is_limit(&self) -> bool {
        true
    }

    fn judge(&self, rule: Around<'_>, case: &Case<'_>) -> Option<Met<NamesSeen>> {
        match self {
            Self::NoneOfUser if case.names.is_empty() => None,
            Self::NoneOfUser => Some(Met::new(NamesSeen::OfUser, Answer::No)),
            Self::OfNode(names) => Some(names.judge(rule, case)),
        }
    }

    fn tell(
        &self,
        seen: &NamesSeen,
        object: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let rule = match self {
            Self::OfNode(rule) => rule,
            Self::NoneOfUser => {
                return f.write_str("a user's certificate with alternative names needs a person");
            }
        };
        let names = || object.request().ok().into_iter().flat_map(|request| request.alternative_names());
        let name = |number: Number| names().nth(number.index()).map(described).unwrap_or_default();
        let count = || names().count();
        match *seen {
            NamesSeen::OfUser => Ok(()),
            NamesSeen::TooMany => write!(f, "{} of them, too many", count()),
            NamesSeen::TooManyDns(dns) => write!(f, "{} DNS names, too many", dns.index()),
            NamesSeen::Unwanted(number) => {
                let wanted = list(rule.dns_names.iter().flatten().map(Glob::as_str));
                write!(f, "{}; wanted DNS names like {wanted}", name(number))
            }
            NamesSeen::Any => write!(f, "{} of them", count()),
            NamesSeen::NoNode => f.write_str(NO_NODE),
            NamesSeen::Doubtful(number, doubt) => {
                write!(f, "{}: ", name(number))?;
                doubt.tell(&rule.within, f)
            }
            NamesSeen::AllTheNodes => write!(f, "{} of them, all the node's", count()),
        }
    }

    fn sentence(&self) -> Vec<String> {
        let Self::OfNode(NodeNameRule { within, any_node_may_claim, dns_names, max, max_dns }) = self else {
            return Vec::new();
        };
        let sources: Vec<String> = within.iter().map(in_words).collect();
        let sources = (!sources.is_empty())
            .then(|| format!("with names that are the node's by {}", sources.join(" and ")));
        let claimed = any_node_may_claim.iter().map(|kind| match kind {
            NameKind::DnsNames => "DNS names",
            NameKind::Addresses => "addresses",
        });
        let parts = [
            sources,
            joined("with DNS names like", dns_names.iter().flatten().map(Glob::as_str)),
            joined("believing any node's word on", claimed),
            max.map(|max| format!("at most {max} names")),
            max_dns.map(|max| format!("at most {max} DNS names")),
        ];
        parts.into_iter().flatten().collect()
    }

    fn missing_fact(&self, seen: &NamesSeen) -> Option<MissingFact> {
        let source = match (self, seen) {
            (Self::OfNode(rule), NamesSeen::Doubtful(_, Doubt::Unknown { source, is_absent })) => {
                rule.within.get(source.index()).map(|source| (source, *is_absent))
            }
            _ => None,
        };
        match source {
            Some((NameSource::Inventory, _)) => Some(MissingFact::Inventory),
            Some((NameSource::NodeStatus, false)) => Some(MissingFact::Nodes),
            Some((NameSource::NodeStatus, true)) => Some(MissingFact::NodeAddresses),
            Some((NameSource::Dns, _)) => Some(MissingFact::Dns),
            Some((NameSource::Served, _)) => Some(MissingFact::Served),
            Some((NameSource::NodeName | NameSource::Cidrs(_), _)) | None => None,
        }
    }
}

fn read_source(number: usize, source: SourceDocument, reader: &mut RuleReader<'_>) -> NameSource {
    let cidrs = match source {
        SourceDocument::Ranges { cidrs } => cidrs,
        SourceDocument::Named(name) => {
            return match name {
                SourceName::NodeStatus => NameSource::NodeStatus,
                SourceName::Inventory => NameSource::Inventory,
                SourceName::Served => NameSource::Served,
                SourceName::Dns => NameSource::Dns,
                SourceName::NodeName => NameSource::NodeName,
            };
        }
    };
    let path = format!("subjectAltNames.within[{number}].cidrs");
    if cidrs.is_empty() {
        reader.problem(&path, "is empty");
    }
    let mut ranges = Vec::new();
    for (i, cidr) in cidrs.iter().enumerate() {
        match cidr.parse::<Cidr>() {
            Ok(range) => ranges.push(range),
            Err(error) => reader.problem(&format!("{path}[{i}]"), error.to_string()),
        }
    }
    NameSource::Cidrs(ranges)
}

impl NodeNameRule {
    fn judge(&self, rule: Around<'_>, case: &Case<'_>) -> Met<NamesSeen> {
        let names = &case.names;
        let is_dns = |name: &&AskedName<'_>| matches!(name.compared(), Compared::Dns(_));
        if self.max.is_some_and(|max| names.len() > max) {
            return Met::new(NamesSeen::TooMany, Answer::No);
        }
        if let Some(max) = self.max_dns {
            let dns = names.iter().filter(is_dns).count();
            if dns > max {
                return Met::new(NamesSeen::TooManyDns(Number::of(dns)), Answer::No);
            }
        }
        if let Some(number) = names.iter().position(|name| self.is_unwanted(name)) {
            return Met::new(NamesSeen::Unwanted(Number::of(number)), Answer::No);
        }
        if self.within.is_empty() {
            return Met::new(NamesSeen::Any, Answer::Yes);
        }
        self.vouched_for(rule, case)
    }

    fn is_unwanted(&self, name: &AskedName<'_>) -> bool {
        match name.compared() {
            Compared::Dns(name) => {
                let wanted = self.dns_names.as_ref();
                wanted.is_some_and(|wanted| !wanted.iter().any(|pattern| pattern.matches(name)))
            }
            Compared::Ip(_) | Compared::Other => false,
        }
    }

    /// Whether every source says that every name is the node's.
    fn vouched_for(&self, rule: Around<'_>, case: &Case<'_>) -> Met<NamesSeen> {
        let Some(node) = &case.node else { return Met::new(NamesSeen::NoNode, Answer::No) };
        let question = Question {
            node,
            names: &case.names,
            inventory: rule.inventory().and_then(|name| case.context.inventories.get(name)),
            sources: &self.within,
            context: case.context,
        };
        let mut unknown: Option<Met<NamesSeen>> = None;
        for (number, name) in case.names.iter().enumerate() {
            let number = Number::of(number);
            let (doubt, reason) = match question.vouched(name.compared()) {
                Vouched::No(doubt) => return Met::new(NamesSeen::Doubtful(number, doubt), Answer::No),
                Vouched::Unknown(doubt) => (doubt, None),
                Vouched::OfOther(doubt) => (doubt, Some(Reason::AltNameOfOther)),
                Vouched::Weakly => match missing_of_cluster(rule, name.name, case.context) {
                    Some(doubt) => (doubt, Some(Reason::ApiServerUnknown)),
                    None => continue,
                },
                Vouched::Strongly => continue,
            };
            // What could be looked up goes before what has to be said.
            if unknown.as_ref().is_none_or(|known| known.reason.is_some() && reason.is_none()) {
                let seen = NamesSeen::Doubtful(number, doubt);
                unknown = Some(Met { reason, ..Met::new(seen, Answer::Unknown) });
            }
        }
        unknown.unwrap_or_else(|| Met::new(NamesSeen::AllTheNodes, Answer::Yes))
    }

    /// What is wrong with what limits each kind of name.
    fn unlimited(&self) -> Vec<Objection> {
        let mut problems = Vec::new();
        for (kind, word, what) in
            [(NameKind::DnsNames, "dnsNames", "a DNS name"), (NameKind::Addresses, "addresses", "an address")]
        {
            let is_accepted = self.any_node_may_claim.contains(&kind);
            let rests_on = match kind {
                NameKind::DnsNames if self.max_dns == Some(0) => None,
                kind => rests_on(&self.within, kind),
            };
            match rests_on {
                Some(weak) if !is_accepted => problems.push((
                    "subjectAltNames.within",
                    format!(
                        "{what} rests on {weak}: any node that can ask gets any; add {}, or accept it with \
                         anyNodeMayClaim: [{word}]",
                        match kind {
                            NameKind::DnsNames => "inventory, served or nodeName",
                            NameKind::Addresses => "inventory, served or cidrs with the nodes' own ranges",
                        }
                    ),
                )),
                None if is_accepted => problems.push((
                    "subjectAltNames.anyNodeMayClaim",
                    format!("gives up {word}, which the sources limit: take it out"),
                )),
                _ => {}
            }
        }
        problems
    }
}

/// What the floor would have to know to tell the API server's names from a node's.
fn missing_of_cluster(rule: Around<'_>, name: &GeneralName, context: &PolicyContext<'_>) -> Option<Doubt> {
    if rule.verdict() != Verdict::Approve {
        return None;
    }
    let is_address = matches!(name, GeneralName::Ip(_));
    if context.api_servers().next().is_none() {
        Some(Doubt::ApiServer)
    // The API server has an address in the services' range as well, and a name alone does not say which
    // address is behind it.
    } else if is_address && context.api_servers().all(|names| names.ips().is_empty()) {
        Some(Doubt::ApiServerAddress)
    } else if is_address && context.service_ranges().next().is_none() {
        Some(Doubt::ServiceRanges)
    } else {
        None
    }
}

/// The weak word that a kind of name rests on; none where something limits it, or nothing speaks of it.
fn rests_on(within: &[NameSource], kind: NameKind) -> Option<&'static str> {
    let limits = |source: &NameSource| match source {
        NameSource::Inventory | NameSource::Served => true,
        NameSource::NodeName => kind == NameKind::DnsNames,
        NameSource::Cidrs(ranges) => {
            let is_limit = is_limit(ranges, false) && is_limit(ranges, true);
            // A DNS name then resolves into them.
            is_limit && (kind == NameKind::Addresses || within.contains(&NameSource::Dns))
        }
        NameSource::NodeStatus | NameSource::Dns => false,
    };
    if within.iter().any(limits) {
        return None;
    }
    match (within.contains(&NameSource::NodeStatus), within.contains(&NameSource::Dns), kind) {
        (true, false, _) => Some("the node's own status alone"),
        (false, true, _) => Some("dns alone, which a node may write for names of its own"),
        (true, true, _) => Some("the node's own status and dns, which a node may write both"),
        (false, false, NameKind::Addresses)
            if within.iter().any(|source| matches!(source, NameSource::Cidrs(_))) =>
        {
            Some("ranges that hold a sixty-fourth of all addresses or more")
        }
        (false, false, _) => None,
    }
}

/// Whether the ranges of one family leave most addresses out: together less than a sixty-fourth of all. Every
/// private range is smaller; all of IPv4, written as two halves or as /7s, is not.
fn is_limit(ranges: &[Cidr], ipv6: bool) -> bool {
    let of_family = ranges.iter().filter(|range| range.is_ipv6() == ipv6);
    let share: f64 = of_family.map(|range| f64::from(range.prefix())).map(|bits| (-bits).exp2()).sum();
    share < 1.0 / 64.0
}

fn in_words(source: &NameSource) -> String {
    match source {
        NameSource::NodeStatus => "its Node's status".to_owned(),
        NameSource::Inventory => "the inventory".to_owned(),
        NameSource::Served => "the certificate that it serves now".to_owned(),
        NameSource::Dns => "DNS".to_owned(),
        NameSource::NodeName => "its own name".to_owned(),
        NameSource::Cidrs(ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            format!("the ranges {}", ranges.join(", "))
        }
    }
}
