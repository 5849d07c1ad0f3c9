//! `kboot kubeconfig`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use kboot_core::net::ApiEndpoint;

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
