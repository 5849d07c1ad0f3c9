//! `kboot kubeconfig merge`

use anyhow::{Context, Result};
use kboot_core::kubeconfig::{KubeconfigError, MergeSource, merge};

use super::{folder_of, kubeconfig};
use crate::cli::KubeconfigMerge;
use crate::{input, output};

pub(super) fn run(arguments: &KubeconfigMerge) -> Result<()> {
    let read = |file| -> Result<MergeSource> {
        Ok(MergeSource::new(input::name(file), folder_of(file)?, kubeconfig(file)?))
    };
    let sources = arguments.files.iter().map(|file| read(file)).collect::<Result<Vec<_>>>()?;
    let merged = match merge(sources, arguments.strategy.into()) {
        Err(error @ KubeconfigError::Conflicts { .. }) => {
            return Err(error).context("--strategy keep, replace or rename decides what follows");
        }
        other => other?,
    };
    output::secret(arguments.out.as_deref(), &merged.kubeconfig.to_yaml()?)?;
    merged.changes.iter().for_each(|change| output::tell(&change.to_string()));
    Ok(())
}
