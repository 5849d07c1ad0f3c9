//! What only the rules refuse.

use kboot_testkit::generate::strategies::Case;
use kboot_testkit::generate::{GeneralName, Object, Request};

use super::Entry;
use super::requestor::{AUTHENTICATED, K0S, jane, serving_names};

fn first(node: &str, token: &str) -> Case {
    Case::new(Request::kubelet_client(node), Object::kubelet_bootstrap(token, ""))
}

pub(crate) fn entries() -> Vec<Entry> {
    let entry = |name, about, case| Entry::hostile(name, about, "no-rule", case);
    let user = |requestor: &str, name: &str, groups: &[&str]| {
        Case::new(Request::user(name, groups), Object::user(requestor, &["dev", AUTHENTICATED], ""))
    };
    let mut precreated = user("mallory", "jane", &["dev"]);
    precreated.object.name = "jane".to_owned();
    let unknown_serving =
        Case::new(serving_names("worker-77", "192.168.5.77"), Object::kubelet_serving("worker-77", ""));
    let mut no_group = first("worker-4", "w4w4w4");
    no_group.object.groups = vec!["system:bootstrappers".to_owned(), AUTHENTICATED.to_owned()];
    let mut token_case = first("worker-4", "w4w4w4");
    token_case.object.username = Some("system:bootstrap:W4W4W4".to_owned());
    vec![
        entry(
            "token-other-new-node",
            "worker-4's token asks for worker-5: one token, any node name.",
            first("worker-5.example.com", "w4w4w4"),
        )
        .incident("CAPI#3762"),
        entry(
            "token-asks-for-master",
            "A worker's token asks for the master's client certificate, and with it the secrets \
             of its pods.",
            first("master-1", "w4w4w4"),
        )
        .incident("CAPI#3762; kubeletmein"),
        entry(
            "token-unknown-node",
            "A token asks for a node that nobody planned.",
            first("worker-77", "w4w4w4"),
        )
        .incident("CAPI#3762"),
        entry("token-unknown-id", "A token that the inventory does not know.", first("worker-4", "zzzzzz"))
            .incident("CAPI#3762"),
        entry(
            "token-again-for-joined-node",
            "worker-1's token from the metadata service, used again after worker-1 has joined: a \
             pod becomes its node.",
            first("worker-1", "w1w1w1"),
        )
        .incident("kubeletmein (GKE kube-env, EKS, DigitalOcean)"),
        entry(
            "token-without-its-group",
            "A token without the group that kubeadm gives to those for joining.",
            no_group,
        ),
        entry("token-case", "The token's id in upper case.", token_case)
            .incident("talos-ccm#360, GHSA-87pw-5j2g-6376"),
        entry("token-is-a-user", "A plain user who is in the bootstrappers' group.", {
            let mut case = first("worker-4", "w4w4w4");
            case.object.username = Some("mallory".to_owned());
            case
        })
        .incident("CAPI#3762"),
        entry("user-asks-for-node", "A service account asks for a node's first client certificate.", {
            let mut case = first("worker-4", "w4w4w4");
            case.object.username = Some("system:serviceaccount:default:default".to_owned());
            case.object.groups = vec!["system:serviceaccounts".to_owned(), AUTHENTICATED.to_owned()];
            case
        })
        .incident(K0S),
        entry(
            "node-unknown-serving",
            "A node that is in no list asks for names of its own choice.",
            unknown_serving,
        )
        .incident(K0S),
        entry(
            "node-unknown-renewal",
            "A node that is in no list renews.",
            Case::new(Request::kubelet_client("worker-77"), Object::kubelet_client("worker-77", "")),
        )
        .incident("CVE-2025-5187"),
        entry(
            "user-precreated-for-jane",
            "Mallory makes the request that jane is expected to make, under its predictable name, \
             with his own key.",
            precreated,
        )
        .incident("KubeUser#114, #117"),
        entry("user-becomes-other", "Mallory asks to be joe.", user("mallory", "joe@example.com", &["dev"])),
        entry("user-more-groups", "Jane asks to be in ops as well.", user("jane", "jane", &["dev", "ops"])),
        entry(
            "user-unlisted",
            "Mallory asks for a certificate of his own, which nobody planned.",
            user("mallory", "mallory", &["dev"]),
        ),
        entry(
            "user-name-case",
            "Jane asks to be Jane: another user to RBAC.",
            user("jane", "Jane", &["dev"]),
        ),
        entry(
            "user-pipeline-by-developer",
            "A developer asks for the pipeline's certificate.",
            user("jane", "jenkins-deployer", &["ci"]),
        ),
        entry("user-with-alt-name", "Jane with a DNS name in her client certificate.", {
            let mut case = jane(|_| ());
            case.request = case.request.with_alt_names(&[GeneralName::dns("api.example.com")]);
            case
        }),
    ]
}
