//! All is well.

use kboot_testkit::Identity;
use kboot_testkit::server::ApiServer;
use serde_json::{Value, json};

use super::program::{Informer, object, stored};
use super::{MODES, Mode, NODES, REQUESTS, SECRETS, THINGS, filled, in_default, path, secret};
use crate::support::{delete, get, post, put};

const ALL: [&str; 4] = [SECRETS, NODES, REQUESTS, THINGS];

/// At once, in milliseconds; with two cores that are busy it is a tenth of that.
const AT_ONCE: u64 = 2000;

/// The queries of what the informer asked of a resource, with the codes of the answers.
fn asked(api: &ApiServer, resource: &str) -> Vec<(String, u16, bool)> {
    let requests = api.requests().all().into_iter();
    requests
        .filter(|request| request.user_agent.starts_with("informer/") && request.path == path(resource))
        .map(|request| (request.verb, request.code, request.query.contains("sendInitialEvents=true")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn informers_sync_at_once_and_see_everything_once() {
    let (api, admin) = filled("1.36", 600).await;
    let kubeconfig = api.kubeconfig(&Identity::admin()).unwrap();
    for mode in MODES {
        let before = stored(&admin, &ALL).await;
        assert!(before.len() >= 626, "{before:?}");
        api.requests().clear();
        let flags: &[&str] = if mode.watch_lists { &["-watch-lists"] } else { &[] };
        let Some(mut informer) = Informer::start(&kubeconfig, mode, flags, &ALL) else { return };
        let took = informer.synced(ALL.len());
        eprintln!("{mode:?}: {} objects of {} resources are there after {took} ms", before.len(), ALL.len());
        assert!(took < AT_ONCE, "{mode:?}: {took} ms");

        // What is there is seen once, and nothing else is.
        let mut seen: Vec<_> = informer.said("add").iter().filter_map(|line| object(line)).collect();
        seen.sort();
        assert_eq!(seen, before.clone().into_iter().collect::<Vec<_>>());
        assert_eq!(informer.events().len(), before.len());
        for resource in ALL {
            let expected: &[(&str, u16, bool)] = if mode.watch_lists {
                &[("watch", 200, true)]
            } else {
                &[("list", 200, false), ("watch", 200, false)]
            };
            // The program says what it asks before it does.
            informer.until("watches", |_| asked(&api, resource).len() >= expected.len());
            let asked = asked(&api, resource);
            let asked: Vec<_> = asked.iter().map(|(verb, code, is)| (verb.as_str(), *code, *is)).collect();
            assert_eq!(asked, expected, "{mode:?}: {resource}");
        }
        changes_are_seen_once(&api, &admin, &mut informer).await;
        informer.until_it_holds(&admin, &ALL).await;
        informer.ends_well();
    }
}

/// Objects of each kind come, change and go: each change is an event, in its order.
async fn changes_are_seen_once(api: &ApiServer, admin: &kube::Client, informer: &mut Informer) {
    let before = informer.events().len();
    let mut made = post(admin, &in_default(SECRETS), &secret("new")).await;
    for round in ["one", "two"] {
        made["stringData"] = json!({"round": round});
        made = put(admin, &format!("{}/new", in_default(SECRETS)), &made).await;
    }
    delete(admin, &format!("{}/new", in_default(SECRETS)), &json!({})).await;
    for path in [
        format!("{}/thing-3", in_default(THINGS)),
        format!("{}/node-1", path(NODES)),
        format!("{}/request-1", path(REQUESTS)),
    ] {
        let mut object = get(admin, &path).await;
        object["metadata"]["labels"] = json!({"seen": object["metadata"]["resourceVersion"]});
        put(admin, &path, &object).await;
    }
    // As the server remembers it.
    for (group, plural, namespace, name, writes) in [
        ("", "secrets", "default", "new", 4),
        ("kit.example.com", "things", "default", "thing-3", 1),
        ("", "nodes", "", "node-1", 1),
        ("certificates.k8s.io", "certificatesigningrequests", "", "request-1", 1),
    ] {
        let history = api.history(group, plural, namespace, name);
        let expected: Vec<String> = history[history.len() - writes..]
            .iter()
            .map(|write| {
                let event = match write.verb.as_str() {
                    "create" => "add",
                    "delete" => "delete",
                    _ => "update",
                };
                format!("{event} {plural} {namespace}/{name} {}", write.version)
            })
            .collect();
        let of_it = format!(" {plural} {namespace}/{name} ");
        let seen = |informer: &Informer| -> Vec<String> {
            informer.events().split_off(before).into_iter().filter(|line| line.contains(&of_it)).collect()
        };
        informer.until(&format!("{expected:?}"), |informer| seen(informer).len() >= writes);
        assert_eq!(seen(informer), expected);
    }
    assert_eq!(informer.events().len(), before + 7, "{}", informer.log());
}

/// Who watches what does not change learns by bookmarks how far the server is, and need not begin anew when what was
/// before is forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn bookmarks_save_a_new_beginning() {
    let (api, admin) = filled("1.36", 1).await;
    let kubeconfig = api.kubeconfig(&Identity::admin()).unwrap();
    let mode = Mode { watch_lists: true, protobuf: true };
    let Some(mut informer) = Informer::start(&kubeconfig, mode, &["-watch-lists"], &[NODES]) else { return };
    informer.synced(1);
    let mut last = Value::Null;
    for number in 0..20 {
        last = post(&admin, &in_default(SECRETS), &secret(&format!("other-{number}"))).await;
    }
    let last: u64 = last["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    assert!(informer.version("nodes") < last);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(90);
    while informer.version("nodes") < last {
        assert!(std::time::Instant::now() < until, "no bookmark: {}", informer.log());
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    api.compact();
    api.faults().drop_watches();
    informer.until("watches again", |informer| informer.asked(NODES) == ["watch-list", "watch"]);
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "late"}});
    post(&admin, &path(NODES), &node).await;
    informer.until_it_holds(&admin, &[NODES]).await;
    assert_eq!(informer.asked(NODES), ["watch-list", "watch"], "{}", informer.log());
    informer.ends_well();
}
