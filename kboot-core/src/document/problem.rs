//! What is wrong with a file that people write: one problem, all of them, and the name that was meant.

use std::fmt;

use crate::shown::{escape_quotes_too, start};

/// A place in a text. It is written `LINE:COLUMN`, as compilers write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a line and a column")]
pub struct Position {
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1, in characters.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The field's path, for example `spec.nodes[2].addresses[0]`; empty for the document itself.
    pub path: String,
    /// What is wrong, and what would be right.
    pub problem: String,
    /// Where the field stands in the text that was read, or what should hold it; none where no single text was read.
    pub position: Option<Position>,
}

impl Problem {
    pub(crate) fn new(path: &str, problem: impl Into<String>) -> Self {
        // A path holds keys of the file, and they may hold anything.
        let path = start(path, 200).chars().flat_map(escape_quotes_too).collect();
        Self { path, problem: problem.into(), position: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

impl std::error::Error for Problem {}

/// How many problems of one file are kept: three bytes of it can be one.
pub(crate) const MOST_PROBLEMS: usize = 1000;

/// Problems as they are found, the first [`MOST_PROBLEMS`] of them.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        if !self.is_full() {
            self.0.push(problem);
        }
    }

    pub(crate) fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        let room = MOST_PROBLEMS.saturating_sub(self.0.len());
        self.0.extend(problems.into_iter().take(room));
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= MOST_PROBLEMS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Those found after the first so many.
    pub(crate) fn since(&self, before: usize) -> &[Problem] {
        self.0.get(before..).unwrap_or_default()
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(mut problems: Vec<Problem>) -> Self {
        problems.truncate(MOST_PROBLEMS);
        Self(problems)
    }
}

impl From<Problems> for Vec<Problem> {
    fn from(problems: Problems) -> Self {
        problems.0
    }
}

/// Several problems in one text, the first fifty of them, each as it is shown.
pub(super) fn write_problems<D: fmt::Display>(
    problems: &[Problem],
    shown: impl Fn(&Problem) -> D,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match problems {
        [one] => write!(f, "{}", shown(one)),
        many => {
            const SHOWN: usize = 50;
            let more = if many.len() >= MOST_PROBLEMS { "at least " } else { "" };
            write!(f, "{more}{} problems:", many.len())?;
            many.iter().take(SHOWN).try_for_each(|problem| write!(f, "\n  {}", shown(problem)))?;
            if many.len() > SHOWN { write!(f, "\n  and {} more", many.len() - SHOWN) } else { Ok(()) }
        }
    }
}

/// "unknown field", with the known name that comes closest.
pub(crate) fn unknown_name<'a>(what: &str, known: impl Iterator<Item = &'a str>, name: &str) -> String {
    match closest(known, name) {
        Some(near) => format!("unknown {what}; did you mean {near}?"),
        None => format!("unknown {what}"),
    }
}

/// The known name that comes closest, where one is close.
pub(crate) fn closest<'a>(known: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    known
        .map(|candidate| (strsim::jaro_winkler(&candidate.to_ascii_lowercase(), &lower), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
