//! Subjects: who the certificate would be.

use kboot_testkit::generate::strategies::Case;
use kboot_testkit::generate::{
    AttributeTypeAndValue, COMMON_NAME, GeneralName, KUBERNETES_UID, ORGANIZATION, ORGANIZATIONAL_UNIT,
    Object, Rdn, Request, StringTag,
};

use super::Entry;

fn subject(rdns: Vec<Rdn>) -> Request {
    Request { subject: rdns, ..Request::kubelet_client("worker-1") }
}

fn nodes() -> Rdn {
    vec![AttributeTypeAndValue::o("system:nodes")]
}

fn cn(text: &str) -> Rdn {
    vec![AttributeTypeAndValue::cn(text)]
}

fn tagged(oid: &str, tag: StringTag, text: &str) -> Rdn {
    vec![AttributeTypeAndValue::text(oid, tag, text)]
}

/// worker-1's renewal with this subject.
fn client(rdns: Vec<Rdn>) -> Case {
    Case::new(subject(rdns), Object::kubelet_client("worker-1", ""))
}

/// worker-1's serving certificate with this subject.
fn serving(rdns: Vec<Rdn>) -> Case {
    let names = [GeneralName::dns("worker-1"), GeneralName::ip("192.168.5.21")];
    Case::new(subject(rdns).with_alt_names(&names), Object::kubelet_serving("worker-1", ""))
}

/// A request by mallory of group dev for a client certificate of this subject.
fn user(name: &str, groups: &[&str]) -> Case {
    Case::new(Request::user(name, groups), Object::user("mallory", &["dev", "system:authenticated"], ""))
}

fn mallory(rdns: Vec<Rdn>) -> Case {
    Case::new(subject(rdns), Object::user("mallory", &["dev", "system:authenticated"], ""))
}

pub(crate) fn entries() -> Vec<Entry> {
    let mut all = texts();
    all.extend(nodes_subjects());
    all.extend(privileged());
    all
}

fn texts() -> Vec<Entry> {
    let entry = Entry::hostile;
    vec![
        entry(
            "subject-empty-organization",
            "An empty organization beside system:nodes.",
            "subject-text",
            client(vec![vec![AttributeTypeAndValue::o("")], nodes(), cn("system:node:worker-1")]),
        ),
        entry(
            "subject-bmp-string",
            "The common name as BMPString: readers that take its octets see another text.",
            "subject-text",
            client(vec![
                nodes(),
                tagged(COMMON_NAME, StringTag::Bmp, "\0s\0y\0s\0t\0e\0m\0:\0n\0o\0d\0e\0:\0a"),
            ]),
        ),
        entry(
            "subject-teletex-string",
            "The organization as TeletexString, whose letters depend on the reader.",
            "subject-text",
            client(vec![
                tagged(ORGANIZATION, StringTag::Teletex, "system:nodes"),
                cn("system:node:worker-1"),
            ]),
        ),
        entry(
            "subject-nul",
            "A NUL after the node's name: C programs see worker-1, others the rest too.",
            "subject-text",
            client(vec![nodes(), tagged(COMMON_NAME, StringTag::Utf8, "system:node:worker-1\0.example.com")]),
        ),
        entry(
            "subject-escape-codes",
            "Terminal escape codes that make `kubectl get csr` and logs show another name.",
            "subject-text",
            mallory(vec![tagged(COMMON_NAME, StringTag::Utf8, "jane\u{1b}[2K\u{1b}[1Gapproved")]),
        ),
        entry(
            "subject-newline",
            "A line break in the name, which forges log lines.",
            "subject-text",
            mallory(vec![tagged(COMMON_NAME, StringTag::Utf8, "jane\nsystem:admin")]),
        ),
        entry(
            "subject-musical-symbol",
            "A character without a glyph (U+1D173) makes another user who looks like jane.",
            "subject-text",
            mallory(vec![tagged(COMMON_NAME, StringTag::Utf8, "ja\u{1d173}ne")]),
        ),
        entry(
            "subject-em-space",
            "A blank that is no space (U+2003) inside the name.",
            "subject-text",
            mallory(vec![tagged(COMMON_NAME, StringTag::Utf8, "jane\u{2003}doe")]),
        ),
        entry(
            "subject-printable-at",
            "A PrintableString with a sign that it cannot hold.",
            "subject-text",
            mallory(vec![tagged(COMMON_NAME, StringTag::Printable, "jane@example.com")]),
        ),
        entry(
            "subject-group-with-blank",
            "The group system:masters behind a blank: a string comparison lets it pass and \
             whoever trims is fooled.",
            "subject-text",
            user("mallory", &[" system:masters"]),
        )
        .incident("kubeadm#2414"),
        entry(
            "subject-group-with-tab",
            "The group system:masters before a tab.",
            "subject-text",
            mallory(vec![tagged(ORGANIZATION, StringTag::Utf8, "system:masters\t"), cn("mallory")]),
        ),
        entry("subject-invalid-utf8", "A group whose UTF8String is not UTF-8.", "subject-text", {
            let value = [&[0x0c, 3][..], &[0xff, 0xfe, 0x41]].concat();
            mallory(vec![vec![AttributeTypeAndValue { oid: ORGANIZATION.to_owned(), value }], cn("mallory")])
        })
        .not_creatable(),
        entry(
            "subject-number",
            "A common name that is an INTEGER.",
            "subject-text",
            mallory(vec![vec![AttributeTypeAndValue { oid: COMMON_NAME.to_owned(), value: vec![2, 1, 7] }]]),
        ),
    ]
}

fn nodes_subjects() -> Vec<Entry> {
    let entry = Entry::hostile;
    let extra = |oid: &str, text: &str| vec![AttributeTypeAndValue::go(oid, text)];
    let node = |name: &str| {
        let username = format!("system:node:{name}");
        let mut case = serving(vec![nodes(), cn(&username)]);
        case.object.username = Some(username);
        case
    };
    vec![
        entry(
            "node-uid",
            "A node's certificate with a user's UID: API servers of 1.33 and newer read it as \
             identity.",
            "subject-uid",
            client(vec![nodes(), cn("system:node:worker-1"), extra(KUBERNETES_UID, "0")]),
        ),
        entry(
            "user-uid",
            "A person's certificate with another person's UID.",
            "subject-uid",
            mallory(vec![cn("mallory"), extra(KUBERNETES_UID, "6e1b7f0c-51f3-4c8e-9f0a-0b6d2f7a9c11")]),
        ),
        entry(
            "node-organizational-unit",
            "An OU: upstream copies it unread into the certificate, where other readers take it \
             for a role.",
            "subject-attribute",
            client(vec![nodes(), extra(ORGANIZATIONAL_UNIT, "system:masters"), cn("system:node:worker-1")]),
        ),
        entry(
            "node-serial-number",
            "A serialNumber attribute in a serving certificate.",
            "subject-attribute",
            serving(vec![nodes(), cn("system:node:worker-1"), extra("2.5.4.5", "1")]),
        ),
        entry(
            "user-organizational-unit",
            "A person's OU: not understood by Kubernetes, so nobody has checked it.",
            "subject-attribute",
            mallory(vec![extra(ORGANIZATIONAL_UNIT, "Domain Admins"), cn("mallory")]),
        ),
        entry("node-without-common-name", "No common name.", "common-name-missing", client(vec![nodes()])),
        entry("node-empty-subject", "An empty subject.", "common-name-missing", serving(vec![])),
        entry(
            "node-two-common-names",
            "Two common names, the own one first: Go keeps the last, others the first.",
            "common-name-repeated",
            serving(vec![nodes(), cn("system:node:worker-1"), cn("system:node:master-1")]),
        )
        .incident("approver-policy#915, #945"),
        entry(
            "node-two-common-names-reversed",
            "Two common names, the own one last: the raw subject, which is copied, holds both.",
            "common-name-repeated",
            client(vec![cn("system:node:master-1"), nodes(), cn("system:node:worker-1")]),
        )
        .incident("approver-policy#915, #945"),
        entry(
            "node-two-common-names-in-one-set",
            "Two common names in one SET.",
            "common-name-repeated",
            client(vec![nodes(), [cn("system:node:worker-1"), cn("system:node:master-1")].concat()]),
        )
        .incident("approver-policy#915, #945"),
        entry(
            "user-two-common-names",
            "A person's second common name, of the controller manager.",
            "common-name-repeated",
            mallory(vec![cn("mallory"), cn("system:kube-controller-manager")]),
        )
        .incident("approver-policy#915, #945"),
        entry(
            "node-second-organization-masters",
            "system:masters hidden behind system:nodes in a SET of its own: a map of attributes \
             shows one of them.",
            "organization",
            client(vec![
                nodes(),
                vec![AttributeTypeAndValue::o("system:masters")],
                cn("system:node:worker-1"),
            ]),
        )
        .incident("kubeadm#2414; approver-policy#945"),
        entry(
            "node-second-organization-before",
            "system:masters before system:nodes: a reader that keeps the last sees only \
             system:nodes.",
            "organization",
            client(vec![
                vec![AttributeTypeAndValue::o("system:masters")],
                nodes(),
                cn("system:node:worker-1"),
            ]),
        )
        .incident("kubeadm#2414; approver-policy#945"),
        entry(
            "node-second-organization-in-one-set",
            "Both organizations in one SET.",
            "organization",
            serving(vec![
                [nodes(), vec![AttributeTypeAndValue::o("system:masters")]].concat(),
                cn("system:node:worker-1"),
            ]),
        )
        .incident("kubeadm#2414"),
        entry(
            "node-organization-masters",
            "system:masters in place of system:nodes, through the kubelets' signer.",
            "organization",
            client(vec![vec![AttributeTypeAndValue::o("system:masters")], cn("system:node:worker-1")]),
        )
        .incident("kubeadm#2414"),
        entry(
            "node-organization-missing",
            "No organization.",
            "organization",
            client(vec![cn("system:node:worker-1")]),
        ),
        entry(
            "node-organization-repeated",
            "system:nodes twice.",
            "organization",
            client(vec![nodes(), nodes(), cn("system:node:worker-1")]),
        ),
        entry(
            "node-organization-upper-case",
            "System:Nodes, for approvers that fold case before they compare.",
            "organization",
            client(vec![vec![AttributeTypeAndValue::o("System:Nodes")], cn("system:node:worker-1")]),
        )
        .incident("talos-ccm#360, GHSA-87pw-5j2g-6376"),
        entry(
            "node-name-empty",
            "The empty node name, which upstream's prefix test lets pass.",
            "node-name",
            node(""),
        )
        .incident("talos-ccm#360, GHSA-87pw-5j2g-6376"),
        entry(
            "node-name-upper-case",
            "The node's name in upper case: no Node is called so, but lists that fold case match \
             it.",
            "node-name",
            node("WORKER-1"),
        )
        .incident("talos-ccm#360, GHSA-87pw-5j2g-6376"),
        entry(
            "node-name-prefix-case",
            "The prefix in another case.",
            "node-name",
            client(vec![nodes(), cn("System:node:worker-1")]),
        ),
        entry(
            "node-name-bare",
            "The node's name without the prefix: a user called worker-1.",
            "node-name",
            client(vec![nodes(), cn("worker-1")]),
        ),
        entry(
            "node-name-path",
            "A node name that walks up a path, for approvers that put it into an URL.",
            "node-name",
            node("../secrets/worker-1"),
        ),
        entry("node-name-wildcard", "A wildcard as node name.", "node-name", node("*"))
            .incident("talos-ccm#360, GHSA-87pw-5j2g-6376"),
        entry(
            "node-name-trailing-dot",
            "A dot at the end: the same host to DNS, another to a string comparison.",
            "node-name",
            node("worker-1."),
        ),
        entry(
            "node-name-too-long",
            "A node name of 254 characters.",
            "node-name",
            node(&["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(62)].join(".")),
        ),
        entry(
            "node-name-controller",
            "The controller manager's name through the kubelets' signer.",
            "node-name",
            client(vec![nodes(), cn("system:kube-controller-manager")]),
        ),
    ]
}

fn privileged() -> Vec<Entry> {
    let entry = Entry::hostile;
    let code = "privileged-identity";
    vec![
        entry(
            "user-system-masters",
            "The group that no RBAC binds and nothing revokes.",
            code,
            user("mallory", &["system:masters"]),
        )
        .incident("deckhouse#22901; kubeadm#2414")
        .not_creatable(),
        entry(
            "user-system-masters-last",
            "system:masters as the last of three groups.",
            code,
            user("mallory", &["dev", "ops", "system:masters"]),
        )
        .incident("kubeadm#2414")
        .not_creatable(),
        entry(
            "user-system-masters-case",
            "System:Masters: admission compares letter by letter, a proxy in front may not.",
            code,
            user("mallory", &["System:Masters"]),
        )
        .incident("kubeadm#2414"),
        entry(
            "user-cluster-admins",
            "kubeadm's group of administrators, which admission does not know.",
            code,
            user("mallory", &["kubeadm:cluster-admins"]),
        )
        .incident("kubeadm#2414; deckhouse#22901"),
        entry(
            "user-cluster-admins-case",
            "The same in another case.",
            code,
            user("mallory", &["Kubeadm:Cluster-Admins"]),
        ),
        entry(
            "user-kubernetes-admin",
            "The name of kubeadm's administrator.",
            code,
            user("kubernetes-admin", &["dev"]),
        )
        .incident("kubeadm#2414"),
        entry(
            "user-kubernetes-super-admin",
            "The name in kubeadm's super-admin.conf.",
            code,
            user("kubernetes-super-admin", &[]),
        )
        .incident("kubeadm#2414"),
        entry(
            "user-controller-manager",
            "The controller manager: it reads every secret and makes any service account's token.",
            code,
            user("system:kube-controller-manager", &[]),
        )
        .incident("deckhouse#22901"),
        entry(
            "user-scheduler",
            "The scheduler, who places pods anywhere.",
            code,
            user("system:kube-scheduler", &[]),
        ),
        entry(
            "user-kube-proxy",
            "kube-proxy's name.",
            code,
            user("system:kube-proxy", &["system:node-proxier"]),
        ),
        entry(
            "user-aggregation-controller",
            "The service account of the controller that may escalate cluster roles.",
            code,
            user(
                "system:serviceaccount:kube-system:clusterrole-aggregation-controller",
                &["system:serviceaccounts:kube-system"],
            ),
        ),
        entry(
            "user-node-through-user-signer",
            "A node's identity through the users' signer, where NodeRestriction does not look.",
            code,
            user("system:node:master-1", &["system:nodes"]),
        )
        .incident("deckhouse#22901; k/k#126015"),
        entry("user-group-nodes", "A plain name in system:nodes.", code, user("mallory", &["system:nodes"])),
        entry(
            "user-group-bootstrappers",
            "The bootstrappers' group: first client certificates of any node without a token.",
            code,
            user("mallory", &["system:bootstrappers:kubeadm:default-node-token"]),
        ),
        entry(
            "user-apiserver",
            "The API server's own name towards etcd.",
            code,
            user("kube-apiserver-etcd-client", &[]),
        ),
        entry(
            "user-apiserver-kubelet-client",
            "The API server's name towards kubelets: a shell in every pod.",
            code,
            user("kube-apiserver-kubelet-client", &[]),
        ),
        entry(
            "user-front-proxy",
            "The front proxy's name: where the authorities are one, it may claim any user.",
            code,
            user("front-proxy-client", &[]),
        ),
        entry("user-anonymous", "The name of those without a name.", code, user("system:anonymous", &[])),
    ]
}
