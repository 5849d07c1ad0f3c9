//! From what was fetched to the report: no network, no clock.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, NodeCondition};
use k8s_openapi::apimachinery::pkg::version::Info;
use serde::{Serialize, Serializer};

use super::detail::said;
use super::pods::{self, Pods};
use super::requests::{self, NodeRequest};
use super::{ExpirySource, HeartbeatSource, NodeDetail, Proxied, VersionSkew};
use crate::csr::Signer;
use crate::document::{Unwritable, yaml};
use crate::finding::{Finding, Severity};
use crate::name::NodeName;
use crate::online::fetch::Answer;
use crate::online::{OnlineError, quoted};
use crate::time::Timestamp;

/// What is known about a node.
///
/// Serialized, it is `{node, checks: [{check, outcome, reason}]}` with the outcomes ok, problem and unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeReport {
    /// The node's name.
    pub node: String,
    /// Every check, in the order in which a node comes up. Its path is what was looked at: `ready`,
    /// `heartbeat`, `kubelet version`, `client certificate`, `serving certificate`, `kubelet`, `kube-proxy`,
    /// `pods`, `pod NAMESPACE/NAME`, `certificate request NAME`, …
    pub findings: Vec<Finding<NodeDetail>>,
}

/// The word for how a check ended: `ok` for a note, `problem` for an error, `unknown` for a warning.
#[must_use]
pub fn outcome(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "ok",
        Severity::Warning => "unknown",
        Severity::Error => "problem",
    }
}

impl Serialize for NodeReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Report<'a> {
            node: &'a str,
            checks: Vec<Row<'a>>,
        }
        Report { node: &self.node, checks: rows(&self.findings) }.serialize(serializer)
    }
}

/// A finding as it is serialized.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    check: &'a str,
    outcome: &'static str,
    reason: String,
}

pub(super) fn rows(findings: &[Finding<NodeDetail>]) -> Vec<Row<'_>> {
    let mut rows = Vec::with_capacity(findings.len());
    for Finding { severity, path, detail } in findings {
        rows.push(Row { check: path, outcome: outcome(*severity), reason: detail.to_string() });
    }
    rows
}

impl NodeReport {
    /// Whether no check found a problem; one that could not be made is none.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    /// The report as YAML.
    ///
    /// # Errors
    /// [`Unwritable`] where the serializer fails, which it has no reason to.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        yaml::write(self)
    }
}

/// What was fetched.
pub(super) struct Seen<'a> {
    /// `None`: the API server says that there is no such node.
    pub(super) node: Option<Node>,
    pub(super) lease: Result<Lease, OnlineError>,
    pub(super) api_server: Result<&'a Info, &'a OnlineError>,
    /// The node's requests.
    pub(super) requests: Result<&'a [NodeRequest], &'a OnlineError>,
    /// The kubelet's metrics.
    pub(super) metrics: Result<String, OnlineError>,
    /// `/healthz` of each.
    pub(super) kubelet: Result<Answer, OnlineError>,
    pub(super) kube_proxy: Result<Answer, OnlineError>,
    pub(super) pods: Result<Pods, OnlineError>,
}

pub(super) fn report(name: &NodeName, seen: &Seen<'_>, now: Timestamp) -> NodeReport {
    let mut checks = Vec::new();
    if let Some(node) = &seen.node {
        checks.extend(conditions(node));
        checks.push(heartbeat(node, &seen.lease, now));
        checks.push(version_skew(node, seen.api_server));
        let issued = |signer| seen.requests.ok().and_then(|all| requests::latest_issued(all, signer));
        let metrics = seen.metrics.as_deref();
        checks.push(expiry(
            "client certificate",
            "client",
            metrics,
            issued(Signer::KubeApiserverClientKubelet),
            now,
        ));
        checks.push(expiry("serving certificate", "server", metrics, issued(Signer::KubeletServing), now));
        checks.push(kubelet(&seen.kubelet));
        checks.push(kube_proxy(&seen.kube_proxy));
        match &seen.pods {
            Ok(found) => checks.extend(pods::explain(found, now)),
            Err(error) => checks.push(not_answered("pods", error)),
        }
    } else {
        checks.push(Finding::error("node", NodeDetail::NotRegistered));
    }
    match seen.requests {
        Ok(found) => checks.extend(requests::explain(name, found)),
        Err(error) if error.is_not_found() => {
            checks.push(Finding::warning("certificate requests", NodeDetail::NoRequestsApi));
        }
        Err(error) => checks.push(not_answered("certificate requests", error)),
    }
    NodeReport { node: name.to_string(), findings: checks }
}

fn not_answered(check: &str, error: &OnlineError) -> Finding<NodeDetail> {
    Finding::warning(check, NodeDetail::NotAnswered { why: error.with_cause() })
}

/// Ready, and the conditions of the kubelet and the cloud provider that are bad where they are True
/// (`NodeConditionType` in `core/v1/types.go`).
fn conditions(node: &Node) -> Vec<Finding<NodeDetail>> {
    const BAD: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];
    let all = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let said =
        |condition: &NodeCondition| said(condition.reason.as_deref(), condition.message.as_deref(), 256);
    let ready = match all.iter().find(|condition| condition.type_ == "Ready") {
        Some(ready) if ready.status == "True" => Finding::note("ready", NodeDetail::Ready),
        Some(ready) => {
            let status = quoted(&ready.status, 64);
            Finding::error("ready", NodeDetail::NotReady { status, said: said(ready) })
        }
        None => Finding::error("ready", NodeDetail::NoReadyCondition),
    };
    let bad = all.iter().filter(|condition| condition.status == "True").filter_map(|is_true| {
        let condition = BAD.into_iter().find(|bad| *bad == is_true.type_)?;
        Some(Finding::error(condition, NodeDetail::BadCondition { condition, said: said(is_true) }))
    });
    std::iter::once(ready).chain(bad).collect()
}

/// How old the last sign of the kubelet is: its Lease's renewal, or the node's status where there is no
/// Lease, as before 1.14 and in the first seconds of a node.
fn heartbeat(node: &Node, lease: &Result<Lease, OnlineError>, now: Timestamp) -> Finding<NodeDetail> {
    /// The kubelet's `nodeLeaseDurationSeconds`; it renews after a quarter of it.
    const LEASE: i64 = 40;
    /// The kubelet's `nodeStatusReportFrequency`.
    const STATUS: i64 = 300;
    let check = "heartbeat";
    let (by, last, good_for) = match lease {
        Ok(lease) => {
            let spec = lease.spec.as_ref();
            let Some(renewed) = spec.and_then(|spec| spec.renew_time.as_ref()) else {
                return Finding::error(check, NodeDetail::LeaseNeverRenewed);
            };
            let duration = spec.and_then(|spec| spec.lease_duration_seconds).map_or(LEASE, i64::from);
            (HeartbeatSource::Lease, renewed.0.as_second(), duration)
        }
        Err(error) if error.is_not_found() => {
            let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref());
            let ready = conditions.unwrap_or_default().iter().find(|condition| condition.type_ == "Ready");
            let Some(last) = ready.and_then(|ready| ready.last_heartbeat_time.as_ref()) else {
                return Finding::error(check, NodeDetail::NoHeartbeat);
            };
            (HeartbeatSource::Status, last.0.as_second(), STATUS)
        }
        Err(error) => return not_answered(check, error),
    };
    let age = now.unix().saturating_sub(last);
    if age > good_for {
        Finding::error(check, NodeDetail::HeartbeatTooOld { by, age, good_for })
    } else if age < -good_for {
        Finding::warning(check, NodeDetail::HeartbeatAhead { ahead: -age })
    } else {
        Finding::note(check, NodeDetail::Heartbeat { by, age: age.max(0) })
    }
}

/// <https://kubernetes.io/releases/version-skew-policy/>: never newer than kube-apiserver, at most three
/// minor versions older; two where the kubelet is older than 1.25, so with kube-apiserver 1.28 it is three.
fn version_skew(node: &Node, api_server: Result<&Info, &OnlineError>) -> Finding<NodeDetail> {
    let check = "kubelet version";
    let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
    let kubelet = info.map(|info| info.kubelet_version.as_str()).unwrap_or_default();
    let server = match api_server {
        Ok(info) => info.git_version.as_str(),
        Err(error) => return not_answered(check, error),
    };
    let (severity, skew) = match (minor(kubelet), minor(server)) {
        (Some(kubelet), Some(server)) => {
            let oldest = server.saturating_sub(if server >= 28 { 3 } else { 2 });
            if kubelet > server {
                (Severity::Error, VersionSkew::KubeletNewer)
            } else if kubelet < oldest {
                (Severity::Error, VersionSkew::KubeletOlderThan(oldest))
            } else {
                (Severity::Note, VersionSkew::Supported)
            }
        }
        _ => (Severity::Warning, VersionSkew::Unreadable),
    };
    let (kubelet, api_server) = (quoted(kubelet, 64), quoted(server, 64));
    Finding::new(severity, check, NodeDetail::Versions { kubelet, api_server, skew })
}

/// The minor version of `v1.20.2`, `v1.27.3-gke.100`, `v1.30.1+k3s1`.
fn minor(version: &str) -> Option<u16> {
    let mut parts = version.strip_prefix("v1.")?.splitn(2, '.');
    let minor = parts.next()?.parse().ok()?;
    parts.next()?.starts_with(|c: char| c.is_ascii_digit()).then_some(minor)
}

/// When the kubelet's client or serving certificate ends.
fn expiry(
    check: &str,
    which: &str,
    metrics: Result<&str, &OnlineError>,
    issued: Option<(&NodeRequest, Timestamp)>,
    now: Timestamp,
) -> Finding<NodeDetail> {
    let told = metrics.ok().and_then(|text| seconds_left(text, which));
    let (not_after, by) = match (told.and_then(|left| moment(now, left)), issued) {
        (Some(not_after), _) => (not_after, ExpirySource::Metrics),
        (None, Some((request, not_after))) => (not_after, ExpirySource::Request(request.shown_name())),
        (None, None) => {
            let metrics = metrics.err().map(OnlineError::with_cause);
            return Finding::warning(check, NodeDetail::CertificateUnknown { metrics });
        }
    };
    let left = not_after.unix().saturating_sub(now.unix());
    if left > 0 {
        Finding::note(check, NodeDetail::CertificateValid { not_after, left, by })
    } else {
        let ago = left.saturating_neg();
        Finding::error(check, NodeDetail::CertificateExpired { not_after, ago, by })
    }
}

/// `kubelet_certificate_manager_{client,server}_ttl_seconds`, negative once it has expired
/// (`pkg/kubelet/certificate/kubelet.go`). Infinite is "no certificate", and so no answer.
fn seconds_left(metrics: &str, which: &str) -> Option<i64> {
    let name = format!("kubelet_certificate_manager_{which}_ttl_seconds ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&name))?;
    let value: f64 = value.split_whitespace().next()?.parse().ok()?;
    let seconds = i64::try_from(Duration::try_from_secs_f64(value.abs()).ok()?.as_secs()).ok()?;
    Some(if value < 0.0 { -seconds } else { seconds })
}

fn moment(now: Timestamp, left: i64) -> Option<Timestamp> {
    Timestamp::from_unix(now.unix().checked_add(left)?).ok()
}

fn kubelet(answer: &Result<Answer, OnlineError>) -> Finding<NodeDetail> {
    let check = "kubelet";
    let component = Proxied::Kubelet;
    let answer = match answer {
        Ok(answer) => answer,
        Err(OnlineError::TimedOut { limit, .. }) => {
            return Finding::error(check, NodeDetail::KubeletSilent { seconds: limit.as_secs() });
        }
        Err(error) => return not_answered(check, error),
    };
    match (answer.code, answer.status_message()) {
        (200, _) => Finding::note(check, NodeDetail::Healthy(component)),
        (403, Some(message)) => not_allowed(check, &message),
        (code, Some(message)) => {
            let lacks_certificate = message.contains("tls: internal error");
            let message = quoted(&message, 256);
            Finding::error(check, NodeDetail::NotReached { component, code, message, lacks_certificate })
        }
        (401 | 403, None) => {
            Finding::error(check, NodeDetail::KubeletRefuses { text: quoted(&answer.text(), 128) })
        }
        (code, None) => {
            let text = quoted(&answer.text(), 256);
            Finding::error(check, NodeDetail::Unhealthy { component, code, text })
        }
    }
}

/// kube-apiserver dials port 10256 of the node, kube-proxy's default `healthzBindAddress`.
fn kube_proxy(answer: &Result<Answer, OnlineError>) -> Finding<NodeDetail> {
    let check = "kube-proxy";
    let component = Proxied::KubeProxy;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return not_answered(check, error),
    };
    match (answer.code, answer.status_message()) {
        (200, _) => Finding::note(check, NodeDetail::Healthy(component)),
        (403, Some(message)) => not_allowed(check, &message),
        (_, Some(message)) if message.contains("connection refused") => {
            Finding::error(check, NodeDetail::NoKubeProxy)
        }
        (code, Some(message)) => {
            let message = quoted(&message, 256);
            Finding::warning(
                check,
                NodeDetail::NotReached { component, code, message, lacks_certificate: false },
            )
        }
        (503, None) => {
            Finding::error(check, NodeDetail::RulesNotWritten { text: quoted(&answer.text(), 256) })
        }
        (code, None) => {
            let text = quoted(&answer.text(), 256);
            Finding::error(check, NodeDetail::Unhealthy { component, code, text })
        }
    }
}

fn not_allowed(check: &str, message: &str) -> Finding<NodeDetail> {
    Finding::warning(check, NodeDetail::NotAllowed { message: quoted(message, 256) })
}
