//! A request that was approved: the proof that a signature needs, and all that will be signed.

use super::trace::Trace;
use super::{Reason, Rule};
use crate::csr::Signer;
use crate::csr::usage::{DIGITAL_SIGNATURE, KEY_ENCIPHERMENT};
use crate::time::Lifetime;
use crate::x509::{CertificateRequest, GeneralName, KeyUsage, PublicKey};

/// A request that a policy or a person approved; only [`super::Policy::evaluate`] and
/// [`super::Decision::approve_as`] make one, and only after the floor.
///
/// What the certificate will say is read from the very object that was judged, which nobody can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedRequest {
    /// The signer for which the floor has judged it.
    pub(super) signer: Signer,
    pub(super) trace: Trace,
    /// The number of the rule that matches, in the trace's policy.
    pub(super) rule: Option<usize>,
}

/// Who approved a request: a rule or a person.
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

    fn request(&self) -> Option<&CertificateRequest> {
        self.trace.request()
    }

    /// The common name: the user that its holder will be.
    #[must_use]
    pub fn common_name(&self) -> &str {
        self.request().and_then(|request| request.common_names().next()).unwrap_or_default()
    }

    /// The organizations: the groups that its holder will be in.
    pub fn organizations(&self) -> impl Iterator<Item = &str> {
        self.request().into_iter().flat_map(CertificateRequest::organizations)
    }

    /// The alternative names, in the request's order.
    pub fn alternative_names(&self) -> impl Iterator<Item = &GeneralName> {
        self.request().into_iter().flat_map(CertificateRequest::alternative_names)
    }

    /// The key that will be certified; what cannot be read is never approved, so there always is one.
    #[must_use]
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.request().map(CertificateRequest::public_key)
    }

    /// The trace: everything that was looked at.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Who approved the request.
    #[must_use]
    pub fn approval(&self) -> Approval {
        match &self.trace.person {
            Some(person) => Approval::Person { name: person.clone() },
            None => Approval::Rule {
                name: self.rule().map(Rule::name).unwrap_or_default().to_owned(),
                message: self.rule().and_then(|rule| rule.message.clone()),
            },
        }
    }

    pub(super) fn reason(&self) -> Reason {
        if self.trace.person.is_some() { Reason::PersonApproves } else { Reason::RuleApproves }
    }

    pub(super) fn message(&self) -> String {
        match self.approval() {
            Approval::Rule { message: Some(message), .. } => message,
            Approval::Rule { name, .. } => format!("Approved by the rule {name} of the policy."),
            Approval::Person { name } => format!("Approved by {name}."),
        }
    }

    fn rule(&self) -> Option<&Rule> {
        self.trace.rules.get(self.rule?)
    }

    /// What the key may do: sign handshakes, decrypt session keys (RSA key exchange).
    pub(super) fn key_usage(&self) -> KeyUsage {
        let asked = |word: &str| self.trace.object.usages().iter().any(|usage| usage == word);
        [(DIGITAL_SIGNATURE, KeyUsage::DIGITAL_SIGNATURE), (KEY_ENCIPHERMENT, KeyUsage::KEY_ENCIPHERMENT)]
            .into_iter()
            .fold(KeyUsage::NONE, |all, (word, usage)| if asked(word) { all | usage } else { all })
    }

    pub(super) fn requested_lifetime(&self) -> Option<Lifetime> {
        self.trace.object.expiration_seconds().and_then(|seconds| Lifetime::from_seconds(seconds).ok())
    }

    /// The longest life that the rule allows.
    pub(super) fn max_lifetime(&self) -> Option<Lifetime> {
        self.rule()?.max_expiration()
    }
}
