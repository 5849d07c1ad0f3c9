//! `kboot-apiserver` as people and other languages run it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

/// The program, ended with the test whatever becomes of that.
struct Program(Child, BufReader<ChildStderr>);

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = program(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self(child, stderr)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Ends it by a signal; its exit code and what else it said.
    fn end(mut self, signal: Signal) -> (Option<i32>, Vec<String>) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
        let said = self.1.by_ref().lines().map(Result::unwrap).collect();
        (self.0.wait().unwrap().code(), said)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_kboot-apiserver"));
    program.args(arguments);
    program
}

fn kubectl(kubeconfig: &Path, arguments: &[&str]) -> Output {
    Command::new("kubectl").arg("--kubeconfig").arg(kubeconfig).args(arguments).output().unwrap()
}

/// What kubectl prints once that is as it should be.
fn kubectl_until(kubeconfig: &Path, arguments: &[&str], is: impl Fn(&str) -> bool) -> String {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let output = kubectl(kubeconfig, arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        if is(&text) {
            return text;
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(Instant::now() < until, "kubectl {arguments:?}: {text}{errors}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn has_kubectl() -> bool {
    let has = Command::new("kubectl").arg("help").output().is_ok();
    assert!(has || std::env::var_os("KBOOT_REQUIRE_ORACLES").is_none_or(|value| value != "1"), "no kubectl");
    if !has {
        eprintln!("SKIPPED: no kubectl");
    }
    has
}

/// Opens connections that say nothing, and finds the server as it was.
#[test]
fn ten_thousand_idle_connections_are_nothing() {
    const IDLE: usize = 10_000;
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    assert!(
        maximum.is_none_or(|most| most > 11_000),
        "a test of {IDLE} connections needs as many open files"
    );
    if !has_kubectl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("demo.conf");
    let mut server = Program::start(&["--kubeconfig", kubeconfig.to_str().unwrap()]);
    let line = server.line();
    let address = line.rsplit("https://").next().unwrap().to_owned();
    let idle: Vec<_> = (0..IDLE).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let output = kubectl(&kubeconfig, &["get", "--raw", "/readyz"]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "ok",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    drop(idle);
    let output = kubectl(&kubeconfig, &["create", "namespace", "after"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (code, _) = server.end(Signal::TERM);
    assert_eq!(code, Some(0));
}

#[test]
fn one_command_shows_a_whole_bootstrap() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("demo.conf");
    let policy = folder.path().join("policy.yaml");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/apiserver-policy.yaml"), &policy).unwrap();
    let (kubeconfig_text, policy) = (kubeconfig.to_str().unwrap(), policy.to_str().unwrap());
    let mut server = Program::start(&[
        "--kubeconfig",
        kubeconfig_text,
        "--kubernetes-version",
        "1.36",
        "--nodes",
        "3",
        "--approver",
        policy,
    ]);
    let first = server.line();
    assert!(first.starts_with("kboot-apiserver: Kubernetes v1.36.0 at https://127.0.0.1:"), "{first}");
    assert_eq!(
        server.line(),
        format!("kboot-apiserver: kubectl --kubeconfig {kubeconfig_text} get nodes --watch")
    );
    assert_eq!(std::fs::metadata(&kubeconfig).unwrap().permissions().mode() & 0o777, 0o600);
    if has_kubectl() {
        let nodes =
            kubectl_until(&kubeconfig, &["get", "nodes"], |text| text.matches(" Ready ").count() == 3);
        for name in ["node-1", "node-2", "node-3"] {
            assert!(nodes.contains(name), "{nodes}");
        }
        assert_eq!(nodes.matches("v1.36.0").count(), 3, "{nodes}");
        kubectl_until(&kubeconfig, &["get", "csr"], |text| text.matches("Approved,Issued").count() == 6);
        let may = kubectl(&kubeconfig, &["auth", "can-i", "get", "secrets", "--as", "kboot-approver"]);
        assert_eq!(String::from_utf8(may.stdout).unwrap().trim(), "no");
    }
    let (code, said) = server.end(Signal::TERM);
    assert_eq!(code, Some(0), "{said:?}");
    if has_kubectl() {
        assert_eq!(
            said.iter().filter(|line| line.contains("kubelet-serving of system:node:node-")).count(),
            3,
            "{said:?}"
        );
    }
    assert!(kubeconfig.exists());

    // Again, in the place of what the first run left.
    let mut server = Program::start(&["--kubeconfig", kubeconfig_text]);
    assert!(server.line().contains("Kubernetes v1.37.0"));
    assert_eq!(server.end(Signal::INT).0, Some(0));
}

#[test]
fn without_an_approver_serving_requests_stay() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("demo.conf");
    if !has_kubectl() {
        return;
    }
    let mut server = Program::start(&["--kubeconfig", kubeconfig.to_str().unwrap(), "--nodes", "1"]);
    let _ready = (server.line(), server.line());
    let is_left = |line: &str| line.contains("kubernetes.io/kubelet-serving") && line.contains("Pending");
    let requests = kubectl_until(&kubeconfig, &["get", "csr"], |text| text.lines().any(is_left));
    assert_eq!(requests.matches("Approved,Issued").count(), 1, "{requests}");
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}

#[test]
fn mistakes_end_it_at_once_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::File::create(path("empty")).unwrap();
    for (arguments, said) in [
        (&["--kubeconfig"][..], "error: a value is required for '--kubeconfig'"),
        (&["--kubeconfg", "a"], "error: unexpected argument '--kubeconfg'"),
        (&["--kubeconfig", &path("no/a")], "cannot be written: its folder is not there"),
        (&["--kubeconfig", &path("empty")], "is there already and stays as it is"),
        (&["--kubeconfig", &path("a"), "--kubernetes-version", "1.19"], "the server has no version \"1.19\""),
        (&["--kubeconfig", &path("a"), "--approver", &path("none")], "cannot read"),
        (&["--kubeconfig", &path("a"), "--approver", &path("empty")], "empty"),
    ] {
        let output = program(arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.starts_with("kboot-apiserver: error: ") && text.contains(said), "{arguments:?}: {text}");
        assert!(!Path::new(&path("a")).exists(), "{arguments:?}");
    }
    for (argument, said) in
        [("--help", "Usage: kboot-apiserver --kubeconfig FILE"), ("-V", "kboot-apiserver 0.1.0\n")]
    {
        let output = program(&[argument]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains(said));
    }
}
