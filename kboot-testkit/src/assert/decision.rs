//! Decisions held against what they should be, with what led to them.

use std::fmt;

use kboot_core::policy::{Answer, ClauseKind, Decision, Reason, Verdict};

use super::{Difference, Differences};

/// Begins an assertion about a decision.
///
/// ```
/// use kboot_core::{Env, csr::{CertificateSigningRequest, Signer}, policy::{PolicyContext, Preset, Reason, Verdict}};
/// use kboot_testkit::assert;
/// let object = CertificateSigningRequest::new("csr-1", Signer::KubeletServing, b"damaged");
/// let decision = Preset::KubeletServing.policy().evaluate(&object, &PolicyContext::at(Env::system().now()));
/// assert::decision(&decision).is(Verdict::Deny).because("not-pem").check();
/// assert_eq!(assert::decision(&decision).is(Verdict::Approve).differences()[0].found, "deny");
/// ```
pub fn decision(decision: &Decision) -> ExpectedDecision<'_> {
    ExpectedDecision { decision, differences: Differences::default() }
}

/// What a decision should be; see [`decision`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asserted before check()"]
pub struct ExpectedDecision<'a> {
    decision: &'a Decision,
    differences: Differences,
}

impl ExpectedDecision<'_> {
    /// The verdict.
    pub fn is(mut self, verdict: Verdict) -> Self {
        self.differences.compare("verdict", verdict.as_str(), self.decision.verdict().as_str());
        self
    }

    /// The reason's word, as in `kboot csr explain`: `rule-approves`, `alt-name-of-other`.
    pub fn because(mut self, reason: &str) -> Self {
        self.differences.compare("reason", reason, Reason::as_str(self.decision.reason()));
        self
    }

    /// The name of the rule that decided.
    pub fn by_rule(mut self, rule: &str) -> Self {
        let verdict = self.decision.verdict().as_str();
        let clauses = self.decision.trace().clauses();
        let outcome = clauses.rev().find(|clause| clause.subject() == ClauseKind::Outcome);
        let found = outcome.map(|outcome| outcome.to_string()).unwrap_or_default();
        self.differences.compare("outcome", format!("{verdict}: {rule}"), found);
        self
    }

    /// What differs.
    #[must_use]
    pub fn differences(self) -> Vec<Difference> {
        self.differences.0
    }

    /// Panics where something differs, with all that does, and what the decision rests on.
    ///
    /// # Panics
    /// Where something differs.
    #[track_caller]
    pub fn check(self) {
        self.differences.check("the decision", Trace(self.decision));
    }
}

/// The clauses that kept a request from being approved, on lines of their own.
struct Trace<'a>(&'a Decision);

impl fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for clause in self.0.trace().clauses().filter(|clause| clause.answer() != Answer::Yes) {
            let rule = clause.rule().map(|rule| format!("{}: ", rule.name())).unwrap_or_default();
            write!(f, "\n  {}: {rule}{} {clause}", clause.answer().as_str(), clause.subject())?;
        }
        Ok(())
    }
}
