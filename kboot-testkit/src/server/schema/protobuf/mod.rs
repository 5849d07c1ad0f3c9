//! `application/vnd.kubernetes.protobuf`: what the components of a cluster speak.

mod read;
pub(in crate::server::schema) mod wire;
mod write;

use serde_json::{Value, json};

use self::read::member;
use self::wire::{Fields, Malformed, Message, Payload};
use super::{Schema, Struct, Type};
use crate::server::status::Status;

/// Before the `runtime.Unknown` that an object is wrapped in.
const MAGIC: &[u8] = b"k8s\0";

/// What the server reads and writes when it does not do protobuf.
const OTHERS: [&str; 2] = ["application/json", "application/yaml"];

/// The object of a body.
///
/// # Errors
///
/// 400 for what is no protobuf object, 415 for a kind whose fields are not known.
pub(crate) fn decode(schema: &Schema, bytes: &[u8]) -> Result<Value, Status> {
    let malformed = |_| Status::bad_request("the body is not an object in protobuf: its encoding is broken");
    let wrapped = bytes.strip_prefix(MAGIC).ok_or_else(|| {
        Status::bad_request(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
        )
    })?;
    let unknown = Unknown::read(wrapped).map_err(malformed)?;
    let (group, version) = unknown.api_version.split_once('/').unwrap_or(("", &unknown.api_version));
    let message = |of: &Struct| read::structure(schema, of, unknown.raw).map_err(malformed);
    let of = schema.of_kind(group, version, &unknown.kind);
    let mut value = match (&of, unknown.kind.strip_suffix("List")) {
        (Type::Struct(name), _) => match schema.structure(name) {
            Some(structure) => {
                let mut value: Value = message(structure)?.into();
                value["kind"] = unknown.kind.as_str().into();
                value["apiVersion"] = unknown.api_version.as_str().into();
                return schema.decode(&of, value).map(|(value, _)| value);
            }
            None => return Err(Status::unsupported_media_type(&OTHERS)),
        },
        (_, Some(kind)) => list(schema, &schema.of_kind(group, version, kind), unknown.raw)?,
        _ => return Err(Status::unsupported_media_type(&OTHERS)),
    };
    value["kind"] = unknown.kind.into();
    value["apiVersion"] = unknown.api_version.into();
    Ok(value)
}

fn list(schema: &Schema, item: &Type, raw: &[u8]) -> Result<Value, Status> {
    let malformed = |_| Status::bad_request("the body is not a list in protobuf: its encoding is broken");
    let Type::Struct(name) = item else { return Err(Status::unsupported_media_type(&OTHERS)) };
    let (Some(of), Some(meta)) = (schema.structure(name), schema.structure("meta.v1.ListMeta")) else {
        return Err(Status::unsupported_media_type(&OTHERS));
    };
    let mut value = json!({"metadata": {}, "items": []});
    let mut items = Vec::new();
    let mut fields = Fields(raw);
    while let Some((number, payload)) = fields.next_field().map_err(malformed)? {
        let bytes = payload.bytes().map_err(malformed)?;
        match number {
            1 => {
                let meta_value = read::structure(schema, meta, bytes).map_err(malformed)?.into();
                value["metadata"] =
                    schema.decode(&Type::Struct("meta.v1.ListMeta".to_owned()), meta_value)?.0;
            }
            2 => items
                .push(schema.decode(item, read::structure(schema, of, bytes).map_err(malformed)?.into())?.0),
            _ => {}
        }
    }
    value["items"] = items.into();
    Ok(value)
}

/// An object or list of objects, in its envelope; `None` for kinds whose fields are not known: they go as JSON.
pub(crate) fn encode(schema: &Schema, value: &Value) -> Option<Vec<u8>> {
    let (kind, api_version) = (value["kind"].as_str()?, value["apiVersion"].as_str()?);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let object = value.as_object()?;
    let raw = match (schema.of_kind(group, version, kind), kind.strip_suffix("List")) {
        (Type::Struct(name), _) => write::structure(schema, schema.structure(&name)?, object)?,
        (_, Some(item)) => {
            let Type::Struct(name) = schema.of_kind(group, version, item) else { return None };
            let (of, meta) = (schema.structure(&name)?, schema.structure("meta.v1.ListMeta")?);
            let mut list = Message::default();
            list.message(1, &write::structure(schema, meta, value["metadata"].as_object()?)?);
            for item in value["items"].as_array()? {
                list.message(2, &write::structure(schema, of, item.as_object()?)?);
            }
            list
        }
        _ => return None,
    };
    Some(Unknown { api_version: api_version.to_owned(), kind: kind.to_owned(), raw: &raw.0 }.write())
}

/// An event of a watch, with its length before it (`;stream=watch`); `None` as in [`encode`].
pub(crate) fn watch_event(schema: &Schema, event: &str, object: &Value) -> Option<Vec<u8>> {
    let mut extension = Message::default();
    extension.bytes(1, &encode(schema, object)?);
    let mut message = Message::default();
    message.text(1, event);
    message.message(2, &extension);
    let mut frame = u32::try_from(message.0.len()).ok()?.to_be_bytes().to_vec();
    frame.append(&mut message.0);
    Some(frame)
}

/// `runtime.Unknown`: an object with its kind before it.
struct Unknown<'b> {
    api_version: String,
    kind: String,
    raw: &'b [u8],
}

impl<'b> Unknown<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let of_type = member(bytes, 1)?.map_or(Ok(&[][..]), Payload::bytes)?;
        let text = |number| member(of_type, number)?.map_or_else(|| Ok(String::new()), Payload::text);
        let raw = member(bytes, 2)?.map_or(Ok(&[][..]), Payload::bytes)?;
        Ok(Self { api_version: text(1)?, kind: text(2)?, raw })
    }

    fn write(&self) -> Vec<u8> {
        let mut of_type = Message::default();
        of_type.text(1, &self.api_version);
        of_type.text(2, &self.kind);
        let mut unknown = Message::default();
        unknown.message(1, &of_type);
        unknown.bytes(2, self.raw);
        unknown.text(3, "");
        unknown.text(4, "");
        [MAGIC, &unknown.0].concat()
    }
}

#[cfg(test)]
mod tests;
