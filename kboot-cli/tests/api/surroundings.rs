//! What surrounds the program: the folders above its output, and its own memory.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{kboot, kboot_path, with_cluster_file};

fn warnings(folder: &Path, out: &str) -> Vec<String> {
    let outcome = kboot(folder, &["cluster", "plan", "-f", "cluster.yaml", "--out", out]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let warnings = outcome.stderr.lines().filter(|line| line.contains("warning: --out")).map(str::to_owned);
    warnings.collect()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn who_could_exchange_the_output_folder_is_said() {
    let folder = with_cluster_file();
    let folder = folder.path();
    fs::create_dir_all(folder.join("own/deep")).unwrap();
    mode(&folder.join("own"), 0o755);
    for quiet in ["out", "own/out", "own/deep/out/that/is/new", "own/deep"] {
        assert_eq!(warnings(folder, quiet), [""; 0], "{quiet}");
    }
    // Whoever may write into a folder may rename what is in it.
    mode(&folder.join("own"), 0o777);
    for out in ["own/out", "own/deep/out"] {
        let warnings = warnings(folder, out);
        assert_eq!(warnings.len(), 1, "{out}: {warnings:?}");
        assert!(warnings[0].contains("own has mode 0777: whoever may write there"), "{warnings:?}");
    }
    mode(&folder.join("own"), 0o1777);
    assert_eq!(warnings(folder, "own/deep/out"), [""; 0], "the sticky bit, as /tmp has it");
    mode(&folder.join("own"), 0o755);
    symlink("own/deep", folder.join("link")).unwrap();
    let is_root =
        fs::metadata(folder).map(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata)).unwrap() == 0;
    let warned = warnings(folder, "link");
    assert!(warned.len() == 1 && warned[0].contains("link is a link to own/deep"), "{warned:?}");
    // Where a link leads counts as well.
    mode(&folder.join("own"), 0o757);
    assert_eq!(warnings(folder, "link/out").len(), if is_root { 1 } else { 2 });
    mode(&folder.join("own"), 0o755);
    if is_root {
        assert_eq!(warnings(folder, "link/out"), [""; 0], "a link of root's leads where root wants it");
        chown(folder.join("own"), Some(12345), None).unwrap();
        let warned = warnings(folder, "own/deep/out");
        assert!(warned.len() == 1 && warned[0].contains("own belongs to user 12345"), "{warned:?}");
        chown(folder.join("own"), Some(0), Some(12345)).unwrap();
        mode(&folder.join("own"), 0o775);
        let warned = warnings(folder, "own/deep/out");
        assert!(warned.len() == 1 && warned[0].contains("own has mode 0775"), "{warned:?}");
    }
    // A build says it, too, and goes on.
    let built = kboot(folder, &["cluster", "build", "-f", "cluster.yaml", "--out", "own/deep/out"]);
    assert_eq!((built.code, built.stderr.contains("warning: --out")), (Some(0), is_root), "{}", built.stderr);
}

#[test]
fn a_crash_leaves_no_keys_behind() {
    let mut child = Command::new(kboot_path())
        .args(["cert", "inspect", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let until = Instant::now() + Duration::from_secs(20);
    let core = loop {
        let text = fs::read_to_string(&limits).unwrap();
        let line = text.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned();
        let words: Vec<_> = line.split_whitespace().skip(4).take(2).map(str::to_owned).collect();
        if words == ["0", "0"] || Instant::now() > until {
            break words;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    drop(child.stdin.take());
    child.wait().unwrap();
    assert_eq!(core, ["0", "0"]);
}
