//! Whose folder it is: another cluster's file takes nothing over.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use kboot_core::bundle::{Action, BundleError};
use kboot_core::time::Timestamp;
use kboot_core::{ClusterSpec, Env, Error, Lifetime, Plan};
use serde_json::Value;

/// A cluster file; a node is its name, its last octet and its roles.
fn cluster(name: &str, endpoint: &str, version: &str, nodes: &[(&str, u8, &str)]) -> ClusterSpec {
    let nodes: String = nodes
        .iter()
        .map(|(name, octet, roles)| {
            format!("  - {{name: {name}, addresses: [192.0.2.{octet}], roles: [{roles}]}}\n")
        })
        .collect();
    let text = format!(
        "apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {{name: {name}}}
spec:
  kubernetesVersion: {version}
  controlPlaneEndpoint: {endpoint}
  nodes:
{nodes}"
    );
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

const MASTER: (&str, u8, &str) = ("one", 1, "control-plane, etcd, worker");
const WORKER: (&str, u8, &str) = ("two", 2, "worker");

fn first() -> ClusterSpec {
    cluster("kubernetes", "192.0.2.1", "v1.36.4", &[MASTER, WORKER])
}

fn after(hours: u32) -> Timestamp {
    let lifetime: Lifetime = format!("{hours}h").parse().unwrap();
    "2027-03-01T00:00:00Z".parse::<Timestamp>().unwrap().after(lifetime).unwrap()
}

fn build(spec: &ClusterSpec, out: &Path, now: Timestamp) -> Result<Plan, Error> {
    Plan::build(spec, out, &mut Env::at(now))
}

fn plan(spec: &ClusterSpec, out: &Path, now: Timestamp) -> Plan {
    Plan::of(spec, out, &mut Env::at(now)).unwrap_or_else(|error| panic!("{error:?}"))
}

fn changing(plan: &Plan) -> Vec<String> {
    let changing = plan.steps().iter().filter(|step| step.action != Action::Keep);
    changing.map(|step| step.path.to_string()).collect()
}

fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(tree(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
    files
}

fn put(out: &Path, path: &str, bytes: &[u8], mode: u32) {
    let _ = std::fs::remove_file(out.join(path));
    kboot_core::bundle::write_new(&out.join(path), bytes, mode).unwrap();
}

/// As kboot wrote `kboot.json` before it said whose it is.
fn make_old(out: &Path) {
    let mut inventory: Value =
        serde_json::from_slice(&std::fs::read(out.join("kboot.json")).unwrap()).unwrap();
    let object = inventory.as_object_mut().unwrap();
    object.retain(|field, _| ["apiVersion", "kind", "certificates"].contains(&field.as_str()));
    put(out, "kboot.json", (serde_json::to_string_pretty(&inventory).unwrap() + "\n").as_bytes(), 0o644);
}

#[test]
fn another_clusters_file_takes_nothing_over() {
    let elsewhere = [("one", 11, MASTER.2), ("two", 12, "worker")];
    let others = [
        ("another name", cluster("staging", "192.0.2.1", "v1.36.4", &[MASTER, WORKER]), true),
        (
            "the default name at another endpoint, other nodes",
            cluster("kubernetes", "192.0.2.9", "v1.36.4", &[("nine", 9, MASTER.2)]),
            true,
        ),
        ("the same names elsewhere", cluster("kubernetes", "192.0.2.11", "v1.36.4", &elsewhere), true),
        (
            "a worker alone that went from one to the other",
            cluster("kubernetes", "192.0.2.9", "v1.36.4", &[("nine", 9, MASTER.2), WORKER]),
            true,
        ),
        (
            "another endpoint before the same control plane",
            cluster("kubernetes", "api.example.com", "v1.36.4", &[MASTER, WORKER]),
            false,
        ),
        (
            "a control plane that was exchanged behind its endpoint",
            cluster("kubernetes", "192.0.2.1", "v1.36.4", &[("nine", 9, MASTER.2)]),
            false,
        ),
    ];
    for (what, other, is_refused) in others {
        for state in ["as it is", "old", "without kboot.json", "without admin.conf"] {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path();
            let _ = build(&first(), out, after(0)).unwrap();
            match state {
                "old" => make_old(out),
                "without kboot.json" => std::fs::remove_file(out.join("kboot.json")).unwrap(),
                "without admin.conf" => std::fs::remove_file(out.join("admin.conf")).unwrap(),
                _ => {}
            }
            let before = tree(out);
            let planned = Plan::of(&other, out, &mut Env::at(after(0)));
            assert_eq!(planned.is_err(), is_refused, "{what}, {state}: {planned:?}");
            let Err(error) = planned else { continue };
            assert!(matches!(error, Error::Bundle(BundleError::AnotherCluster { .. })), "{what}: {error}");
            let said = error.to_string();
            for part in [out.to_str().unwrap(), "kubernetes@https://192.0.2.1:6443", "another folder"] {
                assert!(said.contains(part), "{what}, {state}: {part}: {said}");
            }
            build(&other, out, after(0)).unwrap_err();
            assert_eq!(tree(out), before, "{what}, {state}");
        }
    }
}

#[test]
fn a_folder_from_before_gets_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let _ = build(&first(), out, after(0)).unwrap();
    let whole = tree(out);
    make_old(out);
    for hours in [1, 20] {
        assert_eq!(changing(&plan(&first(), out, after(hours))), ["kboot.json"], "after {hours} hours");
    }
    let _ = build(&first(), out, after(20)).unwrap();
    assert_eq!(tree(out), whole);
}

#[test]
fn a_damaged_record_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let _ = build(&first(), out, after(0)).unwrap();
    let good = std::fs::read_to_string(out.join("kboot.json")).unwrap();
    for bad in [
        good[..good.len() / 2].to_owned(),
        good.replace("\"name\": \"kubernetes\"", "\"name\": \"\\u001b[2J\""),
        good.replace("\"name\": \"kubernetes\"", "\"name\": 7"),
        good.replace("https://192.0.2.1:6443", "ftp://x"),
    ] {
        assert_ne!(bad, good);
        put(out, "kboot.json", bad.as_bytes(), 0o644);
        let error = build(&first(), out, after(0)).expect_err(&bad);
        let said = error.to_string();
        assert!(said.contains("kboot.json") && !said.contains('\u{1b}'), "{said}");
    }
    // Of versions that this kboot does not know it says nothing.
    put(out, "kboot.json", good.replace("v1.36.4", "v1.99.0").as_bytes(), 0o644);
    assert_eq!(changing(&plan(&first(), out, after(0))), ["kboot.json"]);
}
