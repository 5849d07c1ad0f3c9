//! Day two: what ends, what is renewed, what differs inside files, and what the nodes are to do with it.

use std::path::Path;

use crate::common::{CLUSTER, Outcome, run, write};
use kboot_core::{ClusterSpec, Env, Plan};
use serde_json::{Value, json};

const WORKER: &str = "  - {name: two, addresses: [192.0.2.2], roles: [worker]}\n";

/// A folder whose certificates were made so many days ago, and live a year.
fn built(days: u32, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let spec: ClusterSpec = text.parse().unwrap();
    let ago = Env::system().now().before(format!("{days}d").parse().unwrap()).unwrap();
    let _ = Plan::build(&spec, &folder.path().join("out"), &mut Env::at(ago)).unwrap();
    write(&folder.path().join("cluster.yaml"), text.as_bytes());
    folder
}

fn plan(folder: &Path, more: &str) -> Outcome {
    run(folder, &format!("cluster plan {more}"))
}

fn json_of(folder: &Path, more: &str) -> Value {
    serde_json::from_str(&plan(folder, &format!("-o json {more}")).stdout).unwrap()
}

#[test]
fn what_ends_is_said_and_renewed_when_asked() {
    let folder = built(340, CLUSTER);
    let folder = folder.path();
    let said = plan(folder, "");
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{}", said.stderr);
    for part in
        ["kboot: note: ", "certificates end soon, the first on ", ": admin.conf", "--renew-before 45d"]
    {
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }
    assert_eq!(json_of(folder, "")["notes"].as_array().unwrap().len(), 1);
    let renewing = plan(folder, "--renew-before 45d");
    assert_eq!(renewing.code, Some(1), "{}", renewing.stderr);
    assert!(!renewing.stderr.contains("end soon"), "{}", renewing.stderr);
    let (steps, nodes) = renewing.stdout.split_once("once the files are there:\n").unwrap();
    assert!(steps.lines().all(|line| line.starts_with("replace  ")), "{steps}");
    assert!(steps.contains("pki/apiserver.crt (ends on 2") && steps.contains(", within 45d)"), "{steps}");
    assert!(nodes.contains("restart kube-controller-manager, kube-proxy, kube-scheduler"), "{nodes}");
    assert!(nodes.contains("etcd, kube-apiserver read theirs again by themselves"), "{nodes}");
    assert!(nodes.contains("kboot cluster apply, for manifests/metrics-server-certificate.yaml"), "{nodes}");
    let json = json_of(folder, "--renew-before 45d");
    let node = &json["nodes"][0];
    assert_eq!(
        (&node["node"], &node["isNew"], &node["daemonReload"], &node["readByThemselves"]),
        (&json!("one"), &json!(false), &json!(false), &json!(["etcd", "kube-apiserver"])),
    );
    assert!(
        node["files"]
            .as_array()
            .unwrap()
            .iter()
            .any(|file| file == "nodes/one/etc/kubernetes/scheduler.conf")
    );

    let build = run(folder, "cluster build --renew-before 45d");
    assert_eq!(build.code, Some(0), "{}", build.stderr);
    assert!(
        build.stderr.contains("once the files are there:\n") && build.stderr.contains(nodes),
        "{}",
        build.stderr
    );
    let after = plan(folder, "--renew-before 45d");
    assert!(after.code == Some(0) && !after.stderr.contains("end soon"), "{}", after.stderr);

    let alone = plan(folder, "--rekey");
    assert!(alone.code == Some(2) && alone.stderr.contains("--renew-before"), "{}", alone.stderr);
    let younger = built(100, CLUSTER);
    let rekey = plan(younger.path(), "--renew-before 2y --rekey");
    assert!(rekey.stdout.contains("within 2y; with a new key)"), "{}", rekey.stdout);
}

#[test]
fn an_authority_that_ends_is_a_warning() {
    let text = CLUSTER.replace("spec:\n", "spec:\n  pki: {validity: {authority: 2y}}\n");
    let folder = built(500, &text);
    let said = run(&folder, "cluster build --renew-before 45d");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(
        said.stderr.matches("kboot: warning: the authority authorities/").count(),
        3,
        "{}",
        said.stderr
    );
}

#[test]
fn a_reason_names_the_field_and_a_node_that_left_is_one_line() {
    let folder = built(1, &format!("{CLUSTER}{WORKER}"));
    let moved = CLUSTER.replace("controlPlaneEndpoint: 192.0.2.1", "controlPlaneEndpoint: api.example.com");
    write(&folder.path().join("cluster.yaml"), moved.as_bytes());
    let said = plan(folder.path(), "");
    let line = said.stdout.lines().find(|line| line.contains("kube-proxy/kubeconfig.conf")).unwrap();
    assert!(line.ends_with("(server: https://192.0.2.1:6443 → https://api.example.com:6443)"), "{line}");
    let differs: Vec<&str> = said.stdout.lines().filter(|line| line.contains("it differs")).collect();
    assert!(differs.len() == 1 && differs[0].contains("kboot.json"), "{}", said.stdout);
    let left: Vec<&str> = said.stderr.lines().filter(|line| line.contains("nodes/two")).collect();
    assert_eq!(left.len(), 1, "{}", said.stderr);
    assert_eq!(json_of(folder.path(), "")["leftovers"], json!(["nodes/two"]));
}

/// Whatever somebody could take for a secret: lines of PEM, tokens, and the base64 of both.
fn secrets(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            secrets(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let words = text.split(|c: char| c.is_whitespace() || c == ',' || c == '"');
        let is_long = |word: &&str| word.len() >= 40 && !word.contains(['/', ':', '-', '.']);
        found.extend(words.clone().filter(is_long).map(str::to_owned));
        let mut before = "";
        for word in words {
            if before == "token-secret:" || before == "token:" {
                found.push(word.rsplit('.').next().unwrap().to_owned());
            }
            before = word;
        }
    }
}

#[test]
fn a_difference_shows_lines_and_fields_and_no_secret() {
    for more in ["", "  join: {nodeCredentials: static-token}\n"] {
        let folder = built(340, &CLUSTER.replace("  nodes:", &format!("{more}  nodes:")));
        let folder = folder.path();
        let edited =
            "  components: {kubelet: {config: {maxPods: 50}}}\n  network: {etcdClientSecret: etcd}\n";
        let text = CLUSTER.replace("  nodes:", &format!("{more}{edited}  nodes:"));
        write(&folder.join("cluster.yaml"), text.as_bytes());
        let token = if more.is_empty() { "--new-token" } else { "" };
        let arguments = format!("--renew-before 45d --rekey {token}");
        let table = plan(folder, &format!("--diff {arguments}"));
        assert_eq!(table.code, Some(1), "{}", table.stderr);
        let json = json_of(folder, &format!("--diff {arguments}"));
        for part in [
            "--- nodes/one/var/lib/kubelet/config.yaml\n",
            "\n+maxPods: 50\n",
            "\n@@ -",
            "--- nodes/one/etc/kubernetes/pki/apiserver.crt\n",
            "\n-notAfter: ",
            "\n+notAfter: ",
            "--- nodes/one/etc/kubernetes/pki/apiserver.key\n-publicKey: sha256:",
            "\n+client-certificate-data.serial: ",
            "\n+tls.crt.serial: ",
        ] {
            assert!(table.stdout.contains(part), "{part}: {}", table.stdout);
        }
        assert_eq!(table.stdout.contains(".(not shown)\n"), more.is_empty(), "{}", table.stdout);
        let of_key = json["files"].as_array().unwrap().iter();
        let of_key =
            of_key.clone().find(|file| file["file"].as_str().unwrap().ends_with("/apiserver.key")).unwrap();
        assert_eq!(of_key["diff"].as_array().unwrap().len(), 2);
        assert!(json_of(folder, &arguments)["files"][0].get("diff").is_none());

        let mut found = Vec::new();
        secrets(&folder.join("out"), &mut found);
        let built = run(folder, &format!("cluster build {arguments}"));
        assert_eq!(built.code, Some(0), "{}", built.stderr);
        secrets(&folder.join("out"), &mut found);
        assert!(found.len() > 100, "{}", found.len());
        let shown = table.stdout + &json.to_string();
        assert!(!shown.contains("PRIVATE KEY"));
        for secret in found {
            assert!(secret.len() < 8 || !shown.contains(&secret), "{secret}");
        }
    }
}

/// What lies there may be anything: a key that somebody put into a text is not shown.
#[test]
fn a_key_in_the_place_of_a_text_is_not_shown() {
    let folder = built(1, CLUSTER);
    let key = folder.path().join("out/authorities/ca.key");
    let key = std::fs::read_to_string(key).unwrap();
    let config = folder.path().join("out/nodes/one/var/lib/kubelet/config.yaml");
    write(&config, key.as_bytes());
    let shown = plan(folder.path(), "--diff");
    let body = key.lines().nth(1).unwrap();
    assert!(shown.stdout.contains("--- nodes/one/var/lib/kubelet/config.yaml\n"), "{}", shown.stdout);
    assert!(!shown.stdout.contains(body) && !shown.stdout.contains("PRIVATE KEY"), "{}", shown.stdout);
}
