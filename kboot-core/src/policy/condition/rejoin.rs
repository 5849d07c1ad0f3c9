//! That the node has not joined yet.

use std::fmt;

use super::reader::RuleReader;
use super::{Around, Check, Met, Objection, Place, Warning, meaningless};
use super::{Once, Requestor};
use crate::csr::CertificateSigningRequest;
use crate::csr::Signer;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::{Answer, Glob, PolicyProblem, Reason, Verdict};

/// Whether somebody else than a node may get the identity that the node has already. Whoever gets the identity of
/// a node that has joined has its secrets and pods: with a bootstrap token alone, nobody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Rejoin {
    /// It may.
    Allowed,
    /// It may not, as in every rule that does not say so.
    Refused,
}

impl Check for Rejoin {
    const NAME: &'static str = "joined";
    const FIELD: &'static str = "node.mayRejoin";
    const MEANING: &'static str = "Whether somebody else than the node itself may get the identity of a node that has joined \
         already. Default: false.";
    const PLACE: Place = Place::Although;
    type Document = bool;
    /// Whether the node has joined, where that is known.
    type Seen = Option<bool>;

    fn read(document: bool, _: &mut RuleReader<'_>) -> Option<Self> {
        document.then_some(Self::Allowed)
    }

    fn document(&self) -> Option<bool> {
        (*self == Self::Allowed).then_some(true)
    }

    fn implied(rule: Around<'_>) -> Option<Self> {
        let is_of_others = rule.signer() == Signer::KubeApiserverClientKubelet
            && rule.verdict() == Verdict::Approve
            && rule.condition() != Some(&Requestor::Myself);
        (is_of_others && rule.condition::<Once>().is_none()).then_some(Self::Refused)
    }

    fn misfits(&self, rule: Around<'_>) -> Vec<Objection> {
        match (self, rule.signer()) {
            (Self::Refused, _) | (_, Signer::KubeApiserverClientKubelet) => Vec::new(),
            (Self::Allowed, _) => vec![meaningless("node.mayRejoin", rule)],
        }
    }

    fn objections(&self, _: Around<'_>) -> Vec<Objection> {
        Vec::new()
    }

    fn warnings(&self, rule: Around<'_>) -> Vec<Warning> {
        if *self == Self::Refused || rule.has_access() {
            return Vec::new();
        }
        vec![("node.mayRejoin", PolicyProblem::MayRejoin)]
    }

    fn user_patterns(&self) -> Option<(&'static str, &[Glob])> {
        None
    }

    fn is_limit(&self) -> bool {
        *self == Self::Refused
    }

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<Option<bool>>> {
        let node = case.node.as_ref()?;
        if *self == Self::Allowed || case.is_sent_by_node() {
            return None;
        }
        let joined = case.context.nodes.as_ref().map(|nodes| nodes.contains(node));
        Some(match joined {
            None => Met::new(joined, Answer::Unknown),
            Some(true) => Met { reason: Some(Reason::NodeJoined), ..Met::new(joined, Answer::Unknown) },
            Some(false) => Met::new(joined, Answer::Yes),
        })
    }

    fn tell(
        &self,
        joined: &Option<bool>,
        _: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        f.write_str(match joined {
            None => "it is not known which nodes have joined",
            Some(true) => "the node has joined already",
            Some(false) => "the node has not joined yet",
        })
    }

    fn sentence(&self) -> Vec<String> {
        match self {
            Self::Allowed => vec!["also where the node has joined already".to_owned()],
            Self::Refused => Vec::new(),
        }
    }

    fn missing_fact(&self, _: &Option<bool>) -> Option<MissingFact> {
        Some(MissingFact::JoinedNodes)
    }
}
