//! What was decided, and why: each clause that was looked at.

use serde::Deserialize;

use super::names::escaped;
use super::{Approval, ApprovedRequest, Code};

/// The decision on a request, with its trace.
///
/// Denied is final in Kubernetes (no API call takes it back), so a Deny rests on something that the
/// request itself proves; what is only not known holds the request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no fourth, and each must be handled")]
pub enum Decision {
    /// It may be signed.
    Approve(Box<ApprovedRequest>),
    /// It may never be signed.
    Deny(Refusal),
    /// It stays pending, for another time, another approver or a person.
    Hold(Refusal),
}

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums, reason = "there is no fourth")]
pub enum Verdict {
    /// Sign it.
    Approve,
    /// Never sign it.
    Deny,
    /// Leave it pending.
    Hold,
}

/// Why a request was not approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) trace: Trace,
    /// What a person may still approve: there only where the floor lets it through.
    pub(super) candidate: Option<Box<ApprovedRequest>>,
}

/// Everything that was looked at, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    pub(super) clauses: Vec<Clause>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clause {
    /// The rule it belongs to; none for the floor.
    pub rule: Option<String>,
    /// What was looked at.
    pub name: &'static str,
    /// What was seen, for people; text of the request in it is cut and escaped.
    pub saw: String,
    /// Whether it is as it should be.
    pub answer: Answer,
    /// Why not, where the floor or the outcome says so.
    pub code: Option<Code>,
}

/// The answer of one clause or one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "three-valued logic has three values")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// It cannot be said.
    Unknown,
}

impl Decision {
    /// Which of the three.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Approve(_) => Verdict::Approve,
            Self::Deny(_) => Verdict::Deny,
            Self::Hold(_) => Verdict::Hold,
        }
    }

    /// The reason.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Approve(approved) => match approved.approval {
                Approval::Rule { .. } => Code::RuleApproves,
                Approval::Person { .. } => Code::PersonApproves,
            },
            Self::Deny(refusal) | Self::Hold(refusal) => refusal.code,
        }
    }

    /// The short message for the request's condition. Nothing of the request stands in it.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Approve(approved) => approved.message(),
            Self::Deny(refusal) | Self::Hold(refusal) => refusal.message.clone(),
        }
    }

    /// Everything that was looked at.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        match self {
            Self::Approve(approved) => &approved.trace,
            Self::Deny(refusal) | Self::Hold(refusal) => &refusal.trace,
        }
    }

    /// The same after a person has looked at it and approves: a Hold becomes an approval in that person's
    /// name, which is cut and escaped like all that is shown. What the floor refuses, and what was denied, stays
    /// as it is, and so does everything where nobody is named.
    ///
    /// ```
    /// # use kboot_core::{Env, csr::*, pki::{KeyAlgorithm, PrivateKey}, policy::{Context, Preset, Verdict}};
    /// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// # let pem = CertificateRequest::for_user("jane".parse()?, ["dev".parse()?], &key)?.to_pem();
    /// # let object = CertificateSigningRequest::new("jane", Signer::KubeApiserverClient, pem.as_bytes())
    /// #     .with_requestor(Requestor::user("jane"));
    /// let policy = Preset::Upstream.policy();
    /// let held = policy.evaluate(&object, &Context::at(Env::system().now()));
    /// assert_eq!(held.verdict(), Verdict::Hold);
    /// assert_eq!(held.approve_as("ops@example.com").verdict(), Verdict::Approve);
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    #[must_use]
    pub fn approve_as(self, person: &str) -> Self {
        let person = escaped(person.trim());
        match self {
            Self::Hold(Refusal { candidate: Some(candidate), mut trace, .. }) if !person.is_empty() => {
                trace.clauses.push(Clause {
                    rule: None,
                    name: "outcome",
                    saw: format!("approve: {person}"),
                    answer: Answer::Yes,
                    code: Some(Code::PersonApproves),
                });
                Self::Approve(Box::new(candidate.approved_by_person(&person, trace)))
            }
            other => other,
        }
    }
}

impl Verdict {
    /// `approve`, `deny` or `hold`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Hold => "hold",
        }
    }
}

impl Refusal {
    /// The reason.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The short message for the request's condition.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Everything that was looked at.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}

impl Trace {
    /// The clauses, in the order in which they were looked at.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }
}
