//! How far a long command is, on stderr.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What takes no longer says nothing.
const SILENT: Duration = Duration::from_secs(1);

/// How often a terminal's line is written anew.
const LINE: Duration = Duration::from_millis(200);

/// How often a line is added where stderr goes into a file: enough to see that it is alive.
const LOG: Duration = Duration::from_secs(10);

/// Says how many are done, and how long the rest will take: a line of a terminal that is written anew, or a line from time
/// to time.
pub(crate) struct Progress {
    what: &'static str,
    way: Option<Way>,
    state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Terminal,
    Log,
}

struct State {
    done: usize,
    began: Instant,
    /// When the first was done: what comes before takes a time of its own.
    first: Option<Instant>,
    told: Instant,
    /// How wide what stands on the terminal is.
    width: usize,
}

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        let way = if stderr().is_terminal() { Way::Terminal } else { Way::Log };
        let now = Instant::now();
        let state = State { done: 0, began: now, first: None, told: now, width: 0 };
        Self { what, way: Some(way), state: Mutex::new(state) }
    }

    /// For a command that writes while it works: on a terminal its own lines show how far it is.
    pub(crate) fn beside_output(what: &'static str) -> Self {
        let mut progress = Self::new(what);
        if stdout().is_terminal() {
            progress.way = None;
        }
        progress
    }

    /// One more is done.
    pub(crate) fn count(&self, total: Option<usize>) {
        let done = self.state().done.saturating_add(1);
        self.at(done, total);
    }

    /// So many are done.
    pub(crate) fn at(&self, done: usize, total: Option<usize>) {
        let Some(way) = self.way else { return };
        let mut state = self.state();
        // Threads may tell it in another order.
        state.done = state.done.max(done);
        let first = *state.first.get_or_insert_with(Instant::now);
        let (elapsed, pause) = (state.began.elapsed(), state.told.elapsed());
        let is_due = if way == Way::Terminal { elapsed > SILENT && pause > LINE } else { pause > LOG };
        if !is_due {
            return;
        }
        state.told = Instant::now();
        let line = line(state.done, total, self.what, first.elapsed());
        let shown = match way {
            Way::Terminal => format!("\r{line:<width$}", width = state.width),
            Way::Log => format!("kboot: {line}\n"),
        };
        state.width = line.chars().count();
        let _ = stderr().lock().write_all(shown.as_bytes());
    }

    /// Leaves the terminal's line to what comes next.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        if self.way == Some(Way::Terminal) && state.width > 0 {
            let _ = write!(stderr().lock(), "\r{:width$}\r", "", width = state.width);
            state.width = 0;
        }
    }

    /// Nothing here is half done where a thread panics.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// What is said after so long a time since the first was done.
fn line(done: usize, total: Option<usize>, what: &str, since_first: Duration) -> String {
    let milliseconds = since_first.as_millis().max(1);
    let further = u128::try_from(done.saturating_sub(1)).unwrap_or(u128::MAX);
    match total {
        None => format!("{done} {what}, {} a second", further.saturating_mul(1000) / milliseconds),
        Some(total) if further == 0 => format!("{done} of {total} {what}"),
        Some(total) => {
            let rest = u128::try_from(total.saturating_sub(done)).unwrap_or_default();
            let seconds = rest.saturating_mul(milliseconds) / further / 1000;
            format!("{done} of {total} {what}, about {} left", span(seconds))
        }
    }
}

/// In the two largest units.
fn span(seconds: u128) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_estimated() {
        let at = |done, total, seconds| line(done, total, "certificates", Duration::from_secs(seconds));
        assert_eq!(at(1, Some(800), 0), "1 of 800 certificates");
        assert_eq!(at(201, Some(801), 30), "201 of 801 certificates, about 1 min 30 s left");
        assert_eq!(at(2, Some(40_001), 1), "2 of 40001 certificates, about 11 h 6 min left");
        assert_eq!(at(801, Some(801), 30), "801 of 801 certificates, about 0 s left");
        assert_eq!(at(3001, None, 2), "3001 certificates, 1500 a second");
    }
}
