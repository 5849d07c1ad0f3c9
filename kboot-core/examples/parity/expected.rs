//! The table of all cases that is known already.

use std::collections::BTreeMap;

use kboot_core::version::KubernetesVersion;

/// The minor version whose table it is.
const OF: u16 = 20;
/// More lines tell nothing more.
const SHOWN: usize = 20;

/// How a table differs from the known one, a line each: with the known one's version in anything, with
/// another in what kboot answers.
pub(crate) fn differences(known: &str, table: &str, version: KubernetesVersion) -> Vec<String> {
    let known: BTreeMap<&str, Vec<&str>> = rows(known).collect();
    let mut found: Vec<String> = rows(table)
        .filter_map(|(name, row)| {
            let wanted = match known.get(name) {
                Some(wanted) if version.minor() == OF => (row != *wanted).then(|| wanted.join(", ")),
                Some(wanted) => (!answers(&row).zip(answers(wanted)).all(|(one, other)| one == other))
                    .then(|| answers(wanted).collect::<Vec<_>>().join(", ")),
                None => Some("not there".to_owned()),
            }?;
            Some(format!("{name}: {}; expected: {wanted}", row.join(", ")))
        })
        .collect();
    if version.minor() == OF {
        let names: Vec<&str> = rows(table).map(|(name, _)| name).collect();
        found.extend(
            known
                .keys()
                .filter(|name| !names.contains(name))
                .map(|name| format!("{name}: is no case any more")),
        );
    }
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    if more > 0 {
        found.push(format!("{more} more rows differ"));
    }
    found
}

fn rows(table: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    table.lines().filter_map(|line| {
        let (name, rest) = line.split_once('\t')?;
        Some((name, rest.split('\t').collect()))
    })
}

/// kboot's: the decision and, where upstream took the request, what became of it.
fn answers<'a>(row: &'a [&str]) -> impl Iterator<Item = &'a str> {
    [row.get(1), row.get(4)].into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "a\tapproved\tapprove rule-approves\tsame\tsigned\tsigned\tsame\n\
                         b\tpending\tapprove rule-approves\tas-1.27\tfailed: x\tsigned\tas-1.27\n\
                         c\trefused: long\thold usages\n";

    fn found(table: &str, version: &str) -> Vec<String> {
        let version: Result<KubernetesVersion, _> = version.parse();
        version.map(|version| differences(KNOWN, table, version)).unwrap_or_default()
    }

    #[test]
    fn with_its_own_version_the_whole_table_counts() {
        assert!(found(KNOWN, "v1.20.2").is_empty());
        for (one, other) in
            [("failed: x", "failed: y"), ("as-1.27", "same"), ("c\t", "d\t"), ("long", "short")]
        {
            assert!(!found(&KNOWN.replacen(one, other, 1), "v1.20.2").is_empty(), "{one} {other}");
        }
    }

    #[test]
    fn with_another_version_kboots_answers_count() {
        let later =
            KNOWN.replace("as-1.27", "same").replace("pending", "approved").replace("failed: x", "signed");
        assert!(found(&later.replace("refused: long", "refused: short"), "v1.36.2").is_empty());
        // v1beta1's cases are not asked.
        assert!(found(KNOWN.lines().next().unwrap_or_default(), "v1.36.2").is_empty());
        for (one, other) in [
            ("approve rule-approves", "hold no-rule"),
            ("\tsigned\tas", "\trefused x\tas"),
            ("hold usages", "deny usages"),
            ("c\t", "d\t"),
        ] {
            assert!(!found(&KNOWN.replacen(one, other, 1), "v1.36.2").is_empty(), "{one} {other}");
        }
    }
}
