//! Everything that is wrong with a file that people write, or with what is built in its place.

use std::fmt;

use super::problem::{Problem, Problems, write_problems};

/// Everything that is wrong with a file of a [`Document`](super::Document)'s kind, or with what one is built of.
///
/// ```
/// use kboot_core::policy::Policy;
/// let error = "{apiVersion: kboot.dev/v1alpha1, kind: CsrPolicy, rules: []}".parse::<Policy>().unwrap_err();
/// let problems: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
/// assert_eq!(problems, ["rules: unknown field", "spec: is missing"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct DocumentError {
    /// The problems, in the order of the file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_problems(&self.problems, f)
    }
}

impl DocumentError {
    pub(crate) fn one(path: &str, problem: impl Into<String>) -> Self {
        Self { problems: vec![Problem::new(path, problem)] }
    }
}

impl From<Vec<Problem>> for DocumentError {
    fn from(problems: Vec<Problem>) -> Self {
        Self { problems }
    }
}

impl From<Problems> for DocumentError {
    fn from(problems: Problems) -> Self {
        Self { problems: problems.into() }
    }
}
