//! `kboot cluster push`

use anyhow::{Result, bail};
use kboot_core::Env;
use kboot_core::bundle::{FolderLock, Plan, PlanOptions};
use kboot_core::cluster::ControlPlane;
use kboot_core::name::NodeName;
use kboot_core::online::push::{Event, Health, Order, Outcome, Push, PushError, Pushed};
use schemars::JsonSchema;
use serde::Serialize;

use super::ssh::Ssh;
use super::{advised, look_around, read};
use crate::Answer;
use crate::cli::ClusterPush;
use crate::commands::connection::{limit_of, with_runtime};
use crate::input;
use crate::output::{self, Column, Page, Report, Table, Tone};

pub(super) fn run(arguments: &ClusterPush) -> Result<Answer> {
    let spec = read(&arguments.file)?;
    let limit = limit_of(&arguments.timeout)?;
    let out = input::name(&arguments.out);
    // A build meanwhile would change what goes to the next machine, and another push what this one counts on.
    if !arguments.out.exists() {
        bail!("{out} is not there; kboot cluster build makes it");
    }
    let _held = FolderLock::of(&arguments.out)?;
    look_around(&arguments.out)?;
    let plan = Plan::with_options(&spec, &arguments.out, &PlanOptions::default(), &mut Env::system());
    let plan = plan.map_err(advised)?;
    if !plan.is_done() {
        bail!(
            "{out} is not what {} asks for; run kboot cluster build -f {} --out {out} first",
            input::name(&arguments.file),
            input::name(&arguments.file),
        );
    }
    with_runtime(async || {
        let push = Push::connect(&spec, plan.bundle(), &arguments.nodes, limit).await?;
        if arguments.dry_run {
            output::report(arguments.output, &Entries::of_order(push.order()))?;
            return Ok(Answer::Yes);
        }
        remark(push.order());
        let mut told = Told::default();
        let pushed = push.run(&Ssh { user: &arguments.ssh_user }, &mut |event| told.tell(&event)).await;
        output::report(arguments.output, &Entries::of(&pushed))?;
        if let Some(error) = pushed.stopped {
            output::next("once that is mended, the same command goes on where it stopped");
            return Err(error.into());
        }
        notes(&pushed, &input::name(&arguments.file), &out);
        if spec.control_plane() == ControlPlane::Nodes {
            output::next(&format!("kboot node verify --all --out {out} --kubeconfig {out}/admin.conf"));
        }
        Ok(Answer::Yes)
    })
}

fn remark(order: &Order) {
    if order.starts && !order.members.is_empty() {
        output::tell("no machine of the control plane is well yet: all are installed, then waited for");
    }
}

fn notes(pushed: &Pushed, file: &str, out: &str) {
    let names = |names: &[NodeName]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !pushed.without_network.is_empty() {
        output::note(&format!(
            "pods have no network yet on {}: install a network plug-in",
            names(&pushed.without_network)
        ));
    }
    if !pushed.pending_requests.is_empty() {
        output::note(&format!(
            "kubelets wait for their serving certificates ({}): kboot csr approve --preset kubelet-serving --inventory \
             {file} --kubeconfig {out}/admin.conf",
            pushed.pending_requests.join(", ")
        ));
    }
}

/// Says on stderr what happens, nothing twice.
#[derive(Default)]
struct Told {
    waits: String,
}

impl Told {
    fn tell(&mut self, event: &Event<'_>) {
        match event {
            Event::Installs { node } => output::tell(&format!("{node}: its files go there")),
            Event::Installed { node, said } => {
                // Of a new machine each file and each unit would be one.
                const COMMON: [&str; 4] =
                    ["written ", "systemctl daemon-reload", "systemctl enable ", "systemctl start "];
                let lines = said.lines().filter(|line| !COMMON.iter().any(|word| line.starts_with(word)));
                for line in lines {
                    let line = line.strip_prefix(&format!("{node}: ")).unwrap_or(line);
                    output::tell(&format!("{node}: {}", output::escaped(line)));
                }
            }
            Event::Waits { node, reason } => {
                let waits = format!("{node}: waiting: {reason}");
                if self.waits != waits {
                    output::tell(&waits);
                    self.waits = waits;
                }
            }
            Event::Applied { created, updated, kept } => {
                output::tell(&format!(
                    "manifests: {created} objects created, {updated} updated, {kept} kept"
                ));
            }
            Event::Labelled { node, labels } => {
                let shown = |(key, value): (&String, &String)| match value.as_str() {
                    "" => key.clone(),
                    value => format!("{key}={value}"),
                };
                let labels: Vec<String> = labels.iter().map(shown).collect();
                output::tell(&format!("{node}: labelled {}", labels.join(", ")));
            }
            _ => {}
        }
    }
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Entries(Vec<Entry>);

#[derive(JsonSchema, Serialize)]
struct Entry {
    node: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Entries {
    fn of_order(order: &Order) -> Self {
        let members = order.members.iter().map(|(node, health)| (node, Some(health)));
        let all = members.chain(order.workers.iter().map(|node| (node, None)));
        Self(all.map(|(node, health)| Entry::new(node, "install", health.map(Health::to_string))).collect())
    }

    fn of(pushed: &Pushed) -> Self {
        let reason = |node: &NodeName| match &pushed.stopped {
            Some(PushError::Machine { node: of, problem }) if of == node => Some(problem.to_string()),
            Some(PushError::NotWell { node: of, reason, .. }) if of == node => Some(reason.clone()),
            _ => None,
        };
        let entry = |(node, outcome): &(NodeName, Outcome)| Entry::new(node, outcome.as_str(), reason(node));
        Self(pushed.nodes.iter().map(entry).collect())
    }
}

impl Entry {
    fn new(node: &NodeName, outcome: &'static str, reason: Option<String>) -> Self {
        Self { node: node.to_string(), outcome, reason }
    }
}

impl Report for Entries {
    fn page(&self) -> Page {
        let columns = [Column::new("NODE"), Column::new("OUTCOME"), Column::new("REASON").free()];
        let mut table = Table::new(columns).gap(2);
        for Entry { node, outcome, reason } in &self.0 {
            let tone = match *outcome {
                "changed" | "unchanged" => Tone::Good,
                "failed" => Tone::Bad,
                _ => Tone::Doubtful,
            };
            table.row([
                node.as_str().into(),
                tone.text(outcome),
                reason.as_deref().unwrap_or_default().into(),
            ]);
        }
        table.into()
    }
}
