//! Hostile input, a full disk, a kill in the middle, two at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{CLUSTER, kboot, kboot_path, with_cluster_file, write};
use kboot_core::Env;
use kboot_core::{
    pki::{CertificateAuthority, Subject},
    x509::{Certificate, PrivateKey},
};
use kboot_testkit::Oracle;

fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files
                .extend(tree(&path).into_iter().map(|(below, content)| (format!("{name}/{below}"), content)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn bad_cluster_files_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = (0..30).fold("a0: &a0 [x]\n".to_owned(), |text, i| {
        text + &format!("a{}: &a{} [*a{i}, *a{i}, *a{i}, *a{i}, *a{i}, *a{i}, *a{i}, *a{i}]\n", i + 1, i + 1)
    });
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("truncated", CLUSTER.as_bytes()[..CLUSTER.len() - 30].to_vec(), "bad.yaml"),
        ("garbage", vec![0xff, 0xfe, 0, 1, 2], "bad.yaml is not UTF-8 text"),
        ("control characters", vec![1, 2, 3], "bad.yaml"),
        ("huge", vec![b'x'; 100 * 1024 * 1024], "bad.yaml is larger than"),
        ("alias bomb", bomb.into_bytes(), "bad.yaml"),
        ("empty", Vec::new(), "bad.yaml"),
        (
            "an escaping node name",
            CLUSTER.replace("name: one", "name: ../../etc").into_bytes(),
            "spec.nodes[0].name",
        ),
        (
            "a NUL in a name",
            CLUSTER.replace("  nodes:", "  pki: {apiServerSANs: [\"a\\0b\"]}\n  nodes:").into_bytes(),
            "spec.pki.apiServerSANs[0]",
        ),
        ("a misspelt field", CLUSTER.replace("nodes:", "node:").into_bytes(), "did you mean nodes?"),
    ];
    for (name, content, said) in cases {
        write(&folder.path().join("bad.yaml"), &content);
        for command in ["build", "plan"] {
            let outcome = kboot(folder.path(), &["cluster", command, "-f", "bad.yaml", "--out", "out"]);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{name}: {}", outcome.stderr);
            assert!(
                outcome.stderr.starts_with("kboot: error: ") && outcome.stderr.contains(said),
                "{name}: {}",
                outcome.stderr
            );
            assert!(
                !outcome.stderr.contains("panicked") && outcome.stderr.len() < 4000,
                "{name}: {}",
                outcome.stderr
            );
        }
        assert!(!folder.path().join("out").exists(), "{name}");
    }
    let missing = kboot(folder.path(), &["cluster", "build", "-f", "missing.yaml", "--out", "out"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("cannot read missing.yaml"), "{}", missing.stderr);
}

#[test]
fn authorities_that_cannot_be_used_change_nothing() {
    let folder = with_cluster_file();
    let build = || kboot(folder.path(), &["cluster", "build", "-f", "cluster.yaml", "--out", "out"]);
    assert_eq!(build().code, Some(0));
    let path = |name: &str| folder.path().join("out/authorities").join(name);
    let refused = |what: &str, said: &[&str]| {
        let before = tree(&folder.path().join("out"));
        let outcome = build();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{what}: {}", outcome.stderr);
        assert!(said.iter().all(|said| outcome.stderr.contains(said)), "{what}: {}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().count(), 1, "{what}: {}", outcome.stderr);
        assert_eq!(tree(&folder.path().join("out")), before, "{what}");
    };
    fs::rename(path("ca.key"), path("saved")).unwrap();
    refused("no key", &["out/authorities/ca.crt", "out/authorities/ca.key", "put the key back"]);
    fs::copy(path("sa.key"), path("ca.key")).unwrap();
    refused("another key", &["out/authorities/ca.crt", "does not belong"]);
    fs::rename(path("saved"), path("ca.key")).unwrap();
    fs::rename(path("ca.crt"), path("saved")).unwrap();
    write(&path("ca.crt"), b"-----BEGIN CERTIFICATE-----\nMIIB");
    refused("a cut certificate", &["out/authorities/ca.crt", "cut short"]);
    let key = PrivateKey::from_pem(&fs::read(path("ca.key")).unwrap()).unwrap();
    let yesterday = Env::system().now().before("1d".parse().unwrap()).unwrap();
    let subject = Subject::new("old".parse().unwrap());
    let expired =
        CertificateAuthority::with_key(&subject, key, "1h".parse().unwrap(), &mut Env::at(yesterday))
            .unwrap();
    write(&path("ca.crt"), expired.certificate().to_pem().as_bytes());
    refused("an expired authority", &["out/authorities/ca.crt", "valid from"]);
}

/// Whether a file that stands under its own name is whole.
fn assert_whole(path: &str, content: &[u8]) {
    let text = std::str::from_utf8(content).unwrap_or_else(|_| panic!("{path} is not text"));
    assert!(text.ends_with('\n'), "{path} is cut: {} bytes", text.len());
    if path.ends_with(".key") {
        PrivateKey::from_pem(content).unwrap_or_else(|error| panic!("{path}: {error}"));
    } else if path.ends_with(".crt") {
        Certificate::from_pem(content).unwrap_or_else(|error| panic!("{path}: {error}"));
    } else if text.contains("kind: Config\n") {
        text.parse::<kboot_core::Kubeconfig>().unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

/// Runs a build of a small cluster and kills it as it enters its `nth` system call of a kind.
fn killed_build(strace: &Oracle, folder: &Path, call: &str, nth: usize) -> bool {
    let inject = format!("inject={call}:signal=KILL:when={nth}");
    let arguments = ["-f", "-q", "-o", "trace", "-e", &inject];
    let build = [kboot_path(), "cluster", "build", "-f", "cluster.yaml", "--out", "out", "--jobs", "1"];
    !strace.run(folder, &[&arguments[..], &build].concat()).accepted
}

/// Killed at every file that it opens, writes, flushes and renames: what stands is whole, and the next
/// run completes it without losing a key.
#[test]
fn a_killed_build_leaves_whole_files_and_the_next_run_completes_it() {
    let Some(strace) = Oracle::find("strace") else { return };
    let join = "  join: {servingCertificates: issued}\n";
    let mut partial = 0;
    for (call, step, at_least) in
        [("/^rename", 1, 49), ("/^syncfs", 1, 2), ("write", 4, 40), ("/^mkdir", 3, 15)]
    {
        let mut kills = 0;
        for nth in (1..).step_by(step) {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("out");
            write(
                &folder.path().join("cluster.yaml"),
                CLUSTER.replace("  nodes:", &format!("{join}  nodes:")).as_bytes(),
            );
            if !killed_build(&strace, folder.path(), call, nth) {
                break;
            }
            kills += step;
            let left = tree(&out);
            let standing: BTreeMap<_, _> =
                left.iter().filter(|(path, _)| !path.ends_with(".kboot-tmp")).collect();
            standing.iter().for_each(|(path, content)| assert_whole(path, content));
            partial += usize::from(!standing.is_empty() && !standing.contains_key(&"kboot.json".to_owned()));
            let outcome = kboot(folder.path(), &["cluster", "build", "-f", "cluster.yaml", "--out", "out"]);
            assert_eq!(outcome.code, Some(0), "{call} {nth}: {}", outcome.stderr);
            let after = tree(&out);
            assert!(
                !after.keys().any(|path| path.ends_with(".kboot-tmp")),
                "{call} {nth} left temporary files"
            );
            for (path, content) in &standing {
                if path.ends_with(".key") || path.starts_with("authorities/") || path.contains("token") {
                    assert_eq!(&after[path.as_str()], *content, "{call} {nth}: {path} was overwritten");
                }
            }
            let plan = kboot(folder.path(), &["cluster", "plan", "-f", "cluster.yaml", "--out", "out"]);
            assert_eq!(plan.code, Some(0), "{call} {nth}: {}", plan.stdout);
        }
        assert!(kills >= at_least, "only {kills} kills at {call}");
    }
    assert!(partial > 40, "only {partial} builds were killed among their renames");
}

/// An error of the disk at any file ends the build with that file's name and nothing half written.
#[test]
fn a_failing_disk_is_named_and_leaves_nothing_half_written() {
    let Some(strace) = Oracle::find("strace") else { return };
    for (call, nth) in [("write", 3), ("write", 30), ("/^syncfs", 1)] {
        let folder = with_cluster_file();
        let inject = format!("inject={call}:error=EIO:when={nth}");
        let build = [kboot_path(), "cluster", "build", "-f", "cluster.yaml", "--out", "out", "--jobs", "1"];
        let verdict =
            strace.run(folder.path(), &[&["-f", "-q", "-o", "trace", "-e", &inject][..], &build].concat());
        assert!(
            !verdict.accepted && verdict.stderr.contains("Input/output error"),
            "{call} {nth}: {verdict}"
        );
        assert!(verdict.stderr.contains("out"), "{call} {nth}: {verdict}");
        assert!(tree(&folder.path().join("out")).is_empty(), "{call} {nth}");
    }
}

/// Runs a script in a mount namespace of its own; only root may.
fn in_namespace(folder: &Path, script: &str) -> Option<std::process::Output> {
    let output = Command::new("unshare")
        .args(["--mount", "bash", "-ec", script])
        .env("KBOOT", kboot_path())
        .current_dir(folder)
        .output()
        .ok()
        .filter(|output| !String::from_utf8_lossy(&output.stderr).contains("Operation not permitted"));
    if output.is_none() {
        let required = std::env::var_os("KBOOT_REQUIRE_ORACLES").is_some_and(|value| value == "1");
        assert!(!required, "a mount namespace is required");
        eprintln!("SKIPPED: mount namespaces need root");
    }
    output
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let folder = with_cluster_file();
    fs::create_dir(folder.path().join("disk")).unwrap();
    // From room for nothing to room for everything.
    let script = "
        for size in 16 64 128 160 192 208 220 1024; do
            mount -t tmpfs -o size=${size}k tmpfs disk
            code=0
            $KBOOT cluster build -f cluster.yaml --out disk/out 2>error || code=$?
            echo \"$size $code $(find disk -type f | wc -l) $(head -n 1 error)\"
            umount disk
        done";
    let Some(output) = in_namespace(folder.path(), script) else { return };
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), 8, "{lines}{}", String::from_utf8_lossy(&output.stderr));
    let mut failed = 0;
    for line in lines.lines() {
        let mut words = line.splitn(4, ' ');
        let (size, code, files) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let error = words.next().unwrap();
        if code == "0" {
            continue;
        }
        failed += 1;
        assert_eq!((code, files), ("2", "0"), "{size} KiB: {error}");
        assert!(
            error.contains("disk/out") && error.contains("No space left on device"),
            "{size} KiB: {error}"
        );
    }
    assert!((1..8).contains(&failed), "{lines}");
    assert!(lines.lines().last().unwrap().starts_with("1024 0 "), "{lines}");
}

#[test]
fn a_read_only_disk_is_named() {
    let folder = with_cluster_file();
    fs::create_dir(folder.path().join("disk")).unwrap();
    let script = "
        mount -t tmpfs -o ro tmpfs disk
        code=0
        $KBOOT cluster build -f cluster.yaml --out disk/out || code=$?
        echo $code";
    let Some(output) = in_namespace(folder.path(), script) else { return };
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "2");
    assert!(error.contains("disk/out") && error.contains("Read-only file system"), "{error}");
}

#[test]
fn the_umask_changes_no_mode() {
    use std::os::unix::fs::PermissionsExt;
    for umask in ["000", "022", "077"] {
        let folder = with_cluster_file();
        let script = format!("umask {umask}; {} cluster build -f cluster.yaml --out out", kboot_path());
        let status = Command::new("bash")
            .args(["-c", &script])
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success());
        for (path, mode) in [
            ("authorities", 0o700),
            ("authorities/ca.key", 0o600),
            ("authorities/ca.crt", 0o644),
            ("nodes/one/etc", 0o755),
            ("nodes/one/etc/systemd/system/etcd.service", 0o644),
            ("admin.conf", 0o600),
        ] {
            let found =
                fs::metadata(folder.path().join("out").join(path)).unwrap().permissions().mode() & 0o7777;
            assert_eq!(found, mode, "{path} under umask {umask}");
        }
    }
}

#[test]
fn the_second_of_two_builds_says_so_and_stops() {
    let folder = with_cluster_file();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let first = fs::File::open(&out).unwrap();
    first.lock().unwrap();
    let second = kboot(folder.path(), &["cluster", "build", "-f", "cluster.yaml", "--out", "out"]);
    assert_eq!(second.code, Some(2), "{}", second.stderr);
    assert!(second.stderr.contains("another kboot is at work in out"), "{}", second.stderr);
    assert!(tree(&out).is_empty());
    drop(first);
    assert_eq!(
        kboot(folder.path(), &["cluster", "build", "-f", "cluster.yaml", "--out", "out"]).code,
        Some(0)
    );
}
