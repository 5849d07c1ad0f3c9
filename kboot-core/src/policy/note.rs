//! A clause as a decision keeps it: small values, of which prose is made where somebody reads it.

use super::Reason;
use super::condition::ConditionObservation;
use super::floor::{FloorClause, FloorObservation};
use super::number::Number;
use super::verdict::Answer;

/// A clause as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) observation: Observation,
    pub(super) answer: Answer,
    pub(super) reason: Option<Reason>,
}

/// What was seen. Names and texts stand in the request and in the rule, and here is where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Observation {
    Floor(FloorClause, FloorObservation),
    /// By the rule and the condition of these numbers.
    Condition {
        rule: Number,
        condition: Number,
        seen: ConditionObservation,
    },
    Outcome(Outcome),
}

/// What the rules came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The rule of this number decides.
    ByRule(usize),
    NoRule,
    Disputed,
    Person(String),
}
