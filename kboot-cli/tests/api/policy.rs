//! `kboot csr explain`, `kboot csr simulate` and `kboot policy`: what they say and their exit codes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::common::requests::{
    NODES, SERVING, assert_plain, folder, joining, key, list, names, serving, with_condition,
};
use crate::common::{kboot_path, kboot_with, run, write};
use kboot_core::{
    csr::{CertificateSigningRequest, Requestor, Signer},
    x509::CertificateRequest,
};
use serde_json::{Value, json};

const ONE_SHOT: &str = "
apiVersion: kboot.dev/v1alpha1
kind: CsrPolicy
spec:
  rules:
  - name: joining
    signer: kubernetes.io/kube-apiserver-client-kubelet
    requestor: {tokenIds: [abcdef]}
    node: {names: ['worker-*']}
    once: true
    decision: approve
";

#[test]
fn a_newcomer_learns_why_a_serving_certificate_does_not_come() {
    let object = serving("csr-8vnps", "worker-1", &["worker-1", "192.168.5.21"]);
    let folder = folder(&[("csr.json", &list(&[object]))]);
    let outcome = run(&folder, "csr explain -f csr.json");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    for expected in [
        "csr-8vnps: HOLD (rule-holds), by the preset upstream",
        "kubernetes.io/kubelet-serving",
        "system:node:worker-1, in system:nodes",
        "DNS:worker-1, IP:192.168.5.21",
        "pending: nobody has decided",
        "✓ signature",
        "Nothing in Kubernetes approves serving certificates",
        "The kubelet of worker-1 sent it, and asks for DNS:worker-1, IP:192.168.5.21.",
        "kubectl get node worker-1 -o wide",
        "kboot csr approve csr-8vnps\n",
        "kboot policy preset kubelet-serving",
    ] {
        assert!(outcome.stdout.contains(expected), "{expected:?} is missing in\n{}", outcome.stdout);
    }
    assert_plain(&outcome);
}

#[test]
fn decisions_come_with_their_clauses_and_exit_codes() {
    let good = list(&[serving("good", "worker-1", &["worker-1", "192.168.5.21"])]);
    let foreign = list(&[serving("foreign", "worker-1", &["worker-1", "192.168.5.22"])]);
    let reserved = list(&[serving("reserved", "worker-1", &["kubernetes.default.svc"])]);
    let folder = folder(&[
        ("policy.yaml", SERVING),
        ("nodes.yaml", NODES),
        ("good.json", &good),
        ("foreign.json", &foreign),
        ("reserved.json", &reserved),
    ]);
    for (file, code, said) in [
        ("good", 0, vec!["APPROVE (rule-approves)", "rule serving: approve, if", "✓ inventory"]),
        ("foreign", 1, vec!["HOLD (no-rule)", "✗ alternative names IP:192.168.5.22: no, says inventory"]),
        (
            "reserved",
            1,
            vec![
                "DENY (alt-name-reserved)",
                "✗ alternative names DNS:kubernetes.default.svc: a service's  [alt-name-reserved]",
                "Do not approve it",
            ],
        ),
    ] {
        let outcome = run(&folder, &format!("csr explain -f {file}.json --policy policy.yaml"));
        assert_eq!(outcome.code, Some(code), "{file}: {}", outcome.stderr);
        for expected in said {
            assert!(outcome.stdout.contains(expected), "{expected:?} is missing in\n{}", outcome.stdout);
        }
        assert_eq!(outcome.stdout.contains("csr approve"), file != "reserved", "{file}: {}", outcome.stdout);
        assert!(!outcome.stdout.contains("To have a policy decide"), "{file}: a policy decides");
        assert_eq!(
            outcome.stdout.contains(
                "└── what to do\n    No rule of this policy matches it; each ✗ above says why. If it should match, \
                 change the policy or the inventory; if not, find out who asks.\n"
            ) && outcome.stdout.ends_with(
                "\n    By hand, only if you know who asks: kboot csr approve foreign\n\n"
            ),
            file == "foreign",
            "{}",
            outcome.stdout
        );
    }
    let outcome = run(&folder, "csr explain -f good.json -f reserved.json --policy policy.yaml -o json");
    assert_eq!(outcome.code, Some(1));
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (value[0]["decision"].as_str(), value[1]["code"].as_str()),
        (Some("approve"), Some("alt-name-reserved"))
    );
    assert!(value[1]["trace"].as_array().unwrap().iter().any(|clause| clause["answer"] == "no"));
    let yaml = run(&folder, "csr explain -f good.json --policy policy.yaml -o yaml");
    assert_eq!(yaml.code, Some(0));
    assert!(yaml.stdout.contains("decision: approve"), "{}", yaml.stdout);
}

#[test]
fn missing_facts_are_named_with_where_they_come_from() {
    let csr = list(&[serving("csr-1", "worker-1", &["worker-1", "192.168.5.21"])]);
    let join = list(&[joining("csr-2", "worker-1")]);
    let addresses = json!([{"type": "Hostname", "address": "worker-1"}, {"type": "InternalIP", "address": "192.168.5.21"}]);
    let node = json!({"kind": "Node", "metadata": {"name": "worker-1"}, "status": {"addresses": addresses}});
    let nodes = list(&[node]);
    let folder = folder(&[
        ("policy.yaml", SERVING),
        ("inventory.yaml", NODES),
        ("cluster-nodes.json", &nodes),
        ("csr.json", &csr),
        ("join.json", &join),
        ("once.yaml", ONE_SHOT),
        ("empty.json", r#"{"kind": "CertificateSigningRequestList", "items": []}"#),
        ("no-nodes.json", r#"{"kind": "NodeList", "items": []}"#),
    ]);
    // The policy names a file that is not there.
    let outcome = run(&folder, "csr explain -f csr.json --policy policy.yaml");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("nodes.yaml"), "{}", outcome.stderr);
    // A preset has no folder: what it names is not known.
    let outcome = run(&folder, "csr explain -f csr.json --preset kubelet-serving");
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stdout.contains("(facts-unknown)"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("- the inventory of nodes: --inventory nodes.yaml"),
        "{}",
        outcome.stdout
    );
    let outcome = run(&folder, "csr explain -f csr.json --preset kubelet-serving --inventory inventory.yaml");
    assert!(outcome.stdout.contains("--facts nodes.json"), "{}", outcome.stdout);
    let all = "csr explain -f csr.json --preset kubelet-serving --inventory inventory.yaml --facts cluster-nodes.json";
    assert_eq!(run(&folder, all).code, Some(0));
    let outcome = run(&folder, "csr explain -f join.json");
    assert!(
        outcome.stdout.contains("kubectl auth can-i create certificatesigningrequests.certificates.k8s.io --subresource nodeclient --as system:bootstrap:abcdef --as-group system:bootstrappers;"),
        "{}",
        outcome.stdout
    );
    let once = "csr explain -f join.json --policy once.yaml";
    assert!(run(&folder, once).stdout.contains("kubectl get csr,nodes -o json"));
    assert_eq!(run(&folder, &format!("{once} --facts empty.json --facts no-nodes.json")).code, Some(0));
    // The request itself is in the list that the context holds, and is not counted against itself.
    let outcome = run(&folder, &format!("{once} --facts join.json --facts no-nodes.json"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    let capped = ONE_SHOT.replace("once: true", "maxPending: {perNode: 1}");
    write(&folder.path().join("capped.yaml"), capped.as_bytes());
    let outcome =
        run(&folder, "csr explain -f join.json --policy capped.yaml --facts join.json --facts no-nodes.json");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    let outcome = run(&folder, "csr explain -f join.json --policy capped.yaml");
    assert!(outcome.stdout.contains("- the other requests: kubectl get csr"), "{}", outcome.stdout);
}

#[test]
fn what_has_become_of_it_is_said() {
    for (kind, message, expected) in [
        ("Approved", "by jane", "approved (Because: by jane)"),
        ("Denied", "no\u{1b}[31m", "denied (Because: no\\u{1b}[31m)"),
    ] {
        let object = with_condition(serving("csr-1", "worker-1", &["worker-1"]), kind, message);
        let folder = folder(&[("csr.json", &list(&[object]))]);
        let outcome = run(&folder, "csr explain -f csr.json");
        assert!(outcome.stdout.contains(expected), "{}", outcome.stdout);
        assert!(!outcome.stdout.contains("csr approve"), "{}", outcome.stdout);
        assert_plain(&outcome);
    }
}

#[test]
fn hostile_names_stay_text() {
    let mut object = serving("$(reboot);\u{1b}]0;x\u{7}\u{202e}", "worker-1", &["worker-1"]);
    object["spec"]["groups"] = json!(["system:nodes", "\u{1b}[2J", "x".repeat(5000)]);
    let folder = folder(&[("csr.json", &list(&[object]))]);
    for format in ["tree", "yaml"] {
        let outcome = run(&folder, &format!("csr explain -f csr.json -o {format}"));
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        assert_plain(&outcome);
        assert!(!outcome.stdout.contains("approve $(reboot)"), "{}", outcome.stdout);
    }
    let tree = run(&folder, "csr explain -f csr.json").stdout;
    assert!(!tree.contains('\u{202e}') && !tree.contains(&"x".repeat(254)), "{tree}");
    assert!(tree.contains(&("x".repeat(253) + "…")), "{tree}");
    let table = run(&folder, "csr simulate -f csr.json");
    assert_plain(&table);
    assert!(!table.stdout.contains('\u{202e}'));
    let inspected = run(&folder, "csr inspect -f csr.json");
    assert_plain(&inspected);
    assert!(inspected.stdout.contains("\\u{202e}") && !inspected.stdout.contains('\u{202e}'));
}

/// Whoever makes a file chooses its name.
#[test]
fn hostile_file_names_stay_text() {
    let folder = folder(&[]);
    let file = OsStr::from_bytes(b"it's a\x1b[31m\xe2\x80\xae\xff.json");
    write(&folder.path().join(file), br#"{"apiVersion": "v1", "kind": "Pod"}"#);
    for (command, file) in [("simulate", OsStr::new(".")), ("explain", file), ("inspect", file)] {
        let mut program = Command::new(kboot_path());
        program.args(["csr", command, "-f"]).arg(file).current_dir(folder.path());
        let output = program.output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains("it's a\\u{1b}[31m\\u{202e}\\xff.json"), "{said}");
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
    }
}

/// What is not shown would be approved unseen.
#[test]
fn every_name_and_group_is_shown() {
    let texts: Vec<String> = (0..999).map(|number| format!("host-{number}.example")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).chain(["kubernetes.default.svc"]).collect();
    let groups = (0..40).map(|number| format!("group-{number}").parse().unwrap()).collect::<Vec<_>>();
    let user = CertificateRequest::for_user("jane".parse().unwrap(), groups, &key()).unwrap();
    let user = CertificateSigningRequest::new("b", Signer::KubeApiserverClient, user.to_pem().as_bytes());
    let mut user = json!(user.with_requestor(Requestor::user("jane")));
    user["spec"]["groups"] = (0..40).map(|number| format!("team-{number}")).collect::<Vec<_>>().into();
    let folder = folder(&[("csr.json", &list(&[serving("a", "worker-1", &texts), user]))]);
    let tree = run(&folder, "csr explain -f csr.json -o tree").stdout;
    for expected in ["DNS:kubernetes.default.svc", "DNS:host-998.example", "O=group-39", "team-39"] {
        assert!(tree.contains(expected), "{expected} is missing in\n{tree}");
    }
    let json: Value = serde_json::from_str(&run(&folder, "csr explain -f csr.json -o json").stdout).unwrap();
    assert_eq!(json[0]["alternativeNames"].as_array().unwrap().len(), 1000);
    assert_eq!(json[1]["organizations"].as_array().unwrap().len(), 40);
}

#[test]
fn a_bare_request_is_explained_with_what_flags_say() {
    let pem =
        CertificateRequest::for_kubelet_serving(&"worker-1".parse().unwrap(), &names(&["worker-1"]), &key())
            .unwrap()
            .to_pem();
    let folder = folder(&[("a.csr", &pem), ("policy.yaml", SERVING), ("nodes.yaml", NODES)]);
    let outcome = run(&folder, "csr explain -f a.csr");
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("add --signer"), "{}", outcome.stderr);
    let flags = "--policy policy.yaml --signer kubernetes.io/kubelet-serving";
    let outcome = run(&folder, &format!("csr explain -f a.csr {flags}"));
    assert!(outcome.stdout.contains("(requestor-unknown)"), "{}", outcome.stdout);
    let sent = format!("csr explain -f a.csr {flags} --requestor system:node:worker-1 --group system:nodes");
    assert_eq!(run(&folder, &sent).code, Some(0));
    assert_eq!(run(&folder, &format!("{sent} --usage clientauth")).code, Some(1));
    let from_stdin =
        kboot_with(folder.path(), &sent.replace("a.csr", "-").split(' ').collect::<Vec<_>>(), pem.as_bytes());
    assert_eq!(from_stdin.code, Some(0), "{}", from_stdin.stderr);
}

#[test]
fn an_object_without_a_sender_is_given_one() {
    let mut object = serving("csr-1", "worker-1", &["worker-1", "192.168.5.21"]);
    for field in ["username", "groups"] {
        object["spec"].as_object_mut().unwrap().remove(field);
    }
    let folder = folder(&[("csr.json", &list(&[object])), ("policy.yaml", SERVING), ("nodes.yaml", NODES)]);
    let explain = "csr explain -f csr.json --policy policy.yaml";
    let outcome = run(&folder, explain);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stdout.contains("(requestor-unknown)") && outcome.stdout.contains("--requestor USER"),
        "{}",
        outcome.stdout
    );
    let sent = format!("{explain} --requestor system:node:worker-1 --group system:nodes");
    assert_eq!(run(&folder, &sent).code, Some(0));
    for other in ["--signer kubernetes.io/kubelet-serving", "--lifetime 24h"] {
        let outcome = run(&folder, &format!("{explain} {other}"));
        assert_eq!(outcome.code, Some(2));
        assert!(outcome.stderr.contains("says them itself"), "{}", outcome.stderr);
    }
    write(&folder.path().join("csr.json"), list(&[serving("a", "worker-1", &["worker-1"])]).as_bytes());
    let outcome = run(&folder, &sent);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("says that \"system:node:worker-1\" sent it"), "{}", outcome.stderr);
}

#[test]
fn what_is_no_request_is_called_what_it_is() {
    let certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let folder = folder(&[
        ("a.crt", certificate),
        ("policy.yaml", SERVING),
        ("null.json", "[null]"),
        (
            "long.json",
            &json!({"apiVersion": "x".repeat(5000), "kind": "CertificateSigningRequest"}).to_string(),
        ),
        (
            "type.json",
            &json!({"apiVersion": "v1", "kind": "CertificateSigningRequest", "spec": "x".repeat(5000)})
                .to_string(),
        ),
    ]);
    for (file, said) in [
        ("a.crt", "the PEM block is a CERTIFICATE, not a CERTIFICATE REQUEST"),
        ("policy.yaml", "kind: \"CsrPolicy\" is not CertificateSigningRequest"),
        ("null.json", "is not a CertificateSigningRequest object: invalid type: null, expected an object"),
        ("long.json", "is not a CertificateSigningRequest object: missing field `spec`"),
        ("type.json", "is not a CertificateSigningRequest object: invalid type: string"),
    ] {
        let outcome = run(&folder, &format!("csr explain -f {file}"));
        assert_eq!(outcome.code, Some(2), "{file}");
        assert!(outcome.stderr.contains(said) && !outcome.stderr.contains("--signer"), "{}", outcome.stderr);
        assert!(outcome.stderr.len() < 600, "{}", outcome.stderr);
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let folder = folder(&[
        ("pod.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {}}"#),
        ("broken.json", "{\"items\": ["),
        ("empty.json", r#"{"kind": "List", "items": []}"#),
        (
            "bad.yaml",
            "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec: {rules: [{name: a, signer: x.y/z, decision: hold}]}",
        ),
        ("good.json", &list(&[joining("a", "b")])),
    ]);
    for arguments in [
        "csr explain -f pod.json",
        "csr explain -f broken.json",
        "csr explain -f empty.json",
        "csr explain -f missing.json",
        "csr explain -f good.json --policy bad.yaml",
        "csr explain -f good.json --policy missing.yaml",
        "csr explain -f good.json --preset nothing",
        "csr explain -f good.json --facts pod.json",
        "csr explain -f good.json --inventory pod.json",
        "csr explain -f good.json --requestor jane",
        "csr explain -f good.json --resolve-dns=1h",
        "csr simulate -f broken.json",
        "csr simulate -f missing.json",
        "policy check missing.yaml",
    ] {
        let outcome = run(&folder, arguments);
        assert_eq!(outcome.code, Some(2), "{arguments}: {}{}", outcome.stdout, outcome.stderr);
        assert!(!outcome.stderr.is_empty(), "{arguments}");
    }
}

#[test]
fn a_policy_is_compared_with_what_happened() {
    let objects = [
        with_condition(serving("right", "worker-1", &["192.168.5.21"]), "Approved", "by jane"),
        with_condition(serving("wrong", "worker-1", &["192.168.5.99"]), "Approved", "by jane"),
        serving("open", "worker-1", &["worker-1"]),
        with_condition(joining("other-signer", "worker-1"), "Approved", "automatically"),
    ];
    let folder = folder(&[("policy.yaml", SERVING), ("nodes.yaml", NODES), ("all.json", &list(&objects))]);
    let outcome = run(&folder, "csr simulate --policy policy.yaml -f all.json");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    for expected in [
        "4 requests by policy.yaml: 2 approve, 0 deny, 2 hold",
        "against what happened: 1 agree, 2 differ",
        "1  approve here, pending there",
        "1  hold here, approved there",
        "1  held: no rule names their signer (signer-not-ruled)",
        "  ! hold: serving: alternative names: IP:192.168.5.99: no, says inventory; no rule matches",
        "  ! really approved: Because by jane",
    ] {
        assert!(outcome.stdout.contains(expected), "{expected:?} is missing in\n{}", outcome.stdout);
    }
    assert_plain(&outcome);
    let outcome = run(&folder, "csr simulate --policy policy.yaml -f all.json -o json");
    let lines: Vec<Value> = outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["agrees"], true);
    assert_eq!(
        (lines[1]["agrees"].as_bool(), lines[1]["happened"].as_str()),
        (Some(false), Some("approved"))
    );
    assert_eq!(lines[4]["summary"]["disagreements"], 2);
    // Of a folder, in the order of names, and of a stream.
    std::fs::create_dir(folder.path().join("requests")).unwrap();
    write(&folder.path().join("requests/2.json"), list(&objects[..1]).as_bytes());
    write(&folder.path().join("requests/1.yaml"), objects[2].to_string().as_bytes());
    let outcome = run(&folder, "csr simulate -f requests");
    assert_eq!(outcome.code, Some(1));
    let at = |name: &str| outcome.stdout.find(name).unwrap();
    assert!(at("\nopen ") < at("\nright "), "{}", outcome.stdout);
    let stream: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let arguments = ["csr", "simulate", "--policy", "policy.yaml", "-f", "-"];
    let outcome = kboot_with(folder.path(), &arguments, stream.as_bytes());
    assert!(outcome.stdout.contains("4 requests"), "{}", outcome.stdout);
    // What upstream leaves pending is pending.
    let outcome =
        kboot_with(folder.path(), &["csr", "simulate", "-f", "-"], objects[2].to_string().as_bytes());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
}

#[test]
fn two_policies_are_compared() {
    let objects = [serving("a", "worker-1", &["worker-1"]), joining("b", "worker-1")];
    let folder = folder(&[("policy.yaml", SERVING), ("nodes.yaml", NODES), ("all.json", &list(&objects))]);
    let outcome = run(&folder, "csr simulate --policy policy.yaml --against upstream -f all.json");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    for expected in [
        "against the preset upstream: 1 agree, 1 differ",
        "approve here, hold there",
        "  ! hold by the other (rule-holds): by the rule serving-needs-a-person",
    ] {
        assert!(outcome.stdout.contains(expected), "{expected:?} is missing in\n{}", outcome.stdout);
    }
    let outcome = run(&folder, "csr simulate --policy policy.yaml --against policy.yaml -f all.json");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
}

#[test]
fn a_replay_counts_what_stands_earlier() {
    let objects = [joining("first", "worker-1"), joining("second", "worker-2")];
    let folder = folder(&[
        ("once.yaml", ONE_SHOT),
        ("all.json", &list(&objects)),
        ("no-nodes.json", r#"{"kind": "NodeList", "items": []}"#),
    ]);
    let outcome = run(&folder, "csr simulate --policy once.yaml --facts no-nodes.json -f all.json -o json");
    let lines: Vec<Value> = outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (lines[0]["decision"].as_str(), lines[1]["decision"].as_str()),
        (Some("approve"), Some("hold"))
    );
    assert!(
        run(&folder, "csr simulate --policy once.yaml --facts no-nodes.json -f all.json")
            .stdout
            .contains("1 approve, 0 deny, 1 hold")
    );
}

#[test]
fn one_bad_object_does_not_end_a_simulation() {
    let text = format!("[{}, {{\"kind\": \"Pod\"}}, {}]", joining("a", "b"), joining("c", "d"));
    let folder = folder(&[("all.json", &text)]);
    let outcome = run(&folder, "csr simulate -f all.json");
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stdout.contains("2 requests by") && outcome.stdout.contains("1  cannot be read"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn policies_are_checked() {
    let folder = folder(&[
        ("policy.yaml", SERVING),
        (
            "wide.yaml",
            "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec: {rules: [{name: any, signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {groups: [system:bootstrappers]}, decision: approve}]}",
        ),
        (
            "bad.yaml",
            "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec: {rules: [{name: a, signer: kubernetes.io/kube-apiserver-client, requestor: {groups: [dev]}, subject: {users: ['*']}, decision: approve}, {name: a, signer: kubernetes.io/kubelet-serving, decision: hold, maxAge: soon}]}",
        ),
    ]);
    let outcome = run(&folder, "policy check policy.yaml");
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.starts_with(
            "kboot: policy.yaml: spec.rules[0].node.inventory: the inventory \"nodes.yaml\" cannot be used: cannot read nodes.yaml: "
        ) && outcome.stderr.lines().count() == 1,
        "{}",
        outcome.stderr
    );
    write(&folder.path().join("nodes.yaml"), b"kind: Pod\n");
    assert!(run(&folder, "policy check policy.yaml").stderr.contains("cannot be used: nodes.yaml: "));
    write(&folder.path().join("nodes.yaml"), NODES.as_bytes());
    let outcome = run(&folder, "policy check policy.yaml");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert!(
        outcome.stdout.starts_with("serving: Approves serving certificates of kubelets: asked for by their own holder, for nodes of the inventory \"nodes.yaml\", with names that are the node's by the inventory.\nWhat no rule matches is held.\n"),
        "{}",
        outcome.stdout
    );
    let outcome = run(&folder, "policy check wide.yaml");
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stderr.contains("spec.rules[0].node: no node names and no inventory: whoever holds such a token may become any node"), "{}", outcome.stderr);
    let outcome = run(&folder, "policy check bad.yaml");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    for expected in
        ["3 problems", "spec.rules[0].subject.users", "spec.rules[1].name", "spec.rules[1].maxAge"]
    {
        assert!(outcome.stderr.contains(expected), "{expected:?} is missing in\n{}", outcome.stderr);
    }
}

/// What the presets warn of is what those whom they follow do.
#[test]
fn presets_are_printed_and_pass_the_check() {
    let folder = folder(&[("nodes.yaml", NODES)]);
    let listed = run(&folder, "policy preset");
    assert_eq!(listed.code, Some(0));
    let names: Vec<&str> = listed.stdout.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["upstream", "kubelet-serving", "bootstrap", "postfinance"]);
    for name in names {
        let preset = run(&folder, &format!("policy preset {name}"));
        let outcome = kboot_with(folder.path(), &["policy", "check", "-"], preset.stdout.as_bytes());
        assert_eq!(outcome.code, Some(0), "{name}: {}", outcome.stderr);
        let warnings: Vec<&str> =
            outcome.stderr.lines().map(|line| line.split(": ").nth(2).unwrap()).collect();
        let expected: &[&str] = match name {
            "upstream" => &["spec.rules[1].node"],
            "postfinance" => &[
                "spec.rules[0].subjectAltNames.anyNodeMayClaim",
                "spec.rules[1].subjectAltNames.anyNodeMayClaim",
                "spec.otherwise",
            ],
            _ => &[],
        };
        assert_eq!(warnings, expected, "{name}: {}", outcome.stderr);
    }
    assert_eq!(run(&folder, "policy preset nothing").code, Some(2));
    for (document, kind) in
        [("policy", "CsrPolicy"), ("inventory", "NodeInventory"), ("context", "CsrContext")]
    {
        let schema: Value =
            serde_json::from_str(&run(&folder, &format!("schema {document}")).stdout).unwrap();
        assert_eq!(schema["properties"]["kind"]["enum"][0], kind);
    }
}

#[test]
fn dns_is_asked_within_its_time_and_only_where_wanted() {
    let object = serving("a", "worker-1", &["worker-1.kboot.invalid", "10.0.0.1"]);
    let folder = folder(&[
        ("a.json", &list(&[object])),
        (
            "dns.yaml",
            "{apiVersion: kboot.dev/v1alpha1, kind: CsrContext, spec: {cluster: {serviceCIDRs: [10.96.0.0/12], apiServer: [10.0.0.30]}, dns: {worker-1.kboot.invalid: [10.0.0.1]}}}",
        ),
    ]);
    let explain = "csr explain -f a.json --preset postfinance";
    let outcome = run(&folder, explain);
    assert!(
        outcome.stdout.contains("(facts-unknown)") && outcome.stdout.contains("- DNS: --resolve-dns"),
        "{}",
        outcome.stdout
    );
    let started = std::time::Instant::now();
    let outcome = run(&folder, &format!("{explain} --resolve-dns=1s"));
    assert!(outcome.stdout.contains("(facts-unknown)"), "{}", outcome.stdout);
    assert!(started.elapsed().as_secs() < 5);
    for also in ["", " --resolve-dns"] {
        let outcome = run(&folder, &format!("{explain} --facts dns.yaml{also}"));
        assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    }
}
