//! What holds for all objects and patches, hostile ones too.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::{Manager, Scope, apply, json as patched, merge, strategic, track};
use super::{SCHEMA, named};
use crate::server::patch::fields::FieldSet;
use crate::server::patch::typed::Types;
use crate::server::schema::Type;

/// Names that mean something somewhere, so that what is made goes deep into the code.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "metadata",
        "managedFields",
        "labels",
        "finalizers",
        "ownerReferences",
        "uid",
        "spec",
        "ports",
        "port",
        "name",
        "protocol",
        "tags",
        "atomic",
        "plain",
        "data",
        "free",
        "status",
        "a",
        "b",
        "$patch",
        "$retainKeys",
        "$setElementOrder/ports",
        "$setElementOrder/tags",
        "$deleteFromPrimitiveList/tags",
        "fieldsV1",
        "f:a",
        "k:{}",
        "v:1",
        "i:0",
        ".",
        "operation",
        "apiVersion",
        "fieldsType",
        "manager",
        "op",
        "path",
        "from",
        "value",
    ];
    prop_oneof![8 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,4}"]
}

fn any_value() -> impl Strategy<Value = Value> {
    let texts = [
        "a",
        "b",
        "",
        "TCP",
        "delete",
        "replace",
        "merge",
        "Apply",
        "FieldsV1",
        "x.io/v1",
        "/spec/ports/-1",
        "add",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        (0..3_i32).prop_map(|number| json!(f64::from(number))),
        proptest::sample::select(texts.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 5, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            2 => prop::collection::btree_map(name(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// An object as the types of the kind allow it.
fn wide() -> impl Strategy<Value = Value> {
    let text = || proptest::sample::select(&["1", "2", "3"][..]);
    let texts = || prop::collection::btree_map("[a-d]", text(), 0..3);
    let ports = prop::collection::btree_map(0..4_i64, prop::option::of(text()), 0..4).prop_map(|ports| {
        let ports = ports.into_iter().map(|(port, name)| match name {
            Some(name) => json!({"port": port, "name": name}),
            None => json!({"port": port, "protocol": "UDP"}),
        });
        ports.collect::<Vec<_>>()
    });
    let tags = prop::collection::btree_set("[a-d]", 0..4);
    let plain = prop::collection::vec(text(), 0..3);
    (texts(), texts(), ports.prop_shuffle(), tags, plain, texts()).prop_map(
        |(labels, data, ports, tags, plain, atomic)| {
            json!({"apiVersion": "x.io/v1", "kind": "Wide", "metadata": {"name": "s", "labels": labels}, "data": data,
                   "spec": {"ports": ports, "tags": tags, "plain": plain, "atomic": atomic.get("a").map(|a| json!({"a": a}))}})
        },
    )
}

fn manager(name: &str, second: u32) -> Manager {
    Manager {
        name: name.to_owned(),
        api_version: "x.io/v1".to_owned(),
        subresource: String::new(),
        time: format!("2026-11-29T12:00:{second:02}Z"),
    }
}

fn scope(of: &Type) -> Scope<'_> {
    Scope { of, schema: &SCHEMA, minor: 36, reset: &[] }
}

/// Without nulls: a merge patch cannot say them.
fn denulled(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields.map(|(name, value)| (name, denulled(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(denulled).collect(),
        other => other,
    }
}

proptest! {
    #[test]
    fn nothing_changes_nothing(object in wide()) {
        prop_assert_eq!(&merge(&object, &json!({})), &object);
        prop_assert_eq!(&patched(&object, &json!([])).unwrap(), &object);
        prop_assert_eq!(strategic(&object, &json!({}), &named("Wide"), &SCHEMA, 36).unwrap(), object);
    }

    #[test]
    fn a_merge_patch_twice_is_a_merge_patch(object in any_value(), patch in any_value()) {
        let once = merge(&object, &patch);
        prop_assert_eq!(merge(&once, &patch), once);
    }

    #[test]
    fn an_object_merged_into_nothing_is_itself(object in any_value()) {
        let object = denulled(object);
        prop_assert_eq!(merge(&json!({}), &object), object);
    }

    #[test]
    fn applying_twice_is_applying_once(before in wide(), config in wide()) {
        let of = named("Wide");
        let object = apply(None, &before, &manager("m1", 1), false, &scope(&of)).unwrap();
        let once = apply(Some(&object), &config, &manager("m2", 2), true, &scope(&of)).unwrap();
        let twice = apply(Some(&once), &config, &manager("m2", 3), false, &scope(&of)).unwrap();
        prop_assert_eq!(once, twice);
    }

    /// What one applies is there, its owner owns it, and when nobody else does it goes with him.
    #[test]
    fn what_is_applied_is_there_and_goes(config in wide()) {
        let of = named("Wide");
        let object = apply(None, &config, &manager("m1", 1), false, &scope(&of)).unwrap();
        let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let owned = entries.first().map_or_else(FieldSet::default, |entry| FieldSet::parse(&entry["fieldsV1"]).unwrap());
        let types = Types { schema: &SCHEMA, minor: 36 };
        let all = types.fields(&config, &of);
        prop_assert!(owned.difference(&all).is_empty());
        prop_assert_eq!(FieldSet::parse(&owned.wire()).unwrap(), owned);
        let mut without = object;
        without["metadata"].as_object_mut().unwrap().remove("managedFields");
        prop_assert_eq!(&without, &config);

        let object = apply(None, &config, &manager("m1", 1), false, &scope(&of)).unwrap();
        let empty = json!({"apiVersion": "x.io/v1", "kind": "Wide", "metadata": {"name": "s"}});
        let gone = apply(Some(&object), &empty, &manager("m1", 2), false, &scope(&of)).unwrap();
        prop_assert_eq!(gone, empty);
    }

    /// Each field has at most one owner among those who update, and it is the last who changed it.
    #[test]
    fn an_update_leaves_one_owner(mut object in wide(), second in wide()) {
        let of = named("Wide");
        track(None, &mut object, &manager("m1", 1), &scope(&of));
        let mut after = merge(&object, &json!({"data": null, "spec": null}));
        after = merge(&after, &second);
        track(Some(&object), &mut after, &manager("m2", 2), &scope(&of));
        let entries = after["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let sets: Vec<_> = entries.iter().map(|entry| FieldSet::parse(&entry["fieldsV1"]).unwrap()).collect();
        if let [left, right] = sets.as_slice() {
            prop_assert!(left.intersection(right).is_empty());
        }
        prop_assert!(sets.len() < 3);
    }

    #[test]
    fn nothing_panics(left in any_value(), right in any_value(), minor in prop_oneof![Just(20_u32), Just(36)]) {
        for of in [named("Wide"), named("Service"), named("Nowhere"), Type::Any] {
            let scope = Scope { of: &of, schema: &SCHEMA, minor, reset: &[&["status"]] };
            let _ = merge(&left, &right);
            let _ = patched(&left, &right);
            let _ = patched(&left, &json!([right]));
            let _ = strategic(&left, &right, &of, &SCHEMA, 36);
            let mut config = right.clone();
            if let Some(config) = config.as_object_mut() {
                config.insert("apiVersion".to_owned(), "x.io/v1".into());
                config.remove("kind");
            }
            for force in [false, true] {
                let _ = apply(Some(&left), &config, &manager("m", 1), force, &scope);
                let _ = apply(None, &config, &manager("m", 1), force, &scope);
            }
            let mut after = right.clone();
            track(Some(&left), &mut after, &manager("m", 1), &scope);
            track(None, &mut after, &manager("m", 1), &scope);
        }
    }
}

#[test]
fn deep_values_are_refused() {
    let mut deep = json!(1);
    for _ in 0..400 {
        deep = json!({ "a": deep });
    }
    let of = Type::Any;
    assert_eq!(patched(&deep, &json!([])).unwrap_err().code, 400);
    assert_eq!(strategic(&deep, &json!({}), &of, &SCHEMA, 36).unwrap_err().code, 400);
    assert_eq!(apply(None, &deep, &manager("m", 1), false, &scope(&of)).unwrap_err().code, 400);
    let mut after = deep.clone();
    track(None, &mut after, &manager("m", 1), &scope(&of));
    assert_eq!(after, deep);
}
