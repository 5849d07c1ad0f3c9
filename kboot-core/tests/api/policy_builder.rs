//! Policies and inventories built in code: the same values, and the same mistakes, as from their files.

use kboot_core::csr::{CertificateSigningRequest, Condition, CsrError, Requestor, Signer};
use kboot_core::document::DocumentError;
use kboot_core::policy::{
    Access, EventType, Glob, Inventory, InventoryNode, NameKind, NameSource, Policy, PolicyContext, Preset,
    Reason, Rule, Verdict, token_rule,
};
use kboot_core::x509::{CertificateRequest, KeyAlgorithm, PrivateKey};
use kboot_core::{ClusterSpec, name::NodeName};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

fn name(text: &str) -> NodeName {
    text.parse().unwrap()
}

fn node(addresses: &[&str], dns_names: &[&str], tokens: &[&str]) -> InventoryNode {
    let node = addresses
        .iter()
        .fold(InventoryNode::new(), |node, address| node.with_address(address.parse().unwrap()));
    let node = dns_names.iter().fold(node, |node, name| node.with_dns_name(name.parse().unwrap()));
    tokens.iter().fold(node, |node, id| node.with_token(id.parse().unwrap()))
}

/// What a file says besides where in it something is wrong.
fn said(policy: Result<Policy, DocumentError>) -> Result<Policy, std::collections::BTreeSet<String>> {
    policy.map_err(|error| problems(&error).into_iter().collect())
}

fn problems(error: &DocumentError) -> Vec<String> {
    error.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_node_is_listed_replaced_and_taken_out() {
    let mut inventory = Inventory::default();
    let first = node(&["10.0.0.1"], &["a.example.com"], &["abcdef"]);
    assert_eq!(inventory.insert(name("a"), first.clone()), Ok(None));
    // In the place of the first, which has nothing any more.
    let second = node(&["10.0.0.2"], &["a"], &["abcdef"]);
    assert_eq!(inventory.insert(name("a"), second.clone()), Ok(Some(first)));
    let other = node(&["10.0.0.1"], &["a.example.com"], &[]);
    assert_eq!(inventory.insert(name("b"), other.clone()), Ok(None));
    assert_eq!(inventory.node(&name("a")), Some(&second));
    assert_eq!(inventory.remove(&name("a")), Some(second));
    assert_eq!(inventory.remove(&name("a")), None);
    assert_eq!(inventory, Inventory::from_nodes([(name("b"), other)]).unwrap());
    // What was a's is anybody's, its name too.
    assert_eq!(inventory.insert(name("c"), node(&["10.0.0.2"], &["a"], &["abcdef"])), Ok(None));
}

#[test]
fn what_a_node_cannot_have_is_refused_all_at_once_and_changes_nothing() {
    let has = node(&["10.0.0.1"], &["a.example.com"], &["abcdef"]);
    let mut inventory = Inventory::from_nodes([(name("a"), has), (name("b"), node(&[], &[], &[]))]).unwrap();
    let before = inventory.clone();
    let wrong = node(
        &["10.0.0.2", "10.0.0.1", "127.0.0.1", "0.0.0.0", "::ffff:10.0.0.9"],
        &["b", "a", "a.example.com", "10.0.0.1", "localhost"],
        &["abcdef"],
    );
    let error = inventory.insert(name("b"), wrong.clone()).unwrap_err();
    let said = [
        "addresses[1]: 10.0.0.1 belongs to a already",
        "addresses[2]: 127.0.0.1 is every machine's own; leave it out",
        "addresses[3]: 0.0.0.0 is not the address of one machine",
        "addresses[4]: ::ffff:10.0.0.9 is not the address of one machine",
        "dnsNames[1]: a belongs to a already",
        "dnsNames[2]: a.example.com belongs to a already",
        "dnsNames[3]: 10.0.0.1 belongs to a already",
        "dnsNames[4]: localhost is every machine's own; leave it out",
        "tokenIds[0]: abcdef belongs to a already",
    ];
    assert_eq!(problems(&error), said.map(|problem| format!("nodes[b].{problem}")));
    let error = inventory.insert(name("a.example.com"), node(&[], &[], &[])).unwrap_err();
    assert_eq!(problems(&error), ["nodes[a.example.com].name: a.example.com is a DNS name of a already"]);
    assert_eq!(inventory, before);
    // From nodes as from a file, under the file's paths.
    let has = node(&["10.0.0.1"], &["a.example.com"], &["abcdef"]);
    let nodes = [(name("a"), has), (name("a"), node(&[], &[], &[])), (name("b"), wrong)];
    let error = Inventory::from_nodes(nodes).unwrap_err();
    let listed = "spec.nodes[1].name: a is listed before".to_owned();
    let said = said.map(|problem| format!("spec.nodes[2].{problem}"));
    assert_eq!(problems(&error), [listed].into_iter().chain(said).collect::<Vec<_>>());
}

#[test]
fn a_cluster_files_nodes_are_written_as_an_inventory() {
    let spec: ClusterSpec = include_str!("../../../examples/three-masters.yaml").parse().unwrap();
    let inventory = Inventory::from(&spec);
    let read: Inventory = inventory.to_yaml().unwrap().parse().unwrap();
    assert!(inventory.nodes().count() > 0 && read.nodes().eq(inventory.nodes()));
    assert_eq!(Inventory::default().to_yaml().unwrap().parse(), Ok(Inventory::default()));
}

/// Names that YAML could take for something else among them.
fn nodes() -> impl Strategy<Value = Vec<(NodeName, InventoryNode)>> {
    let names = ["10.0", "1e3", "null", "no", "0x10", "worker-1", "worker-2.example.com", "a", "b", "123456"];
    let tokens = ["123456", "1e1234", "abcdef", "000000"];
    let address = select(vec!["10.0.0.1", "10.0.0.2", "fd00::1", "192.168.0.1", "127.0.0.1", "224.0.0.1"]);
    let lists = (
        proptest::collection::vec(address, 0..3),
        proptest::collection::vec(select(names.to_vec()), 0..2),
        proptest::collection::vec(select(tokens.to_vec()), 0..2),
    );
    let one = (select(names.to_vec()), lists)
        .prop_map(|(own, (addresses, dns_names, tokens))| (name(own), node(&addresses, &dns_names, &tokens)));
    proptest::collection::vec(one, 0..5)
}

/// A setter, and the field of the file that says the same.
type Setter = (&'static str, Value, fn(Rule) -> Rule);

/// Every setter, with what is right for some signer and what is right for none.
fn setters() -> Vec<Setter> {
    vec![
        ("requestor", json!("self"), |rule| rule.with_requestor_self()),
        (
            "requestor",
            json!({"users": ["system:bootstrap:*"], "groups": ["g"], "tokenIds": ["1e1234"]}),
            |rule| rule.with_requestor(&["system:bootstrap:*"], &["g"], &["1e1234".parse().unwrap()]),
        ),
        ("requestor", json!({"users": ["a b", " x", ""], "groups": ["g*"]}), |rule| {
            rule.with_requestor(&["a b", " x", ""], &["g*"], &[])
        }),
        ("requestor", json!({}), |rule| rule.with_requestor(&[], &[], &[])),
        ("node.names", json!(["worker-*", "10.0"]), |rule| rule.with_node_names(["worker-*", "10.0"])),
        ("node.names", json!([]), |rule| rule.with_node_names([""; 0])),
        ("node.names", json!(["W"]), |rule| rule.with_node_names(vec!["W".to_owned()])),
        ("node.inventory", json!("no"), |rule| rule.with_inventory("no")),
        ("node.mayRejoin", json!(true), |rule| rule.with_rejoin()),
        ("subject", json!({"users": ["dev:*"], "groups": ["dev"]}), |rule| {
            rule.with_subject(&["dev:*"], &["dev"])
        }),
        ("subject", json!({"users": [], "groups": ["system:masters"]}), |rule| {
            rule.with_subject(&[], &["system:masters"])
        }),
        ("subject", json!({"users": ["*"]}), |rule| rule.with_subject(&["*"], &[])),
        ("subjectAltNames.within", json!(["inventory", "nodeStatus", "served", "dns", "nodeName"]), |rule| {
            rule.with_names_within([
                NameSource::Inventory,
                NameSource::NodeStatus,
                NameSource::Served,
                NameSource::Dns,
                NameSource::NodeName,
            ])
        }),
        ("subjectAltNames.within", json!(["dns", {"cidrs": ["10.0.0.0/8", "fd00::/8"]}]), |rule| {
            let ranges = ["10.0.0.0/8", "fd00::/8"].map(|range| range.parse().unwrap());
            rule.with_names_within([NameSource::Dns, NameSource::Cidrs(ranges.to_vec())])
        }),
        ("subjectAltNames.within", json!([{"cidrs": []}]), |rule| {
            rule.with_names_within([NameSource::Cidrs(Vec::new())])
        }),
        ("subjectAltNames.within", json!([]), |rule| rule.with_names_within([])),
        ("subjectAltNames.anyNodeMayClaim", json!(["addresses", "dnsNames"]), |rule| {
            rule.with_any_node_may_claim([NameKind::Addresses, NameKind::DnsNames])
        }),
        ("subjectAltNames.dnsNames", json!(["*.example.com"]), |rule| rule.with_dns_names(["*.example.com"])),
        ("subjectAltNames.dnsNames", json!([]), |rule| rule.with_dns_names([""; 0])),
        ("subjectAltNames.max", json!(16), |rule| rule.with_max_names(16)),
        ("subjectAltNames.max", json!(0), |rule| rule.with_max_names(0)),
        ("subjectAltNames.maxDns", json!(0), |rule| rule.with_max_dns_names(0)),
        ("access", json!("nodeclient"), |rule| rule.with_access(Access::NodeClient)),
        ("access", json!("selfnodeclient"), |rule| rule.with_access(Access::SelfNodeClient)),
        ("maxExpiration", json!("1y1s"), |rule| rule.with_max_expiration("1y1s".parse().unwrap())),
        ("maxExpiration", json!("0s"), |rule| rule.with_max_expiration("0s".parse().unwrap())),
        ("maxAge", json!("90m"), |rule| rule.with_max_age("90m".parse().unwrap())),
        ("maxPending", json!({"perNode": 3, "perRequestor": 20}), |rule| {
            rule.with_max_pending(Some(3), Some(20))
        }),
        ("maxPending", json!({"perNode": 0}), |rule| rule.with_max_pending(Some(0), None)),
        ("maxPending", json!({}), |rule| rule.with_max_pending(None, None)),
        ("once", json!(true), |rule| rule.with_once()),
        ("message", json!("Norway: no"), |rule| rule.with_message("Norway: no")),
        ("message", json!("two\nlines"), |rule| rule.with_message("two\nlines")),
    ]
}

const SIGNERS: [Signer; 3] =
    [Signer::KubeApiserverClient, Signer::KubeApiserverClientKubelet, Signer::KubeletServing];

/// A rule in code, and as it stands in a file.
fn rule(name: &str, signer: Signer, verdict: Verdict, setters: &[Setter]) -> (Rule, Value) {
    let begin = match verdict {
        Verdict::Approve => Rule::approve,
        Verdict::Deny => Rule::deny,
        Verdict::Hold => Rule::hold,
    };
    let mut fields = json!({"name": name, "signer": signer.as_str(), "decision": verdict.as_str()});
    for (path, value, _) in setters {
        match path.split_once('.') {
            Some((outer, inner)) => fields[outer][inner] = value.clone(),
            None => fields[path] = value.clone(),
        }
    }
    (setters.iter().fold(begin(name, signer), |rule, (_, _, set)| set(rule)), fields)
}

fn read(rules: &[Value]) -> Result<Policy, DocumentError> {
    json!({"apiVersion": "kboot.dev/v1alpha1", "kind": "CsrPolicy", "spec": {"rules": rules}})
        .to_string()
        .parse()
}

/// One that is right, so that some policies are.
fn right(name: &str) -> (Rule, Value) {
    let setters = setters();
    rule(
        name,
        Signer::KubeApiserverClientKubelet,
        Verdict::Approve,
        &[setters[1].clone(), setters[4].clone()],
    )
}

#[test]
fn every_setter_says_what_its_field_says() {
    for setter in setters() {
        for signer in SIGNERS {
            for verdict in [Verdict::Approve, Verdict::Deny] {
                let (built, written) = rule("r", signer, verdict, std::slice::from_ref(&setter));
                assert_eq!(
                    said(Policy::new([built])),
                    said(read(&[written])),
                    "{} {} {signer}",
                    setter.0,
                    setter.1
                );
            }
        }
    }
}

#[test]
fn what_is_given_again_takes_the_place_of_the_first() {
    let rule = |name| Rule::approve(name, Signer::KubeApiserverClientKubelet);
    let twice = rule("r").with_once().with_requestor(&["a"], &[], &[]).with_requestor_self();
    assert_eq!(twice, rule("r").with_requestor_self().with_once());
}

#[test]
fn a_wrong_policy_names_every_problem_of_every_rule() {
    let error = Policy::new([
        Rule::approve("kubelet", Signer::KubeApiserverClientKubelet),
        Rule::approve("kubelet", Signer::KubeletServing)
            .with_requestor(&["*"], &[], &[])
            .with_names_within([NameSource::Inventory])
            .with_message(""),
        Rule::approve("a_b", Signer::KubeApiserverClient)
            .with_requestor(&["ci"], &[], &[])
            .with_subject(&["system:*"], &["system:masters"])
            .with_once(),
    ])
    .unwrap_err();
    let paths: Vec<&str> = error.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "spec.rules[0].requestor",
            "spec.rules[1].name",
            "spec.rules[1].subjectAltNames.within",
            "spec.rules[1].message",
            "spec.rules[1].requestor",
            "spec.rules[1].requestor",
            "spec.rules[2].name",
            "spec.rules[2].once",
            "spec.rules[2].subject.users",
            "spec.rules[2].subject.groups",
        ]
    );
    let none = Policy::new([]).unwrap_err();
    assert_eq!(problems(&none), ["spec.rules: is empty: a policy without rules decides nothing"]);
}

#[test]
fn a_policy_never_approves_what_no_rule_matches() {
    let policy = || Policy::new([right("r").0]).unwrap();
    for (verdict, otherwise) in [(Verdict::Hold, true), (Verdict::Deny, true), (Verdict::Approve, false)] {
        let with_otherwise = policy().with_otherwise(verdict);
        let with_on_violation = policy().with_on_violation(verdict);
        assert_eq!(
            (with_otherwise.is_ok(), with_on_violation.is_ok()),
            (otherwise, otherwise),
            "{verdict:?}"
        );
        for policy in [with_otherwise, with_on_violation].into_iter().flatten() {
            assert_eq!(policy.to_yaml().unwrap().parse(), Ok(policy));
        }
    }
    let error = policy().with_otherwise(Verdict::Approve).unwrap_err();
    assert_eq!(problems(&error), ["spec.otherwise: \"approve\" is not one of hold, deny"]);
}

#[test]
fn presets_are_written_and_read() {
    for preset in Preset::ALL {
        let policy = preset.policy();
        let text = policy.to_yaml().unwrap();
        assert_eq!(text.parse(), Ok(policy), "{text}");
    }
    let text = Preset::Bootstrap.policy().to_yaml().unwrap();
    let begins = "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec:\n  rules:\n  - name: first-client-certificate\n    signer: ";
    assert!(text.starts_with(begins), "{text}");
}

#[test]
fn a_tokens_rule_is_the_one_that_its_file_says() {
    // Both would be numbers without quotes.
    let (token, node) = ("123456".parse().unwrap(), name("10.0"));
    for (once, rest) in [(true, "once: true"), (false, "node: {names: ['10.0'], mayRejoin: true}")] {
        let expected = format!(
            "{{name: token-123456, signer: kubernetes.io/kube-apiserver-client-kubelet, \
             requestor: {{tokenIds: ['123456']}}, node: {{names: ['10.0']}}, {rest}, maxExpiration: 8760h, decision: approve}}"
        );
        let expected = expected.replace("node: {names: ['10.0']}, node:", "node:");
        let text =
            format!("{{apiVersion: kboot.dev/v1alpha1, kind: CsrPolicy, spec: {{rules: [{expected}]}}}}");
        let policy = Policy::new([token_rule(&token, &node, once)]).unwrap();
        assert_eq!(text.parse(), Ok(policy.clone()));
        assert_eq!(policy.to_yaml().unwrap().parse(), Ok(policy));
    }
}

#[test]
fn a_decision_is_the_condition_that_is_sent() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pem = CertificateRequest::for_user("jane".parse().unwrap(), ["dev".parse().unwrap()], &key)
        .unwrap()
        .to_pem();
    let object = |pem: &str| {
        let object = CertificateSigningRequest::new("jane", Signer::KubeApiserverClient, pem.as_bytes());
        object.with_requestor(Requestor::user("ops"))
    };
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let decide =
        |rule: Rule, pem: &str| Policy::new([rule]).unwrap().evaluate(&object(pem), &PolicyContext::at(now));
    let rule = |begin: fn(&str, Signer) -> Rule| {
        begin("r", Signer::KubeApiserverClient)
            .with_requestor(&["ops"], &[], &[])
            .with_subject(&["jane"], &["dev"])
    };
    for (decision, kind, reason, message) in [
        (
            decide(rule(Rule::approve), &pem),
            "Approved",
            "RuleApproves",
            "Approved by the rule r of the policy.",
        ),
        (decide(rule(Rule::approve).with_message("Yes."), &pem), "Approved", "RuleApproves", "Yes."),
        (decide(rule(Rule::deny).with_message("No."), &pem), "Denied", "RuleDenies", "No."),
        (decide(rule(Rule::hold), &pem).approve_as("ops"), "Approved", "PersonApproves", "Approved by ops."),
    ] {
        let condition = decision.condition(now).unwrap();
        let expected = json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastUpdateTime": "2026-01-02T03:04:05Z", "lastTransitionTime": "2026-01-02T03:04:05Z",
        });
        assert_eq!(serde_json::to_value(&condition).unwrap(), expected);
        let sent = match kind {
            "Denied" => object(&pem).with_denial(reason, message, now).unwrap(),
            _ => object(&pem).with_approval(reason, message, now).unwrap(),
        };
        assert_eq!(sent.condition(kind), Some(&condition));
        assert!(object(&pem).is_pending() && !sent.is_pending());
    }
    let held = decide(rule(Rule::hold), &pem);
    assert_eq!(held.condition(now), None);
    assert_eq!(
        held.explanation().what_to_do().last().unwrap(),
        "By hand, only if you know who asks: kboot csr approve jane"
    );
    let mut form = serde_json::to_value(&held).unwrap();
    let trace: Vec<Value> = form["trace"].as_array_mut().unwrap().drain(..).collect();
    assert_eq!(
        form,
        json!({
            "decision": "hold", "code": "rule-holds", "message": "A rule leaves it to a person. (rule-holds)",
            "meaning": "A rule leaves it to a person.", "reason": "by the rule r", "trace": [],
        })
    );
    let requestor = json!({
        "rule": "r", "name": "requestor", "saw": "ops in none", "answer": "yes", "code": null,
    });
    assert!(trace.contains(&requestor), "{trace:?}");
    let outcome = json!({
        "rule": null, "name": "outcome", "saw": "hold: r", "answer": "unknown", "code": "rule-holds",
    });
    assert_eq!((trace.len(), trace.last()), (held.trace().clauses().len(), Some(&outcome)));
    // A request that cannot be read.
    let refused = decide(rule(Rule::approve), "damaged");
    assert_eq!(
        refused.condition(now).map(|condition| condition.reason),
        match refused.verdict() {
            Verdict::Deny => Some(refused.reason().as_camel_case().to_owned()),
            _ => None,
        }
    );
    for reason in Reason::ALL {
        let word: String = reason.as_str().split('-').collect();
        assert_eq!(reason.as_camel_case().to_lowercase(), word);
        assert!(reason.as_camel_case().starts_with(|c: char| c.is_ascii_uppercase()));
    }
}

/// Rules with any conditions, right and wrong, among such as are right.
fn rules() -> impl Strategy<Value = Vec<(Rule, Value)>> {
    let verdicts = vec![Verdict::Approve, Verdict::Deny, Verdict::Hold];
    let setters = proptest::collection::vec(select(setters()), 0..5);
    let any = (select(SIGNERS.to_vec()), select(verdicts), setters);
    let any = any.prop_map(|(signer, verdict, setters)| Some((signer, verdict, setters)));
    let one = prop_oneof![1 => Just(None), 2 => any];
    proptest::collection::vec(one, 0..4).prop_map(|rules| {
        let each = rules.into_iter().enumerate().map(|(i, any)| {
            let name = format!("{}", i * 10);
            any.map_or_else(
                || right(&name),
                |(signer, verdict, setters)| rule(&name, signer, verdict, &setters),
            )
        });
        each.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inventories_are_the_same_built_written_and_read(nodes in nodes()) {
        let built = Inventory::from_nodes(nodes.clone());
        let mut inserted = Inventory::default();
        let mut all_taken = true;
        for (name, node) in &nodes {
            all_taken &= inserted.insert(name.clone(), node.clone()).is_ok_and(|before| before.is_none());
        }
        prop_assert_eq!(built.is_ok(), all_taken, "{:?}", built);
        for inventory in [built.unwrap_or_default(), inserted.clone()] {
            let text = inventory.to_yaml().unwrap();
            prop_assert_eq!(text.parse::<Inventory>(), Ok(inventory), "{}", text);
        }
        for (name, node) in nodes {
            if inserted.node(&name) == Some(&node) {
                let before = inserted.clone();
                inserted.remove(&name);
                prop_assert_eq!(inserted.insert(name, node), Ok(None));
                prop_assert_eq!(&inserted, &before);
            }
        }
    }
    #[test]
    fn policies_are_the_same_built_written_and_read(rules in rules()) {
        let (built, texts): (Vec<Rule>, Vec<Value>) = rules.into_iter().unzip();
        let policy = Policy::new(built);
        prop_assert_eq!(said(policy.clone()), said(read(&texts)));
        if let Ok(policy) = policy {
            let text = policy.to_yaml().unwrap();
            prop_assert_eq!(text.parse::<Policy>(), Ok(policy.clone()), "{}", text);
            prop_assert_eq!(Policy::new(policy.rules().to_vec()), Ok(policy));
        }
    }
}

#[test]
fn events_hold_nothing_of_the_request_and_fit() {
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let object = |name: &str, pem: &str| {
        CertificateSigningRequest::new(name, Signer::KubeApiserverClient, pem.as_bytes())
            .with_requestor(Requestor::user("hostile-sender"))
    };
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pem = |user: &str| CertificateRequest::for_user(user.parse().unwrap(), [], &key).unwrap().to_pem();
    let (of_jane, of_master) = (pem("hostile-jane"), pem("system:hostile"));
    let event = |rule: Rule, pem: &str| {
        let policy = Policy::new([rule]).unwrap().with_on_violation(Verdict::Hold).unwrap();
        policy.evaluate(&object("hostile-name", pem), &PolicyContext::at(now)).event()
    };
    let rule = |begin: fn(&str, Signer) -> Rule| begin("r", Signer::KubeApiserverClient);
    let approving =
        rule(Rule::approve).with_requestor(&["hostile-*"], &[], &[]).with_subject(&["hostile-*"], &[]);
    let long = "\u{1f600}".repeat(500);
    for (event, kind, action, reason) in [
        (event(approving, &of_jane), EventType::Normal, "Approve", "RuleApproves"),
        (event(rule(Rule::hold), &of_jane), EventType::Normal, "Hold", "RuleHolds"),
        (event(rule(Rule::deny).with_message(&long), &of_jane), EventType::Warning, "Deny", "RuleDenies"),
        // The floor refuses it.
        (event(rule(Rule::hold), &of_master), EventType::Warning, "Hold", "PrivilegedIdentity"),
        (event(rule(Rule::hold), "hostile"), EventType::Warning, "Hold", "NotPem"),
    ] {
        assert_eq!((event.kind, event.action, event.reason), (kind, action, reason), "{event:?}");
        assert!(!event.note.contains("hostile") && !event.note.is_empty(), "{event:?}");
        assert!(event.note.len() <= 1024, "{} bytes", event.note.len());
    }
    let cut = event(rule(Rule::deny).with_message(&long), &of_jane);
    assert_eq!(cut.note, "\u{1f600}".repeat(256));
    let elsewhere = CertificateSigningRequest::new("a", Signer::KubeletServing, b"x");
    let event =
        Policy::new([rule(Rule::hold)]).unwrap().evaluate(&elsewhere, &PolicyContext::at(now)).event();
    assert_eq!((event.kind, event.reason), (EventType::Normal, "SignerNotRuled"));
}

#[test]
fn a_reason_that_is_no_word_is_refused() {
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    for good in ["A", "KubectlApprove", "a_b,c:d0", "A_", &"x".repeat(1024)] {
        assert_eq!(Condition::denied(good, "m", now).unwrap().reason, good);
    }
    for bad in ["", "two words", "1Reason", "_A", "A,", "A:", "Gr\u{fc}n", "A\n", "A-B", &"x".repeat(1025)] {
        let object = CertificateSigningRequest::new("a", Signer::KubeletServing, b"x");
        for refused in [
            Condition::approved(bad, "m", now).map(|_| ()),
            Condition::denied(bad, "m", now).map(|_| ()),
            Condition::failed(bad, "m", now).map(|_| ()),
            object.clone().with_approval(bad, "m", now).map(|_| ()),
            object.with_denial(bad, "m", now).map(|_| ()),
        ] {
            let error = refused.unwrap_err();
            assert!(
                matches!(&error, CsrError::ConditionReason { reason } if bad.starts_with(reason)),
                "{error}"
            );
            assert_eq!(error.code(), "condition-reason");
        }
    }
    // Every reason of a policy is one.
    for reason in Reason::ALL {
        assert!(Condition::denied(reason.as_camel_case(), "m", now).is_ok(), "{reason}");
    }
}

#[test]
fn what_is_set_is_read_back() {
    let globs = |patterns: &[&str]| patterns.iter().map(|pattern| Glob::new(pattern)).collect::<Vec<_>>();
    let empty = Rule::approve("r", Signer::KubeletServing);
    assert!(!empty.is_requestor_self() && !empty.may_rejoin() && !empty.is_once());
    assert!(empty.requestor_users().is_empty() && empty.requestor_groups().is_empty());
    assert!(empty.requestor_token_ids().is_empty() && empty.node_names().is_empty());
    assert_eq!((empty.inventory(), empty.message(), empty.access()), (None, None, None));
    assert_eq!((empty.subject_users(), empty.subject_groups(), empty.dns_names()), (None, None, None));
    assert!(empty.names_within().is_empty() && empty.any_node_may_claim().is_empty());
    assert_eq!((empty.max_names(), empty.max_dns_names()), (None, None));
    assert_eq!((empty.max_expiration(), empty.max_age()), (None, None));
    assert_eq!((empty.max_pending_per_node(), empty.max_pending_per_requestor()), (None, None));

    let (hour, year) = ("1h".parse().unwrap(), "1y".parse().unwrap());
    let full = empty
        .with_requestor(&["u*"], &["g"], &["abcdef".parse().unwrap()])
        .with_node_names(["a-*", "b-*"])
        .with_inventory("nodes.yaml")
        .with_rejoin()
        .with_subject(&["s*"], &["t"])
        .with_names_within([NameSource::Inventory, NameSource::Dns])
        .with_any_node_may_claim([NameKind::Addresses])
        .with_dns_names(["*.example"])
        .with_max_names(16)
        .with_max_dns_names(4)
        .with_access(Access::NodeClient)
        .with_max_expiration(year)
        .with_max_age(hour)
        .with_max_pending(Some(1), Some(2))
        .with_once()
        .with_message("m");
    assert_eq!(full.requestor_users(), globs(&["u*"]));
    assert_eq!((full.requestor_groups(), full.requestor_token_ids().len()), (&["g".to_owned()][..], 1));
    assert_eq!(full.node_names(), globs(&["a-*", "b-*"]));
    assert_eq!((full.inventory(), full.message()), (Some("nodes.yaml"), Some("m")));
    assert!(full.may_rejoin() && full.is_once() && !full.is_requestor_self());
    assert_eq!(full.subject_users(), Some(&globs(&["s*"])[..]));
    assert_eq!(full.subject_groups(), Some(&["t".to_owned()][..]));
    assert_eq!(full.names_within(), [NameSource::Inventory, NameSource::Dns]);
    assert_eq!(full.any_node_may_claim(), [NameKind::Addresses]);
    assert_eq!(full.dns_names(), Some(&globs(&["*.example"])[..]));
    assert_eq!((full.max_names(), full.max_dns_names()), (Some(16), Some(4)));
    assert_eq!((full.access(), full.max_expiration()), (Some(Access::NodeClient), Some(year)));
    assert_eq!((full.max_age(), full.max_pending_per_node()), (Some(hour), Some(1)));
    assert_eq!(full.max_pending_per_requestor(), Some(2));
    assert!(full.with_requestor_self().is_requestor_self());
}
