//! `kboot config`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use kboot_core::version::{KubernetesVersion, VersionError};

use crate::output::ListFormat;

#[derive(Subcommand)]
pub(crate) enum Config {
    /// Find flags and fields that a version does not have, misspelt ones and wrong types; exit 1 if there
    /// are errors
    ///
    /// Reads systemd units, environment files, KubeletConfiguration and KubeProxyConfiguration. Give a unit
    /// together with the environment files that it names: it says whose flags they hold.
    Lint(ConfigLint),
}

/// A version; the tables know minor versions, so the patch may be left out.
pub(super) fn version(text: &str) -> Result<KubernetesVersion, VersionError> {
    if text.matches('.').count() == 1 { format!("{text}.0").parse() } else { text.parse() }
}

#[derive(Args)]
pub(crate) struct ConfigLint {
    /// The version that the files are for, for example v1.36.4 or 1.36
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) kubernetes_version: KubernetesVersion,
    /// The files; - is stdin
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The form of the list
    #[arg(short = 'o', long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) output: ListFormat,
}
