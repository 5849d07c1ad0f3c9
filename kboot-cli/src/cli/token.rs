//! `kboot token`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use kboot_core::net::ApiEndpoint;
use kboot_core::time::Lifetime;
use kboot_core::token::{BootstrapGroup, Usage};

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
