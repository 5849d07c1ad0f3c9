//! What differs between two units, environment files or configuration files, in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::lint;
use crate::document::yaml;
use crate::release::{Component, flags};
use crate::version::KubernetesVersion;

/// Says which flags or fields a node's file loses, gains and changes; nothing where it is no file of flags
/// or fields, or where they are the same. Values stay out of it: they are in the files.
pub(crate) fn changes(path: &str, old: &str, new: &str, version: KubernetesVersion) -> Option<String> {
    let name = path.rsplit('/').next()?;
    if let Some(unit) = name.strip_suffix(".service").or_else(|| name.strip_suffix(".env")) {
        let component = Component::ALL.into_iter().find(|component| component.as_str() == unit)?;
        let gone = |flag: &str| {
            let known = flags::known(component, flag)?;
            let instead = known.instead().map_or_else(String::new, |instead| format!("; use {instead}"));
            known.lacks(version).map(|why| format!("{why}{instead}"))
        };
        let directives = say(&lint::directives(old), &lint::directives(new), "", |_| None);
        let flags = say(&lint::arguments(old)?, &lint::arguments(new)?, "--", gone);
        let parts: Vec<String> = [directives, flags].into_iter().flatten().collect();
        return (!parts.is_empty()).then(|| parts.join(", "));
    }
    if name.ends_with(".yaml") || name.ends_with(".conf") {
        let fields = |text: &str| match yaml::parse(text) {
            Ok(Value::Object(fields)) if fields.contains_key("kind") => Some(fields.into_iter().collect()),
            _ => None,
        };
        let (old, new): (BTreeMap<String, Value>, BTreeMap<String, Value>) = (fields(old)?, fields(new)?);
        return say(&old, &new, "", |_| None);
    }
    None
}

fn say<T: PartialEq>(
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    dashes: &str,
    why_gone: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut parts = Vec::new();
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in all {
        match (old.get(name), new.get(name)) {
            (Some(_), None) => {
                let why = why_gone(name).map_or_else(String::new, |why| format!(" ({why})"));
                parts.push(format!("without {dashes}{name}{why}"));
            }
            (None, Some(_)) => parts.push(format!("with {dashes}{name}")),
            (Some(before), Some(after)) if before != after => parts.push(format!("other {dashes}{name}")),
            _ => {}
        }
    }
    // What one reads; the rest is in the files.
    const SHOWN: usize = 30;
    let more = parts.len().saturating_sub(SHOWN);
    parts.truncate(SHOWN);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}
