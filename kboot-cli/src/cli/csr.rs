//! `kboot csr`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use kboot_core::csr::Signer;
use kboot_core::policy::Preset;
use kboot_core::time::Lifetime;

use super::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Csr {
    /// Say what a policy decides on requests, and why; exit 1 unless all are approved
    ///
    /// Reads the requests that `kubectl get csr NAME -o yaml` or `-o json` prints, one or many, or a bare
    /// PKCS#10 request in PEM with the flags that say what the API server would know of it.
    Explain(CsrExplain),
    /// Run a policy over requests, against what became of them or another policy; exit 1 where they differ
    ///
    /// Requests are replayed in the order of the file, each at the time of its creation: `once` and limits on
    /// open requests count what stands earlier in the file, a request that the policy approves as approved,
    /// one that it holds as its own conditions say. In a stream of kubectl get csr -w, each event is a
    /// request of its own.
    Simulate(CsrSimulate),
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
    /// A CsrContext, a cluster file, or what kubectl get nodes or kubectl get csr prints with -o json or
    /// yaml; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) context: Vec<PathBuf>,
    /// The inventory, a NodeInventory or a cluster file, in place of the files that the policy names
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) nodes: Option<PathBuf>,
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
    /// What to print
    #[arg(short = 'o', long, value_enum, default_value_t = ExplainFormat::Tree)]
    pub(crate) output: ExplainFormat,
}

/// What the API server would know of a bare request.
#[derive(Args)]
pub(crate) struct ObjectFields {
    /// The signer of a request in PEM, for example kubernetes.io/kubelet-serving
    #[arg(long, value_name = "NAME")]
    pub(crate) signer: Option<Signer>,
    /// The user who sends a request in PEM, for example system:node:worker-1
    #[arg(long, value_name = "USER")]
    pub(crate) requestor: Option<String>,
    /// A group of that user; may be repeated
    #[arg(long = "group", value_name = "GROUP", requires = "requestor")]
    pub(crate) groups: Vec<String>,
    /// A usage of a request in PEM, for example "client auth"; may be repeated. Default: as a kubelet of today
    #[arg(long = "usage", value_name = "USAGE")]
    pub(crate) usages: Vec<String>,
    /// The lifetime that a request in PEM asks for, for example 24h
    #[arg(long, value_name = "TIME")]
    pub(crate) expiration: Option<Lifetime>,
}

#[derive(Args)]
pub(crate) struct CsrSimulate {
    /// Files of requests, folders of such files (.json, .yaml, .yml), or - for stdin
    #[arg(required = true, value_name = "FILE|FOLDER", value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) policy: PolicyChoice,
    /// Compare with this policy, a file or the name of a preset, instead of what became of the requests
    #[arg(long, value_name = "FILE|NAME", value_hint = ValueHint::FilePath)]
    pub(crate) against: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) facts: Facts,
    /// What to print; json is an object for each request on a line of its own, and one for the summary
    #[arg(short = 'o', long, value_enum, default_value_t = SimulateFormat::Table)]
    pub(crate) output: SimulateFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// For people
    Tree,
    /// Everything, as JSON
    Json,
    /// Everything, as YAML
    Yaml,
}

impl ExplainFormat {
    /// The form of a list; none for the tree.
    pub(crate) fn of_list(self) -> Option<ListFormat> {
        match self {
            Self::Tree => None,
            Self::Json => Some(ListFormat::Json),
            Self::Yaml => Some(ListFormat::Yaml),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SimulateFormat {
    /// For people
    Table,
    /// A line for each request
    Json,
}
