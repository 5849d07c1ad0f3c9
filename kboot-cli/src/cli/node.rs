//! `kboot node`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use kboot_core::name::NodeName;
use kboot_core::time::Lifetime;

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
    /// The kubeconfig; without it the files of KUBECONFIG, else ~/.kube/config
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Its context; the current one without it
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// How long each request may take
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: Lifetime,
    /// The form of the report
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}
