//! Everything that was looked at, as values. Prose is made of them where somebody reads it, and nowhere else:
//! of the clauses of most decisions, nobody does.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::condition::ConditionKind;
use super::floor::FloorClause;
use super::missing_fact::MissingFact;
use super::note::{Note, Observation, Outcome};
use super::verdict::{Answer, Verdict};
use super::{Reason, Rule};
use crate::csr::CertificateSigningRequest;
use crate::x509::CertificateRequest;

/// What was looked at for a decision, in order.
///
/// It shares the request and the policy's rules with whoever has them, and says what was seen when it is asked.
#[derive(Clone)]
pub struct Trace {
    pub(super) object: CertificateSigningRequest,
    pub(super) rules: Arc<[Rule]>,
    pub(super) notes: Vec<Note>,
    /// The person who approves, where one does.
    pub(super) person: Option<String>,
}

/// What a clause is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClauseKind {
    /// Something that no policy lifts.
    Floor(FloorClause),
    /// A condition of a rule.
    Condition(ConditionKind),
    /// What the rules, or a person, came to.
    Outcome,
}

impl ClauseKind {
    /// The name of what a clause is about, as in a trace.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Floor(clause) => clause.as_str(),
            Self::Condition(kind) => kind.as_str(),
            Self::Outcome => "outcome",
        }
    }
}

impl fmt::Display for ClauseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that was looked at. Its `Display` says what was seen, for people; text of the request in it is cut
/// and escaped.
///
/// It serializes as `rule` (the rule's name; null for the floor and the outcome), `name` (of what was looked at),
/// `saw`, `answer` (`yes`, `no` or `unknown`) and `code` (the reason's word, or null).
#[derive(Clone, Copy)]
pub struct Clause<'a> {
    trace: &'a Trace,
    note: &'a Note,
}

impl Trace {
    pub(super) fn new(object: &CertificateSigningRequest, rules: &Arc<[Rule]>) -> Self {
        // The floor has 13 clauses, and most rules say no at their second condition.
        let expected = rules.len().saturating_mul(2).saturating_add(24).min(256);
        Self {
            object: object.clone(),
            rules: Arc::clone(rules),
            notes: Vec::with_capacity(expected),
            person: None,
        }
    }

    /// The clauses, in the order in which they were looked at.
    #[must_use]
    pub fn clauses(&self) -> impl DoubleEndedIterator<Item = Clause<'_>> + ExactSizeIterator + Clone {
        self.notes.iter().map(|note| Clause { trace: self, note })
    }

    pub(super) fn request(&self) -> Option<&CertificateRequest> {
        self.object.request().ok()
    }
}

impl<'a> Clause<'a> {
    /// The rule that it belongs to; none for the floor and the outcome.
    #[must_use]
    pub fn rule(&self) -> Option<&'a Rule> {
        match self.note.observation {
            Observation::Condition { rule, .. } => self.trace.rules.get(rule.index()),
            Observation::Floor(_) | Observation::Outcome(_) => None,
        }
    }

    /// What was looked at.
    #[must_use]
    pub fn subject(&self) -> ClauseKind {
        match &self.note.observation {
            Observation::Floor(seen) => ClauseKind::Floor(seen.clause()),
            Observation::Condition { seen, .. } => ClauseKind::Condition(seen.kind()),
            Observation::Outcome(_) => ClauseKind::Outcome,
        }
    }

    /// The clause's answer: whether it is as it should be.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.note.answer
    }

    /// Why not, where the floor or the outcome says so, or a condition has a word for what it lacks.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.note.reason
    }

    /// The fact that a condition of a rule would have needed to say yes or no.
    #[must_use]
    pub fn missing_fact(&self) -> Option<MissingFact> {
        let Observation::Condition { rule, condition, seen } = &self.note.observation else { return None };
        if self.note.answer != Answer::Unknown {
            return None;
        }
        self.trace
            .rules
            .get(rule.index())?
            .conditions
            .get(condition.index())?
            .missing_fact(seen, self.note.reason)
    }

    /// The outcome, and what it means for the request.
    pub(super) fn outcome(&self) -> Option<(&'a Outcome, Verdict)> {
        match &self.note.observation {
            Observation::Outcome(outcome) => Some((outcome, self.note.answer.verdict())),
            Observation::Floor(_) | Observation::Condition { .. } => None,
        }
    }

    /// The outcome without the verdict before it.
    pub(super) fn outcome_words(&self) -> impl fmt::Display {
        let Observation::Outcome(outcome) = &self.note.observation else { return "" };
        match outcome {
            Outcome::ByRule(rule) => self.trace.rules.get(rule.index()).map(Rule::name).unwrap_or_default(),
            Outcome::NoRule => "no rule matches",
            Outcome::Disputed => "rules that might match decide differently",
            Outcome::Person => self.trace.person.as_deref().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Clause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.note.observation {
            Observation::Floor(seen) => seen.tell(&self.trace.object, f),
            Observation::Condition { rule, condition, seen } => {
                let rule = self.trace.rules.get(rule.index());
                match rule.and_then(|rule| rule.conditions.get(condition.index())) {
                    Some(condition) => condition.tell(seen, &self.trace.object, f),
                    None => Ok(()),
                }
            }
            Observation::Outcome(Outcome::Disputed) => write!(f, "{}", self.outcome_words()),
            Observation::Outcome(_) => {
                write!(f, "{}: {}", self.note.answer.verdict().as_str(), self.outcome_words())
            }
        }
    }
}

/// What a clause is to a program.
#[derive(Serialize)]
struct ClauseForm<'a> {
    rule: Option<&'a str>,
    name: &'static str,
    saw: String,
    answer: &'static str,
    code: Option<&'static str>,
}

impl Serialize for Clause<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = ClauseForm {
            rule: self.rule().map(Rule::name),
            name: self.subject().as_str(),
            saw: self.to_string(),
            answer: self.answer().as_str(),
            code: self.reason().map(Reason::as_str),
        };
        form.serialize(serializer)
    }
}

impl fmt::Debug for Clause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clause")
            .field("rule", &self.rule().map(Rule::name))
            .field("subject", &self.subject())
            .field("observed", &self.to_string())
            .field("answer", &self.answer())
            .field("reason", &self.reason())
            .finish()
    }
}

impl PartialEq for Clause<'_> {
    /// Two clauses are the same where the same was seen by the same rule, whatever other rules there are.
    fn eq(&self, other: &Self) -> bool {
        match (&self.note.observation, &other.note.observation) {
            (
                Observation::Condition { condition, seen, .. },
                Observation::Condition { condition: other_condition, seen: other_seen, .. },
            ) => {
                (condition, seen, self.rule()) == (other_condition, other_seen, other.rule())
                    && (self.answer(), self.reason()) == (other.answer(), other.reason())
            }
            (Observation::Outcome(_), Observation::Outcome(_)) => {
                (self.to_string(), self.answer(), self.reason())
                    == (other.to_string(), other.answer(), other.reason())
            }
            _ => self.note == other.note,
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clauses()).finish()
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object && self.clauses().eq(other.clauses())
    }
}

impl Eq for Trace {}
