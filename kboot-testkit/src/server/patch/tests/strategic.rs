use serde_json::{Value, json};

use super::super::strategic;
use super::{SCHEMA, named};

fn service() -> Value {
    json!({"metadata": {"name": "svc", "finalizers": ["c/d"]},
           "spec": {"ports": [{"name": "new", "port": 1, "protocol": "TCP", "targetPort": 1},
                              {"name": "zz", "port": 80, "protocol": "TCP", "targetPort": 80}]}})
}

fn outcome(target: &Value, patch: Value) -> Result<Value, (u16, String)> {
    strategic(target, &patch, &named("Service"), &SCHEMA, 36).map_err(|status| (status.code, status.message))
}

#[test]
fn lists_merge_by_key() {
    let patched = outcome(
        &service(),
        json!({"spec": {"ports": [{"port": 80, "name": "q"}, {"port": 1, "$patch": "delete"}]}}),
    );
    assert_eq!(
        patched.unwrap()["spec"]["ports"],
        json!([{"name": "q", "port": 80, "protocol": "TCP", "targetPort": 80}])
    );
    let patched = outcome(
        &service(),
        json!({"spec": {"ports": [{"$patch": "replace"}, {"port": 7, "name": "seven"}]}}),
    );
    assert_eq!(patched.unwrap()["spec"]["ports"], json!([{"port": 7, "name": "seven"}]));
    let patched = outcome(&service(), json!({"spec": {"ports": [{"port": 9}, {"port": 1}]}})).unwrap();
    let order: Vec<_> =
        patched["spec"]["ports"].as_array().unwrap().iter().map(|port| port["port"].clone()).collect();
    assert_eq!(order, [9, 1, 80]);
}

#[test]
fn order_and_deletions_have_directives() {
    let one = json!({"metadata": {"finalizers": ["c/d"]},
                     "spec": {"ports": [{"name": "zz", "port": 80, "protocol": "TCP", "targetPort": 80}]}});
    let patched = outcome(
        &one,
        json!({"spec": {"$setElementOrder/ports": [{"port": 99}, {"port": 1}, {"port": 80}],
                        "ports": [{"port": 1, "name": "new"}]},
               "metadata": {"$deleteFromPrimitiveList/finalizers": ["c/d"]}}),
    );
    assert_eq!(
        patched.unwrap(),
        json!({"metadata": {"finalizers": []},
               "spec": {"ports": [{"name": "new", "port": 1},
                                  {"name": "zz", "port": 80, "protocol": "TCP", "targetPort": 80}]}})
    );
    let target = json!({"metadata": {"finalizers": ["x/y", "x/z"]}});
    let patch =
        json!({"metadata": {"$setElementOrder/finalizers": ["x/z", "x/q", "x/y"], "finalizers": ["x/q"]}});
    assert_eq!(outcome(&target, patch).unwrap()["metadata"]["finalizers"], json!(["x/z", "x/q", "x/y"]));
    let patch = json!({"metadata": {"finalizers": ["x/a", "x/y"]}});
    assert_eq!(outcome(&target, patch).unwrap()["metadata"]["finalizers"], json!(["x/a", "x/y", "x/z"]));
}

/// New items stand where deleted ones were.
#[test]
fn order_after_deletions() {
    let ports = |ports: &[i64]| json!(ports.iter().map(|port| json!({"port": port})).collect::<Vec<_>>());
    for (live, patch, order, expected) in [
        (
            ports(&[4, 3, 5]),
            json!([{"port": 1}, {"port": 5}, {"port": 6}, {"port": 3, "$patch": "delete"}]),
            ports(&[1, 5, 6, 3]),
            ports(&[4, 1, 5, 6]),
        ),
        (
            ports(&[1, 2, 3, 4]),
            json!([{"port": 5}, {"port": 1, "$patch": "delete"}, {"port": 3, "$patch": "delete"}]),
            ports(&[5, 1, 6, 3]),
            ports(&[2, 4, 5]),
        ),
    ] {
        let patch = json!({"spec": {"ports": patch, "$setElementOrder/ports": order}});
        assert_eq!(
            outcome(&json!({"spec": {"ports": live}}), patch).unwrap(),
            json!({"spec": {"ports": expected}})
        );
    }
}

#[test]
fn maps_have_directives() {
    let target = json!({"metadata": {"labels": {"x": "y"}, "annotations": {"a": "b"}}, "spec": {"type": "A", "clusterIP": "1"}});
    let patched = outcome(
        &target,
        json!({"metadata": {"labels": {"$patch": "replace", "z": "1"}, "annotations": {"$patch": "delete"}},
               "spec": {"$retainKeys": ["type"], "type": "B"}}),
    );
    assert_eq!(
        patched.unwrap(),
        json!({"metadata": {"labels": {"z": "1"}, "annotations": {}}, "spec": {"type": "B"}})
    );
    // Where the object has nothing, directives and nulls go.
    let patch = json!({"metadata": {"labels": {"$patch": "delete"}, "annotations": {"a": null, "b": "c"}}});
    assert_eq!(
        outcome(&json!({"metadata": {}}), patch).unwrap(),
        json!({"metadata": {"annotations": {"b": "c"}}})
    );
    assert_eq!(outcome(&target, json!({"$patch": "delete"})).unwrap(), json!({}));
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}});
    assert_eq!(outcome(&json!({"metadata": {}}), patch.clone()).unwrap(), json!({"metadata": {}}));
    // 1.20 takes what the object does not have as it is.
    let old =
        |patch: &Value| strategic(&json!({"metadata": {}}), patch, &named("Service"), &SCHEMA, 20).unwrap();
    assert_eq!(old(&patch), json!({"metadata": {"finalizers": ["a"]}}));
    let patch = json!({"metadata": {"labels": {"$patch": "delete", "a": null}}});
    assert_eq!(old(&patch), patch);
}

#[test]
fn refusals_are_upstreams() {
    let ports =
        "[map[name:new port:1 protocol:TCP targetPort:1] map[name:zz port:80 protocol:TCP targetPort:80]]";
    for (patch, code, message) in [
        (
            json!([]),
            400,
            "json: cannot unmarshal array into Go value of type map[string]interface {}".to_owned(),
        ),
        (json!({"$patch": "frob"}), 500, "unknown patch type: frob in map: map[$patch:frob]".to_owned()),
        (json!({"spec": {"$retainKeys": 3}}), 400, "invalid patch format of retainKeys".to_owned()),
        (
            json!({"spec": {"$retainKeys": ["q"], "type": "1"}}),
            400,
            "invalid patch format of retainKeys".to_owned(),
        ),
        (
            json!({"spec": {"$setElementOrder/ports": [{"port": 99}], "ports": [{"port": 1, "name": "new"}]}}),
            500,
            "The order in patch list:\n[map[name:new port:1]]\n doesn't match $setElementOrder list:\n\
             [map[port:99]]\n"
                .to_owned(),
        ),
        (
            json!({"spec": {"ports": [{"name": "new"}]}}),
            500,
            "map: map[name:new] does not contain declared merge key: port".to_owned(),
        ),
        (
            json!({"spec": {"ports": [3]}}),
            500,
            format!("list element types are not identical: [{ports} [3]]"),
        ),
        (
            json!({"spec": {"ports": [[3]]}}),
            500,
            format!("list element types are not identical: [{ports} [[3]]]"),
        ),
        (
            json!({"spec": {"ports": [{"$patch": "merge"}]}}),
            500,
            "merging lists cannot yet be specified in the patch".to_owned(),
        ),
        (
            json!({"spec": {"ports": [{"$patch": "frob"}]}}),
            500,
            "unknown patch type: frob in map: map[$patch:frob]".to_owned(),
        ),
        (
            json!({"spec": {"ports": [{"$patch": "delete"}]}}),
            500,
            "map: map[$patch:delete] does not contain declared merge key: port".to_owned(),
        ),
        (
            json!({"spec": {"$setElementOrder/ports": 3}}),
            500,
            "expected a []interface {}, but received a int64".to_owned(),
        ),
        (
            json!({"spec": {"$setElementOrder": [3]}}),
            400,
            "invalid patch format of setElementOrder list".to_owned(),
        ),
        (
            json!({"spec": {"$deleteFromPrimitiveList": [3]}}),
            400,
            "invalid patch format of primitive list".to_owned(),
        ),
        (
            json!({"metadata": {"finalizers": [3]}}),
            500,
            "list element types are not identical: [[c/d] [3]]".to_owned(),
        ),
    ] {
        assert_eq!(outcome(&service(), patch.clone()), Err((code, message)), "{patch}");
    }
}
