//! The command line, declared: a file for each group of commands.

mod ca;
mod cert;
mod cluster;
mod config;
mod connection;
mod csr;
mod examples;
mod kubeconfig;
mod node;
mod policy;
mod token;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, ValueHint};

pub(crate) use ca::{Ca, CaCreate};
pub(crate) use cert::{Cert, CertIssue, CertVerify, ExpiryFormat, Side};
pub(crate) use cluster::{Cluster, ClusterApply, ClusterInit, ClusterPaths};
pub(crate) use config::{Config, ConfigLint};
pub(crate) use connection::Connection;
pub(crate) use csr::{
    Csr, CsrApprove, CsrDeny, CsrExplain, CsrInspect, CsrList, CsrNew, CsrNewOptions, CsrSign, CsrSimulate,
    ExplainFormat, Facts, ObjectFields, PolicyChoice, RequestFormat, SignedFormat,
};
pub(crate) use examples::{Example, examples, with_examples};
pub(crate) use kubeconfig::{
    Kubeconfig, KubeconfigBootstrap, KubeconfigBuild, KubeconfigCheck, KubeconfigMerge, KubeconfigNames,
    KubeconfigUser,
};
pub(crate) use node::{Node, NodeVerify};
pub(crate) use policy::Policy;
pub(crate) use token::{StaticToken, StaticTokenCreate, Token, TokenCreate, TokenFormat};

/// Kubernetes cluster bootstrap: certificates, tokens, kubeconfigs and configuration of every node.
///
/// Data goes to stdout, everything for people to stderr. Exit codes: 0 done or yes, 1 a negative
/// answer, 2 an error.
#[derive(Parser)]
#[command(name = "kboot", version, arg_required_else_help = true, max_term_width = 80)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Turn one cluster file into every file of every node, and put its manifests into the cluster
    #[command(subcommand)]
    Cluster(Cluster),
    /// Make certificate authorities
    #[command(subcommand)]
    Ca(Ca),
    /// Issue, read and check certificates
    #[command(subcommand)]
    Cert(Cert),
    /// Check units and configuration files that exist
    #[command(subcommand)]
    Config(Config),
    /// Make bootstrap tokens and static tokens, and look after those of a cluster
    #[command(subcommand)]
    Token(Token),
    /// Build, merge, inspect and check kubeconfigs
    #[command(subcommand)]
    Kubeconfig(Kubeconfig),
    /// Make, read, explain, replay and sign certificate requests, and approve those of a cluster
    #[command(subcommand)]
    Csr(Csr),
    /// Check policies for certificate requests, and print those that come with kboot
    #[command(subcommand)]
    Policy(Policy),
    /// Look at nodes of a running cluster
    #[command(subcommand)]
    Node(Node),
    /// Print the JSON Schema of a document
    #[command(subcommand)]
    Schema(Schema),
    /// Print a completion script
    Completions {
        /// For this shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page, or write all of them into a folder
    Man {
        /// Of this command, for example: cluster build
        command: Vec<String>,
        /// Write the pages of all commands into this folder, made where it is missing; nothing is overwritten
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
        out: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Subcommand)]
pub(crate) enum Schema {
    /// Of the cluster file
    Cluster,
    /// Of a policy for certificate requests
    Policy,
    /// Of an inventory of nodes
    Inventory,
    /// Of a context file: what is known besides a request
    Context,
    /// Of what a command prints with -o json or -o yaml
    Output {
        /// Which command's; csr-settled is that of csr approve and deny
        name: Output,
    },
}

/// What has a schema, by the command that prints it.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Output {
    CertExpiry,
    CertInspect,
    CertVerify,
    ClusterApply,
    /// Of cluster build, too
    ClusterPlan,
    ConfigLint,
    CsrExplain,
    CsrInspect,
    CsrList,
    /// Of each line of csr approve and csr deny
    CsrSettled,
    /// Of each line of csr simulate
    CsrSimulate,
    KubeconfigCheck,
    KubeconfigInspect,
    NodeVerify,
    /// Of several nodes and of --all
    NodeVerifyAll,
    PolicyCheck,
    PolicyPreset,
    TokenCheck,
    TokenList,
    TokenStaticCheck,
}

impl Output {
    pub(crate) fn title(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
