//! Objects in another form: tables, metadata alone, YAML, protocol buffers.

use serde_json::json;

use crate::answer::{Answer, Object};
use crate::api::Api;
use crate::runner::scenarios;

scenarios! {
    Generic: a_table_of_a_list, a_table_of_one, a_table_without_objects, a_table_with_whole_objects, a_table_in_pages,
        an_unknown_form_of_a_table, metadata_of_a_list, metadata_of_one, the_first_that_is_known, a_form_that_is_unknown,
        anything_is_json, yaml_is_read_and_written, pretty_is_indented, protocol_buffers_are_for_built_in_kinds, a_created_table;
}

const TABLE: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

async fn get_as(api: &Api, path: &str, accept: &str) -> Answer {
    api.raw("GET", path, &[("accept", accept)], "").await
}

async fn a_table_of_a_list(api: Api) {
    for name in ["b", "a"] {
        api.create(name, json!({"k": "v"})).await;
    }
    let table = get_as(&api, &api.things(), TABLE).await.expect(200);
    assert_eq!((&table["apiVersion"], &table["kind"]), (&json!("meta.k8s.io/v1"), &json!("Table")));
    assert!(!table.version().is_empty());
    let columns: Vec<_> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    let expected: &[&str] = if api.is_custom() { &["Name", "Age"] } else { &["Name", "Data", "Age"] };
    assert_eq!(columns, expected);
    let rows = table["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["cells"][0].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(rows[0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(rows[0]["object"].name(), "a");
    assert_eq!(rows[0]["object"].get("data"), None);
    api.see("first column", table["columnDefinitions"][0].to_string());
}

async fn a_table_of_one(api: Api) {
    api.create("a", json!({})).await;
    let table = get_as(&api, &api.thing("a"), TABLE).await.expect(200);
    assert_eq!(table["rows"].as_array().unwrap().len(), 1);
}

async fn a_table_without_objects(api: Api) {
    api.create("a", json!({})).await;
    let table = get_as(&api, &format!("{}?includeObject=None", api.things()), TABLE).await.expect(200);
    api.see("object", table["rows"][0]["object"].to_string());
    assert!(table["rows"][0]["object"].is_null());
}

async fn a_table_with_whole_objects(api: Api) {
    api.create("a", json!({"k": "v"})).await;
    let table = get_as(&api, &format!("{}?includeObject=Object", api.things()), TABLE).await.expect(200);
    assert_eq!(table["rows"][0]["object"]["data"], json!({"k": "v"}));
    assert_eq!(table["rows"][0]["object"]["kind"], api.kind().1);
}

async fn a_table_in_pages(api: Api) {
    for name in ["a", "b"] {
        api.create(name, json!({})).await;
    }
    let table = get_as(&api, &format!("{}?limit=1", api.things()), TABLE).await.expect(200);
    assert_eq!(table["rows"].as_array().unwrap().len(), 1);
    assert!(table["metadata"]["continue"].is_string());
    assert_eq!(table["metadata"]["remainingItemCount"], 1);
}

async fn an_unknown_form_of_a_table(api: Api) {
    api.create("a", json!({})).await;
    let answer = get_as(&api, &format!("{}?includeObject=Some", api.things()), TABLE).await;
    api.see("answer", format!("{} {}", answer.code, answer.message()));
}

async fn metadata_of_a_list(api: Api) {
    api.create_labelled("a", json!({"tier": "front"})).await;
    let list = get_as(&api, &api.things(), METADATA_LIST).await.expect(200);
    assert_eq!(
        (&list["apiVersion"], &list["kind"]),
        (&json!("meta.k8s.io/v1"), &json!("PartialObjectMetadataList"))
    );
    let item = &list.items()[0];
    assert_eq!(item["metadata"]["labels"], json!({"tier": "front"}));
    assert_eq!(item.get("data"), None);
    api.see("item's kind", item["kind"].to_string());
}

async fn metadata_of_one(api: Api) {
    let made = api.create("a", json!({"k": "v"})).await;
    let got = get_as(&api, &api.thing("a"), METADATA).await.expect(200);
    assert_eq!(got["kind"], "PartialObjectMetadata");
    assert_eq!(got["metadata"], made["metadata"]);
}

async fn the_first_that_is_known(api: Api) {
    api.create("a", json!({})).await;
    let accept = "application/json;as=Table;g=meta.k8s.io;v=v9, application/json;as=Table;g=meta.k8s.io;v=v1, application/json";
    assert_eq!(get_as(&api, &api.things(), accept).await.expect(200)["kind"], "Table");
    let accept = "text/html, application/json;as=Else;g=meta.k8s.io;v=v1, application/json";
    assert_eq!(get_as(&api, &api.thing("a"), accept).await.expect(200)["kind"], api.kind().1);
}

async fn a_form_that_is_unknown(api: Api) {
    for accept in ["text/html", "application/json;as=Table;g=meta.k8s.io;v=v9"] {
        let answer = get_as(&api, &api.things(), accept).await;
        api.see(accept, answer.refused(406, "NotAcceptable"));
    }
}

async fn anything_is_json(api: Api) {
    for accept in ["*/*", "application/*"] {
        let answer = get_as(&api, &api.things(), accept).await;
        api.see(accept, answer.code);
        if accept == "*/*" {
            assert_eq!(answer.header("content-type"), "application/json");
            answer.expect(200);
        }
    }
    let answer = get_as(&api, &api.things(), "").await;
    api.see("an empty header", format!("{} {}", answer.code, answer.message()));
    let answer = api.raw("GET", &api.things(), &[], "").await;
    assert_eq!(answer.header("content-type"), "application/json");
}

async fn yaml_is_read_and_written(api: Api) {
    let (version, kind) = api.kind();
    let yaml = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\ndata:\n  k: v\n");
    let headers = [("content-type", "application/yaml"), ("accept", "application/yaml")];
    let answer = api.raw("POST", &api.things(), &headers, yaml).await;
    assert_eq!(answer.code, 201, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/yaml");
    assert!(answer.text.contains("data:\n  k: v\n"), "{}", answer.text);
    assert_eq!(api.get(&api.thing("a")).await.expect(200)["data"], json!({"k": "v"}));
}

async fn pretty_is_indented(api: Api) {
    api.create("a", json!({})).await;
    let answer = api.get(&format!("{}?pretty=true", api.thing("a"))).await;
    // Old ones have no such form of custom resources.
    let is_indented = answer.text.starts_with("{\n  \"");
    api.see("indented", is_indented);
    assert!(is_indented || (api.is_custom() && api.minor() < 30), "{}", answer.text);
    assert!(api.get(&api.thing("a")).await.text.starts_with("{\""));
    let answer = api.raw("GET", &api.thing("a"), &[("user-agent", "curl/8.0")], "").await;
    api.see("for curl", answer.text.starts_with("{\n"));
}

async fn protocol_buffers_are_for_built_in_kinds(api: Api) {
    api.create("a", json!({})).await;
    let answer = get_as(&api, &api.thing("a"), "application/vnd.kubernetes.protobuf").await;
    if api.is_custom() {
        assert_eq!(answer.code, 406, "{}", answer.text);
        api.see("message", answer.message());
    } else {
        assert_eq!(answer.code, 200);
        assert_eq!(answer.header("content-type"), "application/vnd.kubernetes.protobuf");
        assert!(answer.text.starts_with("k8s\0"), "{:?}", answer.text);
    }
    let accept = "application/vnd.kubernetes.protobuf, application/json";
    assert_eq!(get_as(&api, &api.thing("a"), accept).await.code, 200);
}

async fn a_created_table(api: Api) {
    let headers = [("content-type", "application/json"), ("accept", TABLE)];
    let table =
        api.raw("POST", &api.things(), &headers, api.new_thing("a", json!({})).to_string()).await.expect(201);
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["rows"][0]["cells"][0], "a");
}
