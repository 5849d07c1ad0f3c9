//! Running the program as a user would.

pub(crate) mod requests;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub(crate) fn kboot_path() -> &'static str {
    env!("CARGO_BIN_EXE_kboot")
}

/// What most tests read are words, so no line is wrapped; `golden` has what people see.
pub(crate) const NO_END: &str = "100000";

pub(crate) fn kboot_with(folder: &Path, arguments: &[&str], stdin: &[u8]) -> Outcome {
    let mut child = Command::new(kboot_path())
        .args(arguments)
        .env("COLUMNS", NO_END)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has read enough may close its end.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub(crate) fn kboot(folder: &Path, arguments: &[&str]) -> Outcome {
    kboot_with(folder, arguments, b"")
}

/// Runs the program with arguments that are separated by blanks.
pub(crate) fn run(folder: impl AsRef<Path>, arguments: &str) -> Outcome {
    kboot(folder.as_ref(), &arguments.split_whitespace().collect::<Vec<_>>())
}

pub(crate) fn succeed(folder: impl AsRef<Path>, arguments: &str) -> Outcome {
    let outcome = run(folder, arguments);
    assert_eq!(outcome.code, Some(0), "{arguments}: {}", outcome.stderr);
    outcome
}

/// What a command that succeeds prints, as JSON.
pub(crate) fn json(folder: impl AsRef<Path>, arguments: &str) -> Value {
    serde_json::from_str(&succeed(folder, arguments).stdout).unwrap()
}

/// A new folder with the cluster's file.
pub(crate) fn with_cluster_file() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("cluster.yaml"), CLUSTER.as_bytes());
    folder
}

/// A new folder with the cluster's file, and what is built from it in `out`.
pub(crate) fn built() -> TempDir {
    let folder = with_cluster_file();
    succeed(&folder, "cluster build -f cluster.yaml --out out");
    folder
}

pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    std::fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

pub(crate) const CLUSTER: &str = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: 192.0.2.1
  nodes:
  - {name: one, addresses: [192.0.2.1], roles: [control-plane, etcd, worker]}
";
