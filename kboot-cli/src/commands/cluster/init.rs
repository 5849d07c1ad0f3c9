//! `kboot cluster init`

use std::fmt::Display;
use std::io::{BufRead, IsTerminal, stdin, stdout};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, bail};
use kboot_core::bundle::PlanNote;
use kboot_core::cluster::{Commented, Node, NodeRole};

use crate::cli::ClusterInit;
use crate::output;

pub(super) fn run(arguments: ClusterInit) -> Result<()> {
    let ClusterInit { mut file, nodes, cluster_name, kubernetes_version, server } = arguments;
    let mut start = Commented::default();
    (start.name, start.kubernetes_version, start.endpoint, start.nodes) =
        (cluster_name, kubernetes_version, server, nodes);
    let says_nothing = file.is_none()
        && start.nodes.is_empty()
        && start.name.is_none()
        && start.kubernetes_version.is_none()
        && start.endpoint.is_none();
    if says_nothing && stdin().is_terminal() && stdout().is_terminal() {
        file = Some(ask(&mut start)?);
    }
    let text = start.to_yaml()?;
    output::public(file.as_deref(), &text)?;
    let masters = start.nodes.iter().filter(|node| node.has(NodeRole::ControlPlane)).count();
    if masters > 1 && start.endpoint.is_none() {
        output::warn(
            "the API servers are reached at the first machine alone; put a load balancer or a virtual address in front, \
             and give it with --server",
        );
    }
    if let Ok(spec) = text.parse()
        && let Some(note) = PlanNote::of_endpoint(&spec)
    {
        output::note(&note.to_string());
    }
    if let Some(file) = file.filter(|file| file.as_path() != Path::new("-")) {
        let file = file.display();
        output::next(&format!("look at {file}, then kboot cluster build -f {file} --out out"));
    }
    Ok(())
}

/// Asks for what the file says; where to is the answer.
fn ask(start: &mut Commented) -> Result<PathBuf> {
    output::tell("An empty answer takes what stands in brackets.");
    start.name = answer("Name of the cluster [kubernetes]:")?;
    start.kubernetes_version = answer("Version of Kubernetes [v1.36.4]:")?;
    output::tell("Machines, as NAME=ADDRESS:ROLE,ROLE; the roles are control-plane, etcd and worker.");
    while let Some(node) = answer::<Node>("Machine, for example cp1=10.0.0.11:control-plane,etcd [no more]:")?
    {
        start.nodes.push(node);
    }
    if start.nodes.is_empty() {
        bail!("a cluster needs a machine; kboot cluster init FILE writes an example");
    }
    start.endpoint = answer("Where the API servers are reached [the first machine of the control plane]:")?;
    Ok(answer("File [cluster.yaml]:")?.unwrap_or_else(|| PathBuf::from("cluster.yaml")))
}

/// One answer, asked for until it can be read; none for an empty one.
fn answer<T: FromStr<Err: Display>>(question: &str) -> Result<Option<T>> {
    loop {
        output::tell(question);
        let mut line = String::new();
        if stdin().lock().read_line(&mut line)? == 0 {
            bail!("no answer to: {question}");
        }
        match line.trim() {
            "" => return Ok(None),
            text => match text.parse() {
                Ok(value) => return Ok(Some(value)),
                Err(error) => output::tell(&format!("{error}")),
            },
        }
    }
}
