//! Rules that no policy may hold: they would approve privileged identities, or anybody.

use super::decision::Verdict;
use super::floor::{PRIVILEGED, RESERVED_PREFIX, is_privileged};
use super::names::escaped;
use super::rule::{AlternativeNamesRule, NameKind, RequestorRule, Rule};
use super::{Glob, Source};
use crate::csr::Signer;
use crate::net::Cidr;

/// What is wrong with what limits each kind of name.
fn unlimited(names: &AlternativeNamesRule) -> Vec<(&'static str, String)> {
    let AlternativeNamesRule { within, any_node_may_claim, max_dns, .. } = names;
    let mut problems = Vec::new();
    for (kind, word, what) in
        [(NameKind::DnsNames, "dnsNames", "a DNS name"), (NameKind::Addresses, "addresses", "an address")]
    {
        let is_accepted = any_node_may_claim.contains(&kind);
        let rests_on = match kind {
            NameKind::DnsNames if *max_dns == Some(0) => None,
            kind => rests_on(within, kind),
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

/// The weak word that a kind of name rests on; none where something limits it, or nothing speaks of it.
fn rests_on(within: &[Source], kind: NameKind) -> Option<&'static str> {
    let limits = |source: &Source| match source {
        Source::Inventory | Source::Served => true,
        Source::NodeName => kind == NameKind::DnsNames,
        Source::Cidrs(ranges) => {
            let is_limit = is_limit(ranges, false) && is_limit(ranges, true);
            // A DNS name then resolves into them.
            is_limit && (kind == NameKind::Addresses || within.contains(&Source::Dns))
        }
        Source::NodeStatus | Source::Dns => false,
    };
    if within.iter().any(limits) {
        return None;
    }
    match (within.contains(&Source::NodeStatus), within.contains(&Source::Dns), kind) {
        (true, false, _) => Some("the node's own status alone"),
        (false, true, _) => Some("dns alone, which a node may write for names of its own"),
        (true, true, _) => Some("the node's own status and dns, which a node may write both"),
        (false, false, NameKind::Addresses)
            if within.iter().any(|source| matches!(source, Source::Cidrs(_))) =>
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

/// Groups that say no more than that somebody asked.
pub(super) const EVERYBODY: [&str; 2] = ["system:authenticated", "system:unauthenticated"];

/// A privileged user that the pattern matches, the best known first.
fn privileged_example(user: &Glob) -> Option<String> {
    const KNOWN: [&str; 3] = ["system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"];
    let known = KNOWN.iter().chain(&PRIVILEGED).find(|name| user.matches(name));
    known.map(|name| (*name).to_owned()).or_else(|| user.example_with_prefix(RESERVED_PREFIX))
}

/// What is wrong with a rule that approves, and in which field. The floor would refuse most of it later, but
/// a policy that reads as if it approved everything is refused while its author looks at it.
pub(super) fn objections(rule: &Rule) -> Vec<(&'static str, String)> {
    if rule.verdict != Verdict::Approve {
        return Vec::new();
    }
    let mut objections = Vec::new();
    let mut refuse = |field, problem: &str| objections.push((field, problem.to_owned()));
    match rule.signer {
        Signer::KubeApiserverClient => match &rule.subject {
            None => refuse(
                "subject",
                "is missing: say which users and groups may be approved, else this would approve anybody's identity",
            ),
            Some(subject) => {
                for user in &subject.users {
                    if let Some(example) = privileged_example(user) {
                        refuse(
                            "subject.users",
                            &format!(
                                "{:?} would approve privileged identities such as {}; use a prefix of your own",
                                user.as_str(),
                                escaped(&example)
                            ),
                        );
                    }
                }
                for group in subject.groups.iter().filter(|group| is_privileged(group)) {
                    refuse("subject.groups", &format!("{group:?} is a privileged group and never approved"));
                }
                for group in subject.groups.iter().filter(|group| group.contains(['*', '?'])) {
                    refuse("subject.groups", &format!("{group:?} is a pattern: groups are spelt out"));
                }
                if rule.requestor.is_none() {
                    refuse("requestor", "is missing: anybody could become these users");
                }
            }
        },
        Signer::KubeApiserverClientKubelet => {
            if rule.requestor.is_none() && rule.access.is_none() {
                refuse("requestor", "is missing: anybody could become a node");
            }
        }
        Signer::KubeletServing => {
            if rule.requestor != Some(RequestorRule::Myself) {
                refuse("requestor", "must be self: a serving certificate is for the node that asks");
            }
            if rule.alternative_names.as_ref().is_none_or(|names| names.within.is_empty()) {
                refuse(
                    "subjectAltNames.within",
                    "is missing: a node could get a certificate for any name and address",
                );
            }
            if let Some(names) = &rule.alternative_names {
                for (kind, problem) in unlimited(names) {
                    refuse(kind, &problem);
                }
            }
        }
    }
    if rule.access.is_none()
        && let Some(RequestorRule::Listed { users, groups, token_ids }) = &rule.requestor
    {
        let says_nothing = |user: &Glob| user.as_str().chars().all(|c| matches!(c, '*' | '?'));
        let by_user = !users.is_empty() && !users.iter().any(says_nothing);
        let by_group = !groups.is_empty() && !groups.iter().any(|group| EVERYBODY.contains(&group.as_str()));
        if !by_user && !by_group && token_ids.is_empty() {
            refuse("requestor", "is everybody: name the users or groups that may ask");
        }
    }
    objections
}
