//! Four hand-install guides against kboot: what each makes by hand beside what kboot makes of its cluster
//! file, step by step. `guides/steps.yaml` has the steps, the comparisons and every difference that remains
//! with its reason; `docs/guides.md` is made of it.
//!
//! `KBOOT_UPDATE_GOLDEN=1 cargo test -p kboot-core --test api guides` writes `docs/guides.md` anew.

mod compare;
mod document;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kboot_core::bundle::Plan;
use kboot_core::cluster::COMMENTED_EXAMPLE;
use kboot_core::document::Document;
use kboot_core::version::KubernetesVersion;
use kboot_core::{ClusterSpec, Env};
use serde::Deserialize;
use serde_yaml::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guides {
    about: String,
    /// Differences that every unit has, by name.
    every_unit: Vec<Difference>,
    guides: Vec<Guide>,
    outside: Vec<Outside>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guide {
    name: String,
    title: String,
    about: String,
    example: String,
    /// The guide's file names, each with kboot's.
    files: BTreeMap<String, String>,
    steps: Vec<Step>,
    /// What the guide gets wrong and people copy, beyond what the steps say.
    mistakes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    step: String,
    by_hand: String,
    kboot: String,
    #[serde(default)]
    compare: Option<serde_json::Value>,
    #[serde(default)]
    differs: Vec<Difference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    what: Vec<String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outside {
    what: String,
    kboot: String,
}

fn guides() -> Guides {
    serde_yaml::from_str(include_str!("../guides/steps.yaml")).unwrap()
}

/// A guide's cluster, built.
struct Built {
    folder: tempfile::TempDir,
    fixtures: PathBuf,
    files: BTreeMap<String, String>,
}

impl Built {
    fn of(guide: &Guide) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let example = root.join("../examples/guides").join(format!("{}.yaml", guide.example));
        let spec: ClusterSpec = std::fs::read_to_string(example).unwrap().parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let _ = Plan::build(&spec, folder.path(), &mut Env::system()).unwrap();
        let fixtures = root.join("tests/guides");
        Self { folder, fixtures, files: guide.files.clone() }
    }

    fn fixture(&self, name: &str) -> String {
        std::fs::read_to_string(self.fixtures.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn output(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(path))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The guide's text with kboot's names for the guide's files.
    fn renamed(&self, text: &str) -> String {
        // The longest first: one may begin another.
        let mut names: Vec<(&String, &String)> = self.files.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.into_iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs.as_str(), ours))
    }
}

/// What differs in a step is what `steps.yaml` says, no more and no less.
#[test]
fn every_difference_has_a_reason() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    let guides = guides();
    let in_every_unit: Vec<&String> =
        guides.every_unit.iter().flat_map(|difference| &difference.what).collect();
    let mut met = std::collections::BTreeSet::new();
    for guide in &guides.guides {
        let built = Built::of(guide);
        for step in &guide.steps {
            let Some(what) = &step.compare else {
                assert!(step.differs.iter().all(|difference| difference.what.is_empty()), "{}", step.step);
                continue;
            };
            let Some(mut found) = compare::differences(&built, what) else { continue };
            compared += 1;
            if what.get("unit").is_some() {
                let general = |difference: &String| {
                    let name = difference.split(": guide ").next().unwrap_or_default();
                    in_every_unit.iter().copied().find(|general| *general == name)
                };
                met.extend(found.iter().filter_map(general));
                found.retain(|difference| general(difference).is_none());
            }
            let listed: Vec<&String> = step.differs.iter().flat_map(|difference| &difference.what).collect();
            for difference in &found {
                if !listed.contains(&difference) {
                    wrong.push(format!("guide {}, {}: not listed: {difference}", guide.name, step.step));
                }
            }
            for difference in listed {
                if !found.contains(difference) {
                    wrong.push(format!(
                        "guide {}, {}: listed, not found: {difference}",
                        guide.name, step.step
                    ));
                }
            }
        }
    }
    wrong.extend(
        in_every_unit.into_iter().filter(|name| !met.contains(name)).map(|name| format!("no unit: {name}")),
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(compared > 0, "no step was compared");
}

#[test]
fn the_document_is_made_of_the_steps() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides.md");
    let text = document::render(&guides());
    if std::env::var_os("KBOOT_UPDATE_GOLDEN").is_some() {
        let _ = std::fs::remove_file(&path);
        kboot_core::bundle::write_new(&path, text.as_bytes(), 0o644).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == text, "docs/guides.md differs from guides/steps.yaml");
}

/// Every version that kboot covers: moving a guide's cluster by its one line works, and the real table
/// finds nothing wrong with what is written.
#[test]
fn one_line_moves_a_guide_through_every_version() {
    for guide in &guides().guides {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let example = root.join("../examples/guides").join(format!("{}.yaml", guide.example));
        let text = std::fs::read_to_string(example).unwrap();
        let version_line = text.lines().find(|line| line.contains("kubernetesVersion:")).unwrap();
        let first: u16 = version_line.split('.').nth(1).unwrap().parse().unwrap();
        for minor in first..=*KubernetesVersion::MINORS.end() {
            let version = format!("v1.{minor}.0");
            // RSA keys of a hundred files and thirty versions take minutes, and say nothing here.
            let text = text
                .replace(version_line, &format!("  kubernetesVersion: {version}"))
                .replace("rsa-2048", "ecdsa-p256");
            let spec: ClusterSpec =
                text.parse().unwrap_or_else(|error| panic!("{} {version}: {error}", guide.name));
            let folder = tempfile::tempdir().unwrap();
            let _ = Plan::build(&spec, folder.path(), &mut Env::system()).unwrap();
            for node in spec.nodes() {
                let root = folder.path().join("nodes").join(node.name().as_str());
                let mut files = Vec::new();
                for below in ["etc/systemd/system", "etc/kubernetes", "var/lib/kubelet", "var/lib/kube-proxy"]
                {
                    for entry in std::fs::read_dir(root.join(below)).into_iter().flatten() {
                        let path = entry.unwrap().path();
                        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                        let is_checked = name.ends_with(".service")
                            || name.ends_with(".env")
                            || name.starts_with("config.");
                        if path.is_file() && is_checked {
                            files.push((name, std::fs::read_to_string(path).unwrap()));
                        }
                    }
                }
                let files: Vec<(&str, &str)> =
                    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
                let findings = kboot_core::component::lint(&files, version.parse().unwrap()).unwrap();
                assert!(findings.is_empty(), "{} {version}: {findings:#?}", guide.name);
            }
        }
    }
}

/// Whoever writes a cluster file finds the versions that are covered wherever they look.
#[test]
fn the_covered_versions_are_named() {
    let (oldest, newest) = (KubernetesVersion::MINORS.start(), KubernetesVersion::MINORS.end());
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let range = format!("Kubernetes 1.{oldest} to 1.{newest}.");
    assert!(readme.contains(&range), "README.md lacks {range:?}");
    let range = format!("1.{oldest} to 1.{newest}.");
    assert!(ClusterSpec::schema().contains(&range), "the schema lacks {range:?}");
    assert!(COMMENTED_EXAMPLE.contains(&range), "the commented example lacks {range:?}");
}

/// The crate's README is compiled, and with it this one's example.
#[test]
fn the_readme_has_the_crates_example() {
    let read =
        |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (whole, of_crate) = (read("../README.md"), read("README.md"));
    let example = of_crate.split("```").nth(1).unwrap();
    assert!(example.starts_with("rust,no_run\n") && whole.contains(example));
}

/// The full configuration files of guide 002 go through kboot's types without loss.
#[test]
fn whole_configuration_files_survive() {
    use kboot_core::component::{KubeProxyConfiguration, KubeletConfiguration};
    let version = "v1.20.2".parse().unwrap();
    let same = |before: &str, after: &str| {
        let value = |text: &str| serde_yaml::from_str::<Value>(text).unwrap();
        assert_eq!(value(before), value(after));
    };
    let kubelet = include_str!("../guides/002/kubelet.yaml");
    same(kubelet, &KubeletConfiguration::parse(kubelet, version).unwrap().to_yaml().unwrap());
    let proxy = include_str!("../guides/002/kube-proxy.yaml");
    same(proxy, &KubeProxyConfiguration::parse(proxy, version).unwrap().to_yaml().unwrap());
}
