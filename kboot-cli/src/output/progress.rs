//! How far a long command is.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

/// Says on a terminal how many requests are done, while the answer goes elsewhere.
pub(crate) struct Progress {
    is_shown: bool,
    count: u64,
    began: Instant,
    told: Instant,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { is_shown: stderr().is_terminal() && !stdout().is_terminal(), count: 0, began: now, told: now }
    }

    pub(crate) fn count(&mut self) {
        self.count = self.count.saturating_add(1);
        if self.is_shown && self.count.is_multiple_of(256) && self.told.elapsed() > Duration::from_millis(200)
        {
            self.told = Instant::now();
            self.tell();
        }
    }

    fn tell(&self) {
        let milliseconds = self.began.elapsed().as_millis().max(1);
        let rate = u128::from(self.count).saturating_mul(1000) / milliseconds;
        let _ = write!(stderr().lock(), "\r{} requests, {rate} a second ", self.count);
    }

    pub(crate) fn end(&self) {
        if self.is_shown {
            self.tell();
            let _ = writeln!(stderr().lock());
        }
    }
}
