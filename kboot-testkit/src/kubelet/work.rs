//! What a kubelet's loops are doing, so that who moves the clock can wait until they have done what is due.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;
use tokio::sync::watch;

use super::Shared;
use crate::server::{Clock, Follower};

/// Longer than this nobody who moves a clock waits for one kubelet.
const MOST: Duration = Duration::from_secs(5);

/// How many loops are at work, and until when the others sleep.
#[derive(Debug, Default)]
struct Doing {
    busy: u32,
    sleeping: BTreeMap<u64, OffsetDateTime>,
    last: u64,
}

/// The loops of one kubelet.
#[derive(Debug, Default)]
pub(super) struct Work(watch::Sender<Doing>);

impl Work {
    /// One more loop is at work.
    pub(super) fn begin(&self) -> Busy<'_> {
        self.0.send_modify(|doing| doing.busy = doing.busy.saturating_add(1));
        Busy(self)
    }

    /// Sleeps until a moment that counts whatever else its loop does meanwhile.
    pub(super) async fn alarm(&self, clock: &Clock, until: OffsetDateTime) -> Busy<'_> {
        self.sleep(clock, until, None).await
    }

    async fn sleep<'a>(&'a self, clock: &Clock, until: OffsetDateTime, busy: Option<Busy<'a>>) -> Busy<'a> {
        // In this order, so that there is no moment in which it seems that nothing is to be done.
        let sleeper = Sleeper::new(self, until);
        drop(busy);
        clock.sleep_until(until).await;
        let busy = self.begin();
        drop(sleeper);
        busy
    }
}

/// A loop that is at work, until this is dropped.
#[derive(Debug)]
pub(super) struct Busy<'a>(&'a Work);

impl<'a> Busy<'a> {
    /// Sleeps until a moment.
    pub(super) async fn sleep_until(self, clock: &Clock, until: OffsetDateTime) -> Self {
        self.0.sleep(clock, until, Some(self)).await
    }

    /// Waits for what others do.
    pub(super) async fn rest<F: Future>(self, others: F) -> (F::Output, Self) {
        let work = self.0;
        drop(self);
        let done = others.await;
        (done, work.begin())
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|doing| doing.busy = doing.busy.saturating_sub(1));
    }
}

/// A loop that sleeps, until this is dropped.
struct Sleeper<'a> {
    work: &'a Work,
    number: u64,
}

impl<'a> Sleeper<'a> {
    fn new(work: &'a Work, until: OffsetDateTime) -> Self {
        let mut number = 0;
        work.0.send_modify(|doing| {
            doing.last = doing.last.wrapping_add(1);
            number = doing.last;
            doing.sleeping.insert(number, until);
        });
        Self { work, number }
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.work.0.send_modify(|doing| {
            doing.sleeping.remove(&self.number);
        });
    }
}

impl Follower for Shared {
    fn settled(&self) -> BoxFuture<'static, ()> {
        let (mut changes, clock) = (self.work.0.subscribe(), self.settings.clock.clone());
        async move {
            let nothing_due =
                |doing: &Doing| doing.busy == 0 && doing.sleeping.values().all(|until| *until > clock.time());
            let _ = tokio::time::timeout(MOST, changes.wait_for(nothing_due)).await;
        }
        .boxed()
    }
}
