//! What goes wrong on order.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::builder::NEWEST;
use super::path::Target;
use super::resource::{self, Resource};
use super::status::Status;

/// What is to happen to a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Refuse(Status),
    Wait(Duration),
    /// The connection ends without an answer; nothing was done.
    Drop,
    /// The connection ends without an answer, but what was asked for was done.
    LoseAnswer,
    Conflict,
}

#[derive(Debug)]
struct Rule {
    id: u64,
    method: String,
    pattern: String,
    action: Action,
    happened: u32,
    /// How often in all; `None` is always.
    times: Option<u32>,
}

impl Rule {
    fn left(&self) -> Option<u32> {
        self.times.map(|times| times.saturating_sub(self.happened))
    }
}

/// What all watches are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watches {
    /// Goes up whenever all are to end.
    pub(crate) dropped: u64,
    pub(crate) is_stalled: bool,
    pub(crate) has_bookmarks: bool,
}

#[derive(Debug)]
pub(crate) struct State {
    rules: Mutex<(u64, Vec<Rule>)>,
    watches: watch::Sender<Watches>,
}

impl Default for State {
    fn default() -> Self {
        let watches = Watches { dropped: 0, is_stalled: false, has_bookmarks: true };
        Self { rules: Mutex::default(), watches: watch::channel(watches).0 }
    }
}

impl State {
    pub(crate) fn watches(&self) -> watch::Receiver<Watches> {
        self.watches.subscribe()
    }

    /// What is to happen to this request. The first rule that fits counts it.
    pub(crate) fn of(&self, method: &str, target: &Target) -> Option<Action> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let place = place(target);
        let rule = rules.1.iter_mut().find(|rule| {
            let is_method =
                rule.method.eq_ignore_ascii_case(method) || rule.method.eq_ignore_ascii_case(&target.verb);
            is_method && rule.left() != Some(0) && matches(&rule.pattern, &place)
        })?;
        rule.happened = rule.happened.saturating_add(1);
        Some(rule.action.clone())
    }
}

/// `certificatesigningrequests/csr-1/approval`; of what is no resource the path.
pub(crate) fn place(target: &Target) -> String {
    if !target.is_resource() {
        return target.path.trim_start_matches('/').to_owned();
    }
    let parts = [&target.resource, &target.name, &target.subresource];
    parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("/")
}

/// The methods, and the verbs of the API.
const METHODS: [&str; 12] = [
    "get",
    "head",
    "post",
    "put",
    "patch",
    "delete",
    "options",
    "list",
    "watch",
    "create",
    "update",
    "deletecollection",
];

/// A typing error would be a fault that never comes, or an assertion that always holds.
#[track_caller]
#[expect(clippy::panic, reason = "it is a mistake in the test")]
pub(crate) fn check(method: &str, place: &str) {
    assert!(
        METHODS.iter().any(|known| method.eq_ignore_ascii_case(known)),
        "there is no method or verb {method:?}; there are GET, POST, PUT, PATCH, DELETE, get, list, watch, create, update, patch, \
         delete, deletecollection"
    );
    let first = place.split('/').next().unwrap_or_default();
    let known = resource::of_version(NEWEST);
    if known.iter().any(|resource| resource.plural == first) {
        return;
    }
    let is_meant = |resource: &&Resource| {
        resource.singular == first
            || resource.kind == first
            || resource.short_names.iter().any(|name| name == first)
    };
    if let Some(resource) = known.iter().find(is_meant) {
        panic!("{place:?} is no place: the resource is {}", resource.plural);
    }
}

/// `*` stands for one part of the path, or for the rest of a part.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), text.split('/').collect());
    pattern.len() == text.len()
        && pattern.iter().zip(&text).all(|(pattern, text)| part_matches(pattern, text))
}

/// One `*` anywhere in a text that has no other meaning.
pub(crate) fn part_matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
    }
}

/// What goes wrong in a server, on order.
///
/// A fault is for a method (or a verb: `watch`, `list`) and a place: resource, name and subresource, with `*` for any part
/// of it.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// use kboot_testkit::{Identity, server::ApiServer};
/// let api = ApiServer::builder().start().await?;
/// api.faults().on("PUT", "certificatesigningrequests/*/approval").conflict().times(3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Faults(pub(crate) Arc<State>);

impl Faults {
    /// Requests that a fault is for.
    ///
    /// # Panics
    /// Where no request can be like that: for a method that there is not, and a resource by another name than in paths.
    #[track_caller]
    pub fn on(&self, method: &str, place: &str) -> FaultOn {
        check(method, place);
        FaultOn { state: Arc::clone(&self.0), method: method.to_owned(), pattern: place.to_owned() }
    }

    /// Ends every watch that is open.
    pub fn drop_watches(&self) {
        self.0.watches.send_modify(|watches| watches.dropped += 1);
    }

    /// Nothing comes through the watches any more, though their connections live, until [`Self::resume_watches`].
    pub fn stall_watches(&self) {
        self.0.watches.send_modify(|watches| watches.is_stalled = true);
    }

    /// What was held back by [`Self::stall_watches`] comes.
    pub fn resume_watches(&self) {
        self.0.watches.send_modify(|watches| watches.is_stalled = false);
    }

    /// Watches get no bookmarks but the one after the initial events.
    pub fn no_bookmarks(&self) {
        self.0.watches.send_modify(|watches| watches.has_bookmarks = false);
    }

    /// All is well again.
    pub fn clear(&self) {
        self.0.rules.lock().unwrap_or_else(PoisonError::into_inner).1.clear();
        self.0.watches.send_modify(|watches| {
            watches.is_stalled = false;
            watches.has_bookmarks = true;
        });
    }
}

/// The requests that a fault is for; what happens to them is said next.
#[must_use = "nothing goes wrong yet"]
pub struct FaultOn {
    state: Arc<State>,
    method: String,
    pattern: String,
}

impl fmt::Debug for FaultOn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.pattern)
    }
}

impl FaultOn {
    /// 409: somebody else changed the object.
    pub fn conflict(self) -> Fault {
        self.add(Action::Conflict)
    }

    /// 429, with `Retry-After` in seconds.
    pub fn too_many_requests(self, retry_after: u32) -> Fault {
        self.add(Action::Refuse(Status::too_many_requests(retry_after)))
    }

    /// 500.
    pub fn internal_error(self) -> Fault {
        self.add(Action::Refuse(Status::internal("a fault that was ordered")))
    }

    /// 410: what is asked for is too old. The answer is 410 for a watch, too; what a watch gets whose version was compacted
    /// is in [`ApiServer::compact`](super::ApiServer::compact).
    pub fn gone(self) -> Fault {
        self.add(Action::Refuse(Status::expired("a fault that was ordered")))
    }

    /// The request is answered later.
    pub fn latency(self, time: Duration) -> Fault {
        self.add(Action::Wait(time))
    }

    /// The connection ends before anything is done.
    pub fn drop_connection(self) -> Fault {
        self.add(Action::Drop)
    }

    /// What is asked for is done, and the connection ends without an answer: the client cannot know.
    pub fn lose_answer(self) -> Fault {
        self.add(Action::LoseAnswer)
    }

    fn add(self, action: Action) -> Fault {
        let Self { state, method, pattern } = self;
        let id = {
            let mut rules = state.rules.lock().unwrap_or_else(PoisonError::into_inner);
            rules.0 += 1;
            let id = rules.0;
            rules.1.push(Rule { id, method, pattern, action, happened: 0, times: None });
            id
        };
        Fault { state, id }
    }
}

/// A fault that happens, to every such request unless [`Self::times`] says otherwise.
#[derive(Debug)]
pub struct Fault {
    state: Arc<State>,
    id: u64,
}

impl Fault {
    fn change(&self, change: impl FnOnce(&mut Rule)) {
        let mut rules = self.state.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rule) = rules.1.iter_mut().find(|rule| rule.id == self.id) {
            change(rule);
        }
    }

    /// So many requests alone; one that came since the fault was ordered is one of them.
    #[expect(
        clippy::must_use_candidate,
        reason = "the fault is there whether or not somebody asks of it later"
    )]
    pub fn times(self, times: u32) -> Self {
        self.change(|rule| rule.times = Some(times));
        self
    }

    /// How often it is still to happen; `None` is always.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        let mut left = None;
        self.change(|rule| left = rule.left());
        left
    }

    /// Takes it back.
    pub fn cancel(self) {
        let mut rules = self.state.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.1.retain(|rule| rule.id != self.id);
    }
}
