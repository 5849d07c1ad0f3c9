//! `kboot token`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use kboot_core::name::{Group, NodeName, Username};
use kboot_core::net::ApiEndpoint;
use kboot_core::time::Lifetime;
use kboot_core::token::{BootstrapGroup, TokenId, TokenUsage};

use super::Connection;
use crate::output::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Token {
    /// Print a new token, nothing else
    Generate {
        /// Write this new file, mode 0600; stdout without it or for -
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        out: Option<PathBuf>,
    },
    /// Print the Secret that makes the API server accept a token, or put it into a cluster
    Create(Box<TokenCreate>),
    /// List the tokens of a cluster, without their secret halves; talks to it
    List {
        #[command(flatten)]
        connection: Connection,
        /// The form of the list
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
    /// Delete tokens of a cluster; exit 1 where there is none; talks to it
    Delete {
        /// The tokens' ids, the six characters before the dot
        #[arg(value_name = "ID", required = true)]
        ids: Vec<TokenId>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Say whether a cluster lets a token's bearer in, and if not, why; talks to it
    ///
    /// The codes are ok, malformed, unknown, wrong-type, wrong-secret, wrong-id, expired, usage-missing and bad-group. The
    /// Secret of the token's id is read, by whoever the kubeconfig says; the token is not sent. Exit 1 unless it is ok.
    Check {
        /// The token's file; - is stdin
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        #[command(flatten)]
        connection: Connection,
        /// What to print
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
    /// Write and check static tokens (--token-auth-file), which bootstrap tokens took the place of
    #[command(subcommand)]
    Static(StaticToken),
}

#[derive(Subcommand)]
pub(crate) enum StaticToken {
    /// Make a token and print its row of the file
    Create(StaticTokenCreate),
    /// List the users of a file, without their tokens; exit 2 where a row is wrong
    ///
    /// Stricter than kube-apiserver, which skips an empty token and lets the later of two equal tokens win.
    Check {
        /// The file; - is stdin
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Allow the group system:masters, which may do everything
        #[arg(long)]
        allow_system_masters: bool,
        /// What to print
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
}

#[derive(Args)]
pub(crate) struct StaticTokenCreate {
    /// The user that the token's bearer is
    #[arg(long)]
    pub(crate) user: Username,
    /// The user's unique id
    #[arg(long)]
    pub(crate) uid: String,
    /// A group of the user; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<Group>,
    /// Allow the group system:masters, which may do everything
    #[arg(long)]
    pub(crate) allow_system_masters: bool,
    /// Write this new file, mode 0600; stdout without it or for -
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
}

// Without --apply no cluster is asked.
#[derive(Args)]
#[command(
    mut_arg("kubeconfig", |flag| flag.requires("apply")),
    mut_arg("context", |flag| flag.requires("apply")),
    mut_arg("timeout", |flag| flag.requires("apply"))
)]
pub(crate) struct TokenCreate {
    /// How long the token lives; 0 is for ever
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub(crate) lifetime: Lifetime,
    /// What it is good for; may be repeated
    #[arg(
        long = "usage",
        value_name = "USAGE",
        value_delimiter = ',',
        default_value = "signing,authentication"
    )]
    pub(crate) usages: Vec<TokenUsage>,
    /// A group that it gives; may be repeated. Default: system:bootstrappers:kubeadm:default-node-token, with
    /// --node system:bootstrappers:kboot:one-node, whose requests kube-controller-manager does not approve
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<BootstrapGroup>,
    /// A text for people. Default: none, or that it is for --node
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// Tie it to this node, by the rule in --rule-out
    #[arg(long, value_name = "NAME", requires = "rule_out")]
    pub(crate) node: Option<NodeName>,
    /// The rule approves a single request
    #[arg(long, requires = "node")]
    pub(crate) one_shot: bool,
    /// Write the rule that ties the token to its node to this new file: a policy of one rule, for kboot csr
    /// explain, simulate and sign, or to take over into another policy
    #[arg(long, value_name = "FILE", requires = "node", value_hint = ValueHint::FilePath)]
    pub(crate) rule_out: Option<PathBuf>,
    /// Use the token in this file instead of a new one; - is stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// Put the Secret into the cluster; an error where it has a token of this id
    #[arg(long)]
    pub(crate) apply: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// What to print. Default: yaml, with --apply the token
    #[arg(short = 'o', long, value_enum)]
    pub(crate) output: Option<TokenFormat>,
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
