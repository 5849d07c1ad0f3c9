//! What makes controllers run: every change of what they watch, the clock, and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use super::Server;
use super::attributes::{Attributes, Objects, User};
use super::clock::Follower;
use super::controllers::{Cluster, Key, Propagation, Reconciler};
use super::resource::Resource;
use super::status::Status;
use super::store::{Event, Place};
use super::verbs::ByController;

/// Asks the controllers to tell when there is nothing left for them to do.
#[derive(Debug)]
pub(crate) struct Settle(mpsc::UnboundedSender<oneshot::Sender<()>>);

impl Follower for Settle {
    fn settled(&self) -> BoxFuture<'static, ()> {
        let (done, settled) = oneshot::channel();
        let sent = self.0.send(done);
        async move {
            if sent.is_ok() {
                // A server that ended has nothing left to do.
                let _ = settled.await;
            }
        }
        .boxed()
    }
}

/// Starts the controllers; they end with the server's threads.
pub(crate) fn start(
    server: &Arc<Server>,
    controllers: Vec<Box<dyn Reconciler>>,
    runtime: &tokio::runtime::Handle,
) -> Arc<Settle> {
    let (ask, asked) = mpsc::unbounded_channel();
    let settle = Arc::new(Settle(ask));
    let follower: Weak<Settle> = Arc::downgrade(&settle);
    server.clock.follow(follower);
    let running =
        controllers.into_iter().map(|controller| Running { controller, due: None, is_new: true }).collect();
    let engine = Engine { server: Arc::downgrade(server), running, seen: HashMap::new() };
    runtime.spawn(engine.run(asked));
    settle
}

struct Running {
    controller: Box<dyn Reconciler>,
    /// When it wants to look at everything again.
    due: Option<OffsetDateTime>,
    is_new: bool,
}

struct Engine {
    server: Weak<Server>,
    running: Vec<Running>,
    /// How far each resource's changes have been seen.
    seen: HashMap<Place, u64>,
}

/// What happened to a resource since somebody looked.
enum Changes {
    Of(Vec<Key>),
    /// More than is remembered: who watches looks at everything.
    Missed,
}

impl Changes {
    fn keys(&self) -> Option<&Vec<Key>> {
        match self {
            Self::Of(keys) => Some(keys),
            Self::Missed => None,
        }
    }
}

/// Each object once, in the order of its last change.
fn keys(place: &Place, events: &[Arc<Event>]) -> Vec<Key> {
    let mut seen = std::collections::HashSet::new();
    let last = events.iter().rev().filter(|event| seen.insert(&event.key));
    let mut keys: Vec<_> = last
        .map(|event| Key::new(&place.group, &place.resource, &event.key.namespace, &event.key.name))
        .collect();
    keys.reverse();
    keys
}

/// A task may wait this long for a clock that goes by itself.
const FAR: Duration = Duration::from_secs(3600);

impl Engine {
    async fn run(mut self, mut asked: mpsc::UnboundedReceiver<oneshot::Sender<()>>) {
        let Some((mut changed, mut moved)) =
            self.server.upgrade().map(|server| (server.store.any_change(), server.clock.moved()))
        else {
            return;
        };
        let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
        loop {
            changed.borrow_and_update();
            moved.borrow_and_update();
            let Some(server) = self.server.upgrade() else { return };
            while self.step(&server) {}
            let left = self.time_left(&server);
            drop(server);
            for done in waiting.drain(..) {
                let _ = done.send(());
            }
            tokio::select! {
                change = changed.changed() => if change.is_err() { return },
                change = moved.changed() => if change.is_err() { return },
                // Answered after one more round.
                ask = asked.recv() => match ask {
                    Some(done) => waiting.push(done),
                    None => return,
                },
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// Lets every controller look at what has changed. Whether there was anything.
    fn step(&mut self, server: &Arc<Server>) -> bool {
        let now = server.clock.time();
        let mut is_busy = false;
        let mut changed: Vec<(Place, Changes)> = Vec::new();
        for place in self.places(server) {
            let since = self.seen.get(&place).copied().unwrap_or(0);
            let (changes, until) = match server.store.events_since(&place, since) {
                Ok((events, _)) if events.is_empty() => continue,
                Ok((events, until)) => (Changes::Of(keys(&place, &events)), until),
                Err(_) => (Changes::Missed, server.store.revision()),
            };
            self.seen.insert(place.clone(), until);
            changed.push((place, changes));
        }
        let cluster = Hands { server };
        for running in &mut self.running {
            let watched = running.controller.watches();
            let concerns = |place: &Place| {
                watched.is_empty() || watched.contains(&(place.group.as_str(), place.resource.as_str()))
            };
            let mut of_it = changed.iter().filter(|(place, _)| concerns(place)).map(|(_, changes)| changes);
            let is_all = std::mem::take(&mut running.is_new)
                || running.due.is_some_and(|due| due <= now)
                || of_it.clone().any(|changes| matches!(changes, Changes::Missed));
            if is_all {
                is_busy = true;
                running.due = running.controller.reconcile(&cluster, None);
                continue;
            }
            for key in of_it.by_ref().filter_map(Changes::keys).flatten() {
                is_busy = true;
                let due = running.controller.reconcile(&cluster, Some(key));
                running.due = [running.due, due].into_iter().flatten().min();
            }
        }
        is_busy
    }

    /// What somebody watches.
    fn places(&self, server: &Server) -> Vec<Place> {
        if self.running.iter().any(|running| running.controller.watches().is_empty()) {
            return server.store.places();
        }
        let watched = self.running.iter().flat_map(|running| running.controller.watches());
        let places: std::collections::BTreeSet<_> =
            watched.map(|(group, resource)| Place::new(group, resource)).collect();
        places.into_iter().collect()
    }

    fn time_left(&self, server: &Server) -> Duration {
        let due = self.running.iter().filter_map(|running| running.due).min();
        match due {
            Some(due) if server.clock.goes() => Duration::try_from(due - server.clock.time())
                .unwrap_or(Duration::from_millis(1))
                .clamp(Duration::from_millis(1), FAR),
            _ => FAR,
        }
    }
}

/// What controllers do the server with: as service accounts of their own, through what clients go through.
struct Hands<'a> {
    server: &'a Arc<Server>,
}

impl Objects for Hands<'_> {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.server.store.get(group, resource, namespace, name)
    }

    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Arc<Value>> {
        self.server.store.list(group, resource, namespace)
    }
}

impl Cluster for Hands<'_> {
    fn now(&self) -> OffsetDateTime {
        self.server.clock.time()
    }

    fn resources(&self) -> Vec<Resource> {
        let all = self.server.registry.list(&self.server.store);
        all.iter().filter(|resource| !resource.is_review).map(|resource| Resource::clone(resource)).collect()
    }

    fn create(
        &self,
        by: &str,
        resource: (&str, &str),
        namespace: &str,
        object: Value,
    ) -> Result<Arc<Value>, Status> {
        ByController { server: self.server, user: account(by), resource, namespace }.create(object)
    }

    fn update(
        &self,
        by: &str,
        resource: (&str, &str),
        subresource: &str,
        object: Value,
    ) -> Result<Arc<Value>, Status> {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        ByController { server: self.server, user: account(by), resource, namespace: &namespace }
            .update(subresource, object)
    }

    fn delete(&self, by: &str, of: &Key, uid: Option<&str>, propagation: Propagation) -> Result<(), Status> {
        let resource = (of.group.as_str(), of.resource.as_str());
        let policy = match propagation {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
        };
        ByController { server: self.server, user: account(by), resource, namespace: &of.namespace }
            .delete(&of.name, uid, policy)
    }

    fn allowed(&self, attributes: &Attributes) -> bool {
        self.server.allows(attributes)
    }
}

/// `--use-service-account-credentials`: each controller is a service account of its own.
fn account(name: &str) -> Arc<User> {
    let groups = ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"];
    Arc::new(User { name: name.to_owned(), groups: groups.map(str::to_owned).to_vec(), ..User::default() })
}
