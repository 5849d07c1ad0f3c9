//! The lifetime asked for.

use std::fmt;

use super::reader::RuleReader;
use super::{Around, Check, Met, Objection, Place, Warning};
use crate::csr::CertificateSigningRequest;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::{Answer, Glob};
use crate::time::Lifetime;

/// The longest lifetime that may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) struct MaxExpiration(pub(in crate::policy) Lifetime);

impl Check for MaxExpiration {
    const NAME: &'static str = "expiration";
    const FIELD: &'static str = "maxExpiration";
    const MEANING: &'static str = "The longest lifetime that may be asked for, for example 8760h.";
    const PLACE: Place = Place::How;
    type Document = String;
    /// The signer's own lifetime, which counts where the request states none.
    type Seen = Lifetime;

    fn read(document: String, reader: &mut RuleReader<'_>) -> Option<Self> {
        reader.lifetime("maxExpiration", &document).map(Self)
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

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<Lifetime>> {
        let of_signer = case.context.signer_lifetime;
        let seconds = case.object.expiration_seconds().unwrap_or_else(|| of_signer.seconds());
        Some(Met::new(of_signer, Answer::of(seconds <= self.0.seconds())))
    }

    fn tell(
        &self,
        of_signer: &Lifetime,
        object: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        match object.expiration_seconds() {
            Some(seconds) => write!(f, "{seconds} seconds")?,
            None => write!(f, "not stated, so the signer's {of_signer}")?,
        }
        write!(f, "; at most {}", self.0)
    }

    fn sentence(&self) -> Vec<String> {
        vec![format!("living {} at most", self.0)]
    }

    fn missing_fact(&self, _: &Lifetime) -> Option<MissingFact> {
        None
    }
}
