//! The output folder: nothing is lost, nothing is half written, a second run changes nothing.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use kboot_core::bundle::{BundleError, FileAction, FileKind};
use kboot_core::kubeconfig::Kubeconfig;
use kboot_core::x509::{Certificate, PrivateKey};
use kboot_core::{Bundle, CaSet, CertificateAuthority, ClusterSpec, Env, Error, KeyAlgorithm, Plan};

const CLUSTER: &str = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: 192.0.2.1
  join: {servingCertificates: issued}
  nodes:
  - {name: one, addresses: [192.0.2.1], roles: [control-plane, etcd, worker]}
  - {name: two, addresses: [192.0.2.2], roles: [worker]}
";

fn spec() -> ClusterSpec {
    CLUSTER.parse().unwrap()
}

fn build(spec: &ClusterSpec, out: &Path) -> Result<Plan, Error> {
    Plan::build(spec, out, &mut Env::system())
}

/// Every file with its bytes, mode and time of change.
fn tree(folder: &Path) -> BTreeMap<String, (Vec<u8>, u32, std::time::SystemTime)> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.extend(tree(&path).into_iter().map(|(below, file)| (format!("{name}/{below}"), file)));
        } else {
            let metadata = fs::metadata(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let content = fs::read(&path).unwrap();
            files.insert(
                name,
                (content, metadata.permissions().mode() & 0o7777, metadata.modified().unwrap()),
            );
        }
    }
    files
}

#[test]
fn a_second_run_changes_nothing() {
    let out = tempfile::tempdir().unwrap();
    let first = build(&spec(), out.path()).unwrap();
    assert_eq!(first.count(FileAction::Create), first.steps().len());
    let before = tree(out.path());
    assert_eq!(before.len(), first.steps().len(), "nothing but the bundle is left in the folder");
    let second = build(&spec(), out.path()).unwrap();
    assert!(second.is_done());
    assert_eq!(tree(out.path()), before);
}

#[test]
fn a_file_says_what_it_is() {
    let text = CLUSTER.replace(
        "  nodes:\n",
        "  user: {name: kube, group: k8s}\n  kubeconfigs: {certificates: files}\n  nodes:\n",
    );
    let spec: ClusterSpec = text.parse().unwrap();
    let mut env = Env::system();
    let authorities = CaSet::create(&spec, &mut env).unwrap();
    let bundle = Bundle::render(&spec, &authorities.issue(&spec, &mut env).unwrap()).unwrap();
    let mut kinds = BTreeMap::<FileKind, usize>::new();
    for file in bundle.artifacts() {
        *kinds.entry(file.kind).or_default() += 1;
        let path = file.path.as_str();
        let of = path.strip_prefix("nodes/").and_then(|rest| rest.split('/').next());
        assert_eq!(file.node.as_ref().map(|node| node.as_str()), of, "{path}");
        let pem = std::str::from_utf8(file.content.expose_bytes()).unwrap();
        let (is_authority, holds_key) = (path.ends_with("ca.crt"), pem.contains("PRIVATE KEY-----\n"));
        let expected = match file.kind {
            FileKind::CaKey => path.ends_with("ca.key") && holds_key,
            FileKind::PrivateKey => path.ends_with(".key") && !path.ends_with("ca.key") && holds_key,
            FileKind::PublicKey => path.ends_with("sa.pub"),
            FileKind::CaCertificate => is_authority,
            FileKind::Certificate => path.ends_with(".crt") && !is_authority,
            FileKind::Kubeconfig => pem.contains("kind: Config\n"),
            FileKind::Manifest => path.starts_with("manifests/"),
            FileKind::Unit => path.ends_with(".service"),
            FileKind::InstallScript => path.starts_with("install/") && !holds_key,
            FileKind::Inventory => path == "kboot.json",
            FileKind::Configuration => !holds_key,
            _ => false,
        };
        assert!(expected, "{path} is no {:?}", file.kind);
        let is_public = matches!(
            file.kind,
            FileKind::PublicKey
                | FileKind::CaCertificate
                | FileKind::Certificate
                | FileKind::Unit
                | FileKind::Configuration
                | FileKind::InstallScript
                | FileKind::Inventory
        );
        let is_public = is_public || path == "manifests/rbac.yaml";
        assert_eq!(file.mode(), if is_public { 0o644 } else { 0o600 }, "{path}");
    }
    assert_eq!(kinds[&FileKind::CaKey], 4, "{kinds:?}");
    // Where a file of systemd's says whose files are, the same files say it.
    for node in ["one", "two"] {
        let own = |path: &str| path.strip_prefix(&format!("nodes/{node}")).map(str::to_owned);
        let entries = bundle
            .artifacts()
            .iter()
            .find(|file| {
                own(file.path.as_str()).is_some_and(|path| path == "/etc/tmpfiles.d/kubernetes.conf")
            })
            .map(|file| String::from_utf8(file.content.expose_bytes().to_vec()).unwrap())
            .unwrap_or_default();
        let mut listed: Vec<&str> = entries
            .lines()
            .filter_map(|line| line.strip_prefix("z ")?.strip_suffix(" 0600 kube k8s"))
            .collect();
        let mut owned: Vec<String> = bundle
            .artifacts()
            .iter()
            .filter(|file| {
                let owner = file.owner.as_ref();
                owner.is_some_and(|owner| owner.user.as_str() == "kube" && owner.group.as_str() == "k8s")
            })
            .filter_map(|file| own(file.path.as_str()))
            .collect();
        listed.sort_unstable();
        owned.sort_unstable();
        assert_eq!(owned, listed, "{node}");
        assert_eq!(owned.is_empty(), node == "two", "{entries}");
    }
}

#[test]
fn modes_are_those_of_secrets() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    for (path, (content, mode, _)) in tree(out.path()) {
        let text = String::from_utf8(content).unwrap();
        let secret = text.contains("PRIVATE KEY")
            || text.contains("client-key-data")
            || text.contains(" token: ")
            || text.contains("token-secret");
        assert_eq!(mode, if secret { 0o600 } else { 0o644 }, "{path}");
    }
    for (folder, mode) in [
        ("authorities", 0o700),
        ("authorities/etcd", 0o700),
        ("nodes", 0o700),
        ("manifests", 0o700),
        ("nodes/one", 0o755),
        ("nodes/one/etc/kubernetes", 0o755),
        ("nodes/one/var/lib/kubelet", 0o700),
    ] {
        assert_eq!(
            fs::metadata(out.path().join(folder)).unwrap().permissions().mode() & 0o7777,
            mode,
            "{folder}"
        );
    }
}

#[test]
fn planning_writes_nothing() {
    let out = tempfile::tempdir().unwrap();
    let below = out.path().join("not-there");
    let plan = Plan::of(&spec(), &below, &mut Env::system()).unwrap();
    assert!(!plan.is_done() && !below.exists());
}

/// A change of a certificate's names reissues that certificate, for the key that is there.
#[test]
fn a_change_reissues_what_it_concerns_and_keeps_every_key() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let before = tree(out.path());
    let changed: ClusterSpec =
        CLUSTER.replace("  join:", "  pki: {apiServerSANs: [k8s.example.com]}\n  join:").parse().unwrap();
    let plan = build(&changed, out.path()).unwrap();
    let replaced: Vec<&str> = plan
        .steps()
        .iter()
        .filter(|step| step.action == FileAction::Replace)
        .map(|step| step.path.as_str())
        .collect();
    assert_eq!(replaced, ["nodes/one/etc/kubernetes/pki/apiserver.crt", "kboot.json"]);
    assert!(plan.leftovers().is_empty(), "{:?}", plan.leftovers());
    let reason = plan.steps().iter().find_map(|step| step.reason.clone()).unwrap().to_string();
    assert!(reason.contains("DNS:k8s.example.com"), "{reason}");
    let after = tree(out.path());
    for (path, (content, ..)) in &before {
        if path.ends_with(".key") {
            assert_eq!(content, &after[path].0, "{path} was overwritten");
        }
    }
    let read = |path: &str| fs::read(out.path().join(path)).unwrap();
    let certificate = Certificate::from_pem(&read("nodes/one/etc/kubernetes/pki/apiserver.crt")).unwrap();
    let key = PrivateKey::from_pem(&read("nodes/one/etc/kubernetes/pki/apiserver.key")).unwrap();
    assert_eq!(certificate.facts().public_key.der(), key.public_key().der());
}

#[test]
fn expired_certificates_are_something_to_do_and_tokens_are_not() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let read = |path: &str| fs::read_to_string(out.path().join(path)).unwrap();
    let (token, admin) = (read("manifests/bootstrap-token.yaml"), read("admin.conf"));
    let hours = Env::system().now().after("25h".parse().unwrap()).unwrap();
    let plan = Plan::of(&spec(), out.path(), &mut Env::at(hours)).unwrap();
    assert!(plan.is_done() && plan.expired_token().is_some());
    let years = Env::system().now().after("2y".parse().unwrap()).unwrap();
    let plan = Plan::build(&spec(), out.path(), &mut Env::at(years)).unwrap();
    let reason = |path: &str| {
        let step = plan.steps().iter().find(|step| step.path.as_str() == path).unwrap();
        step.reason.as_ref().unwrap().to_string()
    };
    assert!(reason("admin.conf").starts_with("expired on"), "{}", reason("admin.conf"));
    assert_eq!(read("manifests/bootstrap-token.yaml"), token);
    let key = |text: &str| {
        text.parse::<Kubeconfig>().unwrap().client_certificate().unwrap().1.public_key().der().to_vec()
    };
    assert_eq!(key(&read("admin.conf")), key(&admin), "a renewed certificate keeps its key");
}

#[test]
fn an_authority_that_cannot_be_used_stops_everything() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let (certificate, key) = (out.path().join("authorities/ca.crt"), out.path().join("authorities/ca.key"));
    let before = tree(out.path());
    let refused = |what: &str, named: &Path| {
        let error = build(&spec(), out.path()).expect_err(what);
        let text = format!("{error}");
        assert!(text.contains(named.to_str().unwrap()), "{what}: {text}");
    };

    let saved = out.path().with_extension("saved");
    fs::rename(&key, &saved).unwrap();
    refused("a certificate without its key", &key);
    fs::copy(out.path().join("authorities/sa.key"), &key).unwrap();
    refused("a key of another certificate", &certificate);
    fs::remove_file(&key).unwrap();
    fs::rename(&saved, &key).unwrap();

    let garbage = out.path().join("authorities/front-proxy-ca.key");
    fs::rename(&garbage, &saved).unwrap();
    kboot_core::bundle::write_new(&garbage, b"garbage", 0o600).unwrap();
    refused("a key that is garbage", &garbage);
    fs::rename(&saved, &garbage).unwrap();

    let far = Env::system().now().after("11y".parse().unwrap()).unwrap();
    let error = Plan::build(&spec(), out.path(), &mut Env::at(far)).unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("valid from"), "{error}: {cause}");
    assert_eq!(tree(out.path()), before);
}

#[test]
fn an_authority_can_be_brought_in_another_spelling() {
    let out = tempfile::tempdir().unwrap();
    let Some(openssl) = kboot_testkit::Oracle::find("openssl") else { return };
    let authorities = out.path().join("authorities");
    fs::create_dir(&authorities).unwrap();
    fs::set_permissions(&authorities, Permissions::from_mode(0o700)).unwrap();
    for arguments in [
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out ca.key",
        "req -new -x509 -key ca.key -subj /O=Mine/CN=my-ca -days 3650 -addext keyUsage=keyCertSign -out ca.crt",
    ] {
        let verdict = openssl.run(&authorities, &arguments.split(' ').collect::<Vec<_>>());
        assert!(verdict.accepted, "{verdict}");
    }
    fs::set_permissions(authorities.join("ca.key"), Permissions::from_mode(0o600)).unwrap();
    let key = fs::read(authorities.join("ca.key")).unwrap();
    assert!(key.starts_with(b"-----BEGIN PRIVATE KEY-----"));
    let _ = build(&spec(), out.path()).unwrap();
    assert_eq!(fs::read(authorities.join("ca.key")).unwrap(), key);
    assert!(build(&spec(), out.path()).unwrap().is_done());
    let leaf = out.path().join("nodes/one/etc/kubernetes/pki/apiserver.crt");
    let verdict = openssl.run(&authorities, &["verify", "-CAfile", "ca.crt", leaf.to_str().unwrap()]);
    assert!(verdict.accepted, "{verdict}");
}

#[test]
fn keys_without_certificates_are_completed() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let etcd = out.path().join("authorities/etcd/ca.key");
    let key = fs::read(&etcd).unwrap();
    fs::remove_file(out.path().join("authorities/etcd/ca.crt")).unwrap();
    fs::remove_file(out.path().join("nodes/two/var/lib/kubelet/pki/kubelet.crt")).unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    assert_eq!(fs::read(&etcd).unwrap(), key);
    assert!(build(&spec(), out.path()).unwrap().is_done());
}

#[test]
fn another_bundle_does_not_overwrite_keys() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let before = tree(out.path());
    let mut env = Env::system();
    let authorities = CaSet::create(&spec(), &mut env).unwrap();
    let pki = authorities.issue(&spec(), &mut env).unwrap();
    let error = Bundle::render(&spec(), &pki).unwrap().plan(out.path()).unwrap_err();
    assert!(matches!(error, BundleError::WouldOverwriteKey { .. }), "{error}");
    assert_eq!(tree(out.path()), before);
}

/// A plan that has grown old: keys that came into the folder since are not overwritten.
#[test]
fn an_old_plan_does_not_overwrite_keys() {
    let out = tempfile::tempdir().unwrap();
    let old = Plan::of(&spec(), out.path(), &mut Env::system()).unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let before = tree(out.path());
    let error = old.apply().unwrap_err();
    assert!(matches!(error, BundleError::WouldOverwriteKey { .. }), "{error}");
    assert_eq!(tree(out.path()), before);
}

#[test]
fn a_key_of_any_user_in_a_kubeconfig_is_kept() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let admin = out.path().join("admin.conf");
    let other = fs::read_to_string(out.path().join("super-admin.conf")).unwrap();
    let mut text = fs::read_to_string(&admin).unwrap();
    text.push_str(other.split("users:\n").nth(1).unwrap());
    fs::remove_file(&admin).unwrap();
    kboot_core::bundle::write_new(&admin, text.as_bytes(), 0o600).unwrap();
    let error = build(&spec(), out.path()).unwrap_err();
    assert!(matches!(error, Error::Bundle(BundleError::WouldOverwriteKey { .. })), "{error}");
    assert_eq!(fs::read_to_string(&admin).unwrap(), text);
    // Nor is someone's token lost that was put in.
    let text =
        text.replace(other.split("users:\n").nth(1).unwrap(), "- name: jane\n  user:\n    token: abcdef\n");
    fs::remove_file(&admin).unwrap();
    kboot_core::bundle::write_new(&admin, text.as_bytes(), 0o600).unwrap();
    let error = build(&spec(), out.path()).unwrap_err();
    assert!(matches!(error, Error::Bundle(BundleError::WouldOverwriteKey { .. })), "{error}");
    assert_eq!(fs::read_to_string(&admin).unwrap(), text);
}

#[test]
fn nodes_come_and_go() {
    let out = tempfile::tempdir().unwrap();
    let worker = |names: &[&str]| -> ClusterSpec {
        let nodes = names.iter().enumerate().map(|(i, name)| {
            format!("  - {{name: {name}, addresses: [192.0.2.{}], roles: [worker]}}\n", i + 10)
        });
        (CLUSTER.split("  - {name: one").next().unwrap().to_owned()
            + "  - {name: one, addresses: [192.0.2.1], roles: [control-plane, etcd]}\n"
            + &nodes.collect::<String>())
            .parse()
            .unwrap()
    };
    for names in [&["a"][..], &["b"], &["a", "b"], &[], &["c"]] {
        let _ = build(&worker(names), out.path()).unwrap();
        let again = build(&worker(names), out.path()).unwrap();
        assert!(again.is_done(), "{names:?}");
    }
    let plan = Plan::of(&worker(&["c"]), out.path(), &mut Env::system()).unwrap();
    let left: Vec<&str> = plan.leftovers().iter().map(|path| path.as_str()).collect();
    assert_eq!(left, ["nodes/a", "nodes/b"], "a node that left is its folder");
    assert!(
        !left.iter().any(|path| path.starts_with("nodes/c/") || path.starts_with("nodes/one/")),
        "{left:?}"
    );
    fs::remove_dir_all(out.path().join("nodes/a")).unwrap();
    let plan = Plan::of(&worker(&["c"]), out.path(), &mut Env::system()).unwrap();
    let left: Vec<&str> = plan.leftovers().iter().map(|path| path.as_str()).collect();
    assert_eq!(left, ["nodes/b", "install/a.sh"], "a script without its folder is left, too");
}

#[test]
fn what_is_new_beside_others_of_its_kind_is_told() {
    let out = tempfile::tempdir().unwrap();
    let notes = |spec: &ClusterSpec, is_warning: bool| -> Vec<String> {
        let plan = Plan::of(spec, out.path(), &mut Env::system()).unwrap();
        let notes = plan.notes().iter().filter(|note| note.is_warning() == is_warning);
        notes.map(ToString::to_string).collect()
    };
    let _ = build(&spec(), out.path()).unwrap();
    assert!(notes(&spec(), true).is_empty() && notes(&spec(), false).is_empty());

    let two = CLUSTER.replace("roles: [worker]", "roles: [etcd]");
    let three = format!("{}\n  - {{name: three, addresses: [192.0.2.33], roles: [etcd]}}\n", two.trim_end());
    let (two, three): (ClusterSpec, ClusterSpec) = (two.parse().unwrap(), three.parse().unwrap());
    let said = notes(&two, false).concat();
    assert!(said.starts_with("two becomes a member of etcd: run etcdctl member add"), "{said}");
    let said = notes(&three, true).concat();
    assert!(said.starts_with("two and three become members of etcd, which takes one at a time"), "{said}");
    let _ = build(&two, out.path()).unwrap();
    assert!(notes(&two, false).is_empty(), "whoever has built with it knows");

    // As from a master, after the folder was lost.
    let authorities = out.path().join("authorities");
    let keep: Vec<_> =
        ["ca.crt", "ca.key"].map(|name| (name, fs::read(authorities.join(name)).unwrap())).into();
    out.close().unwrap();
    let out = tempfile::tempdir().unwrap();
    let authorities = out.path().join("authorities");
    fs::create_dir(&authorities).unwrap();
    fs::set_permissions(&authorities, Permissions::from_mode(0o700)).unwrap();
    for (name, bytes) in keep {
        kboot_core::bundle::write_new(&authorities.join(name), &bytes, 0o600).unwrap();
    }
    let plan = Plan::of(&two, out.path(), &mut Env::system()).unwrap();
    let said: Vec<String> =
        plan.notes().iter().filter(|note| note.is_warning()).map(ToString::to_string).collect();
    let said = said.concat();
    assert!(
        said.starts_with("authorities/etcd/ca.crt and authorities/front-proxy-ca.crt are new, while"),
        "{said}"
    );
}

#[test]
fn keys_of_a_role_that_a_node_lost_are_named() {
    let out = tempfile::tempdir().unwrap();
    let all = CLUSTER.replace("roles: [worker]", "roles: [control-plane, etcd, worker]");
    let _ = build(&all.parse().unwrap(), out.path()).unwrap();
    let plan = build(&spec(), out.path()).unwrap();
    let left: Vec<&str> = plan.leftovers().iter().map(|path| path.as_str()).collect();
    for path in ["pki/ca.key", "pki/sa.key", "pki/etcd/server.key", "controller-manager.conf"] {
        assert!(
            left.contains(&format!("nodes/two/etc/kubernetes/{path}").as_str()),
            "{path} is not among {left:?}"
        );
    }
}

/// Its key alone does not bring back a certificate of another name that others trust.
#[test]
fn a_lost_certificate_of_an_imported_authority_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let mut env = Env::system();
    let own = CertificateAuthority::create("mine", KeyAlgorithm::EcdsaP256, "10y".parse().unwrap(), &mut env);
    let own = own.unwrap();
    let authorities = folder.path().join("authorities");
    fs::create_dir(&authorities).unwrap();
    fs::set_permissions(&authorities, Permissions::from_mode(0o700)).unwrap();
    let write = |name: &str, text: &str, mode| {
        kboot_core::bundle::write_new(&authorities.join(name), text.as_bytes(), mode).unwrap();
    };
    write("ca.key", own.key().to_pem().unwrap().expose_secret(), 0o600);
    write("ca.crt", &own.certificate().to_pem(), 0o644);
    let _ = build(&spec(), folder.path()).unwrap();
    fs::remove_file(authorities.join("ca.crt")).unwrap();
    let error = build(&spec(), folder.path()).unwrap_err();
    assert!(matches!(error, Error::Bundle(BundleError::LostAuthority { .. })), "{error:?}");
}

#[test]
fn a_lost_authority_is_not_replaced() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    fs::remove_dir_all(out.path().join("authorities")).unwrap();
    let error = build(&spec(), out.path()).unwrap_err();
    assert!(matches!(error, Error::Bundle(BundleError::LostAuthority { .. })), "{error}");
}

#[test]
fn a_leaf_that_outlives_a_renewed_authority_is_reissued() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    fs::remove_file(out.path().join("authorities/ca.crt")).unwrap();
    let short = CLUSTER.replace("  join:", "  pki: {validity: {authority: 10d, certificate: 5d}}\n  join:");
    let _ = build(&short.parse().unwrap(), out.path()).unwrap();
    let end = |path: &str| {
        let certificate = Certificate::from_pem(&fs::read(out.path().join(path)).unwrap()).unwrap();
        certificate.facts().validity.not_after
    };
    assert!(end("nodes/one/etc/kubernetes/pki/apiserver.crt") <= end("authorities/ca.crt"));
}

#[test]
fn a_token_that_was_narrowed_by_hand_stays_narrow() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let path = out.path().join("manifests/bootstrap-token.yaml");
    let narrow = fs::read_to_string(&path).unwrap().replace("  usage-bootstrap-signing: \"true\"\n", "");
    fs::remove_file(&path).unwrap();
    kboot_core::bundle::write_new(&path, narrow.as_bytes(), 0o600).unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), narrow);
}

#[test]
fn a_change_of_the_key_algorithm_is_said_to_keep_keys() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let other = CLUSTER.replace("  join:", "  pki: {key: ecdsa-p384}\n  join:").parse().unwrap();
    let plan = Plan::of(&other, out.path(), &mut Env::system()).unwrap();
    assert!(plan.is_done() && plan.notes()[0].to_string().contains("not ecdsa-p384"), "{:?}", plan.notes());
}

#[test]
fn a_folder_that_hands_on_its_group_is_no_obstacle() {
    let out = tempfile::tempdir().unwrap();
    fs::set_permissions(out.path(), Permissions::from_mode(0o2775)).unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    assert!(build(&spec(), out.path()).unwrap().is_done());
    let etc = fs::metadata(out.path().join("nodes/one/etc")).unwrap();
    assert_eq!(etc.permissions().mode() & 0o7777, 0o755);
    fs::set_permissions(out.path(), Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(build(&spec(), out.path()), Err(Error::Bundle(BundleError::LooseMode { .. }))));
}

#[test]
fn what_is_open_to_others_is_named_at_once_with_the_command_that_mends_it() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    // As kubeadm leaves its folders, and as a copy of its keys often is.
    for (path, mode) in [
        ("authorities", 0o755),
        ("authorities/etcd", 0o755),
        ("authorities/ca.key", 0o644),
        ("authorities/etcd/ca.key", 0o644),
        ("authorities/ca.crt", 0o664),
        ("admin.conf", 0o640),
        ("nodes/one/etc/kubernetes/pki/apiserver.key", 0o604),
    ] {
        fs::set_permissions(out.path().join(path), Permissions::from_mode(mode)).unwrap();
    }
    let error = build(&spec(), out.path()).unwrap_err();
    let Error::Bundle(BundleError::LooseMode { found }) = &error else { panic!("{error}") };
    assert_eq!(found.len(), 7, "{error}");
    let text = error.to_string();
    let command = text.rsplit_once("run ").unwrap().1;
    assert!(command.contains("chmod 0700 ") && command.contains(" && chmod 0600 "), "{text}");
    let mended = std::process::Command::new("sh").args(["-c", command]).status().unwrap();
    assert!(mended.success() && build(&spec(), out.path()).unwrap().is_done());
}

#[test]
fn what_belongs_to_a_stranger_is_not_used() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    for path in ["authorities/ca.key", "authorities", "kboot.json"] {
        if std::os::unix::fs::chown(out.path().join(path), Some(65534), None).is_err() {
            eprintln!("SKIPPED: only root can give a file away");
            return;
        }
        let error = build(&spec(), out.path()).unwrap_err();
        assert!(matches!(error, Error::Bundle(BundleError::ForeignOwner { .. })), "{path}: {error}");
        std::os::unix::fs::chown(out.path().join(path), Some(0), None).unwrap();
    }
    assert!(build(&spec(), out.path()).unwrap().is_done());
}

#[test]
fn loose_modes_links_and_folders_are_named() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let path = |name: &str| out.path().join(name);
    let refused = |named: &Path| {
        let error = build(&spec(), out.path()).unwrap_err().to_string();
        assert!(error.contains(named.to_str().unwrap()), "{}: {error}", named.display());
    };
    for (file, loose, right) in [
        ("authorities/ca.key", 0o644, 0o600),
        ("admin.conf", 0o640, 0o600),
        ("manifests/bootstrap-token.yaml", 0o604, 0o600),
        ("nodes/one/etc/kubernetes/pki/apiserver.key", 0o660, 0o600),
        ("nodes/one/etc/systemd/system/kubelet.service", 0o666, 0o644),
        ("authorities", 0o755, 0o700),
        ("nodes", 0o750, 0o700),
    ] {
        fs::set_permissions(path(file), Permissions::from_mode(loose)).unwrap();
        refused(&path(file));
        fs::set_permissions(path(file), Permissions::from_mode(right)).unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    for file in ["authorities/sa.key", "kboot.json", "nodes/two/etc/kubernetes", "nodes/one", "authorities"] {
        let away = elsewhere.path().join("away");
        fs::rename(path(file), &away).unwrap();
        symlink(&away, path(file)).unwrap();
        refused(&path(file));
        fs::remove_file(path(file)).unwrap();
        if !away.is_dir() {
            fs::create_dir(path(file)).unwrap();
            refused(&path(file));
            fs::remove_dir(path(file)).unwrap();
        }
        fs::rename(&away, path(file)).unwrap();
    }
    assert!(build(&spec(), out.path()).unwrap().is_done());
}

#[test]
fn two_builds_at_once() {
    let out = tempfile::tempdir().unwrap();
    let lock = fs::File::open(out.path()).unwrap();
    lock.lock().unwrap();
    let error = build(&spec(), out.path()).unwrap_err();
    assert!(matches!(error, Error::Bundle(BundleError::Locked { .. })), "{error}");
    assert!(tree(out.path()).is_empty());
    drop(lock);
    let _ = build(&spec(), out.path()).unwrap();
}

#[test]
fn leftovers_of_a_killed_run_are_removed() {
    let out = tempfile::tempdir().unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    let leftover = out.path().join("authorities/.ca.key.kboot-tmp");
    kboot_core::bundle::write_new(&leftover, b"half", 0o600).unwrap();
    let _ = build(&spec(), out.path()).unwrap();
    assert!(!leftover.exists());
}
