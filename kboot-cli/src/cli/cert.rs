//! `kboot cert`

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use kboot_core::KeyAlgorithm;
use kboot_core::name::{Group, NodeName, Username};
use kboot_core::net::Host;
use kboot_core::pki::Profile;
use kboot_core::time::Lifetime;

use crate::output::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Cert {
    /// Issue one certificate, with a new key
    Issue(Box<CertIssue>),
    /// Say what certificates, requests, keys and kubeconfigs hold, and who may use them
    Inspect {
        /// Files in PEM or DER, kubeconfigs, folders of them; - is stdin
        #[arg(required = true, value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
        /// The form of the list
        #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
        output: ListFormat,
    },
    /// Say whether a certificate holds under an authority; exit 1 and the reason where it does not
    Verify(CertVerify),
    /// List when the certificates of a folder end
    ///
    /// Certificates in PEM and DER are read, and those that kubeconfigs hold or name; files over 1 MiB are
    /// not. Links are followed within the folder. Where a kubelet rotates its certificate, the current one
    /// counts. Exit 1 where a certificate has expired or, with --within, ends sooner than that; 2 where
    /// something could not be read.
    Expiry {
        /// The folder, or one file
        #[arg(value_name = "DIR", value_hint = ValueHint::AnyPath)]
        path: PathBuf,
        /// Exit 1 where a certificate ends within this time
        #[arg(long, value_name = "TIME")]
        within: Option<Lifetime>,
        /// The form of the list
        #[arg(short = 'o', long, value_enum, default_value_t = ExpiryFormat::List(ListFormat::Table))]
        output: ExpiryFormat,
    },
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["profile", "cfssl_csr"]))]
pub(crate) struct CertIssue {
    /// The authority's folder: ca.crt and ca.key as in /etc/kubernetes/pki (etcd/ca.* and front-proxy-ca.*
    /// where they are there), or cfssl's ca.pem and ca-key.pem. etcd's and the front proxy's sign for their own
    /// profiles alone
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) ca: PathBuf,
    /// The folder to write into, made where it is missing (mode 0700); nothing is overwritten
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    #[arg(long, value_name = "NAME", help = profile_help())]
    pub(crate) profile: Option<Profile>,
    /// A cfssl request (JSON) that says what it is for; - is stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["node", "common_name", "groups", "usages", "key_algorithm"])]
    pub(crate) cfssl_csr: Option<PathBuf>,
    /// A cfssl signing configuration; without it, as in cfssl: one year, server and client
    #[arg(long, value_name = "FILE", requires = "cfssl_csr", conflicts_with = "lifetime", value_hint = ValueHint::FilePath)]
    pub(crate) cfssl_config: Option<PathBuf>,
    /// The configuration's profile; the default one without it
    #[arg(long, value_name = "NAME", requires = "cfssl_config")]
    pub(crate) cfssl_profile: Option<String>,
    /// The node, for certificates of kubelets and of etcd
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<NodeName>,
    /// The common name, for the profiles client, server and peer
    #[arg(long, value_name = "NAME")]
    pub(crate) common_name: Option<Username>,
    /// A group (the subject's O); may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<Group>,
    /// A DNS name or address that it serves; may be repeated. With --cfssl-csr, they replace its hosts, as
    /// cfssl's -hostname does
    #[arg(long = "san", value_name = "NAME", value_delimiter = ',')]
    pub(crate) sans: Vec<Host>,
    /// What it is good for, instead of what the profile says; may be repeated
    #[arg(long = "usage", value_enum)]
    pub(crate) usages: Vec<Side>,
    /// How long it lives, at most as long as its authority. Default: 1y
    #[arg(long, value_name = "TIME")]
    pub(crate) lifetime: Option<Lifetime>,
    /// The kind of key: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 or rsa-4096. Default: ecdsa-p256
    #[arg(long, value_name = "ALGORITHM")]
    pub(crate) key_algorithm: Option<KeyAlgorithm>,
    /// The files' name, without ending. Default: the profile's; for client, server and peer the common
    /// name; for NAME-csr.json, NAME
    #[arg(long, value_name = "NAME")]
    pub(crate) file_name: Option<String>,
    /// Name the files as cfssljson does: NAME.pem and NAME-key.pem instead of NAME.crt and NAME.key
    #[arg(long)]
    pub(crate) cfssljson_names: bool,
    /// Allow a client in system:masters, who may do everything, whatever RBAC says, until it expires
    #[arg(long)]
    pub(crate) allow_system_masters: bool,
}

#[derive(Args)]
pub(crate) struct CertVerify {
    /// The certificate, first in its file; authorities between it and the trusted one follow; - is stdin
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The authorities that are trusted
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) certificate_authority: PathBuf,
    /// What it must be good for; may be repeated. Without it: for a client or a server
    #[arg(long = "usage", value_enum)]
    pub(crate) usages: Vec<Side>,
    /// The DNS name or address at which clients find the server
    #[arg(long, value_name = "NAME")]
    pub(crate) server_name: Option<Host>,
    /// The private key that must belong to it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
    /// The form of the answer
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// TLS clients (clientAuth)
    Client,
    /// TLS servers (serverAuth)
    Server,
}

/// The forms that every report has, and one more.
#[derive(Clone, Copy)]
pub(crate) enum ExpiryFormat {
    List(ListFormat),
    Prometheus,
}

impl ValueEnum for ExpiryFormat {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<ExpiryFormat>> = LazyLock::new(|| {
            let lists = ListFormat::value_variants().iter().copied().map(ExpiryFormat::List);
            lists.chain([ExpiryFormat::Prometheus]).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::List(format) => format.to_possible_value(),
            Self::Prometheus => Some(
                PossibleValue::new("prometheus")
                    .help("For the textfile collector of Prometheus' node exporter"),
            ),
        }
    }
}

fn profile_help() -> String {
    let all: Vec<&str> = Profile::ALL.iter().map(|profile| profile.as_str()).collect();
    format!(
        "What it is for, one of a cluster's certificates or of any client, server or peer; kubelet is for both of a \
         kubelet's sides: {}",
        all.join(", ")
    )
}
