//! Objects with their versions, and what happened to them: the part of etcd and of the watch cache that clients see.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use kboot_core::time::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::attributes::Objects;
use super::resource::Resource;
use super::watched::Names;

/// How many changes of a resource a watch may be behind, as the watch cache's window is limited too: what is older is gone (410).
const EVENTS: usize = 8192;

/// The resources of a group with one name, whatever their version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) group: String,
    pub(crate) resource: String,
}

impl Place {
    pub(crate) fn new(group: &str, resource: &str) -> Self {
        Self { group: group.to_owned(), resource: resource.to_owned() }
    }
}

/// Where an object is among those of its resource; the namespace of what has none is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// As keys in etcd are ordered, where `/` ends a namespace: `a-b/` comes before `a/`.
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let ended = self.namespace.bytes().chain([b'/']);
        ended.cmp(other.namespace.bytes().chain([b'/'])).then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An object at one of its versions.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) value: Arc<Value>,
    pub(crate) revision: u64,
    json: OnceLock<Bytes>,
    item: OnceLock<Bytes>,
}

impl Stored {
    fn new(value: Value, revision: u64) -> Self {
        Self { value: Arc::new(value), revision, json: OnceLock::new(), item: OnceLock::new() }
    }

    /// As it goes over the wire; made once, whoever asks.
    pub(crate) fn json(&self) -> Bytes {
        self.json.get_or_init(|| Bytes::from(self.value.to_string())).clone()
    }

    /// As an item of a list: those of built-in kinds say neither kind nor version there.
    pub(crate) fn item_json(&self, resource: &Resource) -> Bytes {
        if resource.is_custom {
            return self.json();
        }
        let without = || {
            let mut value = Value::clone(&self.value);
            if let Some(object) = value.as_object_mut() {
                object.remove("kind");
                object.remove("apiVersion");
            }
            Bytes::from(value.to_string())
        };
        self.item.get_or_init(without).clone()
    }
}

/// Who wrote, how and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) user: String,
    pub(crate) verb: &'static str,
    pub(crate) time: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) revision: u64,
    pub(crate) by: Author,
    pub(crate) key: Key,
    /// As it is now; of what was deleted as it was, with the revision of its deletion.
    pub(crate) object: Arc<Stored>,
    pub(crate) before: Option<Arc<Stored>>,
    pub(crate) deleted: bool,
}

#[derive(Debug)]
struct Collection {
    objects: BTreeMap<Key, Arc<Stored>>,
    events: VecDeque<Arc<Event>>,
    /// What happened up to here is forgotten.
    compacted: u64,
    changed: watch::Sender<u64>,
    names: Names,
}

impl Default for Collection {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            events: VecDeque::new(),
            compacted: 0,
            changed: watch::channel(0).0,
            names: Names::default(),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    revision: u64,
    collections: HashMap<Place, Collection>,
}

/// Why a write did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Exists,
    NotFound,
    /// Somebody else was faster.
    Changed,
}

/// What was asked for is older than what is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compacted {
    /// The oldest version that is still known.
    pub(crate) oldest: u64,
}

/// All objects of a server.
#[derive(Debug, Default)]
pub(crate) struct Store {
    state: Mutex<State>,
    any_change: watch::Sender<u64>,
}

/// The objects of a resource at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) revision: u64,
    pub(crate) objects: Vec<Arc<Stored>>,
}

impl Store {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version of the last write to anything.
    pub(crate) fn revision(&self) -> u64 {
        self.state().revision
    }

    /// The resources that have or had objects.
    pub(crate) fn places(&self) -> Vec<Place> {
        self.state().collections.keys().cloned().collect()
    }

    pub(crate) fn read(&self, place: &Place, key: &Key) -> Option<Arc<Stored>> {
        self.state().collections.get(place)?.objects.get(key).cloned()
    }

    /// The objects of a namespace, or (`""`) of all, and of one name if that is wanted, with the version of the moment.
    pub(crate) fn snapshot(&self, place: &Place, namespace: &str, name: Option<&str>) -> Snapshot {
        let state = self.state();
        let objects =
            state.collections.get(place).map_or_else(Vec::new, |collection| collection.of(namespace, name));
        Snapshot { revision: state.revision, objects }
    }

    /// The objects as they were at a version.
    pub(crate) fn snapshot_at(
        &self,
        place: &Place,
        namespace: &str,
        revision: u64,
    ) -> Result<Snapshot, Compacted> {
        let state = self.state();
        let Some(collection) = state.collections.get(place) else {
            return Ok(Snapshot { revision, objects: Vec::new() });
        };
        if revision < collection.compacted {
            return Err(Compacted { oldest: collection.compacted });
        }
        let mut objects: BTreeMap<&Key, &Arc<Stored>> = collection.objects.iter().collect();
        for event in collection.events.iter().rev().take_while(|event| event.revision > revision) {
            match &event.before {
                Some(before) => objects.insert(&event.key, before),
                None => objects.remove(&event.key),
            };
        }
        let is_asked = |key: &Key| namespace.is_empty() || key.namespace == namespace;
        let objects =
            objects.into_iter().filter(|(key, _)| is_asked(key)).map(|(_, object)| Arc::clone(object));
        Ok(Snapshot { revision, objects: objects.collect() })
    }

    /// What happened after a version, in order, and the version up to which that is all.
    pub(crate) fn events_since(
        &self,
        place: &Place,
        revision: u64,
    ) -> Result<(Vec<Arc<Event>>, u64), Compacted> {
        let state = self.state();
        let Some(collection) = state.collections.get(place) else { return Ok((Vec::new(), state.revision)) };
        if revision < collection.compacted {
            return Err(Compacted { oldest: collection.compacted });
        }
        let first = collection.events.partition_point(|event| event.revision <= revision);
        Ok((collection.events.range(first..).cloned().collect(), state.revision))
    }

    /// The same for one name alone, for who watches it by [`Self::changed_of`] and has seen all until then.
    pub(crate) fn events_of(
        &self,
        place: &Place,
        name: &str,
        revision: u64,
    ) -> Result<(Vec<Arc<Event>>, u64), Compacted> {
        let state = self.state();
        let Some(collection) = state.collections.get(place) else { return Ok((Vec::new(), state.revision)) };
        let forgotten = collection.names.forgotten(name).unwrap_or(collection.compacted);
        if revision < forgotten {
            return Err(Compacted { oldest: forgotten });
        }
        let first = collection.events.partition_point(|event| event.revision <= revision);
        let events = collection.events.range(first..).filter(|event| event.key.name == name);
        Ok((events.cloned().collect(), state.revision))
    }

    /// Whether what happened after a version is forgotten in part.
    pub(crate) fn is_forgotten(&self, place: &Place, revision: u64) -> bool {
        self.state().collections.get(place).is_some_and(|collection| revision < collection.compacted)
    }

    /// Changes with every write to objects of this name.
    pub(crate) fn changed_of(&self, place: &Place, name: &str) -> watch::Receiver<u64> {
        let mut state = self.state();
        let collection = state.collections.entry(place.clone()).or_default();
        collection.names.subscribe(name, collection.compacted)
    }

    /// Changes with every write to the resource.
    pub(crate) fn changed(&self, place: &Place) -> watch::Receiver<u64> {
        self.state().collections.entry(place.clone()).or_default().changed.subscribe()
    }

    /// Changes with every write to anything.
    pub(crate) fn any_change(&self) -> watch::Receiver<u64> {
        self.any_change.subscribe()
    }

    /// Writes an object and stamps its `metadata.resourceVersion`. `expected` is the version that it must still have, `None` that it
    /// must not be there.
    pub(crate) fn write(
        &self,
        place: &Place,
        key: &Key,
        expected: Option<u64>,
        mut value: Value,
        by: Author,
    ) -> Result<Arc<Stored>, Refused> {
        let mut state = self.state();
        let revision = state.revision + 1;
        let collection = state.collections.entry(place.clone()).or_default();
        let before = collection.objects.get(key).cloned();
        check(expected, before.as_deref())?;
        stamp(&mut value, revision);
        let object = Arc::new(Stored::new(value, revision));
        collection.objects.insert(key.clone(), Arc::clone(&object));
        collection.note(Event {
            revision,
            by,
            key: key.clone(),
            object: Arc::clone(&object),
            before,
            deleted: false,
        });
        state.revision = revision;
        drop(state);
        self.any_change.send_replace(revision);
        Ok(object)
    }

    /// Removes an object that still has a version.
    pub(crate) fn remove(
        &self,
        place: &Place,
        key: &Key,
        expected: u64,
        by: Author,
    ) -> Result<Arc<Stored>, Refused> {
        let mut state = self.state();
        let revision = state.revision + 1;
        let collection = state.collections.entry(place.clone()).or_default();
        let Some(before) = collection.objects.get(key).cloned() else { return Err(Refused::NotFound) };
        check(Some(expected), Some(&before))?;
        collection.objects.remove(key);
        let mut value = Value::clone(&before.value);
        stamp(&mut value, revision);
        let object = Arc::new(Stored::new(value, revision));
        collection.note(Event {
            revision,
            by,
            key: key.clone(),
            object: Arc::clone(&object),
            before: Some(before),
            deleted: true,
        });
        state.revision = revision;
        drop(state);
        self.any_change.send_replace(revision);
        Ok(object)
    }

    /// What happened to an object, as far as it is remembered.
    pub(crate) fn history(&self, place: &Place, key: &Key) -> Vec<Arc<Event>> {
        let state = self.state();
        let events = state.collections.get(place).map(|collection| collection.events.iter());
        events.into_iter().flatten().filter(|event| event.key == *key).cloned().collect()
    }

    /// What there was before is none of this resource.
    pub(crate) fn begin(&self, place: &Place) {
        let mut state = self.state();
        let revision = state.revision;
        let collection = state.collections.entry(place.clone()).or_default();
        if collection.objects.is_empty() {
            collection.compacted = revision;
        }
    }

    /// Forgets what happened: the next watch from an old version gets 410.
    pub(crate) fn compact(&self) {
        let mut state = self.state();
        let revision = state.revision;
        for collection in state.collections.values_mut() {
            for event in std::mem::take(&mut collection.events) {
                collection.names.forget(&event.key.name, event.revision);
            }
            collection.compacted = revision;
        }
    }
}

fn check(expected: Option<u64>, before: Option<&Stored>) -> Result<(), Refused> {
    match (expected, before) {
        (None, Some(_)) => Err(Refused::Exists),
        (Some(_), None) => Err(Refused::NotFound),
        (Some(expected), Some(before)) if expected != before.revision => Err(Refused::Changed),
        _ => Ok(()),
    }
}

fn stamp(value: &mut Value, revision: u64) {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("resourceVersion".to_owned(), revision.to_string().into());
    }
}

impl Collection {
    fn of(&self, namespace: &str, name: Option<&str>) -> Vec<Arc<Stored>> {
        if namespace.is_empty() {
            let wanted = self.objects.iter().filter(|(key, _)| name.is_none_or(|name| key.name == name));
            return wanted.map(|(_, object)| Arc::clone(object)).collect();
        }
        let first = Key { namespace: namespace.to_owned(), name: name.unwrap_or_default().to_owned() };
        let range = self.objects.range((Bound::Included(first), Bound::Unbounded));
        range
            .take_while(|(key, _)| key.namespace == namespace && name.is_none_or(|name| key.name == name))
            .map(|(_, object)| Arc::clone(object))
            .collect()
    }

    fn note(&mut self, event: Event) {
        let revision = event.revision;
        if self.events.len() == EVENTS
            && let Some(oldest) = self.events.pop_front()
        {
            self.compacted = oldest.revision;
            self.names.forget(&oldest.key.name, oldest.revision);
        }
        self.names.note(&event.key.name, revision);
        self.events.push_back(Arc::new(event));
        self.changed.send_replace(revision);
    }
}

impl Objects for Store {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let key = Key { namespace: namespace.to_owned(), name: name.to_owned() };
        Some(Arc::clone(&self.read(&Place::new(group, resource), &key)?.value))
    }

    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Arc<Value>> {
        let snapshot = self.snapshot(&Place::new(group, resource), namespace, None);
        snapshot.objects.iter().map(|object| Arc::clone(&object.value)).collect()
    }
}
