//! `kboot csr explain` and `simulate` over many requests, and what is final.

use crate::common::requests::{NODES, SERVING, assert_plain, folder, joining, list, serving, with_condition};
use crate::common::{run, write};
use serde_json::Value;

const NAMES: [&str; 2] = ["worker-1", "192.168.5.21"];

fn issued(object: Value) -> Value {
    let mut object = with_condition(object, "Approved", "by jane");
    object["status"]["certificate"] = "LS0tLS0=".into();
    object
}

fn yaml_documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

/// What the policy says of a request does not count any more once its end has come.
#[test]
fn what_is_final_is_said_and_nothing_else_is_advised() {
    let genuine = || serving("csr-1", "worker-1", &NAMES);
    let foreign = || serving("csr-1", "worker-1", &["worker-1", "192.168.5.22"]);
    let approved = || with_condition(genuine(), "Approved", "by jane");
    let delete = "kubectl delete csr csr-1";
    for (object, stage, is_final, code, head, said) in [
        (
            genuine(),
            "pending",
            false,
            0,
            "csr-1: APPROVE (rule-approves), by policy.yaml\n",
            "by hand: kboot csr approve csr-1",
        ),
        (
            with_condition(genuine(), "Denied", "no"),
            "denied",
            true,
            1,
            "csr-1: DENIED, which is final\n",
            delete,
        ),
        (
            with_condition(foreign(), "Denied", "no"),
            "denied",
            true,
            1,
            "csr-1: DENIED, which is final\n",
            delete,
        ),
        // Whoever approved it, it comes to nothing any more.
        (
            with_condition(genuine(), "Failed", "bad"),
            "failed",
            true,
            1,
            "csr-1: FAILED, which is final\n",
            delete,
        ),
        (
            with_condition(approved(), "Failed", "bad"),
            "failed",
            true,
            1,
            "csr-1: FAILED, which is final\n",
            delete,
        ),
        (
            with_condition(foreign(), "Failed", "bad"),
            "failed",
            true,
            1,
            "csr-1: FAILED, which is final\n",
            delete,
        ),
        (
            with_condition(issued(genuine()), "Denied", "no"),
            "denied",
            true,
            1,
            "csr-1: DENIED, which is final\n",
            delete,
        ),
        (
            approved(),
            "approved",
            false,
            0,
            "csr-1: APPROVED, and waits for its signer\n",
            "see whether kube-controller-manager runs",
        ),
        (
            with_condition(foreign(), "Approved", "by jane"),
            "approved",
            false,
            1,
            "csr-1: APPROVED, and waits for its signer\n",
            "decides otherwise",
        ),
        (
            issued(genuine()),
            "issued",
            true,
            0,
            "csr-1: ISSUED, which is final\n",
            "its certificate was issued",
        ),
        (issued(foreign()), "issued", true, 1, "csr-1: ISSUED, which is final\n", "decides otherwise"),
    ] {
        let folder =
            folder(&[("csr.json", &list(&[object])), ("policy.yaml", SERVING), ("nodes.yaml", NODES)]);
        let explain = "csr explain -f csr.json --policy policy.yaml";
        let outcome = run(&folder, explain);
        let text = &outcome.stdout;
        assert_eq!(outcome.code, Some(code), "{text}");
        assert!(text.starts_with(head) && text.contains(said), "{head:?}, {said:?}\n{text}");
        assert_eq!(text.contains("csr approve"), stage == "pending", "{text}");
        assert_eq!(text.contains("APPROVE ("), stage == "pending", "{text}");
        if stage != "pending" {
            assert!(text.contains("by policy.yaml it would be"), "{text}");
        }
        let json: Value = serde_json::from_str(&run(&folder, &format!("{explain} -o json")).stdout).unwrap();
        assert_eq!((json[0]["stage"].as_str(), json[0]["final"].as_bool()), (Some(stage), Some(is_final)));
        assert!(
            json[0]["advice"].as_array().unwrap().iter().any(|line| line.as_str().unwrap().contains(said))
        );
        let sign = run(&folder, "csr sign -f csr.json --ca nowhere --policy policy.yaml");
        // Where it has not come to its end, the authority is what is missing.
        assert_eq!(sign.code, Some(if is_final { 1 } else { 2 }), "{}", sign.stderr);
    }
}

#[test]
fn many_requests_are_a_table() {
    let objects = [
        serving("good", "worker-1", &NAMES),
        serving("foreign", "worker-1", &["192.168.5.22"]),
        with_condition(serving("denied", "worker-1", &NAMES), "Denied", "no"),
        joining("another-signers", "worker-1"),
    ];
    let files = [
        ("all.json", &*list(&objects)),
        ("good.json", &list(&objects[..1])),
        ("again.json", &list(&objects[..1])),
        ("broken.json", r#"[{"kind": "Pod"}]"#),
        ("policy.yaml", SERVING),
        ("nodes.yaml", NODES),
    ];
    let folder = folder(&files);
    let explain = |arguments: &str| run(&folder, &format!("csr explain --policy policy.yaml {arguments}"));
    let outcome = explain("-f all.json");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let rows: Vec<Vec<&str>> = outcome.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "STATE", "DECISION", "REASON", "REQUEST"]);
    for (row, name, state, decision, reason) in [
        (1, "good", "pending", "approve", "rule-approves"),
        (2, "foreign", "pending", "hold", "no-rule"),
        (3, "denied", "denied", "approve", "rule-approves"),
        (4, "another-signers", "pending", "hold", "signer-not-ruled"),
    ] {
        assert_eq!(rows[row][..4], [name, state, decision, reason]);
    }
    assert_eq!(rows.len(), 5, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("3 of 4 are not approved; -o tree says why"), "{}", outcome.stderr);
    assert_plain(&outcome);
    // One request of one file is looked at closely, a table is there for whoever wants it.
    assert!(explain("-f good.json").stdout.starts_with("good: APPROVE (rule-approves), by policy.yaml\n│"));
    assert!(explain("-f good.json -o table").stdout.starts_with("NAME "));
    let both = explain("-f good.json -f again.json");
    assert_eq!((both.code, both.stdout.lines().count()), (Some(0), 3), "{}", both.stdout);
    assert_eq!(both.stderr, "");
    assert_eq!(explain("-f all.json -o tree").stdout.matches("└── what to do").count(), 4);
    for format in ["json", "yaml"] {
        let outcome = explain(&format!("-f all.json -f good.json -o {format}"));
        assert_eq!(outcome.code, Some(1));
        // JSON is YAML too.
        let value = yaml_documents(&outcome.stdout).remove(0);
        assert_eq!(value.as_array().unwrap().len(), 5);
        assert_eq!(
            (value[3]["code"].as_str(), value[3]["decision"].as_str()),
            (Some("signer-not-ruled"), Some("hold"))
        );
    }
    let outcome = explain("-f good.json -f broken.json");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("broken.json: request 0: "), "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("good: APPROVE"), "one could be read\n{}", outcome.stdout);
}

#[test]
fn a_simulation_is_table_json_or_yaml() {
    let objects = [
        with_condition(serving("right", "worker-1", &NAMES), "Approved", "by jane"),
        with_condition(joining("another-signers", "worker-1"), "Denied", "by jane"),
    ];
    let folder = folder(&[("policy.yaml", SERVING), ("nodes.yaml", NODES), ("all.json", &list(&objects))]);
    let simulate =
        |format: &str| run(&folder, &format!("csr simulate --policy policy.yaml -f all.json -o {format}"));
    let json = simulate("json");
    let lines: Vec<Value> = json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let yaml = simulate("yaml");
    assert_eq!((json.code, yaml.code), (Some(0), Some(0)), "{}", yaml.stderr);
    assert_eq!(yaml_documents(&yaml.stdout), lines);
    assert_eq!(yaml.stdout.matches("---\n").count(), 3, "{}", yaml.stdout);
    assert_eq!(
        (lines[1]["decision"].as_str(), lines[1]["code"].as_str()),
        (Some("hold"), Some("signer-not-ruled"))
    );
    assert_eq!(
        (lines[2]["summary"]["hold"].as_u64(), lines[2]["summary"]["signerNotRuled"].as_u64()),
        (Some(1), Some(1))
    );
    assert!(
        simulate("table").stdout.contains("1  held: no rule names their signer"),
        "{}",
        simulate("table").stdout
    );
}

/// A policy that denies what no rule matches says nothing of other signers.
#[test]
fn the_signer_that_no_rule_names_is_held() {
    let denying = SERVING.replace("  rules:", "  otherwise: deny\n  rules:");
    let folder =
        folder(&[("policy.yaml", &denying), ("nodes.yaml", NODES), ("a.json", &list(&[joining("a", "b")]))]);
    let check = run(&folder, "policy check policy.yaml");
    assert!(
        check.stdout.ends_with("A request for a signer that no rule names is held.\n"),
        "{}",
        check.stdout
    );
    assert!(
        run(&folder, "csr explain -f a.json --policy policy.yaml")
            .stdout
            .starts_with("a: HOLD (signer-not-ruled)")
    );
}

#[test]
fn a_name_that_does_not_resolve_can_be_stated() {
    let request = serving("a", "worker-1", &["worker-1.example.com", "10.0.0.1"]);
    let folder = folder(&[("a.json", &list(&[request]))]);
    for (answer, decision, code) in [
        ("", "hold", "facts-unknown"),
        ("worker-1.example.com: []", "deny", "no-rule"),
        ("worker-1.example.com: [10.0.0.1]", "approve", "rule-approves"),
    ] {
        let context = format!(
            "{{apiVersion: kboot.dev/v1alpha1, kind: CsrContext, spec: {{cluster: {{serviceCIDRs: [10.96.0.0/12], apiServer: [10.0.0.254]}}, dns: {{{answer}}}}}}}"
        );
        write(&folder.path().join("dns.yaml"), context.as_bytes());
        for also in ["", " --resolve-dns"] {
            if answer.is_empty() && !also.is_empty() {
                continue;
            }
            let outcome = run(
                &folder,
                &format!("csr explain -f a.json --preset postfinance --facts dns.yaml -o json{also}"),
            );
            let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
            assert_eq!(
                (json[0]["decision"].as_str(), json[0]["code"].as_str()),
                (Some(decision), Some(code)),
                "{answer}: {json}"
            );
        }
    }
}

/// Names and addresses as they stand in objects of real machines.
#[test]
fn an_odd_entry_does_not_make_an_inventory_unusable() {
    let nodes = "
apiVersion: kboot.dev/v1alpha1
kind: NodeInventory
spec:
  nodes:
  - {name: PANDA, addresses: [10.0.0.1, 127.0.0.1, '::1'], dnsNames: [Panda.Example.com., localhost]}
  - {name: node1.local., addresses: [127.0.0.1, 10.0.0.2], dnsNames: [node1.local, LOCALHOST.]}
";
    let request = serving("a", "panda", &["panda", "panda.example.com", "10.0.0.1"]);
    let other = serving("b", "node1.local", &["node1.local", "10.0.0.2"]);
    let folder =
        folder(&[("policy.yaml", SERVING), ("nodes.yaml", nodes), ("all.json", &list(&[request, other]))]);
    let outcome = run(&folder, "csr explain -f all.json --policy policy.yaml");
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    for warning in [
        "warning: nodes.yaml: spec.nodes[0].addresses[1]: 127.0.0.1 ",
        "warning: nodes.yaml: spec.nodes[0].addresses[2]: ::1 ",
        "warning: nodes.yaml: spec.nodes[0].dnsNames[1]: localhost ",
        "warning: nodes.yaml: spec.nodes[1].addresses[0]: 127.0.0.1 ",
        "warning: nodes.yaml: spec.nodes[1].dnsNames[1]: localhost ",
    ] {
        assert!(outcome.stderr.contains(warning), "{warning:?} is missing in\n{}", outcome.stderr);
    }
    assert_eq!(outcome.stderr.lines().count(), 5, "{}", outcome.stderr);
    write(&folder.path().join("nodes.yaml"), nodes.replace("PANDA", "'pan\u{202e}da'").as_bytes());
    let outcome = run(&folder, "csr explain -f all.json --policy policy.yaml");
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("pan\\u{202e}da") && !outcome.stderr.contains('\u{202e}'),
        "{}",
        outcome.stderr
    );
}

/// There the expression is held against the requested DNS names, not against the node's name
/// (`DNSCheck` in postfinance's approver).
#[test]
fn the_postfinance_preset_holds_its_pattern_against_requested_names() {
    let folder = folder(&[(
        "dns.yaml",
        "{apiVersion: kboot.dev/v1alpha1, kind: CsrContext, spec: {cluster: {serviceCIDRs: [10.96.0.0/12], apiServer: [10.0.0.254]}, dns: {node-1.example.com: [10.0.0.1], node-1: [10.0.0.1], n.a.example.com: [10.0.0.1]}}}",
    )]);
    let preset = run(&folder, "policy preset postfinance").stdout;
    assert!(preset.contains("dnsNames: [\"*\"]"), "{preset}");
    let policy =
        preset.replace("dnsNames: [\"*\"]", "dnsNames: [\"node-*.example.com\", \"*.a.example.com\"]");
    write(&folder.path().join("policy.yaml"), policy.as_bytes());
    for (node, names, decision) in [
        ("node-1", &["node-1.example.com", "10.0.0.1"][..], "approve"),
        ("n", &["n.a.example.com"], "approve"),
        // The node's name alone does not match, whoever asks.
        ("node-1", &["node-1", "10.0.0.1"], "deny"),
        // Without a DNS name there is nothing to hold against it.
        ("another", &["10.0.0.1"], "approve"),
    ] {
        write(&folder.path().join("a.json"), list(&[serving("a", node, names)]).as_bytes());
        let outcome = run(&folder, "csr explain -f a.json --policy policy.yaml --facts dns.yaml -o json");
        let json: Value = serde_json::from_str(&outcome.stdout).expect(&outcome.stderr);
        assert_eq!(json[0]["decision"], decision, "{names:?}: {}", json[0]["reason"]);
    }
    write(&folder.path().join("a.json"), list(&[serving("a", "node-1", &["node-1"])]).as_bytes());
    let outcome = run(&folder, "csr explain -f a.json --policy policy.yaml --facts dns.yaml");
    assert!(
        outcome.stdout.contains("DNS:node-1; wanted DNS names like node-*.example.com, *.a.example.com"),
        "{}",
        outcome.stdout
    );
    let check = run(&folder, "policy check policy.yaml");
    assert!(
        check.stdout.contains("with DNS names like node-*.example.com or *.a.example.com"),
        "{}",
        check.stdout
    );
    let wrong = policy.replace("node-*.example.com", "^node-\\\\w*$");
    write(&folder.path().join("policy.yaml"), wrong.as_bytes());
    let check = run(&folder, "policy check policy.yaml");
    assert!(
        check.stderr.contains("subjectAltNames.dnsNames[0]: ") && check.stderr.contains("no DNS name"),
        "{}",
        check.stderr
    );
}
