//! Labels and taints that nodes register with, by version, and what a cluster file cannot ask of a kubelet.

use kboot_core::cluster::{ClusterSpec, Taint};
use kboot_core::component::Component;

const CLUSTER: &str = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: 192.0.2.1
  nodes:
  - {name: one, addresses: [192.0.2.1], roles: [control-plane, etcd, worker]}
  - {name: two, addresses: [192.0.2.2], roles: [worker]}
";

/// The cluster with fields added to its second node.
fn with(fields: &str) -> String {
    CLUSTER.replace("roles: [worker]}", &format!("roles: [worker], {fields}}}"))
}

/// What a node's kubelet registers with: its flags, and its configuration file.
fn registered(text: &str, node: usize) -> (Vec<String>, String) {
    let spec: ClusterSpec = text.parse().unwrap();
    let node = &spec.nodes()[node];
    let flags = Component::Kubelet.arguments(&spec, node).into_iter();
    let flags = flags.filter(|flag| flag.starts_with("--node-labels") || flag.starts_with("--register-with"));
    let files = Component::Kubelet.files(&spec, node).unwrap();
    let file = files.iter().find(|file| file.path.ends_with("config.yaml")).map(|file| &file.content);
    let taints = file.and_then(|text| text.split_once("registerWithTaints:\n"));
    let taints = taints.map_or("", |(_, rest)| rest.split("rotateCertificates").next().unwrap_or_default());
    (flags.collect(), taints.to_owned())
}

#[test]
fn a_node_registers_as_the_file_says() {
    let text = with(
        "labels: {disk: ssd, topology.kubernetes.io/zone: a}, taints: ['dedicated=db:NoSchedule', 'x:NoExecute']",
    );
    let labels = "--node-labels=disk=ssd,topology.kubernetes.io/zone=a";
    let taints = "- effect: NoSchedule\n  key: dedicated\n  value: db\n- effect: NoExecute\n  key: x\n";
    assert_eq!(registered(&text, 1), (vec![labels.to_owned()], taints.to_owned()));
    let old = text.replace("v1.36.4", "v1.22.0");
    let flags = [labels, "--register-with-taints=dedicated=db:NoSchedule,x=:NoExecute"].map(str::to_owned);
    assert_eq!(registered(&old, 1), (flags.into(), String::new()));
    // And it is written as it was read.
    let spec: ClusterSpec = text.parse().unwrap();
    assert_eq!(spec.to_yaml().unwrap().parse::<ClusterSpec>().unwrap(), spec);
    let without: ClusterSpec = with("taints: []").parse().unwrap();
    assert_eq!(without.to_yaml().unwrap().parse::<ClusterSpec>().unwrap(), without);
}

#[test]
fn machines_of_the_control_plane_are_tainted_where_pods_have_another_place() {
    let taints = |text: &str| {
        let spec: ClusterSpec = text.parse().unwrap();
        spec.taints_of(&spec.nodes()[0]).iter().map(Taint::to_string).collect::<Vec<_>>().join(" ")
    };
    let (new, old) =
        ("node-role.kubernetes.io/control-plane:NoSchedule", "node-role.kubernetes.io/master:NoSchedule");
    assert_eq!(taints(CLUSTER), new);
    for (version, expected) in [
        ("v1.6.0", old.to_owned()),
        ("v1.23.0", old.to_owned()),
        ("v1.24.0", format!("{new} {old}")),
        ("v1.25.0", new.to_owned()),
    ] {
        assert_eq!(taints(&CLUSTER.replace("v1.36.4", version)), expected, "{version}");
    }
    let flag = format!("--register-with-taints={}", old.replace(':', "=:"));
    assert_eq!(registered(&CLUSTER.replace("v1.36.4", "v1.20.2"), 0).0, [flag]);
    assert_eq!(registered(CLUSTER, 1), (Vec::new(), String::new()));
    // One that is told otherwise, one that runs no pods, and one that has no other.
    assert_eq!(taints(&CLUSTER.replace("etcd, worker]", "etcd, worker], taints: []")), "");
    assert_eq!(taints(&CLUSTER.replace("etcd, worker]", "etcd]")), "");
    let alone: Vec<&str> = CLUSTER.lines().filter(|line| !line.contains("two")).collect();
    assert_eq!(taints(&alone.join("\n")), "");
    let masters = CLUSTER.replace("roles: [worker]", "roles: [control-plane, worker]");
    assert_eq!(taints(&masters), "");
}

#[test]
fn what_no_kubelet_may_do_is_refused() {
    let role = with("labels: {node-role.kubernetes.io/worker: ''}");
    let cases = [
        (
            role.as_str(),
            "spec.nodes[1].labels: a kubelet may not give its own node node-role.kubernetes.io/worker (NodeRestriction); \
             leave it out, and once the node is there: kubectl label node two node-role.kubernetes.io/worker=",
        ),
        (&with("labels: {'a b': c}"), "spec.nodes[1].labels: \"a b\" is not a label key"),
        (&with("labels: {disk: a/b}"), "spec.nodes[1].labels.disk: \"a/b\" is not a label value"),
        (&with("labels: {x.node-restriction.kubernetes.io/a: b}"), "spec.nodes[1].labels: a kubelet may not"),
        (
            &with("taints: [dedicated]"),
            "spec.nodes[1].taints[0]: \"dedicated\" is not a taint: write KEY[=VALUE]:EFFECT",
        ),
        (
            &with("taints: ['a:noschedule']"),
            "spec.nodes[1].taints[0]: \"noschedule\" is not the effect of a taint",
        ),
        (
            &with("taints: ['a=1:NoSchedule', 'a=2:NoSchedule']"),
            "spec.nodes[1].taints[1]: a:NoSchedule is there already",
        ),
        (
            &CLUSTER.replace("etcd, worker]", "etcd], labels: {disk: ssd}"),
            "spec.nodes[0].labels: a machine without the role worker has no kubelet",
        ),
        (
            &with("labels: {a: b}")
                .replace("  nodes:", "  components: {kubelet: {extraArgs: {node-labels: c=d}}}\n  nodes:"),
            "spec.components.kubelet.extraArgs.node-labels: takes the place of spec.nodes[].labels",
        ),
        (
            &with("taints: []")
                .replace("  nodes:", "  components: {kubelet: {config: {registerWithTaints: []}}}\n  nodes:"),
            "spec.components.kubelet.config.registerWithTaints: takes the place of spec.nodes[].taints",
        ),
    ];
    for (text, expected) in cases {
        let error = text.parse::<ClusterSpec>().expect_err(text);
        let problems: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{problems:#?}");
    }
    for key in
        ["a", "example.com/a", "node.kubernetes.io/pool", "x.kubelet.kubernetes.io/a", "mykubernetes.io/a"]
    {
        assert!(with(&format!("labels: {{{key}: b}}")).parse::<ClusterSpec>().is_ok(), "{key}");
    }
}
