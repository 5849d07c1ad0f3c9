//! The script that brings a node's files to its machine and starts what runs there.

use super::artifact::{Artifact, FileContent, FileKind};
use super::place;
use crate::cluster::{ClusterSpec, Node, NodeRole};
use crate::component::{Component, Reload, paths, runtime_service, unit_of_machine};

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
         cluster={cluster}\n\
         from=${{1:-}}\n",
        cluster = spec.name,
    );
    text.push_str(FUNCTIONS);
    let components: Vec<Component> = Component::ALL.into_iter().filter(|one| one.runs_on(node)).collect();
    let runtime = if node.has(NodeRole::Worker) { runtime_service(spec) } else { "" };
    let programs: Vec<String> =
        components.iter().map(|component| format!("{}/{component}", paths::programs(spec))).collect();
    let mut lines = vec![format!("\nbegin {} {}\n", quoted(runtime), programs.join(" "))];
    let mut rows: Vec<(&str, String)> =
        files.iter().filter_map(|file| Some((file.path_on_node()?, row(spec, &components, file)?))).collect();
    // The user must be there before it owns anything.
    rows.sort_by_key(|(path, _)| *path != paths::SYSTEM_USERS);
    let has = |path: &str| rows.iter().any(|(other, _)| *other == path);
    for (path, row) in &rows {
        lines.push(row.clone());
        if *path == paths::SYSTEM_USERS {
            lines.push(format!("take_up systemd-sysusers systemd-sysusers \"$root{path}\""));
        }
    }
    lines.push(String::new());
    let path = paths::TEMPORARY_FILES;
    if has(path) {
        lines.push(format!("take_up systemd-tmpfiles-setup systemd-tmpfiles --create \"$root{path}\""));
    }
    lines.push("take_up daemon-reload systemctl daemon-reload".to_owned());
    let of_kernel = [paths::KERNEL_MODULES, paths::KERNEL_SETTINGS].into_iter().filter(|path| has(path));
    lines.extend(
        of_kernel.filter_map(unit_of_machine).map(|unit| format!("take_up {unit} systemctl restart {unit}")),
    );
    for component in components {
        if component == Component::Kubelet {
            lines.push(format!("run {runtime}"));
        }
        lines.push(format!("run {component}"));
    }
    lines.push("\nsay \"$node: $changed of $files files changed\"\n".to_owned());
    text.push_str(&lines.join("\n"));
    Artifact::of_cluster(place::install_script(name), FileContent::public(FileKind::InstallScript, text))
}

/// The line of a file: its mode and owner, who is restarted when it changes, and who reads it again by itself.
fn row(spec: &ClusterSpec, components: &[Component], file: &Artifact) -> Option<String> {
    let path = file.path_on_node()?;
    let owner = file
        .owner
        .as_ref()
        .map_or_else(|| "root:root".to_owned(), |owner| format!("{}:{}", owner.user, owner.group));
    let mut restarted: Vec<&str> = unit_of_machine(path).into_iter().collect();
    let mut by_themselves = Vec::new();
    for component in components {
        match component.reload(path, spec.pki.authorities, spec.kubernetes_version) {
            Some(Reload::Restart) => restarted.push(component.as_str()),
            Some(Reload::ByItself) => by_themselves.push(component.as_str()),
            None => {}
        }
    }
    let mut row = format!("file {:o} {owner} {path} {}", file.mode(), quoted(&restarted.join(" ")));
    if !by_themselves.is_empty() {
        row.push(' ');
        row.push_str(&quoted(&by_themselves.join(" ")));
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
