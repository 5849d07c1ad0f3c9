//! `kboot cluster push`, with an ssh that notes how it is called and plays the machines in folders.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::{CLUSTER, NO_END, Outcome, kboot_path, succeed, write};

/// Two workers of a control plane that is elsewhere, so that nothing but machines is asked.
const WORKERS: &str = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlane: external
  controlPlaneEndpoint: 192.0.2.9
  components: {kubelet: {config: {maxPods: 100}}}
  nodes:
  - {name: w1, addresses: [192.0.2.1], roles: [worker]}
  - {name: w2, addresses: [192.0.2.2], roles: [worker]}
";

/// The command is the last argument, the machine's address the one before.
const SSH: &str = r#"#!/bin/sh
printf '%s\n' "$*" >>"$STATE/calls"
for argument; do host=$command command=$argument; done
STATE=$STATE/$host
[ ! -e "$STATE/off" ] || { echo "ssh: connect to host $host port 22: No route to host" >&2; exit 255; }
[ ! -e "$STATE/hangs" ] || { echo $$ >"$STATE/pid"; exec sleep 1000; }
[ ! -e "$STATE/user" ] || PATH=$STATE/user:$PATH
export INSTALL_ROOT="$STATE/root" TMPDIR="$STATE/tmp" STATE PATH
exec sh -c "$command"
"#;

const SYSTEMCTL: &str = r#"#!/bin/sh
state() { if [ -e "$STATE/active-$1" ]; then echo active; else echo inactive; fi; }
case $1 in
  --quiet) case $2 in is-enabled) [ -e "$STATE/enabled-$3" ]; exit ;; enable) : >"$STATE/enabled-$3" ;; esac ;;
  is-active) shift; for unit; do state "$unit"; done ;;
  start | restart) for unit; do :; done; : >"$STATE/active-$unit" ;;
esac
"#;

/// A folder with the cluster's file and what is built of it, and the machines.
struct World {
    folder: TempDir,
}

impl World {
    /// None where files cannot have other owners.
    fn new(cluster: &str, hosts: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if fs::metadata(folder.path()).unwrap().uid() != 0 {
            assert!(std::env::var_os("KBOOT_REQUIRE_ORACLES").is_none(), "these tests need root");
            eprintln!("SKIPPED: install scripts are run by root alone");
            return None;
        }
        let world = Self { folder };
        let nothing = "#!/bin/sh\n";
        for (name, text) in [
            ("ssh", SSH),
            ("systemctl", SYSTEMCTL),
            ("systemd-sysusers", nothing),
            ("systemd-tmpfiles", nothing),
            ("chown", nothing),
        ] {
            world.program(&format!("bin/{name}"), text);
        }
        for host in hosts {
            fs::create_dir_all(world.path(&format!("state/{host}/tmp"))).unwrap();
            for program in [
                "etcd",
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kubelet",
                "kube-proxy",
            ] {
                world.program(&format!("state/{host}/root/usr/bin/{program}"), nothing);
            }
        }
        world.file("cluster.yaml", cluster);
        if cluster.contains("external") {
            succeed(&world.folder, "ca create --out out/authorities");
        }
        succeed(&world.folder, "cluster build");
        Some(world)
    }

    fn workers() -> Option<Self> {
        Self::new(WORKERS, &["192.0.2.1", "192.0.2.2"])
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn file(&self, path: &str, text: &str) {
        write(&self.path(path), text.as_bytes());
    }

    fn program(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        self.file(path, text);
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn push(&self, arguments: &str) -> Outcome {
        let path =
            format!("{}:{}", self.path("bin").display(), std::env::var_os("PATH").unwrap().to_string_lossy());
        let mut command = Command::new(kboot_path());
        command.args(["cluster", "push"]).args(arguments.split_whitespace()).current_dir(self.folder.path());
        command.env("PATH", path).env("STATE", self.path("state")).env("COLUMNS", NO_END);
        command.output().unwrap().into()
    }

    /// How ssh was called, a line each.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("state/calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    /// The machines onto which something was to be installed.
    fn installed(&self) -> Vec<String> {
        let calls = self.calls();
        let installs = calls.iter().filter(|call| call.contains("tar -xf"));
        installs
            .map(|call| call.split(" -- ").nth(1).unwrap().split(' ').next().unwrap().to_owned())
            .collect()
    }

    /// Nothing of a push is left on a machine.
    fn is_clean(&self, host: &str) -> bool {
        self.path(&format!("state/{host}/tmp")).read_dir().unwrap().next().is_none()
    }
}

fn rows(outcome: &Outcome) -> Vec<String> {
    let rows = outcome.stdout.lines().skip(1);
    rows.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn machines_are_installed_one_after_the_other_and_again_without_a_change() {
    let Some(world) = World::workers() else { return };
    let outcome = world.push("");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(rows(&outcome), ["w1 changed", "w2 changed"]);
    assert_eq!(world.installed(), ["192.0.2.1", "192.0.2.2"]);
    let before = "-o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 \
                  -o ForwardAgent=no -o ForwardX11=no -o ClearAllForwardings=yes -T -l root -- ";
    assert!(world.calls().iter().all(|call| call.starts_with(before)), "{:#?}", world.calls());
    for (node, host) in [("w1", "192.0.2.1"), ("w2", "192.0.2.2")] {
        assert!(world.is_clean(host), "{host}");
        for path in ["etc/kubernetes/bootstrap-kubelet.conf", "var/lib/kubelet/config.yaml"] {
            let there = world.path(&format!("state/{host}/root/{path}"));
            let here = world.path(&format!("out/nodes/{node}/{path}"));
            if here.exists() {
                assert_eq!(fs::read(&there).unwrap(), fs::read(&here).unwrap(), "{path}");
            }
        }
    }
    // No key is seen by whoever lists processes, nor told.
    let seen = format!("{:?}{}{}", world.calls(), outcome.stdout, outcome.stderr);
    assert!(!seen.contains("PRIVATE KEY") && !seen.contains("LS0tLS1"), "{seen}");

    let again = world.push("-o json");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let said: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(
        said,
        serde_json::json!([{"node": "w1", "outcome": "unchanged"}, {"node": "w2", "outcome": "unchanged"}])
    );
    let one = world.push("--node w2");
    assert_eq!((one.code, rows(&one)), (Some(0), vec!["w2 unchanged".to_owned()]));
}

#[test]
fn the_first_failure_stops_and_the_next_push_goes_on() {
    let Some(world) = World::workers() else { return };
    world.file("state/192.0.2.1/off", "");
    let outcome = world.push("");
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert_eq!(rows(&outcome), ["w1 failed", "w2 left"]);
    assert!(
        outcome.stderr.contains("w1: it cannot be reached: ssh: connect to host 192.0.2.1"),
        "{}",
        outcome.stderr
    );
    assert_eq!(world.installed(), ["192.0.2.1"]);

    fs::remove_file(world.path("state/192.0.2.1/off")).unwrap();
    fs::remove_file(world.path("state/192.0.2.1/root/usr/bin/kubelet")).unwrap();
    let outcome = world.push("");
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    let reason = "w1: exit status 1: w1: install first: /usr/bin/kubelet";
    assert!(outcome.stderr.contains(reason), "{}", outcome.stderr);
    assert!(world.is_clean("192.0.2.1"), "also where a script fails");

    world.program("state/192.0.2.1/root/usr/bin/kubelet", "");
    let outcome = world.push("");
    assert_eq!((outcome.code, rows(&outcome).join(", ")), (Some(0), "w1 changed, w2 changed".to_owned()));
}

#[test]
fn an_ssh_that_hangs_ends_with_the_timeout_and_leaves_nothing_behind() {
    let Some(world) = World::workers() else { return };
    world.file("state/192.0.2.1/hangs", "");
    let begin = Instant::now();
    let outcome = world.push("--timeout 1s");
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert!(outcome.stderr.contains("w1: not done within 1 s"), "{}", outcome.stderr);
    let pid = fs::read_to_string(world.path("state/192.0.2.1/pid")).unwrap();
    let is_there = || Path::new("/proc").join(pid.trim()).exists();
    while is_there() && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!is_there(), "ssh goes on");
}

#[test]
fn another_user_needs_sudo_without_a_password() {
    let Some(world) = World::workers() else { return };
    for host in ["192.0.2.1", "192.0.2.2"] {
        world.program(&format!("state/{host}/user/id"), "#!/bin/sh\necho 1000\n");
        let sudo = "#!/bin/sh\n[ \"$1\" = -n ] || exit 9\nshift\nPATH=${PATH#*:} exec \"$@\"\n";
        world.program(&format!("state/{host}/user/sudo"), sudo);
    }
    let outcome = world.push("--ssh-user admin");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(world.calls().iter().all(|call| call.contains(" -l admin -- ")));
    let asks = "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n";
    world.program("state/192.0.2.1/user/sudo", asks);
    let outcome = world.push("--ssh-user admin");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("w1: exit status 1: sudo: a password is required"), "{}", outcome.stderr);
}

#[test]
fn what_is_not_as_the_file_says_goes_nowhere() {
    let Some(world) = World::workers() else { return };
    let dry = world.push("--dry-run");
    assert_eq!((dry.code, rows(&dry)), (Some(0), vec!["w1 install".to_owned(), "w2 install".to_owned()]));
    for (arguments, words) in [
        ("--node w3", "the cluster file has no node w3"),
        ("--node -oProxyCommand=x", "--node"),
        ("--ssh-user=-oProxyCommand=x", "--ssh-user"),
        ("--ssh-user a;b", "--ssh-user"),
        ("--timeout 0s", "--timeout must be at least 1s"),
        ("--out nowhere", "nowhere is not there; kboot cluster build makes it"),
    ] {
        let outcome = world.push(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments}");
        assert!(outcome.stderr.contains(words), "{arguments}: {}", outcome.stderr);
    }
    let lock = File::open(world.path("out")).unwrap();
    lock.lock().unwrap();
    let outcome = world.push("");
    assert!(outcome.stderr.contains("another kboot is at work in out"), "{}", outcome.stderr);
    drop(lock);
    world.file("cluster.yaml", &WORKERS.replace("maxPods: 100", "maxPods: 200"));
    let outcome = world.push("");
    assert_eq!(outcome.code, Some(2));
    let words =
        "out is not what cluster.yaml asks for; run kboot cluster build -f cluster.yaml --out out first";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    assert_eq!(world.calls(), [""; 0]);
}

#[test]
fn a_control_plane_that_nobody_reaches_is_not_taken_for_a_new_one() {
    let Some(world) = World::new(CLUSTER, &["192.0.2.1"]) else { return };
    world.file("state/192.0.2.1/active-kube-apiserver", "");
    let outcome = world.push("--timeout 1s");
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("one runs kube-apiserver, but it cannot be asked from here"),
        "{}",
        outcome.stderr
    );
    assert_eq!(world.installed(), [""; 0]);

    // Where none runs, all is installed, and waited for.
    fs::remove_file(world.path("state/192.0.2.1/active-kube-apiserver")).unwrap();
    let outcome = world.push("--timeout 8s");
    assert_eq!((outcome.code, rows(&outcome)), (Some(2), vec!["one failed".to_owned()]));
    assert_eq!(world.installed(), ["192.0.2.1"]);
    assert!(outcome.stderr.contains("one has its files, and is not well after 8 s"), "{}", outcome.stderr);
}
