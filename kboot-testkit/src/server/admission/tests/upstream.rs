//! What kube-apiserver v1.20.2 answered to the same requests is the judge. `upstream-1.20.json` holds them: the state
//! before, what is changed in it, the code and the message (octets left out).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{admin, csrs, namespaces, node, of_kind, write};
use crate::corpus;

/// A message without its octets.
fn elided(message: &str) -> String {
    let mut parts = message.split("[]byte{");
    let first = parts.next().unwrap().to_owned();
    let text = parts.fold(first, |text, part| text + "[]byte{}" + part.split_once('}').unwrap().1);
    // An address in upstream's memory.
    match text.split_once("tag:0x") {
        Some((before, after)) => {
            format!("{before}tag:0x{}", after.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
        }
        None => text,
    }
}

#[derive(Deserialize)]
struct Answers {
    objects: BTreeMap<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    about: String,
    kind: String,
    /// The administrator, or the kubelet of `node-1`.
    user: Option<String>,
    #[serde(default)]
    subresource: String,
    /// The object that is there.
    before: Option<String>,
    /// The object that the one sent is like.
    like: Option<String>,
    /// A merge patch of either, or all of what is sent.
    change: Value,
    code: u16,
    message: Option<String>,
}

#[test]
fn answers_as_upstream_does() {
    let Answers { objects, cases } = serde_json::from_str(include_str!("upstream-1.20.json")).unwrap();
    let store = namespaces();
    let difference = |case: &Case| {
        let user = if case.user.is_none() { admin() } else { node("node-1") };
        let old = case.before.as_ref().map(|name| &objects[name]);
        let base = case.before.as_ref().or(case.like.as_ref());
        let mut new = base.map_or(Value::Null, |name| objects[name].clone());
        json_patch::merge(&mut new, &case.change);
        let written = write(&of_kind(&case.kind), &case.subresource, &user, old, &new, &store, 20);
        let (code, message) = match written {
            Ok(_) => (if old.is_some() { 200 } else { 201 }, None),
            Err(status) => (status.code, Some(elided(&status.message))),
        };
        let upstream = case.message.as_deref().map(elided);
        let Case { about, code: upstream_code, .. } = case;
        ((code, &message) != (*upstream_code, &upstream)).then(|| {
            format!("{about}:\n  upstream {upstream_code} {upstream:?}\n  here     {code} {message:?}")
        })
    };
    let wrong: Vec<String> = cases.iter().filter_map(difference).collect();
    assert!(wrong.is_empty(), "{} of {} answers differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What the server of 1.20.2 said to the entries of the corpus: these it refused, all others it took.
#[test]
fn the_corpus_is_taken_and_refused_as_upstream_does() {
    let refused: BTreeMap<String, (u16, String)> =
        serde_json::from_str(include_str!("upstream-1.20-corpus.json")).unwrap();
    let mut wrong = Vec::new();
    for entry in corpus::all() {
        let written = write(&csrs(), "", &admin(), None, &entry.object, &namespaces(), 20);
        let here = written.err().map(|status| (status.code, elided(&status.message)));
        let upstream = refused.get(&entry.name).cloned();
        // What is no base64 in JSON is refused when the request is decoded, before this room.
        if here != upstream && upstream.as_ref().is_none_or(|(code, _)| *code != 400) {
            wrong.push(format!("{}:\n  upstream {upstream:?}\n  here     {here:?}", entry.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), corpus::all().len(), wrong.join("\n"));
}
