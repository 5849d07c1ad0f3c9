//! What was decided, and the way from a decision to an approval.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::note::{Note, Observation, Outcome};
use super::text::escaped;
use super::trace::Trace;
use super::verdict::{Answer, Verdict};
use super::{ApprovedRequest, Clause, ClauseKind, Reason};
use crate::csr::{Condition, Signer};
use crate::time::Timestamp;

/// The decision on a request, with its trace.
///
/// Denied is final in Kubernetes (no API call takes it back), so a Deny rests on something that the
/// request itself proves; what is only not known holds the request.
///
/// It serializes with the words of `kboot csr explain -o json`: `decision` (`approve`, `deny` or `hold`), `code` (the
/// reason's word), `message` (for the condition), `meaning` (what the reason means), `reason` (what led to it, on one
/// line) and `trace` (each [`Clause`]).
///
/// ```
/// use kboot_core::{Env, csr::{CertificateSigningRequest, Signer}, policy::{PolicyContext, Preset}};
/// let object = CertificateSigningRequest::new("csr-1", Signer::KubeletServing, b"damaged");
/// let decision = Preset::KubeletServing.policy().evaluate(&object, &PolicyContext::at(Env::system().now()));
/// let value = serde_json::to_value(&decision)?;
/// assert_eq!((&value["decision"], &value["code"]), (&"deny".into(), &"not-pem".into()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth, and each must be handled")]
pub enum Decision {
    /// It may be signed.
    Approve(Box<ApprovedRequest>),
    /// It may never be signed.
    Deny(Refusal),
    /// It stays pending, for another time, another approver or a person.
    Hold(Refusal),
}

/// Why a request was not approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub(super) reason: Reason,
    /// The number of the rule that matches, in the trace's policy; what a person approves lives no longer than it
    /// allows.
    pub(super) rule: Option<usize>,
    pub(super) trace: Trace,
    /// The signer for which a person may still approve it; none for what the floor refuses.
    pub(super) approvable: Option<Signer>,
}

impl Decision {
    /// The decision in one word: approve, deny or hold.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Approve(_) => Verdict::Approve,
            Self::Deny(_) => Verdict::Deny,
            Self::Hold(_) => Verdict::Hold,
        }
    }

    /// The reason, as a value with a stable word.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Approve(approved) => approved.reason(),
            Self::Deny(refusal) | Self::Hold(refusal) => refusal.reason,
        }
    }

    /// The short message for the request's condition. Nothing of the request stands in it.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Approve(approved) => approved.message(),
            Self::Deny(refusal) | Self::Hold(refusal) => refusal.message().into_owned(),
        }
    }

    /// The condition that says so, for the subresource `approval` of the request: type `Approved` or `Denied`, the
    /// reason in CamelCase, the message. A request that is held gets none: it stays pending.
    ///
    /// ```
    /// use kboot_core::{Env, csr::*, policy::{PolicyContext, Policy, Rule}};
    /// # use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey};
    /// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// # let pem = CertificateRequest::for_user("jane".parse()?, ["dev".parse()?], &key)?.to_pem();
    /// # let object = CertificateSigningRequest::new("jane", Signer::KubeApiserverClient, pem.as_bytes())
    /// #     .with_requestor(Requestor::user("jane"));
    /// let policy = Policy::new([Rule::deny("nobody", Signer::KubeApiserverClient).with_message("Ask for a token.")])?;
    /// let now = Env::system().now();
    /// let condition = policy.evaluate(&object, &PolicyContext::at(now)).condition(now).ok_or("held")?;
    /// assert_eq!((condition.kind.as_str(), condition.status.as_str()), ("Denied", "True"));
    /// assert_eq!((condition.reason.as_str(), condition.message.as_str()), ("RuleDenies", "Ask for a token."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn condition(&self, now: Timestamp) -> Option<Condition> {
        let kind = match self.verdict() {
            Verdict::Approve => "Approved",
            Verdict::Deny => "Denied",
            Verdict::Hold => return None,
        };
        Some(Condition::of_word(kind, self.reason().as_camel_case(), &self.message(), now))
    }

    /// The trace: everything that was looked at.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        match self {
            Self::Approve(approved) => approved.trace(),
            Self::Deny(refusal) | Self::Hold(refusal) => &refusal.trace,
        }
    }

    /// What led to it, on one line: the clauses that refused or were not known, with what was seen there.
    /// Text of the request in it is cut and escaped.
    #[must_use]
    pub fn summary(&self) -> String {
        let (verdict, reason, clauses) = (self.verdict(), self.reason(), self.trace().clauses());
        let mut text = String::new();
        let begin = |text: &mut String| {
            if !text.is_empty() {
                text.push_str("; ");
            }
        };
        for clause in clauses.clone() {
            if matches!(clause.subject(), ClauseKind::Floor(_)) && clause.reason() == Some(reason) {
                begin(&mut text);
                let _ = write!(text, "{}: {clause}", clause.subject());
            }
        }
        if text.is_empty() && verdict != Verdict::Approve {
            for clause in clauses.clone().filter(|clause| clause.answer() != Answer::Yes) {
                if let Some(rule) = clause.rule() {
                    begin(&mut text);
                    let _ = write!(text, "{}: {}: {clause}", rule.name(), clause.subject());
                }
            }
        }
        let is_by_rule = matches!(reason, Reason::RuleApproves | Reason::RuleDenies | Reason::RuleHolds);
        for clause in clauses {
            let Some((_, of_clause)) = clause.outcome() else { continue };
            begin(&mut text);
            let _ = match (of_clause == verdict, is_by_rule) {
                (true, true) => write!(text, "by the rule {}", clause.outcome_words()),
                (true, false) => write!(text, "{}", clause.outcome_words()),
                // What was so before a person approved.
                (false, _) => write!(text, "{clause}"),
            };
        }
        text
    }

    /// The decision after a person has looked at it and approves: a Hold becomes an approval in that person's
    /// name, which is cut and escaped like all that is shown. What the floor refuses, and what was denied, stays
    /// as it is, and so does everything where nobody is named.
    ///
    /// ```
    /// # use kboot_core::{Env, csr::*, policy::{PolicyContext, Preset, Verdict}};
    /// # use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey};
    /// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    /// # let pem = CertificateRequest::for_user("jane".parse()?, ["dev".parse()?], &key)?.to_pem();
    /// # let object = CertificateSigningRequest::new("jane", Signer::KubeApiserverClient, pem.as_bytes())
    /// #     .with_requestor(Requestor::user("jane"));
    /// let policy = Preset::Upstream.policy();
    /// let held = policy.evaluate(&object, &PolicyContext::at(Env::system().now()));
    /// assert_eq!(held.verdict(), Verdict::Hold);
    /// assert_eq!(held.approve_as("ops@example.com").verdict(), Verdict::Approve);
    /// # Ok::<(), kboot_core::Error>(())
    /// ```
    #[must_use]
    pub fn approve_as(self, person: &str) -> Self {
        let person = escaped(person.trim());
        match self {
            Self::Hold(Refusal { approvable: Some(signer), rule, mut trace, .. }) if !person.is_empty() => {
                trace.notes.push(Note {
                    observation: Observation::Outcome(Outcome::Person),
                    answer: Answer::Yes,
                    reason: Some(Reason::PersonApproves),
                });
                trace.person = Some(person);
                Self::Approve(Box::new(ApprovedRequest { signer, trace, rule }))
            }
            other => other,
        }
    }
}

/// What a decision is to a program.
#[derive(Serialize)]
struct Form<'a> {
    decision: &'static str,
    code: &'static str,
    message: String,
    meaning: &'static str,
    reason: String,
    trace: Vec<Clause<'a>>,
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = Form {
            decision: self.verdict().as_str(),
            code: self.reason().as_str(),
            message: self.message(),
            meaning: self.reason().message(),
            reason: self.summary(),
            trace: self.trace().clauses().collect(),
        };
        form.serialize(serializer)
    }
}

impl Refusal {
    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The short message for the request's condition.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        // Where rules contradict each other, none of them speaks for the decision.
        let is_by_rule = matches!(self.reason, Reason::RuleDenies | Reason::RuleHolds);
        let rule = self.rule.filter(|_| is_by_rule).and_then(|number| self.trace.rules.get(number));
        match rule.and_then(|rule| rule.message.as_deref()) {
            Some(message) => message.into(),
            None => format!("{} ({})", self.reason.message(), self.reason).into(),
        }
    }

    /// The trace: everything that was looked at.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}
