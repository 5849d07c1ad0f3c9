//! `kubectl kboot …`: started as `kubectl-kboot`, the program calls itself what people typed.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use kboot_testkit::Oracle;

use crate::common::{CLUSTER, Outcome, kboot_path, requests, write};

#[expect(clippy::disallowed_methods, reason = "the search path is handed on")]
fn started(program: &Path, folder: &Path, arguments: &str) -> Outcome {
    let output = Command::new(program)
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()))
        .output()
        .unwrap();
    output.into()
}

/// No command that is not called `kubectl kboot`.
fn is_consistent(text: &str) -> bool {
    ["cluster ", "csr ", "policy ", "token ", "cert ", "node "].iter().all(|command| {
        let ours = format!("kboot {command}");
        text.match_indices(&ours).all(|(at, _)| text[..at].trim_end().ends_with("kubectl"))
    })
}

#[test]
fn the_plugin_is_called_kubectl_kboot() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("kubectl-kboot");
    symlink(kboot_path(), &plugin).unwrap();
    write(&folder.path().join("cluster.yaml"), CLUSTER.as_bytes());
    let run = |arguments: &str| started(&plugin, folder.path(), arguments);

    let plan = run("cluster plan");
    assert_eq!(plan.code, Some(1));
    assert!(plan.stderr.contains("kubectl kboot: next: kubectl kboot cluster build -f"), "{}", plan.stderr);
    let error = run("cluster plan -f gone.yaml");
    assert!(error.stderr.starts_with("kubectl kboot: error: "), "{}", error.stderr);
    let usage = run("cluster plan --nonsense");
    assert!(usage.stderr.contains("Usage: kubectl kboot cluster plan"), "{}", usage.stderr);
    for command in [
        "",
        "cluster",
        "cluster build",
        "csr",
        "csr explain",
        "csr approve",
        "token create",
        "kubeconfig bootstrap",
    ] {
        let help = run(&format!("{command} --help")).stdout;
        assert!(help.contains(format!("Usage: kubectl kboot {command}").trim_end()), "{help}");
        assert!(help.contains("\n  kubectl kboot ") && is_consistent(&help), "{help}");
    }
    // What the library advises.
    let request = requests::serving("csr-1", "worker-1", &["192.168.5.21"]);
    write(&folder.path().join("request.json"), request.to_string().as_bytes());
    for form in ["tree", "json"] {
        let explained = run(&format!("csr explain -f request.json -o {form}"));
        assert_eq!(explained.code, Some(1), "{}", explained.stderr);
        let said = &explained.stdout;
        assert!(
            said.contains("kubectl kboot policy preset kubelet-serving") && is_consistent(said),
            "{said}"
        );
    }
    // Pages and completions are kboot's, whoever asks.
    assert!(run("man cluster build").stdout.contains(".TH kboot-cluster-build "));
    assert!(run("--version").stdout.starts_with("kboot "));

    // Under another name it is kboot.
    let other = folder.path().join("other");
    symlink(kboot_path(), &other).unwrap();
    let plan = started(&other, folder.path(), "cluster plan");
    assert!(plan.stderr.contains("kboot: next: kboot cluster build"), "{}", plan.stderr);
    assert!(started(&other, folder.path(), "--help").stdout.contains("Usage: kboot "));
}

#[test]
fn kubectl_finds_it() {
    let Some(_) = Oracle::find("kubectl") else { return };
    let folder = tempfile::tempdir().unwrap();
    symlink(kboot_path(), folder.path().join("kubectl-kboot")).unwrap();
    let kubectl = |arguments: &str| started(Path::new("kubectl"), folder.path(), arguments);
    assert!(kubectl("plugin list").stdout.contains("/kubectl-kboot\n"));
    assert_eq!(kubectl("kboot --version").stdout, format!("kboot {}\n", env!("CARGO_PKG_VERSION")));
    let error = kubectl("kboot cluster plan -f gone.yaml");
    assert_eq!(error.code, Some(2));
    assert!(error.stderr.starts_with("kubectl kboot: error: "), "{}", error.stderr);
}
