//! What must be true of every request that is approved, said plainly and read by another reader.

use kboot_core::csr::CertificateSigningRequest;
use kboot_core::policy::{Answer, ApprovedRequest, Decision, Reason, Verdict};
use kboot_core::x509::{self, SignatureCheck};
use x509_parser::extensions::{GeneralName, ParsedExtension};

use crate::second_reader;

/// Codes of what is only not understood or not known.
const ONLY_HOLD: [Reason; 13] = [
    Reason::SignerNotRuled,
    Reason::SignatureUnknown,
    Reason::KeyOversized,
    Reason::KeyUnknown,
    Reason::AttributeUnknown,
    Reason::ExtensionUnknown,
    Reason::AltNameOfOther,
    Reason::RequestorUnknown,
    Reason::RequestorNotNode,
    Reason::RuleHolds,
    Reason::ApiServerUnknown,
    Reason::NodeJoined,
    Reason::FactsUnknown,
];

/// Panics where a decision contradicts itself or approves what it may not.
pub fn judge(object: &CertificateSigningRequest, decision: &Decision) {
    let (verdict, code, clauses) = (decision.verdict(), decision.reason(), decision.trace().clauses());
    assert_eq!(verdict == Verdict::Approve, code == Reason::RuleApproves);
    assert!(verdict != Verdict::Deny || !ONLY_HOLD.contains(&code), "{code} denies");
    assert!(verdict != Verdict::Hold || code != Reason::RuleDenies, "{code} holds");
    assert!(clauses.clone().any(|clause| clause.reason() == Some(code)), "{code} is not in the trace");
    for clause in clauses {
        let seen = clause.to_string();
        assert!(!seen.chars().any(char::is_control) && seen.len() < 16_384, "{clause:?}");
        // The floor has no approval that something in it objects to.
        let is_objection = clause.rule().is_none() && clause.answer() != Answer::Yes;
        assert!(!(verdict == Verdict::Approve && is_objection), "{clause:?}");
    }
    let message = decision.message();
    assert!(!message.is_empty() && message.len() < 512 && !message.chars().any(char::is_control));
    match decision {
        Decision::Approve(approved) => approvable(object, approved),
        Decision::Deny(_) => assert_eq!(&decision.clone().approve_as("jane"), decision),
        Decision::Hold(_) => {
            if let Decision::Approve(approved) = decision.clone().approve_as("jane") {
                approvable(object, &approved);
            }
        }
    }
}

/// Panics unless everything that the certificate will say is the sender's to ask for.
fn approvable(object: &CertificateSigningRequest, approved: &ApprovedRequest) {
    let request = object.request().expect("a request that cannot be read is not approved");
    let (facts, rest) = second_reader::read(request.der()).expect("another reader reads it");
    assert!(rest.is_empty() && facts.certification_request_info.version.0 == 0);
    assert_eq!(request.signature(), SignatureCheck::Valid);

    let (users, groups) = (second_reader::texts(&facts, "2.5.4.3"), second_reader::texts(&facts, "2.5.4.10"));
    let [user] = users.as_slice() else { panic!("{users:?} are not one common name") };
    assert_eq!(facts.certification_request_info.subject.iter_attributes().count(), 1 + groups.len());
    assert_eq!(approved.common_name(), user);
    assert!(approved.organizations().eq(&groups), "{groups:?}");
    assert_eq!(approved.signer().as_str(), object.signer_name());

    assert!(facts.certification_request_info.attributes().len() < 2);
    let mut names = Vec::new();
    for extension in facts.requested_extensions().into_iter().flatten() {
        match extension {
            ParsedExtension::SubjectAlternativeName(found) => {
                assert!(names.is_empty(), "more than one extension of names");
                names.extend(found.general_names.iter().cloned());
            }
            ParsedExtension::BasicConstraints(constraints) => {
                assert!(!constraints.ca && constraints.path_len_constraint.is_none());
            }
            ParsedExtension::KeyUsage(usage) => assert!(!usage.key_cert_sign() && !usage.crl_sign()),
            ParsedExtension::ExtendedKeyUsage(_) | ParsedExtension::SubjectKeyIdentifier(_) => {}
            other => panic!("{other:?} is understood by nobody"),
        }
    }
    assert_eq!(approved.alternative_names().count(), names.len());

    let sender = object.requestor();
    assert!(!sender.username.is_empty() && sender.username != "system:anonymous");
    assert!(!sender.groups.iter().any(|group| group == "system:unauthenticated"));
    assert!(object.expiration_seconds().is_none_or(|seconds| seconds >= 600));
    let mut usages: Vec<&str> = object.usages().iter().map(String::as_str).collect();
    usages.sort_unstable();
    let of = |purpose| {
        [vec!["digital signature", purpose], vec!["digital signature", "key encipherment", purpose]]
    };
    let is_set = |purpose: &'static str| {
        of(purpose).into_iter().any(|mut set| {
            set.sort_unstable();
            set == usages
        })
    };

    match object.signer_name() {
        "kubernetes.io/kube-apiserver-client" => {
            let purposes = ["client auth", "digital signature", "key encipherment"];
            assert!(usages.contains(&"client auth") && usages.iter().all(|usage| purposes.contains(usage)));
            assert!(usages.windows(2).all(|pair| pair[0] != pair[1]), "{usages:?}");
            for identity in users.iter().chain(&groups) {
                let plain = identity.trim().to_ascii_lowercase();
                assert!(!plain.starts_with("system:") && !plain.contains("cluster-admins"), "{identity:?}");
                assert!(!plain.is_empty() && plain != "kubernetes-admin", "{identity:?}");
            }
            let is_allowed = |name: &GeneralName<'_>| {
                matches!(
                    name,
                    GeneralName::DNSName(_)
                        | GeneralName::IPAddress(_)
                        | GeneralName::RFC822Name(_)
                        | GeneralName::URI(_)
                )
            };
            assert!(names.iter().all(is_allowed), "{names:?}");
        }
        signer => {
            assert_eq!(groups, ["system:nodes"]);
            let node = user.strip_prefix("system:node:").expect("it names a node");
            let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
            assert!(!node.is_empty() && node.bytes().all(is_plain), "{node:?}");
            assert!(!sender.username.starts_with("system:node:") || sender.username == *user);
            if signer == "kubernetes.io/kubelet-serving" {
                assert!(is_set("server auth"), "{usages:?}");
                assert!(
                    sender.username == *user && sender.groups.iter().any(|group| group == "system:nodes")
                );
                assert!(!names.is_empty());
                for name in approved.alternative_names() {
                    match name {
                        x509::GeneralName::Dns(name) => {
                            // By whole labels: worker-1-localhosts is as good a name as any other.
                            let labels: Vec<&str> = name.split('.').collect();
                            assert!(
                                !name.contains('*')
                                    && !labels.starts_with(&["kubernetes", "default"])
                                    && !labels.ends_with(&["localhost"])
                                    && !labels.ends_with(&["localhost", "localdomain"])
                                    && !name.ends_with(".kube-system"),
                                "{name}"
                            );
                        }
                        x509::GeneralName::Ip(address) => {
                            let text = address.to_string();
                            assert!(!address.is_loopback(), "{address}");
                            assert!(!text.starts_with("169.254.") && !text.starts_with("fe80:"), "{address}");
                        }
                        other => panic!("{other:?} is no name of a server"),
                    }
                }
            } else {
                assert_eq!(signer, "kubernetes.io/kube-apiserver-client-kubelet");
                assert!(is_set("client auth"), "{usages:?}");
                assert!(names.is_empty(), "{names:?}");
            }
        }
    }
}
