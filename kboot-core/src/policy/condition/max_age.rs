//! The age of the request.

use std::fmt;

use super::reader::RuleReader;
use super::{Around, Check, Met, Objection, Place};
use crate::csr::CertificateSigningRequest;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::{Answer, Glob};
use crate::time::Lifetime;

/// How old the request may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) struct MaxAge(Lifetime);

impl Check for MaxAge {
    const NAME: &'static str = "age";
    const FIELD: &'static str = "maxAge";
    const PLACE: Place = Place::How;
    type Document = String;
    /// The age in seconds, where it is known.
    type Seen = Option<i64>;

    fn read(document: String, reader: &mut RuleReader<'_>) -> Option<Self> {
        reader.lifetime("maxAge", &document).map(Self)
    }

    fn implied(_: Around<'_>) -> Option<Self> {
        None
    }

    fn misfits(&self, _: Around<'_>) -> Vec<Objection> {
        Vec::new()
    }

    fn objections(&self, _: Around<'_>) -> Vec<Objection> {
        Vec::new()
    }

    fn warnings(&self, _: Around<'_>) -> Vec<Objection> {
        Vec::new()
    }

    fn user_patterns(&self) -> Option<(&'static str, &[Glob])> {
        None
    }

    fn is_limit(&self) -> bool {
        true
    }

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<Option<i64>>> {
        let created = case.object.created();
        let age = created.map(|created| case.context.now.unix().saturating_sub(created.unix()));
        // A clock may be a little behind; what was made tomorrow is no young request.
        let is_young = age.map(|age| (-300..=self.0.seconds()).contains(&age));
        Some(Met::new(age, is_young.map_or(Answer::Unknown, Answer::of)))
    }

    fn tell(
        &self,
        age: &Option<i64>,
        _: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        match age {
            Some(age) => write!(f, "{age} seconds; at most {}", self.0),
            None => f.write_str("creation time unknown"),
        }
    }

    fn sentence(&self) -> Vec<String> {
        vec![format!("asked for {} ago at most", self.0)]
    }

    fn missing_fact(&self, _: &Option<i64>) -> Option<MissingFact> {
        Some(MissingFact::CreationTime)
    }
}
