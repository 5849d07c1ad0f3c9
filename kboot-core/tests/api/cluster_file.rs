//! The cluster file from outside: defaults, every cross-check with its path, hostile documents.

use kboot_core::cluster::{COMMENTED_EXAMPLE, ClusterSpec};
use kboot_core::document::Document;
use serde_json::Value;

const VALID: &str = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: 192.0.2.1
  nodes:
  - {name: one, addresses: [192.0.2.1], roles: [control-plane, etcd, worker]}
";

fn problems(text: &str) -> Vec<String> {
    let error = text.parse::<ClusterSpec>().expect_err(text);
    error.problems.iter().map(ToString::to_string).collect()
}

/// The valid file with a part of `spec` added or replaced.
fn with(part: &str) -> String {
    VALID.replace("  nodes:\n", &format!("  {part}\n  nodes:\n"))
}

#[test]
fn examples_are_valid() {
    for text in [
        VALID,
        COMMENTED_EXAMPLE,
        include_str!("../../../examples/single-node.yaml"),
        include_str!("../../../examples/three-masters.yaml"),
    ] {
        let spec: ClusterSpec = text.parse().unwrap();
        assert!(spec.warnings().is_empty(), "{:?}", spec.warnings());
    }
}

#[test]
fn every_commented_field_is_valid_too() {
    let is_field = |text: &str| {
        let text = text.trim_start();
        let key = text.split(':').next().unwrap_or_default();
        text.starts_with("- {") || (text.contains(':') && key.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    let uncommented: String = COMMENTED_EXAMPLE
        .lines()
        .map(|line| match line.split_once("# ") {
            Some((indent, field)) if indent.trim().is_empty() && is_field(field) => {
                format!("{indent}{field}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    for field in [
        "serviceCIDRs",
        "authorities: separate",
        "ttl: 24h",
        "runtime:",
        "sandboxImage",
        "cniPlugins",
        "id: 200",
        "logs:",
        "image:",
        "name: worker-1",
        "labels: {disk: ssd}",
        "audit-log-path",
    ] {
        let shown =
            uncommented.lines().any(|line| line.contains(field) && !line.trim_start().starts_with('#'));
        assert!(shown, "{field} is still a comment in\n{uncommented}");
    }
    let spec: ClusterSpec = uncommented.parse().unwrap();
    assert_eq!(spec.nodes().len(), 3);
}

#[test]
fn all_problems_come_at_once_with_their_paths() {
    let found = problems(
        "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: Kubernetes}
spec:
  kubernetesVersion: v1.5.0
  controlPlaneEndpoint: http://x
  network: {serviceCIDRs: [10.96.0.1/12], podCIDRs: [10.244.0.0/40], dnsDomain: '-', clusterDNS: [x]}
  pki: {validity: {authority: 1w, certificate: 1s}, subject: {country: Japan}, apiServerSANs: [\"a\\0b\"]}
  join: {token: {ttl: soon}}
  nodes:
  - {name: ../../etc, addresses: [], roles: []}
  - {name: two, addresses: [0.0.0.0, 300.1.1.1], roles: [worker]}
",
    );
    for path in [
        "metadata.name",
        "spec.kubernetesVersion",
        "spec.controlPlaneEndpoint",
        "spec.network.serviceCIDRs[0]",
        "spec.network.podCIDRs[0]",
        "spec.network.dnsDomain",
        "spec.network.clusterDNS[0]",
        "spec.pki.validity.authority",
        "spec.pki.validity.certificate",
        "spec.pki.subject.country",
        "spec.pki.apiServerSANs[0]",
        "spec.join.token.ttl",
        "spec.nodes[0].name",
        "spec.nodes[0].addresses",
        "spec.nodes[0].roles",
        "spec.nodes[1].addresses[0]",
        "spec.nodes[1].addresses[1]",
        "spec.nodes: no node has the role control-plane",
        "spec.nodes: no node has the role etcd",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(path)), "{path} is not among {found:#?}");
    }
}

#[test]
fn shape_problems_come_at_once_with_the_closest_name() {
    let found = problems(
        "
apiVersion: kboot.dev/v1
kind: Cluster
metadata: {name: 5, namespace: x}
spec:
  kubernetesVersion: 1.36
  network: {serviceCidrs: [10.0.0.0/8]}
  pki: {key: dsa}
  nodes: {}
",
    );
    for expected in [
        "apiVersion: \"kboot.dev/v1\" is not one of kboot.dev/v1alpha1",
        "metadata.name: must be a text, found the number 5; put it in quotes",
        "metadata.namespace: unknown field",
        "spec.kubernetesVersion: must be a text, found the number 1.36; put it in quotes",
        "spec.network.serviceCidrs: unknown field; did you mean serviceCIDRs?",
        "spec.pki.key: \"dsa\" is not one of ecdsa-p256",
        "spec.nodes: must be a list, found a map",
        "spec.controlPlaneEndpoint: is missing",
    ] {
        assert!(
            found.iter().any(|problem| problem.starts_with(expected)),
            "{expected} is not among {found:#?}"
        );
    }
}

#[test]
fn cross_checks() {
    let node = |part: &str| VALID.replace("  - {name: one", &format!("  - {part}\n  - {{name: one"));
    for (text, expected) in [
        (
            with("network: {serviceCIDRs: [10.96.0.0/12], podCIDRs: [10.100.0.0/16]}"),
            "overlaps the pod range 10.100.0.0/16",
        ),
        (with("network: {clusterDNS: [10.1.0.10]}"), "spec.network.clusterDNS[0]: 10.1.0.10 lies outside"),
        (with("network: {serviceCIDRs: [10.96.0.0/12, 10.0.0.0/16]}"), "different families"),
        (
            with("network: {serviceCIDRs: [10.96.0.0/12, 'fd00::/108']}").replace("[192.0.2.1]", "[192.0.2.1, '2001:db8::1']"),
            "spec.network.podCIDRs: must be of the same address families",
        ),
        (with("network: {serviceCIDRs: [11.0.0.0/8]}"), "too large for kube-apiserver"),
        (with("network: {serviceCIDRs: [10.0.0.0/30]}"), "no tenth address"),
        (with("network: {podCIDRs: [10.244.0.0/28]}"), "cannot be cut"),
        (with("network: {serviceCIDRs: []}"), "must have one range"),
        (
            with("pki: {validity: {authority: 30d, certificate: 1y}}"),
            "spec.pki.validity.certificate: 1y is longer than its authority's 30d",
        ),
        (with("runtime: {name: docker}"), "spec.runtime.name: Kubernetes v1.36.4 has no dockershim"),
        (
            node("{name: one, addresses: [192.0.2.9], roles: [worker]}"),
            "\"one\" is already the name of spec.nodes[0]",
        ),
        (
            node("{name: two, addresses: [192.0.2.1], roles: [worker]}"),
            "192.0.2.1 is already spec.nodes[0].addresses[0]",
        ),
        (node("{name: two, addresses: [10.96.0.7], roles: [worker]}"), "lies in 10.96.0.0/12"),
        (VALID.replace("control-plane, ", ""), "no node has the role control-plane"),
        (
            with("components: {kubelet: {config: {readOnlyPort: 10255}}}"),
            "spec.components.kubelet.config.readOnlyPort",
        ),
        (
            with("components: {kubelet: {config: {authentication: {anonymous: {enabled: true}}}}}"),
            "authentication.anonymous",
        ),
        (
            with("components: {kubelet: {config: {authorization: null}}}"),
            "spec.components.kubelet.config.authorization",
        ),
        (
            with("components: {kubelet: {config: {authentication: {webhook: false}}}}"),
            "authentication.webhook",
        ),
        (with("components: {kubelet: {config: {maxPod: 3}}}"), "did you mean maxPods?"),
        (with("components: {kubelet: {extraArgs: {container-runtime: remote}}}"), "removed in 1.27"),
        (
            with("components: {kubelet: {extraArgs: {v: 2}}}"),
            "spec.components.kubelet.extraArgs.v: must be a text",
        ),
        (
            with("components: {kubeApiserver: {extraArgs: {authorization-mode: AlwaysAllow}}}"),
            "authorization-mode",
        ),
        (
            with("components: {kubeApiserver: {config: {}}}"),
            "spec.components.kubeApiserver.config: unknown field",
        ),
        (with("components: {kubeApiServer: {}}"), "did you mean kubeApiserver?"),
        (with("components: {kubelet: {config: {cgroupDriver: 'x\"], \"hosts\": [\"'}}}"), "must be systemd or cgroupfs"),
        (with("components: {etcd: {extraArgs: {listen-client-urls: 'http://0.0.0.0:2379'}}}"), "listen-client-urls"),
        (with("components: {kubeApiserver: {extraArgs: {etcd-servers: 'http://192.0.2.66:2379'}}}"), "etcd-servers"),
        (with("components: {kubeApiserver: {extraArgs: {disable-admission-plugins: NodeRestriction}}}"), "stays on"),
        (with("components: {kubeControllerManager: {extraArgs: {master: 'http://192.0.2.66'}}}"), "--master"),
        (with("components: {kubelet: {extraArgs: {rotate-server-certificates: 'false'}}}"), "rotate-server-certificates"),
        (VALID.replace("192.0.2.1", "'2001:db8::1'"), "the first is IPv6, and spec.network.serviceCIDRs begins with IPv4"),
        (with("network: {clusterDNS: [10.96.0.1]}"), "is the API server's or the range's own"),
        (VALID.replace("Endpoint: 192.0.2.1", "Endpoint: 192.0.2.1:2379"), "port 2379 belongs to another component"),
        (VALID.replace("Endpoint: 192.0.2.1", "Endpoint: 10.96.0.1"), "spec.controlPlaneEndpoint: 10.96.0.1 lies in"),
        (VALID.replace("Endpoint: 192.0.2.1", "Endpoint: https://192.0.2.1"), "write the port"),
        (VALID.replace("[192.0.2.1]", "[127.0.0.1]"), "is not an address of one machine"),
        (VALID.replace("[192.0.2.1]", "[192.0.2.1/24]"), "\"192.0.2.1/24\" is not an address of a machine: leave out what"),
        (VALID.replace("[192.0.2.1]", "['192.0.2.1:6443']"), "\"192.0.2.1:6443\" is not an address of a machine: leave out the port"),
        (VALID.replace("[192.0.2.1]", "['[::1]']"), "\"[::1]\" is not an address of a machine: leave out the port, and"),
        (VALID.replace("[192.0.2.1]", "[master]"), "\"master\" is not an address of a machine: write 192.0.2.11"),
        (VALID.replace("[192.0.2.1]", "[192.0.2.1, '::ffff:192.0.2.1']"), "is not an address of one machine"),
        (VALID.replace("name: one", "name: kubernetes-admin"), "is the name of a user of the cluster"),
        (
            with("network: {serviceCIDRs: [10.96.0.0/12, 'fd00:1::/108'], podCIDRs: [10.244.0.0/16, 'fd00:2::/56']}")
                .replace("v1.36.4", "v1.20.2")
                .replace("[192.0.2.1]", "[192.0.2.1, '2001:db8::1']"),
            "two address families need",
        ),
        (
            with("network: {serviceCIDRs: [10.96.0.0/12, 'fd00:1::/108'], podCIDRs: [10.244.0.0/16, 'fd00:2::/56']}"),
            "must have an address of each family",
        ),
    ] {
        let found = problems(&text);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{expected} is not among {found:#?}");
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[test]
fn warnings() {
    let two = VALID
        .replace("  - {name: one", "  - {name: two, addresses: [192.0.2.2], roles: [etcd]}\n  - {name: one");
    // Of 1.29 not every flag is known, so that one may be there.
    let misspelt = with("components: {kubelet: {extraArgs: {max-pod: '3'}}}");
    assert!(misspelt.parse::<ClusterSpec>().unwrap_err().to_string().contains("did you mean --max-pods?"));
    for (text, expected) in [
        (two, "2 etcd members"),
        (with("pki: {authorities: single}"), "accepted by etcd"),
        (misspelt.replace("v1.36.4", "v1.29.0"), "did you mean --max-pods?"),
    ] {
        let spec: ClusterSpec = text.parse().unwrap();
        let warnings: Vec<String> = spec.warnings().iter().map(ToString::to_string).collect();
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{warnings:?}");
    }
}

#[test]
fn docker_goes_with_the_version_that_has_it() {
    let old = with("runtime: {name: docker}").replace("v1.36.4", "v1.20.2");
    assert!(old.parse::<ClusterSpec>().is_ok());
}

#[test]
fn hostile_documents() {
    let bomb = (0..30).fold("a0: &a0 [x]\n".to_owned(), |text, i| {
        text + &format!(
            "a{}: &a{} [*a{i}, *a{i}, *a{i}, *a{i}, *a{i}, *a{i}, *a{i}, *a{i}, *a{i}]\n",
            i + 1,
            i + 1
        )
    });
    let deep = "[".repeat(100_000);
    let huge = "x".repeat(100 * 1024 * 1024);
    for (name, text) in [
        ("empty", ""),
        ("garbage", "\u{1}\u{2}{{{"),
        ("truncated", &VALID[..VALID.len() / 2]),
        ("a list", "[1, 2]"),
        ("a text", "hello"),
        ("two documents", "a: 1\n---\na: 2\n"),
        ("duplicate keys", "apiVersion: a\napiVersion: b\n"),
        ("alias bomb", &bomb),
        ("deep nesting", &deep),
        ("100 MiB", &huge),
    ] {
        let error = text.parse::<ClusterSpec>().expect_err(name).to_string();
        assert!(error.len() < 2000, "{name}: an error of {} bytes", error.len());
    }
}

/// The schema is what the reader goes by; it must itself be one that other tools read.
#[test]
fn the_schema_describes_the_reader() {
    let schema: Value = serde_json::from_str(ClusterSpec::schema()).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    // Every object says whether it takes unknown fields.
    fn walk(value: &Value, path: &str) {
        if let Value::Object(fields) = value {
            if fields.get("type").and_then(Value::as_str) == Some("object") && !path.ends_with("config") {
                assert!(fields.contains_key("additionalProperties"), "{path}");
            }
            fields.iter().for_each(|(name, value)| walk(value, &format!("{path}/{name}")));
        }
    }
    walk(&schema, "");
}
