//! `metadata.managedFields`: who owns what (`apimachinery/pkg/util/managedfields`).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::fields::FieldSet;
use super::typed::Types;
use crate::server::schema::Type;

/// Entries of updates beyond these are merged, the oldest first.
const MAX_UPDATERS: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

/// What tells entries apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) manager: String,
    pub(super) operation: Operation,
    /// Empty of those who apply: they keep what they own when they go to another version.
    pub(super) api_version: String,
    pub(super) subresource: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) set: FieldSet,
    pub(super) api_version: String,
    pub(super) time: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Managers(pub(super) BTreeMap<Id, Owner>);

impl Id {
    pub(super) fn new(manager: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        Self {
            manager: manager.to_owned(),
            operation,
            api_version: if operation == Operation::Apply { String::new() } else { api_version.to_owned() },
            subresource: subresource.to_owned(),
        }
    }

    /// As conflicts name it: `"kubectl" with subresource "status" using v1`.
    pub(super) fn described(&self) -> String {
        let mut text = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if self.operation == Operation::Update {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

impl Owner {
    fn seconds(&self) -> i64 {
        let time = self.time.as_deref().and_then(|time| OffsetDateTime::parse(time, &Rfc3339).ok());
        time.map_or(0, OffsetDateTime::unix_timestamp)
    }
}

impl Managers {
    /// Reads the wire form; nothing is owned where there is none.
    pub(super) fn parse(wire: Option<&Value>) -> Result<Self, String> {
        let mut managers = BTreeMap::new();
        for (index, entry) in wire.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
            let operation = match text("operation") {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return Err("operation must be `Apply` or `Update`".to_owned()),
            };
            if text("apiVersion").is_empty() {
                return Err("apiVersion must not be empty".to_owned());
            }
            match text("fieldsType") {
                "FieldsV1" => (),
                "" => return Err(format!("missing fieldsType in managed fields entry {index}")),
                other => return Err(format!("invalid fieldsType {other:?} in managed fields entry {index}")),
            }
            let set = FieldSet::parse(entry.get("fieldsV1").unwrap_or(&Value::Null))
                .map_err(|error| format!("error decoding set: {error}"))?;
            let id = Id::new(text("manager"), operation, text("apiVersion"), text("subresource"));
            let time = entry.get("time").and_then(Value::as_str).map(str::to_owned);
            managers.insert(id, Owner { set, api_version: text("apiVersion").to_owned(), time });
        }
        Ok(Self(managers))
    }

    /// The wire form, sorted as upstream does; nothing where nobody owns anything.
    pub(super) fn wire(&self) -> Option<Value> {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by_key(|(id, owner)| {
            (id.operation, owner.seconds(), &id.manager, &owner.api_version, &id.subresource)
        });
        let entries = entries.into_iter().map(|(id, owner)| {
            let mut entry = json!({
                "operation": match id.operation {
                    Operation::Apply => "Apply",
                    Operation::Update => "Update",
                },
                "apiVersion": owner.api_version,
                "fieldsType": "FieldsV1",
                "fieldsV1": owner.set.wire(),
            });
            let texts = [
                ("manager", Some(&id.manager)),
                ("time", owner.time.as_ref()),
                ("subresource", Some(&id.subresource)),
            ];
            for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
                if !text.is_empty() {
                    entry[name] = text.as_str().into();
                }
            }
            entry
        });
        Some(entries.collect::<Vec<_>>()).filter(|entries| !entries.is_empty()).map(Value::Array)
    }

    /// As the types are today.
    pub(super) fn reconcile<'a>(&mut self, live: &Value, types: Types<'a>, of: &'a Type) {
        for owner in self.0.values_mut() {
            types.reconcile(&mut owner.set, Some(live), of);
        }
    }

    /// What anybody owns.
    pub(super) fn owned(&self) -> FieldSet {
        self.0.values().fold(FieldSet::default(), |all, owner| all.union(&owner.set))
    }

    /// Takes these fields from all but one.
    pub(super) fn take(&mut self, fields: &FieldSet, but: Option<&Id>) {
        for (id, owner) in &mut self.0 {
            if but != Some(id) {
                owner.set = owner.set.difference(fields);
            }
        }
        self.0.retain(|_, owner| !owner.set.is_empty());
    }

    /// Merges the oldest entries of updates into `ancient-changes`, one of each API version.
    pub(super) fn cap(&mut self) {
        let updates = self.0.iter().filter(|(id, _)| id.operation == Operation::Update);
        let mut updates: Vec<_> = updates.map(|(id, owner)| (owner.seconds(), id.clone())).collect();
        updates.sort();
        let mut surplus = updates.len().saturating_sub(MAX_UPDATERS);
        let mut first_of = BTreeMap::<String, Id>::new();
        for (_, id) in updates {
            if surplus == 0 {
                break;
            }
            let Some(version) = self.0.get(&id).map(|owner| owner.api_version.clone()) else { continue };
            let bucket = Id::new("ancient-changes", Operation::Update, &version, "");
            let Some(first) = first_of.get(&version) else {
                first_of.insert(version, id);
                continue;
            };
            if !self.0.contains_key(&bucket)
                && let Some(owner) = self.0.remove(first)
            {
                self.0.insert(bucket.clone(), owner);
            }
            let Some(merged) = self.0.remove(&id) else { continue };
            if let Some(owner) = self.0.get_mut(&bucket) {
                owner.set = std::mem::take(&mut owner.set).union(&merged.set);
                owner.time = merged.time;
            } else {
                self.0.insert(bucket, merged);
            }
            surplus -= 1;
        }
    }
}
