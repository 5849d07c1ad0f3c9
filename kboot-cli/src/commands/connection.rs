//! Talking to a cluster.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use kboot_core::online::{self, Client, OnlineError, UnusableKubeconfig};
use kboot_core::time::Lifetime;

use crate::cli::Connection;

/// Runs what asks the cluster; each question may take the time that is given along.
pub(super) fn with_cluster<T>(
    connection: &Connection,
    ask: impl AsyncFnOnce(Client, Duration) -> Result<T>,
) -> Result<T> {
    let limit = limit_of(&connection.timeout)?;
    with_runtime(async || {
        let connect = online::connect(connection.kubeconfig.as_deref(), connection.context.as_deref());
        let Ok(client) = tokio::time::timeout(limit, connect).await else {
            bail!("the credential plug-in has not answered within {} s", limit.as_secs());
        };
        ask(client.map_err(advised)?, limit).await
    })
}

/// The error, with the kubeconfig that is in its usual place but is not kubectl's.
fn advised(error: OnlineError) -> anyhow::Error {
    const USUAL: &str = "out/admin.conf";
    match &error {
        OnlineError::Kubeconfig(UnusableKubeconfig::Unreadable { error: cause, .. })
            if cause.kind() == ErrorKind::NotFound && Path::new(USUAL).exists() =>
        {
            anyhow!("{error}; here is {USUAL}: --kubeconfig {USUAL}")
        }
        _ => error.into(),
    }
}

/// How long something may take.
pub(super) fn limit_of(timeout: &Lifetime) -> Result<Duration> {
    let limit = Duration::from_secs(u64::try_from(timeout.seconds())?);
    if limit.is_zero() {
        bail!("--timeout must be at least 1s");
    }
    Ok(limit)
}

/// Runs what waits for others.
pub(super) fn with_runtime<T>(work: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
    // Made here, so that commands which ask no cluster do not pay for it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let answer = runtime.block_on(work());
    // A name lookup or a plug-in that hangs in a thread of its own must not keep the program.
    runtime.shutdown_background();
    answer
}
