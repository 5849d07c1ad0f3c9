//! The table of what holds where: `CONFORMANCE.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::runner::Scenario;

/// How a scenario ended on a server.
#[derive(Debug, Default, Clone)]
pub(crate) struct Outcome {
    pub(crate) failure: Option<String>,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) not_applicable: Option<String>,
}

impl Outcome {
    pub(crate) fn not_applicable(why: &str) -> Self {
        Self { not_applicable: Some(why.to_owned()), ..Self::default() }
    }

    fn cell(&self, why: &mut Vec<String>) -> String {
        match &self.not_applicable {
            None => "holds".to_owned(),
            Some(reason) => {
                let place = why.iter().position(|known| known == reason).unwrap_or_else(|| {
                    why.push(reason.clone());
                    why.len() - 1
                });
                format!("– ({})", place + 1)
            }
        }
    }
}

const INTRODUCTION: &str = "# What was held against which server

Each scenario of `tests/scenarios` is written once and runs on every server. The real ones are the judges: upstream's etcd
and kube-apiserver 1.20.2 (with kube-controller-manager where controllers are needed), once with ConfigMaps and once with
custom resources as the generic kind, and upstream's API machinery of 1.36, which has custom resources alone. Written by `KBOOT_UPDATE_GOLDEN=1 cargo test -p kboot-testkit --test scenarios`.
";

fn text(scenarios: &[&Scenario], names: &[String], outcomes: &[Vec<Outcome>]) -> String {
    let mut out = INTRODUCTION.to_owned();
    let mut why = Vec::new();
    writeln!(out, "\n| server | scenarios | hold | say nothing about it |\n|---|---:|---:|---:|").unwrap();
    for (name, outcomes) in names.iter().zip(outcomes) {
        let silent = outcomes.iter().filter(|outcome| outcome.not_applicable.is_some()).count();
        writeln!(out, "| {name} | {} | {} | {silent} |", outcomes.len(), outcomes.len() - silent).unwrap();
    }
    let mut topic = String::new();
    for (number, scenario) in scenarios.iter().enumerate() {
        let (of, name) = scenario.words();
        if of != topic {
            let columns = names.iter().map(|_| "---|").collect::<String>();
            writeln!(out, "\n## {of}\n\n| scenario | {} |\n|---|{columns}", names.join(" | ")).unwrap();
            topic = of;
        }
        let cells: Vec<_> = outcomes.iter().map(|of_server| of_server[number].cell(&mut why)).collect();
        writeln!(out, "| {name} | {} |", cells.join(" | ")).unwrap();
    }
    if !why.is_empty() {
        writeln!(out, "\n## Why a scenario says nothing\n").unwrap();
        for (number, reason) in why.iter().enumerate() {
            writeln!(out, "{}. {reason}", number + 1).unwrap();
        }
    }
    out.push_str(&differences(scenarios, names, outcomes));
    out
}

/// What the servers do differently and the scenarios allow for.
fn differences(scenarios: &[&Scenario], names: &[String], outcomes: &[Vec<Outcome>]) -> String {
    let mut out = "\n## What was seen, where the servers differ\n".to_owned();
    for (number, scenario) in scenarios.iter().enumerate() {
        let mut facts: BTreeMap<(usize, &str), Vec<(&str, &str)>> = BTreeMap::new();
        for (name, of_server) in names.iter().zip(outcomes) {
            let mut times: BTreeMap<&str, usize> = BTreeMap::new();
            for (what, value) in &of_server[number].facts {
                let time = times.entry(what).or_default();
                facts.entry((*time, what)).or_default().push((name, value));
                *time += 1;
            }
        }
        let judged = outcomes.iter().filter(|of_server| of_server[number].not_applicable.is_none()).count();
        let differ: Vec<_> = facts
            .iter()
            .filter(|(_, seen)| {
                judged > 1 && (seen.len() < judged || seen.iter().any(|(_, value)| *value != seen[0].1))
            })
            .collect();
        if differ.is_empty() {
            continue;
        }
        let (topic, name) = scenario.words();
        writeln!(out, "\n{topic}: {name}\n").unwrap();
        for ((_, what), seen) in differ {
            writeln!(out, "- {}", cut(what)).unwrap();
            let mut told = Vec::new();
            for (_, value) in seen {
                if !told.contains(value) {
                    let same = seen.iter().filter(|(_, other)| other == value);
                    let servers: Vec<_> = same.map(|(server, _)| *server).collect();
                    writeln!(out, "  - {}: `{}`", servers.join("; "), cut(value)).unwrap();
                    told.push(value);
                }
            }
        }
    }
    out
}

/// As much of a text as one reads, in a line.
fn cut(text: &str) -> String {
    const MOST: usize = 240;
    let line = text.replace('`', "'").split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        line
    } else {
        format!("{}…", line.chars().take(MOST).collect::<String>())
    }
}

/// Holds the table against the one that is checked in, where all servers ran.
pub(crate) fn hold(scenarios: &[&Scenario], names: &[String], outcomes: &[Vec<Outcome>]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("CONFORMANCE.md");
    let text = text(scenarios, names, outcomes);
    if std::env::var_os("KBOOT_UPDATE_GOLDEN").is_some() {
        std::fs::write(file, text).unwrap();
        return;
    }
    let published = std::fs::read_to_string(file).unwrap_or_default();
    let servers =
        |text: &str| text.lines().filter(|line| line.starts_with("| scenario |")).map(str::to_owned).next();
    if servers(&text) != servers(&published) {
        let required = std::env::var_os("KBOOT_REQUIRE_ORACLES").is_some_and(|value| value == "1");
        let others = std::env::var_os("KUBEBUILDER_ASSETS").is_some();
        let message = format!("CONFORMANCE.md is of other servers than {}", names.join(", "));
        assert!(!required || others, "{message}; KBOOT_UPDATE_GOLDEN=1 writes it anew");
        eprintln!("SKIPPED: {message}");
        return;
    }
    let differ = text.lines().zip(published.lines()).find(|(now, then)| now != then);
    assert!(
        text == published,
        "CONFORMANCE.md is not what was seen; KBOOT_UPDATE_GOLDEN=1 writes it anew: {differ:?}"
    );
}
