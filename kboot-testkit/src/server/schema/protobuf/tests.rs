use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::Schema;
use super::{decode, encode, watch_event};

/// What a real kube-apiserver 1.20.2 answered for the same objects in JSON and in protobuf.
fn seen() -> Vec<(Value, Vec<u8>)> {
    let seen: Vec<Value> = serde_json::from_str(include_str!("seen-1.20.2.json")).unwrap();
    seen.iter()
        .map(|each| (each["json"].clone(), STANDARD.decode(each["protobuf"].as_str().unwrap()).unwrap()))
        .collect()
}

/// As the server would store it: what is null in JSON is not there.
fn stored(schema: &Schema, value: &Value) -> Value {
    let Some(items) = value["items"].as_array() else {
        return schema.decode(&schema.of_object(value), value.clone()).unwrap().0;
    };
    let mut list = value.clone();
    let kind = value["kind"].as_str().unwrap().trim_end_matches("List");
    let of = schema.of_object(&json!({"kind": kind, "apiVersion": value["apiVersion"]}));
    list["items"] = items.iter().map(|item| schema.decode(&of, item.clone()).unwrap().0).collect();
    list
}

#[test]
fn what_a_real_server_sends_is_read_as_what_it_says_in_json() {
    let schema = Schema::of_version(20);
    for (in_json, in_protobuf) in seen() {
        let read = decode(&schema, &in_protobuf).unwrap();
        assert_eq!(read, stored(&schema, &in_json));
    }
}

#[test]
fn what_is_written_is_read_again() {
    let schema = Schema::of_version(20);
    for (in_json, _) in seen() {
        let value = stored(&schema, &in_json);
        let written = encode(&schema, &value).unwrap();
        assert_eq!(decode(&schema, &written).unwrap(), value);
        let written_as_sent = encode(&schema, &in_json).unwrap();
        assert_eq!(decode(&schema, &written_as_sent).unwrap(), value);
    }
}

#[test]
fn kinds_of_later_versions_go_there_and_back() {
    let schema = Schema::of_version(37);
    let value = json!({
        "kind": "PodCertificateRequest", "apiVersion": "certificates.k8s.io/v1",
        "metadata": {"name": "p", "namespace": "n", "labels": {"a": "", "b": "ü"}},
        "spec": {
            "signerName": "example.org/s", "podName": "p", "podUID": "1", "serviceAccountName": "s",
            "serviceAccountUID": "2", "nodeName": "w", "nodeUID": "3", "maxExpirationSeconds": 3600,
            "stubPKCS10Request": "AAEC", "unverifiedUserAnnotations": {"x": "y"},
        },
        "status": {},
    });
    assert_eq!(decode(&schema, &encode(&schema, &value).unwrap()).unwrap(), value);
    let review = json!({
        "kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {},
        "spec": {"user": "u", "extra": {"a": ["x", "y"], "b": ["z"]}, "resourceAttributes": {"verb": "get"}},
        "status": {"allowed": false},
    });
    assert_eq!(decode(&schema, &encode(&schema, &review).unwrap()).unwrap(), review);
}

#[test]
fn options_and_lists_are_read() {
    let schema = Schema::of_version(36);
    let options = json!({
        "kind": "DeleteOptions", "apiVersion": "certificates.k8s.io/v1", "gracePeriodSeconds": 0,
        "preconditions": {"uid": "1"}, "propagationPolicy": "Background", "dryRun": ["All"],
    });
    assert_eq!(decode(&schema, &encode(&schema, &options).unwrap()).unwrap(), options);
    let empty = json!({"kind": "LeaseList", "apiVersion": "coordination.k8s.io/v1",
        "metadata": {"resourceVersion": "7", "continue": "c", "remainingItemCount": 3}, "items": []});
    assert_eq!(decode(&schema, &encode(&schema, &empty).unwrap()).unwrap(), empty);
}

/// A frame as a real 1.20.2 sends it: the length, `WatchEvent`, in it the object with its envelope.
#[test]
fn events_are_framed_as_a_watch_has_them() {
    let schema = Schema::of_version(20);
    let bookmark = json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"resourceVersion": "12"}});
    let frame = watch_event(&schema, "BOOKMARK", &bookmark).unwrap();
    let object = encode(&schema, &bookmark).unwrap();
    let length = u8::try_from(object.len()).unwrap();
    let start =
        [&[0, 0, 0, length + 14, 0x0a, 8][..], b"BOOKMARK", &[0x12, length + 2, 0x0a, length]].concat();
    assert_eq!(frame, [start, object].concat());
}

#[test]
fn what_is_not_known_goes_another_way() {
    let schema = Schema::of_version(36);
    let custom = json!({"kind": "Foo", "apiVersion": "example.org/v1", "metadata": {"name": "a"}});
    assert_eq!(encode(&schema, &custom), None);
    assert_eq!(encode(&schema, &json!({"kind": "Node", "apiVersion": "v1", "spec": 1})), None);
    assert_eq!(watch_event(&schema, "ADDED", &custom), None);
    let mut foo = encode(&schema, &json!({"kind": "Node", "apiVersion": "v1"})).unwrap();
    let kind = foo.windows(4).position(|four| four == b"Node").unwrap();
    foo.splice(kind..kind + 4, *b"Fooo");
    assert_eq!(decode(&schema, &foo).unwrap_err().code, 415);
    for broken in [&b""[..], b"{}", b"k8s", b"k8s\0\x0a\xff\xff\xff\xff\x0f", b"k8s\0\x0b", b"k8s\0\x08"] {
        assert_eq!(decode(&schema, broken).unwrap_err().code, 400, "{broken:?}");
    }
    let mut node =
        encode(&schema, &json!({"kind": "Node", "apiVersion": "v1", "status": {"capacity": {"c": "12"}}}))
            .unwrap();
    let quantity = node.windows(2).position(|two| two == b"12").unwrap();
    node.splice(quantity..quantity + 2, *b"xy");
    let message = decode(&schema, &node).unwrap_err().message;
    assert!(
        message.starts_with("Node in version \"v1\" cannot be handled as a Node: quantities must"),
        "{message}"
    );
    // No kind at all.
    assert_eq!(decode(&schema, b"k8s\0").unwrap_err().code, 415);
}

proptest! {
    #[test]
    fn hostile_bytes_are_refused_or_read(
        which in 0_usize..18,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let schema = Schema::of_version(36);
        let (_, mut bytes) = seen().swap_remove(which);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        match decode(&schema, &bytes) {
            Err(status) => prop_assert!([400, 415].contains(&status.code)),
            // What was read can be written and is then the same.
            Ok(value) => {
                if let Some(written) = encode(&schema, &value) {
                    prop_assert_eq!(decode(&schema, &written).unwrap(), value);
                }
            }
        }
    }
}
