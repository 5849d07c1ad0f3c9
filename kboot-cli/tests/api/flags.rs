//! One flag, one meaning, one form, in every command.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::kboot;

/// The help of every command, as `cluster build` and its text.
pub(crate) fn helps() -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mut waiting = vec![Vec::new()];
    let mut found = Vec::new();
    while let Some(command) = waiting.pop() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = kboot(folder.path(), &arguments);
        assert_eq!(help.code, Some(0), "{command:?}");
        let commands = help.stdout.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
        let commands = commands.split_once("\n\n").map_or(commands, |(list, _)| list);
        for line in commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
            let name = line.split_whitespace().next().unwrap().to_owned();
            if name != "help" {
                waiting.push(command.iter().cloned().chain([name]).collect());
            }
        }
        let declared =
            help.stdout.split_once("\nExamples:\n").map_or(&*help.stdout, |(declared, _)| declared);
        found.push((command.join(" "), declared.to_owned()));
    }
    found
}

/// `--flag` and what stands in its place for a value, of each line that declares one.
fn flags(help: &str) -> impl Iterator<Item = (&str, &str)> {
    // Prose, which may begin a line with a flag too, stands to the right or at the edge.
    let lines = help.lines().filter(|line| line.starts_with("  -") || line.starts_with("      -"));
    lines.filter_map(|line| {
        let (_, declared) = line.split_once("--")?;
        let end = declared.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(declared.len());
        let value = declared[end..].trim_matches(|c| " =[".contains(c)).split_once('>');
        Some((&declared[..end], value.map_or("", |(value, _)| value)))
    })
}

#[test]
fn a_flag_has_one_form_wherever_it_stands() {
    let mut forms: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    let helps = helps();
    assert!(helps.len() > 30, "only {} commands are found", helps.len());
    for (command, help) in &helps {
        for (flag, value) in flags(help) {
            let form = forms.entry(flag.to_owned()).or_default().entry(value.to_owned()).or_default();
            form.insert(command.clone());
        }
    }
    // init says what the nodes are that others name; what is written is a folder or a file; usages of TLS are a
    // choice, those of requests and tokens words of Kubernetes.
    let allowed = [("node", 2), ("out", 2), ("usage", 2)];
    let most = |flag: &str| allowed.iter().find(|(name, _)| *name == flag).map_or(1, |(_, most)| *most);
    let torn: Vec<_> = forms.iter().filter(|(flag, forms)| forms.len() > most(flag)).collect();
    assert!(torn.is_empty(), "flags with more than one form: {torn:#?}");
    for (gone, instead) in [
        ("organization", "group"),
        ("ttl", "lifetime"),
        ("expiration", "lifetime"),
        ("max-duration", "max-lifetime"),
        ("usages", "usage"),
        ("endpoint", "server"),
        ("cluster", "cluster-name"),
    ] {
        assert!(!forms.contains_key(gone) && forms.contains_key(instead), "--{gone} is --{instead}");
    }
    // A context is kubectl's.
    let of_clusters = [
        "cluster apply",
        "csr approve",
        "csr deny",
        "csr list",
        "node verify",
        "token check",
        "token create",
        "token delete",
        "token list",
    ];
    for flag in ["context", "kubeconfig", "timeout"] {
        assert_eq!(forms[flag].values().flatten().collect::<Vec<_>>(), of_clusters, "--{flag}");
    }
}
