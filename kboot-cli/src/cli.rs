//! The command line, declared.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use kboot_core::net::ApiEndpoint;
use kboot_core::time::Lifetime;
use kboot_core::token::{BootstrapGroup, Usage};

/// Kubernetes cluster bootstrap: certificates, tokens, kubeconfigs and configuration of every node.
///
/// Data goes to stdout, everything for people to stderr. Exit codes: 0 done or yes, 1 a negative
/// answer, 2 an error.
#[derive(Parser)]
#[command(name = "kboot", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Turn one cluster file into every file of every node
    #[command(subcommand)]
    Cluster(Cluster),
    /// Make bootstrap tokens
    #[command(subcommand)]
    Token(Token),
    /// Build kubeconfigs
    #[command(subcommand)]
    Kubeconfig(Kubeconfig),
    /// Print the JSON Schema of a document
    #[command(subcommand)]
    Schema(Schema),
    /// Print a completion script
    Completions {
        /// For this shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    Man {
        /// Of this command, for example: cluster build
        command: Vec<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum Cluster {
    /// Write a commented cluster file
    Init {
        /// Where to; stdout without it or for -. An existing file is never overwritten
        #[arg(value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
    /// Say what build would create, keep and replace, and why; exit 1 if there is something to do
    Plan {
        #[command(flatten)]
        paths: ClusterPaths,
        /// The form of the list
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
    /// Write every file of every node; running it again changes nothing
    Build {
        #[command(flatten)]
        paths: ClusterPaths,
        /// How many threads; all processors without it
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        jobs: Option<u16>,
    },
}

#[derive(Args)]
pub(crate) struct ClusterPaths {
    /// The cluster file; - is stdin
    #[arg(short = 'f', long, value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The output folder
    #[arg(long, value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people: what changes, and why
    Table,
    /// Every file, as JSON
    Json,
    /// Every file, as YAML
    Yaml,
}

#[derive(Subcommand)]
pub(crate) enum Token {
    /// Print a new token, nothing else
    Generate,
    /// Print the Secret that makes the API server accept a token
    Create(TokenCreate),
}

#[derive(Args)]
pub(crate) struct TokenCreate {
    /// How long the token lives; 0 is for ever
    #[arg(long, default_value = "24h")]
    pub(crate) ttl: Lifetime,
    /// What it is good for
    #[arg(long, value_delimiter = ',', default_value = "signing,authentication")]
    pub(crate) usages: Vec<Usage>,
    /// A group that it gives; may be repeated. Default: system:bootstrappers:kubeadm:default-node-token
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<BootstrapGroup>,
    /// A text for people
    #[arg(long, default_value = "")]
    pub(crate) description: String,
    /// Use the token in this file instead of a new one; - is stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// What to print
    #[arg(short = 'o', long, value_enum, default_value_t = TokenFormat::Yaml)]
    pub(crate) output: TokenFormat,
    /// Also print the kubeadm command that joins a node to a cluster made by kubeadm: below the token, or
    /// as a comment above the YAML
    #[arg(long, requires_all = ["server", "certificate_authority"])]
    pub(crate) print_join_command: bool,
    /// Where the join command finds the API server
    #[arg(long, value_name = "HOST[:PORT]", requires = "print_join_command")]
    pub(crate) server: Option<ApiEndpoint>,
    /// The certificate authority that the join command pins
    #[arg(long, value_name = "FILE", requires = "print_join_command", value_hint = ValueHint::FilePath)]
    pub(crate) certificate_authority: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenFormat {
    /// The Secret, for kubectl apply
    Yaml,
    /// The Secret, for kubectl apply
    Json,
    /// The token alone
    Token,
}

#[derive(Subcommand)]
pub(crate) enum Kubeconfig {
    /// Build a kubeconfig from a server, an authority and credentials
    Build(KubeconfigBuild),
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("credential").required(true).args(["client_certificate", "token_file", "token_path", "exec_command"]))]
pub(crate) struct KubeconfigBuild {
    /// The cluster's name in the kubeconfig
    #[arg(long, default_value = "kubernetes")]
    pub(crate) cluster: String,
    /// The API server: HOST, HOST:PORT or https://HOST:PORT; the port is 6443 without one
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) server: ApiEndpoint,
    /// The certificate authority that the server is verified with
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) certificate_authority: PathBuf,
    /// The user's name in the kubeconfig
    #[arg(long)]
    pub(crate) user: String,
    /// The user's certificate
    #[arg(long, value_name = "FILE", requires = "client_key", value_hint = ValueHint::FilePath)]
    pub(crate) client_certificate: Option<PathBuf>,
    /// The certificate's private key
    #[arg(long, value_name = "FILE", requires = "client_certificate", value_hint = ValueHint::FilePath)]
    pub(crate) client_key: Option<PathBuf>,
    /// Embed the token in this file; - is stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// Name a token file that clients read themselves (tokenFile)
    #[arg(long, value_name = "PATH")]
    pub(crate) token_path: Option<String>,
    /// A program that prints credentials (client.authentication.k8s.io/v1)
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec_command: Option<String>,
    /// An argument of that program; may be repeated
    #[arg(long = "exec-arg", value_name = "ARG", requires = "exec_command", allow_hyphen_values = true)]
    pub(crate) exec_args: Vec<String>,
    /// Embed authority, certificate and key instead of naming their files by absolute path
    #[arg(long)]
    pub(crate) embed_certs: bool,
    /// The context's name; USER@CLUSTER without it
    #[arg(long)]
    pub(crate) context: Option<String>,
    /// The context's namespace
    #[arg(long)]
    pub(crate) namespace: Option<String>,
    /// Write this new file, mode 0600; stdout without it or for -
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Schema {
    /// Of the cluster file
    Cluster,
}
