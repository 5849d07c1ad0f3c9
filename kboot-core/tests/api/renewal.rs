//! Years of a cluster: what is renewed in time, what is said beforehand, and what it means for the nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kboot_core::bundle::{BundleError, FileAction, NodeChanges, PlanNote, PlanOptions};
use kboot_core::component::Reload;
use kboot_core::time::Timestamp;
use kboot_core::x509::{Certificate, KeyAlgorithm, PrivateKey};
use kboot_core::{ClusterSpec, Env, Error, Kubeconfig, Plan};

/// With every kind of place that a certificate can have.
fn cluster(version: &str, more: &str) -> ClusterSpec {
    let text = format!(
        "apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {{name: kubernetes}}
spec:
  kubernetesVersion: {version}
  controlPlaneEndpoint: 192.0.2.1
  join: {{nodeCredentials: certificate, servingCertificates: issued}}
  network: {{etcdClientSecret: etcd-certificates}}
{more}
  nodes:
  - {{name: one, addresses: [192.0.2.1], roles: [control-plane, etcd, worker]}}
  - {{name: two, addresses: [192.0.2.2], roles: [worker]}}
"
    );
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

const FILES: &str = "  kubeconfigs: {certificates: files}";

fn day(days: u32) -> Timestamp {
    let start: Timestamp = "2027-03-01T00:00:00Z".parse().unwrap();
    start.after(format!("{days}d").parse().unwrap()).unwrap()
}

fn renewing(before: &str) -> PlanOptions {
    let mut options = PlanOptions::default();
    options.renew_before = Some(before.parse().unwrap());
    options
}

fn build(spec: &ClusterSpec, out: &Path, options: &PlanOptions, days: u32) -> Plan {
    Plan::build_with_options(spec, out, options, &mut Env::at(day(days))).unwrap_or_else(|e| panic!("{e:?}"))
}

fn plan(spec: &ClusterSpec, out: &Path, options: &PlanOptions, days: u32) -> Plan {
    Plan::with_options(spec, out, options, &mut Env::at(day(days))).unwrap_or_else(|e| panic!("{e:?}"))
}

/// Every file as text, by its path.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(tree(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
        } else {
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    files
}

/// What a file holds: PEM as it is, in kubeconfigs and in Secrets.
fn pem_in(text: &str) -> Vec<String> {
    if let Ok(kubeconfig) = text.parse::<Kubeconfig>()
        && let Ok((certificate, key)) = kubeconfig.client_certificate()
    {
        return vec![certificate.to_pem(), key.to_pem().unwrap().expose_secret().to_owned()];
    }
    let text = text.replace("\\n", "\n");
    let unindented: String = text.lines().map(|line| line.trim_start().to_owned() + "\n").collect();
    let blocks = unindented.split("-----BEGIN ").skip(1);
    blocks
        .map(|block| format!("-----BEGIN {}", block.split_inclusive("-----\n").take(2).collect::<String>()))
        .collect()
}

fn certificates(folder: &Path) -> Vec<(String, Certificate)> {
    let files = tree(folder).into_iter();
    let all = files.flat_map(|(path, text)| pem_in(&text).into_iter().map(move |pem| (path.clone(), pem)));
    all.filter_map(|(path, pem)| Some((path, Certificate::from_pem(pem.as_bytes()).ok()?))).collect()
}

/// The keys by their files and public halves.
fn keys(folder: &Path) -> BTreeSet<(String, Vec<u8>)> {
    let files = tree(folder).into_iter();
    let all = files.flat_map(|(path, text)| pem_in(&text).into_iter().map(move |pem| (path.clone(), pem)));
    let keys = all.filter_map(|(path, pem)| Some((path, PrivateKey::from_pem(pem.as_bytes()).ok()?)));
    keys.map(|(path, key)| (path, key.public_key().der().to_vec())).collect()
}

fn put(out: &Path, path: &str, text: &str, mode: u32) {
    std::fs::remove_file(out.join(path)).unwrap();
    kboot_core::bundle::write_new(&out.join(path), text.as_bytes(), mode).unwrap();
}

#[test]
fn two_years_of_monthly_builds_let_nothing_expire() {
    for more in ["", FILES] {
        let (spec, folder) = (cluster("v1.36.4", more), tempfile::tempdir().unwrap());
        let out = folder.path();
        let _ = build(&spec, out, &PlanOptions::default(), 0);
        let (authorities, keys_before) = (tree(&out.join("authorities")), keys(out));
        let found = certificates(out);
        for part in [
            "admin.conf",
            "manifests/etcd-client",
            "metrics-server-certificate",
            "server.crt",
            "two/etc",
            "kubelet",
        ] {
            assert!(found.iter().any(|(path, _)| path.contains(part)), "no {part}");
        }
        let mut renewed = 0;
        for month in 1..=24 {
            let days = month * 30;
            // Up to the moment of the build.
            for (path, certificate) in certificates(out) {
                assert!(certificate.facts().validity.contains(day(days)), "{path} in month {month}");
            }
            let built = build(&spec, out, &renewing("45d"), days);
            let replaced = built.steps().iter().filter(|step| step.action == FileAction::Replace);
            for step in replaced.filter(|step| step.path.as_str() != "kboot.json") {
                let reason = step.reason.as_ref().unwrap().to_string();
                assert!(reason.starts_with("ends on 20") && reason.ends_with(", within 45d"), "{reason}");
                renewed += 1;
            }
            assert!(built.notes().is_empty(), "{:?}", built.notes());
            assert!(plan(&spec, out, &renewing("45d"), days).is_done());
        }
        assert!(renewed >= 30, "{renewed}");
        assert_eq!(tree(&out.join("authorities")), authorities);
        assert_eq!(keys(out), keys_before);
    }
}

#[test]
fn what_ends_is_said_a_month_before() {
    let (spec, folder) = (cluster("v1.36.4", ""), tempfile::tempdir().unwrap());
    let (out, none) = (folder.path(), PlanOptions::default());
    let _ = build(&spec, out, &none, 0);
    assert!(plan(&spec, out, &none, 334).notes().is_empty());
    let soon = plan(&spec, out, &none, 336);
    assert!(soon.is_done(), "time alone changes nothing");
    let [note @ PlanNote::CertificatesEnd { count, first, not_after }] = soon.notes() else {
        panic!("{:?}", soon.notes())
    };
    assert!(*count > 10 && *not_after == day(365) && !note.is_warning(), "{note}");
    assert!(out.join(first).exists() || first.contains('*'), "{first}");
    assert!(note.to_string().contains("2028-02-29"), "{note}");
    // What this plan renews is not said.
    assert!(plan(&spec, out, &renewing("30d"), 336).notes().is_empty());
    let late = plan(&spec, out, &none, 366);
    assert!(!late.is_done() && late.notes().is_empty(), "{:?}", late.notes());

    // A life of a week has no month; its last third counts.
    let (short, folder) =
        (cluster("v1.36.4", "  pki: {validity: {certificate: 9d}}"), tempfile::tempdir().unwrap());
    let _ = build(&short, folder.path(), &none, 0);
    assert!(plan(&short, folder.path(), &none, 5).notes().is_empty());
    assert_eq!(plan(&short, folder.path(), &none, 7).notes().len(), 1);
}

#[test]
fn nothing_outlives_its_authority_and_that_is_said() {
    let (spec, folder) =
        (cluster("v1.36.4", "  pki: {validity: {authority: 3y}}"), tempfile::tempdir().unwrap());
    let out = folder.path();
    for days in [0, 340, 680] {
        assert!(build(&spec, out, &renewing("45d"), days).notes().is_empty(), "{days}");
    }
    let end = day(3 * 365);
    let built = build(&spec, out, &renewing("45d"), 1020);
    let authorities: Vec<&PlanNote> = built.notes().iter().filter(|note| note.is_warning()).collect();
    assert_eq!((authorities.len(), built.notes().len()), (3, 3), "{:?}", built.notes());
    for (note, path) in authorities.iter().zip(["ca.crt", "etcd/ca.crt", "front-proxy-ca.crt"]) {
        let PlanNote::AuthorityEnds { path: found, not_after, count, .. } = note else { panic!("{note:?}") };
        assert_eq!((found.as_str(), *not_after), (format!("authorities/{path}").as_str(), end));
        assert!(*count > 0 && note.to_string().contains(path), "{note}");
    }
    assert!(certificates(out).iter().all(|(_, one)| one.facts().validity.not_after == end));
    // A new one would end on the same day: nothing is made again and again.
    let again = plan(&spec, out, &renewing("45d"), 1080);
    assert!(again.is_done());
    assert!(again.notes().iter().all(PlanNote::is_warning), "{:?}", again.notes());

    // Its certificate moved away, an authority is made anew with its name and key, and what it signed stays good.
    let before = keys(out);
    for file in ["ca.crt", "etcd/ca.crt", "front-proxy-ca.crt"] {
        std::fs::remove_file(out.join("authorities").join(file)).unwrap();
    }
    let built = build(&spec, out, &renewing("45d"), 1080);
    assert!(built.notes().is_empty(), "{:?}", built.notes());
    assert_eq!(keys(out), before);
    assert!(certificates(out).iter().all(|(_, one)| one.facts().validity.not_after > end));
}

#[test]
fn a_new_key_is_for_leaves_alone() {
    for more in ["", FILES] {
        let (spec, folder) = (cluster("v1.36.4", more), tempfile::tempdir().unwrap());
        let out = folder.path();
        let _ = build(&spec, out, &PlanOptions::default(), 0);
        let before = keys(out);
        let mut options = renewing("45d");
        options.rekey = true;
        assert!(plan(&spec, out, &options, 300).is_done(), "nothing ends");
        let _ = build(&spec, out, &options, 330);
        let same: BTreeSet<String> = keys(out).intersection(&before).map(|(path, _)| path.clone()).collect();
        let stays = |path: &str| {
            let is_authority = path.starts_with("authorities/") || path.ends_with("/ca.key");
            is_authority || path.ends_with("/sa.key") || path.contains("kube-proxy")
        };
        for (path, _) in &before {
            assert_eq!(same.contains(path), stays(path), "{path}");
        }
        assert!(plan(&spec, out, &options, 330).is_done());
        // Each certificate is that of its key.
        assert!(plan(&spec, out, &PlanOptions::default(), 331).is_done());
    }
}

#[test]
fn a_new_key_takes_the_place_of_the_one_that_was_planned_for() {
    let (spec, folder) = (cluster("v1.36.4", ""), tempfile::tempdir().unwrap());
    let out = folder.path();
    let _ = build(&spec, out, &PlanOptions::default(), 0);
    let mut options = renewing("45d");
    options.rekey = true;
    let waiting = plan(&spec, out, &options, 330);
    let (key, before) = ("nodes/one/etc/kubernetes/pki/apiserver.key", tree(out));
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap().to_pem().unwrap();
    put(out, key, other.expose_secret(), 0o600);
    let error = waiting.apply().unwrap_err();
    assert!(matches!(error, BundleError::WouldOverwriteKey { .. }), "{error:?}");

    // A run that was killed between key and certificate is completed by the next one, asked the same or not.
    for options in [PlanOptions::default(), options] {
        for (path, text) in &before {
            if tree(out)[path] != *text {
                put(out, path, text, 0o600);
            }
        }
        let mut rekey = options.clone();
        (rekey.renew_before, rekey.rekey) = (Some("45d".parse().unwrap()), true);
        let _ = build(&spec, out, &rekey, 330);
        let certificate = key.replace(".key", ".crt");
        put(out, &certificate, &before[&certificate], 0o644);
        let _ = build(&spec, out, &options, 330);
        assert!(plan(&spec, out, &PlanOptions::default(), 330).is_done());
    }
}

fn units(changes: &NodeChanges, reload: Reload) -> Vec<&'static str> {
    changes.units_that(reload).collect()
}

#[test]
fn a_plan_says_what_each_node_restarts() {
    let all =
        ["etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet"];
    for (version, more, by_itself) in [
        ("v1.36.4", "", &["etcd", "kube-apiserver"][..]),
        (
            "v1.36.4",
            FILES,
            &["etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler"],
        ),
        ("v1.19.0", "", &["etcd"]),
        ("v1.11.0", FILES, &[]),
    ] {
        let (spec, folder) = (cluster(version, more), tempfile::tempdir().unwrap());
        let out = folder.path();
        let first = build(&spec, out, &PlanOptions::default(), 0).node_changes();
        assert!(first.len() == 2 && first.iter().all(|node| node.is_new && node.units.is_empty()));
        let renewed = plan(&spec, out, &renewing("45d"), 330).node_changes();
        let [one, two] = &renewed[..] else { panic!("{renewed:?}") };
        assert_eq!(units(one, Reload::ByItself), by_itself, "{version} {more}");
        let restarted: Vec<_> = all.iter().copied().filter(|unit| !by_itself.contains(unit)).collect();
        assert_eq!(units(one, Reload::Restart), restarted, "{version} {more}");
        assert!(!one.is_new && !one.reloads_units && two.units.len() == 2, "{renewed:?}");
        assert!(one.files.iter().all(|file| file.as_str().starts_with("nodes/one/")));
        // An authority that was renewed: nobody but clients of today reads it again.
        std::fs::remove_file(out.join("authorities/ca.crt")).unwrap();
        let renewed = plan(&spec, out, &PlanOptions::default(), 1).node_changes();
        assert!(units(&renewed[0], Reload::Restart).contains(&"kube-apiserver"), "{renewed:?}");
        let is_read_again = version == "v1.36.4" && more == FILES;
        assert_eq!(
            units(&renewed[0], Reload::ByItself).contains(&"kube-scheduler"),
            is_read_again,
            "{version}"
        );
    }
    let (spec, folder) = (cluster("v1.36.4", ""), tempfile::tempdir().unwrap());
    let _ = build(&spec, folder.path(), &PlanOptions::default(), 0);
    let edited = cluster("v1.36.4", "  components: {kubelet: {config: {maxPods: 50}}}");
    let changes = plan(&edited, folder.path(), &PlanOptions::default(), 0).node_changes();
    assert!(changes.iter().all(|node| units(node, Reload::Restart) == ["kubelet"] && node.units.len() == 1));
    let flagged = cluster("v1.36.4", "  components: {kubeScheduler: {extraArgs: {v: '4'}}}");
    let changes = plan(&flagged, folder.path(), &PlanOptions::default(), 0).node_changes();
    assert!(changes.len() == 1 && changes[0].reloads_units, "{changes:?}");
    assert_eq!(units(&changes[0], Reload::Restart), ["kube-scheduler"]);
}

/// The authority's end is no reason to fail: the error of an ended one names it.
#[test]
fn an_ended_authority_is_an_error() {
    let (spec, folder) =
        (cluster("v1.36.4", "  pki: {validity: {authority: 2y}}"), tempfile::tempdir().unwrap());
    let _ = build(&spec, folder.path(), &PlanOptions::default(), 0);
    let error =
        Plan::with_options(&spec, folder.path(), &renewing("45d"), &mut Env::at(day(731))).unwrap_err();
    assert!(matches!(error, Error::Bundle(BundleError::Pki { .. })), "{error:?}");
}
