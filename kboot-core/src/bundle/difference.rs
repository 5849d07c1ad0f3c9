//! What differs inside a file that is replaced, for people, and without its secrets.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::artifact::{Artifact, Content};
use super::error::BundleError;
use super::path::ArtifactPath;
use super::step::FieldChange;
use super::{fields, fs};

/// What differs inside one file that is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileDifference {
    /// The file.
    pub path: ArtifactPath,
    /// The lines, in their order.
    pub lines: Vec<DifferenceLine>,
}

/// A line of a [`FileDifference`]; its `Display` is that of a unified diff.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DifferenceLine {
    /// Where the lines that follow stand in either file, `@@ -1,3 +1,4 @@`.
    Place(String),
    /// A line that is in both, beside one that is not.
    Context(String),
    /// A line, or a field, that the file has.
    Removed(String),
    /// A line, or a field, that it will have.
    Added(String),
    /// There is no more to be shown than that it differs.
    NotShown,
}

impl fmt::Display for DifferenceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(place) => f.write_str(place),
            Self::Context(line) => write!(f, " {line}"),
            Self::Removed(line) => write!(f, "-{line}"),
            Self::Added(line) => write!(f, "+{line}"),
            Self::NotShown => f.write_str(" (it differs in its form, or in what is not shown)"),
        }
    }
}

impl FileDifference {
    /// What differs between an artifact and its file; none where that is no longer there.
    pub(super) fn of(root: &Path, artifact: &Artifact) -> Result<Option<Self>, BundleError> {
        let Some(found) = fs::read(&artifact.path.below(root), artifact.mode())? else { return Ok(None) };
        let lines = match (fields::changes(artifact.kind, &found, &artifact.content), &artifact.content) {
            (None, Content::Public(new)) => of_texts(&String::from_utf8_lossy(&found), new),
            (changes, _) => changes.into_iter().flatten().flat_map(of_field).collect(),
        };
        let lines = if lines.is_empty() { vec![DifferenceLine::NotShown] } else { lines };
        Ok(Some(Self { path: artifact.path.clone(), lines }))
    }
}

fn of_field(change: FieldChange) -> impl Iterator<Item = DifferenceLine> {
    let FieldChange { field, from, to } = change;
    let line = move |value: String| format!("{field}: {value}");
    let (from, to) = (from.map(&line).map(DifferenceLine::Removed), to.map(&line).map(DifferenceLine::Added));
    from.into_iter().chain(to)
}

fn of_texts(old: &str, new: &str) -> Vec<DifferenceLine> {
    /// How many lines in common stand before and after a difference.
    const CONTEXT: usize = 3;
    /// Beyond it the difference is right and no longer the shortest: `kboot.json` has lines for every certificate.
    const LIMIT: Duration = Duration::from_secs(1);
    let difference = TextDiff::configure().timeout(LIMIT).diff_lines(old, new);
    let mut lines = Vec::new();
    for hunk in difference.unified_diff().context_radius(CONTEXT).iter_hunks() {
        lines.push(DifferenceLine::Place(hunk.header().to_string()));
        lines.extend(hunk.iter_changes().map(|change| {
            let line = change.value().trim_end_matches('\n').to_owned();
            match change.tag() {
                ChangeTag::Equal => DifferenceLine::Context(line),
                ChangeTag::Delete => DifferenceLine::Removed(line),
                ChangeTag::Insert => DifferenceLine::Added(line),
            }
        }));
    }
    lines
}
