//! The age of the request.

use std::fmt;

use super::reader::RuleReader;
use super::{Around, Check, Met, Objection, Place, Warning};
use crate::csr::CertificateSigningRequest;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::{Answer, Glob};
use crate::time::{Lifetime, Timestamp};

/// How old the request may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) struct MaxAge(pub(in crate::policy) Lifetime);

impl Check for MaxAge {
    const NAME: &'static str = "age";
    const FIELD: &'static str = "maxAge";
    const MEANING: &'static str = "How old the request may be, for example 1h.";
    const PLACE: Place = Place::How;
    type Document = String;
    /// The time at which the age was asked.
    type Seen = Timestamp;

    fn read(document: String, reader: &mut RuleReader<'_>) -> Option<Self> {
        reader.lifetime("maxAge", &document).map(Self)
    }

    fn document(&self) -> Option<String> {
        Some(self.0.to_string())
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

    fn warnings(&self, _: Around<'_>) -> Vec<Warning> {
        Vec::new()
    }

    fn user_patterns(&self) -> Option<(&'static str, &[Glob])> {
        None
    }

    fn is_limit(&self) -> bool {
        true
    }

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<Timestamp>> {
        let now = case.context.now;
        // A clock may be a little behind; what was made tomorrow is no young request.
        let is_young = age(case.object, now).map(|age| (-300..=self.0.seconds()).contains(&age));
        Some(Met::new(now, is_young.map_or(Answer::Unknown, Answer::of)))
    }

    fn tell(
        &self,
        now: &Timestamp,
        object: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        match age(object, *now) {
            Some(age) => write!(f, "{age} seconds; at most {}", self.0),
            None => f.write_str("creation time unknown"),
        }
    }

    fn sentence(&self) -> Vec<String> {
        vec![format!("asked for {} ago at most", self.0)]
    }

    fn missing_fact(&self, _: &Timestamp) -> Option<MissingFact> {
        Some(MissingFact::CreationTime)
    }
}

/// How old a request is, in seconds; nothing where it does not say when it was made.
fn age(object: &CertificateSigningRequest, now: Timestamp) -> Option<i64> {
    object.created().map(|created| now.unix().saturating_sub(created.unix()))
}
