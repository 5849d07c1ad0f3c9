//! What policies decide: rules, sources and their three-valued logic, from outside.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use crate::common::now;
use kboot_core::Env;
use kboot_core::policy::{
    AccessReviews, Answer, ContextDocument, Decision, History, KeyOwner, Nodes, Policy, PolicyContext,
    Preset, Reason, Verdict,
};
use kboot_core::{
    csr::{CertificateSigningRequest, Requestor, Signer},
    x509::CertificateRequest,
};
use kboot_core::{net::Host, x509::SubjectAltNames};
use kboot_core::{
    pki::CertificateAuthority,
    x509::{KeyAlgorithm, PrivateKey},
};
use kboot_testkit::generate::{EXTENSION_REQUEST, Extension, GeneralName, Request, der};
use serde_json::json;

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());

const CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const SERVING: &str = "kubernetes.io/kubelet-serving";
const USER: &str = "kubernetes.io/kube-apiserver-client";

fn names(names: &[&str]) -> SubjectAltNames {
    names.iter().map(|name| name.parse::<Host>().unwrap()).collect()
}

/// A policy of these rules in YAML flow style.
fn policy(rules: &[&str]) -> Policy {
    load(rules).unwrap()
}

/// A rule that approves serving certificates by these sources, and accepts what they give up.
fn by_sources(within: &str, more: &str) -> Policy {
    let rule = |accepted: &str| {
        format!(
            "{{name: r, signer: {SERVING}, requestor: self, subjectAltNames: {{within: {within}{accepted}{more}}}, decision: approve}}"
        )
    };
    let accepted = ["", "[dnsNames]", "[addresses]", "[dnsNames, addresses]"].map(|kinds| match kinds {
        "" => String::new(),
        kinds => format!(", anyNodeMayClaim: {kinds}"),
    });
    let mut read = accepted.iter().map(|accepted| load(&[&rule(accepted)]));
    read.find_map(Result::ok).unwrap_or_else(|| panic!("{within}{more}"))
}

fn load(rules: &[&str]) -> Result<Policy, String> {
    let rules: String = rules.iter().map(|rule| format!("  - {rule}\n")).collect();
    let text = format!("apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec:\n  rules:\n{rules}");
    text.parse::<Policy>().map_err(|error| error.to_string())
}

fn node(name: &str) -> Requestor {
    Requestor::user(&format!("system:node:{name}"))
        .with_group("system:nodes")
        .with_group("system:authenticated")
}

fn token(id: &str) -> Requestor {
    Requestor::user(&format!("system:bootstrap:{id}"))
        .with_group("system:bootstrappers")
        .with_group("system:authenticated")
}

fn client(name: &str, requestor: Requestor) -> CertificateSigningRequest {
    let request = CertificateRequest::for_kubelet_client(&name.parse().unwrap(), &KEY).unwrap();
    CertificateSigningRequest::new("csr-1", Signer::KubeApiserverClientKubelet, request.to_pem().as_bytes())
        .with_requestor(requestor)
}

fn serving(name: &str, alt_names: &[&str]) -> CertificateSigningRequest {
    let request =
        CertificateRequest::for_kubelet_serving(&name.parse().unwrap(), &names(alt_names), &KEY).unwrap();
    CertificateSigningRequest::new("csr-2", Signer::KubeletServing, request.to_pem().as_bytes())
        .with_requestor(node(name))
}

fn user(name: &str, groups: &[&str], requestor: Requestor) -> CertificateSigningRequest {
    let groups = groups.iter().map(|group| group.parse().unwrap());
    let request = CertificateRequest::for_user(name.parse().unwrap(), groups, &KEY).unwrap();
    CertificateSigningRequest::new("csr-3", Signer::KubeApiserverClient, request.to_pem().as_bytes())
        .with_requestor(requestor)
}

/// An object with other fields than the ones that requests are made with.
fn with(
    object: &CertificateSigningRequest,
    change: impl FnOnce(&mut serde_json::Value),
) -> CertificateSigningRequest {
    let mut value = serde_json::to_value(object).unwrap();
    change(&mut value);
    CertificateSigningRequest::from_json(&value.to_string()).unwrap()
}

fn told(decision: &Decision) -> (Verdict, Reason) {
    (decision.verdict(), decision.reason())
}

const APPROVED: (Verdict, Reason) = (Verdict::Approve, Reason::RuleApproves);
const NO_RULE: (Verdict, Reason) = (Verdict::Hold, Reason::NoRule);
const UNKNOWN: (Verdict, Reason) = (Verdict::Hold, Reason::FactsUnknown);
const OF_OTHER: (Verdict, Reason) = (Verdict::Hold, Reason::AltNameOfOther);

#[test]
fn the_first_rule_that_matches_decides_and_otherwise_closes() {
    let policy = policy(&[
        "{name: never, signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {groups: [system:bootstrappers]}, node: {names: [evil-*]}, decision: deny}",
        "{name: join, signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {groups: [system:bootstrappers]}, node: {names: [worker-?, evil-*]}, decision: approve}",
        "{name: later, signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {groups: [system:bootstrappers]}, node: {names: [worker-*]}, decision: hold}",
    ]);
    let context = empty();
    let decide = |object: &CertificateSigningRequest| told(&policy.evaluate(object, &context));
    assert_eq!(decide(&client("evil-1", token("abcdef"))), (Verdict::Deny, Reason::RuleDenies));
    assert_eq!(decide(&client("worker-1", token("abcdef"))), APPROVED);
    assert_eq!(decide(&client("worker-17", token("abcdef"))), (Verdict::Hold, Reason::RuleHolds));
    assert_eq!(decide(&client("other", token("abcdef"))), NO_RULE);
    assert_eq!(decide(&serving("worker-1", &["worker-1"])), (Verdict::Hold, Reason::SignerNotRuled));
}

#[test]
fn who_asked() {
    let rule = |requestor: &str| {
        policy(&[&format!("{{name: r, signer: {CLIENT}, requestor: {requestor}, decision: approve}}")])
    };
    let context = empty();
    for (requestor, sender, expected) in [
        ("self", node("worker-1"), APPROVED),
        // A user who is called like a node and is not in the group would gain the group.
        ("self", Requestor::user("system:node:worker-1"), (Verdict::Hold, Reason::RequestorNotNode)),
        ("self", token("abcdef"), NO_RULE),
        ("{groups: [system:bootstrappers]}", token("abcdef"), APPROVED),
        ("{groups: [system:bootstrappers]}", Requestor::user("system:bootstrap:abcdef"), NO_RULE),
        ("{groups: [a, system:bootstrappers]}", token("abcdef"), APPROVED),
        ("{users: ['system:bootstrap:*'], groups: [system:bootstrappers]}", token("abcdef"), APPROVED),
        ("{users: ['system:bootstrap:x*'], groups: [system:bootstrappers]}", token("abcdef"), NO_RULE),
        ("{tokenIds: [abcdef]}", token("abcdef"), APPROVED),
        ("{tokenIds: [abcdef]}", token("abcdeg"), NO_RULE),
        ("{tokenIds: [abcdef]}", Requestor::user("abcdef"), NO_RULE),
    ] {
        let decision = rule(requestor).evaluate(&client("worker-1", sender.clone()), &context);
        assert_eq!(told(&decision), expected, "{requestor} {sender:?}");
    }
}

/// A cluster in which nobody has joined yet.
fn empty() -> PolicyContext<'static> {
    let mut context = PolicyContext::at(now());
    context.nodes = Some(Nodes::default());
    context
}

fn cluster() -> PolicyContext<'static> {
    let mut context = PolicyContext::at(now());
    let node = |name: &str, own: &[&str]| (name.parse().unwrap(), names(own));
    let nodes = [
        node("worker-1", &["worker-1", "10.0.0.1", "fd00::1"]),
        node("worker-2", &["worker-2", "10.0.0.2"]),
        node("starting", &[]),
    ];
    context.nodes = Some(nodes.into_iter().collect());
    context.service_cidrs = vec!["10.96.0.0/12".parse().unwrap()];
    context.api_server = names(&["10.0.0.30"]);
    context
}

#[test]
fn whose_names_they_are() {
    let rule = |within: &str| by_sources(within, "");
    let dns: BTreeMap<String, Vec<IpAddr>> = BTreeMap::from([
        ("worker-1.example.com".to_owned(), vec!["10.0.0.1".parse().unwrap()]),
        ("worker-2.example.com".to_owned(), vec!["172.16.0.1".parse().unwrap()]),
        ("worker-1.empty.example.com".to_owned(), vec![]),
    ]);
    let mut context = cluster();
    context.resolver = Some(&dns);
    context.served.insert("worker-1".parse().unwrap(), names(&["worker-1", "10.0.0.1"]));
    for (within, node, asked, expected) in [
        ("[nodeStatus]", "worker-1", &["worker-1", "10.0.0.1"][..], APPROVED),
        ("[nodeStatus]", "worker-1", &["fd00::1"], APPROVED),
        ("[nodeStatus]", "worker-1", &["worker-1", "10.0.0.3"], NO_RULE),
        ("[nodeStatus]", "worker-1", &["worker-3", "10.0.0.1"], NO_RULE),
        ("[nodeStatus]", "worker-1", &["worker-1", "10.0.0.2"], OF_OTHER),
        ("[nodeStatus]", "worker-1", &["worker-2", "10.0.0.1"], OF_OTHER),
        ("[nodeStatus]", "starting", &["starting", "10.0.0.3"], UNKNOWN),
        ("[nodeStatus]", "not-there", &["not-there"], UNKNOWN),
        ("[served]", "worker-1", &["10.0.0.1"], APPROVED),
        ("[served]", "worker-1", &["fd00::1"], NO_RULE),
        ("[served]", "worker-2", &["10.0.0.2"], UNKNOWN),
        ("[nodeName]", "worker-1", &["worker-1", "worker-1.example.com"], APPROVED),
        ("[nodeName]", "worker-1", &["worker-10"], NO_RULE),
        // Nobody spoke of the address.
        ("[nodeName]", "worker-1", &["worker-1", "10.0.0.1"], NO_RULE),
        ("[{cidrs: [10.0.0.0/24]}]", "worker-1", &["10.0.0.77"], APPROVED),
        ("[{cidrs: [10.0.0.0/24, 'fd00::/64']}]", "worker-1", &["10.0.0.77", "fd00::9"], APPROVED),
        ("[{cidrs: [10.0.0.0/24]}]", "worker-1", &["10.0.1.1"], NO_RULE),
        ("[{cidrs: [10.0.0.0/24]}]", "worker-1", &["worker-1", "10.0.0.1"], NO_RULE),
        ("[nodeName, {cidrs: [10.0.0.0/24]}]", "worker-1", &["worker-1", "10.0.0.1"], APPROVED),
        // Every source for each name that it speaks of.
        ("[nodeStatus, {cidrs: [172.16.0.0/12]}]", "worker-1", &["worker-1", "10.0.0.1"], NO_RULE),
        ("[nodeStatus, nodeName]", "worker-1", &["worker-1", "10.0.0.1"], APPROVED),
        ("[dns, nodeName]", "worker-1", &["worker-1.example.com", "10.0.0.1"], APPROVED),
        ("[dns, nodeName]", "worker-1", &["worker-1.example.com", "10.0.0.3"], NO_RULE),
        ("[dns, nodeName]", "worker-1", &["worker-1.b.example.com"], UNKNOWN),
        ("[dns, nodeName]", "worker-1", &["worker-1.empty.example.com"], NO_RULE),
        ("[dns, nodeName]", "worker-1", &["worker-1.empty.example.com", "10.0.0.1"], NO_RULE),
        ("[dns, {cidrs: [10.0.0.0/24]}]", "worker-2", &["worker-2.example.com"], NO_RULE),
        ("[dns, {cidrs: [10.0.0.0/24]}]", "worker-1", &["worker-1.example.com", "10.0.0.1"], APPROVED),
    ] {
        let decision = rule(within).evaluate(&serving(node, asked), &context);
        assert_eq!(told(&decision), expected, "{within} {node} {asked:?} {:?}", decision.trace());
    }
    // Without the cluster's Nodes, nothing is known.
    let decision =
        rule("[nodeStatus]").evaluate(&serving("worker-1", &["worker-1"]), &PolicyContext::at(now()));
    assert_eq!(told(&decision), UNKNOWN);
}

#[test]
fn how_many_names() {
    let rule = |limits: &str| by_sources("[nodeStatus]", &format!(", {limits}"));
    let context = cluster();
    let object = serving("worker-1", &["worker-1", "10.0.0.1", "fd00::1"]);
    assert_eq!(told(&rule("max: 3").evaluate(&object, &context)), APPROVED);
    assert_eq!(told(&rule("max: 2").evaluate(&object, &context)), NO_RULE);
    assert_eq!(told(&rule("maxDns: 1").evaluate(&object, &context)), APPROVED);
    assert_eq!(told(&rule("maxDns: 0").evaluate(&object, &context)), NO_RULE);
}

#[test]
fn the_inventory_says_which_nodes_there_are_and_which_token_is_whose() {
    let policy = policy(&[&format!(
        "{{name: r, signer: {CLIENT}, requestor: {{groups: [system:bootstrappers]}}, node: {{inventory: nodes.yaml}}, decision: approve}}"
    )]);
    let mut context = empty();
    assert_eq!(policy.inventories().collect::<Vec<_>>(), ["nodes.yaml"]);
    let decide = |context: &PolicyContext<'_>, node: &str, id: &str| {
        told(&policy.evaluate(&client(node, token(id)), context))
    };
    assert_eq!(decide(&context, "worker-1", "abcdef"), UNKNOWN);
    context.inventories.insert(
        "nodes.yaml".to_owned(),
        "apiVersion: kboot.dev/v1alpha1
kind: NodeInventory
nodes:
- {name: worker-1, addresses: [10.0.0.1], tokenIds: [abcdef]}
- {name: worker-2, addresses: [10.0.0.2]}
"
        .parse()
        .unwrap(),
    );
    assert_eq!(decide(&context, "worker-1", "abcdef"), APPROVED);
    assert_eq!(decide(&context, "worker-2", "zzzzzz"), APPROVED);
    assert_eq!(decide(&context, "worker-1", "zzzzzz"), NO_RULE, "worker-1 has a token of its own");
    assert_eq!(decide(&context, "worker-2", "abcdef"), NO_RULE, "the token is worker-1's");
    assert_eq!(decide(&context, "worker-3", "zzzzzz"), NO_RULE);
}

#[test]
fn an_unknown_that_could_change_the_decision_holds_it() {
    let unknown = |decision: &str| {
        format!(
            "{{name: doubt, signer: {CLIENT}, requestor: {{groups: [system:bootstrappers]}}, access: nodeclient, decision: {decision}}}"
        )
    };
    let known = |decision: &str| {
        format!(
            "{{name: sure, signer: {CLIENT}, requestor: {{groups: [system:bootstrappers]}}, decision: {decision}}}"
        )
    };
    let object = client("worker-1", token("abcdef"));
    for (first, second, expected) in [
        ("approve", "approve", APPROVED),
        ("deny", "approve", UNKNOWN),
        ("approve", "deny", UNKNOWN),
        ("deny", "deny", (Verdict::Deny, Reason::RuleDenies)),
        ("hold", "approve", UNKNOWN),
        ("hold", "hold", (Verdict::Hold, Reason::RuleHolds)),
    ] {
        let policy = policy(&[&unknown(first), &known(second)]);
        let decision = policy.evaluate(&object, &empty());
        assert_eq!(told(&decision), expected, "{first}, then {second}");
    }
    // A "no" in the same rule settles it, wherever the unknown stands.
    let rule = format!(
        "{{name: r, signer: {CLIENT}, requestor: {{groups: [system:bootstrappers]}}, access: nodeclient, maxExpiration: 1h, decision: deny}}"
    );
    let decision = policy(&[&rule, &known("approve")]).evaluate(&object, &empty());
    assert_eq!(told(&decision), APPROVED);
}

#[test]
fn limits_of_time_and_number() {
    let rule = |limit: &str| {
        policy(&[&format!(
            "{{name: r, signer: {CLIENT}, requestor: {{groups: [system:bootstrappers]}}, {limit}, decision: approve}}"
        )])
    };
    let object = client("worker-1", token("abcdef"));
    let mut context = empty();
    let decide = |rule: &Policy, object: &CertificateSigningRequest, context: &PolicyContext<'_>| {
        told(&rule.evaluate(object, context))
    };

    let year = rule("maxExpiration: 8760h");
    assert_eq!(decide(&year, &object, &context), APPROVED);
    let asking = |seconds: i64| with(&object, |object| object["spec"]["expirationSeconds"] = json!(seconds));
    assert_eq!(decide(&year, &asking(8760 * 3600), &context), APPROVED);
    assert_eq!(decide(&year, &asking(8760 * 3600 + 1), &context), NO_RULE);
    let day = rule("maxExpiration: 24h");
    assert_eq!(decide(&day, &asking(3600), &context), APPROVED);
    assert_eq!(decide(&day, &object, &context), NO_RULE, "the signer would give it a year");

    let young = rule("maxAge: 1h");
    assert_eq!(decide(&young, &object, &context), UNKNOWN);
    let created = |time: &str| with(&object, |object| object["metadata"]["creationTimestamp"] = json!(time));
    assert_eq!(decide(&young, &created("2026-11-21T09:00:00Z"), &context), APPROVED);
    assert_eq!(decide(&young, &created("2026-11-21T08:59:59Z"), &context), NO_RULE);

    let few = rule("maxPending: {perNode: 2}");
    let few_of_token = rule("maxPending: {perRequestor: 2}");
    assert_eq!(decide(&few, &object, &context), UNKNOWN);
    let mut history = History::default();
    context.history = Some(history.clone());
    assert_eq!(decide(&few, &object, &context), APPROVED);
    for _ in 0..5 {
        history.add(&client("worker-1", token("zzzzzz")));
    }
    history.add(&client("worker-1", token("abcdef")));
    history.add(&with(&client("worker-1", token("abcdef")), |object| {
        object["status"] = json!({"conditions": [{"type": "Denied", "status": "True"}]});
    }));
    context.history = Some(history.clone());
    assert_eq!(decide(&few, &object, &context), APPROVED, "one other is open");
    assert_eq!(decide(&few_of_token, &object, &context), APPROVED);
    history.add(&client("worker-1", token("abcdef")));
    context.history = Some(history.clone());
    assert_eq!(decide(&few, &object, &context), NO_RULE, "two others are open");
    assert_eq!(decide(&few, &client("worker-2", token("abcdef")), &context), APPROVED);
    assert_eq!(decide(&few_of_token, &client("worker-1", token("yyyyyy")), &context), APPROVED);
    history.add(&client("worker-7", token("abcdef")));
    history.add(&client("worker-8", token("abcdef")));
    context.history = Some(history);
    assert_eq!(decide(&few_of_token, &object, &context), NO_RULE);
}

#[test]
fn a_token_for_one_node_works_once() {
    let policy = policy(&[&format!(
        "{{name: r, signer: {CLIENT}, requestor: {{tokenIds: [abcdef]}}, node: {{names: [worker-7]}}, once: true, decision: approve}}"
    )]);
    let object = client("worker-7", token("abcdef"));
    let mut context = PolicyContext::at(now());
    assert_eq!(told(&policy.evaluate(&object, &context)), UNKNOWN);
    context.history = Some(History::default());
    assert_eq!(told(&policy.evaluate(&object, &context)), UNKNOWN, "nobody said which nodes there are");
    context.nodes = Some(Nodes::default());
    assert_eq!(told(&policy.evaluate(&object, &context)), APPROVED);
    assert_eq!(told(&policy.evaluate(&client("worker-8", token("abcdef")), &context)), NO_RULE);
    let mut used = History::default();
    used.add(&with(&object, |object| {
        object["status"] = json!({"conditions": [{"type": "Approved", "status": "True"}]});
    }));
    context.history = Some(used);
    assert_eq!(told(&policy.evaluate(&object, &context)), NO_RULE);
    context.history = Some(History::default());
    context.nodes = Some([("worker-7".parse().unwrap(), names(&["worker-7"]))].into_iter().collect());
    assert_eq!(told(&policy.evaluate(&object, &context)), NO_RULE, "it has joined");
}

#[test]
fn users() {
    let policy = policy(&[&format!(
        "{{name: r, signer: {USER}, requestor: {{groups: [ci]}}, subject: {{users: ['build-*'], groups: [dev, ops]}}, decision: approve}}"
    )]);
    let context = PolicyContext::at(now());
    let ci = || Requestor::user("jenkins").with_group("ci");
    assert_eq!(told(&policy.evaluate(&user("build-1", &["dev"], ci()), &context)), APPROVED);
    assert_eq!(told(&policy.evaluate(&user("build-1", &[], ci()), &context)), APPROVED);
    assert_eq!(told(&policy.evaluate(&user("build-1", &["dev", "admins"], ci()), &context)), NO_RULE);
    assert_eq!(told(&policy.evaluate(&user("jane", &["dev"], ci()), &context)), NO_RULE);
    assert_eq!(told(&policy.evaluate(&user("build-1", &["dev"], Requestor::user("eve")), &context)), NO_RULE);
    for (name, groups) in [
        ("build-1", &["system:masters"][..]),
        ("build-1", &["dev", "kubeadm:cluster-admins"]),
        ("system:kube-controller-manager", &[]),
        ("System:Admin", &[]),
        ("kubernetes-admin", &[]),
    ] {
        let decision = policy.evaluate(&user(name, groups, ci()), &context);
        assert_eq!(told(&decision), (Verdict::Deny, Reason::PrivilegedIdentity), "{name} {groups:?}");
        assert_eq!(decision.approve_as("root").verdict(), Verdict::Deny, "no person lifts the floor");
    }
}

#[test]
fn renewing_a_user_does_not_promote_it() {
    let policy = policy(&[&format!(
        "{{name: r, signer: {USER}, requestor: self, subject: {{users: ['build-*'], groups: [dev, ops]}}, decision: approve}}"
    )]);
    let context = PolicyContext::at(now());
    let myself = || Requestor::user("build-1").with_group("dev");
    assert_eq!(told(&policy.evaluate(&user("build-1", &["dev"], myself()), &context)), APPROVED);
    assert_eq!(told(&policy.evaluate(&user("build-1", &["ops"], myself()), &context)), NO_RULE);
    assert_eq!(told(&policy.evaluate(&user("build-2", &["dev"], myself()), &context)), NO_RULE);
}

#[test]
fn a_key_that_is_somebody_elses_is_denied() {
    let mut context = cluster();
    let object = serving("worker-1", &["worker-1"]);
    let key = object.request().unwrap().public_key().clone();
    let policy = by_sources("[nodeStatus]", "");
    context.key_owners.insert(key.clone(), KeyOwner::User("system:node:worker-1".to_owned()));
    assert_eq!(told(&policy.evaluate(&object, &context)), APPROVED);
    context.key_owners.insert(key, KeyOwner::User("system:node:worker-2".to_owned()));
    assert_eq!(told(&policy.evaluate(&object, &context)), (Verdict::Deny, Reason::KeyReused));
}

#[test]
fn the_preset_upstream_asks_the_access_reviews() {
    let policy = Preset::Upstream.policy();
    let mut context = PolicyContext::at(now());
    let first = client("worker-1", token("abcdef"));
    assert_eq!(told(&policy.evaluate(&first, &context)), UNKNOWN);
    let mut review = |requestor: &Requestor, self_node_client, node_client| {
        let reviews =
            AccessReviews { self_node_client: Some(self_node_client), node_client: Some(node_client) };
        context.set_access(requestor, reviews);
    };
    review(&token("abcdef"), false, true);
    review(&token("zzzzzz"), true, false);
    review(&node("worker-1"), true, false);
    assert_eq!(told(&policy.evaluate(&first, &context)), APPROVED);
    assert_eq!(told(&policy.evaluate(&client("worker-1", token("zzzzzz")), &context)), NO_RULE);
    assert_eq!(told(&policy.evaluate(&client("worker-1", node("worker-1")), &context)), APPROVED);
    let elsewhere = token("abcdef").with_group("system:bootstrappers:workers");
    let decision = policy.evaluate(&client("worker-1", elsewhere), &context);
    assert_eq!(told(&decision), UNKNOWN, "the review was of the user in other groups");
    let message = policy.evaluate(&first, &context).message();
    assert_eq!(message, "Auto approving kubelet client certificate after SubjectAccessReview.");
    // Upstream never denies.
    let decision = policy.evaluate(&client("worker-2", node("worker-1")), &context);
    assert_eq!(told(&decision), (Verdict::Hold, Reason::RequestorOtherNode));
    assert_eq!(decision.approve_as("jane").verdict(), Verdict::Hold, "and nobody lifts the floor");
    let decision = policy.evaluate(&serving("worker-1", &["worker-1"]), &context);
    assert_eq!(told(&decision), (Verdict::Hold, Reason::RuleHolds));
    assert_eq!(decision.approve_as("jane").verdict(), Verdict::Approve);
}

#[test]
fn the_trace_tells_each_clause_and_the_message_nothing_of_the_request() {
    let policy = policy(&[&format!(
        "{{name: join, signer: {CLIENT}, requestor: {{groups: [system:bootstrappers]}}, node: {{names: ['worker-*']}}, decision: approve}}"
    )]);
    let hostile = Requestor::user("eve\u{1b}[31m\n").with_group("system:bootstrappers");
    let decision = policy.evaluate(&client("db-1", hostile), &PolicyContext::at(now()));
    let clauses = decision.trace().clauses();
    let of_floor: Vec<_> = clauses
        .clone()
        .filter(|clause| clause.rule().is_none())
        .map(|clause| clause.subject().as_str())
        .collect();
    assert_eq!(
        of_floor,
        [
            "signer",
            "encoding",
            "key",
            "signature",
            "attributes",
            "extensions",
            "subject",
            "node",
            "alternative names",
            "usages",
            "expiration",
            "requestor",
            "outcome"
        ]
    );
    let of_rule: Vec<_> = clauses
        .clone()
        .filter(|clause| clause.rule().is_some_and(|rule| rule.name() == "join"))
        .map(|clause| (clause.subject().as_str(), clause.to_string(), clause.answer()))
        .collect();
    assert_eq!(
        of_rule,
        [
            ("requestor", "eve\\u{1b}[31m\\n in system:bootstrappers".to_owned(), Answer::Yes),
            ("node name", "db-1; wanted worker-*".to_owned(), Answer::No)
        ]
    );
    assert_eq!(decision.message(), "No rule matches it. (no-rule)");
    assert!(clauses.clone().all(|clause| !clause.to_string().contains(['\u{1b}', '\n'])));
}

#[test]
fn what_no_policy_may_say() {
    for (rule, problem) in [
        (
            format!(
                "{{name: r, signer: {USER}, requestor: {{groups: [a]}}, subject: {{users: ['*']}}, decision: approve}}"
            ),
            "spec.rules[0].subject.users: \"*\" would approve privileged identities",
        ),
        (
            format!(
                "{{name: r, signer: {USER}, requestor: {{groups: [a]}}, subject: {{users: ['?ystem*']}}, decision: approve}}"
            ),
            "would approve privileged",
        ),
        (
            format!(
                "{{name: r, signer: {USER}, requestor: {{groups: [a]}}, subject: {{users: ['kube*']}}, decision: approve}}"
            ),
            "would approve privileged",
        ),
        (
            format!(
                "{{name: r, signer: {USER}, requestor: {{groups: [a]}}, subject: {{users: [a], groups: [system:masters]}}, decision: approve}}"
            ),
            "spec.rules[0].subject.groups: \"system:masters\" is a privileged group",
        ),
        (
            format!("{{name: r, signer: {USER}, requestor: {{groups: [a]}}, decision: approve}}"),
            "spec.rules[0].subject: is missing",
        ),
        (
            format!("{{name: r, signer: {USER}, subject: {{users: [a]}}, decision: approve}}"),
            "spec.rules[0].requestor: is missing",
        ),
        (format!("{{name: r, signer: {CLIENT}, decision: approve}}"), "anybody could become a node"),
        (
            format!(
                "{{name: r, signer: {CLIENT}, requestor: {{groups: [system:authenticated]}}, decision: approve}}"
            ),
            "is everybody",
        ),
        (
            format!("{{name: r, signer: {CLIENT}, requestor: {{users: ['*']}}, decision: approve}}"),
            "is everybody",
        ),
        (format!("{{name: r, signer: {CLIENT}, requestor: {{}}, decision: approve}}"), "lists nobody"),
        (
            format!(
                "{{name: r, signer: {SERVING}, requestor: {{groups: [system:nodes]}}, subjectAltNames: {{within: [nodeStatus]}}, decision: approve}}"
            ),
            "must be self",
        ),
        (
            format!("{{name: r, signer: {SERVING}, requestor: self, decision: approve}}"),
            "subjectAltNames.within: is missing",
        ),
        (
            format!(
                "{{name: r, signer: {SERVING}, requestor: self, subjectAltNames: {{within: [{{cidrs: [10.0.0.1/24]}}]}}, decision: approve}}"
            ),
            "within[0].cidrs[0]: \"10.0.0.1/24\" is not an address range",
        ),
        (
            format!(
                "{{name: r, signer: {SERVING}, requestor: self, subjectAltNames: {{within: [inventory]}}, decision: approve}}"
            ),
            "node.inventory does not say which",
        ),
        (
            "{name: r, signer: example.com/mine, decision: hold}".to_owned(),
            "spec.rules[0].signer: \"example.com/mine\" is not one of",
        ),
        ("{name: r, signer: kubernetes.io/legacy-unknown, decision: hold}".to_owned(), "is not one of"),
        (
            format!("{{name: r, signer: {CLIENT}, requestor: me, decision: approve}}"),
            "spec.rules[0].requestor: \"me\" is not one of self",
        ),
        (
            format!("{{name: r, signer: {CLIENT}, requestors: self, decision: approve}}"),
            "did you mean requestor?",
        ),
        (
            format!(
                "{{name: r, signer: {CLIENT}, requestor: self, subject: {{users: [a]}}, decision: approve}}"
            ),
            "subject: means nothing for",
        ),
        (
            format!("{{name: r, signer: {CLIENT}, requestor: self, maxAge: soon, decision: approve}}"),
            "spec.rules[0].maxAge:",
        ),
        (
            format!("{{name: r, signer: {CLIENT}, requestor: {{tokenIds: [ABC]}}, decision: approve}}"),
            "requestor.tokenIds[0]",
        ),
        (
            format!("{{name: r, signer: {CLIENT}, requestor: self, node: {{names: []}}, decision: approve}}"),
            "node.names: is an empty list",
        ),
        (
            format!("{{name: 'a b', signer: {CLIENT}, requestor: self, decision: approve}}"),
            "spec.rules[0].name:",
        ),
    ] {
        let error = load(&[&rule]).expect_err(&rule);
        assert!(error.contains(problem), "{rule}\n{error}");
    }
    let twice = format!("{{name: r, signer: {CLIENT}, requestor: self, decision: approve}}");
    assert!(load(&[&twice, &twice]).unwrap_err().contains("spec.rules[1].name: another rule has this name"));
    let open = "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec: {rules: [], otherwise: approve}";
    let error = open.parse::<Policy>().unwrap_err().to_string();
    assert!(error.contains("spec.otherwise: \"approve\" is not one of hold, deny"), "{error}");
}

#[test]
fn every_preset_is_a_policy() {
    for preset in Preset::ALL {
        let policy: Policy = preset.file_text().parse().unwrap_or_else(|error| panic!("{preset}: {error}"));
        assert_eq!(policy, preset.policy());
    }
}

/// RFC 2985, 5.4.2: the attribute has a single value, a list of extensions.
#[test]
fn two_lists_of_extensions_in_one_attribute_are_denied() {
    let list = |name: &str| der::sequence([Extension::alt_names(&[GeneralName::dns(name)]).der()]);
    let policy = Preset::Upstream.policy();
    for (lists, expected) in [
        (vec![list("worker-1")], Reason::RuleHolds),
        (vec![list("worker-1"), list("master-1")], Reason::AttributeRepeated),
        (vec![], Reason::AttributeRepeated),
    ] {
        let request = Request::kubelet_serving("worker-1", &[]);
        let request = Request { extensions: vec![], ..request }.with_attribute(EXTENSION_REQUEST, lists);
        let object =
            CertificateSigningRequest::new("csr-1", Signer::KubeletServing, request.pem().as_bytes())
                .with_requestor(node("worker-1"));
        let decision = policy.evaluate(&object, &PolicyContext::at(now()));
        assert_eq!(decision.reason(), expected, "{:?}", decision.trace());
    }
}

#[test]
fn a_certificate_lives_no_longer_than_the_rule_the_limit_and_the_request_say() {
    let mut env = Env::at(now());
    let ten_years = "10y".parse().unwrap();
    let authority =
        CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, ten_years, &mut env).unwrap();
    let rule = policy(&[&format!(
        "{{name: r, signer: {CLIENT}, requestor: self, maxExpiration: 48h, decision: approve}}"
    )]);
    let mut context = PolicyContext::at(now());
    context.signer_lifetime = "24h".parse().unwrap();
    for (asked, limit, expected) in [
        (None, "24h", "2026-11-22T09:55:00Z"),
        // A signer with another limit than the decision was told of.
        (None, "8760h", "2026-11-23T09:55:00Z"),
        (Some("48h"), "8760h", "2026-11-23T09:55:00Z"),
        (Some("48h"), "36h", "2026-11-22T21:55:00Z"),
        (Some("1h"), "8760h", "2026-11-21T11:00:00Z"),
    ] {
        let mut object = client("worker-1", node("worker-1"));
        if let Some(asked) = asked {
            object = object.with_expiration(asked.parse().unwrap());
        }
        let Decision::Approve(approved) = rule.evaluate(&object, &context) else { panic!("{asked:?}") };
        let limit = limit.parse().unwrap();
        let certificate = authority.sign(&approved, limit, &mut env).unwrap();
        assert_eq!(certificate.facts().validity.not_after.to_string(), expected, "{asked:?}");
        let prepared = authority.issuer().prepare_approved(&approved, limit, &mut env).unwrap();
        let elsewhere = prepared.sign_with(authority.key()).unwrap();
        assert_eq!(elsewhere.facts().validity.not_after.to_string(), expected, "{asked:?}");
    }
}

const CLUSTER: &str = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: 10.0.0.30:6443
  network: {serviceCIDRs: [10.96.0.0/12], dnsDomain: corp.local}
  pki: {apiServerSANs: [k8s.example.com]}
  nodes:
  - {name: master-1, addresses: [10.0.0.1], roles: [control-plane, etcd]}
  - {name: worker-1, addresses: [10.0.0.2], roles: [worker]}
";

/// What a node says of itself is not enough for what the cluster file gives to others.
#[test]
fn the_api_servers_and_other_nodes_names_are_not_a_nodes() {
    let policy = by_sources("[nodeStatus]", "");
    let claimed =
        ["worker-1", "10.0.0.2", "10.0.0.1", "10.0.0.30", "k8s.example.com", "master-1", "10.96.0.1"];
    let claimed = [&claimed[..], &["api.svc.corp.local", "api.svc.example.org"]].concat();
    let mut from_file = ContextDocument::default();
    from_file.add(CLUSTER).unwrap();
    let mut by_inventory = PolicyContext::at(now());
    by_inventory.inventories.insert("any".to_owned(), CLUSTER.parse().unwrap());
    for mut context in [from_file.context(now()), by_inventory] {
        let nodes = [("worker-1", &claimed[..]), ("master-1", &["master-1", "10.0.0.1", "10.0.0.30"])];
        context.nodes = Some(nodes.iter().map(|(node, own)| (node.parse().unwrap(), names(own))).collect());
        for (node, name, expected) in [
            ("worker-1", "worker-1", APPROVED),
            ("worker-1", "10.0.0.2", APPROVED),
            ("worker-1", "10.0.0.1", (Verdict::Hold, Reason::AltNameOfOther)),
            ("worker-1", "master-1", (Verdict::Hold, Reason::AltNameOfOther)),
            ("worker-1", "10.0.0.30", (Verdict::Deny, Reason::AltNameReserved)),
            ("worker-1", "k8s.example.com", (Verdict::Deny, Reason::AltNameReserved)),
            ("worker-1", "10.96.0.1", (Verdict::Deny, Reason::AltNameReserved)),
            ("worker-1", "api.svc.corp.local", (Verdict::Deny, Reason::AltNameReserved)),
            ("worker-1", "api.svc.example.org", (Verdict::Deny, Reason::AltNameReserved)),
            ("master-1", "10.0.0.1", APPROVED),
            ("master-1", "10.0.0.30", (Verdict::Deny, Reason::AltNameReserved)),
        ] {
            let decision = policy.evaluate(&serving(node, &[name]), &context);
            assert_eq!(told(&decision), expected, "{node} {name}");
        }
    }
    // Where one machine is the whole control plane, its address is the API server's.
    let single = CLUSTER.replace("10.0.0.30:6443", "10.0.0.1:6443");
    let mut context = cluster();
    context.inventories.insert("any".to_owned(), single.parse().unwrap());
    context.nodes = Some([("master-1".parse().unwrap(), names(&["10.0.0.1"]))].into_iter().collect());
    assert_eq!(told(&policy.evaluate(&serving("master-1", &["10.0.0.1"]), &context)), APPROVED);
}

/// getaddrinfo takes such names for addresses.
#[test]
fn a_name_that_ends_in_a_number_is_none() {
    let policy = Preset::Upstream.policy();
    for name in ["0xc0a8050b", "a.0xff", "a.1", "3232236811"] {
        let request = Request::kubelet_serving("worker-1", &[GeneralName::dns(name)]);
        let object =
            CertificateSigningRequest::new("csr-1", Signer::KubeletServing, request.pem().as_bytes())
                .with_requestor(node("worker-1"));
        assert_eq!(
            policy.evaluate(&object, &PolicyContext::at(now())).reason(),
            Reason::AltNameInvalid,
            "{name}"
        );
    }
}

#[test]
fn a_node_with_a_token_of_its_own_joins_by_nothing_else() {
    let policy = policy(&[&format!(
        "{{name: r, signer: {CLIENT}, requestor: {{groups: [installers, system:nodes, system:bootstrappers]}}, node: {{inventory: nodes.yaml}}, decision: approve}}"
    )]);
    let mut context = empty();
    let inventory = "apiVersion: kboot.dev/v1alpha1\nkind: NodeInventory\nnodes:\n\
                     - {name: worker-1, tokenIds: [abcdef]}\n- {name: worker-2}\n";
    context.inventories.insert("nodes.yaml".to_owned(), inventory.parse().unwrap());
    let installer = || Requestor::user("mallory").with_group("installers");
    let odd = || Requestor::user("system:bootstrap:ZZZZZZ").with_group("system:bootstrappers");
    for (of, sender, expected) in [
        ("worker-1", token("abcdef"), APPROVED),
        ("worker-1", node("worker-1"), APPROVED),
        ("worker-1", installer(), NO_RULE),
        ("worker-1", odd(), NO_RULE),
        ("worker-2", installer(), APPROVED),
        ("worker-2", token("abcdef"), NO_RULE),
    ] {
        assert_eq!(
            told(&policy.evaluate(&client(of, sender.clone()), &context)),
            expected,
            "{of} {sender:?}"
        );
    }
}

#[test]
fn a_person_approves_by_name() {
    let policy = Preset::Upstream.policy();
    let held = policy.evaluate(&user("jane", &["dev"], Requestor::user("jane")), &PolicyContext::at(now()));
    assert_eq!(held.clone().approve_as(" ").verdict(), Verdict::Hold);
    let approved = held.approve_as("eve\nAPPROVED\u{1b}[31m");
    assert_eq!(told(&approved), (Verdict::Approve, Reason::PersonApproves));
    assert_eq!(approved.message(), "Approved by eve\\nAPPROVED\\u{1b}[31m.");
    let last = approved.trace().clauses().last().unwrap();
    assert_eq!((last.reason(), last.answer()), (Some(Reason::PersonApproves), Answer::Yes));
}
