//! Many virtual kubelets in one process.

use std::time::Duration;

use tokio::time::Instant;

use super::{KubeletError, Phase, VirtualKubelet};

/// Many virtual kubelets, each with a connection and a client certificate of its own; dropping them ends them all.
///
/// A thousand of them are a thousand tasks and connections (2,000 open files where the server is in the same process).
///
/// ```
/// use kboot_testkit::{Identity, kubelet::VirtualKubelet, server::ApiServer};
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let api = ApiServer::builder().version("1.36").start().await?;
/// let kubeconfig = api.kubeconfig(&Identity::token("abcdef.0123456789abcdef"))?;
/// let fleet = VirtualKubelet::builder("worker").start_many(3, &kubeconfig).await?;
/// assert_eq!(fleet.iter().map(VirtualKubelet::name).collect::<Vec<_>>(), ["worker-1", "worker-2", "worker-3"]);
/// assert_eq!(fleet.ready(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "they end when they are dropped"]
pub struct VirtualKubelets(Vec<VirtualKubelet>);

impl VirtualKubelets {
    pub(super) fn of(kubelets: Vec<VirtualKubelet>) -> Self {
        Self(kubelets)
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, VirtualKubelet> {
        self.0.iter()
    }

    /// The one of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&VirtualKubelet> {
        self.iter().find(|kubelet| kubelet.name() == name)
    }

    /// How many are ready.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.iter().filter(|kubelet| kubelet.shared.status.borrow().phase == Phase::Ready).count()
    }

    /// Waits until all are ready, all in this time.
    ///
    /// # Errors
    /// As [`VirtualKubelet::wait_until_ready`], of the first that is not.
    pub async fn wait_until_ready(&self, limit: Duration) -> Result<(), KubeletError> {
        let end = Instant::now() + limit;
        for kubelet in self.iter() {
            let left = end.saturating_duration_since(Instant::now());
            kubelet.wait_until_ready(left).await.map_err(|error| match error {
                KubeletError::TimedOut { node, awaited, status, .. } => {
                    KubeletError::TimedOut { node, awaited, limit, status }
                }
                other => other,
            })?;
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &'a VirtualKubelets {
    type Item = &'a VirtualKubelet;
    type IntoIter = std::slice::Iter<'a, VirtualKubelet>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
