use serde_json::json;

use super::{Server, owner};

#[test]
fn who_applies_owns_and_who_applies_the_same_owns_it_too() {
    let mut server = Server::new("ConfigMap", 20);
    server.apply("m1", json!({"metadata": {"labels": {"l": "1"}}, "data": {"a": "1", "b": "2"}})).unwrap();
    let first = json!({"f:data": {"f:a": {}, "f:b": {}}, "f:metadata": {"f:labels": {"f:l": {}}}});
    assert_eq!(server.owners(), [owner("m1 Apply 01", first.clone())]);
    assert_eq!(
        server.get("/metadata/managedFields/0"),
        json!({"manager": "m1", "operation": "Apply", "apiVersion": "v1", "time": "2026-11-29T12:00:01Z",
               "fieldsType": "FieldsV1", "fieldsV1": first})
    );

    server.apply("m2", json!({"data": {"a": "1"}})).unwrap();
    let second = json!({"f:data": {"f:a": {}}});
    assert_eq!(server.owners(), [owner("m1 Apply 01", first.clone()), owner("m2 Apply 02", second.clone())]);

    // 1.36 gives no time to who changes nothing.
    let mut server = Server::new("ConfigMap", 36);
    server.apply("m1", json!({"metadata": {"labels": {"l": "1"}}, "data": {"a": "1", "b": "2"}})).unwrap();
    server.apply("m2", json!({"data": {"a": "1"}})).unwrap();
    assert_eq!(server.owners(), [owner("m2 Apply -", second), owner("m1 Apply 01", first)]);
    let before = server.object.clone();
    server.apply("m2", json!({"data": {"a": "1"}})).unwrap();
    assert_eq!(server.object, before);
}

#[test]
fn conflicts_name_the_manager_and_the_fields() {
    let mut server = Server::new("ConfigMap", 20);
    server.apply("m1", json!({"metadata": {"labels": {"l": "1"}}, "data": {"a": "1", "b": "2"}})).unwrap();
    let refused = server.apply("m2", json!({"data": {"a": "2"}})).unwrap_err();
    assert_eq!(
        refused.to_value(),
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
               "message": "Apply failed with 1 conflict: conflict with \"m1\": .data.a", "reason": "Conflict",
               "details": {"causes": [{"reason": "FieldManagerConflict", "message": "conflict with \"m1\"",
                                       "field": ".data.a"}]},
               "code": 409})
    );
    let config = json!({"metadata": {"labels": {"l": "2"}}, "data": {"a": "2", "c": "1"}});
    let refused = server.apply("m2", config.clone()).unwrap_err();
    assert_eq!(
        refused.message,
        "Apply failed with 2 conflicts: conflicts with \"m1\":\n- .data.a\n- .metadata.labels.l"
    );

    server.force("m2", config);
    let (m1, m2) = (
        json!({"f:data": {"f:b": {}}}),
        json!({"f:data": {"f:a": {}, "f:c": {}}, "f:metadata": {"f:labels": {"f:l": {}}}}),
    );
    assert_eq!(server.owners(), [owner("m1 Apply 01", m1), owner("m2 Apply 04", m2)]);

    server.apply("m2", json!({"data": {}})).unwrap();
    assert_eq!(server.get("/data"), json!({"b": "2"}));
    assert_eq!(server.owners(), [owner("m1 Apply 01", json!({"f:data": {"f:b": {}}}))]);

    server.write("m3", json!({"data": {"u": "1", "b": "3"}}));
    assert_eq!(server.owners(), [owner("m3 Update 06", json!({"f:data": {"f:b": {}, "f:u": {}}}))]);
    let refused = server.apply("m1", json!({"data": {"u": "2", "b": "9"}})).unwrap_err();
    assert_eq!(
        refused.message,
        "Apply failed with 2 conflicts: conflicts with \"m3\" using v1:\n- .data.b\n- .data.u"
    );
    server.apply("m1", json!({"data": null})).unwrap();
    assert_eq!(server.owners(), [owner("m3 Update 06", json!({"f:data": {"f:b": {}, "f:u": {}}}))]);
}

#[test]
fn an_object_without_owners_gets_one_for_what_it_has() {
    let mut server = Server::new("ConfigMap", 20);
    server.apply("m1", json!({"data": {"a": "1"}})).unwrap();
    server.write("m1", json!({"metadata": {"managedFields": [{}]}}));
    assert_eq!(server.owners(), []);
    server.write("m1", json!({"metadata": {"labels": {"q": "1"}}}));
    assert_eq!(server.owners(), [], "it stays without");
    let refused = server.apply("m1", json!({"data": {"a": "2"}})).unwrap_err();
    assert_eq!(
        refused.message,
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a"
    );
    server.apply("m1", json!({"data": {"a": "1"}})).unwrap();
    let first = json!({"f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:labels": {".": {}, "f:q": {}}}});
    let expected =
        [owner("m1 Apply 05", json!({"f:data": {"f:a": {}}})), owner("before-first-apply Update 05", first)];
    assert_eq!(server.owners(), expected);
}

#[test]
fn configurations_are_refused_with_the_words_of_the_version() {
    let refused = |minor: u32, config| {
        let mut server = Server::new("ConfigMap", minor);
        server.write("m", json!({"metadata": {"name": "s"}, "data": {"a": "1"}}));
        let status = server.apply("m1", config).unwrap_err();
        (status.code, status.message)
    };
    let typed = "failed to create typed patch object";
    for (config, message) in [
        (json!({"data": {"a": 3}}), "expected string, got &value.valueUnstructured{Value:3}"),
        (
            json!({"data": {"a": {}}}),
            "expected string, got &value.valueUnstructured{Value:map[string]interface {}{}}",
        ),
    ] {
        assert_eq!(refused(20, config), (500, format!("{typed}: .data.a: {message}")));
    }
    assert_eq!(refused(20, json!({"data": []})), (500, format!("{typed}: .data: expected map, got &{{[]}}")));
    assert_eq!(
        refused(20, json!({"metb": {"a": {}}})),
        (500, format!("{typed}: .metb: field not declared in schema"))
    );
    assert_eq!(
        refused(36, json!({"metb": {}})),
        (500, format!("{typed} (/s; /v1, Kind=ConfigMap): .metb: field not declared in schema"))
    );
    let managed = json!({"metadata": {"managedFields": [{}]}});
    assert_eq!(refused(20, managed), (400, "metadata.managedFields must be nil".to_owned()));
    let old = |version: &str| {
        (
            400,
            format!(
                "Incorrect version specified in apply patch. Specified patch version: {version}, expected: v1"
            ),
        )
    };
    assert_eq!(refused(20, json!({"apiVersion": "v2"})), old("v2"));
    assert_eq!(refused(20, json!({"apiVersion": ""})), old(""));
    assert_eq!(
        refused(36, json!({"apiVersion": "x.io/v2", "kind": "W"})),
        (400, "invalid object type: x.io/v2, Kind=W".to_owned())
    );
    assert_eq!(
        refused(36, json!({"apiVersion": "", "kind": "W"})),
        (400, "invalid object type: /, Kind=W".to_owned())
    );
}

#[test]
fn items_of_lists_are_told_apart() {
    let refused = |minor: u32, config| Server::new("Service", minor).apply("m1", config).unwrap_err().message;
    let typed = "failed to create typed patch object";
    assert_eq!(
        refused(20, json!({"spec": {"ports": [{"port": 80, "name": "http"}]}})),
        format!(
            "{typed}: .spec.ports: element 0: associative list with keys has an element that omits key field \
             \"protocol\" (and doesn't have default value)"
        )
    );
    assert_eq!(
        refused(20, json!({"metadata": {"finalizers": ["a", "a"]}, "spec": {"type": 3, "foo": true}})),
        format!(
            "{typed}: errors:\n  .metadata.finalizers: duplicate entries for key [=\"a\"]\n  .spec.foo: field not \
             declared in schema"
        )
    );
    assert_eq!(
        refused(20, json!({"metadata": {"finalizers": ["a", null]}})),
        format!(
            "{typed}: .metadata.finalizers: element 1: associative list without keys has an element that's an \
             explicit null"
        )
    );
    let mut wide = Server::new("Wide", 36);
    let refused = wide.apply("e", json!({"spec": {"ports": 3, "tags": true}})).unwrap_err();
    assert_eq!(
        refused.message,
        "failed to create typed patch object (/s; x.io/v1, Kind=Wide): errors:\n  .spec.ports: expected list, got \
         &{3}\n  .spec.tags: expected list, got &{true}"
    );

    let mut server = Server::new("Service", 20);
    let ports = json!([{"port": 443, "name": "other", "protocol": "TCP"}]);
    server.apply("m2", json!({"metadata": {"finalizers": ["c/d"]}, "spec": {"ports": ports}})).unwrap();
    let fields = json!({"f:metadata": {"f:finalizers": {"v:\"c/d\"": {}}},
                        "f:spec": {"f:ports": {"k:{\"port\":443,\"protocol\":\"TCP\"}": {
                            ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}}}}});
    assert_eq!(server.owners(), [owner("m2 Apply 01", fields)]);
}

/// What 1.36 does with lists of all sorts, step by step.
#[test]
fn lists_maps_and_atoms_of_1_36() {
    let mut server = Server::new("Wide", 36);
    server
        .apply(
            "m1",
            json!({"metadata": {"labels": {"l": "1"}}, "data": {"a": "1", "b": "2"},
                            "free": {"x": {"y": 1}, "l": [1, 2]}}),
        )
        .unwrap();
    server.force(
        "m2",
        json!({"data": {"a": "2", "c": "3"},
               "spec": {"ports": [{"port": 80, "name": "h"}], "tags": ["x", "y"], "atomic": {"a": "1"},
                        "plain": ["p"]}}),
    );
    // The custom resource of the recording has no structure around `free`, so there it owns `.` of it too.
    let m1 = json!({"f:data": {"f:b": {}}, "f:free": {"f:l": {}, "f:x": {".": {}, "f:y": {}}},
                    "f:metadata": {"f:labels": {"f:l": {}}}});
    let m2 = json!({"f:data": {"f:a": {}, "f:c": {}},
                    "f:spec": {"f:atomic": {}, "f:plain": {},
                               "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {
                                   ".": {}, "f:name": {}, "f:port": {}}},
                               "f:tags": {"v:\"x\"": {}, "v:\"y\"": {}}}});
    assert_eq!(server.owners(), [owner("m1 Apply 01", m1.clone()), owner("m2 Apply 02", m2)]);

    server
        .apply("m2", json!({"data": {}, "spec": {"ports": [], "tags": [], "atomic": {}, "plain": []}}))
        .unwrap();
    assert_eq!(server.get("/data"), json!({"b": "2"}));
    assert_eq!(server.get("/spec"), json!({"atomic": {}, "plain": []}));
    let m2 = json!({"f:data": {}, "f:spec": {"f:atomic": {}, "f:plain": {}}});
    assert_eq!(server.owners(), [owner("m1 Apply 01", m1.clone()), owner("m2 Apply 03", m2)]);

    server.apply("m2", json!({})).unwrap();
    assert_eq!(server.get("/data"), json!({"b": "2"}));
    assert_eq!(server.get("/spec"), json!(null));
    assert_eq!(server.owners(), [owner("m1 Apply 01", m1)]);

    let ports = json!([{"port": 80, "name": "h"}, {"port": 443}]);
    server
        .apply(
            "m3",
            json!({"spec": {"ports": ports, "tags": ["x", "y"], "atomic": {"a": "1"}, "plain": ["p"]}}),
        )
        .unwrap();
    let config = json!({"spec": {"ports": [{"port": 443, "name": "s"}, {"port": 80, "name": "q"}, {"port": 1}],
                                 "tags": ["z", "y"], "atomic": {"a": "2"}, "plain": ["q"]}});
    let refused = server.apply("m4", config.clone()).unwrap_err();
    assert_eq!(
        refused.message,
        "Apply failed with 3 conflicts: conflicts with \"m3\":\n- .spec.atomic\n- .spec.plain\n- \
         .spec.ports[port=80,protocol=\"TCP\"].name"
    );
    server.force("m4", config);
    let spec = json!({"atomic": {"a": "2"}, "plain": ["q"],
                      "ports": [{"name": "s", "port": 443}, {"name": "q", "port": 80}, {"port": 1}],
                      "tags": ["x", "z", "y"]});
    assert_eq!(server.get("/spec"), spec);

    server.apply("m3", json!({"spec": {"ports": [{"port": 80}], "tags": ["y"]}})).unwrap();
    assert_eq!(server.get("/spec/tags"), json!(["z", "y"]));
    assert_eq!(server.get("/spec/ports"), spec["ports"]);
    server.apply("m3", json!({})).unwrap();
    let m4 = json!({"f:spec": {"f:atomic": {}, "f:plain": {},
        "f:ports": {"k:{\"port\":1,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}},
                    "k:{\"port\":443,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}},
                    "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}}},
        "f:tags": {"v:\"y\"": {}, "v:\"z\"": {}}}});
    assert_eq!(server.owners().last().map(|(_, fields)| fields.clone()), Some(m4));

    server.write(
        "up",
        json!({"spec": {"tags": ["y", "n"], "ports": [{"port": 443, "name": "via-up"}]}, "data": {"b": "9"}}),
    );
    let owners: std::collections::BTreeMap<_, _> = server
        .owners()
        .into_iter()
        .map(|(who, fields)| (who.split(' ').next().unwrap().to_owned(), fields))
        .collect();
    let m4 = json!({"f:spec": {"f:atomic": {}, "f:plain": {},
        "f:ports": {"k:{\"port\":443,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}}, "f:tags": {"v:\"y\"": {}}}});
    let up = json!({"f:data": {"f:b": {}}, "f:spec": {
        "f:ports": {"k:{\"port\":443,\"protocol\":\"TCP\"}": {"f:name": {}}}, "f:tags": {"v:\"n\"": {}}}});
    assert_eq!((&owners["m4"], &owners["up"]), (&m4, &up));

    // Of the resource, status is not the writer's.
    server.apply("m5", json!({"status": {"c": 3}})).unwrap();
    assert!(!server.owners().iter().any(|(who, _)| who.starts_with("m5")));
}

/// Lists are in the order of who applies; what he does not name stays behind what was before it.
#[test]
fn items_keep_an_order() {
    for (live, config, expected) in [
        ("abcd", "caxd", "bcaxd"),
        ("abcd", "dcba", "dcba"),
        ("abcde", "xeby", "acdxeby"),
        ("abc", "b", "abc"),
        ("abc", "xcyaz", "bxcyaz"),
        ("abcdef", "bed", "abcefd"),
        ("aby", "axb", "axby"),
        ("abycz", "axbwc", "axbywcz"),
    ] {
        let tags = |text: &str| json!(text.chars().map(String::from).collect::<Vec<_>>());
        let mut server = Server::new("Wide", 36);
        server.write("curl", json!({"metadata": {"name": "s"}, "spec": {"tags": tags(live)}}));
        server.force("z", json!({"spec": {"tags": tags(config)}}));
        assert_eq!(server.get("/spec/tags"), tags(expected), "{live} {config}");
    }

    // 1.20 leaves what is there where it is.
    let mut server = Server::new("ConfigMap", 20);
    server.write("curl", json!({"metadata": {"name": "s", "finalizers": ["x.io/c", "x.io/a"]}}));
    server.apply("m1", json!({"metadata": {"finalizers": ["x.io/b", "x.io/c", "x.io/a"]}})).unwrap();
    assert_eq!(server.get("/metadata/finalizers"), json!(["x.io/c", "x.io/a", "x.io/b"]));
}

#[test]
fn what_nobody_owns_stays_where_others_own_what_is_around_it() {
    let mut server = Server::new("Service", 20);
    let ports = json!([{"port": 443, "name": "other", "protocol": "TCP"}, {"port": 1, "name": "o", "protocol": "TCP"}]);
    server
        .apply(
            "m1",
            json!({"metadata": {"labels": {"a": "b"}}, "spec": {"type": "ClusterIP", "ports": ports}}),
        )
        .unwrap();
    // As defaults come: without an owner.
    let object = server.object.as_mut().unwrap();
    object["spec"]["ports"][0]["targetPort"] = 443.into();
    object["spec"]["ports"][1]["targetPort"] = 1.into();
    object["spec"]["sessionAffinity"] = "None".into();
    server.apply("m2", json!({"spec": {"ports": [{"port": 443, "protocol": "TCP"}]}})).unwrap();
    server.apply("m1", json!({})).unwrap();
    let port = json!({"protocol": "TCP", "port": 443, "targetPort": 443});
    assert_eq!(server.get("/spec"), json!({"ports": [port], "sessionAffinity": "None"}));
    assert_eq!(server.get("/metadata/labels"), json!({}));
    let fields = json!({".": {}, "f:port": {}, "f:protocol": {}});
    let fields = json!({"f:spec": {"f:ports": {"k:{\"port\":443,\"protocol\":\"TCP\"}": fields}}});
    assert_eq!(server.owners(), [owner("m2 Apply 02", fields)]);

    // 1.36 takes a structure out with the last that somebody owned in it.
    let mut server = Server::new("Wide", 36);
    server.apply("q", json!({"data": {"z": "1"}})).unwrap();
    server.object.as_mut().unwrap()["spec"] = json!({"plain": ["u"]});
    server.apply("m1", json!({"spec": {"tags": ["x"]}})).unwrap();
    server.apply("m1", json!({})).unwrap();
    assert_eq!(server.get("/spec"), json!(null));
}

#[test]
fn kubectl_has_no_conflicts_with_what_it_applied_before() {
    for minor in [20, 36] {
        let mut server = Server::new("ConfigMap", minor);
        let last = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"s\"},\
                    \"data\":{\"a\":\"1\",\"b\":\"2\"}}";
        let annotation = "kubectl.kubernetes.io/last-applied-configuration";
        server.write(
            "kubectl-client-side-apply",
            json!({"metadata": {"name": "s", "annotations": {annotation: last}}, "data": {"a": "1", "b": "2", "other": "1"}}),
        );
        let refused = server.apply("someone", json!({"data": {"a": "9"}})).unwrap_err();
        let with =
            "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data";
        assert_eq!(refused.message, format!("{with}.a"));
        let refused = server.apply("kubectl", json!({"data": {"a": "9", "other": "9"}})).unwrap_err();
        assert_eq!(refused.message, format!("{with}.other"));
        server.apply("kubectl", json!({"data": {"a": "9"}})).unwrap();
        assert_eq!(server.get("/data"), json!({"a": "9", "b": "2", "other": "1"}));
        assert_eq!(
            server.get("/metadata/annotations")[annotation],
            "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"9\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"s\"}}\n"
        );
        let before = json!({"f:data": {".": {}, "f:b": {}, "f:other": {}},
                            "f:metadata": {"f:annotations": {".": {}, format!("f:{annotation}"): {}}}});
        let expected = [
            owner("kubectl Apply 04", json!({"f:data": {"f:a": {}}})),
            owner("kubectl-client-side-apply Update 01", before),
        ];
        assert_eq!(server.owners(), expected);
    }
}

#[test]
fn of_unknown_types_maps_are_granular_and_lists_atomic() {
    let mut server = Server::new("Custom", 36);
    server
        .apply(
            "m1",
            json!({"metadata": {"labels": {"l": "1"}}, "spec": {"list": [{"name": "a"}], "map": {"k": 1}}}),
        )
        .unwrap();
    let fields = json!({"f:metadata": {"f:labels": {".": {}, "f:l": {}}},
                        "f:spec": {".": {}, "f:list": {}, "f:map": {".": {}, "f:k": {}}}});
    assert_eq!(server.owners(), [owner("m1 Apply 01", fields)]);
    let refused =
        server.apply("m2", json!({"spec": {"list": [{"name": "b"}], "map": {"k2": 1}}})).unwrap_err();
    assert_eq!(refused.message, "Apply failed with 1 conflict: conflict with \"m1\": .spec.list");
    server.apply("m2", json!({"spec": {"map": {"k2": 1}}})).unwrap();
    server.apply("m1", json!({})).unwrap();
    assert_eq!(server.get("/spec"), json!({"map": {"k2": 1}}));
}
