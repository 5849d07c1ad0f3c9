//! Kubeconfigs as values of JSON, which is YAML too.
//!
//! Every `hostile_…` one must be refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::text::one_of;
use super::{addresses, tokens};

/// A name in a kubeconfig: any text will do.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z][a-z0-9@.-]{0,16}",
        1 => one_of(&["no", "null", "~", "1e3", "kubernetes-admin@kubernetes", "a b", "# a", "- a", "*a"]),
        1 => one_of(&["名前", "'", "\"", "<<", "a: b", " a "]),
    ]
}

fn data() -> impl Strategy<Value = String> {
    vec(any::<u8>(), 0..24).prop_map(|octets| STANDARD.encode(octets))
}

fn cluster() -> impl Strategy<Value = Value> {
    let trust = prop_oneof![
        Just(json!({})),
        Just(json!({"insecure-skip-tls-verify": true})),
        Just(json!({"certificate-authority": "pki/ca.crt"})),
        data().prop_map(|data| json!({"certificate-authority-data": data})),
    ];
    let other = select(vec![
        json!({}),
        json!({"tls-server-name": "kubernetes"}),
        json!({"proxy-url": "socks5://127.0.0.1:1080"}),
        json!({"disable-compression": true}),
        json!({"future-of-cluster": {"a": [1, null, "no"]}}),
    ]);
    (addresses::ipv4(), trust, other).prop_map(|(address, trust, other)| {
        joined([json!({"server": format!("https://{address}:6443")}), trust, other])
    })
}

fn user() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        tokens::bootstrap_token().prop_map(|token| json!({"token": token})),
        Just(json!({"tokenFile": "/var/run/token"})),
        Just(json!({"client-certificate": "a.crt", "client-key": "a.key"})),
        (data(), data()).prop_map(
            |(certificate, key)| json!({"client-certificate-data": certificate, "client-key-data": key})
        ),
        Just(json!({"username": "jane", "password": "no"})),
        Just(json!({"as": "joe", "as-groups": ["dev"], "as-uid": "7", "as-user-extra": {"a": ["b"]}})),
        Just(json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "./get-token", "args": ["-v", "1"],
            "env": [{"name": "A", "value": "b"}], "interactiveMode": "Never", "provideClusterInfo": false,
        }})),
        Just(json!({"auth-provider": {"name": "oidc", "config": {"client-id": "a"}}})),
    ]
}

fn joined(objects: [Value; 3]) -> Value {
    let fields = objects.into_iter().filter_map(|object| match object {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Value::Object(fields.flatten().collect())
}

/// A list of entries whose names differ.
fn entries<S: Strategy<Value = Value>>(key: &'static str, entry: S) -> impl Strategy<Value = Vec<Value>> {
    vec((name(), entry), 1..4).prop_map(move |entries| {
        let entries = entries.into_iter().enumerate();
        entries
            .map(|(number, (name, entry))| json!({"name": format!("{name}{number}"), key: entry}))
            .collect()
    })
}

/// A kubeconfig whose contexts lead somewhere.
pub fn kubeconfig() -> impl Strategy<Value = Value> {
    let namespace = option::of(super::names::label());
    (entries("cluster", cluster()), entries("user", user()), namespace, any::<bool>(), name()).prop_map(
        |(clusters, users, namespace, is_bare, context)| {
            let first =
                |entries: &[Value]| entries.first().map(|entry| entry["name"].clone()).unwrap_or_default();
            let mut of_context = json!({"cluster": first(&clusters), "user": first(&users)});
            if let Some(namespace) = namespace {
                of_context["namespace"] = namespace.into();
            }
            let mut kubeconfig = json!({
                "clusters": clusters,
                "users": users,
                "contexts": [{"name": context, "context": of_context}],
                "current-context": context,
            });
            if !is_bare {
                kubeconfig["apiVersion"] = "v1".into();
                kubeconfig["kind"] = "Config".into();
                kubeconfig["preferences"] = json!({"colors": true});
            }
            kubeconfig
        },
    )
}

/// What is no kubeconfig, though it is nearly one: of another kind, with a name that is there twice, with data that is
/// not base64, with a token that is a number, YAML that kubectl reads otherwise.
pub fn hostile_kubeconfig() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "[]",
        "a",
        "1",
        "apiVersion: v1\n---\napiVersion: v1\n",
        "apiVersion: v1\napiVersion: v1\n",
        "users: [{name: u, user: {username: yes}}]",
        "clusters: {a: b}",
        "kind: [Config]",
        "users: [{name: u, user: {token: 1}}]",
        "users: [{name: u, user: {exec: {command: a, env: {A: b}}}}]",
        "a: &a [*a]",
        "{",
        "apiVersion: v1\0",
    ];
    let bombs = (2..8_usize).prop_map(|depth| {
        let lines = (0..depth + 8).map(|line| {
            format!("x{line}: &x{line} [{}]\n", vec![format!("*x{}", line.max(1) - 1); 9].join(", "))
        });
        format!("x0: &x0 [a, b]\n{}", lines.skip(1).collect::<String>())
    });
    let deep = (100..2000_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    let spoiled = (kubeconfig(), 0..8_u8).prop_map(|(mut kubeconfig, what)| {
        let twice = |list: &mut Value| {
            if let Some(list) = list.as_array_mut()
                && let Some(first) = list.first().cloned()
            {
                list.push(first);
            }
        };
        match what {
            0 => kubeconfig["kind"] = "Secret".into(),
            1 => kubeconfig["apiVersion"] = "v2".into(),
            2 => twice(&mut kubeconfig["clusters"]),
            3 => twice(&mut kubeconfig["users"]),
            4 => twice(&mut kubeconfig["contexts"]),
            5 => kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"] = "-----BEGIN".into(),
            6 => kubeconfig["users"][0]["user"]["token"] = 12.into(),
            _ => kubeconfig["current-context"] = json!(["a"]),
        }
        kubeconfig.to_string()
    });
    prop_oneof![2 => one_of(FIXED), 4 => spoiled, 1 => bombs, 1 => deep]
}
