//! Values to messages of the kinds. `None` where a value is not of its field's type.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::super::{Schema, Struct, Type, time};
use super::wire::Message;

pub(super) fn structure(schema: &Schema, of: &Struct, object: &Map<String, Value>) -> Option<Message> {
    let mut message = Message::default();
    let mut embedded: BTreeMap<u32, Message> = BTreeMap::new();
    for (name, value) in object {
        let Some(field) = of.fields.get(name) else { continue };
        let (Some(number), false) = (field.number, value.is_null()) else { continue };
        let message = match field.inside {
            Some(inside) => embedded.entry(inside).or_default(),
            None => &mut message,
        };
        put(schema, &field.of, number, value, message)?;
    }
    for (number, inner) in embedded {
        message.message(number, &inner);
    }
    Some(message)
}

fn put(schema: &Schema, of: &Type, number: u32, value: &Value, message: &mut Message) -> Option<()> {
    match of {
        Type::String => message.text(number, value.as_str()?),
        Type::Integer => message.integer(number, value.as_i64()?),
        Type::Boolean => message.integer(number, i64::from(value.as_bool()?)),
        Type::Number => message.double(number, value.as_f64()?),
        Type::Bytes => message.bytes(number, &STANDARD.decode(value.as_str()?).ok()?),
        Type::Time => {
            let (seconds, _) = time::read(value.as_str()?).ok()?;
            message.message(number, &instant(seconds, 0));
        }
        Type::MicroTime => {
            let (seconds, nanos) = time::read(value.as_str()?).ok()?;
            message.message(number, &instant(seconds, nanos));
        }
        Type::Quantity => {
            let mut inner = Message::default();
            inner.text(1, value.as_str()?);
            message.message(number, &inner);
        }
        Type::IntOrString => {
            let mut inner = Message::default();
            inner.integer(1, i64::from(value.is_string()));
            match value.as_str() {
                Some(text) => inner.text(3, text),
                None => inner.integer(2, value.as_i64()?),
            }
            message.message(number, &inner);
        }
        Type::Any => {
            let mut inner = Message::default();
            inner.text(1, &value.to_string());
            message.message(number, &inner);
        }
        Type::Struct(name) => {
            message.message(number, &structure(schema, schema.structure(name)?, value.as_object()?)?)
        }
        Type::List { item, .. } => {
            for each in value.as_array()? {
                put(schema, item, number, each, message)?;
            }
        }
        Type::Map { value: inner, .. } => {
            for (key, each) in value.as_object()? {
                let mut entry = Message::default();
                entry.text(1, key);
                match inner.as_ref() {
                    // A list in a map is a message of its own (`ExtraValue`).
                    list @ Type::List { .. } => {
                        let mut items = Message::default();
                        put(schema, list, 1, each, &mut items)?;
                        entry.message(2, &items);
                    }
                    inner if !each.is_null() => put(schema, inner, 2, each, &mut entry)?,
                    _ => {}
                }
                message.message(number, &entry);
            }
        }
    }
    Some(())
}

fn instant(seconds: i64, nanos: u32) -> Message {
    let mut message = Message::default();
    message.integer(1, seconds);
    message.integer(2, i64::from(nanos));
    message
}
