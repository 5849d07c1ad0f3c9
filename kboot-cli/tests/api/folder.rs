//! An output folder over time: whose it is, the versions that it was built for, and its join token.

use std::path::Path;

use crate::common::{CLUSTER, Outcome, kboot_with, write};
use kboot_core::token::TokenSecret;
use serde_json::{Value, json};

fn cluster(folder: &Path, command: &str, text: &str, more: &[&str]) -> Outcome {
    let arguments = [&["cluster", command, "-f", "-", "--out", "out"], more].concat();
    kboot_with(folder, &arguments, text.as_bytes())
}

/// One file's entry in the plan's list.
fn entry(folder: &Path, text: &str, path: &str) -> Value {
    let list = cluster(folder, "plan", text, &["-o", "json"]).stdout;
    let yaml = cluster(folder, "plan", text, &["-o", "yaml"]).stdout;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml).unwrap(), list);
    list["files"].as_array().unwrap().iter().find(|entry| entry["file"] == path).unwrap().clone()
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

/// Sets the join token's end to a day long gone, as it is on the second day.
fn expire(out: &Path) {
    let path = out.join("manifests/bootstrap-token.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.contains("expiration:")).unwrap();
    let text = text.replace(line, "  expiration: \"2020-01-01T00:00:00Z\"");
    write(&path, text.as_bytes());
}

#[test]
fn an_expired_join_token_is_a_note_until_a_new_one_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(cluster(folder.path(), "build", CLUSTER, &[]).code, Some(0));
    let out = folder.path().join("out");
    let bootstrap = out.join("nodes/one/etc/kubernetes/bootstrap-kubelet.conf");
    let token = || {
        let text = std::fs::read_to_string(out.join("manifests/bootstrap-token.yaml")).unwrap();
        let token = TokenSecret::read(&text).unwrap().0;
        assert!(std::fs::read_to_string(&bootstrap).unwrap().contains(token.expose_secret().expose_secret()));
        token
    };
    let path = "manifests/bootstrap-token.yaml";
    assert!(entry(folder.path(), CLUSTER, path).get("expired").is_none());
    let first = token();
    expire(&out);
    for command in ["plan", "build", "plan"] {
        let outcome = cluster(folder.path(), command, CLUSTER, &[]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{}", outcome.stderr);
        for part in ["note: ", first.id().as_str(), "expired on 2020-01-01", path, "--new-token"] {
            assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
        }
        assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
    }
    let entry = entry(folder.path(), CLUSTER, path);
    assert_eq!((&entry["action"], &entry["expiration"]), (&json!("keep"), &json!("2020-01-01T00:00:00Z")));

    let plan = cluster(folder.path(), "plan", CLUSTER, &["--new-token"]);
    assert_eq!(plan.code, Some(1), "{}", plan.stderr);
    let lines: Vec<&str> = plan.stdout.lines().take_while(|line| line.starts_with("replace")).collect();
    assert_eq!(lines.len(), 3, "{}", plan.stdout);
    assert!(lines[0].contains("(a new token was asked for"), "{}", plan.stdout);
    assert_eq!(cluster(folder.path(), "build", CLUSTER, &["--new-token"]).code, Some(0));
    let second = token();
    assert!(!second.equals(&first));
    let after = cluster(folder.path(), "plan", CLUSTER, &[]);
    assert!(after.code == Some(0) && !after.stderr.contains("note"), "{}", after.stderr);
    // One that is still good is exchanged as well.
    assert_eq!(cluster(folder.path(), "build", CLUSTER, &["--new-token"]).code, Some(0));
    assert!(!token().equals(&second));
}

#[test]
fn a_cluster_without_bootstrap_tokens_gets_no_new_one() {
    let folder = tempfile::tempdir().unwrap();
    for credentials in ["certificate", "static-token"] {
        let join = format!("  join: {{nodeCredentials: {credentials}}}\n  nodes:");
        let text = CLUSTER.replace("  nodes:", &join);
        let outcome = cluster(folder.path(), "build", &text, &["--new-token"]);
        assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("join.nodeCredentials"), "{}", outcome.stderr);
        assert!(!folder.path().join("out/kboot.json").exists());
    }
}
