//! Watches.

use std::time::Instant;

use serde_json::{Value, json};

use crate::answer::Object;
use crate::api::{Api, MERGE_PATCH};
use crate::runner::scenarios;

scenarios! {
    Generic: a_watch_starts_with_what_is_there, a_watch_from_a_list_misses_nothing, a_deleted_event_holds_the_last_state,
        a_watch_of_any_version, a_selector_turns_changes_into_others, a_watch_of_one_name, a_watch_ends_when_it_was_asked_to,
        bookmarks_come_before_the_end, no_bookmark_unasked, a_watch_from_long_ago_is_gone, a_watch_sees_its_namespace_alone,
        a_watch_over_all_namespaces, a_watch_of_a_version_that_is_none, initial_events_end_with_a_bookmark,
        initial_events_of_nothing, initial_events_need_a_match, initial_events_of_the_future_time_out,
        initial_events_from_now_on, initial_events_are_consistent, initial_events_are_refused_by_old_servers,
        many_watches_see_the_same, a_watch_of_metadata_alone, a_watch_as_a_table, a_finalizer_is_seen_at_work,
        a_dry_run_is_not_seen, a_watch_with_a_limit, events_are_json_lines;
}

async fn a_watch_starts_with_what_is_there(api: Api) {
    for name in ["b", "a"] {
        api.create(name, json!({})).await;
    }
    let mut watch = api.watch(&api.things()).await;
    let mut first: [String; 2] = watch.next_named().await;
    first.sort();
    assert_eq!(first, ["ADDED a", "ADDED b"]);
    api.create("c", json!({})).await;
    assert_eq!(watch.next_named().await, ["ADDED c"]);
}

async fn a_watch_from_a_list_misses_nothing(api: Api) {
    let made = api.create("a", json!({})).await;
    let list = api.get(&api.things()).await.expect(200);
    api.put(&api.thing("a"), &made.with("/data", json!({"k": "v"}))).await.expect(200);
    api.create("b", json!({})).await;
    let mut watch = api.watch(&format!("{}?resourceVersion={}", api.things(), list.version())).await;
    api.delete(&api.thing("a")).await.expect(200);
    let mut last = list.version().parse::<u64>().unwrap();
    for (kind, name) in [("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "a")] {
        let (found, object) = watch.next().await;
        assert_eq!((found.as_str(), object.name()), (kind, name));
        let version = object.version().parse::<u64>().unwrap();
        assert!(version > last);
        last = version;
        let (group, of) = api.kind();
        assert_eq!((&object["apiVersion"], &object["kind"]), (&json!(group), &json!(of)));
    }
    watch.quiet().await;
}

async fn a_deleted_event_holds_the_last_state(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    let mut watch = api.watch(&format!("{}?resourceVersion={}", api.things(), made.version())).await;
    api.delete(&api.thing("a")).await.expect(200);
    let (kind, object) = watch.next().await;
    assert_eq!(kind, "DELETED");
    assert_eq!(object["data"], json!({"k": "v"}));
    assert!(object.version().parse::<u64>().unwrap() > made.version().parse().unwrap());
}

async fn a_watch_of_any_version(api: Api) {
    api.create("a", json!({})).await;
    let path = format!("{}?resourceVersion=0", api.things());
    api.until(&path, |answer| answer.json.names() == ["a"]).await;
    let mut watch = api.watch(&path).await;
    assert_eq!(watch.next_named().await, ["ADDED a"]);
}

async fn a_selector_turns_changes_into_others(api: Api) {
    api.create_labelled("a", json!({"tier": "back"})).await;
    let list = api.get(&api.things()).await.expect(200);
    let path = format!("{}?labelSelector=tier%3Dfront&resourceVersion={}", api.things(), list.version());
    let mut watch = api.watch(&path).await;
    let label = |tier: &str| json!({"metadata": {"labels": {"tier": tier}}});
    api.patch(&api.thing("a"), MERGE_PATCH, &json!({"data": {"k": "v"}})).await.expect(200);
    api.patch(&api.thing("a"), MERGE_PATCH, &label("front")).await.expect(200);
    api.patch(&api.thing("a"), MERGE_PATCH, &json!({"data": {"k": "w"}})).await.expect(200);
    let away = api.patch(&api.thing("a"), MERGE_PATCH, &label("back")).await.expect(200);
    api.delete(&api.thing("a")).await.expect(200);
    assert_eq!(watch.next_named().await, ["ADDED a", "MODIFIED a"]);
    let (kind, gone) = watch.next().await;
    assert_eq!(kind, "DELETED");
    // It holds the state that was selected last, at the version of the change.
    assert_eq!(gone["metadata"]["labels"]["tier"], "front");
    assert_eq!(gone.version(), away.version());
    watch.quiet().await;
}

async fn a_watch_of_one_name(api: Api) {
    api.create("a", json!({})).await;
    let mut watch = api.watch(&format!("{}?fieldSelector=metadata.name%3Db", api.things())).await;
    api.create("b", json!({})).await;
    api.delete(&api.thing("a")).await.expect(200);
    assert_eq!(watch.next_named().await, ["ADDED b"]);
    watch.quiet().await;
}

async fn a_watch_ends_when_it_was_asked_to(api: Api) {
    let started = Instant::now();
    let mut watch = api.watch(&format!("{}?timeoutSeconds=1", api.things())).await;
    assert!(watch.until_end().await.is_empty());
    let took = started.elapsed().as_secs_f32();
    assert!((0.8..5.0).contains(&took), "{took}");
}

async fn bookmarks_come_before_the_end(api: Api) {
    let made = api.create("a", json!({})).await;
    let path = format!(
        "{}?allowWatchBookmarks=true&timeoutSeconds=5&resourceVersion={}",
        api.things(),
        made.version()
    );
    let mut watch = api.watch(&path).await;
    let events = watch.until_end().await;
    let bookmark = events.iter().find(|event| event["type"] == "BOOKMARK").expect("a bookmark");
    let object = &bookmark["object"];
    assert!(object.version().parse::<u64>().unwrap() >= made.version().parse().unwrap());
    assert_eq!((&object["apiVersion"], &object["kind"]), (&json!(api.kind().0), &json!(api.kind().1)));
    assert_eq!(object.name(), "");
    api.see("metadata", object.clone().with("/metadata/resourceVersion", "V")["metadata"].to_string());
}

async fn no_bookmark_unasked(api: Api) {
    let mut watch = api.watch(&format!("{}?timeoutSeconds=4", api.things())).await;
    let events = watch.until_end().await;
    assert!(events.is_empty(), "{events:?}");
}

async fn a_watch_from_long_ago_is_gone(api: Api) {
    // Of a kind that is younger than version 1; the cache of an older one may still hold all that ever was.
    let path = format!("/apis/kit.example.com/v1/namespaces/{}/things?resourceVersion=1", api.ns);
    match api.try_watch(&path).await {
        Ok(mut watch) => {
            let (kind, status) = watch.next().await;
            assert_eq!(kind, "ERROR");
            assert_eq!(
                (&status["kind"], &status["code"], &status["reason"]),
                (&json!("Status"), &json!(410), &json!("Expired"))
            );
            assert!(
                status["message"].as_str().unwrap().starts_with("too old resource version: 1 ("),
                "{status}"
            );
            api.see("answer", "an ERROR event in 200");
            assert!(watch.until_end().await.is_empty());
        }
        Err(answer) => {
            answer.refused(410, "Expired");
            api.see("answer", "410");
        }
    }
}

async fn a_watch_sees_its_namespace_alone(api: Api) {
    let other = api.namespace("other").await;
    let mut watch = api.watch(&api.things()).await;
    api.post(&api.things_in(&other), &api.new_thing("b", json!({}))).await.expect(201);
    api.create("a", json!({})).await;
    assert_eq!(watch.next_named().await, ["ADDED a"]);
    watch.quiet().await;
}

async fn a_watch_over_all_namespaces(api: Api) {
    let other = api.namespace("other").await;
    let (base, plural) = api.generic();
    let labels = json!({"of": api.ns});
    let mut watch = api.watch(&format!("{base}/{plural}?labelSelector=of%3D{}", api.ns)).await;
    for (ns, name) in [(&other, "b"), (&api.ns, "a")] {
        let thing = api.new_thing(name, json!({})).with("/metadata/labels", labels.clone());
        api.post(&api.things_in(ns), &thing).await.expect(201);
    }
    assert_eq!(watch.next_named().await, ["ADDED b", "ADDED a"]);
}

async fn a_watch_of_a_version_that_is_none(api: Api) {
    let Err(answer) = api.try_watch(&format!("{}?resourceVersion=soon", api.things())).await else {
        panic!("served")
    };
    api.see("answer", format!("{} {}", answer.code, answer.message()));
    assert!(answer.code >= 400);
}

/// Whether the server has watch lists.
fn has_watch_lists(api: &Api) -> bool {
    if api.minor() < 32 {
        api.not_applicable("watch lists are on from 1.32 on");
    }
    api.minor() >= 32
}

const INITIAL: &str = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

/// What a client of today begins with; it goes on with a list.
async fn initial_events_are_refused_by_old_servers(api: Api) {
    if api.minor() >= 32 {
        api.not_applicable("it has watch lists");
        return;
    }
    let Err(answer) = api.try_watch(&format!("{}?{INITIAL}", api.things())).await else { panic!("served") };
    let message = answer.refused(422, "Invalid");
    assert_eq!(
        message,
        "ListOptions.meta.k8s.io \"\" is invalid: [resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden \
         for watch, resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is \
         provided]"
    );
}

async fn initial_events_of_the_future_time_out(api: Api) {
    if !has_watch_lists(&api) {
        return;
    }
    let path = format!("{}?{INITIAL}&resourceVersion=999999999", api.things());
    let mut watch = api.watch(&path).await;
    let (kind, status) = watch.next().await;
    assert_eq!(
        (kind.as_str(), status["code"].as_u64(), &status["reason"]),
        ("ERROR", Some(504), &json!("Timeout"))
    );
    let message = status["message"].as_str().unwrap();
    assert!(message.starts_with("Timeout: Too large resource version: 999999999, current: "), "{message}");
    assert_eq!(status["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    assert_eq!(watch.until_end().await, Vec::<Value>::new());
}

fn ends_initial_events(object: &Value) -> bool {
    object["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"
}

async fn initial_events_end_with_a_bookmark(api: Api) {
    if !has_watch_lists(&api) {
        return;
    }
    for name in ["c", "a", "b"] {
        api.create(name, json!({})).await;
    }
    let mut watch = api.watch(&format!("{}?{INITIAL}", api.things())).await;
    // In any order, as those of a list from a cache.
    let mut first: [String; 3] = watch.next_named().await;
    first.sort();
    assert_eq!(first, ["ADDED a", "ADDED b", "ADDED c"]);
    let (kind, bookmark) = watch.next().await;
    assert_eq!(kind, "BOOKMARK");
    assert!(ends_initial_events(&bookmark), "{bookmark}");
    let made = api.create("d", json!({})).await;
    assert!(bookmark.version().parse::<u64>().unwrap() < made.version().parse().unwrap());
    let (mut kind, mut object) = watch.next().await;
    // The server's clock may just bring a bookmark for all.
    while kind == "BOOKMARK" {
        (kind, object) = watch.next().await;
    }
    assert_eq!((kind.as_str(), object.name()), ("ADDED", "d"));
}

async fn initial_events_of_nothing(api: Api) {
    if !has_watch_lists(&api) {
        return;
    }
    let mut watch = api.watch(&format!("{}?{INITIAL}", api.things())).await;
    let (kind, bookmark) = watch.next().await;
    assert_eq!(kind, "BOOKMARK");
    assert!(ends_initial_events(&bookmark));
}

async fn initial_events_need_a_match(api: Api) {
    if !has_watch_lists(&api) {
        return;
    }
    for query in
        ["sendInitialEvents=true", "sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=5"]
    {
        let Err(answer) = api.try_watch(&format!("{}?{query}", api.things())).await else { panic!("served") };
        api.see(query, answer.refused(422, "Invalid"));
    }
    let answer =
        api.get(&format!("{}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan", api.things())).await;
    api.see("a list", answer.refused(422, "Invalid"));
}

async fn initial_events_from_now_on(api: Api) {
    if !has_watch_lists(&api) {
        return;
    }
    api.create("a", json!({})).await;
    let query = "sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = api.watch(&format!("{}?{query}", api.things())).await;
    watch.quiet().await;
    api.create("b", json!({})).await;
    assert_eq!(watch.next_named().await, ["ADDED b"]);
}

async fn initial_events_are_consistent(api: Api) {
    if !has_watch_lists(&api) {
        return;
    }
    // What was written before is in it, though it comes from a cache.
    for round in 0..5 {
        let made = api.create(&format!("a{round}"), json!({})).await;
        let mut watch = api.watch(&format!("{}?{INITIAL}", api.things())).await;
        for _ in 0..=round {
            assert_eq!(watch.next().await.0, "ADDED");
        }
        let (kind, bookmark) = watch.next().await;
        assert_eq!(kind, "BOOKMARK");
        assert!(bookmark.version().parse::<u64>().unwrap() >= made.version().parse().unwrap());
    }
}

async fn many_watches_see_the_same(api: Api) {
    let list = api.get(&api.things()).await.expect(200);
    let path = format!("{}?resourceVersion={}", api.things(), list.version());
    let mut watches = Vec::new();
    for _ in 0..10 {
        watches.push(api.watch(&path).await);
    }
    for name in ["a", "b", "c"] {
        api.create(name, json!({})).await;
    }
    api.delete(&api.thing("b")).await.expect(200);
    for watch in &mut watches {
        assert_eq!(watch.next_named().await, ["ADDED a", "ADDED b", "ADDED c", "DELETED b"]);
    }
}

async fn stream(api: &Api, query: &str, accept: &str) -> Vec<Value> {
    let path = format!("{}?watch=true&timeoutSeconds=4{query}", api.things());
    let answer = api.raw("GET", &path, &[("accept", accept)], "").await;
    assert_eq!(answer.code, 200, "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn a_watch_of_metadata_alone(api: Api) {
    api.create("a", json!({"k": "v"})).await;
    let events = stream(&api, "", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").await;
    let object = &events[0]["object"];
    assert_eq!(
        (&object["apiVersion"], &object["kind"]),
        (&json!("meta.k8s.io/v1"), &json!("PartialObjectMetadata"))
    );
    assert_eq!(object.name(), "a");
    assert_eq!(object.get("data"), None);
}

async fn a_watch_as_a_table(api: Api) {
    for name in ["a", "b"] {
        api.create(name, json!({})).await;
    }
    let events = stream(&api, "", "application/json;as=Table;g=meta.k8s.io;v=v1").await;
    assert_eq!(events.len(), 2);
    let columns: Vec<_> =
        events.iter().map(|event| event["object"]["columnDefinitions"].is_array()).collect();
    // The columns come once.
    assert_eq!(columns, [true, false]);
    assert_eq!(events[1]["object"]["kind"], "Table");
    assert_eq!(events[1]["object"]["rows"].as_array().unwrap().len(), 1);
}

async fn a_finalizer_is_seen_at_work(api: Api) {
    let thing = api.new_thing("a", json!({})).with("/metadata/finalizers", json!(["kit.example.com/wait"]));
    let made = api.post(&api.things(), &thing).await.expect(201);
    let mut watch = api.watch(&format!("{}?resourceVersion={}", api.things(), made.version())).await;
    api.delete(&api.thing("a")).await.expect(200);
    let (kind, object) = watch.next().await;
    assert_eq!(kind, "MODIFIED");
    assert!(object["metadata"]["deletionTimestamp"].is_string());
    api.patch(&api.thing("a"), MERGE_PATCH, &json!({"metadata": {"finalizers": null}})).await.expect(200);
    let (kind, object) = watch.next().await;
    assert_eq!(kind, "DELETED");
    api.see("finalizers of the deleted", object["metadata"]["finalizers"].to_string());
}

async fn a_dry_run_is_not_seen(api: Api) {
    let mut watch = api.watch(&api.things()).await;
    let path = format!("{}?dryRun=All", api.things());
    api.post(&path, &api.new_thing("a", json!({}))).await.expect(201);
    watch.quiet().await;
}

async fn a_watch_with_a_limit(api: Api) {
    for name in ["a", "b"] {
        api.create(name, json!({})).await;
    }
    // It means nothing for a watch.
    assert_eq!(stream(&api, "&limit=1", "application/json").await.len(), 2);
}

async fn events_are_json_lines(api: Api) {
    api.create("a", json!({})).await;
    let path = format!("{}?watch=true&timeoutSeconds=4", api.things());
    let answer = api.raw("GET", &path, &[("accept", "application/json")], "").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.text.starts_with(r#"{"type":"ADDED","object":{"#), "{}", answer.text);
    assert!(answer.text.ends_with("}\n"));
}
