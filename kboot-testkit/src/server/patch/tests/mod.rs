//! Expectations are answers of the real kube-apiserver 1.20.2 (ConfigMaps, Services), and of upstream's API machinery
//! 1.36 (a custom resource with the same types), to the same requests.

#![allow(clippy::needless_pass_by_value, reason = "`json!` is an argument as it is written")]

mod apply;
mod json;
mod laws;
mod strategic;
mod track;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::{Manager, Scope};
use crate::server::schema::{Field, ListType, Schema, Strategic, Struct, Type};
use crate::server::status::Status;

fn list(item: Type, list: ListType, strategic: Strategic) -> Type {
    Type::List { item: Box::new(item), list, strategic }
}

fn map(value: Type) -> Type {
    Type::Map { value: Box::new(value), atomic: false }
}

fn named(name: &str) -> Type {
    Type::Struct(name.to_owned())
}

fn keys(keys: &[&str]) -> ListType {
    ListType::Map(keys.iter().map(|key| (*key).to_owned()).collect())
}

fn by(key: &str) -> Strategic {
    Strategic::Merge(Some(key.to_owned()))
}

pub(super) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let object = |rest: &[(&'static str, Type)]| -> Vec<(&'static str, Type)> {
        let common =
            [("apiVersion", Type::String), ("kind", Type::String), ("metadata", named("ObjectMeta"))];
        common.into_iter().chain(rest.iter().cloned()).collect()
    };
    let texts = || map(Type::String);
    let structs: Vec<(&str, Vec<(&str, Type)>)> = vec![
        ("ConfigMap", object(&[("data", texts()), ("immutable", Type::Boolean)])),
        ("Service", object(&[("spec", named("ServiceSpec")), ("status", named("ServiceStatus"))])),
        (
            "Wide",
            object(&[
                ("data", texts()),
                ("spec", named("WideSpec")),
                ("free", Type::Any),
                ("status", Type::Any),
            ]),
        ),
        (
            "ObjectMeta",
            vec![
                ("name", Type::String),
                ("namespace", Type::String),
                ("uid", Type::String),
                ("resourceVersion", Type::String),
                ("generation", Type::Integer),
                ("creationTimestamp", Type::Time),
                ("labels", texts()),
                ("annotations", texts()),
                ("finalizers", list(Type::String, ListType::Set, Strategic::Merge(None))),
                ("ownerReferences", list(named("OwnerReference"), keys(&["uid"]), by("uid"))),
                ("managedFields", list(Type::Any, ListType::Atomic, Strategic::Replace)),
            ],
        ),
        (
            "OwnerReference",
            ["apiVersion", "kind", "name", "uid"].into_iter().map(|name| (name, Type::String)).collect(),
        ),
        (
            "ServiceSpec",
            vec![
                ("type", Type::String),
                ("sessionAffinity", Type::String),
                ("clusterIP", Type::String),
                ("selector", Type::Map { value: Box::new(Type::String), atomic: true }),
                ("ports", list(named("ServicePort"), keys(&["port", "protocol"]), by("port"))),
            ],
        ),
        (
            "ServicePort",
            vec![
                ("name", Type::String),
                ("port", Type::Integer),
                ("protocol", Type::String),
                ("targetPort", Type::IntOrString),
            ],
        ),
        ("ServiceStatus", vec![("loadBalancer", named("LoadBalancerStatus"))]),
        ("LoadBalancerStatus", vec![("ingress", list(Type::Any, ListType::Atomic, Strategic::Replace))]),
        (
            "WideSpec",
            vec![
                ("ports", list(named("ServicePort"), keys(&["port", "protocol"]), by("port"))),
                ("tags", list(Type::String, ListType::Set, Strategic::Merge(None))),
                ("atomic", named("Atomic")),
                ("plain", list(Type::String, ListType::Atomic, Strategic::Replace)),
            ],
        ),
        ("Atomic", vec![("a", Type::String), ("b", Type::String)]),
    ];
    let structs = structs.into_iter().map(|(name, fields)| {
        let fields = fields.into_iter().map(|(name, of)| (name.to_owned(), Field::of(of)));
        (name, Arc::new(Struct { fields: fields.collect(), atomic: name == "Atomic", is_open: false }))
    });
    Schema::of(structs.collect::<BTreeMap<_, _>>())
});

/// Requests to objects of one kind, one after the other.
struct Server {
    of: Type,
    kind: &'static str,
    api_version: &'static str,
    minor: u32,
    now: u32,
    object: Option<Value>,
}

const STATUS: &[&[&str]] = &[&["status"]];

impl Server {
    fn new(kind: &'static str, minor: u32) -> Self {
        let (of, api_version) = match kind {
            "Wide" => (named(kind), "x.io/v1"),
            "Custom" => (Type::Any, "x.io/v1"),
            _ => (named(kind), "v1"),
        };
        Self { of, kind, api_version, minor, now: 0, object: None }
    }

    fn manager(&mut self, name: &str) -> Manager {
        self.now += 1;
        Manager {
            name: name.to_owned(),
            api_version: self.api_version.to_owned(),
            subresource: String::new(),
            time: format!("2026-11-29T12:00:{:02}Z", self.now),
        }
    }

    fn apply(&mut self, name: &str, config: Value) -> Result<(), Status> {
        self.send(name, config, false)
    }

    fn force(&mut self, name: &str, config: Value) {
        self.send(name, config, true).unwrap();
    }

    fn send(&mut self, name: &str, mut config: Value, force: bool) -> Result<(), Status> {
        for (field, value) in [("apiVersion", self.api_version), ("kind", self.kind)] {
            if config.get(field).is_none() {
                config[field] = value.into();
            }
        }
        if config.get("metadata").is_none() {
            config["metadata"] = json!({});
        }
        config["metadata"]["name"] = "s".into();
        let manager = self.manager(name);
        let object = super::apply(self.object.as_ref(), &config, &manager, force, &self.scope())?;
        self.object = Some(object);
        Ok(())
    }

    fn scope(&self) -> Scope<'_> {
        Scope { of: &self.of, schema: &SCHEMA, minor: self.minor, reset: STATUS }
    }

    /// Creates, or merges into what is there.
    fn write(&mut self, name: &str, patch: Value) {
        let manager = self.manager(name);
        let base =
            self.object.clone().unwrap_or_else(|| json!({"apiVersion": self.api_version, "kind": self.kind}));
        let mut after = super::merge(&base, &patch);
        super::track(self.object.as_ref(), &mut after, &manager, &self.scope());
        self.object = Some(after);
    }

    fn get(&self, pointer: &str) -> Value {
        self.object.as_ref().and_then(|object| object.pointer(pointer)).cloned().unwrap_or_default()
    }

    /// `manager operation second`, and what it owns.
    fn owners(&self) -> Vec<(String, Value)> {
        let entries = self.get("/metadata/managedFields");
        let entries = entries.as_array().cloned().unwrap_or_default();
        let owner = |entry: Value| {
            let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
            let second = text("time").trim_end_matches('Z').rsplit(':').next().unwrap_or("-").to_owned();
            (format!("{} {} {second}", text("manager"), text("operation")), entry["fieldsV1"].clone())
        };
        entries.into_iter().map(owner).collect()
    }
}

fn owner(who: &str, fields: Value) -> (String, Value) {
    (who.to_owned(), fields)
}
