//! How many requests the sender has open.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reader::RuleReader;
use super::{Around, Check, Met, Objection, Place, Warning, meaningless};
use crate::csr::CertificateSigningRequest;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::{Answer, Glob};

/// How many requests the sender may have open, this one among them: for this node, and in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::policy) struct MaxPending {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::policy) per_node: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::policy) per_requestor: Option<u32>,
}

/// How many others are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) struct Open {
    of_node: u32,
    of_requestor: u32,
}

impl Check for MaxPending {
    const NAME: &'static str = "open requests";
    const FIELD: &'static str = "maxPending";
    const MEANING: &'static str =
        "How many requests the requestor may have open, this one among them: for this node, and in all.";
    const PLACE: Place = Place::How;
    type Document = Self;
    /// Nothing where the other requests are not known.
    type Seen = Option<Open>;

    fn read(document: Self, _: &mut RuleReader<'_>) -> Option<Self> {
        (document.per_node.is_some() || document.per_requestor.is_some()).then_some(document)
    }

    fn document(&self) -> Option<Self> {
        Some(*self)
    }

    fn implied(_: Around<'_>) -> Option<Self> {
        None
    }

    fn misfits(&self, rule: Around<'_>) -> Vec<Objection> {
        let mut misfits = Vec::new();
        if !rule.signer().is_of_nodes() && self.per_node.is_some() {
            misfits.push(meaningless("maxPending.perNode", rule));
        }
        if self.per_node == Some(0) || self.per_requestor == Some(0) {
            let problem = "the request itself is open, so 0 never matches; use 1 or more";
            misfits.push(("maxPending", problem.to_owned()));
        }
        misfits
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

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<Option<Open>>> {
        let Some(history) = &case.context.history else { return Some(Met::new(None, Answer::Unknown)) };
        let sender = case.object.requestor().username.as_str();
        let of_node = case.node.as_ref().map_or(0, |node| history.open_of_node(node.as_str(), sender));
        let of_requestor = history.open_of_requestor(sender);
        // This one is open too.
        let exceeds = |count: u32, max: Option<u32>| max.is_some_and(|max| count >= max);
        let holds = !exceeds(of_node, self.per_node) && !exceeds(of_requestor, self.per_requestor);
        Some(Met::new(Some(Open { of_node, of_requestor }), Answer::of(holds)))
    }

    fn tell(
        &self,
        open: &Option<Open>,
        _: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        match open {
            Some(Open { of_node, of_requestor }) => {
                write!(f, "the requestor has {of_requestor} others, {of_node} of them for the node")
            }
            None => f.write_str("the other requests are not known"),
        }
    }

    fn sentence(&self) -> Vec<String> {
        let limits = [(self.per_node, "node"), (self.per_requestor, "sender")];
        let limits = limits.into_iter().filter_map(|(max, whose)| Some((max?, whose)));
        limits.map(|(max, whose)| format!("of which the {whose} has {max} open at most")).collect()
    }

    fn missing_fact(&self, _: &Option<Open>) -> Option<MissingFact> {
        Some(MissingFact::OtherRequests)
    }
}
