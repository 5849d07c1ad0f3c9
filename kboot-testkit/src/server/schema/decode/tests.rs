use serde_json::{Value, json};

use super::super::Schema;

fn decode(minor: u32, value: Value) -> Result<(Value, Vec<String>), String> {
    let schema = Schema::of_version(minor);
    let of = schema.of_object(&value);
    schema.decode(&of, value).map_err(|status| {
        assert_eq!((status.code, status.reason), (400, "BadRequest"));
        status.message
    })
}

fn node(more: &Value) -> Value {
    let mut node = json!({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "a"}});
    for (key, value) in more.as_object().unwrap() {
        node[key] = value.clone();
    }
    node
}

#[test]
fn wrong_types_are_refused_in_upstreams_words() {
    let cases = [
        (
            json!({"spec": "x"}),
            "json: cannot unmarshal string into Go struct field Node.spec of type v1.NodeSpec",
        ),
        (
            json!({"spec": {"unschedulable": "x"}}),
            "json: cannot unmarshal string into Go struct field NodeSpec.spec.unschedulable of type bool",
        ),
        (
            json!({"metadata": {"labels": {"a": 1}}}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            json!({"spec": {"taints": [{"key": 1}]}}),
            "json: cannot unmarshal number into Go struct field Taint.spec.taints.key of type string",
        ),
        (
            json!({"metadata": {"generation": 1.5}}),
            "json: cannot unmarshal number 1.5 into Go struct field ObjectMeta.metadata.generation of type int64",
        ),
        (
            json!({"status": {"capacity": {"cpu": "abc"}}}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            json!({"status": {"capacity": {"cpu": []}}}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            json!({"metadata": {"creationTimestamp": 1}}),
            "json: cannot unmarshal number into Go struct field \
                ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (
            json!({"metadata": {"creationTimestamp": "abc"}}),
            "parsing time \"abc\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"abc\" as \"2006\"",
        ),
    ];
    for (more, why) in cases {
        let message = decode(36, node(&more)).unwrap_err();
        assert_eq!(message, format!("Node in version \"v1\" cannot be handled as a Node: {why}"));
    }
    let csr = json!({
        "kind": "CertificateSigningRequest", "apiVersion": "certificates.k8s.io/v1",
        "spec": {"expirationSeconds": 3_000_000_000_i64},
    });
    let why = "cannot unmarshal number 3000000000 into Go struct field \
        CertificateSigningRequestSpec.spec.expirationSeconds of type int32";
    assert_eq!(decode(36, csr).unwrap_err().rsplit("json: ").next(), Some(why));
    let secret = json!({"kind": "Secret", "apiVersion": "v1", "data": {"a": "JHY$"}});
    let message = decode(36, secret).unwrap_err();
    assert_eq!(message.rsplit(": ").next(), Some("illegal base64 data at input byte 3"));
    let schema = Schema::of_version(36);
    let status = schema.decode(&schema.of_kind("", "v1", "Node"), json!([])).unwrap_err();
    assert!(status.message.ends_with("json: cannot unmarshal array into Go value of type v1.Node"));
}

#[test]
fn unknown_fields_are_dropped_and_told() {
    let given = json!({
        "foo": 1, "spec": {"taints": [{"key": "a", "effect": "b"}, {"key": "c", "effect": "d", "x": {"y": 1}}]}
    });
    let (node, unknown) = decode(36, node(&given)).unwrap();
    assert_eq!(unknown, ["unknown field \"foo\"", "unknown field \"spec.taints[1].x\""]);
    assert_eq!(node["spec"], json!({"taints": [{"key": "a", "effect": "b"}, {"key": "c", "effect": "d"}]}));
    assert_eq!(node.get("foo"), None);
    let status = Schema::strict_error("Node", "v1", &unknown);
    let said = "strict decoding error: unknown field \"foo\", unknown field \"spec.taints[1].x\"";
    assert_eq!(status.message, format!("Node in version \"v1\" cannot be handled as a Node: {said}"));
    assert!(!Schema::of_version(24).validates_fields() && Schema::of_version(25).validates_fields());
}

/// As a real 1.36 refuses it.
#[test]
fn what_stands_twice_in_an_unknown_field_is_not_told() {
    let body =
        br#"{"kind":"Node","apiVersion":"v1","metadata":{"name":"a","name":"b","name":"c","labels":{"a":"1",
        "a":"2"}},"foo":1,"foo":2,"spec":{"bar":{"x":1,"x":2},"taints":[{},{"zz":1}]}}"#;
    let (value, duplicates) = super::super::body::json(body).unwrap();
    let (_, unknown) = decode(36, value).unwrap();
    let findings = Schema::findings(duplicates, unknown);
    let mut fields: Vec<_> = findings.iter().map(String::as_str).collect();
    fields.sort_unstable();
    let expected = [
        "duplicate field \"metadata.labels.a\"",
        "duplicate field \"metadata.name\"",
        "unknown field \"foo\"",
        "unknown field \"spec.bar\"",
        "unknown field \"spec.taints[1].zz\"",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn fields_of_later_versions_are_unknown() {
    let request = json!({
        "kind": "CertificateSigningRequest", "apiVersion": "certificates.k8s.io/v1",
        "spec": {"request": "YQ==", "signerName": "a/b", "expirationSeconds": 600},
    });
    let (old, unknown) = decode(21, request.clone()).unwrap();
    assert_eq!(unknown, ["unknown field \"spec.expirationSeconds\""]);
    assert_eq!(old["spec"].get("expirationSeconds"), None);
    let (new, unknown) = decode(22, request).unwrap();
    assert!(unknown.is_empty());
    assert_eq!(new["spec"]["expirationSeconds"], 600);
}

#[test]
fn empty_values_go_and_come_as_in_go() {
    // As a real 1.20.2 stores them.
    let given = json!({
        "metadata": {"name": "n", "labels": {}, "finalizers": [], "annotations": null, "creationTimestamp": null},
        "spec": {"podCIDR": "", "taints": []},
        "status": {"capacity": {"cpu": "1000m", "memory": 5}},
    });
    let (node, _) = decode(20, node(&given)).unwrap();
    let expected = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {},
        "status": {
            "capacity": {"cpu": "1", "memory": "5"},
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
            "nodeInfo": {
                "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "",
                "containerRuntimeVersion": "", "kubeletVersion": "", "kubeProxyVersion": "", "operatingSystem": "",
                "architecture": "",
            },
        },
    });
    assert_eq!(node, expected);
    let secret =
        json!({"kind": "Secret", "apiVersion": "v1", "data": {"a": "Yg==", "c": null}, "immutable": false});
    let (secret, _) = decode(20, secret).unwrap();
    assert_eq!(secret["data"], json!({"a": "Yg==", "c": ""}));
    assert_eq!(secret["immutable"], false);
    let (lease, _) = decode(
        20,
        json!({"kind": "Lease", "apiVersion": "coordination.k8s.io/v1",
            "spec": {"holderIdentity": "", "leaseTransitions": 0, "renewTime": "2026-01-02T03:04:05+01:00"}}),
    )
    .unwrap();
    let spec =
        json!({"holderIdentity": "", "leaseTransitions": 0, "renewTime": "2026-01-02T02:04:05.000000Z"});
    assert_eq!(lease["spec"], spec);
}

#[test]
fn what_is_applied_stays_as_it_is() {
    let schema = Schema::of_version(36);
    let applied = json!({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}, "spec": {"podCIDR": "", "x": 1}});
    let (pruned, unknown) = schema.prune(&schema.of_kind("", "v1", "Node"), applied).unwrap();
    assert_eq!(pruned["spec"], json!({"podCIDR": ""}));
    assert_eq!(pruned.get("status"), None);
    assert_eq!(unknown, ["unknown field \"spec.x\""]);
}

/// What a real 1.20.2 writes is what is stored here, but for what is null.
#[test]
fn objects_of_a_real_server_stay_as_they_are() {
    fn without_nulls(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let there = fields.iter().filter(|(_, value)| !value.is_null());
                Value::Object(there.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
            }
            Value::Array(items) => items.iter().map(without_nulls).collect(),
            scalar => scalar.clone(),
        }
    }
    let seen: Vec<Value> = serde_json::from_str(include_str!("../protobuf/seen-1.20.2.json")).unwrap();
    for object in seen.iter().map(|each| &each["json"]) {
        if object["items"].is_null() {
            assert_eq!(decode(20, object.clone()).unwrap(), (without_nulls(object), Vec::new()));
        }
    }
}

/// As a real 1.36 does with custom resources whose schema preserves unknown fields.
#[test]
fn of_custom_resources_the_metadata_alone_is_known() {
    let custom = |metadata: Value| {
        let spec = json!({"a": null, "b": "", "c": [1, "x"], "d": {}});
        json!({"kind": "Foo", "apiVersion": "example.org/v1", "metadata": metadata, "spec": spec})
    };
    let (read, unknown) =
        decode(36, custom(json!({"name": "a", "zz": 1, "labels": {}, "creationTimestamp": null}))).unwrap();
    assert_eq!(read, custom(json!({"name": "a"})));
    assert_eq!(unknown, ["unknown field \"metadata.zz\""]);
    let start = "Foo in version \"v1\" cannot be handled as a Foo: json: cannot unmarshal";
    let message = decode(36, custom(json!({"name": "a", "labels": {"a": 1}}))).unwrap_err();
    assert_eq!(message, format!("{start} number into Go struct field ObjectMeta.labels of type string"));
    let message = decode(36, custom("x".into())).unwrap_err();
    assert_eq!(message, format!("{start} string into Go value of type v1.ObjectMeta"));
    let without = json!({"kind": "Foo", "apiVersion": "example.org/v1", "x": 1});
    assert_eq!(decode(36, without.clone()).unwrap(), (without, Vec::new()));
}
