//! `kboot cluster`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use kboot_core::bundle::ClusterIdentity;
use kboot_core::cluster::Node;
use kboot_core::name::ClusterName;
use kboot_core::net::ApiEndpoint;
use kboot_core::time::Lifetime;
use kboot_core::version::KubernetesVersion;

use super::Connection;
use super::config::version;
use crate::output::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Cluster {
    /// Write a cluster file with your machines, every field explained; without arguments it asks on a terminal
    Init(ClusterInit),
    /// Say what build would create, keep and replace, and why; exit 1 if there is something to do
    Plan {
        #[command(flatten)]
        paths: ClusterPaths,
        /// Show what differs inside files, line by line; of keys and tokens no more than tells them apart
        #[arg(long)]
        diff: bool,
        /// The form of the list
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
    /// Put OUT/manifests into the running cluster by server-side apply, after a plan; talks to it
    ///
    /// The API server itself says first what would be created, updated and kept. Where another manager has set a field
    /// otherwise, nothing is applied, the fields are named, and the exit code is 1. The fields' manager is kboot.
    Apply(ClusterApply),
    /// Write every file of every node; running it again changes nothing
    Build {
        #[command(flatten)]
        paths: ClusterPaths,
        /// How many threads; all processors without it
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        jobs: Option<u16>,
        /// What to print; json and yaml are what plan prints, of what was done
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
}

#[derive(Args)]
pub(crate) struct ClusterApply {
    /// The output folder of cluster build, whose manifests are applied
    #[arg(long, value_name = "DIR", default_value = "out", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// Take over fields that another manager has set otherwise
    #[arg(long)]
    pub(crate) force_conflicts: bool,
    /// Say what would be done, and change nothing; exit 1 if there is something to do
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// The form of the list
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}

#[derive(Args)]
pub(crate) struct ClusterInit {
    /// Where to; stdout without it or for -. An existing file is never overwritten
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// A machine, for example cp1=10.0.0.11:control-plane,etcd; a worker where no role is given. May be repeated
    #[arg(long = "node", value_name = "NAME=ADDRESS[,…][:ROLE,…]")]
    pub(crate) nodes: Vec<Node>,
    /// The cluster's name, as it stands in kubeconfigs; kubernetes without it
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster_name: Option<ClusterName>,
    /// The version of Kubernetes, for example v1.36.4 or 1.36
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) kubernetes_version: Option<KubernetesVersion>,
    /// Where nodes and people reach the API servers; without it the first machine of the control plane
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) server: Option<ApiEndpoint>,
}

#[derive(Args)]
pub(crate) struct ClusterPaths {
    /// The cluster file; - is stdin
    #[arg(short = 'f', long, value_name = "FILE", default_value = "cluster.yaml", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The output folder
    #[arg(long, value_name = "DIR", default_value = "out", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// The cluster that the folder was built for, where it is the same one, renamed or moved: its authorities and
    /// keys stay. Without this, another cluster's file is an error
    #[arg(long, value_name = "NAME@ENDPOINT")]
    pub(crate) cluster_was: Option<ClusterIdentity>,
    /// Make a new bootstrap token for all nodes. Without this one is made when a node is new and the token has
    /// expired
    #[arg(long)]
    pub(crate) new_token: bool,
    /// Renew certificates that end within this time, with the keys that they have, for example 45d. Without this one
    /// is made anew once it has ended
    #[arg(long, value_name = "TIME")]
    pub(crate) renew_before: Option<Lifetime>,
    /// Give what --renew-before renews a new key as well; never authorities, nor what every node has a copy of
    #[arg(long, requires = "renew_before")]
    pub(crate) rekey: bool,
}
