//! `kboot node`

use clap::{Args, Subcommand};
use kboot_core::name::NodeName;

use super::Connection;
use crate::output::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Node {
    /// Say what is wrong with a node, and why; talks to the cluster
    ///
    /// Looks at the Node, its heartbeat, its version, the expiry of its certificates, its certificate
    /// requests, the kubelet's health and kube-proxy's, and pods that cannot start; it changes nothing. Everything goes through the API
    /// server. Exit 1 if there is a problem; what could not be found out is none.
    Verify(NodeVerify),
}

#[derive(Args)]
pub(crate) struct NodeVerify {
    /// The node
    pub(crate) name: NodeName,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// The form of the report
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}
