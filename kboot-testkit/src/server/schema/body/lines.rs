//! In which lines of a YAML document keys stand twice.

use std::collections::BTreeSet;

use serde_saphyr::granit_parser::{Event, Parser};

use super::MAX_DUPLICATES;

/// What is open while a text is read.
enum Open {
    List,
    Map { keys: BTreeSet<String>, value_next: bool },
}

/// Line and key; nothing of what cannot be read: another reader has said that.
pub(super) fn duplicate_keys(text: &str) -> Vec<(usize, String)> {
    let mut open: Vec<Open> = Vec::new();
    let mut found = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        let key = match &event {
            Event::Scalar(scalar, ..) => Some(scalar.as_ref()),
            Event::Alias(_) | Event::SequenceStart(..) | Event::MappingStart(..) => None,
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
                continue;
            }
            _ => continue,
        };
        if let Some(Open::Map { keys, value_next }) = open.last_mut() {
            *value_next = !*value_next;
            if let (true, Some(key)) = (*value_next, key)
                && !keys.insert(key.to_owned())
                && found.len() < MAX_DUPLICATES
            {
                found.push((span.start.line(), key.to_owned()));
            }
        }
        match event {
            Event::SequenceStart(..) => open.push(Open::List),
            Event::MappingStart(..) => open.push(Open::Map { keys: BTreeSet::new(), value_next: false }),
            _ => {}
        }
    }
    found
}
