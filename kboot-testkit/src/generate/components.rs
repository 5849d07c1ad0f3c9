//! Texts that components and machines read: units, environment files, configuration, objects to apply, the record of a
//! folder that a build left.
//!
//! Every `hostile_…` one must be refused.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::text::one_of;
use super::{addresses, names, times, tokens};

const FLAGS: &[&str] =
    &["v", "kubeconfig", "node-ip", "anonymous-auth", "network-plugin", "config", "unknown-flag"];

/// Flags of a component, each with a value in the quotes that it needs.
fn flags() -> impl Strategy<Value = Vec<String>> {
    let value = prop_oneof!["[a-z0-9/.,:-]{1,16}", "[a-z ]{1,16}".prop_map(|text| format!("\"{text}\""))];
    vec((select(FLAGS), value), 0..6)
        .prop_map(|flags| flags.into_iter().map(|(name, value)| format!("--{name}={value}")).collect())
}

/// A systemd unit that starts a component.
pub fn unit() -> impl Strategy<Value = String> {
    let program = select(&["kubelet", "kube-proxy", "kube-apiserver", "etcd", "another-program"][..]);
    let reads_environment = any::<bool>();
    (program, flags(), reads_environment, select(&[" ", " \\\n  "][..])).prop_map(
        |(program, flags, reads, between)| {
            let environment = if reads { "EnvironmentFile=-/etc/kubernetes/kubelet\n" } else { "" };
            let program_and_file = [Some(format!("/usr/bin/{program}")), reads.then(|| "$ARGS".to_owned())];
            let words = program_and_file.into_iter().flatten().chain(flags);
            let command = words.collect::<Vec<_>>().join(between);
            format!(
                "[Unit]\nDescription={program}\n\n[Service]\n{environment}ExecStart={command}\n\n\
             [Install]\nWantedBy=multi-user.target\n"
            )
        },
    )
}

/// An environment file.
pub fn environment_file() -> impl Strategy<Value = String> {
    (flags(), any::<bool>()).prop_map(|(flags, has_comment)| {
        let comment = if has_comment { "# the flags\n" } else { "" };
        let flags: Vec<String> = flags.iter().map(|flag| flag.replace('"', "'")).collect();
        format!("{comment}ARGS=\"{}\"\n", flags.join(" "))
    })
}

/// A file that is neither a unit nor an environment file nor a component's configuration.
pub fn hostile_component_file() -> impl Strategy<Value = String> {
    one_of(&[
        "",
        "\n",
        "# nothing\n",
        "kind: Pod\napiVersion: v1\n",
        "kind: KubeletConfiguration\napiVersion: v1\n",
        "kind: KubeProxyConfiguration\napiVersion: kubeproxy.config.k8s.io/v1\n",
        "- a\n",
        "{",
        "<html>",
        "a b c\n",
    ])
}

/// A KubeletConfiguration.
pub fn kubelet_configuration() -> impl Strategy<Value = Value> {
    let fields = (addresses::ipv4(), any::<[bool; 3]>(), addresses::dns_name());
    fields.prop_map(|(dns, [anonymous, webhook, rotate], domain)| {
        json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": anonymous},
                "webhook": {"enabled": webhook},
                "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "clusterDNS": [dns.to_string()],
            "clusterDomain": domain,
            "rotateCertificates": rotate,
        })
    })
}

/// Bindings of RBAC, as documents of one file.
pub fn bindings() -> impl Strategy<Value = String> {
    let subject = (select(&["User", "Group"][..]), names::principal()).prop_map(
        |(kind, name)| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}),
    );
    let binding =
        (names::subdomain(), vec(subject, 0..3), names::label()).prop_map(|(name, subjects, role)| {
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": subjects,
            })
        });
    vec(binding, 1..4)
        .prop_map(|bindings| bindings.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n"))
}

/// What is no object to apply.
pub fn hostile_manifest() -> impl Strategy<Value = String> {
    one_of(&[
        "a",
        "[]",
        "kind: Pod\nmetadata: {name: a}",
        "apiVersion: v1\nmetadata: {name: a}",
        "apiVersion: v1\nkind: Pod",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: ''}",
        "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: 1}",
        "{",
        "apiVersion: v1\nkind: 1\nmetadata: {name: a}",
        "apiVersion: v1\nkind: List\nitems: [{kind: Pod}]",
        "a: &a [*a]",
    ])
}

/// The `kboot.json` of a folder.
pub fn folder_record() -> impl Strategy<Value = Value> {
    let path = select(&["pki/ca.crt", "pki/etcd/ca.crt", "nodes/a/pki/kubelet.crt"][..]);
    let certificate = (path, "sha256:[0-9a-f]{64}", times::timestamp()).prop_map(|(path, digest, time)| {
        json!({"path": path, "kind": "authority", "fingerprint": digest, "notBefore": time, "notAfter": time})
    });
    let tokens = vec((tokens::token_id(), names::subdomain()), 0..3).prop_map(|tokens| {
        tokens.into_iter().map(|(id, node)| json!({"id": id, "nodes": [node]})).collect::<Vec<_>>()
    });
    let cluster = (names::subdomain(), addresses::endpoint(), times::version(), addresses::ipv4());
    (cluster, tokens, vec(certificate, 0..3)).prop_map(
        |((name, endpoint, version, address), tokens, certificates)| {
            json!({
                "apiVersion": "kboot.dev/v1alpha1",
                "kind": "Inventory",
                "cluster": {
                    "name": name, "controlPlaneEndpoint": endpoint, "kubernetesVersion": version,
                    "members": [{"name": "cp1", "addresses": [address.to_string()]}],
                },
                "joinTokens": tokens,
                "certificates": certificates,
            })
        },
    )
}

/// A `kboot.json` that is none.
pub fn hostile_folder_record() -> impl Strategy<Value = String> {
    let fixed = one_of(&[
        "",
        "a",
        "[]",
        "1",
        "{",
        "{\"certificates\": {}}",
        "{\"joinTokens\": [1]}",
        "{\"cluster\": {}}",
        "{\"cluster\": 1}",
    ]);
    let spoiled = (folder_record(), subsequence(vec!["name", "controlPlaneEndpoint", "members"], 1..=3))
        .prop_map(|(mut record, fields)| {
            for field in fields {
                record["cluster"][field] = json!("../..");
            }
            record.to_string()
        });
    prop_oneof![fixed, spoiled]
}
