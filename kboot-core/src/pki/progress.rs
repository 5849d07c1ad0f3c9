//! How far a long work is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Told = dyn Fn(usize, usize) + Send + Sync;

/// Who is told how many certificates are done, of how many: RSA keys for thousands of nodes take minutes.
///
/// It is called from several threads, after each certificate, and should return at once.
///
/// ```
/// use kboot_core::{ClusterSpec, Env, bundle::{Plan, PlanOptions}, pki::Progress};
/// use std::sync::{Arc, Mutex};
///
/// let spec: ClusterSpec = include_str!("../cluster/single-node.yaml").parse()?;
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let told = seen.clone();
/// let mut options = PlanOptions::default();
/// options.progress = Progress::new(move |done, total| told.lock().unwrap().push((done, total)));
/// let folder = tempfile::tempdir()?;
/// Plan::with_options(&spec, folder.path(), &options, &mut Env::system())?;
/// let seen = seen.lock().unwrap();
/// let total = seen.len();
/// assert!(seen.contains(&(1, total)) && seen.contains(&(total, total)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Told>>);

impl Progress {
    /// Calls `told` with how many are done and how many there are.
    #[must_use]
    pub fn new(told: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    /// Counts to `total`.
    pub(super) fn counter(&self, total: usize) -> impl Fn() + Sync {
        let done = AtomicUsize::new(0);
        move || {
            if let Some(told) = &self.0 {
                told(done.fetch_add(1, Ordering::Relaxed).saturating_add(1), total);
            }
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("is_told", &self.0.is_some()).finish()
    }
}
