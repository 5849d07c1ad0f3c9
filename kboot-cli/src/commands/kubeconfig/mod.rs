//! `kboot kubeconfig`

mod build;
pub(super) mod check;
pub(super) mod inspect;
mod issue;
mod merge;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use kboot_core::kubeconfig::{Kubeconfig, KubeconfigBuilder, Ready};
use kboot_core::secret::SecretBytes;
use kboot_core::x509::Certificate;

use crate::Answer;
use crate::cli::{self, KubeconfigNames};
use crate::{input, output};

/// Far more than any kubeconfig, token, key or certificate file.
const MAX_BYTES: usize = 4 * 1024 * 1024;

pub(crate) fn run(command: cli::Kubeconfig) -> Result<Answer> {
    match command {
        cli::Kubeconfig::Build(arguments) => build::run(&arguments)?,
        cli::Kubeconfig::User(arguments) => issue::user(&arguments)?,
        cli::Kubeconfig::Bootstrap(arguments) => issue::bootstrap(&arguments)?,
        cli::Kubeconfig::Merge(arguments) => merge::run(&arguments)?,
        cli::Kubeconfig::Inspect { file, output } => inspect::run(&file, output)?,
        cli::Kubeconfig::Check(arguments) => return check::run(&arguments),
    }
    Ok(Answer::Yes)
}

fn certificate(path: &Path) -> Result<Certificate> {
    Certificate::from_pem(&input::bytes(path, MAX_BYTES)?).with_context(|| input::name(path))
}

fn kubeconfig(path: &Path) -> Result<Kubeconfig> {
    let text = input::secret_text(path, MAX_BYTES)?;
    // kubectl takes an empty file for an empty kubeconfig, and then for localhost:8080; here it is a mistake.
    if text.expose_secret().trim().is_empty() {
        bail!("{} is empty, and so no kubeconfig", input::name(path));
    }
    text.expose_secret().parse().with_context(|| input::name(path))
}

/// The folder that relative paths in the file count from; for stdin, where the command runs.
fn folder_of(path: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(path).with_context(|| input::name(path))?;
    Ok(absolute.parent().map_or_else(|| absolute.clone(), Path::to_owned))
}

/// A file that a kubeconfig names. Pipes and devices are not waited for.
fn named_file(path: &Path) -> io::Result<SecretBytes> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    if metadata.len() > u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    SecretBytes::read(std::fs::File::open(path)?, MAX_BYTES)
}

/// What the cluster is called where nothing else says it, as kubeadm has it.
fn cluster_name(names: &KubeconfigNames) -> &str {
    names.cluster_name.as_deref().unwrap_or("kubernetes")
}

/// Names the context as asked and writes the kubeconfig where asked.
fn finish(mut builder: KubeconfigBuilder<Ready>, names: &KubeconfigNames) -> Result<()> {
    if let Some(name) = &names.context_name {
        builder = builder.with_context(name);
    }
    if let Some(namespace) = &names.namespace {
        builder = builder.with_namespace(namespace.as_str());
    }
    output::secret(names.out.as_deref(), &builder.build()?.to_yaml()?)
}
