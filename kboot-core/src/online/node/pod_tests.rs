//! What the report makes of a node's pods.

use k8s_openapi::api::core::v1::{Event, Pod};
use serde_json::{Value, json};

use super::pods::Pods;
use super::report::{Seen, report};
use super::tests::{assert_only, healthy, now, only, status, worker};
use crate::finding::Severity;
use crate::online::OnlineError;

const LOOPBACK: &str = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for \
                        sandbox \"0c2f\": failed to find plugin \"loopback\" in path [/opt/cni/bin]";

/// A pod whose one container is in this state, and whose conditions last changed at 11:00.
fn pod(phase: &str, state: &Value) -> Value {
    let container =
        json!({"name": "web", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state});
    json!({
        "metadata": {"namespace": "default", "name": "web-1", "uid": "0c2f", "creationTimestamp": "2026-06-01T10:59:00Z"},
        "status": {
            "phase": phase, "containerStatuses": [container],
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-06-01T10:59:00Z"},
                {"type": "ContainersReady", "status": "False", "lastTransitionTime": "2026-06-01T11:00:00Z"},
            ],
        },
    })
}

fn waiting(reason: &str, message: &str) -> Value {
    pod("Pending", &json!({"waiting": {"reason": reason, "message": message}}))
}

/// One that is being started since so many seconds.
fn starting(seconds: i64) -> Value {
    let mut pod = pod("Pending", &json!({"waiting": {"reason": "ContainerCreating"}}));
    let since = crate::time::Timestamp::from_unix(now().unix() - seconds).unwrap();
    pod["status"]["conditions"][1]["lastTransitionTime"] = json!(since.to_string());
    pod
}

fn event(kind: &str, reason: &str, message: &str, last: &str) -> Value {
    json!({
        "metadata": {"namespace": "default", "name": "web-1.17"}, "type": kind, "reason": reason, "message": message,
        "involvedObject": {"kind": "Pod", "name": "web-1", "uid": "0c2f"}, "lastTimestamp": last,
    })
}

fn pods(objects: &[Value], events: Result<&[Value], fn() -> OnlineError>) -> Seen<'static> {
    let mut pods = Pods::default();
    for object in objects {
        pods.add(serde_json::from_value::<Pod>(object.clone()).unwrap());
    }
    let parsed = |event: &Value| serde_json::from_value::<Event>(event.clone()).unwrap();
    for pod in pods.unexplained(now()) {
        pod.set_events(events.map(|all| all.iter().map(parsed).collect()).map_err(|error| error()));
    }
    Seen { pods: Ok(pods), ..healthy() }
}

fn last_text(seen: &Seen<'_>) -> String {
    let report = report(&worker(), seen, now());
    assert!(report.is_ok(), "{report:?}");
    let last = report.findings.into_iter().last().unwrap();
    assert_eq!((last.path.as_str(), last.severity), ("pods", Severity::Note));
    last.detail.to_string()
}

#[test]
fn pods_that_run() {
    assert_eq!(last_text(&pods(&[], Ok(&[]))), "it has no pods");
    let running = pod("Running", &json!({"running": {"startedAt": "2026-06-01T11:00:00Z"}}));
    let mut leaving = waiting("CrashLoopBackOff", "");
    leaving["metadata"]["deletionTimestamp"] = json!("2026-06-01T11:59:00Z");
    let done = pod("Succeeded", &json!({"terminated": {"exitCode": 0}}));
    let failed = pod("Failed", &json!({"terminated": {"exitCode": 1}}));
    let all = [running.clone(), running.clone(), leaving, done, failed];
    assert_eq!(last_text(&pods(&all, Ok(&[]))), "2 pods, none of which waits");
    // What has just begun, and what an init container works on.
    let mut initializing = pod("Pending", &json!({"waiting": {"reason": "PodInitializing"}}));
    let mut init = running["status"]["containerStatuses"][0].clone();
    init["name"] = json!("init");
    initializing["status"]["initContainerStatuses"] = json!([init]);
    assert_eq!(
        last_text(&pods(&[running, starting(59), initializing], Ok(&[]))),
        "3 pods, of which 1 is still starting"
    );
}

#[test]
fn containers_that_say_why() {
    let check = "pod default/web-1";
    for reason in
        ["ImagePullBackOff", "ErrImageNeverPull", "CreateContainerError", "InvalidImageName", "OfTomorrow"]
    {
        let seen = pods(&[waiting(reason, "no\u{1b}[2J\nimage")], Ok(&[]));
        let said = [r#"container "web" waits"#, reason, r#""no\u{1b}[2J\nimage""#];
        assert_only(&seen, check, Severity::Error, &said);
    }
    // A container that comes and goes: the pod counts as running.
    let mut crashing =
        pod("Running", &json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}));
    crashing["status"]["containerStatuses"][0]["lastState"] =
        json!({"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-06-01T11:59:00Z"}});
    let said = ["CrashLoopBackOff", "it last ended with exit code 137, reason \"OOMKilled\""];
    assert_only(&pods(&[crashing], Ok(&[])), check, Severity::Error, &said);
    // An init container's reason comes before that of those which wait for it.
    let mut init = waiting("PodInitializing", "");
    let mut container = waiting("ImagePullBackOff", "x")["status"]["containerStatuses"][0].clone();
    container["name"] = json!("first");
    init["status"]["initContainerStatuses"] = json!([container]);
    assert_only(&pods(&[init], Ok(&[])), check, Severity::Error, &[r#"container "first" waits"#]);
}

#[test]
fn pods_that_wait_in_silence() {
    let check = "pod default/web-1";
    let old = event("Warning", "NetworkNotReady", "network is not ready", "2026-06-01T11:57:00Z");
    let sandbox = event("Warning", "FailedCreatePodSandBox", LOOPBACK, "2026-06-01T11:59:30Z");
    let normal = event("Normal", "SandboxChanged", "Pod sandbox changed", "2026-06-01T11:59:40Z");
    let said = [
        "starting for 3 min",
        "\"FailedCreatePodSandBox\"",
        r#"failed to find plugin \"loopback\" in path [/opt/cni/bin]""#,
        "folders.cniPlugins",
    ];
    let events = [old.clone(), sandbox, normal];
    assert_only(&pods(&[starting(180)], Ok(&events)), check, Severity::Error, &said);
    let mut unreported = starting(180);
    unreported["status"] = json!({"phase": "Pending"});
    unreported["metadata"]["creationTimestamp"] = json!("2026-06-01T11:57:00Z");
    assert_only(&pods(&[unreported], Ok(&events)), check, Severity::Error, &said);
    // After a restart the phase is still Running.
    let mut restarted = starting(180);
    restarted["status"]["phase"] = json!("Running");
    assert_only(&pods(&[restarted], Ok(&events)), check, Severity::Error, &said);

    // What was in the way is not any longer: an image is pulled.
    let pulling = event("Normal", "Pulling", "Pulling image \"large\"", "2026-06-01T11:58:00Z");
    let events = [old.clone(), pulling];
    assert_eq!(last_text(&pods(&[starting(180)], Ok(&events))), "1 pod, of which 1 is still starting");
    let said = ["starting for 15 min", "latest event", "\"Pulling\""];
    assert_only(&pods(&[starting(900)], Ok(&events)), check, Severity::Error, &said);
    // The events of an earlier pod of the same name, and of a static pod, which has two identities.
    let mut other = old;
    other["involvedObject"]["uid"] = json!("ffff");
    assert_eq!(
        last_text(&pods(&[starting(180)], Ok(&[other.clone()]))),
        "1 pod, of which 1 is still starting"
    );
    let mut mirror = starting(180);
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "ffff"});
    assert_only(&pods(&[mirror], Ok(&[other])), check, Severity::Error, &["network is not ready"]);

    let said = ["starting for 15 min", "no event says why", "the kubelet's log"];
    assert_only(&pods(&[starting(900)], Ok(&[])), check, Severity::Error, &said);
    let forbidden = || status(403, "events is forbidden").unwrap().success().unwrap_err();
    let said = ["starting for 3 min", "its events cannot be read", "events is forbidden"];
    assert_only(&pods(&[starting(180)], Err(forbidden)), check, Severity::Warning, &said);
    assert_only(&pods(&[starting(900)], Err(forbidden)), check, Severity::Error, &["events is forbidden"]);
    let seen =
        Seen { pods: Err(status(403, "pods is forbidden").unwrap().success().unwrap_err()), ..healthy() };
    assert_only(&seen, "pods", Severity::Warning, &["pods is forbidden"]);
    assert!(report(&worker(), &seen, now()).is_ok());
}

#[test]
fn hostile_pods() {
    for name in ["a\u{1b}[2J", "../../x", "a b", "a%2f", &"x".repeat(5000)] {
        for key in ["name", "namespace"] {
            let mut object = starting(900);
            object["metadata"][key] = json!(name);
            let (check, outcome, text) = only(&pods(std::slice::from_ref(&object), Ok(&[])));
            assert_eq!(outcome, Severity::Error);
            assert!(!check.contains(char::is_control) && check.len() < 200, "{check:?}");
            assert!(!text.contains(char::is_control) && text.len() < 2000, "{text:?}");
            let mut one = Pods::default();
            one.add(serde_json::from_value(object).unwrap());
            assert!(one.unexplained(now()).all(|pod| pod.events_path().is_none()), "{name:?} is in a path");
        }
    }
    let long = "x".repeat(1 << 20);
    let text = only(&pods(&[waiting(&long, &long)], Ok(&[]))).2;
    assert!(text.len() < 2000, "{}", text.len());

    // A node of nothing but trouble: so many are explained, the rest is counted.
    let flood: Vec<_> = (0..500).map(|_| waiting("ImagePullBackOff", "")).collect();
    let checks = report(&worker(), &pods(&flood, Ok(&[])), now()).findings;
    assert_eq!(checks.len(), 7 + 20 + 1);
    assert!(checks[27].detail.to_string().starts_with("480 more"), "{:?}", checks[27]);
    let silent: Vec<_> = (0..500).map(|_| starting(900)).collect();
    let checks = report(&worker(), &pods(&silent, Ok(&[])), now()).findings;
    let asked = checks.iter().filter(|check| check.detail.to_string().contains("no event says why")).count();
    assert_eq!((checks.len(), asked), (7 + 20 + 1, 20), "so many questions at most: {:?}", checks[27]);
}
