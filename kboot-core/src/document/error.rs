//! Everything that is wrong with a file that people write, or with what is built in its place.

use std::fmt;

use super::locate::locate;
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
        write_problems(&self.problems, |problem| problem.to_string(), f)
    }
}

impl DocumentError {
    /// The message with file, line and column of each problem.
    ///
    /// ```
    /// use kboot_core::cluster::ClusterSpec;
    /// let error = "kind: Cluster\nmetadata: {nmae: a}\n".parse::<ClusterSpec>().unwrap_err();
    /// let text = error.in_file("cluster.yaml");
    /// assert!(text.contains("\n  cluster.yaml:2:12: metadata.nmae: unknown field; did you mean name?"), "{text}");
    /// ```
    #[must_use]
    pub fn in_file(&self, file: &str) -> String {
        struct InFile<'a>(&'a DocumentError, &'a str);
        impl fmt::Display for InFile<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Self(error, file) = self;
                let shown = |problem: &Problem| match problem.position {
                    Some(position) => format!("{file}:{position}: {problem}"),
                    None => format!("{file}: {problem}"),
                };
                if error.problems.len() != 1 {
                    write!(f, "{file}: ")?;
                }
                write_problems(&error.problems, shown, f)
            }
        }
        InFile(self, file).to_string()
    }

    /// The error with the places of its problems in the text that was read.
    pub(crate) fn located_in(mut self, text: &str) -> Self {
        locate(text, &mut self.problems);
        self
    }

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
