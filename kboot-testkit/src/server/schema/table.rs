//! Reads `kinds.txt`, whose first lines say how it is written.

use std::collections::BTreeMap;

use super::{Empty, Entry, Field, ListType, Schema, Strategic, Struct, Type};

/// Finds the structures and kinds; the fields are read when they are asked for.
pub(super) fn read(minor: u32) -> Schema {
    let text = include_str!("kinds.txt");
    let mut schema = Schema { minor, ..Schema::default() };
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        if let Some(kind) = line.strip_prefix("= ") {
            let mut words = kind.split(' ');
            if let (Some(group), Some(version), Some(kind), Some(name)) =
                (words.next(), words.next(), words.next(), words.next())
            {
                let group = if group == "core" { "" } else { group };
                schema.kinds.insert((group, version, kind), name);
            }
        } else if !line.starts_with('#') {
            let (fields, after) = split_fields(rest);
            rest = after;
            let name = line.split(' ').next().unwrap_or(line);
            schema.structs.insert(name, Entry { head: line, fields, ..Entry::default() });
        }
    }
    schema
}

/// The lines that begin with a blank, and what comes after them.
fn split_fields(text: &str) -> (&str, &str) {
    let mut end = 0;
    while let Some(rest) = text.get(end..).filter(|rest| rest.starts_with(' ')) {
        end += rest.find('\n').map_or(rest.len(), |newline| newline + 1);
    }
    text.split_at_checked(end).unwrap_or((text, ""))
}

pub(super) fn structure(head: &str, fields: &str, minor: u32) -> Struct {
    let fields: BTreeMap<_, _> = fields.lines().filter_map(|line| field(line.trim_start(), minor)).collect();
    let atomic = head.split(' ').any(|word| is_atomic(word, minor));
    Struct { fields, atomic, is_open: false }
}

/// `atomic`, or `atomic@21` from that minor on.
fn is_atomic(word: &str, minor: u32) -> bool {
    let since = word.strip_prefix("atomic").map(|since| since.strip_prefix('@').unwrap_or("0"));
    since.and_then(|since| since.parse::<u32>().ok()).is_some_and(|since| since <= minor)
}

/// `None` where the minor does not have the field.
pub(super) fn field(line: &str, minor: u32) -> Option<(String, Field)> {
    let mut words = line.split(' ');
    let (name, of, number) = (words.next()?, words.next()?, words.next()?);
    let mut empty = Empty::LeftOut;
    let mut list = ListType::Atomic;
    let mut strategic = Strategic::Replace;
    let mut atomic = false;
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("!", _) => empty = Empty::Written,
            ("*", _) => empty = Empty::Kept,
            ("set", _) => list = ListType::Set,
            ("map", keys) => list = ListType::Map(keys.split(',').map(str::to_owned).collect()),
            ("merge", key) => {
                strategic = Strategic::Merge(Some(key.to_owned()).filter(|key| !key.is_empty()))
            }
            _ if word.starts_with("atomic") => atomic = is_atomic(word, minor),
            _ => {
                let (since, until) = word.split_once('-')?;
                let since: u32 = since.parse().ok()?;
                if minor < since || until.parse::<u32>().is_ok_and(|until| until < minor) {
                    return None;
                }
            }
        }
    }
    let (inside, number) = match number.split_once('/') {
        Some((inside, number)) => (inside.parse().ok(), number.parse().ok()),
        None => (None, number.parse().ok()),
    };
    let narrow = of.ends_with("int32");
    let of = match of.strip_prefix("[]") {
        Some(item) => Type::List { item: Box::new(of_word(item)), list, strategic },
        None => match of.strip_prefix("{}") {
            Some(value) => Type::Map { value: Box::new(of_word(value)), atomic },
            None => of_word(of),
        },
    };
    Some((name.to_owned(), Field { of, number, inside, narrow, empty }))
}

/// A type inside a list or map has no word of its own on who owns it.
fn of_word(word: &str) -> Type {
    if let Some(item) = word.strip_prefix("[]") {
        let item = Box::new(of_word(item));
        return Type::List { item, list: ListType::Atomic, strategic: Strategic::Replace };
    }
    match word {
        "any" => Type::Any,
        "string" => Type::String,
        "int" | "int32" => Type::Integer,
        "number" => Type::Number,
        "bool" => Type::Boolean,
        "bytes" => Type::Bytes,
        "time" => Type::Time,
        "microtime" => Type::MicroTime,
        "quantity" => Type::Quantity,
        "intstr" => Type::IntOrString,
        name => Type::Struct(name.to_owned()),
    }
}
