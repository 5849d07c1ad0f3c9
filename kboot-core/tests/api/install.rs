//! A node's install script, run: what it writes, what it starts in which order, and what it leaves alone the second
//! time. systemd is played by a program that notes what is asked of it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output};

use kboot_core::bundle::{FileKind, write_new};
use kboot_core::{Bundle, CaSet, ClusterSpec, Env, Plan};
use kboot_testkit::Oracle;

const CLUSTER: &str = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: 192.0.2.1
  join: {servingCertificates: issued}
  components: {kubelet: {config: {maxPods: 100}}}
  nodes:
  - {name: one, addresses: [192.0.2.1], roles: [control-plane, etcd, worker]}
  - {name: two, addresses: [192.0.2.2], roles: [worker]}
";

/// Answers from files, and notes what changes something.
const SYSTEMCTL: &str = r#"#!/bin/sh
for unit; do :; done
case $* in
  *is-enabled*) [ -e "$STATE/enabled-$unit" ]; exit ;;
  *is-active*) if [ -e "$STATE/active-$unit" ]; then cat "$STATE/active-$unit"; else echo inactive; exit 3; fi; exit ;;
  cat*) exit ;;
esac
echo "systemctl $*" >>"$STATE/calls"
case $* in
  *restart*) [ ! -e "$STATE/breaks-$unit" ] || exit 1; echo active >"$STATE/active-$unit" ;;
  *start*) echo active >"$STATE/active-$unit" ;;
  *enable*) : >"$STATE/enabled-$unit" ;;
esac
"#;

struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// A machine with the programs of a node; none where files cannot have other owners.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if fs::metadata(folder.path()).unwrap().uid() != 0 {
            assert!(std::env::var_os("KBOOT_REQUIRE_ORACLES").is_none(), "these tests need root");
            eprintln!("SKIPPED: install scripts are run by root alone");
            return None;
        }
        let machine = Self { folder };
        for (program, text) in [
            ("systemctl", SYSTEMCTL),
            ("systemd-sysusers", "#!/bin/sh\necho \"systemd-sysusers $*\" >>\"$STATE/calls\"\n"),
            ("systemd-tmpfiles", "#!/bin/sh\necho \"systemd-tmpfiles $*\" >>\"$STATE/calls\"\n"),
        ] {
            machine.program(&machine.path("programs").join(program), text);
        }
        for program in
            ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"]
        {
            machine.program(&machine.root().join("usr/bin").join(program), "");
        }
        fs::create_dir_all(machine.path("state")).unwrap();
        Some(machine)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn root(&self) -> std::path::PathBuf {
        self.path("root")
    }

    fn program(&self, path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_new(path, text.as_bytes(), 0o755).unwrap();
    }

    fn build(&self, cluster: &str) {
        let _ = Plan::build(&cluster.parse().unwrap(), &self.path("out"), &mut Env::system()).unwrap();
    }

    fn run(&self, node: &str) -> Output {
        let _ = fs::remove_file(self.path("state/calls"));
        Command::new("sh")
            .args(["-c", "PATH=$0:$PATH exec sh \"$1\""])
            .args([self.path("programs"), self.path("out/install").join(format!("{node}.sh"))])
            .env("STATE", self.path("state"))
            .env("INSTALL_ROOT", self.root())
            .output()
            .unwrap()
    }

    /// Runs the script to its end: what it says, and what it asks of systemd.
    fn install(&self, node: &str) -> (String, Vec<String>) {
        let output = self.run(node);
        let said = String::from_utf8(output.stdout).unwrap();
        let wrong = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && wrong.is_empty(), "{said}{wrong}");
        (said, self.calls())
    }

    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("state/calls")).unwrap_or_default();
        let root = self.root().display().to_string();
        calls.lines().map(|line| line.replace(&root, "")).collect()
    }
}

#[test]
fn the_first_run_starts_everything_in_order_and_the_second_nothing() {
    let Some(machine) = Machine::new() else { return };
    machine.build(CLUSTER);
    let (said, calls) = machine.install("one");
    let started = |unit: &str| {
        [format!("systemctl --quiet enable {unit}"), format!("systemctl start --no-block {unit}")]
    };
    let units = [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "containerd",
        "kubelet",
        "kube-proxy",
    ];
    let mut expected: Vec<String> = [
        "systemd-tmpfiles --create /etc/tmpfiles.d/kubernetes.conf",
        "systemctl daemon-reload",
        "systemctl restart systemd-modules-load",
        "systemctl restart systemd-sysctl",
    ]
    .map(str::to_owned)
    .into();
    expected.extend(units.into_iter().flat_map(started));
    assert_eq!(calls, expected, "{said}");
    for (path, mode) in [
        ("etc/kubernetes/pki/ca.key", 0o600),
        ("etc/kubernetes/pki/apiserver.crt", 0o644),
        ("etc/kubernetes/bootstrap-kubelet.conf", 0o600),
        ("etc/systemd/system/kubelet.service", 0o644),
    ] {
        let there = machine.root().join(path);
        assert_eq!(fs::metadata(&there).unwrap().mode() & 0o7777, mode, "{path}");
        assert_eq!(
            fs::read(&there).unwrap(),
            fs::read(machine.path("out/nodes/one").join(path)).unwrap(),
            "{path}"
        );
    }
    assert_eq!(fs::metadata(machine.root().join("etc/kubernetes/pki")).unwrap().mode() & 0o7777, 0o755);

    let (said, calls) = machine.install("one");
    assert_eq!(calls, [""; 0], "{said}");
    let count = said.strip_prefix("one: 0 of ").and_then(|rest| rest.strip_suffix(" files changed\n"));
    assert!(count.is_some_and(|count| count.parse::<usize>().is_ok_and(|count| count > 20)), "{said}");
}

#[test]
fn what_reads_a_changed_file_is_restarted_and_nothing_else() {
    let Some(machine) = Machine::new() else { return };
    machine.build(CLUSTER);
    machine.install("one");
    machine.build(&CLUSTER.replace("maxPods: 100", "maxPods: 200"));
    let (said, calls) = machine.install("one");
    assert_eq!(calls, ["systemctl restart kubelet"], "{said}");
    assert!(said.contains("systemctl restart kubelet: for /var/lib/kubelet/config.yaml"), "{said}");

    // A flag is in a unit.
    let with_flag = CLUSTER.replace("maxPods: 100}", "maxPods: 200}, extraArgs: {v: '4'}");
    machine.build(&with_flag);
    let (said, calls) = machine.install("one");
    assert_eq!(calls, ["systemctl daemon-reload", "systemctl restart kubelet"], "{said}");

    // Another name of the API server: its certificate, which it reads again by itself.
    let with_name = with_flag.replace("  join:", "  pki: {apiServerSANs: [k8s.example.com]}\n  join:");
    machine.build(&with_name);
    let (said, calls) = machine.install("one");
    assert_eq!(calls, [""; 0], "{said}");
    let line = "replaced /etc/kubernetes/pki/apiserver.crt (read again without a restart: kube-apiserver)";
    assert!(said.lines().any(|said| said == line), "{said}");

    // Before 1.17 it does not.
    let out = fs::read_to_string(machine.path("out/install/one.sh")).unwrap();
    let row = |text: &str, path: &str| {
        text.lines().find(|line| line.contains(&format!(" {path} "))).unwrap_or_default().to_owned()
    };
    assert!(row(&out, "/etc/kubernetes/pki/apiserver.key").ends_with(" '' kube-apiserver"));
    assert!(row(&out, "/var/lib/kubelet/pki/kubelet.crt").ends_with(" '' kubelet"));
    let old: ClusterSpec = CLUSTER.replace("v1.36.4", "v1.16.0").parse().unwrap();
    let mut env = Env::system();
    let authorities = CaSet::create(&old, &mut env).unwrap();
    let bundle = Bundle::render(&old, &authorities.issue(&old, &mut env).unwrap()).unwrap();
    let script = bundle.install_script(old.nodes()[0].name()).unwrap();
    assert_eq!((script.kind, script.mode()), (FileKind::InstallScript, 0o644));
    let script = std::str::from_utf8(script.content.expose_bytes()).unwrap();
    assert!(row(script, "/etc/kubernetes/pki/apiserver.key").ends_with(" kube-apiserver"));
    assert!(row(script, "/var/lib/kubelet/pki/kubelet.crt").ends_with(" kubelet"));
    // Several read an authority, and nobody what health checks use.
    let readers = "'kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy'";
    assert!(row(script, "/etc/kubernetes/pki/ca.crt").ends_with(readers), "{script}");
    assert!(row(script, "/etc/kubernetes/pki/etcd/healthcheck-client.key").ends_with(" ''"), "{script}");
}

#[test]
fn a_run_that_breaks_off_is_made_up_for() {
    let Some(machine) = Machine::new() else { return };
    machine.build(CLUSTER);
    machine.install("two");
    machine.build(&CLUSTER.replace("maxPods: 100", "maxPods: 200"));
    write_new(&machine.path("state/breaks-kubelet"), b"", 0o644).unwrap();
    assert!(!machine.run("two").status.success());
    fs::remove_file(machine.path("state/breaks-kubelet")).unwrap();
    let (said, calls) = machine.install("two");
    assert_eq!(calls, ["systemctl restart kubelet"], "{said}");
    assert_eq!(machine.install("two").1, [""; 0]);

    // Starting is neither started again nor waited for.
    fs::remove_file(machine.path("state/active-kubelet")).unwrap();
    write_new(&machine.path("state/active-kubelet"), b"activating\n", 0o644).unwrap();
    let (said, calls) = machine.install("two");
    assert_eq!(calls, [""; 0], "{said}");
    assert!(said.contains("kubelet is starting"), "{said}");
}

#[test]
fn nothing_is_touched_where_something_is_missing() {
    let Some(machine) = Machine::new() else { return };
    machine.build(CLUSTER);
    let refused = |why: &str| {
        let output = machine.run("two");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("two: {why}\n"));
        assert!(!machine.root().join("etc").exists() && machine.calls().is_empty());
    };
    fs::remove_file(machine.root().join("usr/bin/kubelet")).unwrap();
    refused("install first: /usr/bin/kubelet");
    let nobody = machine.path("programs/id");
    machine.program(&nobody, "#!/bin/sh\necho 1000\n");
    refused("must run as root");
}

#[test]
fn a_machine_does_not_become_another_and_two_scripts_do_not_meet() {
    let Some(machine) = Machine::new() else { return };
    machine.build(CLUSTER);
    machine.install("two");
    let identity = machine.root().join("var/lib/kboot/node");
    let refused = |node: &str, why: &str| {
        let output = machine.run(node);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said == format!("{node}: {why}\n"), "{said}");
        assert!(machine.calls().is_empty());
    };
    refused(
        "one",
        &format!(
            "this machine is two of kubernetes; where it is to become another, rm {} first",
            identity.display()
        ),
    );
    fs::remove_file(&identity).unwrap();
    machine.install("one");
    assert_eq!(fs::read_to_string(identity).unwrap(), "one of kubernetes\n");

    let lock = fs::File::create(machine.root().join("run/kboot/.lock")).unwrap();
    lock.lock().unwrap();
    refused("one", "another install script is at work here; wait until it has ended");
    drop(lock);
    machine.install("one");
}

/// What the shells of Debian and of many others say of it.
#[test]
fn the_script_is_posix() {
    let folder = tempfile::tempdir().unwrap();
    let spec: ClusterSpec = CLUSTER.replace("  join:", "  user: {name: kube}\n  join:").parse().unwrap();
    let _ = Plan::build(&spec, folder.path(), &mut Env::system()).unwrap();
    for (oracle, arguments) in [("dash", &["-n"][..]), ("shellcheck", &["--shell=sh", "--severity=style"])] {
        let Some(oracle) = Oracle::find(oracle) else { continue };
        for node in ["one", "two"] {
            let script = format!("install/{node}.sh");
            let verdict = oracle.run(folder.path(), &[arguments, &[&script]].concat());
            assert!(verdict.accepted, "{verdict}");
        }
    }
}
