//! Alternative names.

use kboot_testkit::generate::strategies::Case;
use kboot_testkit::generate::{GeneralName, Object, Request, der, go_subject};

use super::Entry;

/// worker-1's serving certificate with these names besides its own.
fn besides(names: &[GeneralName]) -> Case {
    let own = vec![GeneralName::dns("worker-1"), GeneralName::ip("192.168.5.21")];
    only(&[&own, names].concat())
}

fn only(names: &[GeneralName]) -> Case {
    Case::new(Request::kubelet_serving("worker-1", names), Object::kubelet_serving("worker-1", ""))
}

fn client(names: &[GeneralName]) -> Case {
    Case::new(Request::kubelet_serving("worker-1", names), Object::kubelet_client("worker-1", ""))
}

fn user(names: &[GeneralName]) -> Case {
    let request = Request::user("jane", &["dev"]).with_alt_names(names);
    Case::new(request, Object::user("jane", &["dev", "system:authenticated"], ""))
}

fn dns(text: &str) -> Vec<GeneralName> {
    vec![GeneralName::dns(text)]
}

fn ip(text: &str) -> Vec<GeneralName> {
    vec![GeneralName::ip(text)]
}

fn principal() -> GeneralName {
    GeneralName::OtherName("1.3.6.1.4.1.311.20.2.3".to_owned(), der::tlv(0x0c, b"administrator@example.com"))
}

const K0S: &str = "k0s#8333";
const TALOS: &str = "talos-ccm#360, GHSA-87pw-5j2g-6376";
const POLICY: &str = "approver-policy#915, #945";
const STUFFING: &str = "k3s#7312, #8085, GHSA-m4hf-6vgr-75r2";

pub(crate) fn entries() -> Vec<Entry> {
    let mut all = reserved();
    all.extend(kinds());
    all.extend(invalid());
    all.extend(foreign());
    all
}

fn reserved() -> Vec<Entry> {
    let entry = |name, about, case| Entry::hostile(name, about, "alt-name-reserved", case);
    vec![
        entry(
            "names-kubernetes-default-svc",
            "The API server's service name: pods would trust a node as the API server.",
            besides(&dns("kubernetes.default.svc")),
        )
        .incident(K0S),
        entry("names-kubernetes", "The API server's shortest name.", besides(&dns("kubernetes")))
            .incident(K0S),
        entry(
            "names-kubernetes-default",
            "The API server's name with its namespace.",
            besides(&dns("kubernetes.default")),
        )
        .incident(K0S),
        entry(
            "names-kubernetes-fqdn",
            "The API server's full service name.",
            besides(&dns("kubernetes.default.svc.cluster.local")),
        )
        .incident(K0S),
        entry(
            "names-kubernetes-case",
            "The API server's service name in mixed case, past a deny list that compares letters.",
            besides(&dns("Kubernetes.Default.SVC")),
        )
        .incident(TALOS),
        entry("names-service-address", "The API server's service address.", besides(&ip("10.96.0.1")))
            .incident(K0S),
        entry("names-dns-service-address", "The cluster DNS' service address.", besides(&ip("10.96.0.10")))
            .incident(K0S),
        entry(
            "names-service-address-ipv6",
            "A service address of the second family.",
            besides(&ip("fd00:10:96::1")),
        )
        .incident(K0S),
        entry(
            "names-metrics-server",
            "Another service: an aggregated API could be played.",
            besides(&dns("metrics-server.kube-system.svc")),
        )
        .incident(K0S),
        entry(
            "names-webhook-fqdn",
            "A webhook's full service name: admission could be played.",
            besides(&dns("policy.security.svc.cluster.local")),
        )
        .incident(K0S),
        entry(
            "names-localhost",
            "localhost: every program on every machine would trust the node for its own.",
            besides(&dns("localhost")),
        ),
        entry("names-localhost-case", "LocalHost.", besides(&dns("LocalHost"))).incident(TALOS),
        entry("names-loopback", "The loopback address.", besides(&ip("127.0.0.1"))),
        entry("names-loopback-other", "Another loopback address.", besides(&ip("127.8.8.8"))),
        entry("names-loopback-ipv6", "The IPv6 loopback address.", besides(&ip("::1"))),
        entry(
            "names-localhost-localdomain",
            "localhost.localdomain, which resolvers answer like localhost.",
            besides(&dns("localhost.localdomain")),
        ),
        entry(
            "names-ip6-localhost",
            "ip6-localhost, which stands in every Debian's /etc/hosts.",
            besides(&dns("ip6-localhost")),
        ),
        entry(
            "names-short-service",
            "metrics-server as pods write it for short: their resolver adds svc.cluster.local.",
            besides(&dns("metrics-server.kube-system")),
        )
        .incident(K0S),
        entry(
            "names-short-service-default",
            "A service of the namespace default, as pods elsewhere write it.",
            besides(&dns("database.default")),
        ),
        entry(
            "names-short-service-of-a-namespace",
            "A service of one of the cluster's own namespaces.",
            besides(&dns("grafana.monitoring")),
        )
        .held(),
        entry(
            "names-metadata-address",
            "The cloud's metadata address, which pods ask for credentials.",
            besides(&ip("169.254.169.254")),
        ),
        entry(
            "names-metadata-address-ipv6",
            "The same of the second family, as AWS has it.",
            besides(&ip("fd00:ec2::254")),
        ),
        entry(
            "names-link-local",
            "A link-local address: every machine may give itself one, and another the next day.",
            besides(&ip("169.254.20.10")),
        ),
        entry("names-link-local-ipv6", "A link-local address of IPv6.", besides(&ip("fe80::21"))),
        entry("names-pod-address", "An address of the pods' range.", besides(&ip("10.244.3.1"))).held(),
        entry(
            "names-api-server-address",
            "The virtual address of the API servers, which belongs to no machine.",
            besides(&ip("192.168.5.10")),
        ),
        entry(
            "names-api-server",
            "The name of the API servers' load balancer.",
            besides(&dns("k8s.example.com")),
        ),
        entry(
            "names-below-the-api-servers-wildcard",
            "A name below a wildcard of the API servers' certificate.",
            besides(&dns("eu.api.k8s.example.com")),
        ),
    ]
}

fn kinds() -> Vec<Entry> {
    let entry = Entry::hostile;
    let email = || GeneralName::Email("root@example.com".to_owned());
    let uri = || GeneralName::Uri("spiffe://example.com/ns/kube-system/sa/default".to_owned());
    let directory = || GeneralName::DirectoryName(go_subject(&["system:masters"], "kubernetes-admin"));
    let refused = "alt-names-not-allowed";
    vec![
        entry(
            "names-none",
            "A serving request without any name.",
            "alt-names-missing",
            Case::new(Request::kubelet_client("worker-1"), Object::kubelet_serving("worker-1", "")),
        ),
        entry(
            "names-empty-extension",
            "A subjectAltName extension without any name.",
            "extension-malformed",
            only(&[]),
        ),
        entry(
            "names-email-only",
            "Only an email address, which is no name of a machine.",
            "alt-names-missing",
            only(&[email()]),
        ),
        entry(
            "names-other-name",
            "A user principal name hidden as otherName: Windows takes it for a login, and Go \
             drops it.",
            "alt-name-kind",
            besides(&[principal()]),
        )
        .incident(POLICY),
        entry(
            "names-directory-name",
            "A whole administrator's subject as alternative name.",
            "alt-name-kind",
            besides(&[directory()]),
        )
        .incident(POLICY),
        entry(
            "names-registered-id",
            "A registered id.",
            "alt-name-kind",
            besides(&[GeneralName::RegisteredId("1.3.6.1.4.1.57683.2".to_owned())]),
        )
        .incident(POLICY),
        entry(
            "names-email",
            "An email address in a serving certificate.",
            "alt-name-kind",
            besides(&[email()]),
        ),
        entry(
            "names-uri",
            "A SPIFFE identity in a serving certificate: meshes take it for a workload.",
            "alt-name-kind",
            besides(&[uri()]),
        ),
        entry(
            "user-other-name",
            "Jane with an administrator's user principal name.",
            "alt-name-kind",
            user(&[principal()]),
        )
        .incident(POLICY),
        entry(
            "user-directory-name",
            "Jane with an administrator's subject as alternative name.",
            "alt-name-kind",
            user(&[directory()]),
        )
        .incident(POLICY),
        entry(
            "client-with-dns",
            "A client certificate that could also serve under the node's name.",
            refused,
            client(&dns("worker-1")),
        ),
        entry(
            "client-with-ip",
            "A client certificate with an address.",
            refused,
            client(&ip("192.168.5.21")),
        ),
        entry(
            "client-with-email",
            "A client certificate with an email address.",
            refused,
            client(&[email()]),
        ),
        entry("client-with-uri", "A client certificate with a SPIFFE identity.", refused, client(&[uri()])),
        entry(
            "client-with-other-name",
            "A client certificate with a name of a kind that Go does not show: upstream's four \
             checks see nothing.",
            refused,
            client(&[principal()]),
        )
        .incident(POLICY),
    ]
}

fn invalid() -> Vec<Entry> {
    let entry = |name, about, case| Entry::hostile(name, about, "alt-name-invalid", case);
    let octets = |octets: &[u8]| besides(&[GeneralName::IpOctets(octets.to_vec())]);
    let wildcard = |name, about, case| Entry::hostile(name, about, "alt-name-wildcard", case).incident(TALOS);
    vec![
        wildcard("names-wildcard", "A wildcard: every host of the domain.", besides(&dns("*.example.com"))),
        wildcard("names-wildcard-only", "A wildcard for every name of one label.", besides(&dns("*"))),
        wildcard("names-wildcard-own", "A wildcard below the node's own name.", besides(&dns("*.worker-1"))),
        wildcard("names-wildcard-inside", "A wildcard inside a label.", besides(&dns("work*.example.com"))),
        entry(
            "names-address-as-dns",
            "An address as DNS name: some clients match it, address checks do not see it.",
            besides(&dns("192.168.5.11")),
        ),
        entry("names-underscore", "An underscore, which no host name has.", besides(&dns("worker_1"))),
        entry(
            "names-nul",
            "A NUL after the own name: C clients see worker-1.",
            besides(&dns("worker-1\0.evil.example")),
        ),
        entry("names-empty-dns", "An empty DNS name.", besides(&dns(""))),
        entry("names-trailing-dot", "A dot at the end.", besides(&dns("worker-1.example.com."))),
        entry("names-blank", "Two names in one, parted by a blank.", besides(&dns("worker-1 master-1"))),
        entry("names-address-of-3-octets", "An address of three octets.", octets(&[192, 168, 5]))
            .not_creatable(),
        entry(
            "names-address-with-mask",
            "An address of eight octets: a range, as name constraints have it.",
            octets(&[192, 168, 0, 0, 255, 255, 0, 0]),
        )
        .not_creatable(),
        entry(
            "names-ipv4-mapped",
            "The master's address written as IPv6: Go shows and compares it as IPv4.",
            besides(&ip("::ffff:192.168.5.11")),
        ),
        entry("names-unspecified", "The address that means every address.", besides(&ip("0.0.0.0"))),
        entry("names-unspecified-ipv6", "The same in IPv6.", besides(&ip("::"))),
        entry("names-multicast", "A multicast address.", besides(&ip("224.0.0.1"))),
        entry("names-multicast-ipv6", "An IPv6 multicast address.", besides(&ip("ff02::1"))),
        entry("names-broadcast", "The broadcast address.", besides(&ip("255.255.255.255"))),
    ]
}

fn foreign() -> Vec<Entry> {
    let entry = |name, about, case| Entry::hostile(name, about, "no-rule", case);
    let of_other = |name, about, case| Entry::hostile(name, about, "alt-name-of-other", case);
    let claimed = Case::new(
        Request::kubelet_serving(
            "worker-9",
            &[GeneralName::dns("worker-9"), GeneralName::ip("192.168.5.11")],
        ),
        Object::kubelet_serving("worker-9", ""),
    );
    let claimed_name = Case::new(
        Request::kubelet_serving(
            "worker-9",
            &[GeneralName::dns("api.example.com"), GeneralName::ip("192.168.5.29")],
        ),
        Object::kubelet_serving("worker-9", ""),
    );
    let many: Vec<_> = (0..200).map(|n| GeneralName::Dns(format!("app-{n}.example.com"))).collect();
    let below: Vec<_> = (0..20).map(|n| GeneralName::Dns(format!("n{n}.worker-1"))).collect();
    vec![
        of_other(
            "names-of-the-master",
            "The right subject with the master's name and address: the master's kubelet, logs and \
             exec could be played.",
            only(&[GeneralName::dns("master-1"), GeneralName::ip("192.168.5.11")]),
        )
        .incident(K0S),
        of_other(
            "names-masters-address",
            "Own name, the master's address.",
            only(&[GeneralName::dns("worker-1"), GeneralName::ip("192.168.5.11")]),
        )
        .incident("CVE-2022-3294; k0s#8333"),
        of_other(
            "names-other-node-first",
            "Another node's name first: who takes the identity from the first DNS name judges \
             worker-2.",
            only(&[
                GeneralName::dns("worker-2"),
                GeneralName::dns("worker-1"),
                GeneralName::ip("192.168.5.22"),
            ]),
        )
        .incident(TALOS),
        entry(
            "names-dns-without-address",
            "A name outside the cluster and no address: an approver that loops over addresses \
             finds nothing wrong.",
            only(&dns("console.bank.example")),
        )
        .incident(TALOS),
        entry(
            "names-outside",
            "A host outside the cluster beside the own names.",
            besides(&dns("console.bank.example")),
        )
        .incident("alex1989hu#337, #348"),
        entry(
            "names-outside-address",
            "An address outside the cluster beside the own names.",
            besides(&ip("198.51.100.7")),
        )
        .incident("alex1989hu#337, #348; kubelet-rubber-stamp#10, #11"),
        of_other(
            "names-address-claimed",
            "The Node says that the master's address is its own, as a kubelet may; the inventory \
             does not.",
            claimed,
        )
        .incident("k/k#50635, #62471; CVE-2025-5187; CVE-2022-3294"),
        entry(
            "names-dns-claimed",
            "The Node claims the name of the API's load balancer; the inventory does not know it.",
            claimed_name,
        )
        .incident("k/k#50635, #62471; CVE-2025-5187"),
        entry(
            "names-prefix-of-own",
            "A name that only begins like the own one.",
            only(&dns("worker-1.evil.example")),
        )
        .incident("alex1989hu#337, #348"),
        entry(
            "names-longer-own",
            "Another node's name, which begins with the own one.",
            only(&dns("worker-10")),
        ),
        entry("names-200", "Two hundred names of applications.", besides(&many)).incident(STUFFING),
        entry(
            "names-20-below-own",
            "Twenty names below the own one, over the policy's count.",
            besides(&below),
        )
        .incident(STUFFING),
        entry("names-registry", "The registry's short name.", besides(&dns("registry"))).incident(STUFFING),
    ]
}
