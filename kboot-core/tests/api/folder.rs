//! Whose folder it is, and what time alone does to it: another cluster's file takes nothing over, a move to
//! another version is named, and a join token that has ended is no drift.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kboot_core::bundle::{BundleError, FileAction, PlanOptions, PlanStep};
use kboot_core::time::Timestamp;
use kboot_core::token::{BootstrapToken, TokenSecret, TokenSettings};
use kboot_core::{ClusterSpec, Env, Error, Kubeconfig, Lifetime, Plan};
use proptest::prelude::*;
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
    let changing = plan.steps().iter().filter(|step| step.action != FileAction::Keep);
    changing.map(|step| step.path.to_string()).collect()
}

fn step<'a>(plan: &'a Plan, path: &str) -> &'a PlanStep {
    plan.steps().iter().find(|step| step.path.as_str() == path).unwrap_or_else(|| panic!("no {path}"))
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
    for hours in [1, 30] {
        assert_eq!(changing(&plan(&first(), out, after(hours))), ["kboot.json"], "after {hours} hours");
    }
    let _ = build(&first(), out, after(30)).unwrap();
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

fn secret_of(out: &Path) -> (BootstrapToken, TokenSettings) {
    TokenSecret::read(&std::fs::read_to_string(out.join("manifests/bootstrap-token.yaml")).unwrap()).unwrap()
}

const BOOTSTRAP: &str = "etc/kubernetes/bootstrap-kubelet.conf";

fn token_of(out: &Path, node: &str) -> BootstrapToken {
    let text = std::fs::read_to_string(out.join(format!("nodes/{node}/{BOOTSTRAP}"))).unwrap();
    let kubeconfig: Kubeconfig = text.parse().unwrap();
    kubeconfig.users[0].value.token.as_ref().unwrap().expose_secret().parse().unwrap()
}

#[test]
fn a_join_token_that_has_ended_is_no_drift() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let _ = build(&first(), out, after(0)).unwrap();
    let before = tree(out);
    for hours in [24, 25, 2000] {
        let plan = build(&first(), out, after(hours)).unwrap();
        assert!(plan.is_done(), "{:?}", changing(&plan));
        assert!(plan.leftovers().is_empty());
        assert_eq!(tree(out), before);
    }
}

#[test]
fn a_new_node_brings_a_new_token_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let three = cluster("kubernetes", "192.0.2.1", "v1.36.4", &[MASTER, WORKER, ("three", 3, "worker")]);
    let _ = build(&first(), out, after(0)).unwrap();
    let old = secret_of(out).0;
    let plan = build(&three, out, after(30)).unwrap();
    let others: Vec<String> =
        changing(&plan).into_iter().filter(|path| !path.starts_with("nodes/three/")).collect();
    assert_eq!(others, ["manifests/bootstrap-token.yaml", "install/three.sh", "kboot.json"]);
    let reason = step(&plan, "manifests/bootstrap-token.yaml").reason.as_ref().unwrap().to_string();
    assert!(reason.contains("expired") && reason.contains("three"), "{reason}");
    let (token, settings) = secret_of(out);
    assert!(!settings.is_expired(after(30)) && token_of(out, "three").equals(&token));
    assert!(token_of(out, "one").equals(&old) && token_of(out, "two").equals(&old));
    for hours in [30, 60] {
        assert!(self::plan(&three, out, after(hours)).is_done());
    }
    // A node that left, and whose folder is still there, comes back as a new one.
    let _ = build(&first(), out, after(31)).unwrap();
    let _ = build(&three, out, after(80)).unwrap();
    let (newest, settings) = secret_of(out);
    assert!(!settings.is_expired(after(80)) && !newest.equals(&token));
    assert!(token_of(out, "three").equals(&newest) && token_of(out, "one").equals(&old));
    assert!(self::plan(&three, out, after(80)).is_done());
    // What else changes in a node's file changes around the token that it has.
    let moved =
        cluster("kubernetes", "api.example.com", "v1.36.4", &[MASTER, WORKER, ("three", 3, "worker")]);
    let _ = build(&moved, out, after(200)).unwrap();
    assert!(token_of(out, "three").equals(&newest) && token_of(out, "one").equals(&old));
    let text = std::fs::read_to_string(out.join(format!("nodes/one/{BOOTSTRAP}"))).unwrap();
    assert!(text.contains("https://api.example.com:6443"), "{text}");
}

/// A file that is gone, or that is no kubeconfig any more, is made anew with a token that works.
#[test]
fn a_node_that_has_no_token_gets_one_that_works() {
    for spoil in [None, Some("not a kubeconfig\n")] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let _ = build(&first(), out, after(0)).unwrap();
        let path = format!("nodes/two/{BOOTSTRAP}");
        match spoil {
            None => std::fs::remove_file(out.join(&path)).unwrap(),
            Some(text) => put(out, &path, text.as_bytes(), 0o600),
        }
        let _ = build(&first(), out, after(30)).unwrap();
        let (token, settings) = secret_of(out);
        assert!(!settings.is_expired(after(30)) && token_of(out, "two").equals(&token), "{spoil:?}");
        assert!(!token_of(out, "one").equals(&token));
        assert!(plan(&first(), out, after(30)).is_done());
    }
}

/// The manifest moved away asks for another token; then every node's file holds it.
#[test]
fn a_token_that_was_moved_away_is_made_anew_for_all() {
    for hours in [1, 30] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let _ = build(&first(), out, after(0)).unwrap();
        std::fs::remove_file(out.join("manifests/bootstrap-token.yaml")).unwrap();
        let _ = build(&first(), out, after(hours)).unwrap();
        let token = secret_of(out).0;
        assert!(token_of(out, "one").equals(&token) && token_of(out, "two").equals(&token));
    }
}

/// A run that was killed once the new token stood in the manifest: the next one gives it to all.
#[test]
fn a_killed_run_for_a_new_token_is_completed() {
    for (killed, hours) in
        [(Killed::AfterTheToken, 1), (Killed::BeforeItsLastFile, 1), (Killed::AfterTheToken, 30)]
    {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let _ = build(&first(), out, after(0)).unwrap();
        let before = tree(out);
        let mut options = PlanOptions::default();
        options.new_token = true;
        let _ = Plan::build_with_options(&first(), out, &options, &mut Env::at(after(1))).unwrap();
        take_back(out, &before, killed);
        let _ = build(&first(), out, after(hours)).unwrap();
        let (token, settings) = secret_of(out);
        assert!(!settings.is_expired(after(hours)), "{killed:?}");
        assert!(token_of(out, "one").equals(&token) && token_of(out, "two").equals(&token), "{killed:?}");
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Killed {
    No,
    AfterTheToken,
    BeforeItsLastFile,
}

#[derive(Debug, Clone)]
enum Event {
    Pass(u32),
    Change(BTreeSet<u8>),
    Build { new_token: bool, killed: Killed },
}

fn event() -> impl Strategy<Value = Event> {
    let killed = prop_oneof![
        3 => Just(Killed::No), 1 => Just(Killed::AfterTheToken), 1 => Just(Killed::BeforeItsLastFile)
    ];
    prop_oneof![
        3 => prop_oneof![Just(1_u32), Just(23), Just(24), Just(30)].prop_map(Event::Pass),
        3 => proptest::collection::btree_set(1_u8..5, 0..4).prop_map(Event::Change),
        4 => (proptest::bool::weighted(0.2), killed)
            .prop_map(|(new_token, killed)| Event::Build { new_token, killed }),
    ]
}

/// Takes back what a killed run did not come to.
fn take_back(out: &Path, before: &BTreeMap<String, Vec<u8>>, killed: Killed) {
    let is_late = |path: &str| match killed {
        Killed::No => false,
        Killed::AfterTheToken => !path.starts_with("authorities/") && !path.starts_with("manifests/"),
        Killed::BeforeItsLastFile => path == "kboot.json",
    };
    for path in tree(out).keys().filter(|path| is_late(path)) {
        match before.get(path) {
            Some(bytes) => put(out, path, bytes, 0o600),
            None => std::fs::remove_file(out.join(path)).unwrap(),
        }
    }
}

fn workers(numbers: &BTreeSet<u8>) -> ClusterSpec {
    let names: Vec<String> = numbers.iter().map(|number| format!("w{number}")).collect();
    let mut nodes = vec![("one", 1, "control-plane, etcd")];
    nodes.extend(names.iter().zip(numbers).map(|(name, number)| (name.as_str(), 10 + number, "worker")));
    cluster("kubernetes", "192.0.2.1", "v1.36.4", &nodes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened before: a build after a build changes nothing, time alone changes nothing, a node that is
    /// new joins by a token that is valid and stands in manifests, and nobody else's file changes for it.
    #[test]
    fn nodes_come_and_go_over_days(events in proptest::collection::vec(event(), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let (mut hours, mut wanted, mut built) = (0, BTreeSet::from([1_u8]), BTreeSet::new());
        let (mut was_killed, mut was_asked) = (false, false);
        let last = Event::Build { new_token: false, killed: Killed::No };
        for event in events.into_iter().chain([last]) {
            let (new_token, killed) = match event {
                Event::Pass(more) => {
                    hours += more;
                    continue;
                }
                Event::Change(nodes) => {
                    wanted = nodes;
                    continue;
                }
                Event::Build { new_token, killed } => (new_token, killed),
            };
            let spec = workers(&wanted);
            let before = tree(out);
            let mut options = PlanOptions::default();
            options.new_token = new_token;
            let _ = Plan::build_with_options(&spec, out, &options, &mut Env::at(after(hours))).unwrap();
            take_back(out, &before, killed);
            was_asked |= new_token;
            if killed != Killed::No {
                was_killed = true;
                continue;
            }
            let files = tree(out);
            let (token, settings) = secret_of(out);
            for number in &wanted {
                let name = format!("w{number}");
                if was_asked || !built.contains(number) {
                    prop_assert!(token_of(out, &name).equals(&token), "{} has another token", name);
                    prop_assert!(!settings.is_expired(after(hours)), "{} cannot join", name);
                } else {
                    let path = format!("nodes/{name}/{BOOTSTRAP}");
                    prop_assert!(was_killed || before[&path] == files[&path], "{} changed", name);
                }
            }
            built.clone_from(&wanted);
            (was_killed, was_asked) = (false, false);
            for hours in [hours, hours + 100] {
                let again = plan(&spec, out, after(hours));
                prop_assert!(again.is_done(), "{:?}", changing(&again));
            }
        }
    }
}
