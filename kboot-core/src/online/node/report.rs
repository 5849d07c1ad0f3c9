//! From what was fetched to the report: no network, no clock.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, NodeCondition};
use k8s_openapi::apimachinery::pkg::version::Info;

use super::pods::{self, Pods};
use super::requests::{self, NodeRequest};
use super::{Check, NodeReport, Outcome};
use crate::csr::Signer;
use crate::name::NodeName;
use crate::online::fetch::Answer;
use crate::online::{OnlineError, quoted};
use crate::time::Timestamp;

/// What was fetched.
pub(super) struct Seen {
    /// `None`: the API server says that there is no such node.
    pub(super) node: Option<Node>,
    pub(super) lease: Result<Lease, OnlineError>,
    pub(super) api_server: Result<Info, OnlineError>,
    /// The node's requests.
    pub(super) requests: Result<Vec<NodeRequest>, OnlineError>,
    /// The kubelet's metrics.
    pub(super) metrics: Result<String, OnlineError>,
    /// `/healthz` of each.
    pub(super) kubelet: Result<Answer, OnlineError>,
    pub(super) kube_proxy: Result<Answer, OnlineError>,
    pub(super) pods: Result<Pods, OnlineError>,
}

pub(super) fn report(name: &NodeName, seen: &Seen, now: Timestamp) -> NodeReport {
    let mut checks = Vec::new();
    if let Some(node) = &seen.node {
        checks.extend(conditions(node));
        checks.push(heartbeat(node, &seen.lease, now));
        checks.push(version_skew(node, &seen.api_server));
        let issued =
            |signer| seen.requests.as_deref().ok().and_then(|all| requests::latest_issued(all, signer));
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
            Err(error) => checks.push(unknown("pods", error.to_string())),
        }
    } else {
        checks.push(problem(
            "node",
            "there is no Node object of this name: the kubelet has not registered itself (see its requests here \
             and its log), or it goes by another name"
                .to_owned(),
        ));
    }
    match &seen.requests {
        Ok(found) => checks.extend(requests::explain(name, found)),
        Err(error) if error.is_not_found() => {
            let text = "the API server has no certificates.k8s.io/v1: needs Kubernetes 1.19";
            checks.push(unknown("certificate requests", text.to_owned()));
        }
        Err(error) => checks.push(unknown("certificate requests", error.to_string())),
    }
    NodeReport { node: name.to_string(), checks }
}

pub(super) fn ok(check: &str, text: String) -> Check {
    Check { check: check.to_owned(), outcome: Outcome::Ok, text }
}

pub(super) fn problem(check: &str, text: String) -> Check {
    Check { check: check.to_owned(), outcome: Outcome::Problem, text }
}

pub(super) fn unknown(check: &str, text: String) -> Check {
    Check { check: check.to_owned(), outcome: Outcome::Unknown, text }
}

/// Ready, and the conditions of the kubelet and the cloud provider that are bad where they are True
/// (`NodeConditionType` in `core/v1/types.go`).
fn conditions(node: &Node) -> Vec<Check> {
    const BAD: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];
    let all = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let said = |condition: &NodeCondition| {
        format!(
            "reason {}, message {}",
            quoted(condition.reason.as_deref().unwrap_or_default(), 64),
            quoted(condition.message.as_deref().unwrap_or_default(), 256)
        )
    };
    let ready = match all.iter().find(|condition| condition.type_ == "Ready") {
        Some(ready) if ready.status == "True" => ok("ready", "the condition Ready is True".to_owned()),
        Some(ready) => {
            let status = quoted(&ready.status, 64);
            problem("ready", format!("the condition Ready is {status}, not \"True\": {}", said(ready)))
        }
        None => {
            problem("ready", "there is no condition Ready: the kubelet has reported nothing yet".to_owned())
        }
    };
    let bad = all.iter().filter(|condition| condition.status == "True").filter_map(|condition| {
        let name = BAD.into_iter().find(|bad| *bad == condition.type_)?;
        Some(problem(name, format!("the condition {name} is True: {}", said(condition))))
    });
    std::iter::once(ready).chain(bad).collect()
}

/// How old the last sign of the kubelet is: its Lease's renewal, or the node's status where there is no
/// Lease, as before 1.14 and in the first seconds of a node.
fn heartbeat(node: &Node, lease: &Result<Lease, OnlineError>, now: Timestamp) -> Check {
    /// The kubelet's `nodeLeaseDurationSeconds`; it renews after a quarter of it.
    const LEASE: i64 = 40;
    /// The kubelet's `nodeStatusReportFrequency`.
    const STATUS: i64 = 300;
    let check = "heartbeat";
    let (what, last, good_for) = match lease {
        Ok(lease) => {
            let spec = lease.spec.as_ref();
            let Some(renewed) = spec.and_then(|spec| spec.renew_time.as_ref()) else {
                return problem(check, "the Lease in kube-node-lease was never renewed".to_owned());
            };
            let duration = spec.and_then(|spec| spec.lease_duration_seconds).map_or(LEASE, i64::from);
            ("its Lease", renewed.0.as_second(), duration)
        }
        Err(error) if error.is_not_found() => {
            let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref());
            let ready = conditions.unwrap_or_default().iter().find(|condition| condition.type_ == "Ready");
            let Some(last) = ready.and_then(|ready| ready.last_heartbeat_time.as_ref()) else {
                let text = "there is no Lease in kube-node-lease, and no time in the node's status: the kubelet has \
                            sent no heartbeat";
                return problem(check, text.to_owned());
            };
            ("its status (there is no Lease)", last.0.as_second(), STATUS)
        }
        Err(error) => return unknown(check, error.to_string()),
    };
    let age = now.unix().saturating_sub(last);
    if age > good_for {
        let text = format!(
            "the last one is {} old, and {what} is good for {good_for} s: the kubelet does not run or does not \
             reach the API server, or this machine's clock is fast",
            span(age)
        );
        problem(check, text)
    } else if age < -good_for {
        let text =
            format!("the last one lies {} ahead: this machine's clock or the node's is wrong", span(-age));
        unknown(check, text)
    } else {
        ok(check, format!("the last one, by {what}, is {} old", span(age.max(0))))
    }
}

/// <https://kubernetes.io/releases/version-skew-policy/>: never newer than kube-apiserver, at most three
/// minor versions older; two where the kubelet is older than 1.25, so with kube-apiserver 1.28 it is three.
fn version_skew(node: &Node, api_server: &Result<Info, OnlineError>) -> Check {
    let check = "kubelet version";
    let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
    let kubelet = info.map(|info| info.kubelet_version.as_str()).unwrap_or_default();
    let server = match api_server {
        Ok(info) => info.git_version.as_str(),
        Err(error) => return unknown(check, error.to_string()),
    };
    let (shown_kubelet, shown_server) = (quoted(kubelet, 64), quoted(server, 64));
    let (Some(kubelet), Some(server)) = (minor(kubelet), minor(server)) else {
        let text =
            format!("kubelet {shown_kubelet} and kube-apiserver {shown_server} are not both v1.MINOR.PATCH");
        return unknown(check, text);
    };
    let oldest = server.saturating_sub(if server >= 28 { 3 } else { 2 });
    let both = format!("kubelet {shown_kubelet}, kube-apiserver {shown_server}");
    if kubelet > server {
        problem(check, format!("{both}: a kubelet must not be newer; upgrade kube-apiserver first"))
    } else if kubelet < oldest {
        problem(check, format!("{both}: too old, upgrade the kubelet to 1.{oldest} at least"))
    } else {
        ok(check, both)
    }
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
) -> Check {
    let told = metrics.ok().and_then(|text| seconds_left(text, which));
    let (not_after, source) = match (told.and_then(|left| moment(now, left)), issued) {
        (Some(not_after), _) => (not_after, "by the kubelet's metrics".to_owned()),
        (None, Some((request, not_after))) => (not_after, format!("by the request {}", request.shown_name())),
        (None, None) => {
            let why = match metrics {
                Ok(_) => {
                    "the kubelet's metrics do not say, as when it has none that it asked the cluster for"
                        .to_owned()
                }
                Err(error) => format!("the kubelet's metrics cannot be read ({error})"),
            };
            let text = format!(
                "{why}; and of its requests, which last an hour, none that was issued is left. Of a certificate \
                     that the build issued, kboot cert expiry on the node knows"
            );
            return unknown(check, text);
        }
    };
    let left = not_after.unix().saturating_sub(now.unix());
    if left > 0 {
        ok(check, format!("valid until {not_after}, {} more, {source}", span(left)))
    } else {
        let text = format!(
            "expired {} ago, at {not_after}, {source}: the kubelet did not renew it; see its requests here and its log",
            span(left.saturating_neg())
        );
        problem(check, text)
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

fn kubelet(answer: &Result<Answer, OnlineError>) -> Check {
    let check = "kubelet";
    let answer = match answer {
        Ok(answer) => answer,
        Err(OnlineError::TimedOut { limit, .. }) => {
            let text = format!("the API server got no answer from the kubelet within {} s", limit.as_secs());
            return problem(check, text);
        }
        Err(error) => return unknown(check, error.to_string()),
    };
    match (answer.code, answer.status_message()) {
        (200, _) => ok(check, "/healthz answers ok through the API server".to_owned()),
        (403, Some(message)) => unknown(check, not_allowed(&message)),
        (code, Some(message)) => {
            let hint = if message.contains("tls: internal error") {
                ": the kubelet has no serving certificate yet; see its requests here"
            } else {
                ""
            };
            let text = format!(
                "the API server does not reach the kubelet ({code}, {}){hint}",
                quoted(&message, 256)
            );
            problem(check, text)
        }
        (401 | 403, None) => {
            let text = format!(
                "the kubelet refuses the API server ({}): kube-apiserver's --kubelet-client-certificate must be \
                 signed by the kubelet's client CA, and its user bound to system:kubelet-api-admin",
                quoted(&answer.text(), 128)
            );
            problem(check, text)
        }
        (code, None) => problem(check, format!("/healthz answers {code}, {}", quoted(&answer.text(), 256))),
    }
}

/// kube-apiserver dials port 10256 of the node, kube-proxy's default `healthzBindAddress`.
fn kube_proxy(answer: &Result<Answer, OnlineError>) -> Check {
    let check = "kube-proxy";
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return unknown(check, error.to_string()),
    };
    match (answer.code, answer.status_message()) {
        (200, _) => ok(check, "/healthz answers ok on port 10256 through the API server".to_owned()),
        (403, Some(message)) => unknown(check, not_allowed(&message)),
        (_, Some(message)) if message.contains("connection refused") => problem(
            check,
            "nothing listens on the node's port 10256: kube-proxy does not run, or its healthzBindAddress is \
             another (its default is 0.0.0.0:10256), or this cluster is meant to go without it"
                .to_owned(),
        ),
        (code, Some(message)) => unknown(
            check,
            format!("the API server does not reach the node's port 10256 ({code}, {})", quoted(&message, 256)),
        ),
        (503, None) => problem(
            check,
            format!("it has not written its rules for too long, or never: /healthz answers 503, {}", quoted(&answer.text(), 256)),
        ),
        (code, None) => {
            problem(check, format!("/healthz on port 10256 answers {code}, {}", quoted(&answer.text(), 256)))
        }
    }
}

fn not_allowed(message: &str) -> String {
    format!("not allowed; it needs the right to get nodes/proxy: {}", quoted(message, 256))
}

/// A span for people: its largest unit.
pub(super) fn span(seconds: i64) -> String {
    let (unit, letter) = match seconds {
        172_800.. => (86_400, "d"),
        7200.. => (3600, "h"),
        120.. => (60, "min"),
        _ => (1, "s"),
    };
    format!("{} {letter}", seconds / unit)
}
