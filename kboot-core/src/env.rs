//! What a pure function cannot have: the time of day and randomness, passed in as one value.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::time::Timestamp;

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct RandomUnavailable;

type Fill = Box<dyn FnMut(&mut [u8]) + Send>;

/// A clock and a source of random bytes.
///
/// ```
/// use kboot_core::Env;
/// assert!(Env::system().now().unix() > 1_700_000_000);
/// ```
///
/// Private keys are the exception: aws-lc makes them with the operating system's generator, whatever
/// the `Env` says, so that no test setting can weaken a key.
pub struct Env {
    now: Option<Timestamp>,
    fill: Option<Fill>,
}

impl Env {
    /// The machine's clock and the operating system's random generator.
    #[must_use]
    pub fn system() -> Self {
        Self { now: None, fill: None }
    }

    /// A stopped clock, and random bytes from `fill`: for tests, where a run must repeat.
    #[must_use]
    pub fn fixed(now: Timestamp, fill: impl FnMut(&mut [u8]) + Send + 'static) -> Self {
        Self { now: Some(now), fill: Some(Box::new(fill)) }
    }

    /// A stopped clock; random bytes stay the operating system's.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now: Some(now), fill: None }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(system_now)
    }

    /// Fills the buffer with random bytes.
    ///
    /// # Errors
    /// Where the operating system has none to give.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        match &mut self.fill {
            Some(fill) => {
                fill(buffer);
                Ok(())
            }
            None => getrandom::fill(buffer).map_err(|_| RandomUnavailable),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where kboot reads the machine's clock")]
fn system_now() -> Timestamp {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    i64::try_from(seconds).ok().and_then(|s| Timestamp::from_unix(s).ok()).unwrap_or(Timestamp::EPOCH)
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("now", &self.now).finish_non_exhaustive()
    }
}
