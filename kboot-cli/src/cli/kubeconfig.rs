//! `kboot kubeconfig`

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand, ValueEnum, ValueHint};
use kboot_core::KeyAlgorithm;
use kboot_core::kubeconfig;
use kboot_core::name::{Group, Namespace, Username};
use kboot_core::net::ApiEndpoint;
use kboot_core::time::Lifetime;

use crate::output::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Kubeconfig {
    /// Build a kubeconfig from a server, an authority and credentials
    ///
    /// The credentials may be a certificate, any token (--token-file, also one of a static token file), the
    /// path of a token file, or a program.
    Build(KubeconfigBuild),
    /// Issue a client certificate to a user and write its kubeconfig
    ///
    /// Everything is embedded. The API server knows the user by the certificate: USER is its name, each
    /// --group a group. It knows no list of revoked certificates, so choose a short --lifetime.
    User(KubeconfigUser),
    /// Write the kubeconfig with which kubelets ask for their first certificate (--bootstrap-kubeconfig)
    ///
    /// It holds a bootstrap token. The token works once its Secret is applied: kboot token create --token-file.
    /// For a static token use kboot kubeconfig build --token-file.
    Bootstrap(KubeconfigBootstrap),
    /// Merge kubeconfigs; the first has precedence
    ///
    /// Identical entries are one. Relative paths become absolute. What is left out, replaced or renamed is
    /// said on stderr.
    Merge(KubeconfigMerge),
    /// Show what is in a kubeconfig: servers, users, kinds of credentials, expiry; no secrets
    Inspect {
        /// The kubeconfig; - is stdin
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// What to print
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
    /// Find what is wrong with kubeconfigs
    ///
    /// Every entry is checked, and every file that it names. Exit codes: 0 no errors (warnings and notes
    /// alone are none), 1 errors, 2 a file that cannot be read as a kubeconfig.
    Check(KubeconfigCheck),
}

#[derive(Args)]
pub(crate) struct KubeconfigUser {
    /// A folder with the cluster's authority, ca.crt and ca.key; not etcd's or the front proxy's. Default:
    /// out/authorities, as cluster build writes it
    #[arg(long, conflicts_with = "ca_cert", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) ca: Option<PathBuf>,
    /// The authority's certificate
    #[arg(long, value_name = "FILE", requires = "ca_key", value_hint = ValueHint::FilePath)]
    pub(crate) ca_cert: Option<PathBuf>,
    /// The authority's private key; - is stdin
    #[arg(long, value_name = "FILE", requires = "ca_cert", value_hint = ValueHint::FilePath)]
    pub(crate) ca_key: Option<PathBuf>,
    /// The API server: HOST, HOST:PORT or https://HOST:PORT; the port is 6443 without one. Default: what the
    /// kboot.json beside the authority's folder says
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) server: Option<ApiEndpoint>,
    /// The user (the certificate's CN)
    pub(crate) user: Username,
    /// A group (O); may be repeated. system:nodes and a user system:node:NAME only go together
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<Group>,
    /// How long the certificate lives, never longer than the authority
    #[arg(long, value_name = "TIME", default_value = "8760h")]
    pub(crate) lifetime: Lifetime,
    /// The new key: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 or rsa-4096
    #[arg(long, value_name = "ALGORITHM", default_value = "ecdsa-p256")]
    pub(crate) key_algorithm: KeyAlgorithm,
    /// Allow the group system:masters, which may do everything and cannot be taken back
    #[arg(long)]
    pub(crate) allow_system_masters: bool,
    #[command(flatten)]
    pub(crate) names: KubeconfigNames,
}

#[derive(Args)]
pub(crate) struct KubeconfigBootstrap {
    /// The API server: HOST, HOST:PORT or https://HOST:PORT; the port is 6443 without one
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) server: ApiEndpoint,
    /// The certificate authority that the server is verified with
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) certificate_authority: PathBuf,
    /// The bootstrap token's file; - is stdin, as in: kboot token generate | tee token | …
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: PathBuf,
    /// The user's name in the kubeconfig; the API server calls it system:bootstrap:ID
    #[arg(long, default_value = "tls-bootstrap-token-user")]
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) names: KubeconfigNames,
}

/// How a new kubeconfig calls things, and where it goes.
#[derive(Args)]
pub(crate) struct KubeconfigNames {
    /// The cluster's name in the kubeconfig. Default: kubernetes, or what kboot.json says where it is read
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster_name: Option<String>,
    /// The context's name; USER@CLUSTER without it
    #[arg(long, value_name = "NAME")]
    pub(crate) context_name: Option<String>,
    /// The context's namespace
    #[arg(long)]
    pub(crate) namespace: Option<Namespace>,
    /// Write this new file, mode 0600; stdout without it or for -
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct KubeconfigMerge {
    /// The kubeconfigs, as in KUBECONFIG; - is stdin
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// What to do where two different entries have one name
    #[arg(long, value_enum, default_value_t = MergeStrategy::Fail)]
    pub(crate) strategy: MergeStrategy,
    /// Write this new file, mode 0600; stdout without it or for -
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum MergeStrategy {
    /// Name them all, write nothing, exit 2
    Fail,
    /// Keep the first, as kubectl does
    Keep,
    /// Take the later one
    Replace,
    /// Give the later one a free name (NAME-2), which its contexts follow
    Rename,
}

impl From<MergeStrategy> for kubeconfig::MergeStrategy {
    fn from(strategy: MergeStrategy) -> Self {
        match strategy {
            MergeStrategy::Fail => Self::Fail,
            MergeStrategy::Keep => Self::Keep,
            MergeStrategy::Replace => Self::Replace,
            MergeStrategy::Rename => Self::Rename,
        }
    }
}

#[derive(Args)]
pub(crate) struct KubeconfigCheck {
    /// The kubeconfigs; - is stdin
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The authority that every cluster should be verified with
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) certificate_authority: Option<PathBuf>,
    /// What to print
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("credential").required(true).args(["client_certificate", "token_file", "token_path", "exec_command"]))]
pub(crate) struct KubeconfigBuild {
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
    #[arg(
        long,
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    pub(crate) embed_certs: bool,
    #[command(flatten)]
    pub(crate) names: KubeconfigNames,
}
