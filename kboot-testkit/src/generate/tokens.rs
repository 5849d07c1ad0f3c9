//! Tokens, the objects and files that hold them, and pins of keys.
//!
//! Every `hostile_…` text or object must be refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::text::{NOWHERE, one_of, spoiled};
use super::{names, times};

/// The public half of a bootstrap token.
pub fn token_id() -> impl Strategy<Value = String> {
    "[a-z0-9]{6}"
}

/// A bootstrap token.
pub fn bootstrap_token() -> impl Strategy<Value = String> {
    "[a-z0-9]{6}\\.[a-z0-9]{16}"
}

/// What is no bootstrap token.
pub fn hostile_bootstrap_token() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "",
        ".",
        "abcdef",
        "abcdef.",
        ".0123456789abcdef",
        "abcdef.0123456789abcde",
        "abcdef.0123456789abcdefg",
        "ABCDEF.0123456789abcdef",
        "abcdef.0123456789ABCDEF",
        "abcdef:0123456789abcdef",
        "abcdef..123456789abcdef",
        "abcdef.0123456789abcdef.",
        "Bearer abcdef.0123456789abcdef",
    ];
    prop_oneof![one_of(FIXED), spoiled(bootstrap_token(), NOWHERE)]
}

/// The pin of a public key.
pub fn pin() -> impl Strategy<Value = String> {
    "(sha256|SHA256):[0-9a-fA-F]{64}"
}

/// What is no pin.
pub fn hostile_pin() -> impl Strategy<Value = String> {
    prop_oneof![
        one_of(&["", "sha256", "sha256:", "sha256:00", "md5:00000000000000000000000000000000"]),
        "sha256:[0-9a-f]{63}",
        "sha256:[0-9a-f]{65}",
        "sha1:[0-9a-f]{64}",
        "sha256:[+-][0-9a-f]{63}",
        "[0-9a-f]{64}",
        spoiled(pin(), NOWHERE),
    ]
}

/// The Secret of a bootstrap token, its values in `data` or in `stringData`.
pub fn token_secret() -> impl Strategy<Value = Value> {
    let usages = select(&[(true, true), (true, false), (false, true)][..]);
    let fields = (bootstrap_token(), usages, option::of(times::timestamp()), option::of("[ -~]{0,40}"));
    (fields, vec(names::bootstrap_group(), 0..3), any::<bool>()).prop_map(|(fields, groups, is_encoded)| {
        let (token, (signing, authentication), expiration, description) = fields;
        let (id, secret) = token.split_once('.').unwrap_or_default();
        let mut values = vec![("token-id", id.to_owned()), ("token-secret", secret.to_owned())];
        values.push(("usage-bootstrap-signing", signing.to_string()));
        values.push(("usage-bootstrap-authentication", authentication.to_string()));
        values.extend(expiration.map(|time| ("expiration", time)));
        values.extend(description.map(|text| ("description", text)));
        if authentication && !groups.is_empty() {
            values.push(("auth-extra-groups", groups.join(",")));
        }
        let written = |text: String| if is_encoded { STANDARD.encode(text) } else { text };
        let values: Map<String, Value> =
            values.into_iter().map(|(key, text)| (key.to_owned(), written(text).into())).collect();
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": format!("bootstrap-token-{id}"), "namespace": "kube-system"},
            "type": "bootstrap.kubernetes.io/token",
            (if is_encoded { "data" } else { "stringData" }): values,
        })
    })
}

/// Puts a value in place of what is there, or adds it.
fn put(object: &mut Value, pointer: &str, value: Value) {
    if let Some((parent, key)) = pointer.rsplit_once('/')
        && let Some(Value::Object(fields)) = object.pointer_mut(parent)
    {
        fields.insert(key.to_owned(), value);
    }
}

/// A Secret that is not the one of a bootstrap token, or that an API server would read otherwise than it looks.
pub fn hostile_token_secret() -> impl Strategy<Value = Value> {
    (token_secret(), 0..13_u8).prop_map(|(mut secret, what)| {
        // It wins over `data`.
        if secret.get("stringData").is_none() {
            put(&mut secret, "/stringData", json!({}));
        }
        match what {
            0 => put(&mut secret, "/kind", "ConfigMap".into()),
            1 => put(&mut secret, "/apiVersion", "v2".into()),
            2 => put(&mut secret, "/type", "Opaque".into()),
            3 => put(&mut secret, "/metadata/namespace", "default".into()),
            4 => put(&mut secret, "/metadata/name", "bootstrap-token-other1x".into()),
            5 => put(&mut secret, "/stringData/token-secret", "tooshort".into()),
            6 => put(&mut secret, "/stringData/expiration", "tomorrow".into()),
            7 => put(&mut secret, "/stringData/usage-bootstrap-signing", "True".into()),
            8 => put(&mut secret, "/stringData/usage-bootstrap-signing", true.into()),
            9 => put(&mut secret, "/stringData/auth-extra-groups", "system:masters".into()),
            10 => put(
                &mut secret,
                "/stringData/auth-extra-groups",
                "system:bootstrappers:a, system:bootstrappers:b".into(),
            ),
            11 => put(&mut secret, "/data", json!({"token-id": "!"})),
            _ => {
                put(&mut secret, "/stringData/usage-bootstrap-signing", "false".into());
                put(&mut secret, "/stringData/usage-bootstrap-authentication", "false".into());
            }
        }
        secret
    })
}

/// A field of a CSV file, in quotes where it must be.
fn field(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// A file of static tokens, none of whose users is all-powerful.
pub fn static_tokens() -> impl Strategy<Value = String> {
    let user = "[A-Za-z0-9][-A-Za-z0-9:@.\", ]{0,12}[A-Za-z0-9]";
    let row = ("[!-~]{1,32}", user, "[0-9]{1,6}", vec("[a-z][a-z:-]{0,12}[a-z]", 0..3));
    let rows = vec(row, 0..5).prop_map(|rows| {
        let rows = rows.into_iter().enumerate().map(|(number, (token, user, uid, groups))| {
            // No token is there twice, and none begins with what comments begin with.
            let token = format!("{number}{token}");
            format!("{},{},{uid},\"{}\"\n", field(&token), field(&user), groups.join(","))
        });
        rows.collect::<String>()
    });
    rows.prop_filter("nobody may do everything", |rows| !rows.contains("system:masters"))
}

/// A file of static tokens with a row that is wrong, or that makes its bearer all-powerful.
pub fn hostile_static_tokens() -> impl Strategy<Value = String> {
    const ROWS: &[&str] = &[
        "a\n",
        "a,b\n",
        "a,b,c\n",
        "a,b,c,\"d\",e\n",
        ",b,c,\"\"\n",
        "a,,c,\"\"\n",
        "a,b,,\"\"\n",
        "a b,c,d,\"\"\n",
        "ä,b,c,\"\"\n",
        "a,b,c,\"system:masters\"\n",
        "a,b,c,\"x,system:masters\"\n",
        "a,b,c,\",\"\n",
        "a,b,c,\" x\"\n",
        "\"a,b,c,\"\"\n",
        "a\"b,c,d,\"\"\n",
        "t,b,c,\"\"\nt,d,e,\"\"\n",
    ];
    (static_tokens(), one_of(ROWS)).prop_map(|(rows, row)| rows + &row)
}
