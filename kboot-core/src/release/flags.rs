//! The table of flags: which version knows which.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::span::minor_of;
use super::{Absence, Component, Misfit, VersionSpan};
use crate::document::closest;
use crate::finding::Severity;
use crate::version::KubernetesVersion;

const FLAGS: &str = include_str!("flags.tsv");
const COMPLETE: &str = include_str!("complete.tsv");

/// What the table says of a flag.
pub(crate) struct Known {
    versions: VersionSpan,
    instead: Option<&'static str>,
}

impl Known {
    /// Why a version does not have the flag; nothing where it does.
    pub(crate) fn lacks(&self, version: KubernetesVersion) -> Option<Absence> {
        self.versions.lacks(version)
    }

    /// Whether a version has the flag.
    pub(crate) fn is_in(&self, version: KubernetesVersion) -> bool {
        self.versions.contains(version)
    }

    /// What took its place.
    pub(crate) fn instead(&self) -> Option<&'static str> {
        self.instead
    }
}

/// What the table says of a component's flag.
pub(crate) fn known(component: Component, flag: &str) -> Option<&'static Known> {
    TABLE.get(component.as_str())?.get(flag)
}

/// Why a version does not take a flag that the table has; nothing where it does, or the table has none.
pub(crate) fn missing(component: Component, version: KubernetesVersion, flag: &str) -> Option<Misfit> {
    let known = known(component, flag)?;
    let why = known.lacks(version)?;
    Some(Misfit::MissingFlag { component, version, flag: flag.to_owned(), why, instead: known.instead })
}

/// What to say of a flag that the table does not have, and how bad it is.
pub(crate) fn unknown(component: Component, version: KubernetesVersion, flag: &str) -> (Severity, Misfit) {
    let near = TABLE.get(component.as_str()).and_then(|flags| closest(flags.keys().copied(), flag));
    let is_certain = is_complete(component, version);
    let severity = if is_certain { Severity::Error } else { Severity::Warning };
    (severity, Misfit::UnknownFlag { component, version, flag: flag.to_owned(), near, is_certain })
}

/// Whether the table holds every flag of the component in a version, so that another is surely wrong.
fn is_complete(component: Component, version: KubernetesVersion) -> bool {
    complete().any(|list| list.component == component.as_str() && list.minor == version.minor())
}

struct CompleteList {
    component: &'static str,
    minor: u16,
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests hold the rows to it"))]
    evidence: &'static str,
}

fn complete() -> impl Iterator<Item = CompleteList> {
    rows(COMPLETE).filter_map(|row| match row[..] {
        [component, version, evidence] => {
            Some(CompleteList { component, minor: minor_of(version)?, evidence })
        }
        _ => None,
    })
}

/// The rows of a table, each as its columns.
pub(super) fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// By component, then by flag.
static TABLE: LazyLock<BTreeMap<&'static str, BTreeMap<&'static str, Known>>> = LazyLock::new(|| {
    let mut table: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for row in rows(FLAGS) {
        if let [component, flag, since, until, instead, ..] = row[..] {
            let instead = Some(instead).filter(|instead| *instead != "-");
            let known = Known { versions: VersionSpan::of_columns(since, until), instead };
            table.entry(component).or_default().insert(flag, known);
        }
    }
    table
});

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of one flag would hide each other, and who adds one finds its place.
    #[test]
    fn each_flag_has_one_row_in_its_place() {
        let rows: Vec<_> = rows(FLAGS).map(|row| (row[0], row[1])).collect();
        let components: Vec<_> = rows.chunk_by(|(a, _), (b, _)| a == b).map(|chunk| chunk[0].0).collect();
        assert!(components.is_sorted_by(|a, b| a < b), "{components:?}");
        for pair in rows.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
    }

    /// A list that is called complete rests on a binary of that version, row by row; the table of
    /// complete lists says which rest on a reference and source.
    #[test]
    fn each_row_of_a_complete_list_was_seen_on_a_binary() {
        let version = |minor: u16| -> KubernetesVersion { format!("v1.{minor}.0").parse().unwrap() };
        let rows: Vec<_> = rows(FLAGS).collect();
        for CompleteList { component, minor, evidence } in complete() {
            if evidence == "reference" {
                continue;
            }
            let mut present = 0;
            for row in rows.iter().filter(|row| row[0] == component) {
                if VersionSpan::of_columns(row[2], row[3]).contains(version(minor)) {
                    let seen = [format!("run1.{minor}"), format!("src1.{minor}")]
                        .map(|word| row[5].split(',').any(|e| e == word));
                    assert!(seen[0] || (evidence == "source" && seen[1]), "1.{minor}: {row:?}");
                    present += 1;
                }
            }
            assert!(present > 50, "{component} 1.{minor}: {present}");
        }
        for component in
            ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"]
        {
            assert!(complete().any(|list| list.component == component && list.minor == 36), "{component}");
        }
    }
}
