//! A node's pods: how many there are, and why one does not start.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Event, Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use super::detail::said;
use super::{BlockedContainer, ContainerEnd, NodeDetail, PodEvents, ReasonAndMessage};
use crate::finding::{Finding, Severity};
use crate::name::{is_dns1123_label, is_dns1123_subdomain};
use crate::online::{OnlineError, quoted};
use crate::time::Timestamp;

/// How many pods are explained one by one.
const SHOWN: usize = 20;

/// For so many seconds a pod may start without anyone asking why.
const PATIENCE: i64 = 60;

/// Afterwards it is a problem also if nothing says why. Pulling a large image takes minutes.
const TOO_LONG: i64 = 600;

/// A node's pods, as far as they have not ended.
#[derive(Debug, Default)]
pub(super) struct Pods {
    count: usize,
    waiting: Vec<WaitingPod>,
}

/// One that does not run.
#[derive(Debug)]
pub(super) struct WaitingPod {
    namespace: String,
    name: String,
    /// Whom its events are about: a static pod's bear the identity that the kubelet gave it.
    identities: Vec<String>,
    /// When something last changed.
    since: i64,
    /// What one of its containers says.
    why: Option<BlockedContainer>,
    events: Option<Result<Vec<Event>, OnlineError>>,
}

impl Pods {
    /// Takes a pod of the node; one that has ended or is being deleted does not count.
    pub(super) fn add(&mut self, pod: Pod) {
        let Pod { metadata, status, .. } = pod;
        let status = status.unwrap_or_default();
        let phase = status.phase.as_deref().unwrap_or("Pending");
        if metadata.deletion_timestamp.is_some() || ["Succeeded", "Failed"].contains(&phase) {
            return;
        }
        self.count = self.count.saturating_add(1);
        let states = || containers(&status).filter_map(|container| container.state.as_ref());
        let works = states().any(|state| state.running.is_some());
        let waits = phase == "Pending" || states().any(|state| state.waiting.is_some());
        let why = containers(&status).find_map(blocked);
        if why.is_some() || (waits && !works) {
            self.waiting.push(WaitingPod::new(metadata, &status, why));
        }
    }

    /// Those that have been starting for longer than usual and do not say why: so many that it is
    /// reasonable to ask for their events.
    pub(super) fn unexplained(&mut self, now: Timestamp) -> impl Iterator<Item = &mut WaitingPod> {
        let silent = move |pod: &&mut WaitingPod| {
            pod.why.is_none() && pod.events.is_none() && pod.age(now) >= PATIENCE
        };
        self.waiting.iter_mut().filter(silent).take(SHOWN)
    }
}

impl WaitingPod {
    fn new(metadata: ObjectMeta, status: &PodStatus, why: Option<BlockedContainer>) -> Self {
        let ends = |state: &Option<ContainerState>| {
            state.as_ref()?.terminated.as_ref()?.finished_at.as_ref().map(second)
        };
        let of_containers =
            containers(status).flat_map(|container| [ends(&container.state), ends(&container.last_state)]);
        let conditions = status.conditions.iter().flatten();
        let of_conditions = conditions.map(|condition| condition.last_transition_time.as_ref().map(second));
        let of_pod = [&metadata.creation_timestamp, &status.start_time].map(|time| time.as_ref().map(second));
        let since = of_containers.chain(of_conditions).chain(of_pod).flatten().max().unwrap_or_default();
        let mirror = metadata.annotations.and_then(|mut all| all.remove("kubernetes.io/config.mirror"));
        Self {
            namespace: metadata.namespace.unwrap_or_default(),
            name: metadata.name.unwrap_or_default(),
            identities: metadata.uid.into_iter().chain(mirror).collect(),
            since,
            why,
            events: None,
        }
    }

    /// Where the API server has its events; none if its names are not those of a pod.
    pub(super) fn events_path(&self) -> Option<String> {
        let Self { namespace, name, .. } = self;
        (is_dns1123_label(namespace) && is_dns1123_subdomain(name)).then(|| {
            format!(
                "/api/v1/namespaces/{namespace}/events?fieldSelector=involvedObject.kind%3DPod%2C\
                 involvedObject.name%3D{name}"
            )
        })
    }

    /// What was found there. Events of another pod of the same name are left out.
    pub(super) fn set_events(&mut self, events: Result<Vec<Event>, OnlineError>) {
        let of_it = |event: &Event| {
            event.involved_object.uid.as_ref().is_none_or(|uid| self.identities.contains(uid))
        };
        self.events = Some(events.map(|all| all.into_iter().filter(of_it).collect()));
    }

    fn age(&self, now: Timestamp) -> i64 {
        now.unix().saturating_sub(self.since)
    }

    /// The names, which are not limited to harmless characters.
    fn shown_name(&self) -> String {
        let Self { namespace, name, .. } = self;
        if self.events_path().is_some() {
            format!("{namespace}/{name}")
        } else {
            format!("{}/{}", quoted(namespace, 64), quoted(name, 64))
        }
    }

    /// What is in its way; nothing is known to be if it may still come up by itself.
    fn verdict(&self, now: Timestamp) -> Option<(Severity, NodeDetail)> {
        if let Some(why) = &self.why {
            return Some((Severity::Error, NodeDetail::PodBlocked(why.clone())));
        }
        let age = self.age(now);
        if age < PATIENCE {
            return None;
        }
        let too_long = age >= TOO_LONG;
        let (severity, events) = match &self.events {
            Some(Ok(events)) => match obstacle(events) {
                Some(event) => {
                    let lacks_plugin = lacks_plugin(event);
                    (Severity::Error, PodEvents::Obstacle { said: said_by(event), lacks_plugin })
                }
                None if !too_long => return None,
                None => {
                    let latest = events.iter().max_by_key(|event| last_seen(event));
                    let events = latest.map_or(PodEvents::None, |event| PodEvents::Latest(said_by(event)));
                    (Severity::Error, events)
                }
            },
            Some(Err(error)) => {
                let severity = if too_long { Severity::Error } else { Severity::Warning };
                (severity, PodEvents::Unreadable { why: error.with_cause() })
            }
            None if !too_long => return None,
            None => (Severity::Error, PodEvents::NotAsked),
        };
        Some((severity, NodeDetail::PodStarting { age, events }))
    }
}

/// The latest Warning, if the kubelet has not got beyond it: pulling an image comes after the sandbox.
fn obstacle(events: &[Event]) -> Option<&Event> {
    let latest =
        |wanted: &dyn Fn(&&Event) -> bool| events.iter().filter(wanted).max_by_key(|event| last_seen(event));
    let warning = latest(&|event| event.type_.as_deref() == Some("Warning"))?;
    let pulling = latest(&|event| event.reason.as_deref() == Some("Pulling"));
    pulling.is_none_or(|pulling| last_seen(pulling) <= last_seen(warning)).then_some(warning)
}

fn lacks_plugin(event: &Event) -> bool {
    event.message.as_deref().unwrap_or_default().contains("failed to find plugin")
}

/// Init containers first: the others wait for them.
fn containers(status: &PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    status.init_container_statuses.iter().chain(&status.container_statuses).flatten()
}

/// What a container waits for, if not for its turn (`pkg/kubelet/kubelet_pods.go`). Reasons are many and
/// become more, so every other one counts.
fn blocked(container: &ContainerStatus) -> Option<BlockedContainer> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().unwrap_or_default();
    if ["", "ContainerCreating", "PodInitializing"].contains(&reason) {
        return None;
    }
    let last = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let ended = last.map(|last| ContainerEnd {
        code: last.exit_code,
        reason: last.reason.as_deref().map(|reason| quoted(reason, 64)),
        message: last.message.as_deref().map(|message| quoted(message, 256)),
    });
    let said = said(Some(reason), waiting.message.as_deref(), 256);
    Some(BlockedContainer { container: quoted(&container.name, 64), said, ended })
}

/// What an event says. A runtime's message has its point at the end.
fn said_by(event: &Event) -> ReasonAndMessage {
    said(event.reason.as_deref(), event.message.as_deref(), 512)
}

fn last_seen(event: &Event) -> i64 {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref());
    let micro = series.or(event.event_time.as_ref()).map(|time| time.0.as_second());
    let last = event.last_timestamp.as_ref().or(event.metadata.creation_timestamp.as_ref()).map(second);
    micro.max(last).unwrap_or_default()
}

fn second(time: &Time) -> i64 {
    time.0.as_second()
}

/// Which pods cannot start, and why; one line that all is well if there is none.
pub(super) fn explain(pods: &Pods, now: Timestamp) -> Vec<Finding<NodeDetail>> {
    let mut stuck: Vec<Finding<NodeDetail>> =
        pods.waiting.iter().filter_map(|pod| of_pod(pod, now)).collect();
    if stuck.is_empty() {
        let well = NodeDetail::PodsWell { count: pods.count, starting: pods.waiting.len() };
        return vec![Finding::note("pods", well)];
    }
    let more = stuck.split_off(SHOWN.min(stuck.len()));
    // An error where one of them is.
    if let Some(severity) = more.iter().map(|finding| finding.severity).max() {
        stuck.push(Finding::new(severity, "pods", NodeDetail::MorePods { count: more.len() }));
    }
    stuck
}

fn of_pod(pod: &WaitingPod, now: Timestamp) -> Option<Finding<NodeDetail>> {
    let (severity, detail) = pod.verdict(now)?;
    Some(Finding::new(severity, format!("pod {}", pod.shown_name()), detail))
}
