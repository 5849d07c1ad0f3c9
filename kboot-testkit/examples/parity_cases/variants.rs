//! What each part of a request can be: good, bad, and what only some readers take.

use kboot_testkit::Oracle;
use kboot_testkit::generate::{
    AttributeTypeAndValue, BASIC_CONSTRAINTS, CHALLENGE_PASSWORD, CLIENT_AUTH, COMMON_NAME,
    EXTENSION_REQUEST, Extension, GeneralName, KUBE_APISERVER_CLIENT, KUBELET_SERVING, KUBERNETES_UID, Key,
    KeyKind, ORGANIZATION, ORGANIZATIONAL_UNIT, Pem, Rdn, Request, SERVER_AUTH, SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER, Signature, StringTag, der, go_subject, key,
};

pub(crate) const CLIENT: &[&str] = &["digital signature", "key encipherment", "client auth"];
pub(crate) const CLIENT_1_27: &[&str] = &["digital signature", "client auth"];
pub(crate) const SERVING: &[&str] = &["digital signature", "key encipherment", "server auth"];
pub(crate) const SERVING_1_27: &[&str] = &["digital signature", "server auth"];
pub(crate) const NODE: &str = "system:node:node-1";

pub(crate) fn own_names() -> [GeneralName; 2] {
    [GeneralName::dns("node-1"), GeneralName::ip("192.168.5.21")]
}

pub(crate) fn usages() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("client", CLIENT.to_vec()),
        ("client-reversed", CLIENT.iter().rev().copied().collect()),
        ("client-1.27", CLIENT_1_27.to_vec()),
        ("client-without-signature", vec!["key encipherment", "client auth"]),
        ("client-auth", vec!["client auth"]),
        ("client-agreement", vec!["digital signature", "key agreement", "client auth"]),
        ("client-signing", vec!["signing", "key encipherment", "client auth"]),
        ("serving", SERVING.to_vec()),
        ("serving-reversed", SERVING.iter().rev().copied().collect()),
        ("serving-1.27", SERVING_1_27.to_vec()),
        ("server-auth", vec!["server auth"]),
        ("both-auths", vec!["digital signature", "key encipherment", "client auth", "server auth"]),
        ("no-auth", vec!["digital signature", "key encipherment"]),
        ("authority", vec!["digital signature", "key encipherment", "client auth", "cert sign"]),
        ("any", vec!["any"]),
        ("any-too", vec!["digital signature", "key encipherment", "client auth", "any"]),
        ("repeated", vec!["digital signature", "key encipherment", "client auth", "client auth"]),
        ("unknown", vec!["digital signature", "key encipherment", "client auth", "fly"]),
        ("none", Vec::new()),
    ]
}

fn o(text: &str) -> AttributeTypeAndValue {
    AttributeTypeAndValue::o(text)
}

fn cn(text: &str) -> AttributeTypeAndValue {
    AttributeTypeAndValue::cn(text)
}

pub(crate) fn node_subjects(node: &str) -> Vec<(&'static str, Vec<Rdn>)> {
    let group = "system:nodes";
    let named = |name: &str| go_subject(&[group], name);
    vec![
        ("good", named(node)),
        ("other-node", named("system:node:node-9")),
        ("nameless", named("system:node:")),
        ("upper-case", named("system:node:Node-1")),
        ("underscore", named("system:node:node_1")),
        ("blank", named("system:node:node 1")),
        ("dotted", named("system:node:node-1.example.com")),
        ("final-dot", named("system:node:node-1.")),
        ("long", named(&format!("system:node:{}", "a".repeat(254)))),
        ("bare", named("node-1")),
        ("prefix-upper-case", named("System:Node:node-1")),
        ("no-group", go_subject(&[], node)),
        ("other-group", go_subject(&["system:masters"], node)),
        ("group-upper-case", go_subject(&["System:Nodes"], node)),
        ("two-groups", go_subject(&[group, "system:masters"], node)),
        ("group-twice", go_subject(&[group, group], node)),
        ("two-groups-apart", vec![vec![o(group)], vec![o("developers")], vec![cn(node)]]),
        ("empty-group", go_subject(&[group, ""], node)),
    ]
}

pub(crate) fn user_subjects() -> Vec<(&'static str, Vec<Rdn>)> {
    vec![
        ("good", go_subject(&["developers"], "jane")),
        ("other-user", go_subject(&[], "joe")),
        ("no-group", go_subject(&[], "jane")),
        ("two-groups", go_subject(&["developers", "auditors"], "jane")),
        ("two-groups-apart", vec![vec![o("developers")], vec![o("auditors")], vec![cn("jane")]]),
        ("group-twice", go_subject(&["developers", "developers"], "jane")),
        ("masters", go_subject(&["system:masters"], "jane")),
        ("masters-second", go_subject(&["developers", "system:masters"], "jane")),
        ("masters-upper-case", go_subject(&["System:Masters"], "jane")),
        ("masters-blank", go_subject(&["system:masters "], "jane")),
        ("cluster-admins", go_subject(&["kubeadm:cluster-admins"], "jane")),
        ("nodes", go_subject(&["system:nodes"], NODE)),
        ("node-without-group", go_subject(&[], NODE)),
        ("scheduler", go_subject(&[], "system:kube-scheduler")),
        ("controller-manager", go_subject(&[], "system:kube-controller-manager")),
        (
            "service-account",
            go_subject(&["system:serviceaccounts"], "system:serviceaccount:kube-system:default"),
        ),
        ("kubernetes-admin", go_subject(&[], "kubernetes-admin")),
        ("front-proxy-client", go_subject(&[], "front-proxy-client")),
        ("apiserver-kubelet-client", go_subject(&[], "kube-apiserver-kubelet-client")),
        ("issuers-name", go_subject(&[], "kubernetes")),
        ("email-as-name", go_subject(&["developers"], "jane@example.com")),
        ("unicode", go_subject(&["développeurs"], "Jané")),
    ]
}

/// Subjects that no signer's rules are about, and what Go makes of them when it writes them again.
pub(crate) fn odd_subjects(name: &str) -> Vec<(&'static str, Vec<Rdn>)> {
    let group = if name == NODE { "system:nodes" } else { "developers" };
    let good = || go_subject(&[group], name);
    let with = |oid: &str, text: &str| [good(), vec![vec![AttributeTypeAndValue::go(oid, text)]]].concat();
    let as_tag = |tag| {
        vec![
            vec![AttributeTypeAndValue::text(ORGANIZATION, tag, group)],
            vec![AttributeTypeAndValue::text(COMMON_NAME, tag, name)],
        ]
    };
    vec![
        ("name-first", vec![vec![cn(name)], vec![o(group)]]),
        ("one-rdn", vec![vec![o(group), cn(name)]]),
        ("unit", with(ORGANIZATIONAL_UNIT, "unit")),
        ("unit-first", [vec![vec![AttributeTypeAndValue::go(ORGANIZATIONAL_UNIT, "unit")]], good()].concat()),
        ("country", with("2.5.4.6", "DE")),
        ("serial-number", with("2.5.4.5", "42")),
        ("uid", with(KUBERNETES_UID, "4b7d")),
        (
            "email",
            [
                good(),
                vec![vec![AttributeTypeAndValue::text(
                    "1.2.840.113549.1.9.1",
                    StringTag::Ia5,
                    "jane@example.com",
                )]],
            ]
            .concat(),
        ),
        (
            "domain-component",
            [
                good(),
                vec![vec![AttributeTypeAndValue::text(
                    "0.9.2342.19200300.100.1.25",
                    StringTag::Ia5,
                    "example",
                )]],
            ]
            .concat(),
        ),
        ("user-id", with("0.9.2342.19200300.100.1.1", "jane")),
        ("no-name", vec![vec![o(group)]]),
        ("empty-name", go_subject(&[group], "")),
        ("empty", Vec::new()),
        ("two-names", vec![vec![o(group)], vec![cn(name)], vec![cn("someone")]]),
        ("two-names-last", vec![vec![o(group)], vec![cn("someone")], vec![cn(name)]]),
        ("same-name-twice", vec![vec![o(group)], vec![cn(name)], vec![cn(name)]]),
        ("blank-before", go_subject(&[group], &format!(" {name}"))),
        ("blank-after", go_subject(&[group], &format!("{name} "))),
        ("newline", go_subject(&[group], &format!("{name}\n"))),
        ("nul", go_subject(&[group], &format!("{name}\0"))),
        ("utf8", as_tag(StringTag::Utf8)),
        ("ia5", as_tag(StringTag::Ia5)),
        ("teletex", as_tag(StringTag::Teletex)),
        ("visible", as_tag(StringTag::Visible)),
        ("bmp", as_tag(StringTag::Bmp)),
    ]
}

pub(crate) fn alt_names() -> Vec<(&'static str, Extension)> {
    let dns = GeneralName::dns;
    let ip = GeneralName::ip;
    let email = || GeneralName::Email("jane@example.com".to_owned());
    let uri = || GeneralName::Uri("spiffe://example.com/node-1".to_owned());
    let lists = [
        ("dns", vec![dns("node-1")]),
        ("ip", vec![ip("192.168.5.21")]),
        ("ip6", vec![ip("2001:db8::21")]),
        ("both", own_names().to_vec()),
        ("email", vec![email()]),
        ("uri", vec![uri()]),
        ("both-and-email", [&own_names()[..], &[email()]].concat()),
        ("both-and-uri", [&own_names()[..], &[uri()]].concat()),
        ("ip-first", vec![ip("192.168.5.21"), dns("node-1"), ip("2001:db8::21"), dns("node-1.example.com")]),
        ("twenty", (1..=20).map(|n| ip(&format!("192.168.5.{n}"))).collect()),
        (
            "other-name",
            vec![GeneralName::OtherName(
                "1.3.6.1.4.1.311.20.2.3".to_owned(),
                der::tlv(0x0c, b"jane@example.com"),
            )],
        ),
        (
            "both-and-other-name",
            [
                &own_names()[..],
                &[GeneralName::OtherName("1.3.6.1.4.1.311.20.2.3".to_owned(), der::tlv(0x0c, b"jane"))],
            ]
            .concat(),
        ),
        ("directory-name", vec![dns("node-1"), GeneralName::DirectoryName(go_subject(&[], "jane"))]),
        ("registered-id", vec![dns("node-1"), GeneralName::RegisteredId("1.2.3.4".to_owned())]),
        ("wildcard", vec![dns("*.example.com")]),
        ("dns-upper-case", vec![dns("Node-1")]),
        ("dns-final-dot", vec![dns("node-1.example.com.")]),
        ("dns-empty", vec![dns("")]),
        ("dns-underscore", vec![dns("node_1")]),
        ("dns-as-ip", vec![dns("192.168.5.21")]),
        ("dns-not-ascii", vec![dns("nöde-1")]),
        ("dns-someone-elses", vec![dns("node-9")]),
        ("localhost", vec![dns("localhost")]),
        ("service", vec![dns("kubernetes.default.svc")]),
        ("service-address", vec![ip("10.96.0.1")]),
        ("loopback", vec![ip("127.0.0.1")]),
        ("unspecified", vec![ip("0.0.0.0")]),
        ("multicast", vec![ip("224.0.0.1")]),
        ("ip4-in-ip6", vec![ip("::ffff:192.168.5.21")]),
        ("ip-of-five", vec![GeneralName::IpOctets(vec![1, 2, 3, 4, 5])]),
        ("repeated", vec![dns("node-1"), ip("192.168.5.21"), dns("node-1"), ip("192.168.5.21")]),
        ("none", Vec::new()),
    ];
    let mut all: Vec<_> = lists.into_iter().map(|(name, list)| (name, Extension::alt_names(&list))).collect();
    all.push(("critical", Extension::alt_names(&own_names()).critical()));
    all.push(("malformed", Extension::raw(SUBJECT_ALT_NAME, vec![0x30, 0x05, 0x82])));
    all
}

/// Keys, extensions and attributes.
pub(crate) fn requests(good: fn() -> Request) -> Vec<(&'static str, Request)> {
    let with_key = |kind| good().with_key(Key::new(kind));
    let with = |extension| good().with_extension(extension);
    let in_two_lists = Request {
        extensions: vec![vec![Extension::basic_constraints(false)], vec![Extension::alt_names(&own_names())]],
        ..good()
    };
    vec![
        ("p384", with_key(KeyKind::P384)),
        ("p521", with_key(KeyKind::P521)),
        ("rsa-2048", with_key(KeyKind::Rsa2048)),
        ("rsa-3072", with_key(KeyKind::Rsa3072)),
        ("ed25519", with_key(KeyKind::Ed25519)),
        ("secp256k1", with_key(KeyKind::Secp256k1)),
        ("key-of-unknown-kind", Request { public_key_info: Some(key::unknown()), ..good() }),
        ("signature-wrong", good().with_signature(Signature::Wrong)),
        ("ca", with(Extension::basic_constraints(true))),
        ("not-ca", with(Extension::basic_constraints(false))),
        ("key-usage", with(Extension::key_usage(&[0, 2]))),
        ("key-usage-cert-sign", with(Extension::key_usage(&[0, 5, 6]))),
        ("client-auth", with(Extension::extended_key_usage(&[CLIENT_AUTH]))),
        ("server-auth", with(Extension::extended_key_usage(&[SERVER_AUTH]))),
        ("key-identifier", with(Extension::raw(SUBJECT_KEY_IDENTIFIER, der::octet_string(&[7; 20])))),
        ("unknown-extension", with(Extension::raw("1.3.6.1.4.1.57683.99", der::null()))),
        ("unknown-critical-extension", with(Extension::raw("1.3.6.1.4.1.57683.99", der::null()).critical())),
        ("constraints-malformed", with(Extension::raw(BASIC_CONSTRAINTS, vec![0x30, 0x7f]))),
        ("names-twice", good().with_alt_names(&own_names()).with_alt_names(&[GeneralName::dns("node-9")])),
        ("two-lists", in_two_lists),
        ("challenge-password", good().with_attribute(CHALLENGE_PASSWORD, vec![der::tlv(0x0c, b"secret")])),
        ("empty-list", good().with_attribute(EXTENSION_REQUEST, vec![der::sequence::<[Vec<u8>; 0]>([])])),
        ("version-1", Request { version: 1, ..good() }),
        ("trailing", Request { trailing: vec![0], ..good() }),
    ]
}

/// What only openssl still makes.
pub(crate) fn weak(signer: &str) -> Vec<(&'static str, String)> {
    let names = "subjectAltName=DNS:node-1,IP:192.168.5.21";
    let is_user = signer == KUBE_APISERVER_CLIENT;
    let subject = if is_user { "/O=developers/CN=jane" } else { "/O=system:nodes/CN=system:node:node-1" };
    let Some(openssl) = Oracle::find("openssl") else {
        return Vec::new();
    };
    let options: [(&str, &[&str]); 4] = [
        ("rsa-1024", &["-newkey", "rsa:1024"]),
        ("rsa-exponent-3", &["-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"]),
        ("p224", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-224"]),
        ("sha1", &["-newkey", "rsa:2048", "-sha1"]),
    ];
    let folder = std::env::temp_dir();
    options
        .into_iter()
        .map(|(name, options)| {
            let mut arguments = vec!["req", "-new", "-nodes", "-keyout", "/dev/null", "-subj", subject];
            if signer == KUBELET_SERVING {
                arguments.extend(["-addext", names]);
            }
            arguments.extend(options);
            (name, openssl.run(&folder, &arguments).stdout)
        })
        .collect()
}

pub(crate) fn encodings(octets: &[u8]) -> Vec<(&'static str, String)> {
    let text = |pem: Pem| pem.text(octets);
    let block = Pem::default().text(octets);
    vec![
        ("text-before", text(Pem { before: "a request\n".to_owned(), ..Pem::default() })),
        ("text-after", text(Pem { after: "the end\n".to_owned(), ..Pem::default() })),
        ("crlf", text(Pem { line_end: "\r\n".to_owned(), ..Pem::default() })),
        ("one-line", text(Pem { width: 10_000, ..Pem::default() })),
        (
            "headers",
            text(Pem { headers: vec![("Proc-Type".to_owned(), "4,ENCRYPTED".to_owned())], ..Pem::default() }),
        ),
        ("second-block", text(Pem { after: block, ..Pem::default() })),
        ("new-label", text(Pem { label: "NEW CERTIFICATE REQUEST".to_owned(), ..Pem::default() })),
        ("noise", text(Pem { noise: "!".to_owned(), ..Pem::default() })),
        ("no-final-newline", Pem::default().text(octets).trim_end().to_owned()),
    ]
}
