//! What a pure function cannot have: the time of day and randomness, passed in as one value.

use std::cell::RefCell;
use std::fmt;
use std::time::SystemTime;

use rand_core::TryCryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::time::Timestamp;

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
#[expect(clippy::exhaustive_structs, reason = "a source of one's own returns it")]
pub struct RandomUnavailable;

type Clock = Box<dyn FnMut() -> Timestamp + Send>;
type Fill = Box<dyn FnMut(&mut [u8]) -> Result<(), RandomUnavailable> + Send>;

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
    /// To tell the time changes nothing that others see, so `now` takes the `Env` as it is.
    clock: RefCell<Clock>,
    fill: Fill,
}

impl Env {
    /// The machine's clock and the operating system's random generator.
    #[must_use]
    pub fn system() -> Self {
        Self { clock: RefCell::new(Box::new(system_now)), fill: operating_system() }
    }

    /// A stopped clock, and random bytes from `fill`: for tests, where a run must repeat.
    #[must_use]
    pub fn fixed(now: Timestamp, mut fill: impl FnMut(&mut [u8]) + Send + 'static) -> Self {
        let fill = move |buffer: &mut [u8]| {
            fill(buffer);
            Ok(())
        };
        Self { fill: Box::new(fill), ..Self::at(now) }
    }

    /// A stopped clock; random bytes stay the operating system's.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self::system().with_clock(move || now)
    }

    /// Sets the clock: one that is stepped by hand, or that is told the time by somebody else.
    ///
    /// ```
    /// use kboot_core::{Env, time::{Lifetime, Timestamp}};
    /// let mut time = Timestamp::EPOCH;
    /// let env = Env::system().with_clock(move || {
    ///     time = time.after(Lifetime::ONE_YEAR).unwrap_or(time);
    ///     time
    /// });
    /// assert_eq!(env.now().to_string(), "1971-01-01T00:00:00Z");
    /// assert_eq!(env.now().to_string(), "1972-01-01T00:00:00Z");
    /// ```
    #[must_use]
    pub fn with_clock(self, clock: impl FnMut() -> Timestamp + Send + 'static) -> Self {
        Self { clock: RefCell::new(Box::new(clock)), ..self }
    }

    /// Sets the source of random bytes: any generator of `rand_core` 0.10 that is fit for secrets. Where it
    /// fails, [`Env::fill`] does.
    ///
    /// ```
    /// use kboot_core::{BootstrapToken, Env};
    /// let mut env = Env::system().with_rng(getrandom::SysRng);
    /// let token = BootstrapToken::generate(&mut env)?;
    /// # Ok::<(), kboot_core::token::TokenError>(())
    /// ```
    #[must_use]
    pub fn with_rng(self, mut rng: impl TryCryptoRng + Send + 'static) -> Self {
        let fill = move |buffer: &mut [u8]| rng.try_fill_bytes(buffer).map_err(|_| RandomUnavailable);
        Self { fill: Box::new(fill), ..self }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock.borrow_mut())()
    }

    /// Fills the buffer with random bytes.
    ///
    /// # Errors
    /// Where the operating system has none to give.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        (self.fill)(buffer)
    }
}

/// The operating system's random bytes, fetched a page's worth at a time: a call for each serial number
/// would be a hundredth of a certificate's cost. A byte is handed out once and forgotten.
fn operating_system() -> Fill {
    let mut pool = Zeroizing::new([0_u8; 512]);
    let mut left = 0;
    Box::new(move |buffer| {
        if buffer.len() > pool.len() {
            return getrandom::fill(buffer).map_err(|_| RandomUnavailable);
        }
        if buffer.len() > left {
            getrandom::fill(&mut pool[..]).map_err(|_| RandomUnavailable)?;
            left = pool.len();
        }
        let taken = &mut pool[left - buffer.len()..left];
        buffer.copy_from_slice(taken);
        taken.zeroize();
        left -= buffer.len();
        Ok(())
    })
}

#[expect(clippy::disallowed_methods, reason = "the one place where kboot reads the machine's clock")]
fn system_now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::EPOCH)
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_random_byte_is_handed_out_twice() {
        let mut env = Env::system();
        let mut seen = std::collections::BTreeSet::new();
        for length in [16, 500, 16, 32, 512, 16, 600].into_iter().cycle().take(200) {
            let mut buffer = vec![0; length];
            env.fill(&mut buffer).unwrap();
            assert!(buffer.chunks_exact(8).all(|chunk| chunk != [0; 8] && seen.insert(chunk.to_vec())));
        }
    }
}
