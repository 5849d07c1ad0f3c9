//! What `resourceVersion` means in get, list and watch.

use serde_json::json;

use crate::answer::Object;
use crate::api::Api;
use crate::runner::scenarios;

scenarios! {
    Generic: versions_grow_with_every_write, a_list_is_as_new_as_its_items, a_get_of_any_version, a_get_not_older_than,
        a_get_of_the_future_times_out, a_get_of_a_version_that_is_none, a_list_of_any_version, a_list_not_older_than,
        a_list_of_an_exact_version_is_of_then, a_list_of_the_future_times_out, a_list_of_a_version_that_is_none,
        a_match_needs_a_version, a_match_must_be_known, an_exact_version_is_not_zero, a_watch_has_no_match;
    Alone: an_exact_version_that_was_compacted, a_list_is_consistent_after_compaction;
}

const FUTURE: &str = "999999999";

async fn versions_grow_with_every_write(api: Api) {
    let mut last = 0;
    for name in ["a", "b", "c"] {
        let made = api.create(name, json!({})).await;
        let version = made.version().parse::<u64>().unwrap();
        assert!(version > last);
        last = version;
    }
    let gone = api.delete(&api.thing("a")).await;
    gone.expect(200);
    let list = api.get(&api.things()).await.expect(200);
    assert!(list.version().parse::<u64>().unwrap() > last);
}

async fn a_list_is_as_new_as_its_items(api: Api) {
    for name in ["a", "b"] {
        api.create(name, json!({})).await;
    }
    let list = api.get(&api.things()).await.expect(200);
    let (version, kind) = api.kind();
    assert_eq!((&list["apiVersion"], &list["kind"]), (&json!(version), &json!(format!("{kind}List"))));
    assert_eq!(list.names(), ["a", "b"]);
    let of_list = list.version().parse::<u64>().unwrap();
    assert!(list.items().iter().all(|item| item.version().parse::<u64>().unwrap() <= of_list));
    api.see("items have a kind", list.items()[0].get("kind").is_some());
}

async fn a_get_of_any_version(api: Api) {
    api.create("a", json!({})).await;
    // It may come from a cache, which learns of what is new.
    api.until(&format!("{}?resourceVersion=0", api.thing("a")), |answer| answer.code == 200).await;
}

async fn a_get_not_older_than(api: Api) {
    let made = api.create("a", json!({})).await;
    let got = api.get(&format!("{}?resourceVersion={}", api.thing("a"), made.version())).await.expect(200);
    assert_eq!(got, made);
}

async fn a_get_of_the_future_times_out(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.get(&format!("{}?resourceVersion={FUTURE}", api.thing("a"))).await;
    let message = answer.refused(504, "Timeout");
    assert!(message.starts_with("Timeout: Too large resource version: 999999999, current: "), "{message}");
    assert_eq!(answer.json["details"]["retryAfterSeconds"], 1);
    api.see("causes", &answer.json["details"]["causes"]);
    api.see("Retry-After", answer.header("retry-after"));
}

async fn a_get_of_a_version_that_is_none(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.get(&format!("{}?resourceVersion=soon", api.thing("a"))).await;
    api.see("answer", format!("{} {} {}", answer.code, answer.json["reason"], answer.message()));
    assert!(answer.code >= 400, "{}", answer.text);
}

async fn a_list_of_any_version(api: Api) {
    api.create("a", json!({})).await;
    let path = format!("{}?resourceVersion=0", api.things());
    api.until(&path, |answer| answer.code == 200 && answer.json.names() == ["a"]).await;
}

async fn a_list_not_older_than(api: Api) {
    let made = api.create("a", json!({})).await;
    for matched in ["", "&resourceVersionMatch=NotOlderThan"] {
        let list = api
            .get(&format!("{}?resourceVersion={}{matched}", api.things(), made.version()))
            .await
            .expect(200);
        assert_eq!(list.names(), ["a"]);
        assert!(list.version().parse::<u64>().unwrap() >= made.version().parse().unwrap());
    }
}

async fn a_list_of_an_exact_version_is_of_then(api: Api) {
    let made = api.create("a", json!({"k": "then"})).await;
    api.put(&api.thing("a"), &made.clone().with("/data", json!({"k": "now"}))).await.expect(200);
    api.create("b", json!({})).await;
    let path = format!("{}?resourceVersion={}&resourceVersionMatch=Exact", api.things(), made.version());
    let list = api.get(&path).await.expect(200);
    assert_eq!(list.names(), ["a"]);
    assert_eq!(list.items()[0]["data"], json!({"k": "then"}));
    assert_eq!(list.version(), made.version());
}

async fn a_list_of_the_future_times_out(api: Api) {
    let answer = api.get(&format!("{}?resourceVersion={FUTURE}", api.things())).await;
    let message = answer.refused(504, "Timeout");
    assert!(message.starts_with("Timeout: Too large resource version: 999999999, current: "), "{message}");
    let answer =
        api.get(&format!("{}?resourceVersion={FUTURE}&resourceVersionMatch=Exact", api.things())).await;
    api.see("exact", format!("{} {}", answer.code, answer.json["reason"]));
    assert!(answer.code >= 400, "{}", answer.text);
}

async fn a_list_of_a_version_that_is_none(api: Api) {
    let answer = api.get(&format!("{}?resourceVersion=soon", api.things())).await;
    api.see("answer", format!("{} {} {}", answer.code, answer.json["reason"], answer.message()));
    assert!(answer.code >= 400, "{}", answer.text);
}

async fn a_match_needs_a_version(api: Api) {
    for matched in ["Exact", "NotOlderThan"] {
        let answer = api.get(&format!("{}?resourceVersionMatch={matched}", api.things())).await;
        api.see(matched, answer.refused(422, "Invalid"));
    }
}

async fn a_match_must_be_known(api: Api) {
    let answer = api.get(&format!("{}?resourceVersion=1&resourceVersionMatch=Roughly", api.things())).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn an_exact_version_is_not_zero(api: Api) {
    let answer = api.get(&format!("{}?resourceVersion=0&resourceVersionMatch=Exact", api.things())).await;
    api.see("message", answer.refused(422, "Invalid"));
}

async fn a_watch_has_no_match(api: Api) {
    let path = format!("{}?resourceVersion=0&resourceVersionMatch=NotOlderThan", api.things());
    let Err(answer) = api.try_watch(&path).await else { panic!("served") };
    api.see("message", answer.refused(422, "Invalid"));
}

async fn an_exact_version_that_was_compacted(api: Api) {
    let made = api.create("a", json!({})).await;
    api.create("b", json!({})).await;
    api.compact().await;
    let path = format!("{}?resourceVersion={}&resourceVersionMatch=Exact", api.things(), made.version());
    let answer = api.get(&path).await;
    api.see("answer", format!("{} {} {}", answer.code, answer.json["reason"], answer.message()));
    // 1.36 serves it from its cache's own past, as long as that has it.
    assert!(
        answer.code == 410 || (api.minor() >= 34 && answer.code == 200 && answer.json.names() == ["a"]),
        "{}",
        answer.text
    );
}

async fn a_list_is_consistent_after_compaction(api: Api) {
    api.create("a", json!({})).await;
    api.create("b", json!({})).await;
    api.compact().await;
    assert_eq!(api.get(&api.things()).await.expect(200).names(), ["a", "b"]);
    assert_eq!(api.create("c", json!({})).await.name(), "c");
}
