use proptest::prelude::*;
use serde_json::json;

use super::{json, unrecognized, yaml};

#[test]
fn the_last_of_two_fields_counts_and_both_are_told() {
    let body =
        br#"{"metadata":{"name":"a","name":"c","name":"b"},"items":[{"x":1},{"x":1,"x":{"y":2,"y":3}}]}"#;
    let (value, duplicates) = json(body).unwrap();
    assert_eq!(value, json!({"metadata": {"name": "b"}, "items": [{"x": 1}, {"x": {"y": 3}}]}));
    let expected =
        ["metadata.name", "items[1].x", "items[1].x.y"].map(|field| format!("duplicate field {field:?}"));
    assert_eq!(duplicates, expected);
}

/// As a real 1.36 tells it.
#[test]
fn keys_of_yaml_are_told_with_their_lines() {
    let text = b"kind: Secret\nmetadata:\n  name: y\n  name: z\n  labels: {a: b, c: [a, a], a: c}\ndata: {a: YQ==}\n";
    let (value, duplicates) = yaml(text).unwrap();
    assert_eq!(value["metadata"], json!({"name": "z", "labels": {"a": "c", "c": ["a", "a"]}}));
    let said = "yaml: unmarshal errors:\n  line 4: key \"name\" already set in map\n  \
        line 5: key \"a\" already set in map";
    assert_eq!(duplicates, [said]);
}

#[test]
fn yaml_is_what_gos_reader_takes_it_for() {
    let (value, duplicates) = yaml(b"a: yes\nb: 0x10\nc: ~\nd: 1.5\n1: x\ntrue: z\n\"e\": \"no\"\n").unwrap();
    assert!(duplicates.is_empty());
    assert_eq!(value, json!({"a": true, "b": 16, "c": null, "d": 1.5, "1": "x", "true": "z", "e": "no"}));
}

#[test]
fn a_body_that_cannot_be_read_is_a_bad_request() {
    let said = |body: &[u8]| json(body).unwrap_err().message;
    let start = "couldn't get version/kind; json parse error: ";
    assert_eq!(said(b""), format!("{start}unexpected end of JSON input (<empty>)"));
    assert_eq!(said(b"{\"kind\":\"Secret\",\"a\": "), format!("{start}unexpected end of JSON input"));
    assert_eq!(said(b"{} {}"), format!("{start}invalid character '{{' after top-level value"));
    assert_eq!(said("[".repeat(100_000).as_bytes()), format!("{start}exceeded max depth"));
    assert_eq!(said(b"<html>"), format!("{start}invalid character '<' looking for beginning of value"));
    assert_eq!(yaml(b"a: 1\nx: [").unwrap_err().message, "yaml: line 2: not valid YAML");
    let of_secret = unrecognized("Secret", json(b"").unwrap_err());
    let said = "the object provided is unrecognized (must be of type Secret): ";
    assert_eq!(of_secret.message, format!("{said}{start}unexpected end of JSON input (<empty>)"));
    assert_eq!(json(&vec![b' '; 3 * 1024 * 1024 + 1]).unwrap_err().code, 413);
    for body in [&b"x: ["[..], b"\xff", b"a: 1\n---\nb: 2\n", "[".repeat(10_000).as_bytes()] {
        assert_eq!(yaml(body).unwrap_err().code, 400);
    }
    // Each list has nine of the one before.
    let line = |n: u32| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
    let bomb = "a0: &a0 [x]\n".to_owned() + &(1..30).map(line).collect::<String>();
    assert_eq!(yaml(bomb.as_bytes()).unwrap_err().code, 400);
}

#[test]
fn no_secret_of_a_broken_body_is_told() {
    for error in [
        json(br#"{"data":{"password":"hunter2"#).unwrap_err(),
        json(br#"{"data": hunter2}"#).unwrap_err(),
        yaml(b"data: {password: hunter2").unwrap_err(),
        yaml(b"data: @hunter2").unwrap_err(),
    ] {
        assert!(!error.message.contains("hunter2"), "{}", error.message);
    }
}

proptest! {
    #[test]
    fn hostile_bytes_are_refused_or_read(
        bytes in prop::collection::vec(prop::sample::select(&b"{}[]:,\"'a1.-&*!|>#%\\\n \xff\0"[..]), 0..40),
    ) {
        for read in [json(&bytes), yaml(&bytes)] {
            if let Err(refusal) = read {
                prop_assert_eq!(refusal.code, 400);
            }
        }
    }
}
