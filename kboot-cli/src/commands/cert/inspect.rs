//! `kboot cert inspect`

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use kboot_core::inspect::{Found, Item};
use kboot_core::x509::{
    Certificate, CertificateFacts, CertificateRequest, ExtendedKeyUsage, GeneralName, KeyUsage, Pin,
    PublicKey, SignatureCheck,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::files;
use crate::output::{Layout, ListFormat, Page, Report, Table, Text, Tone};
use crate::{input, output};

pub(super) fn run(paths: &[PathBuf], format: ListFormat) -> Result<()> {
    let mut all = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let findings = if path.is_dir() { files::of_folder(path)? } else { files::of_file(path)? };
        if findings.found.is_empty() && findings.problems.is_empty() {
            bail!("{} holds no certificate, request, key or kubeconfig", input::name(path));
        }
        all.extend(findings.found);
        problems.extend(findings.problems);
    }
    let entries = all.iter().map(|(path, found)| Entry::new(path, found, &all)).collect();
    output::report(format, &Inspected(entries))?;
    problems.iter().for_each(|problem| output::warn(problem));
    match problems.len() {
        0 => Ok(()),
        count => bail!("{count} could not be read"),
    }
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Inspected(Vec<Entry>);

impl Report for Inspected {
    const LAYOUT: Layout = Layout::Lines;

    fn page(&self) -> Page {
        let mut page = Page::default();
        for (i, entry) in self.0.iter().enumerate() {
            if i > 0 {
                page.line("");
            }
            entry.put_on(&mut page);
        }
        page
    }
}

/// One thing, and where it stands.
#[derive(JsonSchema, Serialize)]
struct Entry {
    file: String,
    path: String,
    #[serde(flatten)]
    what: What,
}

#[derive(JsonSchema, Serialize)]
#[serde(tag = "kind")]
enum What {
    Certificate(Box<OfCertificate>),
    CertificateRequest(Box<OfRequest>),
    PrivateKey(OfPrivateKey),
    PublicKey {
        #[schemars(with = "String")]
        pin: Pin,
    },
    Reference {
        reference: String,
    },
    Unknown,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct OfCertificate {
    subject: String,
    common_name: String,
    organizations: Vec<String>,
    issuer: String,
    not_before: String,
    not_after: String,
    #[serde(flatten)]
    names: Names,
    #[serde(flatten)]
    usages: Usages,
    path_length: Option<u32>,
    key: String,
    serial: String,
    fingerprint: String,
    #[schemars(with = "String")]
    pin: Pin,
    uses: Vec<String>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct OfRequest {
    subject: String,
    common_name: String,
    organizations: Vec<String>,
    #[serde(flatten)]
    names: Names,
    #[serde(flatten)]
    usages: Usages,
    key: String,
    #[schemars(with = "String")]
    pin: Pin,
    attributes: Vec<String>,
    is_signed: bool,
    signature: &'static str,
    oddities: Vec<String>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct OfPrivateKey {
    key: String,
    #[schemars(with = "Option<String>")]
    pin: Option<Pin>,
    belongs_to: Option<String>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    dns_names: Vec<String>,
    ip_addresses: Vec<String>,
    other_names: Vec<String>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Usages {
    key_usages: Option<Vec<String>>,
    extended_usages: Option<Vec<String>>,
    is_authority: bool,
}

impl Entry {
    fn new(path: &Path, found: &Found, all: &[(PathBuf, Found)]) -> Self {
        let what = match &found.item {
            Item::Certificate(certificate) => {
                What::Certificate(Box::new(OfCertificate::new(certificate, certificate.facts())))
            }
            Item::Request(request) => What::CertificateRequest(Box::new(OfRequest::new(request))),
            Item::PrivateKey { algorithm, public_key } => What::PrivateKey(OfPrivateKey {
                key: algorithm
                    .map_or_else(|| "of a kind that kboot does not use".to_owned(), |a| a.to_string()),
                pin: public_key.as_ref().map(PublicKey::pin),
                belongs_to: public_key.as_ref().and_then(|key| owner(key, path, all)),
            }),
            Item::PublicKey(key) => What::PublicKey { pin: key.pin() },
            Item::Reference { path } => What::Reference { reference: path.clone() },
            _ => What::Unknown,
        };
        Self { file: input::name(path), path: found.place.clone(), what }
    }

    /// Where it stands, then a line for each thing that it says.
    fn put_on(&self, page: &mut Page) {
        let (kind, facts) = match &self.what {
            What::Certificate(certificate) => ("certificate", certificate.facts()),
            What::CertificateRequest(request) => ("certificate request", request.facts()),
            What::PrivateKey(key) => ("private key", key.facts()),
            What::PublicKey { pin } => ("public key", vec![("pin", pin.to_string().into())]),
            What::Reference { reference } => {
                ("names another file", vec![("file", reference.as_str().into())])
            }
            What::Unknown => ("names another file", Vec::new()),
        };
        let place = [self.file.as_str(), &self.path].join(" ");
        page.line(format!("{}: {kind}", place.trim_end()));
        let mut table = Table::facts(11);
        facts.into_iter().filter(|(_, fact)| !fact.is_empty()).for_each(|(name, fact)| {
            table.row([name.into(), fact]);
        });
        page.table(table);
    }
}

/// The subject of the certificate in the same file that a key belongs to.
fn owner(key: &PublicKey, path: &Path, all: &[(PathBuf, Found)]) -> Option<String> {
    all.iter()
        .filter(|(other, _)| other == path)
        .filter_map(|(_, found)| match &found.item {
            Item::Certificate(certificate) => Some(certificate.facts()),
            _ => None,
        })
        .find(|facts| facts.public_key == *key)
        .map(|facts| facts.subject.clone())
}

fn words(usage: KeyUsage) -> Vec<String> {
    usage.words().map(str::to_owned).collect()
}

fn texts(usages: &[ExtendedKeyUsage]) -> Vec<String> {
    usages.iter().map(ToString::to_string).collect()
}

/// What two extensions of a type say, one after the other.
fn joined(one: Vec<String>, other: Vec<String>) -> Vec<String> {
    [one, other].concat()
}

impl OfCertificate {
    fn new(certificate: &Certificate, facts: &CertificateFacts) -> Self {
        Self {
            serial: facts.serial_hex(),
            uses: facts.uses(),
            not_before: facts.validity.not_before.to_string(),
            not_after: facts.validity.not_after.to_string(),
            fingerprint: format!("sha256:{}", certificate.fingerprint()),
            pin: facts.public_key.pin(),
            names: Names {
                dns_names: facts.alt_names.dns().to_vec(),
                ip_addresses: facts.alt_names.ips().iter().map(ToString::to_string).collect(),
                other_names: facts.other_names.clone(),
            },
            usages: Usages {
                key_usages: facts.key_usages.map(words),
                extended_usages: facts.extended_usages.as_deref().map(texts),
                is_authority: facts.is_authority,
            },
            subject: facts.subject.clone(),
            common_name: facts.common_name.clone(),
            organizations: facts.organizations.clone(),
            issuer: facts.issuer.clone(),
            path_length: facts.path_length,
            key: facts.public_key.kind().to_string(),
        }
    }

    fn facts(&self) -> Vec<(&'static str, Text)> {
        vec![
            ("subject", self.subject.as_str().into()),
            ("groups", self.organizations.join(", ").into()),
            ("names", self.names.line().into()),
            ("usages", self.usages.line(self.path_length).into()),
            ("good for", self.uses.join("; ").into()),
            ("valid", format!("{} to {}", self.not_before, self.not_after).into()),
            ("issuer", self.issuer.as_str().into()),
            ("key", self.key.as_str().into()),
            ("serial", self.serial.as_str().into()),
            ("SHA-256", self.fingerprint.as_str().into()),
            ("pin", self.pin.to_string().into()),
        ]
    }
}

impl OfRequest {
    fn new(request: &CertificateRequest) -> Self {
        let usages = Usages {
            key_usages: request.key_usages().map(words).reduce(joined),
            extended_usages: request.extended_usages().map(texts).reduce(joined),
            is_authority: request.is_for_authority(),
        };
        let oddities = request.anomalies().iter().map(ToString::to_string);
        let oddities = oddities.chain(request.extension_anomalies().map(|oddity| oddity.to_string()));
        let mut names = Names { dns_names: Vec::new(), ip_addresses: Vec::new(), other_names: Vec::new() };
        for name in request.alternative_names() {
            match name {
                GeneralName::Dns(name) => names.dns_names.push(name.clone()),
                GeneralName::Ip(address) => names.ip_addresses.push(address.to_string()),
                other => names.other_names.push(other.to_string()),
            }
        }
        Self {
            subject: request.subject().to_string(),
            common_name: request.common_names().last().unwrap_or_default().to_owned(),
            organizations: request.organizations().map(str::to_owned).collect(),
            names,
            usages,
            key: request.public_key().kind().to_string(),
            pin: request.public_key().pin(),
            attributes: request.attributes().iter().map(|attribute| attribute.oid.to_string()).collect(),
            is_signed: request.signature() == SignatureCheck::Valid,
            signature: request.signature().as_str(),
            oddities: oddities.collect(),
        }
    }

    fn facts(&self) -> Vec<(&'static str, Text)> {
        let signed = if self.is_signed {
            "by its own key".into()
        } else {
            Tone::Bad.text("NOT").then(format!(" proven to be by its own key: {}", self.signature))
        };
        vec![
            ("subject", self.subject.as_str().into()),
            ("groups", self.organizations.join(", ").into()),
            ("names", self.names.line().into()),
            ("usages", self.usages.line(None).into()),
            ("key", self.key.as_str().into()),
            ("signed", signed),
            ("odd", self.oddities.join(", ").into()),
            ("attributes", self.attributes.join(", ").into()),
            ("pin", self.pin.to_string().into()),
        ]
    }
}

impl OfPrivateKey {
    fn facts(&self) -> Vec<(&'static str, Text)> {
        vec![
            ("key", self.key.as_str().into()),
            ("belongs to", self.belongs_to.as_deref().unwrap_or_default().into()),
            ("pin", self.pin.map(|pin| pin.to_string()).unwrap_or_default().into()),
        ]
    }
}

impl Names {
    fn line(&self) -> String {
        [&self.dns_names, &self.ip_addresses, &self.other_names]
            .map(|names| names.as_slice())
            .concat()
            .join(", ")
    }
}

impl Usages {
    fn line(&self, path_length: Option<u32>) -> String {
        let mut words: Vec<String> =
            [&self.key_usages, &self.extended_usages].into_iter().flatten().flatten().cloned().collect();
        if self.is_authority {
            words.push("CA:TRUE".to_owned());
            words.extend(path_length.map(|length| format!("path length {length}")));
        }
        words.join(", ")
    }
}
