//! What a SubjectAccessReview says of the sender.

use std::fmt;

use super::reader::RuleReader;
use super::{Around, Check, Met, Objection, Place, Warning, meaningless};
use crate::csr::CertificateSigningRequest;
use crate::csr::Signer;
pub(in crate::policy) use crate::policy::access::Access;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::{AccessReviews, Answer, Glob};

impl Check for Access {
    const NAME: &'static str = "access";
    const FIELD: &'static str = "access";
    const MEANING: &'static str = "The subresource of certificatesigningrequests that the requestor may create, as a \
         SubjectAccessReview says.";
    const PLACE: Place = Place::How;
    type Document = Self;
    /// What the review said.
    type Seen = Option<bool>;

    fn read(document: Self, _: &mut RuleReader<'_>) -> Option<Self> {
        Some(document)
    }

    fn document(&self) -> Option<Self> {
        Some(*self)
    }

    fn implied(_: Around<'_>) -> Option<Self> {
        None
    }

    fn misfits(&self, rule: Around<'_>) -> Vec<Objection> {
        match rule.signer() {
            Signer::KubeApiserverClientKubelet => Vec::new(),
            Signer::KubeApiserverClient | Signer::KubeletServing => vec![meaningless("access", rule)],
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

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<Option<bool>>> {
        let AccessReviews { self_node_client, node_client } = case.context.access_of(case.object.requestor());
        let allowed = match self {
            Self::SelfNodeClient => self_node_client,
            Self::NodeClient => node_client,
        };
        Some(Met::new(allowed, allowed.map_or(Answer::Unknown, Answer::of)))
    }

    fn tell(
        &self,
        allowed: &Option<bool>,
        _: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let said = match allowed {
            Some(true) => "may create",
            Some(false) => "may not create",
            None => "no SubjectAccessReview of",
        };
        write!(f, "{said} {}", self.as_str())
    }

    fn sentence(&self) -> Vec<String> {
        vec![format!("whose sender may create {} (SubjectAccessReview)", self.as_str())]
    }

    fn missing_fact(&self, _: &Option<bool>) -> Option<MissingFact> {
        Some(MissingFact::Access(*self))
    }
}
