//! Label and field selectors.

use serde_json::json;

use crate::answer::Object;
use crate::api::Api;
use crate::runner::scenarios;

scenarios! {
    Generic: equality, inequality_takes_what_has_no_such_label, sets, presence, several_must_all_hold, numbers_compare,
        a_label_selector_that_is_none, by_name, by_namespace, not_by_name, a_field_that_cannot_be_selected,
        a_field_selector_that_is_none, both_kinds_together, a_selector_in_a_get_is_not_looked_at;
    Full: secrets_by_type, certificate_requests_by_signer;
}

async fn three(api: &Api) {
    api.create_labelled("a", json!({"tier": "front", "size": "1"})).await;
    api.create_labelled("b", json!({"tier": "back", "size": "5"})).await;
    api.create_labelled("c", json!({})).await;
}

async fn selected(api: &Api, labels: &str) -> Vec<String> {
    let escaped: String = labels.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let list = api.get(&format!("{}?labelSelector={escaped}", api.things())).await.expect(200);
    list.names().into_iter().map(str::to_owned).collect()
}

async fn equality(api: Api) {
    three(&api).await;
    assert_eq!(selected(&api, "tier=front").await, ["a"]);
    assert_eq!(selected(&api, "tier==back").await, ["b"]);
    assert_eq!(selected(&api, " tier = front ").await, ["a"]);
    assert!(selected(&api, "tier=").await.is_empty());
    assert_eq!(selected(&api, "").await, ["a", "b", "c"]);
}

async fn inequality_takes_what_has_no_such_label(api: Api) {
    three(&api).await;
    assert_eq!(selected(&api, "tier!=front").await, ["b", "c"]);
}

async fn sets(api: Api) {
    three(&api).await;
    assert_eq!(selected(&api, "tier in (front,back)").await, ["a", "b"]);
    assert_eq!(selected(&api, "tier notin (front)").await, ["b", "c"]);
    assert_eq!(selected(&api, "tier in (front, )").await, ["a"]);
}

async fn presence(api: Api) {
    three(&api).await;
    assert_eq!(selected(&api, "tier").await, ["a", "b"]);
    assert_eq!(selected(&api, "!tier").await, ["c"]);
}

async fn several_must_all_hold(api: Api) {
    three(&api).await;
    assert_eq!(selected(&api, "tier,size!=1").await, ["b"]);
    assert!(selected(&api, "tier=front,tier=back").await.is_empty());
}

async fn numbers_compare(api: Api) {
    three(&api).await;
    assert_eq!(selected(&api, "size>1").await, ["b"]);
    assert_eq!(selected(&api, "size<5").await, ["a"]);
}

async fn a_label_selector_that_is_none(api: Api) {
    for text in
        ["a%20b", "in", "a%3D%3D%3Db", "a%20in%20b", "a%3Db%20c", "size%3Ebig", "%2C%2C", "a%20in%20()"]
    {
        let answer = api.get(&format!("{}?labelSelector={text}", api.things())).await;
        api.see(text, format!("{} {}", answer.code, answer.message()));
        assert!(answer.code == 400 || answer.code == 200, "{}", answer.text);
    }
    let answer = api.get(&format!("{}?labelSelector=a%20b", api.things())).await;
    answer.refused(400, "BadRequest");
}

async fn by_name(api: Api) {
    three(&api).await;
    let list = api.get(&format!("{}?fieldSelector=metadata.name%3Db", api.things())).await.expect(200);
    assert_eq!(list.names(), ["b"]);
    let list = api.get(&format!("{}?fieldSelector=metadata.name%3Dz", api.things())).await.expect(200);
    assert_eq!(list["items"], json!([]));
}

async fn by_namespace(api: Api) {
    three(&api).await;
    let (base, plural) = api.generic();
    let list =
        api.get(&format!("{base}/{plural}?fieldSelector=metadata.namespace%3D{}", api.ns)).await.expect(200);
    assert_eq!(list.names(), ["a", "b", "c"]);
}

async fn not_by_name(api: Api) {
    three(&api).await;
    let list = api.get(&format!("{}?fieldSelector=metadata.name!%3Db", api.things())).await.expect(200);
    assert_eq!(list.names(), ["a", "c"]);
}

async fn a_field_that_cannot_be_selected(api: Api) {
    let answer = api.get(&format!("{}?fieldSelector=data.k%3Dv", api.things())).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn a_field_selector_that_is_none(api: Api) {
    let answer = api.get(&format!("{}?fieldSelector=metadata.name", api.things())).await;
    api.see("message", answer.refused(400, "BadRequest"));
}

async fn both_kinds_together(api: Api) {
    three(&api).await;
    let path = format!("{}?labelSelector=tier&fieldSelector=metadata.name!%3Da", api.things());
    assert_eq!(api.get(&path).await.expect(200).names(), ["b"]);
}

async fn a_selector_in_a_get_is_not_looked_at(api: Api) {
    three(&api).await;
    assert_eq!(
        api.get(&format!("{}?labelSelector=tier%3Dback", api.thing("a"))).await.expect(200).name(),
        "a"
    );
}

async fn secrets_by_type(api: Api) {
    let path = format!("/api/v1/namespaces/{}/secrets", api.ns);
    for (name, kind) in [("a", "kit.example.com/a"), ("b", "kit.example.com/b")] {
        api.post(&path, &json!({"metadata": {"name": name}, "type": kind})).await.expect(201);
    }
    let list = api.get(&format!("{path}?fieldSelector=type%3Dkit.example.com%2Fb")).await.expect(200);
    assert_eq!(list.names(), ["b"]);
}

async fn certificate_requests_by_signer(api: Api) {
    let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let signer = format!("{}.example.com/a", api.ns);
    let name = api.unique("a");
    let request = crate::csrs::request(&name, &signer, &["client auth"]);
    api.post(path, &request).await.expect(201);
    let list = api.get(&format!("{path}?fieldSelector=spec.signerName%3D{signer}")).await.expect(200);
    assert_eq!(list.names(), [name]);
}
