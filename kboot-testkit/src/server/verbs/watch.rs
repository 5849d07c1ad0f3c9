//! Watches (`apiserver/pkg/storage/cacher`, `apiserver/pkg/endpoints/handlers/watch.go`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::Call;
use super::list::{Selection, check_not_ahead, version, wrong_match};
use crate::server::Server;
use crate::server::answer::{Answer, Content, pieces, shaped};
use crate::server::negotiate::{Encoding, Form, Shape};
use crate::server::resource::Resource;
use crate::server::schema::protobuf;
use crate::server::status::{FieldError, Status};
use crate::server::store::{Compacted, Event, Place, Stored};

/// A watch without a limit ends by itself as upstream's do (`--min-request-timeout`).
const LONGEST: Duration = Duration::from_secs(1800);
/// How often a watch that asks for bookmarks is told how far it is (`bookmarkFrequency`).
const BOOKMARKS: Duration = Duration::from_secs(60);

pub(super) fn watch(call: &Call<'_>) -> Result<Answer, Status> {
    let query = &call.target.query;
    let selection = Selection::of(call)?;
    let start = start(call)?;
    let place = call.place();
    let store = &call.server.store;
    // Whoever watches one object is woken by that one alone, once it is known that nothing is missed.
    let is_late = matches!(start, Start::After(revision) if store.is_forgotten(&place, revision));
    let name = selection.name().filter(|_| !is_late).map(str::to_owned);
    let changed = match &name {
        Some(name) => store.changed_of(&place, name),
        None => store.changed(&place),
    };
    let (initial, revision, refusal) = match start {
        Start::Now | Start::All => {
            let snapshot = store.snapshot(&place, call.namespace(), selection.name());
            let all = if matches!(start, Start::All) { snapshot.objects } else { Vec::new() };
            (all, snapshot.revision, None)
        }
        Start::After(revision) => (Vec::new(), revision, None),
        Start::Never(status) => (Vec::new(), 0, Some(status)),
    };
    let timeout =
        query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0).map_or(LONGEST, Duration::from_secs);
    let wants_end = query.flag("sendInitialEvents") && call.server.has_watch_lists();
    let wants_bookmarks = query.flag("allowWatchBookmarks");
    let now = Instant::now();
    let control = call.server.faults.watches();
    let dropped = control.borrow().dropped;
    let watching = Watching {
        server: Arc::downgrade(call.server),
        control,
        dropped,
        place,
        namespace: call.namespace().to_owned(),
        resource: Arc::clone(&call.resource),
        form: call.form,
        include: query.get("includeObject").to_owned(),
        selection,
        name,
        refusal,
        initial: initial.into(),
        wants_end: wants_end && wants_bookmarks,
        wants_bookmarks,
        revision,
        changed,
        ends: now.checked_add(timeout).unwrap_or(now),
        next_bookmark: first_bookmark(now, timeout),
        is_first: true,
        is_over: false,
    };
    let stream = futures::stream::unfold(watching, |mut watching| async move {
        let bytes = watching.next().await?;
        Some((bytes, watching))
    });
    let media_type = match call.form.encoding {
        Encoding::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
        _ => "application/json",
    };
    Ok(Answer::new(200, Content::Stream(media_type, pieces(stream))))
}

/// The first is no later than two seconds before the end, so that who comes again has missed little.
fn first_bookmark(now: Instant, timeout: Duration) -> Instant {
    let before_the_end = timeout.saturating_sub(Duration::from_secs(2));
    now.checked_add(BOOKMARKS.min(before_the_end)).unwrap_or(now)
}

/// From where on a client wants to know.
#[derive(Debug)]
enum Start {
    /// What is there, then what happens.
    All,
    Now,
    After(u64),
    /// An event says why.
    Never(Status),
}

fn start(call: &Call<'_>) -> Result<Start, Status> {
    let query = &call.target.query;
    let wanted = version(call, "resourceVersion")?;
    check_options(call)?;
    let says_initial = call.knows_initial_events() && query.has("sendInitialEvents");
    Ok(match (wanted, says_initial, query.flag("sendInitialEvents")) {
        (Some(wanted), true, true) => {
            check_not_ahead(call, wanted).map_or_else(Start::Never, |()| Start::All)
        }
        (None | Some(0), true, false) => Start::Now,
        (None | Some(0), ..) => Start::All,
        (Some(wanted), ..) => Start::After(wanted),
    })
}

/// `ValidateListOptions` of a watch.
fn check_options(call: &Call<'_>) -> Result<(), Status> {
    const MATCH: &str = "resourceVersionMatch";
    const INITIAL: &str = "sendInitialEvents";
    let query = &call.target.query;
    let rule = query.get(MATCH);
    let mut errors = Vec::new();
    if !rule.is_empty() && !call.knows_initial_events() {
        errors.push(FieldError::forbidden(MATCH, "resourceVersionMatch is forbidden for watch"));
        errors.append(&mut wrong_match(query));
        return Err(call.invalid_options(&errors));
    } else if !call.knows_initial_events() {
        return Ok(());
    }
    if query.has(INITIAL) && rule != "NotOlderThan" {
        let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.push(FieldError::forbidden(MATCH, detail));
    }
    if query.has(INITIAL) && !call.server.has_watch_lists() {
        let detail = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
        errors.push(FieldError::forbidden(INITIAL, detail));
    }
    if !rule.is_empty() && !query.has(INITIAL) {
        let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        errors.push(FieldError::forbidden(MATCH, detail));
    }
    if !rule.is_empty() && rule != "NotOlderThan" {
        errors.push(FieldError::not_supported(MATCH, &rule.into(), &["NotOlderThan"]));
    }
    if errors.is_empty() { Ok(()) } else { Err(call.invalid_options(&errors)) }
}

struct Watching {
    server: std::sync::Weak<Server>,
    control: tokio::sync::watch::Receiver<crate::server::faults::Watches>,
    /// How often all watches had been dropped when this began.
    dropped: u64,
    place: Place,
    namespace: String,
    resource: Arc<Resource>,
    form: Form,
    include: String,
    selection: Selection,
    /// The one object that is watched.
    name: Option<String>,
    refusal: Option<Status>,
    initial: VecDeque<Arc<Stored>>,
    /// The bookmark after what was there at the start is still to come.
    wants_end: bool,
    wants_bookmarks: bool,
    revision: u64,
    changed: tokio::sync::watch::Receiver<u64>,
    ends: Instant,
    next_bookmark: Instant,
    is_first: bool,
    is_over: bool,
}

impl Watching {
    /// The next piece: as many events as there are.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.is_over || self.control.borrow().dropped != self.dropped {
                return None;
            }
            if !self.control.borrow().is_stalled
                && let Some(bytes) = self.ready()?
            {
                return Some(bytes);
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                changed = self.control.changed() => changed.ok()?,
                () = sleep_until(self.ends) => return None,
                () = sleep_until(self.next_bookmark), if self.wants_bookmarks => {
                    self.next_bookmark = Instant::now().checked_add(BOOKMARKS)?;
                    if self.control.borrow().has_bookmarks && !self.control.borrow().is_stalled {
                        // It says how far the watch is, so what happened meanwhile comes first.
                        if let Some(bytes) = self.ready()? {
                            return Some(bytes);
                        }
                        return self.server.upgrade().map(|server| self.bookmark(&server, false));
                    }
                }
            }
        }
    }

    /// What can be sent at once. The outer `None`: the server is gone.
    #[expect(clippy::option_option, reason = "the inner one is nothing to send, the outer one the end")]
    fn ready(&mut self) -> Option<Option<Bytes>> {
        let server = self.server.upgrade()?;
        let mut bytes = Vec::new();
        if let Some(status) = self.refusal.take() {
            self.frame(&server, &mut bytes, "ERROR", &status.to_value());
            self.is_over = true;
            return Some(Some(Bytes::from(bytes)));
        }
        for object in std::mem::take(&mut self.initial) {
            if self.selection.has(&object.value) {
                self.write(&server, &mut bytes, "ADDED", &object);
            }
        }
        if self.wants_end {
            self.wants_end = false;
            bytes.extend_from_slice(&self.bookmark(&server, true));
        }
        self.changed.borrow_and_update();
        let since = match &self.name {
            Some(name) => server.store.events_of(&self.place, name, self.revision),
            None => server.store.events_since(&self.place, self.revision),
        };
        match since {
            Ok((events, revision)) => {
                for event in events {
                    self.event(&server, &mut bytes, &event);
                }
                self.revision = self.revision.max(revision);
            }
            Err(Compacted { oldest }) => {
                let message = format!("too old resource version: {} ({oldest})", self.revision);
                self.frame(&server, &mut bytes, "ERROR", &Status::expired(message).to_value());
                self.is_over = true;
            }
        }
        Some((!bytes.is_empty()).then(|| Bytes::from(bytes)))
    }

    /// What an event is for who sees a part of the objects: what leaves the part is deleted, what enters it is new.
    fn event(&mut self, server: &Server, bytes: &mut Vec<u8>, event: &Event) {
        if !(self.namespace.is_empty() || event.key.namespace == self.namespace) {
            return;
        }
        let was = event.before.as_ref().is_some_and(|before| self.selection.has(&before.value));
        let is = !event.deleted && self.selection.has(&event.object.value);
        match (was, is) {
            (false, true) => self.write(server, bytes, "ADDED", &event.object),
            (true, true) => self.write(server, bytes, "MODIFIED", &event.object),
            (true, false) if event.deleted => self.write(server, bytes, "DELETED", &event.object),
            (true, false) => {
                // As it was when it was last seen, with the version of its leaving.
                let Some(before) = &event.before else { return };
                let mut value = Value::clone(&before.value);
                value["metadata"]["resourceVersion"] = event.revision.to_string().into();
                let value = self.shaped(server, &value);
                self.frame(server, bytes, "DELETED", &value);
            }
            (false, false) => {}
        }
    }

    fn write(&mut self, server: &Server, bytes: &mut Vec<u8>, kind: &str, object: &Stored) {
        if self.form.encoding == Encoding::Json
            && self.form.shape == Shape::Whole
            && object.value["apiVersion"] == self.resource.api_version().as_str()
        {
            bytes.extend_from_slice(format!(r#"{{"type":"{kind}","object":"#).as_bytes());
            bytes.extend_from_slice(&object.json());
            bytes.extend_from_slice(b"}\n");
            return;
        }
        let value = self.shaped(server, &object.value);
        self.frame(server, bytes, kind, &value);
    }

    fn shaped(&mut self, server: &Server, value: &Value) -> Value {
        let mut value = shaped(self.form, &self.resource, value, &server.look(&self.include));
        if matches!(self.form.shape, Shape::Table(_)) && !std::mem::take(&mut self.is_first) {
            // The columns are said once.
            value["columnDefinitions"] = Value::Null;
        }
        value
    }

    fn frame(&self, server: &Server, bytes: &mut Vec<u8>, kind: &str, value: &Value) {
        if self.form.encoding == Encoding::Protobuf
            && let Some(frame) = protobuf::watch_event(&server.schema, kind, value)
        {
            bytes.extend_from_slice(&frame);
            return;
        }
        bytes.extend_from_slice(json!({"type": kind, "object": value}).to_string().as_bytes());
        bytes.push(b'\n');
    }

    fn bookmark(&mut self, server: &Server, is_end_of_initial: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": self.revision.to_string()});
        if is_end_of_initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let value = json!({"kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata});
        let value = match self.form.shape {
            Shape::Whole => value,
            _ => self.shaped(server, &value),
        };
        let mut bytes = Vec::new();
        self.frame(server, &mut bytes, "BOOKMARK", &value);
        Bytes::from(bytes)
    }
}
