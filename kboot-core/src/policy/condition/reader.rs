//! Reads the fields of one rule, and notes what is wrong with them.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::document::{Problem, Problems};
use crate::policy::Glob;
use crate::policy::text::escaped;
use crate::time::Lifetime;

/// The paths of which something wrong was said: what follows from it is not said as well.
#[derive(Default)]
pub(in crate::policy) struct Said(BTreeSet<String>);

impl Said {
    pub(in crate::policy) fn note(&mut self, problems: &[Problem]) {
        self.0.extend(problems.iter().map(|problem| problem.path.clone()));
    }

    /// Whether it was said of this path, of one that holds it, or of one within.
    pub(in crate::policy) fn covers(&self, path: &str) -> bool {
        let holds =
            |(end, c)| matches!(c, '.' | '[') && path.get(..end).is_some_and(|outer| self.0.contains(outer));
        let within = self.0.range(path.to_owned()..).next().and_then(|next| next.strip_prefix(path));
        within.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            || path.char_indices().any(holds)
    }
}

/// Reads one rule and notes what is wrong with it.
pub(in crate::policy) struct RuleReader<'a> {
    pub(in crate::policy) path: String,
    pub(in crate::policy) problems: &'a mut Problems,
    pub(in crate::policy) said: &'a mut Said,
    pub(in crate::policy) names: &'a mut BTreeSet<String>,
}

impl RuleReader<'_> {
    /// Notes what is wrong with a field, unless something was said of it.
    pub(in crate::policy) fn problem(&mut self, field: &str, problem: impl Into<String>) {
        let path = format!("{}.{field}", self.path);
        if !self.said.covers(&path) {
            self.problems.push(Problem::new(&path, problem));
        }
    }

    /// Notes that the rule cannot be read.
    pub(in crate::policy) fn unreadable(&mut self, error: &serde_json::Error) {
        if !self.said.covers(&self.path) {
            self.problems.push(Problem::new(&self.path, error.to_string()));
        }
    }
}

/// The forms that the fields of conditions have in common.
impl RuleReader<'_> {
    /// Patterns of users.
    pub(in crate::policy) fn users(&mut self, field: &str, patterns: &[String]) -> Vec<Glob> {
        self.patterns(field, patterns, |pattern| {
            let can_match = pattern.trim() == pattern && !pattern.chars().any(char::is_control);
            (!can_match)
                .then_some("can match no user: names have no control characters, and no blanks around them")
        })
    }

    /// Patterns of what is a DNS name.
    pub(in crate::policy) fn dns_patterns(
        &mut self,
        field: &str,
        what: &str,
        patterns: &[String],
    ) -> Vec<Glob> {
        self.patterns(field, patterns, |pattern| {
            (!Glob::new(pattern).matches_some_dns_name()).then(|| {
                format!(
                    "can match no {what}: they are lower-case letters, digits, '-' and '.', a letter or digit at both \
                     ends of each part. Patterns are not regular expressions: * stands for any characters, ? for one"
                )
            })
        })
    }

    /// Groups, which are spelt out.
    pub(in crate::policy) fn groups(&mut self, field: &str, groups: Vec<String>) -> Vec<String> {
        for (i, group) in groups.iter().enumerate() {
            let is_name = !group.is_empty() && group.trim() == group && !group.chars().any(char::is_control);
            if !is_name || group.contains(['*', '?']) {
                let problem =
                    "is not a group: groups are spelt out, without control characters and blanks around them";
                self.problem(&format!("{field}[{i}]"), problem);
            }
        }
        groups
    }

    /// Patterns, and why one of them can match nothing.
    fn patterns<P: Display>(
        &mut self,
        field: &str,
        patterns: &[String],
        objection: impl Fn(&str) -> Option<P>,
    ) -> Vec<Glob> {
        if patterns.is_empty() {
            self.problem(field, "is an empty list, which would match nobody; leave it out or fill it");
        }
        for (i, pattern) in patterns.iter().enumerate() {
            if pattern.is_empty() {
                self.problem(&format!("{field}[{i}]"), "an empty pattern matches nobody");
            } else if let Some(objection) = objection(pattern) {
                self.problem(&format!("{field}[{i}]"), format!("\"{}\" {objection}", escaped(pattern)));
            }
        }
        patterns.iter().map(|pattern| Glob::new(pattern)).collect()
    }

    /// A lifetime above zero.
    pub(in crate::policy) fn lifetime(&mut self, field: &str, text: &str) -> Option<Lifetime> {
        match text.parse::<Lifetime>() {
            Ok(Lifetime::ZERO) => self.problem(field, "is zero, which never matches"),
            Ok(lifetime) => return Some(lifetime),
            Err(error) => self.problem(field, error.to_string()),
        }
        None
    }
}
