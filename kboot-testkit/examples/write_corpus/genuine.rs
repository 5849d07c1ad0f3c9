//! What kubelets of 1.20 to 1.37, people and pipelines ask for.

use kboot_testkit::cluster::ISSUER;
use kboot_testkit::generate::strategies::Case;
use kboot_testkit::generate::{GeneralName, Key, KeyKind, Object, Request};

use super::Entry;

/// Names as kubelets write them: DNS names, then addresses, each sorted.
fn names(dns: &[&str], ips: &[&str]) -> Vec<GeneralName> {
    dns.iter().map(|name| GeneralName::dns(name)).chain(ips.iter().map(|ip| GeneralName::ip(ip))).collect()
}

fn serving(node: &str, dns: &[&str], ips: &[&str]) -> Case {
    Case::new(Request::kubelet_serving(node, &names(dns, ips)), Object::kubelet_serving(node, ""))
}

fn renewal(node: &str) -> Case {
    Case::new(Request::kubelet_client(node), Object::kubelet_client(node, ""))
}

fn first(node: &str, token: &str) -> Case {
    Case::new(Request::kubelet_client(node), Object::kubelet_bootstrap(token, ""))
}

fn user(name: &str, groups: &[&str], requestor: &str) -> Case {
    let all = [groups, &["system:authenticated"]].concat();
    Case::new(Request::user(name, groups), Object::user(requestor, &all, ""))
}

/// As kubelets up to 1.26 ask, and newer ones with RSA keys: with key encipherment.
fn enciphering(mut case: Case) -> Case {
    case.object.usages.insert(1, "key encipherment".to_owned());
    case
}

fn key(mut case: Case, kind: KeyKind) -> Case {
    case.request = case.request.with_key(Key::shared(kind));
    case
}

fn expiring(mut case: Case, seconds: i64) -> Case {
    case.object.expiration_seconds = Some(seconds);
    case
}

/// With what API servers of 1.32 and newer add about a requestor with a certificate.
fn credential(mut case: Case) -> Case {
    let id = "X509SHA256=4f7c0e2f2c8f6b1f4a9f6f0d7f1b5c3e9a8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b";
    case.object.extra.insert("authentication.kubernetes.io/credential-id".to_owned(), vec![id.to_owned()]);
    case
}

fn uid(mut case: Case, uid: &str) -> Case {
    case.object.uid = Some(uid.to_owned());
    case
}

const CLOUD: &str = "ip-10-240-0-24.eu-west-1.compute.internal";
const CLOUD_PUBLIC: &str = "ec2-203-0-113-24.eu-west-1.compute.amazonaws.com";
const DB: &str = "db-1.rack-2.example.com";

pub(crate) fn entries() -> Vec<Entry> {
    let mut all = serving_certificates();
    all.extend(client_certificates());
    all.extend(people());
    all
}

fn serving_certificates() -> Vec<Entry> {
    let w1 = || serving("worker-1", &["worker-1"], &["192.168.5.21"]);
    let entry = Entry::genuine;
    vec![
        entry(
            "serving-1.20-dns-only",
            "Kubelet 1.20 whose node has only a Hostname address yet: allowed up to 1.30, with \
             key encipherment.",
            enciphering(serving("worker-1", &["worker-1"], &[])),
        ),
        entry(
            "serving-1.20-dns-and-ip",
            "Kubelet 1.20: host name and internal address, key encipherment even for P-256.",
            enciphering(w1()),
        ),
        entry(
            "serving-1.22-master",
            "Kubelet 1.22 of a control plane machine, for its own name and address.",
            enciphering(serving("master-1", &["master-1"], &["192.168.5.11"])),
        ),
        entry(
            "serving-1.24-two-dns-names",
            "Kubelet 1.24 with host name and InternalDNS.",
            enciphering(serving("worker-1", &["worker-1", "worker-1.example.com"], &["192.168.5.21"])),
        ),
        entry(
            "serving-1.26-dual-stack",
            "Kubelet 1.26, the last with key encipherment for P-256, on a dual-stack node.",
            enciphering(serving("worker-2", &["worker-2"], &["192.168.5.22", "fd00:5::22"])),
        ),
        entry(
            "serving-1.27-without-encipherment",
            "Kubelet 1.27: no key encipherment with its P-256 key.",
            w1(),
        ),
        entry(
            "serving-1.27-ipv6",
            "Kubelet 1.27 on an IPv6 node.",
            serving("worker-3", &["worker-3"], &["fd00:5::23"]),
        ),
        entry(
            "serving-1.28-several-addresses",
            "Kubelet 1.28 with three addresses and a node name with dots.",
            serving(DB, &[DB], &["192.168.5.31", "192.168.6.31", "192.168.7.31"]),
        ),
        entry(
            "serving-1.28-short-name-too",
            "Kubelet 1.28 with its dotted node name and its short name as InternalDNS.",
            serving(DB, &["db-1", DB], &["192.168.5.31"]),
        ),
        entry(
            "serving-1.29-cloud",
            "Kubelet 1.29 with a cloud provider: internal and external DNS names and addresses.",
            serving(CLOUD, &[CLOUD_PUBLIC, CLOUD], &["10.240.0.24", "203.0.113.24"]),
        ),
        entry(
            "serving-1.30-dns-only",
            "Kubelet 1.30, the last that asks before its node has an address.",
            serving("worker-2", &["worker-2"], &[]),
        ),
        entry(
            "serving-1.31-dns-and-ip",
            "Kubelet 1.31, which waits for an address.",
            serving("worker-2", &["worker-2"], &["192.168.5.22"]),
        ),
        entry(
            "serving-1.32-credential-id",
            "Kubelet 1.32, with the credential id that the API server records.",
            credential(w1()),
        ),
        entry(
            "serving-1.33-dual-stack",
            "Kubelet 1.33 on a dual-stack node.",
            credential(serving("worker-2", &["worker-2"], &["192.168.5.22", "fd00:5::22"])),
        ),
        entry(
            "serving-1.35-cloud",
            "Kubelet 1.35 with a cloud provider, internal names only.",
            credential(serving(CLOUD, &[CLOUD], &["10.240.0.24"])),
        ),
        entry(
            "serving-1.37-ipv6",
            "Kubelet 1.37 on an IPv6 node.",
            credential(serving("worker-3", &["worker-3"], &["fd00:5::23"])),
        ),
        entry(
            "serving-1.37-master",
            "Kubelet 1.37 of a control plane machine.",
            credential(serving("master-1", &["master-1", "master-1.example.com"], &["192.168.5.11"])),
        ),
        entry(
            "serving-address-only",
            "A kubelet whose host name is its address: no DNS name at all.",
            serving("worker-1", &[], &["192.168.5.21"]),
        ),
        entry(
            "serving-rsa-2048",
            "A kubelet with an RSA key: key encipherment in every version.",
            key(enciphering(w1()), KeyKind::Rsa2048),
        ),
        entry(
            "serving-rsa-3072",
            "A node agent with an RSA-3072 key.",
            key(enciphering(serving("worker-3", &["worker-3"], &["fd00:5::23"])), KeyKind::Rsa3072),
        ),
        entry("serving-p384", "A node agent with a P-384 key.", key(w1(), KeyKind::P384)),
        entry("serving-with-lifetime", "A node agent that asks for a day.", expiring(w1(), 86_400)),
        entry(
            "serving-worker-9-true-address",
            "A kubelet that reports more than it should, asking for what is its own.",
            serving("worker-9", &["worker-9"], &["192.168.5.29"]),
        ),
    ]
}

fn client_certificates() -> Vec<Entry> {
    let entry = Entry::genuine;
    let named = |mut case: Case, name: &str| {
        case.object.name = name.to_owned();
        case
    };
    vec![
        entry(
            "first-1.20",
            "Kubelet 1.20's first client certificate, by bootstrap token, with its named request.",
            named(
                enciphering(first("worker-4", "w4w4w4")),
                "node-csr-Mz9p0oPdUzcJZ8Xv3bYw4eKqTn1sR6LhGdAfBiCjDkE",
            ),
        ),
        entry(
            "first-1.22-with-dots",
            "Kubelet 1.22's first client certificate for a node name with dots.",
            enciphering(first("worker-5.example.com", "w5w5w5")),
        ),
        entry(
            "first-1.24",
            "Kubelet 1.24's first client certificate, from the manager: generated name.",
            enciphering(first("worker-4", "w4w4w4")),
        ),
        entry(
            "first-1.26",
            "Kubelet 1.26's first client certificate, the last with key encipherment for P-256.",
            enciphering(first("worker-5.example.com", "w5w5w5")),
        ),
        entry(
            "first-1.27",
            "Kubelet 1.27's first client certificate: no key encipherment.",
            named(first("worker-4", "w4w4w4"), "node-csr-k2Vb7QxT0mUe5Yp8RzLw1aHsNcDfGjJ4iOuP6tSrXvE"),
        ),
        entry(
            "first-1.29",
            "Kubelet 1.29's first client certificate.",
            first("worker-5.example.com", "w5w5w5"),
        ),
        entry("first-1.31", "Kubelet 1.31's first client certificate.", first("worker-4", "w4w4w4")),
        entry(
            "first-1.33",
            "Kubelet 1.33's first client certificate, with a token's uid as the API server \
             records it.",
            uid(first("worker-5.example.com", "w5w5w5"), "6e1b7f0c-51f3-4c8e-9f0a-0b6d2f7a9c11"),
        ),
        entry("first-1.35", "Kubelet 1.35's first client certificate.", first("worker-4", "w4w4w4")),
        entry(
            "first-1.37",
            "Kubelet 1.37's first client certificate.",
            first("worker-5.example.com", "w5w5w5"),
        ),
        entry(
            "first-rsa-2048",
            "A first client certificate with an RSA key.",
            key(enciphering(first("worker-4", "w4w4w4")), KeyKind::Rsa2048),
        ),
        entry(
            "first-with-lifetime",
            "A first client certificate for an hour.",
            expiring(first("worker-4", "w4w4w4"), 3600),
        ),
        entry(
            "renewal-1.20",
            "Kubelet 1.20 renews its client certificate.",
            enciphering(renewal("worker-1")),
        ),
        entry(
            "renewal-1.22-cloud",
            "Kubelet 1.22 of a cloud machine renews its client certificate.",
            enciphering(renewal(CLOUD)),
        ),
        entry(
            "renewal-1.24-master",
            "Kubelet 1.24 of a control plane machine renews its client certificate.",
            enciphering(renewal("master-1")),
        ),
        entry(
            "renewal-1.26",
            "Kubelet 1.26 renews its client certificate.",
            enciphering(renewal("worker-2")),
        ),
        entry(
            "renewal-1.27",
            "Kubelet 1.27 renews its client certificate: no key encipherment.",
            renewal("worker-1"),
        ),
        entry("renewal-1.29-with-dots", "Kubelet 1.29 renews; its node name has dots.", renewal(DB)),
        entry("renewal-1.31", "Kubelet 1.31 renews its client certificate.", renewal("worker-3")),
        entry("renewal-1.33", "Kubelet 1.33 renews its client certificate.", credential(renewal("worker-2"))),
        entry("renewal-1.35", "Kubelet 1.35 renews its client certificate.", credential(renewal(CLOUD))),
        entry("renewal-1.37", "Kubelet 1.37 renews its client certificate.", credential(renewal("worker-1"))),
        entry(
            "renewal-rsa-4096",
            "A node with an RSA-4096 key renews its client certificate.",
            key(enciphering(renewal("worker-1")), KeyKind::Rsa4096),
        ),
        entry(
            "renewal-with-lifetime",
            "A node agent renews for ten minutes, the shortest there is.",
            expiring(renewal("worker-1"), 600),
        ),
    ]
}

fn people() -> Vec<Entry> {
    let jane = || user("jane", &["dev"], "jane");
    let entry = Entry::genuine;
    vec![
        entry(
            "user-jane",
            "Jane of group dev, logged in by other means, asks for a client certificate of her \
             own.",
            jane(),
        ),
        entry(
            "serving-name-twice",
            "A kubelet whose hostname is the node's name states it twice, as OpenShift's do.",
            serving("worker-1", &["worker-1", "worker-1"], &["192.168.5.21"]),
        ),
        entry(
            "serving-name-twice-in-upper-case",
            "The same name in another case.",
            serving("worker-1", &["worker-1", "WORKER-1"], &["192.168.5.21"]),
        ),
        entry(
            "serving-address-twice",
            "The node's address twice, once of each interface that has it.",
            serving("worker-1", &["worker-1"], &["192.168.5.21", "192.168.5.21"]),
        ),
        entry("user-jane-for-a-day", "Jane asks for a day.", expiring(jane(), 86_400)),
        entry(
            "user-jane-rsa",
            "Jane's request made with openssl's usual key: RSA, with every usage that the signer \
             takes.",
            {
                let mut case = key(enciphering(jane()), KeyKind::Rsa2048);
                case.object.usages =
                    ["client auth", "digital signature", "key encipherment"].map(str::to_owned).to_vec();
                case
            },
        ),
        entry("user-jane-ed25519", "Jane's request with an Ed25519 key.", key(jane(), KeyKind::Ed25519)),
        entry(
            "user-joe-two-groups",
            "Joe, whose name is an email address, in two groups: one SET of two organizations, as \
             Go writes it.",
            user("joe@example.com", &["dev", "ops"], "joe@example.com"),
        ),
        entry("user-anne-no-group", "Anne, without a group.", user("anne.lee", &[], "anne.lee")),
        entry(
            "pipeline-deployer",
            "The pipelines' issuer asks for a deployer's certificate.",
            expiring(user("jenkins-deployer", &["ci"], ISSUER), 7200),
        ),
        entry(
            "pipeline-nightly",
            "The pipelines' issuer asks for the nightly job's certificate.",
            user("jenkins-nightly", &["ci"], ISSUER),
        ),
    ]
}
