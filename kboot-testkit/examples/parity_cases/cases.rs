//! The cases: each dimension varied by itself around a good request of each signer, and the dimensions that
//! meet in a decision (who asks, for whom, with which usages and names) varied together.

use kboot_testkit::generate::{
    KUBE_APISERVER_CLIENT, KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING, Key, KeyKind, Rdn, Request,
    go_subject,
};

use crate::requestors::{REQUESTORS, Requestor, named};
use crate::variants::{
    CLIENT, CLIENT_1_27, NODE, SERVING, SERVING_1_27, alt_names, encodings, node_subjects, odd_subjects,
    own_names, requests, usages, user_subjects, weak,
};

const LEGACY_UNKNOWN: &str = "kubernetes.io/legacy-unknown";

pub(crate) struct Case {
    /// The object's name.
    pub(crate) name: String,
    pub(crate) requestor: &'static Requestor,
    /// The API's version; only v1beta1, which is gone in 1.22, takes the signer legacy-unknown and repeated or
    /// unknown usages.
    pub(crate) version: &'static str,
    pub(crate) signer: &'static str,
    pub(crate) usages: Vec<String>,
    /// PEM.
    pub(crate) request: Vec<u8>,
}

/// A signer and a good request for it.
struct Base {
    name: &'static str,
    signer: &'static str,
    requestor: &'static str,
    usages: &'static [&'static str],
    request: fn() -> Request,
}

const BASES: [Base; 3] = [
    Base {
        name: "client",
        signer: KUBE_APISERVER_CLIENT_KUBELET,
        requestor: "token",
        usages: CLIENT,
        request: || new(go_subject(&["system:nodes"], NODE)),
    },
    Base {
        name: "serving",
        signer: KUBELET_SERVING,
        requestor: "node",
        usages: SERVING,
        request: || new(go_subject(&["system:nodes"], NODE)).with_alt_names(&own_names()),
    },
    Base {
        name: "user",
        signer: KUBE_APISERVER_CLIENT,
        requestor: "jane",
        usages: CLIENT,
        request: || new(go_subject(&["developers"], "jane")),
    },
];

/// A request with a key of its own.
fn new(subject: Vec<Rdn>) -> Request {
    Request::new(subject, Key::new(KeyKind::P256))
}

impl Base {
    fn case(&self, name: &str, request: impl Into<Vec<u8>>) -> Case {
        Case {
            name: format!("{}.{name}", self.name),
            requestor: named(self.requestor),
            version: "v1",
            signer: self.signer,
            usages: owned(self.usages),
            request: request.into(),
        }
    }
}

impl Case {
    fn by(self, requestor: &'static Requestor) -> Self {
        Self { requestor, ..self }
    }

    fn usages(self, usages: &[&str]) -> Self {
        Self { usages: owned(usages), ..self }
    }

    fn beta(self) -> Self {
        Self { version: "v1beta1", ..self }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Every case; the last ones are good requests, one a signer, named `last-SIGNER`.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for base in &BASES {
        for (name, usages) in usages() {
            cases.push(base.case(&format!("usages.{name}"), (base.request)().pem()).usages(&usages));
        }
        for (name, usages) in [
            ("repeated", [CLIENT, CLIENT].concat()),
            ("unknown", [CLIENT, &["fly"]].concat()),
            ("none", vec![]),
        ] {
            cases.push(
                base.case(&format!("usages-v1beta1.{name}"), (base.request)().pem()).usages(&usages).beta(),
            );
        }
        let subjects =
            if base.signer == KUBE_APISERVER_CLIENT { user_subjects() } else { node_subjects(NODE) };
        let good = if base.signer == KUBE_APISERVER_CLIENT { "jane" } else { NODE };
        for (name, subject) in subjects.into_iter().chain(odd_subjects(good)) {
            let request = Request { subject, ..(base.request)() };
            cases.push(base.case(&format!("subject.{name}"), request.pem()));
        }
        for (name, names) in alt_names() {
            let request = Request { extensions: Vec::new(), ..(base.request)() }.with_extension(names);
            cases.push(base.case(&format!("names.{name}"), request.pem()));
        }
        for (name, request) in requests(base.request) {
            cases.push(base.case(&format!("request.{name}"), request.pem()));
        }
        for (name, text) in weak(base.signer) {
            cases.push(base.case(&format!("weak.{name}"), text));
        }
        for (name, text) in encodings(&(base.request)().der()) {
            cases.push(base.case(&format!("pem.{name}"), text));
        }
    }
    let [client, serving, user] = &BASES;
    // A node's renewal goes another way through upstream's approver than its first certificate.
    for (name, subject) in node_subjects(NODE) {
        cases.push(client.case(&format!("renewal.{name}"), new(subject).pem()).by(named("node")));
    }
    for requestor in REQUESTORS {
        for (whose, name) in [("node-1", NODE), ("own", requestor.username), ("nameless", "system:node:")] {
            for (which, usages) in [("1.20", CLIENT), ("1.27", CLIENT_1_27)] {
                let request = new(go_subject(&["system:nodes"], name));
                cases.push(
                    client
                        .case(&format!("by-{}.{whose}-{which}", requestor.name), request.pem())
                        .by(requestor)
                        .usages(usages),
                );
            }
        }
        for (whose, name) in [("node-1", NODE), ("own", requestor.username)] {
            let request = new(go_subject(&["system:nodes"], name)).with_alt_names(&own_names());
            cases.push(serving.case(&format!("by-{}.{whose}", requestor.name), request.pem()).by(requestor));
        }
        let request = new(go_subject(&["developers"], requestor.username));
        cases.push(user.case(&format!("by-{}.own", requestor.name), request.pem()).by(requestor));
    }
    // Names and usages together: which of two faults upstream names first.
    for (which, usages) in [("1.27", SERVING_1_27), ("client", CLIENT)] {
        for (name, names) in alt_names().into_iter().take(8) {
            let request = new(go_subject(&["system:nodes"], NODE)).with_extension(names);
            cases.push(serving.case(&format!("names-usages-{which}.{name}"), request.pem()).usages(usages));
        }
    }
    for (name, usages) in
        [("client", CLIENT), ("serving", SERVING), ("authority", &["cert sign", "crl sign"])]
    {
        for (whose, subject) in
            [("jane", go_subject(&[], "jane")), ("masters", go_subject(&["system:masters"], "jane"))]
        {
            let request = new(subject).with_alt_names(&own_names());
            cases.push(Case {
                signer: LEGACY_UNKNOWN,
                ..user.case(&format!("legacy.{name}-{whose}"), request.pem()).usages(usages).beta()
            });
        }
    }
    for base in &BASES {
        let name = base.signer.replace("kubernetes.io/", "last-");
        cases.push(Case { name, ..base.case("", (base.request)().pem()) });
    }
    cases.push(Case {
        name: "last-legacy-unknown".to_owned(),
        signer: LEGACY_UNKNOWN,
        ..user.case("", (user.request)().pem()).beta()
    });
    cases
}
