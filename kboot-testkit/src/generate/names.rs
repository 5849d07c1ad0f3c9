//! Texts that are names, as Kubernetes and machines have them, and texts that are none though they look like it.
//!
//! Every `hostile_…` text must be refused.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::text::{CONTROLS, NOWHERE, one_of, spoiled, too_long};

/// A DNS-1123 label: a namespace.
pub fn label() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", 1 => "[a-z0-9][-a-z0-9]{61}[a-z0-9]"]
}

/// A DNS-1123 subdomain: the name of a node, of a cluster, of most objects.
pub fn subdomain() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => vec(label(), 1..4).prop_map(|labels| labels.join(".")),
        1 => ("[a-z0-9]{63}", "[a-z0-9]{61}").prop_map(|(long, last)| format!("{long}.{long}.{long}.{last}")),
    ]
}

/// What is no DNS-1123 label.
pub fn hostile_label() -> impl Strategy<Value = String> {
    prop_oneof![one_of(&["a.b", "kube-system/a"]), too_long("a", 64..300), hostile_subdomain()]
}

/// What is no DNS-1123 subdomain: paths, upper case, blanks, control characters, letters that look like others.
pub fn hostile_subdomain() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "",
        ".",
        "..",
        "...",
        "a.",
        ".a",
        "a..b",
        "-",
        "-a",
        "a-",
        "a-.b",
        "a.-b",
        "a_b",
        "a/b",
        "../../etc/shadow",
        "a%2fb",
        "A",
        "Worker-1",
        "a@b",
        "a:b",
        "$(id)",
        "`id`",
        "a;b",
        "a|b",
        "xn--",
        "--",
    ];
    prop_oneof![
        one_of(FIXED),
        spoiled(subdomain(), NOWHERE),
        too_long("a.", 127..400).prop_map(|text| text + "a"),
        "[a-z0-9]{64,80}",
    ]
}

/// The name of a user or a group: 1 to 256 bytes without control characters and without blanks at its ends.
pub fn principal() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[A-Za-z0-9][-A-Za-z0-9:@._ ]{0,24}[A-Za-z0-9]",
        1 => subdomain().prop_map(|name| format!("system:node:{}", name.chars().take(200).collect::<String>())),
        1 => one_of(&["jane", "system:masters", "Ämter", "名前", "a, b", "\"quoted\"", "O=x,CN=y", "a\u{202e}b"]),
        1 => "[a-z]{256}",
    ]
}

/// What is no name of a user or a group.
pub fn hostile_principal() -> impl Strategy<Value = String> {
    prop_oneof![
        one_of(&["", " ", " a", "a ", "\u{a0}a", "a\u{3000}"]),
        spoiled(principal(), CONTROLS),
        too_long("a", 257..600),
    ]
}

/// An absolute folder as units and scripts take it.
pub fn folder_path() -> impl Strategy<Value = String> {
    vec("[A-Za-z0-9_-][A-Za-z0-9._-]{0,12}", 1..5).prop_map(|parts| format!("/{}", parts.join("/")))
}

/// What is no such folder.
pub fn hostile_folder_path() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "", "/", "a", "/a/", "//a", "/a//b", "/.", "/..", "/a/../b", "/a/./b", "~", "/a b", "/%n", "/$HOME",
        "/a;b", "C:\\a",
    ];
    prop_oneof![one_of(FIXED), spoiled(folder_path(), NOWHERE), too_long("/a", 128..300)]
}

/// The name of a user or group of a Unix machine.
pub fn unix_name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_-]{0,30}"
}

/// What is no name of a user or group of a Unix machine.
pub fn hostile_unix_name() -> impl Strategy<Value = String> {
    prop_oneof![
        one_of(&["", "0", "1a", "-a", "A", "a.b", "a:b", "a$", "root:x:0:0"]),
        spoiled(unix_name(), NOWHERE),
        too_long("a", 32..100),
    ]
}

/// A reference of a container image.
pub fn image_reference() -> impl Strategy<Value = String> {
    let registry = option::of("[a-z0-9]{1,10}\\.example\\.com(:[1-9][0-9]{0,3})?/");
    (
        registry,
        "[a-z0-9]{1,12}(/[a-z0-9]{1,12})?",
        option::of(":[a-z0-9]([a-z0-9._-]{0,10}[a-z0-9])?"),
        option::of("@sha256:[0-9a-f]{64}"),
    )
        .prop_map(|(registry, name, tag, digest)| {
            let none = String::new;
            registry.unwrap_or_else(none) + &name + &tag.unwrap_or_else(none) + &digest.unwrap_or_else(none)
        })
}

/// What is no reference of a container image.
pub fn hostile_image_reference() -> impl Strategy<Value = String> {
    prop_oneof![
        one_of(&["", "/a", "a/", "a:", "a@", ":a", "-a", "a b", "a$b", "a'b"]),
        spoiled(image_reference(), NOWHERE),
        too_long("a", 256..400),
    ]
}

/// A value of a label, which may be empty.
pub fn label_value() -> impl Strategy<Value = String> {
    prop_oneof![8 => "([A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?)?", 1 => "[A-Za-z0-9]{63}"]
}

/// What is no value of a label.
pub fn hostile_label_value() -> impl Strategy<Value = String> {
    prop_oneof![
        one_of(&["a/b", ".a", "a.", "-", "_", "a=b", "a,b", "a:b"]),
        spoiled(label_value(), NOWHERE),
        too_long("a", 64..200),
    ]
}

/// The key of a label or taint.
pub fn label_key() -> impl Strategy<Value = String> {
    let name = "[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?";
    (option::of(label()), name).prop_map(|(domain, name)| {
        domain.map_or_else(|| name.clone(), |domain| format!("{domain}.example/{name}"))
    })
}

/// What is no key of a label.
pub fn hostile_label_key() -> impl Strategy<Value = String> {
    prop_oneof![
        one_of(&["", "/", "/a", "a/", "a/b/c", "A.com/b", "a_b/c", "-a", "a=b", "a:b"]),
        spoiled(label_key(), NOWHERE),
        too_long("a", 64..200),
    ]
}

/// `KEY[=VALUE]:EFFECT`.
pub fn taint() -> impl Strategy<Value = String> {
    let effect = select(&["NoSchedule", "PreferNoSchedule", "NoExecute"][..]);
    (label_key(), option::of(label_value()), effect).prop_map(|(key, value, effect)| match value {
        Some(value) => format!("{key}={value}:{effect}"),
        None => format!("{key}:{effect}"),
    })
}

/// What is no taint.
pub fn hostile_taint() -> impl Strategy<Value = String> {
    prop_oneof![
        one_of(&[
            "",
            "a",
            "a=b",
            ":NoSchedule",
            "=b:NoSchedule",
            "a:",
            "a:noschedule",
            "a:NoSchedule:",
            "a=b=c:NoSchedule"
        ]),
        spoiled(taint(), NOWHERE),
        (hostile_label_key(), Just(":NoExecute"))
            .prop_filter_map("a value in it", |(key, effect)| { (!key.contains('=')).then(|| key + effect) }),
    ]
}

/// A group that a bootstrap token may give.
pub fn bootstrap_group() -> impl Strategy<Value = String> {
    "[a-z0-9:-]{0,40}[a-z0-9]".prop_map(|name| format!("system:bootstrappers:{name}"))
}

/// What is no such group, `system:masters` among them.
pub fn hostile_bootstrap_group() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "",
        "system:masters",
        "system:nodes",
        "system:bootstrappers",
        "system:bootstrappers:",
        "system:bootstrappers:a-",
        "system:bootstrappers:A",
        "system:bootstrappers:a,system:masters",
        "System:bootstrappers:a",
        "bootstrappers:a",
    ];
    prop_oneof![one_of(FIXED), spoiled(bootstrap_group(), NOWHERE)]
}
