//! Watches of one object each, which sleep until something happens to that one: a thousand kubelets that wait for their own
//! requests cost a write nothing.

use std::collections::HashMap;

use tokio::sync::watch;

/// The names of a resource that somebody watches, whatever their namespace.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, Named>);

#[derive(Debug)]
struct Named {
    /// What happened to it up to here is forgotten.
    forgotten: u64,
    changed: watch::Sender<u64>,
}

impl Names {
    /// `forgotten` is what the resource has forgotten until now.
    pub(super) fn subscribe(&mut self, name: &str, forgotten: u64) -> watch::Receiver<u64> {
        let new = || Named { forgotten, changed: watch::channel(0).0 };
        self.0.entry(name.to_owned()).or_insert_with(new).changed.subscribe()
    }

    pub(super) fn note(&mut self, name: &str, revision: u64) {
        let Some(named) = self.0.get(name) else { return };
        if named.changed.receiver_count() == 0 {
            self.0.remove(name);
        } else {
            named.changed.send_replace(revision);
        }
    }

    pub(super) fn forget(&mut self, name: &str, revision: u64) {
        if let Some(named) = self.0.get_mut(name) {
            named.forgotten = revision;
        }
    }

    pub(super) fn forgotten(&self, name: &str) -> Option<u64> {
        self.0.get(name).map(|named| named.forgotten)
    }
}
