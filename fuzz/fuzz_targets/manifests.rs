//! Any text as objects to apply: read or refused, never a panic. What is read has the names that another reader of
//! YAML sees, and shows nothing of what is in it.

#![no_main]

use kboot_core::online::apply::Manifest;
use kboot_fuzz::laws::libyaml;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Manifest::read(text) {
        Ok(found) => {
            for manifest in &found {
                assert!(!manifest.to_string().contains(char::is_control), "{manifest}");
            }
            agrees(text, &found);
        }
        Err(error) => {
            assert!(!error.to_string().chars().any(|c| c.is_control() && c != '\n'), "{error:?}");
        }
    }
});

fn agrees(text: &str, found: &[Manifest]) {
    let Some(documents) = libyaml(text) else { return };
    let objects: Vec<&Value> = documents.iter().filter(|document| !document.is_null()).collect();
    if objects.iter().any(|object| object.get("items").is_some()) {
        return;
    }
    assert_eq!(objects.len(), found.len(), "{text}");
    for (object, manifest) in objects.iter().zip(found) {
        let said = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        if let (Some(kind), Some(name)) = (said("/kind"), said("/metadata/name")) {
            let shown = manifest.to_string();
            let plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
            if plain(kind) && plain(name) {
                assert!(shown.starts_with(kind) && shown.ends_with(name), "{shown}\n{text}");
            }
        }
    }
}
