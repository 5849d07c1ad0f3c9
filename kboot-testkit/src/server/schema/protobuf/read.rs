//! Messages of the kinds to values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::super::{Schema, Struct, Type, time};
use super::wire::{Fields, Malformed, Payload};

/// How deep the structures of Kubernetes are nested is known; this is for the table's own mistakes.
const MAX_DEPTH: usize = 64;

pub(super) fn structure(schema: &Schema, of: &Struct, bytes: &[u8]) -> Result<Map<String, Value>, Malformed> {
    let mut object = Map::new();
    message(schema, of, None, bytes, &mut object, 0)?;
    Ok(object)
}

/// The fields that stand in the message itself, or in that of the number `inside` of it.
fn message(
    schema: &Schema,
    of: &Struct,
    inside: Option<u32>,
    bytes: &[u8],
    object: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    let mut fields = Fields(bytes);
    while let Some((number, payload)) = fields.next_field()? {
        let known =
            of.fields.iter().find(|(_, field)| field.number == Some(number) && field.inside == inside);
        match known {
            Some((name, field)) => put(schema, &field.of, name, payload, object, depth)?,
            None if inside.is_none() && of.fields.values().any(|field| field.inside == Some(number)) => {
                message(schema, of, Some(number), payload.bytes()?, object, depth + 1)?;
            }
            None => {}
        }
    }
    Ok(())
}

/// Lists and maps come item by item.
fn put(
    schema: &Schema,
    of: &Type,
    name: &str,
    payload: Payload<'_>,
    object: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), Malformed> {
    match of {
        Type::List { item, .. } => {
            let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(list) = list else { return Err(Malformed) };
            match (item.as_ref(), payload) {
                (Type::Integer, Payload::Bytes(packed)) => {
                    let mut packed = Fields(packed);
                    while !packed.0.is_empty() {
                        list.push(packed.varint()?.cast_signed().into());
                    }
                }
                (item, payload) => list.push(value(schema, item, payload, depth)?),
            }
        }
        Type::Map { value: inner, .. } => {
            let map = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(map) = map else { return Err(Malformed) };
            let (mut key, mut found) = (String::new(), Value::Null);
            let mut entry = Fields(payload.bytes()?);
            while let Some((number, payload)) = entry.next_field()? {
                match number {
                    1 => key = payload.text()?,
                    2 => found = value(schema, inner, payload, depth)?,
                    _ => {}
                }
            }
            map.insert(key, found);
        }
        of => {
            let found = value(schema, of, payload, depth)?;
            object.insert(name.to_owned(), found);
        }
    }
    Ok(())
}

fn value(schema: &Schema, of: &Type, payload: Payload<'_>, depth: usize) -> Result<Value, Malformed> {
    Ok(match of {
        Type::String => payload.text()?.into(),
        Type::Integer => payload.integer()?.into(),
        Type::Boolean => (payload.integer()? != 0).into(),
        Type::Number => match payload {
            Payload::Fixed64(bytes) => {
                Number::from_f64(f64::from_le_bytes(bytes)).map_or(Value::Null, Value::Number)
            }
            _ => return Err(Malformed),
        },
        Type::Bytes => STANDARD.encode(payload.bytes()?).into(),
        Type::Time => instant(payload)?.and_then(|(seconds, _)| time::write(seconds)).into(),
        Type::MicroTime => {
            instant(payload)?.and_then(|(seconds, nanos)| time::write_micro(seconds, nanos)).into()
        }
        Type::Quantity => match member(payload.bytes()?, 1)? {
            Some(text) => text.text()?.into(),
            None => "0".into(),
        },
        Type::IntOrString => {
            let bytes = payload.bytes()?;
            let is_text = member(bytes, 1)?.map_or(Ok(0), Payload::integer)? == 1;
            match member(bytes, if is_text { 3 } else { 2 })? {
                Some(text) if is_text => text.text()?.into(),
                Some(number) => number.integer()?.into(),
                None => 0.into(),
            }
        }
        // `RawExtension` and `FieldsV1`: JSON in field 1.
        Type::Any => match member(payload.bytes()?, 1)? {
            Some(raw) => serde_json::from_slice(raw.bytes()?).unwrap_or_default(),
            None => Value::Null,
        },
        Type::Struct(name) => {
            let of = schema.structure(name).ok_or(Malformed)?;
            let mut object = Map::new();
            message(schema, of, None, payload.bytes()?, &mut object, depth + 1)?;
            object.into()
        }
        // A list in a map is a message of its own (`ExtraValue`), its items field 1.
        Type::List { item, .. } => {
            let mut list = Vec::new();
            let mut fields = Fields(payload.bytes()?);
            while let Some((number, payload)) = fields.next_field()? {
                if number == 1 {
                    list.push(value(schema, item, payload, depth + 1)?);
                }
            }
            list.into()
        }
        Type::Map { .. } => return Err(Malformed),
    })
}

/// Go's zero time is an empty message.
fn instant(payload: Payload<'_>) -> Result<Option<(i64, u32)>, Malformed> {
    let bytes = payload.bytes()?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let number = |number| member(bytes, number)?.map_or(Ok(0), Payload::integer);
    Ok(Some((
        number(1)?,
        u32::try_from(number(2)?).ok().filter(|nanos| *nanos < 1_000_000_000).unwrap_or_default(),
    )))
}

/// The last field of a number: as in JSON, it is the one that counts.
pub(super) fn member(bytes: &[u8], wanted: u32) -> Result<Option<Payload<'_>>, Malformed> {
    let mut fields = Fields(bytes);
    let mut found = None;
    while let Some((number, payload)) = fields.next_field()? {
        if number == wanted {
            found = Some(payload);
        }
    }
    Ok(found)
}
