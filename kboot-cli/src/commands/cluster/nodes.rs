//! What a plan means for the nodes, in words.

use kboot_core::bundle::{FileAction, NodeChanges, Plan};
use kboot_core::component::Reload;
use schemars::JsonSchema;
use serde::Serialize;

use crate::output::{Column, Page, Table, Width};

/// What changes on one node, for programs.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    node: String,
    is_new: bool,
    files: Vec<String>,
    /// Whether `systemctl daemon-reload` comes before the restarts.
    daemon_reload: bool,
    restart: Vec<&'static str>,
    read_by_themselves: Vec<&'static str>,
}

impl From<NodeChanges> for Node {
    fn from(changes: NodeChanges) -> Self {
        Self {
            node: changes.node.to_string(),
            is_new: changes.is_new,
            files: changes.files.iter().map(ToString::to_string).collect(),
            daemon_reload: changes.reloads_units,
            restart: changes.units_that(Reload::Restart).collect(),
            read_by_themselves: changes.units_that(Reload::ByItself).collect(),
        }
    }
}

/// What to do on the nodes that have files already, and in the cluster; nothing where all of it is new.
pub(super) fn page(plan: &Plan) -> Page {
    let changes = plan.node_changes().into_iter().map(Node::from).filter(|node| !node.is_new);
    let changes: Vec<Node> = changes.collect();
    let manifests = plan.steps().iter().filter(|step| step.action == FileAction::Replace);
    let manifests = manifests.map(|step| step.path.as_str()).filter(|path| path.starts_with("manifests/"));
    let manifests: Vec<&str> = manifests.collect();
    let mut page = Page::default();
    let columns = [Column::new("").width(Width::AtLeast(8)), Column::new("").free()];
    let mut table = Table::new(columns).indent(2).gap(2);
    // Nodes to which the same happens are one line, in the order of the first of them.
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for node in &changes {
        let what = node.words();
        match groups.iter_mut().find(|(other, _)| *other == what) {
            Some((_, nodes)) => nodes.push(&node.node),
            None => groups.push((what, vec![&node.node])),
        }
    }
    for (what, nodes) in &groups {
        table.row([named(nodes), what.clone()]);
    }
    if !manifests.is_empty() {
        table.row(["cluster".to_owned(), format!("kboot cluster apply, for {}", manifests.join(", "))]);
    }
    if !groups.is_empty() || !manifests.is_empty() {
        page.line("once the files are there:");
        page.table(table);
    }
    page
}

impl Node {
    fn words(&self) -> String {
        let files = if self.files.len() == 1 { "1 file" } else { &format!("{} files", self.files.len()) };
        let reload = if self.daemon_reload { "daemon-reload, " } else { "" };
        let restart = match &self.restart[..] {
            [] => String::new(),
            units => format!("; {reload}restart {}", units.join(", ")),
        };
        let by_themselves = match &self.read_by_themselves[..] {
            [] => String::new(),
            [unit] => format!("; {unit} reads its own again by itself"),
            units => format!("; {} read theirs again by themselves", units.join(", ")),
        };
        format!("{files}{restart}{by_themselves}")
    }
}

/// The first of them, and how many more.
fn named(nodes: &[&str]) -> String {
    match nodes {
        [one] => (*one).to_owned(),
        [one, other] => format!("{one}, {other}"),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
        [] => String::new(),
    }
}
