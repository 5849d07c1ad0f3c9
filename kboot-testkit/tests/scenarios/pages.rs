//! Lists in pieces.

use serde_json::json;

use crate::answer::Object;
use crate::api::Api;
use crate::runner::scenarios;

scenarios! {
    Generic: pages_hold_all_in_order, a_limit_beyond_the_end, all_pages_are_of_one_moment, a_selector_hides_how_many_remain,
        a_continue_that_is_none, a_continue_takes_no_version, a_limit_that_is_none, a_limit_of_zero_is_no_limit,
        pages_of_any_version, pages_with_a_selector, lists_over_namespaces_are_in_order, a_continue_of_another_namespace;
    Alone: a_continue_that_was_compacted;
}

async fn seven(api: &Api) -> Vec<String> {
    for name in ["g", "c", "a", "f", "b", "e", "d"] {
        api.create_labelled(name, json!({"odd": (name.as_bytes()[0] % 2).to_string()})).await;
    }
    ["a", "b", "c", "d", "e", "f", "g"].map(str::to_owned).to_vec()
}

fn token(list: &serde_json::Value) -> String {
    list["metadata"]["continue"].as_str().unwrap_or_default().to_owned()
}

async fn pages_hold_all_in_order(api: Api) {
    let all = seven(&api).await;
    let (mut found, mut next, mut remaining) = (Vec::new(), String::new(), Vec::new());
    loop {
        let sign = if next.is_empty() { String::new() } else { format!("&continue={next}") };
        let page = api.get(&format!("{}?limit=3{sign}", api.things())).await.expect(200);
        found.extend(page.names().iter().map(|name| (*name).to_owned()));
        remaining.push(page["metadata"]["remainingItemCount"].as_i64());
        next = token(&page);
        if next.is_empty() {
            break;
        }
    }
    assert_eq!(found, all);
    assert_eq!(remaining, [Some(4), Some(1), None]);
}

async fn a_limit_beyond_the_end(api: Api) {
    let all = seven(&api).await;
    for limit in [7, 100] {
        let page = api.get(&format!("{}?limit={limit}", api.things())).await.expect(200);
        assert_eq!(page.names(), all);
        assert_eq!(token(&page), "");
        assert_eq!(page["metadata"].get("remainingItemCount"), None);
    }
}

async fn all_pages_are_of_one_moment(api: Api) {
    seven(&api).await;
    let first = api.get(&format!("{}?limit=3", api.things())).await.expect(200);
    api.create("e1", json!({})).await;
    api.delete(&api.thing("f")).await.expect(200);
    let second = api.get(&format!("{}?limit=10&continue={}", api.things(), token(&first))).await.expect(200);
    assert_eq!(second.names(), ["d", "e", "f", "g"]);
    assert_eq!(second.version(), first.version());
}

async fn a_selector_hides_how_many_remain(api: Api) {
    seven(&api).await;
    let page = api.get(&format!("{}?limit=1&labelSelector=odd%3D1", api.things())).await.expect(200);
    assert_eq!(page.names(), ["a"]);
    assert_eq!(page["metadata"].get("remainingItemCount"), None);
    assert!(!token(&page).is_empty());
}

async fn a_continue_that_is_none(api: Api) {
    for text in ["nonsense", "e30"] {
        let answer = api.get(&format!("{}?limit=1&continue={text}", api.things())).await;
        api.see(text, answer.refused(400, "BadRequest"));
    }
}

async fn a_continue_takes_no_version(api: Api) {
    seven(&api).await;
    let first = api.get(&format!("{}?limit=3", api.things())).await.expect(200);
    let with =
        format!("{}?limit=3&continue={}&resourceVersion={}", api.things(), token(&first), first.version());
    let answer = api.get(&with).await;
    api.see("message", answer.refused(400, "BadRequest"));
    let with = format!("{}?limit=3&continue={}&resourceVersionMatch=Exact", api.things(), token(&first));
    let answer = api.get(&with).await;
    api.see("with a match", answer.refused(422, "Invalid"));
    // Any version is none.
    let with = format!("{}?limit=3&continue={}&resourceVersion=0", api.things(), token(&first));
    let answer = api.get(&with).await;
    api.see("with version 0", answer.code);
}

async fn a_limit_that_is_none(api: Api) {
    let answer = api.get(&format!("{}?limit=many", api.things())).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn a_limit_of_zero_is_no_limit(api: Api) {
    let all = seven(&api).await;
    assert_eq!(api.get(&format!("{}?limit=0", api.things())).await.expect(200).names(), all);
}

async fn pages_of_any_version(api: Api) {
    let all = seven(&api).await;
    let path = format!("{}?resourceVersion=0", api.things());
    api.until(&path, |answer| answer.json.items().len() == all.len()).await;
    let page = api.get(&format!("{path}&limit=3")).await.expect(200);
    // A cache gives all that it has; an old one in any order.
    let mut names = page.names();
    names.sort_unstable();
    assert_eq!(names, all);
    assert_eq!(token(&page), "");
}

async fn pages_with_a_selector(api: Api) {
    seven(&api).await;
    let first = api.get(&format!("{}?limit=2&labelSelector=odd%3D1", api.things())).await.expect(200);
    assert_eq!(first.names(), ["a", "c"]);
    let path = format!("{}?limit=2&labelSelector=odd%3D1&continue={}", api.things(), token(&first));
    assert_eq!(api.get(&path).await.expect(200).names(), ["e", "g"]);
}

async fn lists_over_namespaces_are_in_order(api: Api) {
    let other = api.namespace("other").await;
    let labels = json!({"of": api.ns});
    for (ns, name) in [(&other, "a"), (&api.ns, "b"), (&other, "c"), (&api.ns, "d")] {
        let thing = api.new_thing(name, json!({})).with("/metadata/labels", labels.clone());
        api.post(&api.things_in(ns), &thing).await.expect(201);
    }
    let (base, plural) = api.generic();
    let list = api.get(&format!("{base}/{plural}?labelSelector=of%3D{}", api.ns)).await.expect(200);
    // By the key in etcd, where "/" ends a namespace: `s1-other/` before `s1/`.
    assert_eq!(list.names(), ["a", "c", "b", "d"]);
}

async fn a_continue_of_another_namespace(api: Api) {
    seven(&api).await;
    let other = api.namespace("other").await;
    let first = api.get(&format!("{}?limit=3", api.things())).await.expect(200);
    // The token holds a key below the place that is listed.
    let list =
        api.get(&format!("{}?limit=3&continue={}", api.things_in(&other), token(&first))).await.expect(200);
    assert!(list.names().is_empty());
}

async fn a_continue_that_was_compacted(api: Api) {
    seven(&api).await;
    let first = api.get(&format!("{}?limit=3", api.things())).await.expect(200);
    api.create("h", json!({})).await;
    api.compact().await;
    let answer = api.get(&format!("{}?limit=3&continue={}", api.things(), token(&first))).await;
    if answer.code == 200 {
        // 1.36 serves it from its cache's own past, as long as that has it.
        assert!(api.minor() >= 34);
        api.see("answer", "200, from the cache");
        assert_eq!(answer.json.names(), ["d", "e", "f"]);
        return;
    }
    api.see("answer", answer.refused(410, "Expired"));
    // Who does not mind gets on from there, at the newest version.
    let again = format!("{}?limit=9&continue={}", api.things(), token(&answer.json));
    let rest = api.get(&again).await.expect(200);
    assert_eq!(rest.names(), ["d", "e", "f", "g", "h"]);
}
