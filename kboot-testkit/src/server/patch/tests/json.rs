use serde_json::{Value, json};

use super::super::{json as patched, merge};

fn target() -> Value {
    json!({"data": {"a": "1", "b": "2"}, "list": [1, 2, 3]})
}

fn outcome(patch: Value) -> Result<Value, (u16, String)> {
    patched(&target(), &patch).map_err(|status| (status.code, status.message))
}

#[test]
fn operations_change_the_object_in_their_order() {
    let patch = json!([{"op": "test", "path": "/data/a", "value": "1"}, {"op": "replace", "path": "/data/a", "value": "9"},
                       {"op": "copy", "from": "/data/a", "path": "/data/c"}, {"op": "move", "from": "/list", "path": "/l"},
                       {"op": "add", "path": "/l/-", "value": 4}, {"op": "remove", "path": "/data/b"}]);
    assert_eq!(outcome(patch), Ok(json!({"data": {"a": "9", "c": "9"}, "l": [1, 2, 3, 4]})));
    assert_eq!(outcome(json!([])), Ok(target()));
    // From the end, and a test for nothing.
    assert_eq!(outcome(json!([{"op": "remove", "path": "/list/-1"}])).unwrap()["list"], json!([1, 2]));
    assert_eq!(
        outcome(json!([{"op": "add", "path": "/list/-1", "value": 9}])).unwrap()["list"],
        json!([1, 2, 3, 9])
    );
    assert_eq!(outcome(json!([{"op": "test", "path": "/data/nope", "value": null}])), Ok(target()));
    assert_eq!(
        outcome(json!([{"op": "add", "path": "/data/q", "value": "1", "zz": 1}])).unwrap()["data"]["q"],
        "1"
    );
}

#[test]
fn what_cannot_be_done_is_unprocessable() {
    let refused = Err((422, "the server rejected our request due to an error in our request".to_owned()));
    for patch in [
        json!([{"op": "test", "path": "/data/a", "value": "9"}]),
        json!([{"op": "test", "path": "/data/a", "value": null}]),
        json!([{"op": "test", "path": "/nope/a", "value": null}]),
        json!([{"op": "remove", "path": "/data/zz"}]),
        json!([{"op": "replace", "path": "/data/zz", "value": "1"}]),
        json!([{"op": "add", "path": "/nope/zz", "value": "1"}]),
        json!([{"op": "copy", "path": "/data/c", "from": "/data/q"}]),
        json!([{"op": "move", "path": "/data/c", "from": "/data/q"}]),
        json!([{"op": "move", "path": "/data/c/d", "from": "/data"}]),
        json!([{"op": "add", "path": "/list/7", "value": 1}]),
        json!([{"op": "remove", "path": "/list/-4"}]),
        json!([{"op": "add", "path": "", "value": 3}]),
        json!([{"op": "add", "path": "data", "value": 3}]),
    ] {
        assert_eq!(outcome(patch.clone()), refused, "{patch}");
    }
}

#[test]
fn what_is_no_patch_is_a_bad_request() {
    for (patch, message) in [
        (
            json!({}),
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (
            json!([3]),
            "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
        ),
        (json!([{"op": "frob"}]), "invalid operation {\"op\":\"frob\"}: unsupported operation"),
        (
            json!([{"op": "add", "path": "/data/q"}]),
            "invalid operation {\"op\":\"add\",\"path\":\"/data/q\"}: failed to decode 'value': operation, missing \
             value field: missing value",
        ),
        (
            json!([{"op": 3, "path": "/data/q"}]),
            "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
        ),
    ] {
        assert_eq!(outcome(patch), Err((400, message.to_owned())));
    }
    let many = vec![json!({"op": "test", "path": "/data/b", "value": "2"}); 10_001];
    assert_eq!(
        outcome(many.into()),
        Err((
            413,
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
                .to_owned()
        ))
    );
}

#[test]
fn objects_do_not_grow_without_bound() {
    let copies = |count: usize, from: &str, path: &str| {
        outcome(vec![json!({"op": "copy", "from": from, "path": path}); count].into())
            .map_err(|(code, _)| code)
    };
    // Each copy doubles the list, or is one level deeper.
    assert!(copies(15, "/list", "/list/-").is_ok());
    assert_eq!(copies(23, "/list", "/list/-"), Err(422));
    assert!(copies(150, "/data", "/data/x").is_ok());
    assert_eq!(copies(300, "/data", "/data/x"), Err(422));
    let mut deep = vec![json!({"op": "add", "path": "/t", "value": {}}); 1];
    for _ in 0..3_000 {
        deep.push(json!({"op": "move", "from": "/data", "path": "/t/d"}));
        deep.push(json!({"op": "move", "from": "/t", "path": "/data"}));
        deep.push(json!({"op": "add", "path": "/t", "value": {}}));
    }
    assert_eq!(outcome(deep.into()).unwrap_err().0, 422);
}

#[test]
fn merge_patches_follow_rfc_7386() {
    let patch = json!({"data": {"a": null, "c": {"d": null, "e": 1}}, "list": [4]});
    assert_eq!(merge(&target(), &patch), json!({"data": {"b": "2", "c": {"e": 1}}, "list": [4]}));
    assert_eq!(merge(&target(), &json!([1])), json!([1]));
}
