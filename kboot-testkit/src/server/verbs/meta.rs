//! What the server writes into `metadata` (`apiserver/pkg/registry/rest/{create,update}.go`).

use aws_lc_rs::rand::fill;
use kboot_core::shown::hex;
use serde_json::{Value, json};

use super::Call;
use crate::server::status::Status;

/// Letters that make no words (`apimachinery/pkg/util/rand`).
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A name after a prefix: five letters that nobody chose.
pub(super) fn generated_name(prefix: &str) -> String {
    let mut bytes = [0; 5];
    // Without randomness the name is one that exists, and the client tries again.
    let _ = fill(&mut bytes);
    let letter = |byte: u8| char::from(*LETTERS.get(usize::from(byte) % LETTERS.len()).unwrap_or(&b'x'));
    let prefix: String = prefix.chars().take(63 - 5).collect();
    format!("{prefix}{}", bytes.into_iter().map(letter).collect::<String>())
}

/// A random UID (RFC 9562, version 4).
pub(crate) fn uid() -> String {
    let mut bytes = [0u8; 16];
    let _ = fill(&mut bytes);
    let hex = hex(bytes);
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    let variant = ["8", "9", "a", "b"]
        .get(usize::from(bytes.first().copied().unwrap_or(0)) % 4)
        .copied()
        .unwrap_or("8");
    format!("{}-{}-4{}-{variant}{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32))
}

/// Makes a new object the server's: its namespace is the path's, what only the server knows is not the client's to say.
pub(super) fn on_create(call: &Call<'_>, object: &mut Value) -> Result<String, Status> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    let metadata = &mut object["metadata"];
    if call.resource.namespaced {
        if !namespace.is_empty() && namespace != call.target.namespace {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        metadata["namespace"] = call.target.namespace.clone().into();
    } else if let Some(fields) = metadata.as_object_mut() {
        fields.remove("namespace");
    }
    let name = match (metadata["name"].as_str().unwrap_or_default(), metadata["generateName"].as_str()) {
        ("", Some(prefix)) if !prefix.is_empty() => generated_name(prefix),
        (name, _) => name.to_owned(),
    };
    metadata["name"] = name.clone().into();
    metadata["uid"] = uid().into();
    metadata["creationTimestamp"] = call.server.clock.rfc3339().into();
    if let Some(fields) = metadata.as_object_mut() {
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
            fields.remove(field);
        }
        fields.retain(|_, value| !value.is_null());
        if name.is_empty() {
            fields.remove("name");
        }
    }
    Ok(name)
}

/// Whether two versions of an object differ in more than the times of their managed fields.
pub(super) fn is_changed(before: &Value, after: &Value) -> bool {
    let bare = |value: &Value| {
        let mut value = value.clone();
        let managers = value.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
        for manager in managers.into_iter().flatten() {
            manager["time"] = json!(null);
        }
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("resourceVersion");
        }
        value
    };
    before != after && bare(before) != bare(after)
}
