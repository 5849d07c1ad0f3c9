//! What makes requests worse.

use std::fmt;

use serde_json::{Value, json};

use super::key;
use super::{
    AttributeTypeAndValue, BASIC_CONSTRAINTS, CHALLENGE_PASSWORD, CODE_SIGNING, COMMON_NAME,
    EXTENDED_KEY_USAGE, Extension, GeneralName, KEY_USAGE, KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING,
    KUBERNETES_UID, Key, KeyKind, ORGANIZATION, ORGANIZATIONAL_UNIT, Object, Pem, Request, SUBJECT_ALT_NAME,
    Signature, StringTag, der,
};

/// A request, how it is written, and the object around it.
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Case {
    /// The PKCS#10 request.
    pub request: Request,
    /// How its PEM is written.
    pub pem: Pem,
    /// The object; its `request` is replaced.
    pub object: Object,
    /// A text in place of the object's base64 text.
    pub base64: Option<String>,
}

impl Case {
    /// A case as Go and the API server write it.
    #[must_use]
    pub fn new(request: Request, object: Object) -> Self {
        Self { request, pem: Pem::default(), object, base64: None }
    }

    /// The request's PEM.
    #[must_use]
    pub fn pem_text(&self) -> String {
        self.pem.text(&self.request.der())
    }

    /// The API object; each call signs anew.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut object = Object { request: self.pem_text().into_bytes(), ..self.object.clone() }.json();
        if let Some(text) = &self.base64 {
            object["spec"]["request"] = json!(text);
        }
        object
    }
}

/// For whoever looks at a test that failed: the object's fields in words, and the request for `openssl req -text`.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Object { name, username, groups, signer_name, usages, expiration_seconds, .. } = &self.object;
        let sender = username.as_deref().unwrap_or("nobody");
        writeln!(f, "{name} for {signer_name}")?;
        writeln!(f, "  sent by {sender:?} in {groups:?}")?;
        writeln!(f, "  usages {usages:?}, expiration {expiration_seconds:?}, key {:?}", self.request.key)?;
        match &self.base64 {
            Some(text) => write!(f, "  in place of a request: {text:?}"),
            None => write!(f, "{}", self.pem_text()),
        }
    }
}

/// One way to make a case worse, named after the floor's code for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Mutation {
    /// The floor's code for a genuine case with this alone: the first of several that it gives.
    pub code: &'static str,
    /// Which of the ways that lead to this code.
    pub variant: u8,
}

const ANY_SIGNER: &[(&str, u8)] = &[
    ("signer-not-ruled", 2),
    ("too-large", 1),
    ("not-pem", 2),
    ("bad-base64", 2),
    ("wrong-pem-label", 2),
    ("malformed", 4),
    ("too-many-names", 2),
    ("pem-headers", 1),
    ("second-block", 2),
    ("trailing-bytes", 1),
    ("unknown-version", 2),
    ("signature-wrong", 2),
    ("signature-weak", 2),
    ("signature-unknown", 2),
    ("key-unknown", 1),
    ("attribute-repeated", 1),
    ("attribute-unknown", 2),
    ("extension-repeated", 2),
    ("extension-malformed", 3),
    ("asks-for-authority", 3),
    ("extension-usages", 2),
    ("extension-unknown", 2),
    ("subject-text", 5),
    ("subject-uid", 1),
    ("subject-attribute", 2),
    ("common-name-missing", 1),
    ("common-name-repeated", 2),
    ("usages-repeated", 1),
    ("usages", 4),
    ("expiration-too-short", 3),
    ("requestor-unknown", 1),
    ("requestor-anonymous", 2),
];
const NODE_SIGNERS: &[(&str, u8)] = &[("organization", 5), ("node-name", 5), ("requestor-other-node", 1)];
const SERVING: &[(&str, u8)] = &[
    ("alt-names-missing", 2),
    ("alt-name-kind", 5),
    ("alt-name-wildcard", 2),
    ("alt-name-invalid", 8),
    ("alt-name-reserved", 12),
    ("requestor-not-node", 2),
    ("no-rule", 3),
];
const CLIENT: &[(&str, u8)] = &[("alt-names-not-allowed", 5)];
const USER: &[(&str, u8)] = &[("privileged-identity", 6), ("alt-name-kind", 3)];

impl Mutation {
    /// Every mutation that has its code for requests to this signer. Weak and oversized keys are not among
    /// them, since only the corpus has right signatures by such keys.
    #[must_use]
    pub fn for_signer(signer: &str) -> Vec<Self> {
        let own: &[&[(&str, u8)]] = match signer {
            KUBELET_SERVING => &[ANY_SIGNER, NODE_SIGNERS, SERVING],
            KUBE_APISERVER_CLIENT_KUBELET => &[ANY_SIGNER, NODE_SIGNERS, CLIENT],
            _ => &[ANY_SIGNER, USER],
        };
        own.iter()
            .flat_map(|list| list.iter())
            .flat_map(|&(code, variants)| (0..variants).map(move |variant| Self { code, variant }))
            .collect()
    }

    /// Makes a case worse.
    pub fn apply(&self, case: &mut Case) {
        let v = self.variant;
        match self.code {
            "signer-not-ruled" => {
                case.object.signer_name =
                    if v == 0 { "example.com/webhooks" } else { "kubernetes.io/legacy-unknown" }.to_owned();
            }
            "too-large" | "not-pem" | "bad-base64" | "wrong-pem-label" | "pem-headers" | "second-block" => {
                pem(case, self.code, v);
            }
            "malformed" | "trailing-bytes" | "unknown-version" | "signature-wrong" | "signature-weak"
            | "signature-unknown" | "key-unknown" | "attribute-repeated" | "attribute-unknown" => {
                request(&mut case.request, self.code, v);
            }
            "extension-repeated"
            | "extension-malformed"
            | "asks-for-authority"
            | "extension-usages"
            | "extension-unknown" => extension(case, self.code, v),
            "too-many-names"
            | "alt-names-not-allowed"
            | "alt-names-missing"
            | "alt-name-kind"
            | "alt-name-wildcard"
            | "alt-name-invalid"
            | "alt-name-reserved"
            | "no-rule" => {
                alt_name(case, self.code, v);
            }
            "usages-repeated"
            | "usages"
            | "expiration-too-short"
            | "requestor-unknown"
            | "requestor-anonymous"
            | "requestor-other-node"
            | "requestor-not-node" => {
                object(&mut case.object, self.code, v);
            }
            _ => subject(&mut case.request, self.code, v),
        }
    }
}

fn pem(case: &mut Case, code: &str, v: u8) {
    match (code, v) {
        ("too-large", _) => case.pem.before = "x".repeat(65 * 1024),
        ("not-pem", 0) => case.base64 = Some("aGVsbG8=".to_owned()),
        ("not-pem", _) => case.base64 = Some(String::new()),
        ("bad-base64", 0) => case.pem.noise = "!".to_owned(),
        ("bad-base64", _) => case.base64 = Some("LS0t*LS1CRUdJTi".to_owned()),
        ("wrong-pem-label", 0) => case.pem.label = "NEW CERTIFICATE REQUEST".to_owned(),
        ("wrong-pem-label", _) => case.pem.label = "CERTIFICATE".to_owned(),
        ("pem-headers", _) => case.pem.headers.push(("Proc-Type".to_owned(), "4,CLEAR".to_owned())),
        (_, 0) => case.pem.after = Request::kubelet_client("master-1").pem(),
        _ => case.pem.after = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_owned(),
    }
}

fn request(request: &mut Request, code: &str, v: u8) {
    match (code, v) {
        ("malformed", 0) => request.raw_subject = Some(vec![0x30, 0x05, 0x31]),
        ("malformed", 1) => request.raw_subject = Some(vec![0x30, 0x80, 0, 0]),
        ("malformed", 2) => request.public_key_info = Some(vec![0x30, 0]),
        ("malformed", _) => request.raw_subject = Some(der::joined([der::null(), vec![0x30, 0]])),
        ("trailing-bytes", _) => request.trailing = vec![0x05, 0],
        ("unknown-version", v) => request.version = 1 + v,
        ("signature-wrong", 0) => request.signature = Signature::Wrong,
        ("signature-wrong", _) => {
            request.signature = Signature::Raw(request.key.signature_algorithm(), vec![0; 64]);
        }
        ("signature-weak", v) => {
            let oid = if v == 0 { "1.2.840.113549.1.1.5" } else { "1.2.840.10045.4.1" };
            request.signature = Signature::Raw(key::algorithm(oid, None), vec![1; 64]);
        }
        ("signature-unknown", v) => {
            // RSASSA-PSS and ML-DSA-65
            let oid = if v == 0 { "1.2.840.113549.1.1.10" } else { "2.16.840.1.101.3.4.3.18" };
            request.signature = Signature::Raw(key::algorithm(oid, None), vec![1; 64]);
        }
        ("key-unknown", _) => request.key = Key::shared(KeyKind::Secp256k1),
        ("attribute-repeated", _) => {
            let extra = Extension::raw(super::SUBJECT_KEY_IDENTIFIER, der::octet_string(&[7; 20]));
            if request.extensions.is_empty() {
                request.extensions.push(Vec::new());
            }
            request.extensions.push(vec![extra]);
        }
        (_, 0) => {
            let password = der::tlv(0x0c, b"secret");
            *request = request.clone().with_attribute(CHALLENGE_PASSWORD, vec![password]);
        }
        _ => {
            *request = request.clone().with_attribute("1.3.6.1.4.1.311.13.2.3", vec![der::tlv(0x16, b"10.0")])
        }
    }
}

fn extension(case: &mut Case, code: &str, v: u8) {
    let request = &mut case.request;
    let more = |request: &mut Request, extension| *request = request.clone().with_extension(extension);
    match (code, v) {
        ("extension-repeated", v) => {
            let first = request.extensions.first().and_then(|list| list.first()).cloned();
            let usage = Extension::key_usage(&[0]);
            match (v, first) {
                (0, Some(first)) => more(request, first),
                _ => {
                    more(request, usage.clone());
                    more(request, usage);
                }
            }
        }
        ("extension-malformed", 0) => more(request, Extension::raw(KEY_USAGE, vec![0x04, 0])),
        ("extension-malformed", 1) => more(request, Extension::raw(BASIC_CONSTRAINTS, vec![0x30, 0x03, 1])),
        ("extension-malformed", _) => more(request, Extension::raw(EXTENDED_KEY_USAGE, vec![0x30, 0])),
        ("asks-for-authority", 0) => more(request, Extension::basic_constraints(true)),
        ("asks-for-authority", 1) => more(request, Extension::key_usage(&[0, 5])),
        ("asks-for-authority", _) => more(request, Extension::key_usage(&[0, 6])),
        ("extension-usages", 0) => more(request, Extension::extended_key_usage(&[CODE_SIGNING])),
        // dataEncipherment
        ("extension-usages", _) => more(request, Extension::key_usage(&[0, 3])),
        (_, 0) => more(request, Extension::raw("1.3.6.1.4.1.57683.77", der::null()).critical()),
        // nameConstraints
        _ => more(request, Extension::raw("2.5.29.30", vec![0x30, 0])),
    }
}

fn edit_common_name(request: &mut Request, edit: impl Fn(&mut AttributeTypeAndValue)) {
    request.subject.iter_mut().flatten().filter(|a| a.oid == COMMON_NAME).for_each(edit);
}

fn rename(request: &mut Request, tag: StringTag, text: &str) {
    edit_common_name(request, |a| *a = AttributeTypeAndValue::text(COMMON_NAME, tag, text));
}

fn organizations(request: &mut Request, names: &[&str]) {
    request.subject.retain(|rdn| rdn.iter().all(|a| a.oid != ORGANIZATION));
    if !names.is_empty() {
        request.subject.insert(0, names.iter().map(|name| AttributeTypeAndValue::o(name)).collect());
    }
}

fn subject(request: &mut Request, code: &str, v: u8) {
    match (code, v) {
        ("subject-text", 0) => rename(request, StringTag::Utf8, ""),
        ("subject-text", 1) => rename(request, StringTag::Bmp, "\0a\0b"),
        ("subject-text", 2) => rename(request, StringTag::Utf8, "system:node:worker-1\u{1b}[2K"),
        ("subject-text", 3) => rename(request, StringTag::Utf8, " jane "),
        ("subject-text", _) => rename(request, StringTag::Teletex, "system:node:worker-1"),
        ("subject-uid", _) => request.subject.push(vec![AttributeTypeAndValue::go(KUBERNETES_UID, "0")]),
        ("subject-attribute", 0) => {
            request.subject.push(vec![AttributeTypeAndValue::go(ORGANIZATIONAL_UNIT, "x")])
        }
        ("subject-attribute", _) => {
            request.subject.insert(0, vec![AttributeTypeAndValue::go("2.5.4.6", "DE")])
        }
        ("common-name-missing", _) => {
            request.subject.retain(|rdn| rdn.iter().all(|a| a.oid != COMMON_NAME));
        }
        // Two names, so that it holds after a mutation that took the own one away.
        ("common-name-repeated", 0) => {
            for name in ["system:node:master-1", "system:node:worker-1"] {
                request.subject.insert(0, vec![AttributeTypeAndValue::cn(name)]);
            }
        }
        ("common-name-repeated", _) => {
            // In one SET with the own one: some readers keep the first, some the last.
            if let Some(rdn) = request.subject.last_mut() {
                rdn.extend(["system:node:master-1", "system:node:worker-2"].map(AttributeTypeAndValue::cn));
            }
        }
        ("organization", 0) => organizations(request, &[]),
        ("organization", 1) => organizations(request, &["system:masters"]),
        ("organization", 2) => organizations(request, &["system:nodes", "system:masters"]),
        ("organization", 3) => organizations(request, &["System:Nodes"]),
        ("organization", _) => {
            request.subject.extend([(); 2].map(|()| vec![AttributeTypeAndValue::o("system:nodes")]));
        }
        ("node-name", 0) => rename(request, StringTag::Printable, "system:node:"),
        ("node-name", 1) => rename(request, StringTag::Printable, "system:node:WORKER-1"),
        ("node-name", 2) => rename(request, StringTag::Printable, "worker-1"),
        ("node-name", 3) => rename(request, StringTag::Utf8, "system:node:worker_1"),
        ("node-name", _) => rename(request, StringTag::Printable, "System:node:worker-1"),
        ("privileged-identity", 0) => organizations(request, &["system:masters"]),
        ("privileged-identity", 1) => organizations(request, &["dev", "kubeadm:cluster-admins"]),
        ("privileged-identity", 2) => organizations(request, &["System:Masters"]),
        ("privileged-identity", 3) => rename(request, StringTag::Printable, "system:kube-controller-manager"),
        ("privileged-identity", 4) => rename(request, StringTag::Printable, "kubernetes-admin"),
        _ => rename(
            request,
            StringTag::Utf8,
            "system:serviceaccount:kube-system:clusterrole-aggregation-controller",
        ),
    }
}

/// Adds names to the request's subjectAltName extension: its content is read back from its DER, which
/// this module has written.
fn add_names(request: &mut Request, names: &[GeneralName]) {
    let extra = der::joined(names.iter().map(GeneralName::der));
    for extension in request.extensions.iter_mut().flatten() {
        if extension.oid == SUBJECT_ALT_NAME {
            let header = match extension.value.get(1) {
                Some(0x81) => 3,
                Some(0x82) => 4,
                _ => 2,
            };
            let content = extension.value.get(header..).unwrap_or_default();
            extension.value = der::tlv(0x30, &der::joined([content, &extra]));
            return;
        }
    }
    *request = request.clone().with_alt_names(names);
}

fn alt_name(case: &mut Case, code: &str, v: u8) {
    let request = &mut case.request;
    let dns = |text: &str| vec![GeneralName::dns(text)];
    let ip = |text: &str| vec![GeneralName::ip(text)];
    let names = match (code, v) {
        ("too-many-names", 0) => (0..1001).map(|n| GeneralName::Dns(format!("n{n}.example.com"))).collect(),
        ("too-many-names", _) => {
            request.subject.extend((0..1001).map(|n| vec![AttributeTypeAndValue::o(&format!("group-{n}"))]));
            return;
        }
        ("alt-names-missing", v) => {
            for list in &mut request.extensions {
                list.retain(|extension| extension.oid != SUBJECT_ALT_NAME);
            }
            if v == 0 {
                request.extensions.retain(|list| !list.is_empty());
                return;
            }
            vec![GeneralName::Email("root@example.com".to_owned())]
        }
        ("alt-names-not-allowed", 0) => dns("worker-1"),
        ("alt-names-not-allowed", 1) => ip("192.168.5.21"),
        ("alt-names-not-allowed", 2) => vec![GeneralName::Email("root@example.com".to_owned())],
        ("alt-names-not-allowed", 3) => vec![GeneralName::Uri("spiffe://example.com/x".to_owned())],
        ("alt-names-not-allowed", _) | ("alt-name-kind", 0) => {
            // A user principal name, which Windows reads.
            let upn = der::tlv(0x0c, b"administrator@example.com");
            vec![GeneralName::OtherName("1.3.6.1.4.1.311.20.2.3".to_owned(), upn)]
        }
        ("alt-name-kind", 1) => vec![GeneralName::DirectoryName(vec![vec![AttributeTypeAndValue::cn("x")]])],
        ("alt-name-kind", 2) => vec![GeneralName::RegisteredId("1.2.3.4".to_owned())],
        ("alt-name-kind", 3) => vec![GeneralName::Email("root@example.com".to_owned())],
        ("alt-name-kind", _) => vec![GeneralName::Uri("https://worker-1/".to_owned())],
        ("alt-name-wildcard", 0) => dns("*.example.com"),
        ("alt-name-wildcard", _) => dns("*"),
        ("alt-name-invalid", 0) => dns("worker_1"),
        ("alt-name-invalid", 1) => dns("192.168.5.21"),
        ("alt-name-invalid", 2) => vec![GeneralName::IpOctets(vec![192, 168, 5])],
        ("alt-name-invalid", 3) => ip("::ffff:192.168.5.21"),
        ("alt-name-invalid", 4) => ip("0.0.0.0"),
        ("alt-name-invalid", 5) => ip("224.0.0.1"),
        ("alt-name-invalid", 6) => ip("255.255.255.255"),
        ("alt-name-invalid", _) => dns("worker-1.example.com."),
        ("alt-name-reserved", 0) => dns("localhost"),
        ("alt-name-reserved", 1) => ip("127.0.0.1"),
        ("alt-name-reserved", 2) => ip("::1"),
        ("alt-name-reserved", 3) => dns("kubernetes"),
        ("alt-name-reserved", 4) => dns("Kubernetes.Default.svc"),
        ("alt-name-reserved", 5) => dns("metrics-server.kube-system.svc.cluster.local"),
        ("alt-name-reserved", 6) => ip("10.96.0.1"),
        ("alt-name-reserved", 7) => dns("kubernetes.default"),
        ("alt-name-reserved", 8) => dns("metrics-server.kube-system"),
        ("alt-name-reserved", 9) => dns("localhost.localdomain"),
        ("alt-name-reserved", 10) => ip("169.254.169.254"),
        ("alt-name-reserved", _) => ip("fe80::1"),
        (_, 0) => dns("console.bank.example"),
        (_, 1) => ip("198.51.100.7"),
        _ => dns("registry-mirror"),
    };
    add_names(request, &names);
}

fn object(object: &mut Object, code: &str, v: u8) {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    match (code, v) {
        ("usages-repeated", _) => object.usages.push(object.usages.first().cloned().unwrap_or_default()),
        ("usages", 0) => object.usages.push("code signing".to_owned()),
        ("usages", 1) => object.usages = owned(&["digital signature", "key encipherment"]),
        ("usages", 2) => object.usages = owned(&["client auth", "server auth", "digital signature"]),
        ("usages", _) => object.usages.push("cert sign".to_owned()),
        ("expiration-too-short", 0) => object.expiration_seconds = Some(599),
        ("expiration-too-short", 1) => object.expiration_seconds = Some(0),
        ("expiration-too-short", _) => object.expiration_seconds = Some(-1),
        ("requestor-unknown", _) => object.username = None,
        ("requestor-anonymous", 0) => {
            object.username = Some("system:anonymous".to_owned());
            object.groups = owned(&["system:unauthenticated"]);
        }
        ("requestor-anonymous", _) => object.groups.push("system:unauthenticated".to_owned()),
        ("requestor-other-node", _) => {
            object.username = Some("system:node:edge-9".to_owned());
            object.groups = owned(&["system:nodes", "system:authenticated"]);
        }
        (_, 0) => object.groups = owned(&["system:authenticated"]),
        _ => {
            object.username = Some("system:bootstrap:w1w1w1".to_owned());
            object.groups = owned(&["system:bootstrappers", "system:authenticated"]);
        }
    }
}
