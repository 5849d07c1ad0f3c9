//! Which cluster a command talks to.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use kboot_core::time::Lifetime;

/// Which cluster, and how long to wait for it.
#[derive(Args)]
pub(crate) struct Connection {
    /// The kubeconfig; without it the files of KUBECONFIG, else ~/.kube/config, else a pod's own account
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Its context; the current one without it
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// How long each request may take
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: Lifetime,
}
