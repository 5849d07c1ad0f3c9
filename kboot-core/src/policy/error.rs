//! What is wrong with a file of the policy room.

use std::fmt::{self, Display};

use crate::document::{Problem, write_problems};

/// Everything that is wrong with a policy, an inventory or a context file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct PolicyError {
    /// The problems, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_problems(&self.problems, f)
    }
}

impl PolicyError {
    pub(super) fn one(path: &str, problem: impl Into<String>) -> Self {
        Self { problems: vec![Problem::new(path, problem)] }
    }
}
