//! That it is the sender's first, for a node that has not joined.

use std::fmt;

use super::reader::RuleReader;
use super::{Around, Check, Met, NO_NODE, Objection, Place, Warning, meaningless};
use crate::csr::CertificateSigningRequest;
use crate::csr::Signer;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::{Answer, Glob};

/// The token was not used, and the node is not there: either alone can be forgotten, since
/// kube-controller-manager deletes decided requests after an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) struct Once;

/// What is known of the sender and the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Use {
    NoNode,
    Used,
    Joined,
    Unused,
    RequestsUnknown,
    NodesUnknown,
}

impl Check for Once {
    const NAME: &'static str = "once";
    const FIELD: &'static str = "once";
    const MEANING: &'static str =
        "The requestor had no request approved before and the node has not joined yet.";
    const PLACE: Place = Place::How;
    type Document = bool;
    type Seen = Use;

    fn read(document: bool, _: &mut RuleReader<'_>) -> Option<Self> {
        document.then_some(Self)
    }

    fn document(&self) -> Option<bool> {
        Some(true)
    }

    fn implied(_: Around<'_>) -> Option<Self> {
        None
    }

    fn misfits(&self, rule: Around<'_>) -> Vec<Objection> {
        match rule.signer() {
            Signer::KubeApiserverClientKubelet => Vec::new(),
            Signer::KubeApiserverClient | Signer::KubeletServing => vec![meaningless("once", rule)],
        }
    }

    fn objections(&self, _: Around<'_>) -> Vec<Objection> {
        Vec::new()
    }

    fn warnings(&self, _: Around<'_>) -> Vec<Warning> {
        Vec::new()
    }

    fn user_patterns(&self) -> Option<(&'static str, &[Glob])> {
        None
    }

    fn is_limit(&self) -> bool {
        true
    }

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<Use>> {
        let Some(node) = &case.node else { return Some(Met::new(Use::NoNode, Answer::No)) };
        let history = case.context.history.as_ref();
        let used = history.map(|history| history.has_approved_client_of(&case.object.requestor().username));
        let joined = case.context.nodes.as_ref().map(|nodes| nodes.contains(node));
        let (seen, answer) = match (used, joined) {
            (Some(true), _) => (Use::Used, Answer::No),
            (_, Some(true)) => (Use::Joined, Answer::No),
            (Some(false), Some(false)) => (Use::Unused, Answer::Yes),
            (None, _) => (Use::RequestsUnknown, Answer::Unknown),
            (_, None) => (Use::NodesUnknown, Answer::Unknown),
        };
        Some(Met::new(seen, answer))
    }

    fn tell(&self, seen: &Use, _: &CertificateSigningRequest, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match seen {
            Use::NoNode => NO_NODE,
            Use::Used => "an earlier request of this requestor was approved",
            Use::Joined => "the node has joined already",
            Use::Unused => "not used before",
            Use::RequestsUnknown => "the earlier requests are not known",
            Use::NodesUnknown => "it is not known which nodes have joined",
        })
    }

    fn sentence(&self) -> Vec<String> {
        vec!["the first of its sender, for a node that has not joined yet".to_owned()]
    }

    fn missing_fact(&self, _: &Use) -> Option<MissingFact> {
        Some(MissingFact::RequestsAndNodes)
    }
}
