//! Files in which something is wrong: everything at once, with its value, line and column.

use crate::common::{run, write};

const CLUSTER: &str = r#"apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: Kubernetes}
spec:
  kubernetesVersion: 1.99
  controlPlaneEndpoint: "10.0.0.11:644333"
  network: {podCIDR: "10.0.0.1/8", serviceCIDRs: ["10.96.0.0/99"], clusterDNS: 1.2.3.4}
  nodes:
    - name: cp1
      addresses: [10.0.0.11/24, nonsense]
      roles: [control-plane, etdc]
    - {name: cp2, addresses: [10.0.0.12], rolls: [worker]}
"#;

#[test]
fn a_cluster_file_says_all_of_it_in_one_round() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("cluster.yaml"), CLUSTER.as_bytes());
    let outcome = run(&folder, "cluster plan -f cluster.yaml");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    let expected = [
        r#"kboot: error: cluster.yaml: 11 problems:"#,
        r#"  cluster.yaml:3:12: metadata.name: "Kubernetes" is not a cluster name"#,
        r#"  cluster.yaml:5:3: spec.kubernetesVersion: must be a text, found the number 1.99; put it in quotes"#,
        r#"  cluster.yaml:6:3: spec.controlPlaneEndpoint: "10.0.0.11:644333" is not an API endpoint"#,
        r#"  cluster.yaml:7:13: spec.network.podCIDR: unknown field; did you mean podCIDRs?"#,
        r#"  cluster.yaml:7:51: spec.network.serviceCIDRs[0]: "10.96.0.0/99" is not "#,
        r#"  cluster.yaml:7:68: spec.network.clusterDNS: must be a list, found the text "1.2.3.4""#,
        r#"  cluster.yaml:10:19: spec.nodes[0].addresses[0]: "10.0.0.11/24" is not an address of a machine: leave out what follows the /"#,
        r#"  cluster.yaml:10:33: spec.nodes[0].addresses[1]: "nonsense" is not an address of a machine"#,
        r#"  cluster.yaml:11:30: spec.nodes[0].roles[1]: "etdc" is not one of control-plane, etcd, worker"#,
        r#"  cluster.yaml:12:43: spec.nodes[1].rolls: unknown field; did you mean roles?"#,
        r#"  cluster.yaml:12:7: spec.nodes[1].roles: is missing"#,
    ];
    assert_eq!(lines.len(), expected.len(), "{}", outcome.stderr);
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{expected}\n{}", outcome.stderr);
    }
}

#[test]
fn one_problem_is_one_line_that_editors_can_follow() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| write(&folder.path().join(name), text.as_bytes());
    file("cluster.yaml", "a: [1\nb: 2\n");
    let outcome = run(&folder, "cluster plan -f cluster.yaml");
    assert!(
        outcome.stderr.starts_with("kboot: error: cluster.yaml:2:2: not readable as YAML: "),
        "{}",
        outcome.stderr
    );

    file("policy.yaml", "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec:\n  rules: []\n");
    let outcome = run(&folder, "policy check policy.yaml");
    assert!(outcome.stderr.starts_with("kboot: policy.yaml:4:3: spec.rules: is empty"), "{}", outcome.stderr);
    let outcome = run(&folder, "policy check policy.yaml -o json");
    assert!(
        outcome.stdout.contains("\"line\": 4") && outcome.stdout.contains("\"column\": 3"),
        "{}",
        outcome.stdout
    );

    let nodes = "apiVersion: kboot.dev/v1alpha1\nkind: NodeInventory\nspec:\n  nodes:\n  - {name: a_b, addresses: [10.0.0.1/24], tokenIds: [abcdef.0123456789abcdef]}\n";
    file("nodes.yaml", nodes);
    file("good.yaml", &run(&folder, "policy preset kubelet-serving").stdout);
    let outcome = run(&folder, "csr simulate --policy good.yaml --inventory nodes.yaml -f /dev/null");
    for expected in [
        "nodes.yaml: 3 problems:\n",
        "\n  nodes.yaml:5:6: spec.nodes[0].name: \"a_b\" is not a node name",
        "\n  nodes.yaml:5:29: spec.nodes[0].addresses[0]: \"10.0.0.1/24\"",
        "\n  nodes.yaml:5:54: spec.nodes[0].tokenIds[0]: is not the id",
    ] {
        assert!(outcome.stderr.contains(expected), "{expected}\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("0123456789"), "{}", outcome.stderr);
    file("nodes.yaml", &nodes.replace("[abcdef.0123456789abcdef]", "abcdef.0123456789abcdef"));
    let outcome = run(&folder, "csr simulate --policy good.yaml --inventory nodes.yaml -f /dev/null");
    assert!(outcome.stderr.contains("must be a list, found a text\n"), "{}", outcome.stderr);

    file(
        "facts.yaml",
        "apiVersion: kboot.dev/v1alpha1\nkind: CsrContext\nspec:\n  nodes:\n  - {name: a, addresses: [10.0.0.0/8]}\n",
    );
    let outcome = run(&folder, "csr simulate --policy good.yaml --facts facts.yaml -f /dev/null");
    assert!(outcome.stderr.contains("facts.yaml:5:27: spec.nodes[0].addresses[0]: "), "{}", outcome.stderr);
}

#[test]
fn an_endpoint_of_no_machine_is_a_note_until_it_was_built_with() {
    let folder = tempfile::tempdir().unwrap();
    let says = |stderr: &str| stderr.contains("10.0.0.100:6443 is no machine's of the cluster file");
    let outcome = run(
        &folder,
        "cluster init --node cp1=10.0.0.11:control-plane,etcd,worker --server 10.0.0.100 cluster.yaml",
    );
    assert!(outcome.code == Some(0) && says(&outcome.stderr), "{}", outcome.stderr);
    let outcome = run(&folder, "cluster plan -f cluster.yaml --out out");
    assert!(says(&outcome.stderr), "{}", outcome.stderr);
    let outcome = run(&folder, "cluster build -f cluster.yaml --out out");
    assert!(outcome.code == Some(0) && says(&outcome.stderr), "{}", outcome.stderr);
    let outcome = run(&folder, "cluster plan -f cluster.yaml --out out");
    assert!(outcome.code == Some(0) && !says(&outcome.stderr), "{}", outcome.stderr);
}
