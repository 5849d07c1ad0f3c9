//! The script that brings a node's files to its machine and starts what runs there.

use std::fmt::Write;

use super::artifact::{Artifact, Content, FileContent, FileKind};
use super::place;
use crate::cluster::{ClusterSpec, Node, NodeRole};
use crate::component::{Component, paths, runtime_service, uptake};

/// What is the same in every node's script.
const FUNCTIONS: &str = include_str!("install.sh");

/// A node's script, of the files that it brings there.
pub(super) fn script(spec: &ClusterSpec, node: &Node, files: &[Artifact]) -> Artifact {
    let name = node.name();
    let mut text = format!(
        "#!/bin/sh\n\
         # Makes this machine {name} of the cluster {cluster}: copies the node's files, and starts what runs there.\n\
         # As root; running it again changes what differs, and restarts what reads that.\n\
         #\n\
         #   sh {name}.sh [FOLDER]   the node's folder; without it {name} or ../nodes/{name} beside this file\n\
         node={name}\n\
         from=${{1:-}}\n",
        cluster = spec.name,
    );
    text.push_str(FUNCTIONS);
    let components: Vec<Component> = Component::ALL.into_iter().filter(|one| one.runs_on(node)).collect();
    let runtime = if node.has(NodeRole::Worker) { runtime_service(spec) } else { "" };
    let programs: Vec<String> =
        components.iter().map(|component| format!("{}/{component}", paths::programs(spec))).collect();
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        // It cannot fail: a text takes what is written to it.
        let _ = text.write_fmt(arguments);
        text.push('\n');
    };
    line(format_args!("\nbegin {} {}\n", quoted(runtime), programs.join(" ")));
    let readers = Readers::of(&components, files);
    let mut rows: Vec<(&str, String)> =
        files.iter().filter_map(|file| Some((file.path_on_node()?, row(spec, &readers, file)?))).collect();
    // The user must be there before it owns anything.
    rows.sort_by_key(|(path, _)| *path != paths::SYSTEM_USERS);
    let has = |path: &str| rows.iter().any(|(other, _)| *other == path);
    for (path, row) in &rows {
        line(format_args!("{row}"));
        if *path == paths::SYSTEM_USERS {
            line(format_args!("take_up systemd-sysusers systemd-sysusers \"$root{path}\""));
        }
    }
    line(format_args!(""));
    if has(paths::TEMPORARY_FILES) {
        let path = paths::TEMPORARY_FILES;
        line(format_args!("take_up systemd-tmpfiles systemd-tmpfiles --create \"$root{path}\""));
    }
    line(format_args!("take_up daemon-reload systemctl daemon-reload"));
    for (path, service) in
        [(paths::KERNEL_MODULES, "systemd-modules-load"), (paths::KERNEL_SETTINGS, "systemd-sysctl")]
    {
        if has(path) {
            line(format_args!("take_up {service} systemctl restart {service}"));
        }
    }
    for component in components {
        if component == Component::Kubelet {
            line(format_args!("run {runtime}"));
        }
        line(format_args!("run {component}"));
    }
    line(format_args!("\nsay \"$node: $changed of $files files changed\""));
    Artifact::of_cluster(place::install_script(name), FileContent::public(FileKind::InstallScript, text))
}

/// The line of a file: its mode and owner, who is restarted when it changes, and who need not be.
fn row(spec: &ClusterSpec, readers: &Readers<'_>, file: &Artifact) -> Option<String> {
    let path = file.path_on_node()?;
    let owner = file
        .owner
        .as_ref()
        .map_or_else(|| "root:root".to_owned(), |owner| format!("{}:{}", owner.user, owner.group));
    let of_machine = match path {
        paths::SYSTEM_USERS => Some("systemd-sysusers"),
        paths::TEMPORARY_FILES => Some("systemd-tmpfiles"),
        _ => uptake::service_of_machine(spec, path),
    };
    let mut restarted: Vec<&str> = of_machine.into_iter().collect();
    let mut notes = Vec::new();
    for component in readers.of_path(path) {
        match uptake::no_restart(component, spec, path) {
            Some(note) => notes.push(note),
            None => restarted.push(component.as_str()),
        }
    }
    let mut row = format!("file {:o} {owner} {path} {}", file.mode(), quoted(&restarted.join(" ")));
    if !notes.is_empty() {
        row.push(' ');
        row.push_str(&quoted(&notes.join("; ")));
    }
    Some(row)
}

/// A word for the shell; none of kboot's has a quote in it.
fn quoted(text: &str) -> String {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return text.to_owned();
    }
    format!("'{text}'")
}

/// Which component reads which file: one that its unit names, or a file that it reads.
struct Readers<'a>(Vec<(Component, Vec<&'a str>)>);

impl<'a> Readers<'a> {
    fn of(components: &[Component], files: &'a [Artifact]) -> Self {
        let read = |component: &Component| {
            let mut read = vec![paths::unit(*component)];
            let mut next = 0;
            while let Some(path) = read.get(next) {
                next += 1;
                let reader = files.iter().find(|file| file.path_on_node() == Some(*path));
                let Some(text) = reader.and_then(text_of) else { continue };
                let named: Vec<&str> = files
                    .iter()
                    .filter_map(Artifact::path_on_node)
                    .filter(|path| !read.contains(path) && names(text, path))
                    .collect();
                read.extend(named);
            }
            (*component, read)
        };
        Self(components.iter().map(read).collect())
    }

    fn of_path(&self, path: &str) -> impl Iterator<Item = Component> {
        self.0.iter().filter(move |(_, read)| read.contains(&path)).map(|(component, _)| *component)
    }
}

/// What a file says of other files; certificates and keys say nothing.
fn text_of(file: &Artifact) -> Option<&str> {
    match (file.kind, &file.content) {
        (FileKind::Unit | FileKind::Configuration, Content::Public(text)) => Some(text),
        (FileKind::Kubeconfig, content) => std::str::from_utf8(content.expose_bytes()).ok(),
        _ => None,
    }
}

/// Whether a text has a path that does not go on there.
fn names(text: &str, path: &str) -> bool {
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    text.match_indices(path)
        .any(|(at, _)| !text.as_bytes().get(at + path.len()).copied().is_some_and(goes_on))
}
