//! `kboot csr`

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use kboot_core::KeyAlgorithm;
use kboot_core::csr::Signer;
use kboot_core::name::{Group, NodeName, Username};
use kboot_core::net::Host;
use kboot_core::policy::Preset;
use kboot_core::time::Lifetime;
use kboot_core::version::KubernetesVersion;

use super::Connection;
use super::config::version;
use crate::output::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Csr {
    /// List the requests of a cluster; talks to it
    List(CsrList),
    /// Approve requests of a cluster: those that you name, or everything pending that a policy approves; talks to it
    ///
    /// With names, you decide, and the API server records who you are. With --policy or --preset, what the policy
    /// approves is approved, and the rest stays pending: also what the policy denies. Either way nothing is approved that the
    /// floor refuses, and nothing that somebody else has decided on. What decisions rest on is asked of the cluster: all
    /// requests, the Nodes, the namespaces, the API server's names and, where a rule has access, SubjectAccessReviews;
    /// --facts adds to it. Exit 1 where something stays as it is.
    Approve(Box<CsrApprove>),
    /// Deny requests of a cluster, which is final; talks to it
    ///
    /// What somebody else has decided on stays as it is. Exit 1 where a request is not denied in the end.
    Deny(CsrDeny),
    /// Make a request, and the key that it is signed with
    #[command(subcommand)]
    New(CsrNew),
    /// Say everything that requests ask for; exit 2 where one is damaged
    Inspect(CsrInspect),
    /// Say what a policy decides on requests, and why; exit 1 unless all are approved
    ///
    /// Reads the requests that `kubectl get csr NAME -o yaml` or `-o json` prints, one or many, or a bare
    /// PKCS#10 request in PEM with the flags that say what the API server would know of it. What was denied, or
    /// failed by its signer, is final: it counts as not approved, whatever the policy says.
    Explain(CsrExplain),
    /// Run a policy over requests, against what became of them or another policy; exit 1 where they differ
    ///
    /// Requests are replayed in the order of the file, each at the time of its creation: `once` and limits on
    /// open requests count what stands earlier in the file, a request that the policy approves as approved,
    /// one that it holds as its own conditions say. In a stream of kubectl get csr -w, each event is a
    /// request of its own.
    Simulate(CsrSimulate),
    /// Decide on a request and sign it if it is approved; exit 1 and the reason if it is not
    ///
    /// The policy decides, over a floor that no policy and no person lifts. A condition Approved in the file
    /// proves nothing and is not looked at. The certificate goes to stdout or a new file; nothing of the
    /// request stands in it but what was approved.
    Sign(Box<CsrSign>),
}

#[derive(Args)]
pub(crate) struct CsrList {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// The form of the list
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["names", "policy", "preset"]))]
pub(crate) struct CsrApprove {
    /// The requests that you approve yourself
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// The policy file; - is stdin. Inventories that it names are read relative to it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
    /// A policy that comes with kboot (see kboot policy preset)
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<Preset>,
    /// Go on with what comes, until the program is ended; what cannot be done is tried again
    #[arg(long, conflicts_with = "names")]
    pub(crate) watch: bool,
    /// Let the API server check it, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) facts: Facts,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// What to print; json is an object for each request on a line of its own, and yaml is a document for each
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}

#[derive(Args)]
pub(crate) struct CsrDeny {
    /// The requests
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    /// The condition's reason, a word in CamelCase
    #[arg(long, value_name = "WORD", default_value = "PersonDenies")]
    pub(crate) reason: String,
    /// The condition's message: why, for whoever asked
    #[arg(long, value_name = "TEXT", default_value = "Denied by hand with kboot.")]
    pub(crate) message: String,
    /// Let the API server check it, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// What to print; json is an object for each request on a line of its own, and yaml is a document for each
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}

/// The policy to decide by.
#[derive(Args)]
pub(crate) struct PolicyChoice {
    /// The policy file; - is stdin. Inventories that it names are read relative to it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
    /// A policy that comes with kboot (see kboot policy preset). Default: upstream
    #[arg(long, value_name = "NAME", conflicts_with = "policy")]
    pub(crate) preset: Option<Preset>,
}

/// What is known besides the requests.
#[derive(Args)]
pub(crate) struct Facts {
    /// A CsrContext, a cluster file, a kubeconfig, kubeadm's ClusterConfiguration, or what kubectl get nodes, csr or
    /// namespaces prints with -o json or yaml; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) facts: Vec<PathBuf>,
    /// The inventory, a NodeInventory or a cluster file, in place of the files that the policy names
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) inventory: Option<PathBuf>,
    /// Ask DNS where the policy does, for so long at most for each request. Default: 2s
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "2s")]
    pub(crate) resolve_dns: Option<Lifetime>,
}

#[derive(Args)]
pub(crate) struct CsrExplain {
    /// The requests; - is stdin; may be repeated
    #[arg(short = 'f', long = "file", required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) policy: PolicyChoice,
    #[command(flatten)]
    pub(crate) facts: Facts,
    #[command(flatten)]
    pub(crate) object: ObjectFields,
    /// What to print. Default: a tree for one request, a table for many
    #[arg(short = 'o', long, value_enum)]
    pub(crate) output: Option<ExplainFormat>,
}

/// What the API server would know of a bare request.
#[derive(Args)]
pub(crate) struct ObjectFields {
    /// The signer of a request in PEM, for example kubernetes.io/kubelet-serving
    #[arg(long, value_name = "NAME")]
    pub(crate) signer: Option<Signer>,
    /// The user who sends a request in PEM, or an object that does not say who, for example
    /// system:node:worker-1
    #[arg(long, value_name = "USER")]
    pub(crate) requestor: Option<String>,
    /// A group of that user; may be repeated
    #[arg(long = "group", value_name = "GROUP", requires = "requestor")]
    pub(crate) groups: Vec<String>,
    /// A usage of a request in PEM, for example "client auth"; may be repeated. Default: as a kubelet of today
    #[arg(long = "usage", value_name = "USAGE")]
    pub(crate) usages: Vec<String>,
    /// How long the certificate of a request in PEM shall live, for example 24h
    #[arg(long, value_name = "TIME")]
    pub(crate) lifetime: Option<Lifetime>,
}

#[derive(Args)]
pub(crate) struct CsrSimulate {
    /// The requests, or a folder of such files (.json, .yaml, .yml); - is stdin; may be repeated
    #[arg(short = 'f', long = "file", required = true, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) policy: PolicyChoice,
    /// Compare with this policy, a file or the name of a preset, instead of what became of the requests
    #[arg(long, value_name = "FILE|NAME", value_hint = ValueHint::FilePath)]
    pub(crate) against: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) facts: Facts,
    /// What to print; json is an object for each request on a line of its own, and one for the summary, and
    /// yaml is a document for each
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}

/// The forms that every report has, and one more.
#[derive(Clone, Copy)]
pub(crate) enum ExplainFormat {
    Tree,
    List(ListFormat),
}

impl ValueEnum for ExplainFormat {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<ExplainFormat>> = LazyLock::new(|| {
            let lists = ListFormat::value_variants().iter().copied().map(ExplainFormat::List);
            [ExplainFormat::Tree].into_iter().chain(lists).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Tree => Some(PossibleValue::new("tree").help("Everything, for people")),
            Self::List(ListFormat::Table) => {
                Some(PossibleValue::new("table").help("A line for each request"))
            }
            Self::List(format) => format.to_possible_value(),
        }
    }
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
        #[arg(long = "san", value_name = "NAME", required = true, value_delimiter = ',')]
        sans: Vec<Host>,
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
    /// How long the certificate shall live, at least 10m; it stands in the object, not in the PEM. Kubernetes
    /// before 1.22 has no such field
    #[arg(long, value_name = "TIME")]
    pub(crate) lifetime: Option<Lifetime>,
    /// The version of the cluster, for example v1.26.3 or 1.26: before 1.27, requests of kubelets have the
    /// usage key encipherment whatever the key, and kube-controller-manager approves none without it; it
    /// stands in the object, not in the PEM. Default: 1.27 or later
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) kubernetes_version: Option<KubernetesVersion>,
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
    /// - is stdin; may be repeated
    #[arg(short = 'f', long = "file", required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The form of the list
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}

#[derive(Args)]
pub(crate) struct CsrSign {
    /// The CertificateSigningRequest (JSON or YAML), or a bare request in PEM or DER; - is stdin
    #[arg(short = 'f', long = "file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The cluster's authority: a folder with ca.crt and ca.key, as OUT/authorities of cluster build and
    /// /etc/kubernetes/pki, or with cfssl's ca.pem and ca-key.pem; not etcd's or the front proxy's
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) ca: PathBuf,
    #[command(flatten)]
    pub(crate) policy: PolicyChoice,
    #[command(flatten)]
    pub(crate) facts: Facts,
    /// Where the policy leaves the decision to a person, take it in this person's name
    #[arg(long, value_name = "NAME")]
    pub(crate) approve_as: Option<String>,
    /// The longest life of a certificate, and that of one whose request says nothing
    #[arg(long, value_name = "TIME", default_value = "8760h")]
    pub(crate) max_lifetime: Lifetime,
    /// Write this new file, mode 0644; stdout without it or for -
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// What to write
    #[arg(short = 'o', long, value_enum, default_value_t = SignedFormat::Pem)]
    pub(crate) output: SignedFormat,
    #[command(flatten)]
    pub(crate) object: ObjectFields,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignedFormat {
    /// The certificate alone
    Pem,
    /// A record: the CertificateSigningRequest with its approval and certificate. kubectl cannot put it back
    /// into the API server, which takes neither from kubectl create nor apply
    Yaml,
    /// The same record as JSON
    Json,
}
