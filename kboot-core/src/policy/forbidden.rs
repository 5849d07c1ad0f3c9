//! Rules that no policy may hold: they would approve privileged identities, or anybody.

use super::decision::Verdict;
use super::floor::{PRIVILEGED, RESERVED_PREFIX, is_privileged};
use super::names::escaped;
use super::rule::{RequestorRule, Rule};
use super::{Glob, Source};
use crate::csr::Signer;

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
            if rule.alternative_names.as_ref().is_some_and(|names| names.within == [Source::Dns]) {
                refuse(
                    "subjectAltNames.within",
                    "is dns alone, which vouches for every name that resolves: add nodeName, inventory or cidrs",
                );
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
