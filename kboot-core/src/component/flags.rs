//! Flags: what is written, and the table of which version knows which.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Component;
use crate::cluster::ClusterSpec;
use crate::schema::closest;
use crate::version::{KubernetesVersion, VersionSpan, minor_of};

/// What the table says of a flag.
pub(super) struct Known {
    versions: VersionSpan,
    instead: &'static str,
}

impl Known {
    /// Why a version does not have the flag, and what to use; nothing where it does.
    pub(super) fn missing_in(&self, version: KubernetesVersion) -> Option<String> {
        let instead = match self.instead {
            "-" => String::new(),
            instead => format!("; use {instead}"),
        };
        self.versions.lacks(version).map(|why| why + &instead)
    }
}

/// What the table says of a component's flag.
pub(super) fn known(component: Component, flag: &str) -> Option<&'static Known> {
    TABLE.get(component.name())?.get(flag)
}

/// The known flag that comes closest.
pub(super) fn nearest(component: Component, flag: &str) -> Option<&'static str> {
    closest(TABLE.get(component.name())?.keys().copied(), flag)
}

/// Whether the table holds every flag of the component in a version, so that another is surely wrong.
pub(super) fn is_complete(component: Component, version: KubernetesVersion) -> bool {
    COMPLETE.iter().any(|(of, minor)| *of == component.name() && *minor == version.minor())
}

static COMPLETE: LazyLock<Vec<(&'static str, u16)>> = LazyLock::new(|| {
    let lines = include_str!("flags.tsv").lines().filter_map(|line| line.strip_prefix("# complete "));
    let of_line = |line: &'static str| {
        let mut words = line.split_ascii_whitespace();
        let component = words.next().unwrap_or_default();
        words.filter_map(minor_of).map(move |minor| (component, minor))
    };
    lines.flat_map(of_line).collect()
});

/// By component, then by flag.
static TABLE: LazyLock<BTreeMap<&'static str, BTreeMap<&'static str, Known>>> = LazyLock::new(|| {
    let mut table: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for row in include_str!("flags.tsv").lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&'static str> = row.split('\t').collect();
        if let [component, flag, since, until, instead, ..] = columns[..] {
            let known = Known { versions: VersionSpan::of_columns(since, until), instead };
            table.entry(component).or_default().insert(flag, known);
        }
    }
    table
});

/// What to say of a flag that the table does not have, and whether that is certain.
pub(super) fn unknown(component: Component, version: KubernetesVersion, flag: &str) -> (String, bool) {
    let near = nearest(component, flag).map_or_else(String::new, |near| format!("; did you mean --{near}?"));
    if is_complete(component, version) {
        (format!("{component} {version} has no --{flag}{near}"), true)
    } else {
        (format!("{component} {version} may not know --{flag}{near}"), false)
    }
}

/// The flags of one component, in alphabetical order.
#[derive(Debug)]
pub(crate) struct Flags {
    component: Component,
    version: KubernetesVersion,
    values: BTreeMap<String, String>,
}

impl Flags {
    pub(super) fn new(component: Component, spec: &ClusterSpec) -> Self {
        Self { component, version: spec.kubernetes_version, values: BTreeMap::new() }
    }

    /// Sets a flag, where the version knows it.
    pub(super) fn set(&mut self, flag: &'static str, value: impl Into<String>) {
        let known = known(self.component, flag);
        debug_assert!(known.is_some(), "{flag} is missing from flags.tsv");
        if known.is_some_and(|known| known.versions.has(self.version)) {
            self.values.insert(flag.to_owned(), value.into());
        }
    }

    pub(super) fn component(&self) -> Component {
        self.component
    }

    pub(super) fn version(&self) -> KubernetesVersion {
        self.version
    }

    /// Whether the flag is set.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.values.contains_key(flag)
    }

    /// Sets the first of several flags of one meaning that the version knows.
    pub(super) fn set_first(&mut self, flags: &[&'static str], value: &str) {
        let known = |flag: &&&'static str| {
            known(self.component, flag).is_some_and(|known| known.versions.has(self.version))
        };
        if let Some(flag) = flags.iter().find(known) {
            self.set(flag, value);
        }
    }

    /// Takes the cluster file's `extraArgs` over what is there.
    pub(super) fn with_extra(mut self, spec: &ClusterSpec) -> Self {
        if let Some(overrides) = spec.overrides(self.component) {
            for (flag, value) in &overrides.extra_args {
                let value = match flag.as_str() {
                    // The lists in which kboot's own entry must survive.
                    "enable-admission-plugins" => with_entry(value, "NodeRestriction"),
                    "admission-control" if self.version.minor() >= 7 => with_entry(value, "NodeRestriction"),
                    _ => value.clone(),
                };
                self.values.insert(flag.clone(), value);
            }
        }
        self
    }

    /// `--flag=value`, each.
    pub(super) fn arguments(&self) -> impl Iterator<Item = String> {
        self.values.iter().map(|(flag, value)| format!("--{flag}={value}"))
    }
}

fn with_entry(list: &str, entry: &str) -> String {
    if list.split(',').any(|present| present.trim() == entry) {
        list.to_owned()
    } else {
        format!("{entry},{list}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that is called complete rests on a binary of that version, row by row; those of 1.35 rest on its
    /// reference and source.
    #[test]
    fn each_row_of_a_complete_list_was_seen_on_a_binary() {
        let version = |minor: u16| -> KubernetesVersion { format!("v1.{minor}.0").parse().unwrap() };
        let rows = include_str!("flags.tsv").lines().filter(|line| !line.starts_with('#'));
        let rows: Vec<Vec<&str>> = rows.map(|row| row.split('\t').collect()).collect();
        for (component, minor) in COMPLETE.iter().filter(|(_, minor)| *minor != 35) {
            let mut present = 0;
            for row in rows.iter().filter(|row| row[0] == *component) {
                if VersionSpan::of_columns(row[2], row[3]).has(version(*minor)) {
                    let seen = [format!("run1.{minor}"), format!("src1.{minor}")]
                        .map(|word| row[5].split(',').any(|e| e == word));
                    assert!(seen[0] || (*minor == 20 && seen[1]), "1.{minor}: {row:?}");
                    present += 1;
                }
            }
            assert!(present > 50, "{component} 1.{minor}: {present}");
        }
        for component in
            ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"]
        {
            assert!(COMPLETE.contains(&(component, 36)), "{component}");
        }
    }

    /// The other way round than tests/components.rs: no flag of a complete list is made up.
    #[test]
    fn the_real_binaries_have_every_flag_of_the_table() {
        let folder = tempfile::tempdir().unwrap();
        for component in Component::ALL.into_iter().filter(|component| *component != Component::Etcd) {
            let Some(binary) = kboot_testkit::upstream(component.name()) else { return };
            let said = binary.run(folder.path(), &["--version"]).to_string();
            let version = said.split_whitespace().find(|word| word.starts_with("v1.")).unwrap();
            let version: KubernetesVersion = version.parse().unwrap();
            if !is_complete(component, version) {
                continue;
            }
            let help = binary.run(folder.path(), &["--help"]).to_string();
            let of_version = TABLE[component.name()].iter().filter(|(_, known)| known.versions.has(version));
            // Whether it is one that --help hides, the binary itself says.
            let hidden = of_version.filter(|(flag, _)| !help.contains(&format!("--{flag} ")));
            for (flag, _) in hidden {
                let said =
                    binary.run(folder.path(), &[format!("--{flag}=x"), "--help".to_owned()]).to_string();
                assert!(!said.contains("unknown flag"), "{component} {version} has no --{flag}");
            }
        }
    }

    #[test]
    fn node_restriction_survives() {
        assert_eq!(with_entry("PodSecurity", "NodeRestriction"), "NodeRestriction,PodSecurity");
        assert_eq!(with_entry("A,NodeRestriction", "NodeRestriction"), "A,NodeRestriction");
    }
}
