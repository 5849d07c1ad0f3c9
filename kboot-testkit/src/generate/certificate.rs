//! Certificates (RFC 5280) of any shape.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::der;
use super::key::{Key, KeyKind};
use super::name::{CLIENT_AUTH, Extension, GeneralName, Rdn, SERVER_AUTH, go_subject, name};
use super::{addresses, names};

/// A certificate as data; [`Certificate::der`] writes it, hostile or not.
///
/// ```
/// use kboot_testkit::generate::{Certificate, Key, KeyKind, go_subject};
/// let authority = Certificate::authority("ca", Key::shared(KeyKind::P256));
/// let leaf = Certificate { subject: go_subject(&["dev"], "jane"), ..authority };
/// assert_eq!(leaf.der()[0], 0x30);
/// ```
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Certificate {
    /// The version; 2 is the third.
    pub version: u8,
    /// The serial number's octets.
    pub serial: Vec<u8>,
    /// The issuer, in order.
    pub issuer: Vec<Rdn>,
    /// When it begins: `YYMMDDHHMMSSZ`, or with four digits of the year.
    pub not_before: String,
    /// When it ends, in the same form.
    pub not_after: String,
    /// The subject, in order.
    pub subject: Vec<Rdn>,
    /// Its key.
    pub key: Key,
    /// The key that signs it.
    pub signed_by: Key,
    /// Its extensions, in order; none leaves the field out.
    pub extensions: Vec<Extension>,
    /// Octets after it.
    pub trailing: Vec<u8>,
}

impl Certificate {
    /// An authority that signs itself, from 2020 to 2049.
    #[must_use]
    pub fn authority(common_name: &str, key: Key) -> Self {
        let subject = go_subject(&[], common_name);
        Self {
            version: 2,
            serial: vec![1],
            issuer: subject.clone(),
            not_before: "200101000000Z".to_owned(),
            not_after: "491231235959Z".to_owned(),
            subject,
            signed_by: key.clone(),
            key,
            extensions: vec![
                Extension::basic_constraints(true).critical(),
                Extension::key_usage(&[0, 5]).critical(),
            ],
            trailing: Vec::new(),
        }
    }

    /// What is signed.
    #[must_use]
    pub fn info(&self) -> Vec<u8> {
        // UTCTime, GeneralizedTime (RFC 5280, 4.1.2.5).
        let time = |text: &str| der::tlv(if text.len() == 13 { 0x17 } else { 0x18 }, text.as_bytes());
        let version = der::tlv(0xa0, &der::tlv(2, &[self.version]));
        let extensions = der::sequence(self.extensions.iter().map(Extension::der));
        der::sequence([
            if self.version == 0 { Vec::new() } else { version },
            der::unsigned(&self.serial),
            self.signed_by.signature_algorithm(),
            name(&self.issuer),
            der::sequence([time(&self.not_before), time(&self.not_after)]),
            name(&self.subject),
            self.key.public_key_info(),
            if self.extensions.is_empty() { Vec::new() } else { der::tlv(0xa3, &extensions) },
        ])
    }

    /// The certificate's DER.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let info = self.info();
        let signature = der::bit_string(&self.signed_by.sign(&info));
        let mut der = der::sequence([info, self.signed_by.signature_algorithm(), signature]);
        der.extend(&self.trailing);
        der
    }
}

/// A time between 1970 and 2049, or after.
fn time() -> impl Strategy<Value = String> {
    let rest = (1..=12_u8, 1..=28_u8, 0..24_u8, 0..60_u8, 0..60_u8).prop_map(
        |(month, day, hour, minute, second)| format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z"),
    );
    let year = prop_oneof![
        (0..50_u16).prop_map(|year| format!("{year:02}")),
        (2050..=9999_u16).prop_map(|year| format!("{year:04}"))
    ];
    (year, rest).prop_map(|(year, rest)| year + &rest)
}

/// A certificate of a client, a server or an authority, whose validity may be over or not have begun.
pub fn certificate() -> impl Strategy<Value = Certificate> {
    let serial = vec(any::<u8>(), 1..20).prop_map(|mut serial| {
        serial.insert(0, 1);
        serial
    });
    let common_name = prop_oneof![addresses::dns_name(), "system:node:[a-z]{1,12}"];
    let groups = vec("[a-z]{1,12}", 0..3);
    let alt_names = vec(
        prop_oneof![
            addresses::dns_name().prop_map(|name| GeneralName::dns(&name)),
            addresses::address().prop_map(|address| GeneralName::ip(&address)),
        ],
        0..4,
    );
    let usages = option::of(subsequence(vec![CLIENT_AUTH, SERVER_AUTH], 1..=2));
    ((serial, common_name, groups), (time(), time()), alt_names, usages, any::<bool>(), names::label())
        .prop_map(
            |(
                (serial, common_name, groups),
                (not_before, not_after),
                alt_names,
                usages,
                is_authority,
                issuer,
            )| {
                let key = Key::shared(KeyKind::P256);
                let mut extensions = vec![Extension::basic_constraints(is_authority).critical()];
                extensions
                    .push(Extension::key_usage(if is_authority { &[0, 5] } else { &[0, 2] }).critical());
                if !alt_names.is_empty() {
                    extensions.push(Extension::alt_names(&alt_names));
                }
                extensions.extend(usages.map(|usages| Extension::extended_key_usage(&usages)));
                let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
                Certificate {
                    serial,
                    issuer: go_subject(&[], &issuer),
                    not_before,
                    not_after,
                    subject: go_subject(&groups, &common_name),
                    extensions,
                    ..Certificate::authority("ca", key)
                }
            },
        )
}

/// What is no certificate: cut off, with octets after it, with an extension that is there twice or holds no DER, with a
/// time that is none.
pub fn hostile_certificate() -> impl Strategy<Value = Vec<u8>> {
    (certificate(), 0..6_u8, any::<Index>()).prop_map(|(mut certificate, what, at)| {
        match what {
            0 => certificate.trailing = vec![5, 0],
            1 => certificate.extensions.extend(certificate.extensions.clone()),
            2 => certificate.not_after = "20261301000000Z".to_owned(),
            3 => certificate.extensions.push(Extension::raw(super::SUBJECT_ALT_NAME, vec![0x30, 9])),
            4 => {
                let mut der = certificate.der();
                der.truncate(at.index(der.len()));
                return der;
            }
            _ => return der::sequence([certificate.info()]),
        }
        certificate.der()
    })
}
