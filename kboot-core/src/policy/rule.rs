//! Rules: the conditions that a request must meet for a policy's decision. Each answers yes, no or unknown.

use super::case::Case;
use super::condition::{self, Around, Condition, ConditionObservation, Kind, NoteTaker};
use super::note::{Note, Observation, write};
use super::number::Number;
use super::{Answer, Reason, Verdict};
use crate::csr::Signer;

/// A rule of a policy: what a request must be, and what is decided then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(super) name: String,
    pub(super) signer: Signer,
    /// In the order in which they are looked at.
    pub(super) conditions: Vec<Condition>,
    pub(super) verdict: Verdict,
    pub(super) message: Option<String>,
}

impl Rule {
    /// A rule with these conditions, in whatever order, and those that every such rule has.
    pub(super) fn new(
        name: String,
        signer: Signer,
        conditions: Vec<Condition>,
        verdict: Verdict,
        message: Option<String>,
    ) -> Self {
        let mut rule = Self { name, signer, conditions, verdict, message };
        let implied = condition::implied(rule.around());
        rule.conditions.extend(implied);
        rule.conditions.sort_by_key(Condition::kind);
        rule
    }

    /// The rule's name, unique in its policy.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The signer whose requests the rule is about.
    #[must_use]
    pub fn signer(&self) -> Signer {
        self.signer
    }

    /// What it decides.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The condition of this kind, where the rule has one.
    pub(super) fn condition<C: Kind>(&self) -> Option<&C> {
        self.around().condition()
    }

    /// The rule, as each of its conditions sees it.
    pub(super) fn around(&self) -> Around<'_> {
        Around { signer: self.signer, verdict: self.verdict, conditions: &self.conditions }
    }

    pub(super) fn has_access(&self) -> bool {
        self.around().has_access()
    }

    /// Whether it matches every request that comes past the floor.
    pub(super) fn has_no_condition(&self) -> bool {
        !self.conditions.iter().any(Condition::is_limit)
    }

    /// Looks at each condition, in their fixed order, until one says no, and notes it. The rule is the one of this
    /// number.
    pub(super) fn judge(&self, number: usize, case: &Case<'_>, notes: &mut Vec<Note>) -> Answer {
        let mut all_told = Answer::Yes;
        for (condition, one) in self.conditions.iter().enumerate() {
            let notes = RuleNotes { rule: Number::of(number), condition: Number::of(condition), notes };
            match one.judge(self.around(), case, notes) {
                None | Some(Answer::Yes) => {}
                Some(Answer::Unknown) => all_told = Answer::Unknown,
                Some(Answer::No) => return Answer::No,
            }
        }
        all_told
    }

    /// What the rule does, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let verb = match self.verdict {
            Verdict::Approve => "Approves",
            Verdict::Deny => "Denies",
            Verdict::Hold => "Holds",
        };
        let what = match self.signer {
            Signer::KubeApiserverClient => "client certificates of users",
            Signer::KubeApiserverClientKubelet => "client certificates of kubelets",
            Signer::KubeletServing => "serving certificates of kubelets",
        };
        let mut conditions: Vec<&Condition> = self.conditions.iter().collect();
        conditions.sort_by_key(|condition| condition.place());
        let parts: Vec<String> = conditions.into_iter().flat_map(Condition::sentence).collect();
        let end = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        format!("{verb} {what}{end}.")
    }
}

/// Where the answer of one of the rule's conditions is noted.
struct RuleNotes<'a> {
    rule: Number,
    condition: Number,
    notes: &'a mut Vec<Note>,
}

impl NoteTaker for RuleNotes<'_> {
    #[inline]
    fn note(self, answer: Answer, reason: Option<Reason>, seen: impl FnOnce() -> ConditionObservation) {
        let Self { rule, condition, notes } = self;
        write(notes, || Note {
            observation: Observation::Condition { rule, condition, seen: seen() },
            answer,
            reason,
        });
    }
}
