//! The time that a server, its controllers and its virtual kubelets live by.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use kboot_core::time::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;

/// A clock that a test moves: certificates end, tokens expire and requests are cleaned up in milliseconds.
///
/// Clones are the same clock. One clock may belong to several servers.
///
/// ```
/// use std::time::Duration;
/// use kboot_testkit::server::Clock;
/// let clock = Clock::stopped_at("2030-01-01T00:00:00Z".parse()?);
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// clock.advance(Duration::from_secs(60)).await;
/// # });
/// assert_eq!(clock.now().to_string(), "2030-01-01T00:01:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    /// Where the clock stands, or (`None`) that it goes with the machine's.
    stopped_at: Option<OffsetDateTime>,
    offset: watch::Sender<time::Duration>,
    followers: Mutex<Vec<Weak<dyn Follower>>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Clock")
            .field("stopped_at", &self.stopped_at)
            .field("offset", &*self.offset.borrow())
            .finish()
    }
}

/// Who has something to do when the time changes, and when it is done.
pub(crate) trait Follower: Send + Sync {
    fn settled(&self) -> BoxFuture<'static, ()>;
}

impl Clock {
    /// Goes with the machine's clock; [`Self::advance`] puts it ahead.
    #[must_use]
    pub fn system() -> Self {
        Self::new(None)
    }

    /// Stands still until it is moved.
    #[must_use]
    pub fn stopped_at(time: Timestamp) -> Self {
        Self::new(Some(
            OffsetDateTime::from_unix_timestamp(time.unix()).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        ))
    }

    fn new(stopped_at: Option<OffsetDateTime>) -> Self {
        let (offset, _) = watch::channel(time::Duration::ZERO);
        Self(Arc::new(Inner { stopped_at, offset, followers: Mutex::default() }))
    }

    /// What the clock shows, in whole seconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.time().unix_timestamp()).unwrap_or(Timestamp::EPOCH)
    }

    /// Puts the clock ahead, and returns when the controllers of the servers that live by it have done what was due.
    pub async fn advance(&self, by: Duration) {
        let by = time::Duration::try_from(by).unwrap_or(time::Duration::MAX);
        self.0.offset.send_modify(|offset| *offset = offset.saturating_add(by));
        let followers: Vec<_> = {
            let mut followers = self.0.followers.lock().unwrap_or_else(PoisonError::into_inner);
            followers.retain(|follower| follower.strong_count() > 0);
            followers.iter().filter_map(Weak::upgrade).collect()
        };
        for follower in followers {
            follower.settled().await;
        }
    }

    pub(crate) fn time(&self) -> OffsetDateTime {
        let base = self.0.stopped_at.unwrap_or_else(OffsetDateTime::now_utc);
        base.checked_add(*self.0.offset.borrow()).unwrap_or(base)
    }

    /// `metav1.Time`: RFC 3339 in whole seconds.
    pub(crate) fn rfc3339(&self) -> String {
        rfc3339(self.time())
    }

    /// Changes whenever somebody moves the clock.
    pub(crate) fn moved(&self) -> watch::Receiver<time::Duration> {
        self.0.offset.subscribe()
    }

    /// Whether time passes by itself.
    pub(crate) fn goes(&self) -> bool {
        self.0.stopped_at.is_none()
    }

    pub(crate) fn follow(&self, follower: Weak<dyn Follower>) {
        self.0.followers.lock().unwrap_or_else(PoisonError::into_inner).push(follower);
    }

    /// Returns when it is that late.
    pub(crate) async fn sleep_until(&self, until: OffsetDateTime) {
        let mut moved = self.moved();
        loop {
            let left = until - self.time();
            let Ok(left) = Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            let passes = async {
                match self.goes() {
                    true => tokio::time::sleep(left).await,
                    false => std::future::pending().await,
                }
            };
            tokio::select! {
                () = passes => {}
                changed = moved.changed() => if changed.is_err() { return },
            }
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// RFC 3339 in whole seconds.
pub(crate) fn rfc3339(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

/// RFC 3339 as Go reads it: with capital letters, a `T` between date and time, and without a leap second.
pub(crate) fn parse(text: &str) -> Option<OffsetDateTime> {
    if text.contains(['t', 'z']) || text.contains(":60") || text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339).ok()
}
