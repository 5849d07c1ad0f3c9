//! A request that was approved: the proof that a signature needs, and all that will be signed.

use super::decision::Trace;
use crate::csr::Signer;
use crate::pki::requested::RequestedContent;
use crate::time::Lifetime;
use crate::x509::{GeneralName, PublicKey};

/// A request that a policy or a person approved; only [`super::Policy::evaluate`] and
/// [`super::Decision::approve_as`] make one, and only after the floor.
///
/// It holds what the certificate will say, and nothing else of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedRequest {
    pub(crate) signer: Signer,
    /// What the certificate will say.
    pub(crate) content: RequestedContent,
    pub(crate) requested_lifetime: Option<Lifetime>,
    /// The longest life that the rule allows.
    pub(crate) max_lifetime: Option<Lifetime>,
    pub(super) approval: Approval,
    pub(super) trace: Trace,
}

/// Who approved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Approval {
    /// A rule of the policy.
    Rule {
        /// Its name.
        name: String,
        /// The message that it has for the condition.
        message: Option<String>,
    },
    /// A person.
    Person {
        /// The name given.
        name: String,
    },
}

impl ApprovedRequest {
    /// The signer whose certificate it will be.
    #[must_use]
    pub fn signer(&self) -> Signer {
        self.signer
    }

    /// The common name: the user that its holder will be.
    #[must_use]
    pub fn common_name(&self) -> &str {
        &self.content.common_name
    }

    /// The organizations: the groups that its holder will be in.
    #[must_use]
    pub fn organizations(&self) -> &[String] {
        &self.content.organizations
    }

    /// The alternative names, in the request's order.
    #[must_use]
    pub fn alternative_names(&self) -> &[GeneralName] {
        &self.content.alternative_names
    }

    /// The key that will be certified.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.content.public_key
    }

    /// Everything that was looked at.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Who approved.
    #[must_use]
    pub fn approval(&self) -> &Approval {
        &self.approval
    }

    pub(super) fn message(&self) -> String {
        match &self.approval {
            Approval::Rule { message: Some(message), .. } => message.clone(),
            Approval::Rule { name, .. } => format!("Approved by the rule {name} of the policy."),
            Approval::Person { name } => format!("Approved by {name}."),
        }
    }

    pub(super) fn approved_by_person(self, person: &str, trace: Trace) -> Self {
        Self { approval: Approval::Person { name: person.to_owned() }, trace, ..self }
    }
}
