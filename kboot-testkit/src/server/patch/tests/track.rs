use serde_json::{Value, json};

use super::super::{Manager, Scope, track};
use super::{SCHEMA, Server, named, owner};

#[test]
fn who_creates_owns_all_but_what_the_server_sets() {
    let mut server = Server::new("ConfigMap", 20);
    server.write(
        "curl",
        json!({"metadata": {"name": "a", "namespace": "default", "uid": "f0", "resourceVersion": "200",
                            "creationTimestamp": "2026-11-29T12:45:55Z", "labels": {"x": "y"}},
               "data": {"a": "1", "b": "2"}}),
    );
    let fields =
        json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}, "f:metadata": {"f:labels": {".": {}, "f:x": {}}}});
    assert_eq!(server.owners(), [owner("curl Update 01", fields)]);

    // A change makes the entry longer, and later.
    server.write("curl", json!({"data": {"zz": "1"}}));
    let fields = json!({"f:data": {".": {}, "f:a": {}, "f:b": {}, "f:zz": {}},
                        "f:metadata": {"f:labels": {".": {}, "f:x": {}}}});
    assert_eq!(server.owners(), [owner("curl Update 02", fields.clone())]);
    server.write("curl", json!({"metadata": {"resourceVersion": "201"}}));
    assert_eq!(server.owners(), [owner("curl Update 02", fields.clone())]);
    // Until 1.25 a new value of one's own field does not.
    server.write("curl", json!({"data": {"zz": "2"}}));
    assert_eq!(server.owners(), [owner("curl Update 02", fields.clone())]);
    server.minor = 36;
    server.write("curl", json!({"data": {"zz": "3"}}));
    assert_eq!(server.owners(), [owner("curl Update 05", fields)]);
}

#[test]
fn structures_are_nobodys() {
    let mut server = Server::new("Service", 20);
    server.write(
        "curl",
        json!({"spec": {"ports": [{"port": 80, "name": "zz", "protocol": "TCP", "targetPort": 80}],
                        "sessionAffinity": "None", "type": "ClusterIP"},
               "status": {"loadBalancer": {}}}),
    );
    let port = json!({".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}});
    let fields = json!({"f:spec": {"f:ports": {".": {}, "k:{\"port\":80,\"protocol\":\"TCP\"}": port},
                                   "f:sessionAffinity": {}, "f:type": {}}});
    assert_eq!(server.owners(), [owner("curl Update 01", fields)]);
    server.write(
        "m3",
        json!({"metadata": {"finalizers": ["x/q"], "ownerReferences": [
        {"uid": "u", "name": "n", "kind": "K", "apiVersion": "v1"}]}}),
    );
    let fields = json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"x/q\"": {}},
                        "f:ownerReferences": {".": {}, "k:{\"uid\":\"u\"}": {
                            ".": {}, "f:apiVersion": {}, "f:kind": {}, "f:name": {}, "f:uid": {}}}}});
    assert_eq!(server.owners().last(), Some(&owner("m3 Update 02", fields)));
}

#[test]
fn entries_are_of_a_subresource() {
    let mut server = Server::new("Service", 36);
    server.write("up", json!({"spec": {"type": "ClusterIP"}, "data": {"b": "9"}}));
    let manager = Manager { subresource: "status".to_owned(), ..server.manager("st") };
    let reset: &[&[&str]] = &[&["spec"], &["metadata"]];
    let mut after = server.object.clone().unwrap();
    after["status"] = json!({"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}});
    after["metadata"]["labels"] = json!({"viast": "1"});
    // Over a subresource nobody clears owners.
    after["metadata"]["managedFields"] = json!([{}]);
    let of = named("Service");
    let scope = Scope { of: &of, schema: &SCHEMA, minor: 36, reset };
    track(server.object.as_ref(), &mut after, &manager, &scope);
    let entries = after["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(
        entries[1],
        json!({"manager": "st", "operation": "Update", "apiVersion": "v1", "time": "2026-11-29T12:00:02Z",
               "fieldsType": "FieldsV1", "subresource": "status",
               "fieldsV1": {"f:status": {"f:loadBalancer": {"f:ingress": {}}}}})
    );
    server.object = Some(after);
    let refused = server
        .apply("m3", json!({"status": {"loadBalancer": {"ingress": []}}}))
        .map(|()| server.get("/metadata/managedFields/0/manager"));
    assert_eq!(refused.unwrap(), json!("up"), "what is reset conflicts with nothing");
}

/// Whose last field in a map another changed keeps the map; 1.20 takes that for all of it.
#[test]
fn who_owns_a_map_and_nothing_in_it() {
    let owners = |minor: u32| {
        let mut server = Server::new("ConfigMap", minor);
        server.write("um1", json!({"metadata": {"name": "s"}, "data": {"b": "1"}}));
        server.write("um2", json!({"data": {"b": "2"}}));
        let two = [
            owner("um1 Update 01", json!({"f:data": {}})),
            owner("um2 Update 02", json!({"f:data": {"f:b": {}}})),
        ];
        assert_eq!(server.owners(), two);
        server.write("um2", json!({"data": {"c": "1"}}));
        server.owners()
    };
    let um2 = json!({"f:data": {"f:b": {}, "f:c": {}}});
    let um1 = json!({"f:data": {".": {}, "f:b": {}}});
    assert_eq!(owners(20), [owner("um1 Update 01", um1), owner("um2 Update 03", um2.clone())]);
    assert_eq!(owners(36), [owner("um1 Update 01", json!({"f:data": {}})), owner("um2 Update 03", um2)]);
}

#[test]
fn parts_of_what_has_one_owner_are_all_of_it() {
    let mut server = Server::new("Service", 36);
    server.write("m", json!({"metadata": {"name": "s"}, "spec": {"selector": {"a": "b"}}}));
    let parts = json!([{"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
                        "fieldsV1": {"f:spec": {"f:selector": {"f:a": {}}}}}]);
    server.write("m", json!({"metadata": {"managedFields": parts}}));
    assert_eq!(server.owners(), [owner("x Apply -", json!({"f:spec": {"f:selector": {}}}))]);
    let refused = server.apply("y", json!({"spec": {"selector": {"c": "d"}}})).unwrap_err();
    assert_eq!(refused.message, "Apply failed with 1 conflict: conflict with \"x\": .spec.selector");
}

#[test]
fn clients_may_say_who_owns_what() {
    let sent = |minor: u32, managed: Value| {
        let mut server = Server::new("Service", minor);
        server.write("m", json!({"metadata": {"name": "s"}, "spec": {"type": "ClusterIP"}}));
        server.write("m3", json!({"metadata": {"managedFields": managed}}));
        server.owners()
    };
    let own = |fields: Value| json!([{"manager": "x", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    let fields = json!({"f:spec": {"f:type": {}}});
    assert_eq!(sent(20, json!([])), []);
    assert_eq!(sent(20, json!([{}])), []);
    assert_eq!(sent(20, own(fields.clone())), [owner("x Update -", fields.clone())]);
    // What cannot be read is as if it was not sent.
    let kept = [owner("m Update 01", fields)];
    assert_eq!(sent(20, json!(null)), kept);
    for bad in [json!({"f": {}}), json!({"k:3": {}}), json!({"i:x": {}}), json!(3)] {
        assert_eq!(sent(20, own(bad)), kept);
    }
    assert_eq!(sent(20, json!([{"manager": "x", "operation": "Frob"}])), kept);
    // Kinds of steps that nobody knows are left out.
    let expected = json!({"f:spec": {"f:type": {}}});
    assert_eq!(sent(20, own(json!({"f:spec": {"f:type": {}}, "z:a": {}}))), [owner("x Update -", expected)]);
}

#[test]
fn the_oldest_of_many_writers_become_one() {
    let mut server = Server::new("Service", 20);
    server.write("m", json!({"metadata": {"name": "s"}, "spec": {"type": "ClusterIP"}}));
    let x = json!([{"manager": "x", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:spec": {"f:type": {}}}}]);
    server.write("m3", json!({"metadata": {"managedFields": x, "labels": {"k0": "1"}}}));
    for number in 1..=12 {
        let label = format!("k{number}");
        server.write(&format!("u{number}"), json!({"metadata": {"labels": {label: "1"}}}));
    }
    let owners = server.owners();
    let names: Vec<_> = owners.iter().map(|(who, _)| who.as_str()).collect();
    assert_eq!(names.len(), 10);
    assert_eq!(names[..2], ["ancient-changes Update 05", "u4 Update 06"]);
    assert_eq!(
        owners[0].1,
        json!({"f:metadata": {"f:labels": {".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {}, "f:k3": {}}},
               "f:spec": {"f:type": {}}})
    );
}
