//! Rules that no policy may hold: they would approve privileged identities, or anybody.

use super::condition::{AlternativeNames, Condition, ConditionKind, Objection, Requestor, Subject};
use super::{Rule, Verdict};
use crate::csr::Signer;

/// What is wrong with a rule that approves, and in which field. The floor would refuse most of it later, but
/// a policy that reads as if it approved everything is refused while its author looks at it.
pub(super) fn validate(rule: &Rule) -> Vec<Objection> {
    if rule.verdict() != Verdict::Approve {
        return Vec::new();
    }
    let is_of_requestor = |condition: &&Condition| condition.kind() == ConditionKind::Requestor;
    let (requestor, others): (Vec<&Condition>, Vec<&Condition>) =
        rule.conditions.iter().partition(is_of_requestor);
    let objections = |conditions: Vec<&Condition>| {
        conditions.into_iter().flat_map(|condition| condition.objections(rule.around())).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    match rule.signer() {
        Signer::KubeApiserverClient => {
            all.extend(missing_subject(rule));
            all.extend(objections(others));
            all.extend(missing_requestor_of_user(rule));
        }
        Signer::KubeApiserverClientKubelet => {
            all.extend(missing_requestor_of_kubelet(rule));
            all.extend(objections(others));
        }
        Signer::KubeletServing => {
            all.extend(other_requestor_of_server(rule));
            all.extend(missing_sources(rule));
            all.extend(objections(others));
        }
    }
    all.extend(objections(requestor));
    all
}

fn missing_subject(rule: &Rule) -> Option<Objection> {
    let problem =
        "is missing: say which users and groups may be approved, else this would approve anybody's identity";
    rule.condition::<Subject>().is_none().then(|| ("subject", problem.to_owned()))
}

fn missing_requestor_of_user(rule: &Rule) -> Option<Objection> {
    // Of a rule without a subject, that is said.
    let is_open = rule.condition::<Subject>().is_some() && rule.condition::<Requestor>().is_none();
    is_open.then(|| ("requestor", "is missing: anybody could become these users".to_owned()))
}

fn missing_requestor_of_kubelet(rule: &Rule) -> Option<Objection> {
    let is_open = rule.condition::<Requestor>().is_none() && !rule.has_access();
    is_open.then(|| ("requestor", "is missing: anybody could become a node".to_owned()))
}

fn other_requestor_of_server(rule: &Rule) -> Option<Objection> {
    let problem = "must be self: a serving certificate is for the node that asks";
    (rule.condition() != Some(&Requestor::Myself)).then(|| ("requestor", problem.to_owned()))
}

fn missing_sources(rule: &Rule) -> Option<Objection> {
    let has_sources = match rule.condition() {
        Some(AlternativeNames::OfNode(names)) => !names.within.is_empty(),
        Some(AlternativeNames::NoneOfUser) | None => false,
    };
    let problem = "is missing: a node could get a certificate for any name and address";
    (!has_sources).then(|| ("subjectAltNames.within", problem.to_owned()))
}
