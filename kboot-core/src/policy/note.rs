//! A clause as a decision keeps it: small values, of which prose is made where somebody reads it.

use std::iter;

use super::Reason;
use super::condition::ConditionObservation;
use super::floor::FloorObservation;
use super::number::Number;
use super::verdict::Answer;

/// A clause as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) observation: Observation,
    pub(super) answer: Answer,
    pub(super) reason: Option<Reason>,
}

// A decision writes some forty of them: how long they are is how long it takes.
const _: () = assert!(size_of::<Note>() <= 32);

/// Adds a clause, made where it stays: one that is made and then moved is written twice, and read back between.
#[inline]
pub(super) fn write(notes: &mut Vec<Note>, make: impl FnOnce() -> Note) {
    notes.extend(iter::once_with(make));
}

/// What was seen. Names and texts stand in the request and in the rule, and here is where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Observation {
    Floor(FloorObservation),
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
    ByRule(Number),
    NoRule,
    Disputed,
    /// The one of the trace.
    Person,
}
