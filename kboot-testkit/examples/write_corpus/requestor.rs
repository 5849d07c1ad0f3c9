//! Requestors, signers, usages and lifetimes.

use kboot_testkit::generate::strategies::Case;
use kboot_testkit::generate::{
    GeneralName, KUBE_APISERVER_CLIENT, KUBE_APISERVER_CLIENT_KUBELET, Object, Request,
};

use super::Entry;

pub(crate) fn serving_names(node: &str, address: &str) -> Request {
    Request::kubelet_serving(node, &[GeneralName::dns(node), GeneralName::ip(address)])
}

/// worker-1's own serving request with one thing about the object changed.
fn serving(edit: impl FnOnce(&mut Object)) -> Case {
    let mut object = Object::kubelet_serving("worker-1", "");
    edit(&mut object);
    Case::new(serving_names("worker-1", "192.168.5.21"), object)
}

/// The same for its renewal.
fn client(edit: impl FnOnce(&mut Object)) -> Case {
    let mut object = Object::kubelet_client("worker-1", "");
    edit(&mut object);
    Case::new(Request::kubelet_client("worker-1"), object)
}

/// The same for jane.
pub(crate) fn jane(edit: impl FnOnce(&mut Object)) -> Case {
    let mut object = Object::user("jane", &["dev", "system:authenticated"], "");
    edit(&mut object);
    Case::new(Request::user("jane", &["dev"]), object)
}

fn by(username: &str, groups: &[&str]) -> impl FnOnce(&mut Object) {
    let username = username.to_owned();
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    move |object| {
        object.username = Some(username);
        object.groups = groups;
    }
}

fn used_for(usages: &[&str]) -> impl FnOnce(&mut Object) {
    let usages = usages.iter().map(|usage| (*usage).to_owned()).collect();
    move |object| object.usages = usages
}

pub(crate) const AUTHENTICATED: &str = "system:authenticated";
pub(crate) const K0S: &str = "k0s#8333";
const ANY_SIGNER: &str = "deckhouse#22901";

pub(crate) fn entries() -> Vec<Entry> {
    let mut all = requestors();
    all.extend(signers());
    all.extend(usages());
    all
}

fn requestors() -> Vec<Entry> {
    let entry = Entry::hostile;
    let nodes = ["system:nodes", AUTHENTICATED];
    vec![
        entry(
            "requestor-user-serving",
            "Any user who may create requests, with the right names of a node: who approves by \
             names alone hands out the node's TLS identity.",
            "requestor-not-node",
            serving(by("mallory", &[AUTHENTICATED])),
        )
        .incident(K0S),
        entry(
            "requestor-service-account-serving",
            "A pod's service account asks for a node's serving certificate.",
            "requestor-not-node",
            serving(by("system:serviceaccount:default:default", &["system:serviceaccounts", AUTHENTICATED])),
        )
        .incident("ekco#459, GHSA-x7j5-fww5-mqmv"),
        entry(
            "requestor-token-serving",
            "A bootstrap token asks for a serving certificate: a leaked token would play any \
             node.",
            "requestor-not-node",
            serving(by("system:bootstrap:w1w1w1", &["system:bootstrappers", AUTHENTICATED])),
        )
        .incident("ekco#459; CAPI#3762"),
        entry(
            "requestor-node-without-group",
            "The node's name without the group system:nodes: an impersonated or home-made user.",
            "requestor-not-node",
            serving(by("system:node:worker-1", &[AUTHENTICATED])),
        ),
        entry(
            "requestor-node-name-only",
            "A user called like the node, without the prefix.",
            "requestor-not-node",
            serving(by("worker-1", &nodes)),
        ),
        entry(
            "requestor-node-case",
            "The requestor's name differs from the common name in case.",
            "requestor-other-node",
            serving(by("system:node:Worker-1", &nodes)),
        )
        .incident("talos-ccm#360, GHSA-87pw-5j2g-6376"),
        entry(
            "requestor-other-node-serving",
            "worker-2 asks for worker-1's serving certificate.",
            "requestor-other-node",
            serving(by("system:node:worker-2", &nodes)),
        )
        .incident(K0S),
        entry(
            "requestor-other-node-renewal",
            "worker-2 asks for worker-1's client certificate: from one node to the secrets of \
             another.",
            "requestor-other-node",
            client(by("system:node:worker-2", &nodes)),
        )
        .incident("k/k#126015, KEP-4872"),
        entry(
            "requestor-node-asks-for-master",
            "worker-1 asks for the master's client certificate.",
            "requestor-other-node",
            Case::new(Request::kubelet_client("master-1"), Object::kubelet_client("worker-1", "")),
        )
        .incident("k/k#126015; kubeletmein"),
        entry(
            "requestor-prefix-of-node",
            "A node whose name begins like the requestor's.",
            "requestor-other-node",
            client(by("system:node:worker-11", &nodes)),
        ),
        entry(
            "requestor-missing",
            "No username: an object that no API server has filled in.",
            "requestor-unknown",
            serving(|o| o.username = None),
        )
        .not_creatable(),
        entry(
            "requestor-empty",
            "An empty username.",
            "requestor-unknown",
            client(|o| o.username = Some(String::new())),
        )
        .not_creatable(),
        entry(
            "requestor-anonymous",
            "The anonymous user.",
            "requestor-anonymous",
            client(by("system:anonymous", &["system:unauthenticated"])),
        ),
        entry(
            "requestor-anonymous-serving",
            "The anonymous user asks for a serving certificate.",
            "requestor-anonymous",
            serving(by("system:anonymous", &["system:unauthenticated"])),
        ),
        entry(
            "requestor-unauthenticated-group",
            "A node's name in the group of the unauthenticated.",
            "requestor-anonymous",
            client(by("system:node:worker-1", &["system:nodes", "system:unauthenticated"])),
        ),
        entry(
            "requestor-anonymous-user",
            "The anonymous user asks to become jane.",
            "requestor-anonymous",
            jane(by("system:anonymous", &["system:unauthenticated"])),
        ),
    ]
}

fn signers() -> Vec<Entry> {
    let entry = Entry::hostile;
    let code = "signer-not-ruled";
    let signer = |name: &str| {
        let name = name.to_owned();
        serving(move |object| object.signer_name = name)
    };
    vec![
        entry(
            "signer-custom",
            "A signer of somebody else: not this approver's to judge.",
            code,
            signer("example.com/webhooks"),
        )
        .incident(ANY_SIGNER),
        entry(
            "signer-legacy-unknown",
            "The signer that checks nothing.",
            code,
            signer("kubernetes.io/legacy-unknown"),
        )
        .incident(ANY_SIGNER)
        .not_creatable(),
        entry(
            "signer-unknown-kubernetes",
            "A signer under kubernetes.io that does not exist.",
            code,
            signer("kubernetes.io/kubelet-serving-v2"),
        )
        .incident(ANY_SIGNER),
        entry(
            "signer-prefix",
            "A signer whose domain ends like Kubernetes'.",
            code,
            signer("evil-kubernetes.io/kubelet-serving"),
        )
        .incident(ANY_SIGNER),
        entry(
            "signer-case",
            "The signer's name in another case.",
            code,
            signer("kubernetes.io/Kubelet-Serving"),
        )
        .incident(ANY_SIGNER)
        .not_creatable(),
        entry(
            "signer-serving-through-user-signer",
            "A serving request sent to the users' signer: the certificate would log in as the \
             node.",
            "privileged-identity",
            serving(|object| {
                object.signer_name = KUBE_APISERVER_CLIENT.to_owned();
                object.usages = vec!["digital signature".to_owned(), "client auth".to_owned()];
            }),
        )
        .incident(ANY_SIGNER),
        entry(
            "signer-client-for-serving",
            "A client request sent to the serving signer: no names, wrong usages.",
            "alt-names-missing",
            client(|object| object.signer_name = "kubernetes.io/kubelet-serving".to_owned()),
        )
        .incident(ANY_SIGNER),
        entry(
            "signer-serving-for-client",
            "A serving request sent to the kubelets' client signer.",
            "alt-names-not-allowed",
            serving(|object| object.signer_name = KUBE_APISERVER_CLIENT_KUBELET.to_owned()),
        )
        .incident(ANY_SIGNER),
    ]
}

fn usages() -> Vec<Entry> {
    let entry = Entry::hostile;
    let short = "expiration-too-short";
    vec![
        entry(
            "usages-repeated",
            "A usage twice: the right count and the right members, with one missing.",
            "usages-repeated",
            serving(used_for(&["digital signature", "server auth", "server auth"])),
        )
        .incident("kubelet-rubber-stamp#42")
        .not_creatable(),
        entry(
            "usages-repeated-instead",
            "Three usages of which one is missing and one is twice: a check of length and \
             membership passes.",
            "usages-repeated",
            client(used_for(&["digital signature", "client auth", "client auth"])),
        )
        .incident("kubelet-rubber-stamp#42")
        .not_creatable(),
        entry(
            "usages-both-auths-serving",
            "A serving certificate that may also log in.",
            "usages",
            serving(used_for(&["digital signature", "server auth", "client auth"])),
        ),
        entry(
            "usages-both-auths-client",
            "A node's client certificate that may also serve.",
            "usages",
            client(used_for(&["digital signature", "client auth", "server auth"])),
        ),
        entry(
            "usages-without-server-auth",
            "A serving certificate for nothing but signatures.",
            "usages",
            serving(used_for(&["digital signature", "key encipherment"])),
        ),
        entry(
            "usages-without-signature",
            "A client certificate without digital signature, which upstream does not accept.",
            "usages",
            client(used_for(&["client auth"])),
        ),
        entry(
            "usages-cert-sign",
            "A node asks to sign certificates.",
            "usages",
            client(used_for(&["digital signature", "client auth", "cert sign"])),
        ),
        entry(
            "usages-code-signing",
            "Jane asks to sign code.",
            "usages",
            jane(used_for(&["client auth", "code signing"])),
        ),
        entry("usages-any", "Jane asks for any usage.", "usages", jane(used_for(&["client auth", "any"]))),
        entry(
            "usages-user-server-auth",
            "Jane asks to serve.",
            "usages",
            jane(used_for(&["client auth", "server auth"])),
        ),
        entry(
            "usages-user-without-client-auth",
            "Jane's certificate without client auth.",
            "usages",
            jane(used_for(&["digital signature"])),
        ),
        entry("usages-none", "No usages.", "usages", serving(used_for(&[]))).not_creatable(),
        entry(
            "usages-unknown",
            "A usage that does not exist.",
            "usages",
            client(used_for(&["digital signature", "client auth", "root auth"])),
        )
        .not_creatable(),
        entry(
            "usages-case",
            "A usage in another case.",
            "usages",
            client(used_for(&["digital signature", "Client Auth"])),
        )
        .not_creatable(),
        entry(
            "expiration-599",
            "One second under the shortest lifetime.",
            short,
            serving(|o| o.expiration_seconds = Some(599)),
        )
        .not_creatable(),
        entry(
            "expiration-0",
            "No lifetime: a signer that takes 0 for unlimited gives it for ever.",
            short,
            client(|o| o.expiration_seconds = Some(0)),
        )
        .not_creatable(),
        entry(
            "expiration-negative",
            "A negative lifetime, which an unsigned number turns into centuries.",
            short,
            jane(|o| o.expiration_seconds = Some(-1)),
        )
        .not_creatable(),
    ]
}
