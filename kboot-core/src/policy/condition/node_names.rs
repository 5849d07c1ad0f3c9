//! Which nodes, by their names.

use std::fmt;

use super::reader::RuleReader;
use super::{Around, Check, Met, NO_NODE, Objection, Place, Warning, joined, meaningless};
use crate::csr::CertificateSigningRequest;
use crate::identity::node_of;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::text::list;
use crate::policy::{Answer, Glob};

/// Patterns, one of which the node's name must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct NodeNames(pub(in crate::policy) Vec<Glob>);

impl Check for NodeNames {
    const NAME: &'static str = "node name";
    const FIELD: &'static str = "node.names";
    const MEANING: &'static str = "Patterns of node names.";
    const PLACE: Place = Place::Whom;
    type Document = Vec<String>;
    /// Whether it matches.
    type Seen = bool;

    fn read(document: Vec<String>, reader: &mut RuleReader<'_>) -> Option<Self> {
        let names = reader.dns_patterns("node.names", "node name", &document);
        (!names.is_empty()).then_some(Self(names))
    }

    fn document(&self) -> Option<Vec<String>> {
        Some(self.0.iter().map(Glob::to_string).collect())
    }

    fn implied(_: Around<'_>) -> Option<Self> {
        None
    }

    fn misfits(&self, rule: Around<'_>) -> Vec<Objection> {
        if rule.signer().is_of_nodes() { Vec::new() } else { vec![meaningless("node", rule)] }
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

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<bool>> {
        let name = case.node.as_ref().map(|node| node.as_str());
        let holds = name.is_some_and(|name| self.0.iter().any(|pattern| pattern.matches(name)));
        Some(Met::new(holds, Answer::of(holds)))
    }

    fn tell(
        &self,
        holds: &bool,
        object: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        match object.request().ok().and_then(node_of) {
            None => f.write_str(NO_NODE),
            Some(node) if *holds => write!(f, "{node}"),
            Some(node) => write!(f, "{node}; wanted {}", list(self.0.iter().map(Glob::as_str))),
        }
    }

    fn sentence(&self) -> Vec<String> {
        joined("for nodes like", self.0.iter().map(Glob::as_str)).into_iter().collect()
    }

    fn missing_fact(&self, _: &bool) -> Option<MissingFact> {
        None
    }
}
