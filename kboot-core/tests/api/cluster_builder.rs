//! The cluster file built in code: every field there and back, and contradictions as a file has them.

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;

use kboot_core::Env;
use kboot_core::bundle::{Plan, write_new};
use kboot_core::cluster::{
    CaLayout, ClusterBuilder, ClusterSpec, ControlPlane, Folders, KubeconfigCertificates, Node,
    NodeCredentials, NodeRole, Runtime, ServingCertificates, SubjectDefaults, SystemUser, UnitArguments,
};
use kboot_core::document::DocumentError;
use kboot_core::net::{ApiEndpoint, Host};
use kboot_core::pki::{CaSet, PkiError};
use kboot_core::release::Component;
use kboot_core::time::Lifetime;
use kboot_core::version::KubernetesVersion;
use kboot_core::x509::KeyAlgorithm;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn all<T: std::str::FromStr<Err: std::fmt::Debug>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| parsed(text)).collect()
}

const EVERY_ROLE: [NodeRole; 3] = [NodeRole::ControlPlane, NodeRole::Etcd, NodeRole::Worker];

fn builder(version: &str) -> ClusterBuilder {
    ClusterSpec::builder(parsed("kubernetes"), parsed(version), parsed("192.0.2.1"))
}

fn one_node(version: &str) -> ClusterBuilder {
    builder(version).with_node(parsed("one"), all(&["192.0.2.1", "2001:db8::1"]), EVERY_ROLE)
}

fn problems(error: &DocumentError) -> Vec<String> {
    error.problems.iter().map(ToString::to_string).collect()
}

/// What is set of a cluster file, as values; none is what the file leaves out.
#[derive(Debug, Clone)]
struct Fields {
    control_plane: ControlPlane,
    version: KubernetesVersion,
    endpoint: ApiEndpoint,
    service_cidrs: Option<&'static [&'static str]>,
    pod_cidrs: Option<&'static [&'static str]>,
    has_cluster_dns: bool,
    dns_domain: Option<&'static str>,
    etcd_client_secret: Option<&'static str>,
    authorities: Option<CaLayout>,
    key: Option<KeyAlgorithm>,
    lifetimes: Option<(Lifetime, Lifetime)>,
    subject: SubjectDefaults,
    sans: Vec<Host>,
    credentials: Option<NodeCredentials>,
    serving: Option<ServingCertificates>,
    ttl: Option<Lifetime>,
    description: Option<String>,
    runtime: Option<Runtime>,
    sandbox_image: Option<&'static str>,
    kubeconfigs: Option<KubeconfigCertificates>,
    arguments: Option<UnitArguments>,
    user: Option<(&'static str, &'static str, Option<u16>)>,
    folders: [Option<&'static str>; 5],
    verify_image: Option<&'static str>,
    nodes: Vec<(u8, Vec<NodeRole>)>,
    max_pods: Option<u8>,
    args: BTreeMap<(Component, &'static str), String>,
}

/// A text that a certificate and a Secret take, in letters that YAML could read as something else.
fn text() -> impl Strategy<Value = String> {
    let awkward =
        ["no", "~", "1e3", "0x1f", "2026-01-02", "a: b", "- a", "# a", "'", "\"", " a ", "\u{202e}a", "null"];
    prop_oneof![select(awkward.to_vec()).prop_map(str::to_owned), "[^\\p{C}]{1,40}"]
}

fn lifetime(seconds: std::ops::Range<i64>) -> impl Strategy<Value = Lifetime> {
    seconds.prop_map(|seconds| Lifetime::from_seconds(seconds).unwrap())
}

fn fields() -> impl Strategy<Value = Fields> {
    const DUAL: [&[&str]; 2] = [&["10.96.0.0/16", "fd00:1::/112"], &["10.244.0.0/16", "fd00:2::/56"]];
    const SINGLE: [&[&str]; 2] = [&["10.97.0.0/16"], &["10.32.0.0/12"]];
    let ranges = prop_oneof![
        Just((None, None)),
        Just((Some(SINGLE[0]), None)),
        Just((None, Some(SINGLE[1]))),
        Just((Some(DUAL[0]), Some(DUAL[1])))
    ];
    let cluster = (
        select(vec!["v1.12.3", "v1.19.16", "v1.20.2", "v1.25.0", "v1.36.4"]),
        select(vec!["192.0.2.1", "192.0.2.200:443", "[2001:db8::99]:7443", "api.example.com"]),
        ranges,
        any::<bool>(),
        option::of(select(vec!["cluster.local", "example.com"])),
        option::of(select(vec!["calico-etcd-secrets", "no", "1e3"])),
        select(vec![ControlPlane::Nodes, ControlPlane::External]),
    );
    let subject = (option::of("[A-Z]{2}"), option::of(text()), option::of(text()), option::of(text()))
        .prop_map(|(country, state, locality, organizational_unit)| SubjectDefaults {
            country,
            state,
            locality,
            organizational_unit,
        });
    let pki = (
        option::of(select(vec![CaLayout::Separate, CaLayout::Single])),
        option::of(select(KeyAlgorithm::ALL.map(|(key, _)| key).to_vec())),
        option::of((lifetime(301..1_000_000), lifetime(1_000_000..9_000_000_000))),
        subject,
        vec(select(vec!["api.example.com", "*.example.com", "192.0.2.77", "2001:db8::77", "null"]), 0..3),
    );
    let join = (
        option::of(select(vec![
            NodeCredentials::BootstrapToken,
            NodeCredentials::StaticToken,
            NodeCredentials::Certificate,
        ])),
        option::of(select(vec![ServingCertificates::Csr, ServingCertificates::Issued])),
        option::of(lifetime(0..100_000_000)),
        option::of(prop_oneof![Just(String::new()), text()]),
    );
    let machines = (
        option::of(select(vec![Runtime::Containerd, Runtime::Crio])),
        option::of(Just("registry.example.com:5000/pause:3.10")),
        option::of(select(vec![KubeconfigCertificates::Embedded, KubeconfigCertificates::Files])),
        option::of(select(vec![UnitArguments::Inline, UnitArguments::EnvironmentFile])),
        option::of((Just("kube"), select(vec!["kube", "keys"]), option::of(1..65534_u16))),
        [
            Just("/usr/bin"),
            Just("/usr/lib/cni"),
            Just("/data/kubelet"),
            Just("/data/etcd"),
            Just("/data/logs"),
        ]
        .map(option::of),
        option::of(Just("nginx:1.27")),
        vec((any::<u8>(), select(vec![vec![NodeRole::Worker], vec![NodeRole::Etcd, NodeRole::Etcd]])), 0..4),
    );
    let flags = select(vec![
        (Component::KubeApiserver, "audit-log-path"),
        (Component::Kubelet, "v"),
        (Component::Etcd, "quota-backend-bytes"),
        (Component::KubeProxy, "v"),
        (Component::KubeScheduler, "v"),
        (Component::KubeControllerManager, "v"),
    ]);
    let components = (option::of(1..=250_u8), btree_map(flags, "[!-~]{1,12}", 0..4));
    (cluster, pki, join, machines, components).prop_map(|(cluster, pki, join, machines, components)| {
        let (
            version,
            endpoint,
            (service_cidrs, pod_cidrs),
            has_cluster_dns,
            dns_domain,
            etcd_client_secret,
            control_plane,
        ) = cluster;
        let (authorities, key, lifetimes, subject, sans) = pki;
        let (credentials, serving, ttl, description) = join;
        let (runtime, sandbox_image, kubeconfigs, arguments, user, folders, verify_image, nodes) = machines;
        let (max_pods, args) = components;
        let is_old = !version.starts_with("v1.36") && !version.starts_with("v1.25");
        let has_masters = control_plane == ControlPlane::Nodes;
        Fields {
            control_plane,
            version: parsed(version),
            endpoint: parsed(endpoint),
            // Two families need 1.23.
            service_cidrs: service_cidrs.filter(|ranges: &&[&str]| ranges.len() == 1 || !is_old),
            pod_cidrs: pod_cidrs.filter(|ranges: &&[&str]| ranges.len() == 1 || !is_old),
            has_cluster_dns,
            dns_domain,
            etcd_client_secret: etcd_client_secret.filter(|_| has_masters),
            authorities: authorities.filter(|_| has_masters),
            key,
            lifetimes,
            subject,
            sans: all(&sans),
            credentials: credentials.filter(|how| has_masters || *how != NodeCredentials::StaticToken),
            serving,
            ttl,
            description,
            runtime,
            sandbox_image,
            kubeconfigs,
            arguments,
            user: user.filter(|_| has_masters),
            folders,
            verify_image,
            nodes: nodes
                .into_iter()
                .filter(|(_, roles)| has_masters || roles[0] == NodeRole::Worker)
                .collect(),
            max_pods,
            args,
        }
    })
}

/// Sets what is there.
fn set<T>(
    builder: ClusterBuilder,
    value: Option<T>,
    setter: impl FnOnce(ClusterBuilder, T) -> ClusterBuilder,
) -> ClusterBuilder {
    match value {
        Some(value) => setter(builder, value),
        None => builder,
    }
}

impl Fields {
    fn cluster_dns(&self) -> Option<&'static str> {
        let base = self.service_cidrs.and_then(|ranges| ranges.first().copied()).unwrap_or("10.96.0.0/12");
        self.has_cluster_dns.then(|| if base.starts_with("10.97") { "10.97.0.77" } else { "10.96.0.77" })
    }

    fn folders(&self) -> Folders {
        let [programs, cni_plugins, kubelet, etcd, logs] = self.folders.map(|folder| folder.map(parsed));
        Folders { programs, cni_plugins, kubelet, etcd, logs }
    }

    fn user(&self) -> Option<SystemUser> {
        self.user.map(|(name, group, id)| SystemUser { name: parsed(name), group: parsed(group), id })
    }

    fn build(&self) -> Result<ClusterSpec, DocumentError> {
        let mut b = ClusterSpec::builder(parsed("kubernetes"), self.version, self.endpoint.clone());
        b = b.with_control_plane(self.control_plane);
        b = set(b, self.service_cidrs, |b, ranges| b.with_service_cidrs(all(ranges)));
        b = set(b, self.pod_cidrs, |b, ranges| b.with_pod_cidrs(all(ranges)));
        b = set(b, self.cluster_dns(), |b, address| b.with_cluster_dns([parsed(address)]));
        b = set(b, self.dns_domain, |b, domain| b.with_dns_domain(parsed(domain)));
        b = set(b, self.etcd_client_secret, |b, name| b.with_etcd_client_secret(parsed(name)));
        b = set(b, self.authorities, ClusterBuilder::with_authorities);
        b = set(b, self.key, ClusterBuilder::with_key_algorithm);
        b = set(b, self.lifetimes, |b, (certificate, authority)| {
            b.with_certificate_lifetime(certificate).with_authority_lifetime(authority)
        });
        b = b.with_subject(self.subject.clone()).with_api_server_sans(self.sans.clone());
        b = set(b, self.credentials, ClusterBuilder::with_node_credentials);
        b = set(b, self.serving, ClusterBuilder::with_serving_certificates);
        b = set(b, self.ttl, ClusterBuilder::with_token_ttl);
        b = set(b, self.description.clone(), ClusterBuilder::with_token_description);
        b = set(b, self.runtime, ClusterBuilder::with_runtime);
        b = set(b, self.sandbox_image, |b, image| b.with_sandbox_image(parsed(image)));
        b = set(b, self.kubeconfigs, ClusterBuilder::with_kubeconfig_certificates);
        b = set(b, self.arguments, ClusterBuilder::with_unit_arguments);
        b = set(b, self.user(), ClusterBuilder::with_user);
        b = b.with_folders(self.folders());
        b = set(b, self.verify_image, |b, image| b.with_verify_image(parsed(image)));
        b = set(b, self.max_pods, |b, most| b.with_config(Component::Kubelet, json!({ "maxPods": most })));
        for ((component, flag), value) in &self.args {
            b = b.with_extra_arg(*component, *flag, value.clone());
        }
        let roles =
            if self.control_plane == ControlPlane::Nodes { &EVERY_ROLE[..] } else { &[NodeRole::Worker] };
        b = b.with_node(parsed("one"), all(&["192.0.2.1", "2001:db8::1"]), roles.to_vec());
        for (i, (number, roles)) in self.nodes.iter().enumerate() {
            let addresses =
                [format!("198.51.{}.{number}", 100 + i), format!("2001:db8:{}::{number:x}", 1 + i)];
            let addresses: Vec<_> = addresses.iter().map(|address| parsed(address)).collect();
            b = b.with_node(parsed(&format!("node-{i}")), addresses, roles.clone());
        }
        b.build()
    }
}

/// Anything that a configuration file can hold; texts have no control characters there.
fn config() -> impl Strategy<Value = Value> {
    let awkward =
        ["", " ", "|", "%a", "- ", "? ", "<<", "*a", "&a", "!a", ".inf", "0o7", "1_0", "y", "a #b", "{}"];
    let text = move || prop_oneof![select(awkward.to_vec()).prop_map(str::to_owned), text()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_is_read_back(fields in fields()) {
        let spec = fields.build().unwrap();
        let text = spec.to_yaml().unwrap();
        prop_assert_eq!(&text.parse::<ClusterSpec>().unwrap(), &spec, "{}", text);
        prop_assert_eq!(text.parse::<ClusterSpec>().unwrap().to_yaml().unwrap(), text);
    }

    /// The field holds anything, as far as is known.
    #[test]
    fn every_configuration_is_read_back(config in config()) {
        let of_kubelet = json!({ "logging": { "flushFrequency": config } });
        let spec = one_node("v1.36.4").with_config(Component::Kubelet, of_kubelet).build().unwrap();
        let text = spec.to_yaml().unwrap();
        let read = text.parse::<ClusterSpec>();
        prop_assert!(read.is_ok(), "{:?} in\n{}", read, text);
        prop_assert_eq!(read.unwrap(), spec, "{}", text);
    }

    #[test]
    fn what_is_set_is_got(fields in fields()) {
        let spec = fields.build().unwrap();
        prop_assert_eq!(spec.kubernetes_version(), fields.version);
        prop_assert_eq!(spec.control_plane_endpoint(), &fields.endpoint);
        let is_or = |got: Vec<String>, set: Option<&[&str]>| set.is_none_or(|set| got == set);
        let texts = |values: &[kboot_core::net::Cidr]| values.iter().map(ToString::to_string).collect();
        prop_assert!(is_or(texts(spec.service_cidrs()), fields.service_cidrs));
        prop_assert!(is_or(texts(spec.pod_cidrs()), fields.pod_cidrs));
        prop_assert_eq!(spec.dns_domain().as_str(), fields.dns_domain.unwrap_or("cluster.local"));
        if let Some(address) = fields.cluster_dns() {
            prop_assert_eq!(spec.cluster_dns(), &[parsed::<std::net::IpAddr>(address)][..]);
        }
        prop_assert_eq!(spec.etcd_client_secret().map(|name| name.as_str()), fields.etcd_client_secret);
        prop_assert_eq!(spec.control_plane(), fields.control_plane);
        if fields.control_plane == ControlPlane::Nodes {
            prop_assert_eq!(spec.authorities(), fields.authorities.unwrap_or_default());
        }
        prop_assert_eq!(spec.key_algorithm(), fields.key.unwrap_or(KeyAlgorithm::EcdsaP256));
        let lifetimes = (spec.certificate_lifetime(), spec.authority_lifetime());
        prop_assert_eq!(lifetimes, fields.lifetimes.unwrap_or_else(|| (parsed("1y"), parsed("10y"))));
        prop_assert_eq!(spec.subject(), &fields.subject);
        prop_assert_eq!(spec.api_server_sans(), &fields.sans);
        prop_assert_eq!(spec.node_credentials(), fields.credentials.unwrap_or_default());
        prop_assert_eq!(spec.serving_certificates(), fields.serving.unwrap_or_default());
        prop_assert_eq!(spec.token_ttl(), fields.ttl.unwrap_or_else(|| parsed("24h")));
        prop_assert_eq!(spec.token_description(), fields.description.clone().unwrap_or_default());
        let built_in = if fields.version.minor() < 20 { Runtime::Docker } else { Runtime::Containerd };
        prop_assert_eq!(spec.runtime(), fields.runtime.unwrap_or(built_in));
        prop_assert_eq!(spec.sandbox_image().map(|image| image.as_str()), fields.sandbox_image);
        prop_assert_eq!(spec.kubeconfig_certificates(), fields.kubeconfigs.unwrap_or_default());
        prop_assert_eq!(spec.unit_arguments(), fields.arguments.unwrap_or_default());
        prop_assert_eq!(spec.user().cloned(), fields.user());
        prop_assert_eq!(spec.folders(), &fields.folders());
        prop_assert_eq!(spec.verify_image().map(|image| image.as_str()), fields.verify_image);
        prop_assert_eq!(spec.nodes().len(), 1 + fields.nodes.len());
        for (node, (_, roles)) in spec.nodes()[1..].iter().zip(&fields.nodes) {
            prop_assert_eq!(node.roles(), &roles[..1]);
        }
        let config = |component| spec.overrides(component).map(|o| serde_json::to_value(o.config()).unwrap());
        if let Some(most) = fields.max_pods {
            prop_assert_eq!(config(Component::Kubelet), Some(json!({ "maxPods": most })));
        }
        for ((component, flag), value) in &fields.args {
            prop_assert_eq!(spec.overrides(*component).unwrap().extra_args().get(*flag), Some(value));
        }
    }
}

#[test]
fn what_a_file_says_is_written_whole() {
    for text in [
        include_str!("../../../examples/single-node.yaml"),
        include_str!("../../../examples/three-masters.yaml"),
        kboot_core::cluster::COMMENTED_EXAMPLE,
    ] {
        let spec: ClusterSpec = text.parse().unwrap();
        assert_eq!(spec.to_yaml().unwrap().parse::<ClusterSpec>().unwrap(), spec);
    }
}

/// Each default is left out, also where another field or the version decides what it is.
#[test]
fn defaults_are_left_out() {
    for (version, runtime, serving) in [
        ("v1.36.4", Runtime::Containerd, ServingCertificates::Csr),
        ("v1.19.16", Runtime::Docker, ServingCertificates::Csr),
        ("v1.11.0", Runtime::Docker, ServingCertificates::Issued),
    ] {
        let said = one_node(version)
            .with_control_plane(ControlPlane::Nodes)
            .with_service_cidrs(all(&["10.96.0.0/12"]))
            .with_pod_cidrs(all(&["10.244.0.0/16"]))
            .with_cluster_dns(all(&["10.96.0.10"]))
            .with_dns_domain(parsed("cluster.local"))
            .with_authorities(CaLayout::Separate)
            .with_key_algorithm(KeyAlgorithm::EcdsaP256)
            .with_authority_lifetime(parsed("87600h"))
            .with_certificate_lifetime(parsed("365d"))
            .with_node_credentials(NodeCredentials::BootstrapToken)
            .with_serving_certificates(serving)
            .with_token_ttl(parsed("1d"))
            .with_token_description("")
            .with_runtime(runtime)
            .with_kubeconfig_certificates(KubeconfigCertificates::Embedded)
            .with_unit_arguments(UnitArguments::Inline)
            .build()
            .unwrap();
        let unsaid = one_node(version).build().unwrap();
        assert_eq!(said, unsaid);
        let text = said.to_yaml().unwrap();
        let value: Value = serde_yaml::from_str(&text).unwrap();
        let fields: Vec<&String> = value["spec"].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["controlPlaneEndpoint", "kubernetesVersion", "nodes"], "{text}");
    }
}

#[test]
fn contradictions_come_at_once_with_their_paths() {
    let wide = Host::Dns("NOT A NAME".to_owned());
    let endpoint = ApiEndpoint::of(parsed("10.96.0.1"), 2379);
    let error = ClusterSpec::builder(parsed("kubernetes"), parsed("v1.11.0"), endpoint)
        .with_service_cidrs(all(&["10.96.0.0/12", "10.0.0.0/16"]))
        .with_pod_cidrs(all(&["10.100.0.0/16"]))
        .with_cluster_dns(all(&["10.1.0.10"]))
        .with_etcd_client_secret(parsed("metrics-server-certificate"))
        .with_authority_lifetime(parsed("30d"))
        .with_certificate_lifetime(parsed("1y"))
        .with_subject(SubjectDefaults { country: Some("Japan".to_owned()), ..SubjectDefaults::default() })
        .with_api_server_sans([wide])
        .with_serving_certificates(ServingCertificates::Csr)
        .with_token_description("a\nb")
        .with_user(SystemUser {
            id: Some(0),
            ..SystemUser::from(parsed::<kboot_core::name::UnixName>("root"))
        })
        .with_folders(Folders { kubelet: Some(parsed("/etc/kubelet")), ..Folders::default() })
        .with_config(Component::KubeApiserver, json!({"a": 1}))
        .with_config(Component::KubeProxy, 5)
        .with_config(Component::Kubelet, json!({"authentication": {"anonymous": {"enabled": true}}}))
        .with_extra_arg(Component::KubeApiserver, "authorization-mode", "AlwaysAllow")
        .with_node(parsed("one"), all(&["192.0.2.1"]), [NodeRole::Worker])
        .with_node(parsed("one"), all(&["192.0.2.1", "0.0.0.0"]), [])
        .with_node(parsed("kubernetes-admin"), [], [NodeRole::Etcd])
        .build()
        .unwrap_err();
    let found = problems(&error);
    for expected in [
        "spec.components.kubeProxy.config: must be a map",
        "spec.components.kubeApiserver.config: unknown field",
        "spec.network.serviceCIDRs: two ranges must be of different families",
        "spec.network.serviceCIDRs[0]: 10.96.0.0/12 overlaps the pod range 10.100.0.0/16",
        "spec.network.clusterDNS[0]: 10.1.0.10 lies outside",
        "spec.network.etcdClientSecret: is the name of another Secret",
        "spec.pki.validity.certificate: 1y is longer than its authority's 30d",
        "spec.pki.subject.country: must be two capital letters",
        "spec.pki.apiServerSANs[0]: \"NOT A NAME\" is not an alternative name",
        "spec.join.servingCertificates: kubelets ask for serving certificates from Kubernetes 1.12 on",
        "spec.join.token.description: must not hold control characters",
        "spec.user.name: root is what the control plane runs as",
        "spec.user.id: must be 1 to 65533",
        "spec.folders.kubelet: /etc/kubelet is the system's",
        "spec.nodes[1].name: \"one\" is already the name of spec.nodes[0]",
        "spec.nodes[1].addresses[0]: 192.0.2.1 is already spec.nodes[0].addresses[0]",
        "spec.nodes[1].addresses[1]: 0.0.0.0 is not an address of one machine",
        "spec.nodes[1].roles: must have a role",
        "spec.nodes[2].name: \"kubernetes-admin\" is the name of a user",
        "spec.nodes[2].addresses: must have an address",
        "spec.nodes: no node has the role control-plane",
        "spec.components.kubelet.config.authentication.anonymous",
        "spec.components.kubeApiserver.extraArgs.authorization-mode",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected} is not in {found:#?}");
    }
}

#[test]
fn each_contradiction_alone_is_one_problem() {
    for (builder, expected) in [
        (builder("v1.36.4"), "spec.nodes: no node has the role control-plane"),
        (
            one_node("v1.36.4").with_runtime(Runtime::Docker),
            "spec.runtime.name: Kubernetes v1.36.4 has no dockershim",
        ),
        (one_node("v1.36.4").with_service_cidrs([]), "spec.network.serviceCIDRs: must have one range"),
        (one_node("v1.36.4").with_cluster_dns([]), "spec.network.clusterDNS: must have an address"),
        (
            one_node("v1.36.4").with_certificate_lifetime(Lifetime::ZERO),
            "spec.pki.validity.certificate: must be longer",
        ),
        (
            one_node("v1.36.4").with_extra_arg(Component::Kubelet, "--v", "2"),
            "spec.components.kubelet.extraArgs.--v: ",
        ),
        (
            one_node("v1.36.4").with_config(Component::Kubelet, f64::NAN),
            "spec.components.kubelet.config: must be a map",
        ),
        (
            one_node("v1.36.4").with_config(Component::Kubelet, BTreeMap::from([((1, 2), 3)])),
            "spec.components.kubelet.config: cannot be written as JSON",
        ),
        (
            ClusterSpec::builder(parsed("a"), parsed("v1.36.4"), ApiEndpoint::of(parsed("192.0.2.1"), 0))
                .with_node(parsed("one"), all(&["192.0.2.1"]), EVERY_ROLE),
            "spec.controlPlaneEndpoint: \"192.0.2.1:0\" is not an API endpoint",
        ),
    ] {
        let found = problems(&builder.build().unwrap_err());
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected} is not in {found:#?}");
        // A cluster without nodes has neither of two roles.
        assert!(found.len() == 1 || expected.starts_with("spec.nodes"), "{found:#?}");
    }
}

#[test]
fn a_token_that_never_ends_is_warned_of_however_it_is_said() {
    let spec = one_node("v1.36.4").with_token_ttl(Lifetime::ZERO).build().unwrap();
    assert_eq!(spec.warnings().len(), 1);
    assert_eq!(spec.warnings()[0].path, "spec.join.token.ttl");
}

#[test]
fn problems_have_a_limit() {
    let mut builder = one_node("v1.36.4");
    for _ in 0..2000 {
        builder = builder.with_node(parsed("one"), [], []);
    }
    let error = builder.build().unwrap_err();
    assert_eq!(error.problems.len(), 1000);
}

#[test]
fn nodes_that_stand_alone() {
    let node = Node::new(
        parsed("one"),
        all(&["192.0.2.1", "2001:db8::1"]),
        [NodeRole::Worker, NodeRole::Etcd, NodeRole::Worker],
    );
    assert_eq!(node.unwrap().roles(), [NodeRole::Etcd, NodeRole::Worker]);
    let error =
        Node::new(parsed("kube-apiserver-etcd-client"), all(&["127.0.0.1", "127.0.0.1"]), []).unwrap_err();
    let found = problems(&error);
    for expected in [
        "name: \"kube-apiserver-etcd-client\" is the name of a user",
        "addresses[0]: 127.0.0.1 is not an address of one machine",
        "addresses[1]: 127.0.0.1 is already addresses[0]",
        "roles: must have a role",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected} is not in {found:#?}");
    }
}

fn workers_alone() -> ClusterBuilder {
    builder("v1.36.4").with_control_plane(ControlPlane::External)
}

#[test]
fn workers_alone_say_nothing_of_the_control_plane() {
    let error = workers_alone()
        .with_authorities(CaLayout::Separate)
        .with_node_credentials(NodeCredentials::StaticToken)
        .with_user(SystemUser::from(parsed::<kboot_core::name::UnixName>("kube")))
        .with_etcd_client_secret(parsed("calico-etcd-secrets"))
        .with_node(parsed("one"), all(&["192.0.2.1"]), [NodeRole::ControlPlane])
        .with_node(parsed("two"), all(&["192.0.2.2"]), [NodeRole::Etcd])
        .build()
        .unwrap_err();
    let found = problems(&error);
    for expected in [
        "spec.pki.authorities: ",
        "spec.join.nodeCredentials: ",
        "spec.user: ",
        "spec.network.etcdClientSecret: ",
        "spec.nodes[0].roles: ",
        "spec.nodes[1].roles: ",
        "spec.nodes: no node has the role worker",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected} is not in {found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}

/// Workers alone have the authority that is brought: a new one would cut them off, and nobody asked for an
/// administrator.
#[test]
fn workers_alone_need_the_authority_of_their_control_plane() {
    let spec = workers_alone()
        .with_node_credentials(NodeCredentials::Certificate)
        .with_node(parsed("worker-1"), all(&["192.0.2.11"]), [NodeRole::Worker])
        .build()
        .unwrap();
    assert!(spec.warnings().is_empty(), "{:?}", spec.warnings());
    let mut env = Env::system();
    let error = CaSet::create(&spec, &mut env).unwrap_err();
    assert!(matches!(error, PkiError::AuthorityElsewhere), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("out");
    let refused = |root: &std::path::Path| Plan::build(&spec, root, &mut Env::system()).unwrap_err();
    assert!(matches!(refused(&root), kboot_core::Error::Pki(PkiError::AuthorityElsewhere)));
    assert!(!root.join("authorities").exists());

    let whole = one_node("v1.36.4").build().unwrap();
    let authorities = CaSet::create(&whole, &mut env).unwrap();
    let (authority, place) = (authorities.cluster(), root.join("authorities"));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&place).unwrap();
    let key = authority.key().unwrap().to_pem().unwrap();
    write_new(&place.join("ca.key"), key.expose_secret().as_bytes(), 0o600).unwrap();
    // A certificate made here for that key is not the one that the control plane has.
    assert!(matches!(refused(&root), kboot_core::Error::Pki(PkiError::AuthorityElsewhere)));
    write_new(&place.join("ca.crt"), authority.certificate().to_pem().as_bytes(), 0o644).unwrap();

    let plan = Plan::build(&spec, &root, &mut env).unwrap();
    let paths: Vec<String> = plan.steps().iter().map(|step| step.path.to_string()).collect();
    for absent in ["admin", "etcd", "front-proxy", "sa.", "metrics-server", "kube-apiserver", "ca.key"] {
        let found: Vec<_> =
            paths.iter().filter(|path| path.contains(absent) && *path != "authorities/ca.key").collect();
        assert!(found.is_empty(), "{found:?}");
    }
    let ca = std::fs::read_to_string(root.join("nodes/worker-1/etc/kubernetes/pki/ca.crt")).unwrap();
    assert_eq!(ca, authority.certificate().to_pem());
    assert!(paths.iter().any(|path| path.ends_with("etc/kubernetes/kubelet.conf")), "{paths:?}");
    assert!(Plan::of(&spec, &root, &mut env).unwrap().is_done());

    // The folder knows its cluster without a control plane too.
    let another = ClusterSpec::builder(parsed("kubernetes"), parsed("v1.36.4"), parsed("192.0.2.99"))
        .with_control_plane(ControlPlane::External)
        .with_node(parsed("worker-1"), all(&["192.0.2.11"]), [NodeRole::Worker])
        .build()
        .unwrap();
    let error = Plan::of(&another, &root, &mut env).unwrap_err();
    assert!(
        matches!(error, kboot_core::Error::Bundle(kboot_core::bundle::BundleError::AnotherCluster { .. })),
        "{error}"
    );
}
