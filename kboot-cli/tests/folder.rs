//! An output folder over time: whose it is, and the versions that it was built for.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;

use common::{CLUSTER, Outcome, kboot_with};
use serde_json::{Value, json};

fn cluster(folder: &Path, command: &str, text: &str, more: &[&str]) -> Outcome {
    let arguments = [&["cluster", command, "-f", "-", "--out", "out"], more].concat();
    kboot_with(folder, &arguments, text.as_bytes())
}

/// One file's entry in the plan's list.
fn entry(folder: &Path, text: &str, path: &str) -> Value {
    let list = cluster(folder, "plan", text, &["-o", "json"]).stdout;
    let yaml = cluster(folder, "plan", text, &["-o", "yaml"]).stdout;
    let list: Vec<Value> = serde_json::from_str(&list).unwrap();
    assert_eq!(serde_saphyr::from_str::<Vec<Value>>(&yaml).unwrap(), list);
    list.into_iter().find(|entry| entry["path"] == path).unwrap()
}

#[test]
fn another_clusters_file_is_an_error_that_says_how_to_mean_it() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(cluster(folder.path(), "build", CLUSTER, &[]).code, Some(0));
    let renamed = CLUSTER.replace("name: kubernetes", "name: staging");
    let moved = CLUSTER.replace("192.0.2.1", "192.0.2.7");
    let old = "kubernetes@https://192.0.2.1:6443";
    for (text, new, why) in [
        (&renamed, "staging@https://192.0.2.1:6443", "another name"),
        (&moved, "kubernetes@https://192.0.2.7:6443", "another endpoint"),
    ] {
        for command in ["plan", "build"] {
            let outcome = cluster(folder.path(), command, text, &[]);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{}", outcome.stderr);
            for part in [old, new, why, "another folder", &format!("--cluster-was {old}")] {
                assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
            }
            // It must be said of this very cluster.
            let wrong = cluster(folder.path(), command, text, &["--cluster-was", new]);
            assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
        }
    }
    let authority = || std::fs::read(folder.path().join("out/authorities/ca.crt")).unwrap();
    let before = authority();
    assert_eq!(cluster(folder.path(), "plan", &renamed, &["--cluster-was", old]).code, Some(1));
    assert_eq!(cluster(folder.path(), "build", &renamed, &["--cluster-was", old]).code, Some(0));
    assert_eq!(authority(), before);
    assert_eq!(cluster(folder.path(), "plan", &renamed, &[]).code, Some(0));
    // Said once more, as a script would, it changes nothing and lets nobody else in.
    assert_eq!(cluster(folder.path(), "build", &renamed, &["--cluster-was", old]).code, Some(0));
    assert_eq!(cluster(folder.path(), "build", CLUSTER, &["--cluster-was", old]).code, Some(2));
    let malformed = cluster(folder.path(), "plan", &renamed, &["--cluster-was", "kubernetes"]);
    assert!(malformed.code == Some(2) && malformed.stderr.contains("NAME@ENDPOINT"), "{}", malformed.stderr);
}

#[test]
fn a_move_to_another_version_is_said() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(cluster(folder.path(), "build", CLUSTER, &[]).code, Some(0));
    assert!(entry(folder.path(), CLUSTER, "kboot.json").get("versionChange").is_none());
    for (version, change, said) in [
        ("v1.36.5", "upgrade", ""),
        ("v1.37.0", "upgrade", ""),
        ("v1.36.2", "downgrade", "v1.36.4 goes back to v1.36.2"),
        ("v1.35.0", "downgrade", "not supported"),
    ] {
        let text = CLUSTER.replace("v1.36.4", version);
        let entry = entry(folder.path(), &text, "kboot.json");
        let wanted = json!({"from": "v1.36.4", "to": version, "kind": change});
        assert_eq!(entry["versionChange"], wanted, "{entry}");
        let outcome = cluster(folder.path(), "plan", &text, &[]);
        assert_eq!(outcome.stderr.contains("warning: Kubernetes"), !said.is_empty(), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
        let line = outcome.stdout.lines().find(|line| line.contains("kboot.json")).unwrap();
        assert!(line.contains(said) && line.contains(version), "{line}");
    }
    let old = CLUSTER.replace("v1.36.4", "v1.33.1");
    let built = cluster(folder.path(), "build", &old, &[]);
    assert!(built.code == Some(0) && built.stderr.contains("warning: Kubernetes"), "{}", built.stderr);
    let jump = cluster(folder.path(), "plan", CLUSTER, &[]);
    for part in ["warning: Kubernetes v1.33.1 becomes v1.36.4", "one minor version at a time", "v1.34"] {
        assert!(
            jump.stderr.contains(part) && jump.stdout.contains(part.trim_start_matches("warning: ")),
            "{part}"
        );
    }
    assert_eq!(entry(folder.path(), CLUSTER, "kboot.json")["versionChange"]["kind"], "jump");
}
