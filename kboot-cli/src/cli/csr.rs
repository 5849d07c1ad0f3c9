//! `kboot csr`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use kboot_core::KeyAlgorithm;
use kboot_core::csr::Signer;
use kboot_core::name::{Group, NodeName, Username};
use kboot_core::net::AltName;
use kboot_core::policy::Preset;
use kboot_core::time::Lifetime;

use super::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Csr {
    /// Make a request, and the key that it is signed with
    #[command(subcommand)]
    New(CsrNew),
    /// Say everything that requests ask for; exit 2 where one is damaged
    Inspect(CsrInspect),
    /// Decide on a request and sign it if it is approved; exit 1 and the reason if it is not
    ///
    /// The policy decides, over a floor that no policy and no person lifts. A condition Approved in the file
    /// proves nothing and is not looked at. The certificate goes to stdout or a new file; nothing of the
    /// request stands in it but what was approved.
    Sign(Box<CsrSign>),
}

#[derive(Subcommand)]
pub(crate) enum CsrNew {
    /// For a kubelet's client certificate
    NodeClient {
        /// The node
        node: NodeName,
        #[command(flatten)]
        how: CsrNewOptions,
    },
    /// For a kubelet's serving certificate
    NodeServing {
        /// The node
        node: NodeName,
        /// A DNS name or address of the node; may be repeated
        #[arg(long = "san", value_name = "NAME_OR_IP", required = true, value_delimiter = ',')]
        sans: Vec<AltName>,
        #[command(flatten)]
        how: CsrNewOptions,
    },
    /// For a person or a program as a client of kube-apiserver
    User {
        /// The user
        user: Username,
        /// A group of the user; may be repeated
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<Group>,
        #[command(flatten)]
        how: CsrNewOptions,
    },
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("private-key").required(true).args(["key_out", "key"]))]
pub(crate) struct CsrNewOptions {
    /// Make a key and write it to this new file, mode 0600
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key_out: Option<PathBuf>,
    /// Use the key in this file; - is stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
    /// The kind of key: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 or rsa-4096
    #[arg(long, value_name = "ALGORITHM", default_value_t = KeyAlgorithm::EcdsaP256, conflicts_with = "key")]
    pub(crate) key_algorithm: KeyAlgorithm,
    /// Write this new file; stdout without it or for -
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// What to write
    #[arg(short = 'o', long, value_enum, default_value_t = RequestFormat::Pem)]
    pub(crate) output: RequestFormat,
    /// The object's name. Without it the API server makes one that begins with csr-
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// How long the certificate shall live, at least 10m; it stands in the object, not in the PEM
    #[arg(long, value_name = "TIME")]
    pub(crate) expiration: Option<Lifetime>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RequestFormat {
    /// The request alone
    Pem,
    /// A CertificateSigningRequest, for kubectl create
    Yaml,
    /// A CertificateSigningRequest, for kubectl create
    Json,
}

#[derive(Args)]
pub(crate) struct CsrInspect {
    /// Requests in PEM or DER, or CertificateSigningRequests in JSON or YAML as kubectl get csr prints them;
    /// - is stdin
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The form of the list
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}

#[derive(Args)]
pub(crate) struct CsrSign {
    /// The CertificateSigningRequest (JSON or YAML), or a bare request in PEM; - is stdin
    #[arg(short = 'f', long = "file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The authority's folder: ca.crt and ca.key as in /etc/kubernetes/pki, or cfssl's ca.pem and ca-key.pem
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) ca: PathBuf,
    /// The policy that decides
    #[arg(long, value_name = "FILE", conflicts_with = "preset", value_hint = ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
    /// A policy that comes with kboot: upstream, kubelet-serving, bootstrap or postfinance
    #[arg(long, value_name = "NAME", default_value_t = Preset::Upstream)]
    pub(crate) preset: Preset,
    /// Where the policy leaves the decision to a person, take it in this person's name
    #[arg(long, value_name = "NAME")]
    pub(crate) approve_as: Option<String>,
    /// The longest life of a certificate, and that of one whose request says nothing
    #[arg(long, value_name = "TIME", default_value = "8760h")]
    pub(crate) max_duration: Lifetime,
    /// Write this new file, mode 0644; stdout without it or for -
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// What to write
    #[arg(short = 'o', long, value_enum, default_value_t = SignedFormat::Pem)]
    pub(crate) output: SignedFormat,
    /// The signer, for a bare request
    #[arg(long, value_name = "NAME", help_heading = "What a bare request does not say")]
    pub(crate) signer: Option<Signer>,
    /// A usage, for a bare request; may be repeated. Default: those that the signer's clients ask for
    #[arg(long = "usage", value_name = "USAGE", help_heading = "What a bare request does not say")]
    pub(crate) usages: Vec<String>,
    /// How long the certificate shall live, for a bare request
    #[arg(long, value_name = "TIME", help_heading = "What a bare request does not say")]
    pub(crate) expiration: Option<Lifetime>,
    /// Who sent it, for a bare request or an object that was not in a cluster yet
    #[arg(long, value_name = "USER", help_heading = "What a bare request does not say")]
    pub(crate) requestor: Option<String>,
    /// A group of the one who sent it; may be repeated
    #[arg(
        long = "group",
        value_name = "GROUP",
        requires = "requestor",
        help_heading = "What a bare request does not say"
    )]
    pub(crate) groups: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignedFormat {
    /// The certificate alone
    Pem,
    /// The CertificateSigningRequest with its approval and certificate
    Yaml,
    /// The CertificateSigningRequest with its approval and certificate
    Json,
}
