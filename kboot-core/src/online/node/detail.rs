//! Everything that a look at a node can say.

use std::fmt;

use super::seconds::span;
use crate::finding::Detail;
use crate::online::quoted;
use crate::time::Timestamp;
use crate::token::TokenId;

/// What [`verify`](super::verify) says of a node: a note is as it should be, an error is not, a warning could
/// not be found out. What others wrote is quoted, cut and escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeDetail {
    /// It could not be asked for.
    NotAnswered {
        /// What the request ended with.
        why: String,
    },
    /// There is no Node object of the name.
    NotRegistered,
    /// The condition Ready is True.
    Ready,
    /// The condition Ready is not True.
    NotReady {
        /// Its status, quoted.
        status: String,
        /// What stands beside it.
        said: ReasonAndMessage,
    },
    /// There is no condition Ready.
    NoReadyCondition,
    /// A condition that is bad where it is True.
    BadCondition {
        /// Its type.
        condition: &'static str,
        /// What stands beside it.
        said: ReasonAndMessage,
    },
    /// The last heartbeat is new enough.
    Heartbeat {
        /// By what it is known.
        by: HeartbeatSource,
        /// How old it is, in seconds.
        age: i64,
    },
    /// The last heartbeat is too old.
    HeartbeatTooOld {
        /// By what it is known.
        by: HeartbeatSource,
        /// How old it is, in seconds.
        age: i64,
        /// How old it may be, in seconds.
        good_for: i64,
    },
    /// The last heartbeat lies ahead.
    HeartbeatAhead {
        /// By how many seconds.
        ahead: i64,
    },
    /// The Lease was never renewed.
    LeaseNeverRenewed,
    /// There is no Lease and no time in the node's status.
    NoHeartbeat,
    /// The two versions go together, or not, or cannot be read.
    Versions {
        /// The kubelet's, quoted.
        kubelet: String,
        /// The API server's, quoted.
        api_server: String,
        /// Whether they go together.
        skew: VersionSkew,
    },
    /// A certificate is valid.
    CertificateValid {
        /// The last moment of its life.
        not_after: Timestamp,
        /// How many seconds that is from now.
        left: i64,
        /// By what it is known.
        by: ExpirySource,
    },
    /// A certificate has expired.
    CertificateExpired {
        /// The last moment of its life.
        not_after: Timestamp,
        /// How many seconds ago that was.
        ago: i64,
        /// By what it is known.
        by: ExpirySource,
    },
    /// Nothing says how long a certificate is valid.
    CertificateUnknown {
        /// Why the metrics could not be read; none where they do not say.
        metrics: Option<String>,
    },
    /// A component answers ok.
    Healthy(Proxied),
    /// The API server does not let us ask a component.
    NotAllowed {
        /// What the API server says, quoted.
        message: String,
    },
    /// The API server got no answer from the kubelet in time.
    KubeletSilent {
        /// How many seconds were waited.
        seconds: u64,
    },
    /// The API server does not reach a component.
    NotReached {
        /// Which one.
        component: Proxied,
        /// The HTTP status.
        code: u16,
        /// What the API server says, quoted.
        message: String,
        /// Whether the kubelet lacks its serving certificate.
        lacks_certificate: bool,
    },
    /// The kubelet refuses the API server.
    KubeletRefuses {
        /// What it says, quoted.
        text: String,
    },
    /// Nothing listens on kube-proxy's port.
    NoKubeProxy,
    /// kube-proxy has not written its rules.
    RulesNotWritten {
        /// What it says, quoted.
        text: String,
    },
    /// A component answers something else than ok.
    Unhealthy {
        /// Which one.
        component: Proxied,
        /// The HTTP status.
        code: u16,
        /// What it says, quoted.
        text: String,
    },
    /// The API server has no requests of the version that is read.
    NoRequestsApi,
    /// A request for a certificate, and why it has none.
    CertificateRequest {
        /// What there is to say.
        text: String,
    },
    /// No pod waits for something else than its turn.
    PodsWell {
        /// How many there are.
        count: usize,
        /// How many are still starting.
        starting: usize,
    },
    /// A container of a pod waits.
    PodBlocked(BlockedContainer),
    /// A pod takes long.
    PodStarting {
        /// For how many seconds it has been starting.
        age: i64,
        /// What its events say.
        events: PodEvents,
    },
    /// A server's certificate is good, for the address that was asked.
    ServerCertificate {
        /// The last moment of its life.
        not_after: Timestamp,
        /// How many seconds that is from now.
        left: i64,
        /// For whom it is, quoted.
        names: String,
    },
    /// A server's certificate is not good.
    ServerCertificateRefused {
        /// Why not, quoted.
        why: String,
        /// For whom it is, quoted.
        names: String,
    },
    /// A server's certificate is not expired and has the address; whether its authority is the right one is not known.
    ServerCertificateOfNobody {
        /// The last moment of its life.
        not_after: Timestamp,
        /// For whom it is, quoted.
        names: String,
    },
    /// A server could not be asked for its certificate.
    ServerNotReached {
        /// What the network or TLS says.
        why: String,
    },
    /// A node has not joined; with which token it would.
    JoinToken {
        /// The token's id.
        id: TokenId,
        /// What the cluster has of it.
        state: TokenState,
    },
    /// Pods of several nodes that do not start, for the same reason.
    SamePods {
        /// The pods, with their nodes.
        pods: Vec<String>,
        /// What one of them says.
        said: String,
    },
    /// More pods that are not named one by one.
    MorePods {
        /// How many.
        count: usize,
    },
}

/// A reason and a message, quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReasonAndMessage {
    /// The reason.
    pub reason: String,
    /// The message.
    pub message: String,
}

impl fmt::Display for ReasonAndMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reason {}, message {}", self.reason, self.message)
    }
}

/// What a cluster has of a bootstrap token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenState {
    /// It lets its bearer in.
    Usable {
        /// When it ends; none for never.
        until: Option<Timestamp>,
    },
    /// It has ended.
    Expired,
    /// The cluster has none of its id.
    Unknown,
    /// Its Secret lets nobody in.
    Unusable {
        /// Why not.
        why: String,
    },
    /// It could not be asked for.
    NotAnswered {
        /// What the request ended with.
        why: String,
    },
}

/// By what a heartbeat is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two that a kubelet writes")]
pub enum HeartbeatSource {
    /// The node's Lease.
    Lease,
    /// The node's status, where there is no Lease.
    Status,
}

impl fmt::Display for HeartbeatSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lease => "its Lease",
            Self::Status => "its status (there is no Lease)",
        })
    }
}

/// How the kubelet's version and kube-apiserver's go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the version skew policy")]
pub enum VersionSkew {
    /// They do.
    Supported,
    /// The kubelet is newer.
    KubeletNewer,
    /// The kubelet is older than this minor version, the oldest that is supported.
    KubeletOlderThan(u16),
    /// One of them cannot be read.
    Unreadable,
}

/// By what a certificate's end is known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two that say so")]
pub enum ExpirySource {
    /// The kubelet's metrics.
    Metrics,
    /// A request, by its name for people.
    Request(String),
}

impl fmt::Display for ExpirySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metrics => f.write_str("by the kubelet's metrics"),
            Self::Request(name) => write!(f, "by the request {name}"),
        }
    }
}

/// What is asked through the API server's node proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two of a node")]
pub enum Proxied {
    /// The kubelet.
    Kubelet,
    /// kube-proxy.
    KubeProxy,
}

impl Proxied {
    fn path(self) -> &'static str {
        match self {
            Self::Kubelet => "/healthz",
            Self::KubeProxy => "/healthz on port 10256",
        }
    }
}

/// A container that waits for something else than its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockedContainer {
    /// Its name, quoted.
    pub container: String,
    /// Why it waits.
    pub said: ReasonAndMessage,
    /// How it last ended.
    pub ended: Option<ContainerEnd>,
}

/// How a container last ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContainerEnd {
    /// The exit code.
    pub code: i32,
    /// The reason, quoted.
    pub reason: Option<String>,
    /// The message, quoted.
    pub message: Option<String>,
}

impl fmt::Display for BlockedContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { container, said, ended } = self;
        write!(f, "container {container} waits: {said}")?;
        let Some(ContainerEnd { code, reason, message }) = ended else { return Ok(()) };
        write!(f, "; it last ended with exit code {code}")?;
        if let Some(reason) = reason {
            write!(f, ", reason {reason}")?;
        }
        match message {
            Some(message) => write!(f, ", message {message}"),
            None => Ok(()),
        }
    }
}

/// What a pod's events say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PodEvents {
    /// They were not asked for.
    NotAsked,
    /// One says what is in the way.
    Obstacle {
        /// What it says.
        said: ReasonAndMessage,
        /// Whether the runtime looks for plug-ins elsewhere.
        lacks_plugin: bool,
    },
    /// None is a warning; this is the latest.
    Latest(ReasonAndMessage),
    /// There is none.
    None,
    /// They cannot be read.
    Unreadable {
        /// What the request ended with.
        why: String,
    },
}

impl fmt::Display for PodEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => Ok(()),
            Self::Obstacle { said, lacks_plugin } => {
                write!(f, ": {said}")?;
                f.write_str(if *lacks_plugin {
                    ": the CNI plug-ins lie elsewhere, or are missing; folders.cniPlugins of the cluster file says where \
                     the runtime looks for them"
                } else {
                    ""
                })
            }
            Self::Latest(said) => write!(f, "; its latest event: {said}"),
            Self::None => f.write_str(", and no event says why; see the kubelet's log"),
            Self::Unreadable { why } => write!(f, ", and its events cannot be read ({why})"),
        }
    }
}

const NEW_TOKEN: &str =
    "kboot cluster build --new-token, then kboot cluster apply, and bring the node its folder again";

impl Detail for NodeDetail {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAnswered { .. } => "not-answered",
            Self::NotRegistered => "not-registered",
            Self::Ready => "ready",
            Self::NotReady { .. } => "not-ready",
            Self::NoReadyCondition => "no-ready-condition",
            Self::BadCondition { .. } => "bad-condition",
            Self::Heartbeat { .. } => "heartbeat",
            Self::HeartbeatTooOld { .. } => "heartbeat-too-old",
            Self::HeartbeatAhead { .. } => "heartbeat-ahead",
            Self::LeaseNeverRenewed => "lease-never-renewed",
            Self::NoHeartbeat => "no-heartbeat",
            Self::Versions { skew: VersionSkew::Supported, .. } => "versions",
            Self::Versions { skew: VersionSkew::KubeletNewer, .. } => "kubelet-newer",
            Self::Versions { skew: VersionSkew::KubeletOlderThan(_), .. } => "kubelet-too-old",
            Self::Versions { skew: VersionSkew::Unreadable, .. } => "versions-unreadable",
            Self::CertificateValid { .. } => "certificate-valid",
            Self::CertificateExpired { .. } => "certificate-expired",
            Self::CertificateUnknown { .. } => "certificate-unknown",
            Self::Healthy(_) => "healthy",
            Self::NotAllowed { .. } => "not-allowed",
            Self::KubeletSilent { .. } => "kubelet-silent",
            Self::NotReached { .. } => "not-reached",
            Self::KubeletRefuses { .. } => "kubelet-refuses",
            Self::NoKubeProxy => "no-kube-proxy",
            Self::RulesNotWritten { .. } => "rules-not-written",
            Self::Unhealthy { .. } => "unhealthy",
            Self::NoRequestsApi => "no-requests-api",
            Self::CertificateRequest { .. } => "certificate-request",
            Self::PodsWell { .. } => "pods-well",
            Self::PodBlocked(_) => "pod-blocked",
            Self::PodStarting { .. } => "pod-starting",
            Self::MorePods { .. } => "more-pods",
            Self::SamePods { .. } => "same-pods",
            Self::ServerCertificate { .. } => "server-certificate",
            Self::ServerCertificateRefused { .. } => "server-certificate-refused",
            Self::ServerCertificateOfNobody { .. } => "server-certificate-of-nobody",
            Self::ServerNotReached { .. } => "server-not-reached",
            Self::JoinToken { state, .. } => match state {
                TokenState::Usable { .. } => "join-token-usable",
                TokenState::Expired => "join-token-expired",
                TokenState::Unknown => "join-token-unknown",
                TokenState::Unusable { .. } => "join-token-unusable",
                TokenState::NotAnswered { .. } => "join-token-not-answered",
            },
        }
    }
}

impl fmt::Display for NodeDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnswered { why } => f.write_str(why),
            Self::NotRegistered => f.write_str(
                "there is no Node object of this name: the kubelet has not registered itself (see its requests here \
                 and its log), or it goes by another name",
            ),
            Self::Ready => f.write_str("the condition Ready is True"),
            Self::NotReady { status, said } => {
                write!(f, "the condition Ready is {status}, not \"True\": {said}")
            }
            Self::NoReadyCondition => {
                f.write_str("there is no condition Ready: the kubelet has reported nothing yet")
            }
            Self::BadCondition { condition, said } => {
                write!(f, "the condition {condition} is True: {said}")
            }
            Self::Heartbeat { by, age } => write!(f, "the last one, by {by}, is {} old", span(*age)),
            Self::HeartbeatTooOld { by, age, good_for } => write!(
                f,
                "the last one is {} old, and {by} is good for {good_for} s: the kubelet does not run or does not reach \
                 the API server, or this machine's clock is fast",
                span(*age)
            ),
            Self::HeartbeatAhead { ahead } => write!(
                f,
                "the last one lies {} ahead: this machine's clock or the node's is wrong",
                span(*ahead)
            ),
            Self::LeaseNeverRenewed => f.write_str("the Lease in kube-node-lease was never renewed"),
            Self::NoHeartbeat => f.write_str(
                "there is no Lease in kube-node-lease, and no time in the node's status: the kubelet has sent no \
                 heartbeat",
            ),
            Self::Versions { kubelet, api_server, skew } => {
                write!(f, "kubelet {kubelet}")?;
                match skew {
                    VersionSkew::Unreadable => {
                        write!(f, " and kube-apiserver {api_server} are not both v1.MINOR.PATCH")
                    }
                    VersionSkew::Supported => write!(f, ", kube-apiserver {api_server}"),
                    VersionSkew::KubeletNewer => write!(
                        f,
                        ", kube-apiserver {api_server}: a kubelet must not be newer; upgrade kube-apiserver first"
                    ),
                    VersionSkew::KubeletOlderThan(oldest) => write!(
                        f,
                        ", kube-apiserver {api_server}: too old, upgrade the kubelet to 1.{oldest} at least"
                    ),
                }
            }
            Self::CertificateValid { not_after, left, by } => {
                write!(f, "valid until {not_after}, {} more, {by}", span(*left))
            }
            Self::CertificateExpired { not_after, ago, by } => write!(
                f,
                "expired {} ago, at {not_after}, {by}: the kubelet did not renew it; see its requests here and its log",
                span(*ago)
            ),
            Self::CertificateUnknown { metrics } => {
                match metrics {
                    None => f.write_str(
                        "the kubelet's metrics do not say, as when it has none that it asked the cluster for",
                    ),
                    Some(why) => write!(f, "the kubelet's metrics cannot be read ({why})"),
                }?;
                f.write_str(
                    "; and of its requests, which last an hour, none that was issued is left. Of a certificate that \
                     the build issued, kboot cert expiry on the node knows",
                )
            }
            Self::Healthy(component) => {
                let path = component.path().replacen("/healthz", "/healthz answers ok", 1);
                write!(f, "{path} through the API server")
            }
            Self::NotAllowed { message } => {
                write!(f, "not allowed; it needs the right to get nodes/proxy: {message}")
            }
            Self::KubeletSilent { seconds } => {
                write!(f, "the API server got no answer from the kubelet within {seconds} s")
            }
            Self::NotReached { component, code, message, lacks_certificate } => {
                let what = match component {
                    Proxied::Kubelet => "the kubelet",
                    Proxied::KubeProxy => "the node's port 10256",
                };
                write!(f, "the API server does not reach {what} ({code}, {message})")?;
                f.write_str(if *lacks_certificate {
                    ": the kubelet has no serving certificate yet; see its requests here"
                } else {
                    ""
                })
            }
            Self::KubeletRefuses { text } => write!(
                f,
                "the kubelet refuses the API server ({text}): kube-apiserver's --kubelet-client-certificate must be \
                 signed by the kubelet's client CA, and its user bound to system:kubelet-api-admin"
            ),
            Self::NoKubeProxy => f.write_str(
                "nothing listens on the node's port 10256: kube-proxy does not run, or its healthzBindAddress is \
                 another (its default is 0.0.0.0:10256), or this cluster is meant to go without it",
            ),
            Self::RulesNotWritten { text } => write!(
                f,
                "it has not written its rules for too long, or never: /healthz answers 503, {text}"
            ),
            Self::Unhealthy { component, code, text } => {
                write!(f, "{} answers {code}, {text}", component.path())
            }
            Self::NoRequestsApi => {
                f.write_str("the API server has no certificates.k8s.io/v1: needs Kubernetes 1.19")
            }
            Self::CertificateRequest { text } => f.write_str(text),
            Self::PodsWell { count: 0, .. } => f.write_str("it has no pods"),
            Self::PodsWell { count, starting } => {
                write!(f, "{count} {}", if *count == 1 { "pod" } else { "pods" })?;
                match starting {
                    0 => f.write_str(", none of which waits"),
                    1 => f.write_str(", of which 1 is still starting"),
                    starting => write!(f, ", of which {starting} are still starting"),
                }
            }
            Self::PodBlocked(container) => write!(f, "{container}"),
            Self::PodStarting { age, events } => {
                write!(f, "it has been starting for {}{events}", span(*age))
            }
            Self::MorePods { count } => write!(f, "{count} more do not start either"),
            Self::SamePods { pods, said } => {
                const SHOWN: usize = 5;
                let shown: Vec<&str> = pods.iter().take(SHOWN).map(String::as_str).collect();
                write!(f, "{} pods: {}", pods.len(), shown.join(", "))?;
                if pods.len() > SHOWN {
                    write!(f, " and {} more", pods.len() - SHOWN)?;
                }
                write!(f, ": {said}")
            }
            Self::ServerCertificate { not_after, left, names } => {
                write!(f, "valid until {not_after}, {} more, for {names}", span(*left))
            }
            Self::ServerCertificateRefused { why, names } => {
                write!(f, "clients refuse it: {why}; it is for {names}")
            }
            Self::ServerCertificateOfNobody { not_after, names } => write!(
                f,
                "valid until {not_after}, for {names}; its authority is not at hand, so whether clients take it is not \
                 known"
            ),
            Self::ServerNotReached { why } => write!(f, "not reached from here: {why}"),
            Self::JoinToken { id, state } => {
                write!(f, "it would join by the bootstrap token {id}, ")?;
                match state {
                    TokenState::Usable { until: Some(until) } => write!(f, "which is good until {until}"),
                    TokenState::Usable { until: None } => f.write_str("which does not end"),
                    TokenState::Expired => write!(f, "which has ended: {NEW_TOKEN}"),
                    TokenState::Unknown => write!(
                        f,
                        "which the cluster does not have: it was never applied, or has ended and was deleted. If it is \
                         still good: kboot cluster apply; else {NEW_TOKEN}"
                    ),
                    TokenState::Unusable { why } => write!(f, "which lets nobody in ({why}): {NEW_TOKEN}"),
                    TokenState::NotAnswered { why } => write!(f, "of which the cluster does not say ({why})"),
                }
            }
        }
    }
}

/// What stands beside a condition, a state or an event.
pub(super) fn said(reason: Option<&str>, message: Option<&str>, most: usize) -> ReasonAndMessage {
    ReasonAndMessage {
        reason: quoted(reason.unwrap_or_default(), 64),
        message: quoted(message.unwrap_or_default(), most),
    }
}
