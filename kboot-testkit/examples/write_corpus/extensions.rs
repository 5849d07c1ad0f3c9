//! Attributes and extensions.

use kboot_testkit::generate::strategies::Case;
use kboot_testkit::generate::{
    BASIC_CONSTRAINTS, CHALLENGE_PASSWORD, CLIENT_AUTH, CODE_SIGNING, Extension, GeneralName, KEY_USAGE,
    SERVER_AUTH, SUBJECT_ALT_NAME, SUBJECT_KEY_IDENTIFIER, der,
};

use super::Entry;
use super::encoding::{client, own_names, serving};

fn extended(extension: Extension) -> Case {
    serving(|request| *request = request.clone().with_extension(extension))
}

pub(crate) fn entries() -> Vec<Entry> {
    let entry = Entry::hostile;
    let foreign_names =
        || Extension::alt_names(&[GeneralName::dns("master-1"), GeneralName::ip("192.168.5.11")]);
    let identifier = || Extension::raw(SUBJECT_KEY_IDENTIFIER, der::octet_string(&[7; 20]));
    vec![
        entry(
            "attribute-two-extension-requests",
            "Two extensionRequest attributes, the second with the master's names: openssl shows \
             one of them.",
            "attribute-repeated",
            serving(|r| r.extensions.push(vec![foreign_names()])),
        ),
        entry(
            "attribute-two-extension-requests-harmless",
            "Two extensionRequest attributes with nothing bad in the second: which one counts is \
             the signer's choice.",
            "attribute-repeated",
            serving(|r| r.extensions.push(vec![identifier()])),
        ),
        entry(
            "attribute-challenge-password",
            "A challengePassword: no kubelet sends one, and it ends up readable in the API.",
            "attribute-unknown",
            serving(|r| *r = r.clone().with_attribute(CHALLENGE_PASSWORD, vec![der::tlv(0x0c, b"secret")])),
        ),
        entry(
            "attribute-windows-version",
            "An attribute of another vendor's tools.",
            "attribute-unknown",
            client(|r| {
                *r = r.clone().with_attribute("1.3.6.1.4.1.311.13.2.3", vec![der::tlv(0x16, b"10.0.20348.2")])
            }),
        ),
        entry(
            "extension-alt-names-twice",
            "Two subjectAltName extensions, own names first and the master's second: readers \
             differ in which they keep.",
            "extension-repeated",
            extended(foreign_names()),
        )
        .incident("approver-policy#915, #945"),
        entry(
            "extension-key-usage-twice",
            "keyUsage twice.",
            "extension-repeated",
            serving(|r| {
                *r = r
                    .clone()
                    .with_extension(Extension::key_usage(&[0]))
                    .with_extension(Extension::key_usage(&[0]))
            }),
        ),
        entry(
            "extension-key-usage-garbage",
            "keyUsage that is no BIT STRING.",
            "extension-malformed",
            extended(Extension::raw(KEY_USAGE, vec![4, 0])),
        ),
        entry(
            "extension-constraints-garbage",
            "basicConstraints cut short.",
            "extension-malformed",
            extended(Extension::raw(BASIC_CONSTRAINTS, vec![0x30, 3, 1])),
        ),
        entry(
            "extension-alt-names-trailing",
            "subjectAltName with octets behind it.",
            "extension-malformed",
            serving(|r| {
                let mut extension = Extension::alt_names(&own_names());
                extension.value.extend([5, 0]);
                r.extensions = vec![vec![extension]];
            }),
        )
        .not_creatable(),
        entry(
            "extension-alt-names-garbage",
            "subjectAltName that is no SEQUENCE.",
            "extension-malformed",
            client(|r| *r = r.clone().with_extension(Extension::raw(SUBJECT_ALT_NAME, vec![4, 0]))),
        )
        .not_creatable(),
        entry(
            "authority-ca-true",
            "Asks to be an authority: a signer that copies extensions hands out the cluster.",
            "asks-for-authority",
            extended(Extension::basic_constraints(true)),
        ),
        entry(
            "authority-cert-sign",
            "keyUsage with keyCertSign.",
            "asks-for-authority",
            extended(Extension::key_usage(&[0, 5])),
        ),
        entry(
            "authority-crl-sign",
            "keyUsage with cRLSign in a client certificate.",
            "asks-for-authority",
            client(|r| *r = r.clone().with_extension(Extension::key_usage(&[0, 6]))),
        ),
        entry(
            "extension-path-length-without-authority",
            "basicConstraints with a path length and without cA, which only an authority has.",
            "extension-malformed",
            extended(Extension::raw(BASIC_CONSTRAINTS, der::sequence([der::unsigned(&[0])]))),
        ),
        entry(
            "extension-default-spelt-out",
            "basicConstraints with CA:FALSE spelt out, which is not DER: readers differ.",
            "extension-malformed",
            extended(Extension::raw(BASIC_CONSTRAINTS, der::sequence([[1, 1, 0].as_slice()]))),
        ),
        entry(
            "extension-key-usage-with-zeros",
            "keyUsage with zeros after its last bit, which is not DER.",
            "extension-malformed",
            extended(Extension::raw(KEY_USAGE, vec![3, 2, 0, 0x80])),
        ),
        entry(
            "authority-path-length",
            "basicConstraints CA:TRUE with a path length of 0.",
            "asks-for-authority",
            extended(Extension::raw(BASIC_CONSTRAINTS, der::sequence([der::yes(), der::unsigned(&[0])]))),
        ),
        entry(
            "extension-code-signing",
            "extKeyUsage with codeSigning beside a decent usages list.",
            "extension-usages",
            extended(Extension::extended_key_usage(&[SERVER_AUTH, CODE_SIGNING])),
        ),
        entry(
            "extension-client-auth-in-serving",
            "extKeyUsage clientAuth in a serving request: the certificate would also log in as \
             the node.",
            "extension-usages",
            extended(Extension::extended_key_usage(&[SERVER_AUTH, CLIENT_AUTH])),
        ),
        entry(
            "extension-any-usage",
            "extKeyUsage any.",
            "extension-usages",
            extended(Extension::extended_key_usage(&["2.5.29.37.0"])),
        ),
        entry(
            "extension-data-encipherment",
            "keyUsage with dataEncipherment.",
            "extension-usages",
            extended(Extension::key_usage(&[0, 3])),
        ),
        entry(
            "extension-unknown-critical",
            "A critical extension nobody knows.",
            "extension-unknown",
            extended(Extension::raw("1.3.6.1.4.1.57683.77", der::null()).critical()),
        ),
        entry(
            "extension-must-staple",
            "TLS feature must-staple: a certificate that clients then refuse.",
            "extension-unknown",
            extended(Extension::raw("1.3.6.1.5.5.7.1.24", der::sequence([der::unsigned(&[5])]))),
        ),
        entry(
            "extension-name-constraints",
            "nameConstraints, an authority's extension.",
            "extension-unknown",
            extended(
                Extension::raw(
                    "2.5.29.30",
                    der::sequence([der::tlv(0xa0, &der::sequence([der::tlv(0x82, b"example.com")]))]),
                )
                .critical(),
            ),
        ),
    ]
}
