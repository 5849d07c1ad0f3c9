//! What a terminal gets that a pipe does not: colours, and lines that fit.

use std::path::Path;

use crate::common::requests::{NODES, SERVING, folder, list, serving};
use crate::common::{built, kboot_path, run, succeed, with_cluster_file, write};
use kboot_core::cluster::{ClusterSpec, NodeRole};
use kboot_testkit::Oracle;

/// What a command prints on a terminal of so many columns. Whoever runs the tests may have an opinion about colours,
/// and a machine of continuous integration counts as one that shows them whatever its `TERM`.
fn shown(folder: &Path, columns: usize, environment: &str, arguments: &str) -> Option<String> {
    Some(written(folder, columns, environment, arguments)?.replace('\r', ""))
}

/// The same with the ways back to the beginning of a line.
fn written(folder: &Path, columns: usize, environment: &str, arguments: &str) -> Option<String> {
    let script = Oracle::find("script")?;
    let unset = "-u NO_COLOR -u CLICOLOR -u CLICOLOR_FORCE -u CI -u COLUMNS";
    let command =
        format!("stty cols {columns}; env {unset} TERM=xterm {environment} {} {arguments}", kboot_path());
    Some(script.run(folder, &["-qec", &command, "/dev/null"]).stdout)
}

/// The text without its colours.
fn plain(shown: &str) -> String {
    ["[31m", "[32m", "[33m", "[0m"]
        .iter()
        .fold(shown.to_owned(), |text, colour| text.replace(&format!("\u{1b}{colour}"), ""))
}

#[test]
fn a_terminal_shows_how_much_life_is_left() {
    let folder = tempfile::tempdir().unwrap();
    succeed(&folder, "ca create --out pki");
    let show = |environment| shown(folder.path(), 80, environment, "cert expiry pki");
    let Some(coloured) = show("") else { return };
    assert!(coloured.contains("\u{1b}[32m██████████"), "{coloured:?}");
    for environment in ["NO_COLOR=1", "CLICOLOR=0", "TERM=dumb"] {
        let plain = show(environment).unwrap();
        assert!(!plain.contains('\u{1b}') && plain.contains("  ██████████  "), "{environment}: {plain:?}");
    }
}

#[test]
fn sentences_are_wrapped_and_nothing_is_lost() {
    let folder = built();
    let inspect = "cert inspect out/nodes/one/etc/kubernetes/pki/apiserver.crt";
    let Some(narrow) = shown(folder.path(), 60, "", inspect) else { return };
    let piped = succeed(&folder, inspect).stdout;
    let names = piped.lines().find(|line| line.starts_with("  names")).unwrap();
    assert!(names.len() > 60 && !narrow.contains(names), "{narrow}");
    // A fingerprint is one word, and stays one.
    let fits = |line: &str| line.chars().count() <= 60 || line.contains("sha256:");
    assert!(narrow.lines().all(fits), "{narrow}");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&narrow), words(&piped));
    // A terminal that is wide enough gets what a pipe gets.
    assert_eq!(shown(folder.path(), 400, "", inspect).unwrap(), piped);
}

/// A colour is never alone: the same words stand there without it.
#[test]
fn good_and_bad_states_have_a_colour() {
    let folder = built();
    write(&folder.path().join("a.service"), b"[Service]\nExecStart=/usr/bin/kubelet --nonsense=1\n");
    succeed(&folder, "ca create --out other");
    let certificate = "cert verify out/nodes/one/etc/kubernetes/pki/apiserver.crt --certificate-authority";
    for (arguments, colour) in [
        (format!("{certificate} out/authorities/ca.crt"), "\u{1b}[32mvalid\u{1b}[0m"),
        (format!("{certificate} other/ca.crt"), "\u{1b}[31mnot valid\u{1b}[0m"),
        ("config lint --kubernetes-version 1.36 a.service".to_owned(), "\u{1b}[31merror\u{1b}[0m"),
        ("config lint --kubernetes-version 1.36 a.service".to_owned(), "\u{1b}[33mwarning\u{1b}[0m"),
        ("kubeconfig check other/ca.crt".to_owned(), "kboot: \u{1b}[31merror:\u{1b}[0m "),
    ] {
        let Some(shown) = shown(folder.path(), 1000, "", &arguments) else { return };
        assert!(shown.contains(colour), "{arguments}: {shown:?}");
        let piped = run(&folder, &arguments);
        assert_eq!(plain(&shown), piped.stdout + &piped.stderr, "{arguments}");
    }
}

#[test]
fn decisions_have_a_colour() {
    let (good, foreign) = (["worker-1", "192.168.5.21"], ["192.168.5.22"]);
    let objects = [serving("good", "worker-1", &good), serving("foreign", "worker-1", &foreign)];
    let folder = folder(&[("all.json", &*list(&objects)), ("policy.yaml", SERVING), ("nodes.yaml", NODES)]);
    for (command, colours) in [
        ("csr explain -f all.json -o tree", ["\u{1b}[32mAPPROVE\u{1b}[0m", "\u{1b}[33mHOLD\u{1b}[0m"]),
        ("csr explain -f all.json -o tree", ["\u{1b}[32m✓\u{1b}[0m", "\u{1b}[31m✗\u{1b}[0m"]),
        ("csr explain -f all.json", ["\u{1b}[32mapprove\u{1b}[0m", "\u{1b}[33mhold\u{1b}[0m"]),
        ("csr simulate -f all.json", ["\u{1b}[32mapprove\u{1b}[0m", "\u{1b}[33mpending\u{1b}[0m"]),
    ] {
        let arguments = format!("{command} --policy policy.yaml");
        let show = |environment| shown(folder.path(), 1000, environment, &arguments);
        let Some(coloured) = show("") else { return };
        assert!(colours.iter().all(|colour| coloured.contains(colour)), "{arguments}: {coloured:?}");
        let piped = run(&folder, &arguments);
        let piped = piped.stdout + &piped.stderr;
        assert_eq!(plain(&coloured), piped, "{arguments}");
        for environment in ["NO_COLOR=1", "CLICOLOR=0", "TERM=dumb"] {
            assert_eq!(show(environment).unwrap(), piped, "{environment} {arguments}");
        }
    }
}

/// RSA keys take so long that somebody waits.
#[test]
fn what_takes_long_says_how_far_it_is() {
    let folder = with_cluster_file();
    let file = folder.path().join("cluster.yaml");
    let spec =
        std::fs::read_to_string(&file).unwrap().replace("  nodes:", "  pki: {key: rsa-3072}\n  nodes:");
    write(&file, spec.as_bytes());
    let Some(written) = written(folder.path(), 80, "", "cluster build --jobs 1") else { return };
    let lines: Vec<&str> = written.split(['\r', '\n']).filter(|line| !line.is_empty()).collect();
    assert!(lines.iter().any(|line| line.contains(" of 13 certificates, about ")), "{lines:#?}");
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80 || line.contains("kboot: next: ")),
        "{lines:#?}"
    );
    // It leaves nothing behind.
    let last = lines.iter().position(|line| line.starts_with("kboot: 51 files created")).unwrap();
    assert!(lines[last - 1].trim().is_empty(), "{lines:#?}");
    // What is done at once says nothing.
    let quick = shown(folder.path(), 80, "", "cluster build --jobs 1").unwrap();
    assert!(!quick.contains("certificates"), "{quick}");
}

/// An answer that cannot be read is asked for again, and an empty one is what stands in brackets.
#[test]
fn init_asks_for_the_machines() {
    let folder = tempfile::tempdir().unwrap();
    let answers =
        "prod\n1.36\nv1.35.2\ncp1=10.0.0.11/24\ncp1=10.0.0.11:control-plane,etcd\nw1=10.0.0.21\n\n\n\n";
    write(&folder.path().join("answers"), answers.as_bytes());
    // Answers that come before the question would be echoed, or lost, with a terminal that is not set up yet.
    let slowly = "while read -r line; do sleep 0.2; echo \"$line\"; done <answers";
    let Some(script) = Oracle::find("script") else { return };
    let command = format!("{slowly} | script -qec '{} cluster init' /dev/null", kboot_path());
    let talk = std::process::Command::new("bash")
        .args(["-c", &command])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let talk = String::from_utf8_lossy(&talk.stdout).replace('\r', "");
    assert!(talk.contains("is not an address of a node"), "{talk}");
    assert!(talk.contains("kboot cluster build -f cluster.yaml --out out\n"), "{talk}");
    drop(script);
    let written = std::fs::read_to_string(folder.path().join("cluster.yaml")).unwrap();
    let spec: ClusterSpec = written.parse().unwrap();
    assert_eq!((spec.name().as_str(), spec.kubernetes_version().to_string().as_str()), ("prod", "v1.35.2"));
    assert_eq!(spec.nodes().len(), 2);
    assert_eq!(spec.control_plane_endpoint().to_string(), "https://10.0.0.11:6443");
    assert_eq!(spec.nodes()[1].roles(), [NodeRole::Worker]);
}
