//! `kboot node`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use kboot_core::name::NodeName;

use super::Connection;
use crate::output::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Node {
    /// Say what is wrong with nodes and the control plane, and why; talks to the cluster
    ///
    /// Looks at the Node, its heartbeat, its version, the expiry of its certificates, its certificate
    /// requests, the kubelet's health and kube-proxy's, and pods that cannot start; it changes nothing. Everything goes through the API
    /// server. With --all or several names, the certificates that kube-apiserver and etcd show are looked at too, where the
    /// cluster file says on which machines they run, and of a node that has not joined the bootstrap token by which it
    /// would. Exit 1 if there is a problem; what could not be found out is none.
    Verify(NodeVerify),
}

#[derive(Args)]
pub(crate) struct NodeVerify {
    /// The node; several are told in a table
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) names: Vec<NodeName>,
    /// Every node that the cluster has or the cluster file describes
    #[arg(long)]
    pub(crate) all: bool,
    /// The cluster file, with --all or several names; without it cluster.yaml, where it is there
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// The output folder, for etcd's authority and the nodes' tokens; without it out, where it is there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// The form of the report
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}
