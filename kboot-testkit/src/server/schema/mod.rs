//! What the fields of the kinds are: one description, from which come strict decoding, strategic merges, the owners of
//! server-side apply, protobuf and OpenAPI.

pub(crate) mod body;
mod decode;
pub(crate) mod openapi;
pub(crate) mod protobuf;
mod quantity;
mod table;
mod time;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

#[cfg(test)]
use serde_json::Value;

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// Anything, as in objects of custom resources whose fields are not known.
    Any,
    String,
    Integer,
    Number,
    Boolean,
    /// base64 in JSON.
    Bytes,
    /// `metav1.Time` and `metav1.MicroTime`: RFC 3339 in JSON.
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    /// With values of a type; `atomic` maps have one owner.
    Map {
        value: Box<Self>,
        atomic: bool,
    },
    List {
        item: Box<Self>,
        list: ListType,
        strategic: Strategic,
    },
    /// By its name in the [`Schema`]: structures contain themselves.
    Struct(String),
}

/// `x-kubernetes-list-type`: who can own what of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListType {
    Atomic,
    Set,
    /// Items are told apart by these fields (`x-kubernetes-list-map-keys`).
    Map(Vec<String>),
}

/// `x-kubernetes-patch-strategy`: what a strategic merge patch does with a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Strategic {
    Replace,
    /// Of scalars the union; of structures item by item, told apart by the field (`x-kubernetes-patch-merge-key`).
    Merge(Option<String>),
}

/// A structure: an object of known fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Struct {
    /// By their names in JSON.
    pub(crate) fields: BTreeMap<String, Field>,
    /// `x-kubernetes-map-type: atomic`: has one owner.
    pub(crate) atomic: bool,
    /// It may have other fields, of any type (`x-kubernetes-preserve-unknown-fields`).
    pub(crate) is_open: bool,
}

/// A field of a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) of: Type,
    /// Its number in protobuf.
    pub(crate) number: Option<u32>,
    /// The number of the message that holds it in protobuf, where Go embeds a structure and JSON does not show it.
    pub(crate) inside: Option<u32>,
    /// Its integers have 32 bits.
    pub(crate) narrow: bool,
    pub(crate) empty: Empty,
}

#[cfg(test)]
impl Field {
    /// One that is for JSON alone.
    pub(crate) fn of(of: Type) -> Self {
        Self { of, number: None, inside: None, narrow: false, empty: Empty::LeftOut }
    }
}

/// What becomes of the empty value of a field when Go reads and writes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Empty {
    /// `omitempty`.
    LeftOut,
    /// Behind a pointer: it is not the same as none.
    Kept,
    /// Written even if there was none.
    Written,
}

/// All structures that a version of Kubernetes knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema {
    minor: u32,
    structs: BTreeMap<&'static str, Entry>,
    /// Group, version and kind to the name of the structure.
    kinds: BTreeMap<(&'static str, &'static str, &'static str), &'static str>,
    /// Those of a custom resource, and what they are made of besides.
    custom: Option<Custom>,
}

/// The structures of a custom resource, beside those of Kubernetes.
#[derive(Debug, Clone)]
struct Custom {
    structs: BTreeMap<String, Arc<Struct>>,
    kinds: Arc<Schema>,
}

/// A structure is read when it is asked for: most servers of a test never ask for most of them.
#[derive(Debug, Clone, Default)]
struct Entry {
    head: &'static str,
    fields: &'static str,
    read: OnceLock<Arc<Struct>>,
}

impl Schema {
    /// What Kubernetes 1.`minor` knows.
    pub(crate) fn of_version(minor: u32) -> Arc<Self> {
        static READ: LazyLock<Mutex<BTreeMap<u32, Arc<Schema>>>> = LazyLock::new(Mutex::default);
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        read.entry(minor).or_insert_with(|| Arc::new(table::read(minor))).clone()
    }

    /// The type of a kind; [`Type::Any`] where its fields are not known.
    pub(crate) fn of_kind(&self, group: &str, version: &str, kind: &str) -> Type {
        self.struct_of_kind(group, version, kind).map_or(Type::Any, |name| Type::Struct(name.to_owned()))
    }

    /// The type of an object, as its `apiVersion` and `kind` say.
    #[cfg(test)]
    pub(crate) fn of_object(&self, object: &Value) -> Type {
        let word = |field: &str| object[field].as_str().unwrap_or_default();
        let api_version = word("apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.of_kind(group, version, word("kind"))
    }

    /// The name of the structure of a kind.
    fn struct_of_kind(&self, group: &str, version: &str, kind: &str) -> Option<&'static str> {
        // Every group registers it (`metav1.AddToGroupVersion`).
        if kind == "DeleteOptions" {
            return Some("meta.v1.DeleteOptions");
        }
        self.kinds.get(&(group, version, kind)).copied()
    }

    /// With the structures of a custom resource.
    pub(crate) fn with(kinds: &Arc<Self>, structs: BTreeMap<String, Arc<Struct>>) -> Self {
        Self {
            minor: kinds.minor,
            custom: Some(Custom { structs, kinds: Arc::clone(kinds) }),
            ..Self::default()
        }
    }

    /// Whether it is of a custom resource.
    pub(crate) fn is_custom(&self) -> bool {
        self.custom.is_some()
    }

    /// A structure by its name.
    pub(crate) fn structure(&self, name: &str) -> Option<&Arc<Struct>> {
        if let Some(Custom { structs, kinds }) = &self.custom {
            return structs.get(name).or_else(|| kinds.structure(name));
        }
        let entry = self.structs.get(name)?;
        Some(entry.read.get_or_init(|| Arc::new(table::structure(entry.head, entry.fields, self.minor))))
    }

    /// Group, version, kind and structure of all kinds.
    fn kinds(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
        self.kinds.iter().map(|((group, version, kind), name)| (*group, *version, *kind, *name))
    }

    /// A small one, written by hand.
    #[cfg(test)]
    pub(crate) fn of(structs: BTreeMap<&'static str, Arc<Struct>>) -> Self {
        let entry = |read: Arc<Struct>| Entry { read: OnceLock::from(read), ..Entry::default() };
        let structs = structs.into_iter().map(|(name, read)| (name, entry(read))).collect();
        Self { minor: 36, structs, ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
