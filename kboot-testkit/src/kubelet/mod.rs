//! Virtual kubelets: what a kubelet does for TLS bootstrap, without a machine, against any API server.
//!
//! A [`VirtualKubelet`] asks for a client certificate with bootstrap credentials, waits for approval and
//! signature, creates its Node and renews its Lease as itself, asks for a serving certificate, and rotates
//! both, as `pkg/kubelet/certificate` does. It runs no pods and serves nothing.

mod connection;
mod error;
mod fleet;
mod node;
mod random;
mod request;
mod run;
mod settings;
mod status;
mod work;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use kboot_core::csr::Signer;
use tokio::sync::watch;
use tokio::task::AbortHandle;

pub use self::error::KubeletError;
pub use self::fleet::VirtualKubelets;
pub use self::settings::VirtualKubeletBuilder;
pub use self::status::{Happening, KubeletEvent, KubeletStatus, Phase};

use self::connection::Connection;
use self::random::Random;
use self::settings::Settings;
use self::work::Work;

/// A kubelet without a machine; dropping it ends it.
///
/// ```
/// use std::time::Duration;
/// use kboot_core::{BootstrapToken, Env, TokenSettings};
/// use kboot_testkit::{Identity, kubelet::VirtualKubelet, server::{ApiServer, Controller}};
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let controllers = [Controller::CsrApproving, Controller::CsrSigning];
/// let api = ApiServer::builder().version("1.36").controllers(controllers).start().await?;
/// let token = BootstrapToken::generate(&mut Env::system())?;
/// api.add_bootstrap_token(&token, &TokenSettings::new())?;
///
/// let bootstrap = api.kubeconfig(&Identity::bootstrap(&token))?;
/// let kubelet = VirtualKubelet::builder("node-1").version("1.36").address([10, 0, 0, 5]).start(&bootstrap).await?;
/// let status = kubelet.wait_until_ready(Duration::from_secs(10)).await?;
/// let certificate = status.client.ok_or("a node that is ready has a certificate")?;
/// assert_eq!(certificate.facts().common_name, "system:node:node-1");
/// // Kubernetes approves no serving certificate by itself.
/// assert!(kubelet.wait_until_serving(Duration::from_millis(100)).await.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it ends when it is dropped"]
pub struct VirtualKubelet {
    shared: Arc<Shared>,
    task: AbortHandle,
}

/// What a kubelet's task and its owner share.
struct Shared {
    settings: Settings,
    connection: Connection,
    random: Random,
    status: watch::Sender<KubeletStatus>,
    events: Mutex<Vec<KubeletEvent>>,
    work: Work,
}

/// As many events are kept of each.
const MOST_EVENTS: usize = 1000;

impl Shared {
    fn events(&self) -> MutexGuard<'_, Vec<KubeletEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, what: Happening) {
        let mut events = self.events();
        if events.len() >= MOST_EVENTS {
            events.remove(0);
        }
        events.push(KubeletEvent { at: self.settings.clock.now(), what });
    }

    fn set(&self, change: impl FnOnce(&mut KubeletStatus)) {
        self.status.send_modify(change);
    }

    /// Notes that something goes again.
    fn solved(&self, action: &'static str) {
        let of_action = format!("cannot {action}: ");
        self.status.send_if_modified(|status| {
            let is_solved = status.problem.as_ref().is_some_and(|problem| problem.starts_with(&of_action));
            if is_solved {
                status.problem = None;
            }
            is_solved
        });
    }

    /// Notes what does not go; the same again is not told again.
    fn failed(&self, action: &'static str, why: String) {
        let problem = format!("cannot {action}: {why}");
        let is_new = self.status.send_if_modified(|status| {
            let is_new = status.problem.as_ref() != Some(&problem);
            status.problem = Some(problem);
            is_new
        });
        if is_new {
            self.tell(Happening::Failed { action, why });
        }
    }
}

/// Starts a kubelet's task in the runtime of the caller.
fn start(settings: Settings, connection: Connection) -> VirtualKubelet {
    let shared = Arc::new(Shared {
        random: Random::new(settings.seed),
        settings,
        connection,
        status: watch::Sender::new(KubeletStatus::new()),
        events: Mutex::default(),
        work: Work::default(),
    });
    let follower: Weak<Shared> = Arc::downgrade(&shared);
    shared.settings.clock.follow(follower);
    let task = tokio::spawn(run::run(Arc::clone(&shared))).abort_handle();
    VirtualKubelet { shared, task }
}

impl VirtualKubelet {
    /// A kubelet of the newest version for a node of this name.
    pub fn builder(name: &str) -> VirtualKubeletBuilder {
        VirtualKubeletBuilder::new(name)
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared.settings.name.as_str()
    }

    /// How far it has come.
    #[must_use]
    pub fn status(&self) -> KubeletStatus {
        self.shared.status.borrow().clone()
    }

    /// What happened to it so far, in order; of more than a thousand events the last thousand.
    #[must_use]
    pub fn events(&self) -> Vec<KubeletEvent> {
        self.shared.events().clone()
    }

    /// Waits until it has its client certificate, its Node and its Lease.
    ///
    /// # Errors
    /// [`KubeletError::TimedOut`], with where it is instead and why, and [`KubeletError::Stopped`].
    pub async fn wait_until_ready(&self, limit: Duration) -> Result<KubeletStatus, KubeletError> {
        self.wait_until("ready", limit, |status| status.phase == Phase::Ready).await
    }

    /// Waits until it has a serving certificate.
    ///
    /// # Errors
    /// As [`Self::wait_until_ready`].
    pub async fn wait_until_serving(&self, limit: Duration) -> Result<KubeletStatus, KubeletError> {
        self.wait_until("serving", limit, |status| status.serving.is_some()).await
    }

    /// Waits until its status is as `is` says; `awaited` is the word for it in the error.
    ///
    /// # Errors
    /// As [`Self::wait_until_ready`].
    pub async fn wait_until(
        &self,
        awaited: &'static str,
        limit: Duration,
        mut is: impl FnMut(&KubeletStatus) -> bool,
    ) -> Result<KubeletStatus, KubeletError> {
        let mut changes = self.shared.status.subscribe();
        let waiting = changes.wait_for(|status| is(status) || status.phase == Phase::Stopped);
        let waited = match tokio::time::timeout(limit, waiting).await {
            Ok(Ok(status)) => Some(status.clone()),
            _ => None,
        };
        let (node, status) = (self.name().to_owned(), Box::new(self.status()));
        match waited {
            Some(status) if status.phase == Phase::Stopped => {
                Err(KubeletError::Stopped { node, status: Box::new(status) })
            }
            Some(status) => Ok(status),
            None => Err(KubeletError::TimedOut { node, awaited, limit, status }),
        }
    }

    /// Ends it, as a machine that loses power: its Node, its Lease and its requests stay as they are.
    pub fn stop(&self) {
        self.task.abort();
        self.shared.set(|status| status.phase = Phase::Stopped);
    }
}

impl Drop for VirtualKubelet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for VirtualKubelet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VirtualKubelet({}: {})", self.name(), self.status())
    }
}

/// The two signers of kubelets.
fn what(signer: Signer) -> &'static str {
    match signer {
        Signer::KubeletServing => "get a serving certificate",
        Signer::KubeApiserverClient | Signer::KubeApiserverClientKubelet => "get a client certificate",
    }
}
