//! Whose a name, an address, a key or an identity is: what the floor and the rules know of it, and what they hold
//! where nobody says.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use crate::common::now;
use kboot_core::Env;
use kboot_core::policy::{
    ClauseKind, ContextDocument, Decision, Nodes, Policy, PolicyContext, Preset, Reason, Verdict,
};
use kboot_core::time::Lifetime;
use kboot_core::{
    csr::{CertificateSigningRequest, Requestor, Signer},
    x509::CertificateRequest,
};
use kboot_core::{net::Host, x509::SubjectAltNames};
use kboot_core::{
    pki::{CertificateAuthority, PkiError},
    x509::{KeyAlgorithm, PrivateKey},
};
use kboot_testkit::generate::{
    AttributeTypeAndValue, COMMON_NAME, GeneralName, ORGANIZATION, Request, StringTag,
};
use serde_json::{Value, json};

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());

const APPROVED: (Verdict, Reason) = (Verdict::Approve, Reason::RuleApproves);
const OF_OTHER: (Verdict, Reason) = (Verdict::Hold, Reason::AltNameOfOther);
const RESERVED: (Verdict, Reason) = (Verdict::Deny, Reason::AltNameReserved);
const HELD_BACK: (Verdict, Reason) = (Verdict::Hold, Reason::AltNameReserved);
const NOT_SAID: (Verdict, Reason) = (Verdict::Hold, Reason::ApiServerUnknown);
const JOINED: (Verdict, Reason) = (Verdict::Hold, Reason::NodeJoined);
const UNKNOWN: (Verdict, Reason) = (Verdict::Hold, Reason::FactsUnknown);
const NO_RULE: (Verdict, Reason) = (Verdict::Hold, Reason::NoRule);

fn names(names: &[&str]) -> SubjectAltNames {
    names.iter().map(|name| name.parse::<Host>().unwrap()).collect()
}

fn load(rule: &str) -> Result<Policy, String> {
    let head = "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec:\n  rules:\n  - ";
    format!("{head}{{name: r, {rule}, decision: approve}}\n")
        .parse::<Policy>()
        .map_err(|error| error.to_string())
}

/// A policy that approves serving certificates by these sources.
fn serving_by(names: &str) -> Policy {
    load(&serving_rule(names)).unwrap()
}

fn serving_rule(names: &str) -> String {
    format!("signer: kubernetes.io/kubelet-serving, requestor: self, subjectAltNames: {{{names}}}")
}

const ANY_CLAIM: &str = "within: [nodeStatus], anyNodeMayClaim: [dnsNames, addresses]";
const BY_RANGE: &str = "within: [nodeName, {cidrs: [10.0.0.0/8, 'fd00::/8']}]";

fn node(name: &str) -> Requestor {
    Requestor::user(&format!("system:node:{name}"))
        .with_group("system:nodes")
        .with_group("system:authenticated")
}

fn token(id: &str) -> Requestor {
    Requestor::user(&format!("system:bootstrap:{id}")).with_group("system:bootstrappers")
}

/// A node's request for these names, as they are written.
fn serving(name: &str, asked: &[&str]) -> CertificateSigningRequest {
    let asked: Vec<GeneralName> = asked
        .iter()
        .map(
            |name| {
                if name.parse::<IpAddr>().is_ok() { GeneralName::ip(name) } else { GeneralName::dns(name) }
            },
        )
        .collect();
    let request = Request::kubelet_serving(name, &asked);
    CertificateSigningRequest::new("csr-1", Signer::KubeletServing, request.pem().as_bytes())
        .with_requestor(node(name))
}

fn client(name: &str, key: &PrivateKey, requestor: Requestor) -> CertificateSigningRequest {
    let request = CertificateRequest::for_kubelet_client(&name.parse().unwrap(), key).unwrap();
    CertificateSigningRequest::new("csr-2", Signer::KubeApiserverClientKubelet, request.to_pem().as_bytes())
        .with_requestor(requestor)
}

fn told(decision: &Decision) -> (Verdict, Reason) {
    (decision.verdict(), decision.reason())
}

/// What was seen where the decision's code stands.
fn saw(decision: &Decision) -> String {
    let mut clauses = decision.trace().clauses();
    let found = clauses
        .find(|clause| clause.reason() == Some(decision.reason()) && clause.subject() != ClauseKind::Outcome);
    found.map_or_else(String::new, |clause| clause.to_string())
}

fn node_list(nodes: &[(&str, &[&str])]) -> Value {
    let item = |(name, claims): &(&str, &[&str])| {
        let addresses: Vec<Value> = claims
            .iter()
            .map(|claim| match claim.parse::<IpAddr>() {
                Ok(_) => json!({"type": "InternalIP", "address": claim}),
                Err(_) => json!({"type": "InternalDNS", "address": claim}),
            })
            .collect();
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"addresses": addresses}})
    };
    json!({"apiVersion": "v1", "kind": "List", "items": nodes.iter().map(item).collect::<Vec<_>>()})
}

fn context_of(files: &[&str]) -> PolicyContext<'static> {
    let document = Box::leak(Box::<ContextDocument>::default());
    for file in files {
        document.add(file).unwrap_or_else(|error| panic!("{file}\n{error}"));
    }
    document.context(now())
}

const CLUSTER_FACTS: &str = "
apiVersion: kboot.dev/v1alpha1
kind: CsrContext
spec:
  cluster:
    serviceCIDRs: [10.96.0.0/12]
    podCIDRs: [10.244.0.0/16]
    namespaces: [monitoring, internal]
    apiServer: [10.0.0.30, api.example.com, '*.k8s.example.com']
";

/// The Nodes alone say that an address is another's; the node's own claim is none.
#[test]
fn what_another_node_has_is_not_a_nodes() {
    let nodes = node_list(&[
        ("master-1", &["10.0.0.11", "master-1.example.com"]),
        ("worker-1", &["10.0.0.21", "worker-1.example.com"]),
        ("worker-2", &["10.0.0.22", "10.0.0.77", "shared.example.com"]),
        ("worker-3", &["10.0.0.23", "10.0.0.77", "shared.example.com"]),
        ("liar", &["10.0.0.21", "worker-1", "worker-2"]),
    ])
    .to_string();
    let context = context_of(&[&nodes, CLUSTER_FACTS]);
    for policy in [serving_by(ANY_CLAIM), serving_by(BY_RANGE)] {
        for (asks, name, who) in [
            ("worker-2", "10.0.0.11", "in the status of the Node master-1"),
            ("worker-2", "master-1", "the name of the Node master-1"),
            ("worker-2", "MASTER-1.example.com", "in the status of the Node master-1"),
            // Two claim it: nobody knows whose it is.
            ("worker-2", "10.0.0.77", "in the status of the Node worker-3 as well"),
            ("worker-2", "shared.example.com", "in the status of the Node worker-3 as well"),
            ("worker-1", "10.0.0.21", "in the status of the Node liar as well"),
            // A Node's name is its own, whatever others write into theirs.
            ("liar", "worker-1", "the name of the Node worker-1"),
        ] {
            let decision = policy.evaluate(&serving(asks, &[name]), &context);
            assert_eq!(told(&decision), OF_OTHER, "{asks} {name}");
            assert!(saw(&decision).ends_with(who), "{}", saw(&decision));
        }
        let own = policy.evaluate(&serving("worker-2", &["10.0.0.22"]), &context);
        assert_eq!(told(&own), APPROVED, "{:?}", own.trace());
    }
    let own_name = serving_by(BY_RANGE).evaluate(&serving("worker-1", &["worker-1"]), &context);
    assert_eq!(told(&own_name), APPROVED, "nobody takes a node's name by claiming it");
}

/// An inventory settles what Nodes dispute, for the node and against it.
#[test]
fn a_lying_node_cannot_stand_in_the_way_of_another() {
    let nodes = node_list(&[("worker-1", &["10.0.0.21"]), ("liar", &["10.0.0.66", "10.0.0.21"])]).to_string();
    let mut context = context_of(&[&nodes, CLUSTER_FACTS]);
    let inventory = "apiVersion: kboot.dev/v1alpha1\nkind: NodeInventory\nnodes:\n\
                     - {name: worker-1, addresses: [10.0.0.21]}\n- {name: liar, addresses: [10.0.0.66]}\n";
    context.inventories.insert("nodes.yaml".to_owned(), inventory.parse().unwrap());
    let policy = serving_by(ANY_CLAIM);
    assert_eq!(told(&policy.evaluate(&serving("worker-1", &["10.0.0.21"]), &context)), APPROVED);
    let decision = policy.evaluate(&serving("liar", &["10.0.0.21"]), &context);
    assert_eq!(told(&decision), OF_OTHER);
    assert_eq!(saw(&decision), "IP:10.0.0.21: worker-1's, says the inventory nodes.yaml");
    // Two inventories that contradict each other settle nothing.
    let other = inventory.replace("liar, addresses: [10.0.0.66]", "worker-9, addresses: [10.0.0.21]");
    let other = other.replace("worker-1, addresses: [10.0.0.21]", "worker-1, addresses: [10.0.0.99]");
    context.inventories.insert("other.yaml".to_owned(), other.parse().unwrap());
    assert_eq!(told(&policy.evaluate(&serving("worker-1", &["10.0.0.21"]), &context)), OF_OTHER);
}

#[test]
fn the_api_server_is_known_from_every_file_that_says_it() {
    let kubeconfig = "
apiVersion: v1
kind: Config
current-context: here
contexts:
- {name: there, context: {cluster: other, user: x}}
- {name: here, context: {cluster: this, user: x}}
clusters:
- {name: other, cluster: {server: 'https://10.9.9.9:6443'}}
- {name: this, cluster: {server: 'https://10.0.0.30/clusters/a', tls-server-name: api.example.com}}
users: [{name: x, user: {token: secret}}]
";
    let kubeadm = "
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
controlPlaneEndpoint: 10.0.0.30:6443
apiServer: {certSANs: [api.example.com]}
networking: {dnsDomain: corp.local, serviceSubnet: '10.96.0.0/12,fd00:10:96::/112', podSubnet: 10.244.0.0/16}
";
    let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kubeadm-config"},
        "data": {"ClusterConfiguration": kubeadm}})
    .to_string();
    let services =
        "apiVersion: kboot.dev/v1alpha1\nkind: CsrContext\nspec: {cluster: {serviceCIDRs: [10.96.0.0/12]}}\n";
    let cluster_file = "
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: {name: kubernetes}
spec:
  kubernetesVersion: v1.36.4
  controlPlaneEndpoint: 10.0.0.30:6443
  network: {serviceCIDRs: [10.96.0.0/12]}
  pki: {apiServerSANs: [api.example.com]}
  nodes:
  - {name: master-1, addresses: [10.0.0.11], roles: [control-plane, etcd]}
";
    let nodes = node_list(&[("worker-1", &["10.0.0.21", "10.0.0.30"])]).to_string();
    let policy = serving_by(BY_RANGE);
    let decide = |files: &[&str], name: &str| {
        let decision = policy.evaluate(&serving("worker-1", &[name]), &context_of(files));
        (told(&decision), saw(&decision))
    };
    for files in
        [&[CLUSTER_FACTS][..], &[kubeconfig, services], &[kubeadm], &[config_map.as_str()], &[cluster_file]]
    {
        assert_eq!(decide(files, "10.0.0.30").0, RESERVED, "{files:?}");
        assert_eq!(decide(files, "API.example.com").0, RESERVED, "{files:?}");
        assert_eq!(decide(files, "10.96.0.1").0, RESERVED, "{files:?}");
        assert_eq!(decide(files, "10.0.0.21").0, APPROVED, "{files:?}");
        assert_eq!(decide(files, "worker-1").0, APPROVED, "{files:?}");
    }
    // What nobody said cannot be told from what is the node's.
    assert_eq!(decide(&[], "worker-1").0, NOT_SAID);
    let (decision, why) = decide(&[services], "10.0.0.30");
    assert_eq!(decision, NOT_SAID);
    assert_eq!(why, "IP:10.0.0.30: nobody says who the API server is, and the rule's sources cannot tell");
    let (decision, why) = decide(&[kubeconfig], "10.96.0.1");
    assert_eq!(decision, NOT_SAID);
    assert_eq!(why, "IP:10.96.0.1: nobody says the services' ranges, and the rule's sources cannot tell");
    assert_eq!(decide(&[kubeconfig], "worker-1").0, APPROVED, "no DNS name is in a range");
    let by_name = kubeconfig.replace("10.0.0.30", "k8s.example.com");
    let (decision, why) = decide(&[&by_name, services], "10.0.0.30");
    assert_eq!(decision, NOT_SAID);
    assert_eq!(
        why,
        "IP:10.0.0.30: nobody says an address of the API server, and the rule's sources cannot tell"
    );
    // A person may.
    let held = policy.evaluate(&serving("worker-1", &["worker-1"]), &PolicyContext::at(now()));
    assert_eq!(held.approve_as("ops").verdict(), Verdict::Approve);
    // A node that has the API server's address by its own word alone gets neither a certificate nor a denial.
    assert_eq!(decide(&[kubeadm, &nodes], "10.0.0.30").0, HELD_BACK);
}

#[test]
fn sources_that_know_whose_a_name_is_need_no_api_server() {
    let mut context = PolicyContext::at(now());
    context.served.insert("worker-1".parse().unwrap(), names(&["worker-1", "10.0.0.21"]));
    context.nodes =
        Some([("worker-1".parse().unwrap(), names(&["worker-1", "10.0.0.21"]))].into_iter().collect());
    let inventory = "apiVersion: kboot.dev/v1alpha1\nkind: NodeInventory\nnodes:\n- {name: worker-1, addresses: [10.0.0.21]}\n";
    context.inventories.insert("nodes.yaml".to_owned(), inventory.parse().unwrap());
    let resolver = BTreeMap::from([("worker-1".to_owned(), vec!["10.0.0.21".parse().unwrap()])]);
    context.resolver = Some(&resolver);
    for (sources, expected) in [
        ("within: [served]", APPROVED),
        ("within: [inventory]", APPROVED),
        ("within: [inventory, dns]", APPROVED),
        ("within: [nodeStatus], anyNodeMayClaim: [dnsNames, addresses]", NOT_SAID),
        ("within: [nodeName, {cidrs: [10.0.0.0/24]}]", NOT_SAID),
        ("within: [dns, {cidrs: [10.0.0.0/24]}]", NOT_SAID),
    ] {
        let policy = load(&format!("{}, node: {{inventory: nodes.yaml}}", serving_rule(sources))).unwrap();
        let decision = policy.evaluate(&serving("worker-1", &["worker-1", "10.0.0.21"]), &context);
        assert_eq!(told(&decision), expected, "{sources}");
    }
}

#[test]
fn a_kubeconfig_that_names_no_cluster_is_no_fact() {
    let none = "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: x}}, {name: b, cluster: {server: y}}]\n";
    let error = ContextDocument::default().add(none).unwrap_err().to_string();
    assert!(error.contains("current-context: names no cluster"), "{error}");
    // A tunnel on this machine is nobody's API server.
    let tunnel =
        "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: 'https://127.0.0.1:6443'}}]\n";
    let context = context_of(&[tunnel]);
    assert!(context.api_server.is_empty());
}

#[test]
fn names_that_are_no_nodes() {
    let nodes = node_list(&[("worker-1", &["10.0.0.21", "grafana.monitoring", "10.244.3.1"])]).to_string();
    let context = context_of(&[CLUSTER_FACTS, &nodes]);
    let policy = serving_by(ANY_CLAIM);
    for (name, expected) in [
        // Below a wildcard of the API server's certificate
        ("b.k8s.example.com", RESERVED),
        // Short names of services
        ("metrics-server.kube-system", RESERVED),
        ("kubernetes.default", RESERVED),
        ("a.b.default", RESERVED),
        ("x.kube-public", RESERVED),
        ("x.KUBE-node-lease", RESERVED),
        ("metrics-server.kube-system.svc", RESERVED),
        ("metrics-server.kube-system.cluster.local", RESERVED),
        ("grafana.monitoring", HELD_BACK),
        // Every machine's own
        ("localhost.localdomain", RESERVED),
        ("a.localhost.localdomain", RESERVED),
        ("localhost4.localdomain4", RESERVED),
        ("localhost6", RESERVED),
        ("ip6-localhost", RESERVED),
        ("ip6-loopback", RESERVED),
        ("127.8.9.10", RESERVED),
        // Nobody's alone
        ("169.254.169.254", RESERVED),
        ("169.254.0.1", RESERVED),
        ("fe80::1", RESERVED),
        ("febf::1", RESERVED),
        ("fd00:ec2::254", RESERVED),
        ("100.100.100.200", RESERVED),
        ("168.63.129.16", RESERVED),
        ("metadata.google.internal", RESERVED),
        ("metadata", RESERVED),
        ("instance-data.ec2.internal", RESERVED),
        ("fd00:ec2::23", RESERVED),
        ("64:ff9b::c0a8:50a", RESERVED),
        ("::192.168.5.10", RESERVED),
        ("2002:c0a8:50a::1", RESERVED),
        ("10-244-0-5.default.pod.cluster.local", RESERVED),
        ("10-244-0-5.default.pod", RESERVED),
        ("grafana.monitoring.cluster.local", HELD_BACK),
        ("cluster.local", RESERVED),
        ("10.244.3.1", HELD_BACK),
    ] {
        let decision = policy.evaluate(&serving("worker-1", &[name]), &context);
        assert_eq!(told(&decision), expected, "{name} {}", saw(&decision));
        assert_ne!(decision.approve_as("ops").verdict(), Verdict::Approve, "{name}");
    }
    // A namespace called like the end of nodes' names is none of their business, beyond two labels.
    let long = policy.evaluate(&serving("worker-1", &["ip-10-0-0-21.ec2.internal"]), &context);
    assert_eq!(told(&long), NO_RULE);
}

/// A name that leads to somebody else's address is somebody else's.
#[test]
fn dns_vouches_for_no_name_that_leads_to_another() {
    let nodes = node_list(&[("master-1", &["10.0.0.11"]), ("worker-2", &["10.0.0.22"])]).to_string();
    let mut context = context_of(&[&nodes, CLUSTER_FACTS]);
    let resolver: BTreeMap<String, Vec<IpAddr>> = [
        ("m.example.com", "10.0.0.11"),
        ("api-of.example.com", "10.0.0.30"),
        ("svc-of.example.com", "10.96.0.1"),
        ("own.example.com", "10.0.0.22"),
        ("free.example.com", "10.0.0.99"),
    ]
    .map(|(name, address)| (name.to_owned(), vec![address.parse().unwrap()]))
    .into();
    context.resolver = Some(&resolver);
    let policy = serving_by("within: [dns, {cidrs: [10.0.0.0/8]}]");
    for (name, expected) in [
        ("m.example.com", OF_OTHER),
        ("api-of.example.com", OF_OTHER),
        ("svc-of.example.com", OF_OTHER),
        ("own.example.com", APPROVED),
        ("free.example.com", APPROVED),
    ] {
        assert_eq!(told(&policy.evaluate(&serving("worker-2", &[name]), &context)), expected, "{name}");
    }
}

/// What a list leaves out would count as not there.
#[test]
fn a_part_of_a_list_is_refused() {
    let mut page = node_list(&[("worker-1", &["10.0.0.21"])]);
    page["metadata"] = json!({"continue": "abc", "remainingItemCount": 2});
    let one = page["items"][0].to_string();
    for text in [page.to_string(), serde_yaml::to_string(&page).unwrap()] {
        let error = ContextDocument::default().add(&text).unwrap_err().to_string();
        assert!(error.contains("metadata.continue: is a page of a longer list"), "{error}");
    }
    let error = ContextDocument::default().add(&one).unwrap_err().to_string();
    assert!(error.contains("one Node says nothing of the others"), "{error}");
}

#[test]
fn what_looks_like_an_address_is_no_dns_name() {
    for text in ["10.0.0.1-9", "0xc0a8050a", "192.168.005.0a"] {
        let context = format!(
            "apiVersion: kboot.dev/v1alpha1\nkind: CsrContext\nspec: {{cluster: {{apiServer: ['{text}']}}}}\n"
        );
        assert!(ContextDocument::default().add(&context).is_err(), "{text}");
    }
    // An address among the DNS names, and one in the form of IPv6, are addresses.
    let claimed = "apiVersion: kboot.dev/v1alpha1\nkind: CsrContext\nspec: {nodes: [{name: worker-1, dnsNames: [10.0.0.21]}]}\n";
    let mapped = node_list(&[("worker-1", &["::ffff:10.0.0.21"])]).to_string();
    for file in [claimed, mapped.as_str()] {
        let context = context_of(&[file, CLUSTER_FACTS]);
        let decision = serving_by(BY_RANGE).evaluate(&serving("worker-2", &["10.0.0.21"]), &context);
        assert_eq!(told(&decision), OF_OTHER, "{file}");
    }
}

/// Where pods and nodes share a range, and a node is called like a service, the operator says so.
#[test]
fn an_inventory_may_give_a_node_what_looks_like_a_pods_or_a_services() {
    let mut context = context_of(&[CLUSTER_FACTS]);
    let inventory = "apiVersion: kboot.dev/v1alpha1\nkind: NodeInventory\nnodes:\n\
                     - {name: w1.internal, addresses: [10.244.3.1]}\n";
    context.inventories.insert("nodes.yaml".to_owned(), inventory.parse().unwrap());
    let policy =
        load(&format!("{}, node: {{inventory: nodes.yaml}}", serving_rule("within: [inventory]"))).unwrap();
    let object = serving("w1.internal", &["w1.internal", "10.244.3.1"]);
    assert_eq!(told(&policy.evaluate(&object, &context)), APPROVED);
    assert_eq!(told(&policy.evaluate(&serving("w1.internal", &["x.internal"]), &context)), HELD_BACK);
}

#[test]
fn namespaces_come_from_kubectl_as_well() {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}}]});
    let context = context_of(&[&list.to_string()]);
    assert!(context.namespaces.contains("monitoring"));
    let odd = "apiVersion: kboot.dev/v1alpha1\nkind: CsrContext\nspec: {cluster: {namespaces: [a.b]}}\n";
    let error = ContextDocument::default().add(odd).unwrap_err().to_string();
    assert!(error.contains("spec.cluster.namespaces[0]: \"a.b\" is not the name of a namespace"), "{error}");
}

/// The same name twice harms nobody, and OpenShift's kubelets ask so.
#[test]
fn a_name_that_stands_there_twice_is_approved() {
    let mut context = PolicyContext::at(now());
    context.served.insert("worker-1".parse().unwrap(), names(&["worker-1", "10.0.0.21"]));
    let object = serving("worker-1", &["worker-1", "worker-1", "WORKER-1", "10.0.0.21", "10.0.0.21"]);
    assert_eq!(told(&serving_by("within: [served]").evaluate(&object, &context)), APPROVED);
}

#[test]
fn rules_that_leave_names_to_the_node_say_so() {
    for (names, problem) in [
        ("within: [nodeStatus]", "a DNS name rests on the node's own status alone"),
        ("within: [nodeStatus]", "an address rests on the node's own status alone"),
        ("within: [nodeStatus, {cidrs: [10.0.0.0/8]}]", "a DNS name rests on the node's own status alone"),
        ("within: [nodeStatus, nodeName]", "an address rests on the node's own status alone"),
        (
            "within: [nodeStatus, {cidrs: ['0.0.0.0/0', '::/0']}, nodeName]",
            "an address rests on the node's own",
        ),
        ("within: [dns]", "a DNS name rests on dns alone"),
        ("within: [dns, dns]", "a DNS name rests on dns alone"),
        ("within: [dns, {cidrs: [0.0.0.0/0]}]", "a DNS name rests on dns alone"),
        ("within: [dns, {cidrs: [10.0.0.0/8, '::/0']}]", "a DNS name rests on dns alone"),
        (
            "within: [dns, {cidrs: ['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1']}]",
            "a DNS name rests on dns alone",
        ),
        ("within: [dns, nodeName]", "an address rests on dns alone"),
        ("within: [dns, nodeStatus]", "a DNS name rests on the node's own status and dns"),
        ("within: [nodeName, {cidrs: ['0.0.0.0/0']}]", "an address rests on ranges that hold a sixty-fourth"),
        ("within: [nodeName, {cidrs: ['2000::/3']}]", "an address rests on ranges that hold a sixty-fourth"),
        ("within: [nodeStatus], max: 1, maxDns: 0", "an address rests on the node's own status alone"),
        (
            "within: [nodeStatus], anyNodeMayClaim: [dnsNames]",
            "an address rests on the node's own status alone",
        ),
        (
            "within: [served], anyNodeMayClaim: [dnsNames]",
            "anyNodeMayClaim: gives up dnsNames, which the sources limit",
        ),
        ("within: [nodeName, {cidrs: [10.0.0.0/8]}], anyNodeMayClaim: [addresses]", "gives up addresses"),
        ("within: [served], anyNodeMayClaim: [names]", "\"names\" is not one of dnsNames, addresses"),
    ] {
        let error = load(&serving_rule(names)).expect_err(names);
        assert!(error.contains(problem), "{names}\n{error}");
    }
    for names in [
        "within: [served]",
        "within: [nodeName]",
        "within: [nodeName, nodeStatus, {cidrs: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 'fc00::/7']}]",
        "within: [dns, {cidrs: [10.0.0.0/8]}]",
        "within: [{cidrs: [10.0.0.0/8]}, nodeStatus], maxDns: 0",
        "within: [nodeStatus], anyNodeMayClaim: [dnsNames, addresses]",
        "within: [nodeStatus, nodeName], anyNodeMayClaim: [addresses]",
        "within: [dns], anyNodeMayClaim: [dnsNames, addresses]",
    ] {
        load(&serving_rule(names)).unwrap_or_else(|error| panic!("{names}\n{error}"));
    }
    // What is given up is said where the policy is read.
    let policy = serving_by(ANY_CLAIM);
    let warnings: Vec<String> = policy.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(policy.rules()[0].sentence().contains("believing any node's word on DNS names or addresses"));
}

#[test]
fn the_authoritys_key_and_one_that_another_asked_with_are_taken() {
    let mut env = Env::at(now());
    let authority =
        CertificateAuthority::create("kubernetes", KeyAlgorithm::EcdsaP256, Lifetime::ONE_YEAR, &mut env)
            .unwrap();
    let rule =
        "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {groups: [system:bootstrappers]}";
    let policy = load(rule).unwrap();
    let reused = (Verdict::Deny, Reason::KeyReused);

    let with_its_key = client("worker-1", authority.key(), token("aaaaaa"));
    let mut context = PolicyContext::at(now());
    context.nodes = Some(Nodes::default());
    let Decision::Approve(approved) = policy.evaluate(&with_its_key, &context) else { panic!("nobody knew") };
    let signed = authority.sign(&approved, Lifetime::ONE_YEAR, &mut env);
    assert_eq!(signed.unwrap_err(), PkiError::IssuersKey { subject: "CN=kubernetes".to_owned() });
    context.set_authority(authority.certificate()).unwrap();
    assert_eq!(told(&policy.evaluate(&with_its_key, &context)), reused);

    let earlier = |status: Value| {
        let mut object = json!(client("worker-1", &KEY, token("aaaaaa")));
        object["metadata"]["name"] = json!("earlier");
        object["status"] = status;
        json!({"apiVersion": "v1", "kind": "List", "items": [object]}).to_string()
    };
    let nobody = r#"{"apiVersion": "v1", "kind": "NodeList", "items": []}"#;
    for status in [json!({}), json!({"conditions": [{"type": "Denied", "status": "True"}]})] {
        let context = context_of(&[&earlier(status), nobody]);
        let decide = |name, sender| policy.evaluate(&client(name, &KEY, sender), &context);
        let held = decide("worker-2", token("bbbbbb"));
        assert_eq!(told(&held), (Verdict::Hold, Reason::KeyReused));
        assert_eq!(saw(&held), "system:bootstrap:aaaaaa asked for system:node:worker-1 with it");
        assert_eq!(held.approve_as("ops").verdict(), Verdict::Hold);
        // The same machine again, under a new name or with a new token
        assert_eq!(told(&decide("worker-2", token("aaaaaa"))), APPROVED);
        assert_eq!(told(&decide("worker-1", token("bbbbbb"))), APPROVED);
    }
}

#[test]
fn who_has_joined_is_nobody_elses_to_become() {
    let rule =
        "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {groups: [system:bootstrappers]}";
    let by_user = "signer: kubernetes.io/kube-apiserver-client-kubelet, requestor: {users: ['system:*']}";
    let bootstrap = Preset::Bootstrap.policy();
    let inventory =
        "apiVersion: kboot.dev/v1alpha1\nkind: NodeInventory\nnodes: [{name: master-1}, {name: worker-7}]\n";
    let mut context = context_of(&[&node_list(&[("master-1", &["10.0.0.11"])]).to_string()]);
    context.inventories.insert("nodes.yaml".to_owned(), inventory.parse().unwrap());
    context.history = Some(kboot_core::policy::History::default());
    let asks = |name, sender| {
        json!(client(name, &KEY, sender)).pointer("/spec").cloned().map(|spec| {
            json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
                "metadata": {"name": "csr", "creationTimestamp": "2026-11-21T09:59:00Z"}, "spec": spec})
        })
    };
    let object = |name, sender| {
        CertificateSigningRequest::from_json(&asks(name, sender).unwrap().to_string()).unwrap()
    };
    for policy in [&load(rule).unwrap(), &load(by_user).unwrap(), &bootstrap] {
        let held = policy.evaluate(&object("master-1", token("aaaaaa")), &context);
        assert_eq!(told(&held), JOINED);
        assert!(held.reason().hint().contains("delete the Node"));
        assert_eq!(held.approve_as("ops").verdict(), Verdict::Approve, "a person may");
        assert_eq!(told(&policy.evaluate(&object("worker-7", token("aaaaaa")), &context)), APPROVED);
        // Nobody said which nodes there are.
        let mut blind = context.clone();
        blind.nodes = None;
        assert_eq!(told(&policy.evaluate(&object("worker-7", token("aaaaaa")), &blind)), UNKNOWN);
    }
    for policy in [&load(by_user).unwrap(), &bootstrap] {
        let renewal = policy.evaluate(&object("master-1", node("master-1")), &context);
        assert_eq!(told(&renewal), APPROVED, "a node renews for itself");
    }
    // Who calls himself a node and is none does not.
    let impostor = Requestor::user("system:node:master-1").with_group("system:bootstrappers");
    assert_ne!(
        load(by_user).unwrap().evaluate(&object("master-1", impostor), &context).verdict(),
        Verdict::Approve
    );
    let accepted = load(&format!("{rule}, node: {{mayRejoin: true}}")).unwrap();
    assert_eq!(told(&accepted.evaluate(&object("master-1", token("aaaaaa")), &context)), APPROVED);
    // With `otherwise: deny` it is held as well: a denial is final.
    let text = format!(
        "apiVersion: kboot.dev/v1alpha1\nkind: CsrPolicy\nspec: {{rules: [{{name: r, {rule}, decision: approve}}], otherwise: deny}}\n"
    );
    let denying: Policy = text.parse().unwrap();
    assert_eq!(told(&denying.evaluate(&object("master-1", token("aaaaaa")), &context)), JOINED);
}

#[test]
fn what_hides_in_a_name_is_no_plain_text() {
    for hidden in ['\u{1d173}', '\u{2003}', '\u{a0}', '\u{3000}', '\u{202e}', '\u{200b}', '\u{85}'] {
        let subject = vec![
            vec![AttributeTypeAndValue::text(ORGANIZATION, StringTag::Utf8, "dev")],
            vec![AttributeTypeAndValue::text(COMMON_NAME, StringTag::Utf8, &format!("ja{hidden}ne"))],
        ];
        let request = Request { subject, ..Request::user("jane", &["dev"]) };
        let object =
            CertificateSigningRequest::new("csr-3", Signer::KubeApiserverClient, request.pem().as_bytes())
                .with_requestor(Requestor::user("jane"));
        let decision = Preset::Upstream.policy().evaluate(&object, &PolicyContext::at(now()));
        assert_eq!(decision.reason(), Reason::SubjectText, "U+{:X}", u32::from(hidden));
    }
}
