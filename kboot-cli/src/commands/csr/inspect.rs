//! `kboot csr inspect`

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use kboot_core::csr::{self, CertificateSigningRequest, Condition, RequestInFile};
use kboot_core::shown::hex;
use kboot_core::x509::{
    AttributeTypeAndValue, CertificateRequest, EncodingAnomaly, ExtensionContent, GeneralName, Pin,
    RelativeDistinguishedName, RequestAttribute, RequestError, RequestedExtension, SignatureCheck,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{MAX_BYTES, in_file};
use crate::Answer;
use crate::cli::CsrInspect;
use crate::commands::shapes;
use crate::output::{Page, Report, Table, Text, Tone};
use crate::{input, output};

pub(super) fn run(arguments: &CsrInspect) -> Result<Answer> {
    let mut requests = Vec::new();
    for path in &arguments.files {
        let bytes = input::bytes(path, MAX_BYTES)?;
        let found = csr::read(&bytes).map_err(|error| in_file(path, &error))?;
        if found.is_empty() {
            bail!("{} is a list without a request", input::name(path));
        }
        requests.extend(found.iter().map(|found| Entry::new(input::name(path), found)));
    }
    let requests = Requests(requests);
    let damaged = requests.0.iter().filter_map(|entry| Some((entry, entry.error.as_ref()?)));
    for (entry, error) in damaged.clone() {
        let place = entry.object.as_ref().map(|object| format!(" {:?}", object.name)).unwrap_or_default();
        output::error(&anyhow!("{}{place}: {} ({})", entry.file, error.reason, error.code));
    }
    output::report(arguments.output, &requests)?;
    match damaged.count() {
        0 => Ok(Answer::Yes),
        1 => bail!("a request is damaged"),
        count => bail!("{count} requests are damaged"),
    }
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Requests(Vec<Entry>);

impl Report for Requests {
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

/// A request, and what the API says around it.
#[derive(JsonSchema, Serialize)]
struct Entry {
    file: String,
    object: Option<Object>,
    request: Option<Request>,
    error: Option<Damage>,
}

#[derive(JsonSchema, Serialize)]
struct Damage {
    code: &'static str,
    reason: String,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    name: String,
    created: Option<String>,
    signer_name: String,
    requestor: Sender,
    usages: Vec<String>,
    expiration_seconds: Option<i64>,
    #[schemars(with = "Vec<shapes::Condition>")]
    conditions: Vec<Condition>,
    has_certificate: bool,
}

#[derive(JsonSchema, Serialize)]
struct Sender {
    username: String,
    uid: String,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    subject: String,
    subject_names: Vec<Vec<SubjectAttribute>>,
    alternative_names: Vec<Name>,
    extensions: Vec<Extension>,
    attributes: Vec<Attribute>,
    key: String,
    #[schemars(with = "String")]
    pin: Pin,
    signature: &'static str,
    oddities: Vec<Oddity>,
    /// Whether its signature is right, in a sentence.
    #[serde(skip)]
    signed: String,
    #[serde(skip)]
    is_signed: bool,
}

#[derive(JsonSchema, Serialize)]
struct SubjectAttribute {
    oid: String,
    label: String,
    text: Option<String>,
    der: String,
}

#[derive(JsonSchema, Serialize)]
struct Name {
    kind: &'static str,
    name: String,
    #[serde(skip)]
    line: String,
}

#[derive(JsonSchema, Serialize)]
struct Extension {
    oid: String,
    name: Option<&'static str>,
    critical: bool,
    understood: bool,
    says: String,
    der: String,
    /// What it says, without what stands elsewhere.
    #[serde(skip)]
    summary: String,
}

#[derive(JsonSchema, Serialize)]
struct Attribute {
    oid: String,
    name: Option<&'static str>,
    values: Vec<String>,
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
struct Oddity {
    code: &'static str,
    #[serde(skip)]
    line: String,
}

impl Entry {
    fn new(file: String, found: &RequestInFile) -> Self {
        let (object, request) = match found {
            RequestInFile::Object(object) => (Some(&**object), object.request()),
            RequestInFile::Bare(request) => (None, Ok(&**request)),
        };
        let damage = |error: &RequestError| Damage { code: error.code(), reason: error.to_string() };
        Self {
            file,
            object: object.map(Object::new),
            request: request.ok().map(Request::new),
            error: request.err().map(damage),
        }
    }

    /// Where it stands, then a line for each fact.
    fn put_on(&self, page: &mut Page) {
        let name = self.object.as_ref().map(|object| object.name.as_str()).filter(|name| !name.is_empty());
        page.line(name.map_or_else(|| self.file.clone(), |name| format!("{}: {name}", self.file)));
        let mut facts = Table::facts(12);
        if let Some(object) = &self.object {
            object.put_in(&mut facts);
        }
        if let Some(request) = &self.request {
            request.put_in(&mut facts);
        }
        if let Some(error) = &self.error {
            let line = Tone::Bad.text("DAMAGED").then(format!(": {} ({})", error.reason, error.code));
            facts.row(["request".into(), line]);
        }
        page.table(facts);
    }
}

impl Object {
    fn new(object: &CertificateSigningRequest) -> Self {
        let requestor = object.requestor();
        Self {
            name: object.name().to_owned(),
            created: object.created().map(|time| time.to_string()),
            signer_name: object.signer_name().to_owned(),
            requestor: Sender {
                username: requestor.username.clone(),
                uid: requestor.uid.clone(),
                groups: requestor.groups.clone(),
                extra: requestor.extra.clone(),
            },
            usages: object.usages().to_vec(),
            expiration_seconds: object.expiration_seconds(),
            conditions: object.conditions().to_vec(),
            has_certificate: object.certificate().is_some(),
        }
    }

    fn put_in(&self, facts: &mut Table) {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        let sender = &self.requestor;
        fact(facts, "signer", or(&self.signer_name, "none"));
        fact(facts, "requestor", or(&sender.username, "not known"));
        if !sender.uid.is_empty() {
            fact(facts, "uid", sender.uid.as_str());
        }
        fact(facts, "in groups", or(&sender.groups.join(", "), "none"));
        for (key, values) in &sender.extra {
            fact(facts, "extra", format!("{key}: {}", values.join(", ")));
        }
        fact(facts, "usages", or(&self.usages.join(", "), "none"));
        let not_stated = || "not stated: as long as the signer gives".to_owned();
        let expiration = self.expiration_seconds.map(|seconds| format!("{seconds} s"));
        fact(facts, "expiration", expiration.unwrap_or_else(not_stated));
        if let Some(created) = &self.created {
            fact(facts, "created", created.as_str());
        }
        for condition in &self.conditions {
            fact(facts, "condition", in_words(condition));
        }
        fact(facts, "certificate", if self.has_certificate { "issued" } else { "none" });
    }
}

fn fact(facts: &mut Table, name: &str, text: impl Into<Text>) {
    facts.row([name.into(), text.into()]);
}

fn in_words(condition: &Condition) -> String {
    let Condition { kind, reason, message, last_update_time, .. } = condition;
    let time = last_update_time.as_deref().unwrap_or_default();
    [kind.as_str(), reason, message, time]
        .iter()
        .filter(|text| !text.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(", ")
}

impl Request {
    fn new(request: &CertificateRequest) -> Self {
        let attributes =
            |names: &RelativeDistinguishedName| names.iter().map(SubjectAttribute::new).collect::<Vec<_>>();
        Self {
            subject: request.subject().to_string(),
            subject_names: request.subject().relative_names().iter().map(attributes).collect(),
            alternative_names: request.alternative_names().map(Name::new).collect(),
            extensions: request.extensions().iter().map(Extension::new).collect(),
            attributes: request.attributes().iter().map(Attribute::new).collect(),
            key: request.public_key().kind().to_string(),
            pin: request.public_key().pin(),
            signature: request.signature().as_str(),
            oddities: request.anomalies().iter().map(Oddity::new).collect(),
            signed: request.signature().to_string(),
            is_signed: request.signature() == SignatureCheck::Valid,
        }
    }

    fn put_in(&self, facts: &mut Table) {
        fact(facts, "subject", self.subject.as_str());
        for name in &self.alternative_names {
            fact(facts, "name", name.line.as_str());
        }
        for Extension { oid, name, critical, summary, .. } in &self.extensions {
            let critical = if *critical { ", critical" } else { "" };
            let title = name.map_or_else(|| oid.clone(), |name| format!("{name} ({oid})"));
            fact(facts, "extension", format!("{title}{critical}: {summary}"));
        }
        let of_extensions = RequestAttribute::EXTENSION_REQUEST.to_string();
        let others = |one: &&Attribute| one.oid != of_extensions;
        for Attribute { oid, name, .. } in self.attributes.iter().filter(others) {
            fact(facts, "attribute", format!("{oid} ({})", name.unwrap_or("not known to kboot")));
        }
        fact(facts, "key", self.key.as_str());
        fact(facts, "pin", self.pin.to_string());
        let signed = self.signed.as_str();
        fact(facts, "signed", if self.is_signed { signed.into() } else { Tone::Bad.text(signed) });
        for Oddity { code, line } in &self.oddities {
            fact(facts, "odd", format!("{line} ({code})"));
        }
    }
}

impl SubjectAttribute {
    fn new(attribute: &AttributeTypeAndValue) -> Self {
        Self {
            oid: attribute.oid.to_string(),
            label: attribute.label(),
            text: attribute.text.clone(),
            der: hex(&attribute.value),
        }
    }
}

impl Name {
    fn new(name: &GeneralName) -> Self {
        let line = name.to_string();
        let text = line.split_once(':').map_or("", |(_, name)| name).to_owned();
        Self { kind: name.kind(), name: text, line }
    }
}

impl Extension {
    fn new(extension: &RequestedExtension) -> Self {
        let says = said(extension);
        Self {
            oid: extension.oid.to_string(),
            name: extension.name(),
            critical: extension.critical,
            understood: is_understood(extension),
            der: hex(&extension.value),
            summary: match &extension.content {
                ExtensionContent::AlternativeNames(names) => format!("{} names", names.len()),
                _ => says.clone(),
            },
            says,
        }
    }
}

impl Attribute {
    fn new(attribute: &RequestAttribute) -> Self {
        Self {
            oid: attribute.oid.to_string(),
            name: attribute.name(),
            values: attribute.values.iter().map(hex).collect(),
        }
    }
}

impl Oddity {
    fn new(oddity: &EncodingAnomaly) -> Self {
        Self { code: oddity.as_str(), line: oddity.to_string() }
    }
}

fn is_understood(extension: &RequestedExtension) -> bool {
    !matches!(extension.content, ExtensionContent::Unknown | ExtensionContent::Malformed)
}

/// What an extension says, on one line.
fn said(extension: &RequestedExtension) -> String {
    match &extension.content {
        ExtensionContent::AlternativeNames(names) => {
            names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        ExtensionContent::KeyUsages(usages) => usages.to_string(),
        ExtensionContent::ExtendedKeyUsages(usages) => {
            usages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        ExtensionContent::BasicConstraints { is_authority: true } => "CA:TRUE".to_owned(),
        ExtensionContent::BasicConstraints { is_authority: false } => "CA:FALSE".to_owned(),
        ExtensionContent::SubjectKeyIdentifier => hex(&extension.value),
        ExtensionContent::Unknown => "not understood".to_owned(),
        ExtensionContent::Malformed => "MALFORMED".to_owned(),
    }
}
