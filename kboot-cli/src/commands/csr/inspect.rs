//! `kboot csr inspect`

use std::fmt::Write;

use anyhow::{Result, bail};
use kboot_core::csr::{self, CertificateSigningRequest, Condition, RequestInFile};
use kboot_core::x509::{
    CertificateRequest, ExtensionContent, RelativeDistinguishedName, RequestAttribute, RequestError,
    RequestedExtension,
};
use serde_json::{Value, json};

use super::{MAX_BYTES, in_file};
use crate::Answer;
use crate::cli::CsrInspect;
use crate::{input, output};

pub(super) fn run(arguments: &CsrInspect) -> Result<Answer> {
    let mut list = Vec::new();
    let mut blocks = Vec::new();
    let mut damaged = 0_usize;
    for path in &arguments.files {
        let bytes = input::bytes(path, MAX_BYTES)?;
        let found = csr::read(&bytes).map_err(|error| in_file(path, &error))?;
        if found.is_empty() {
            bail!("{} is a list without a request", input::name(path));
        }
        for found in &found {
            let (object, request) = match found {
                RequestInFile::Object(object) => (Some(&**object), object.request()),
                RequestInFile::Bare(request) => (None, Ok(&**request)),
            };
            if let Err(error) = request {
                damaged = damaged.saturating_add(1);
                let place = object.map(|object| format!(" {:?}", object.name())).unwrap_or_default();
                output::tell(&format!("error: {}{place}: {error} ({})", input::name(path), error.code()));
            }
            list.push(described(&input::name(path), object, request));
            blocks.push(block(&input::name(path), object, request));
        }
    }
    output::list(arguments.output, &Value::Array(list), &blocks.join("\n"))?;
    match damaged {
        0 => Ok(Answer::Yes),
        1 => bail!("a request is damaged"),
        count => bail!("{count} requests are damaged"),
    }
}

fn described(
    path: &str,
    object: Option<&CertificateSigningRequest>,
    request: Result<&CertificateRequest, &RequestError>,
) -> Value {
    json!({
        "path": path,
        "object": object.map(of_object),
        "request": request.ok().map(of_request),
        "error": request.err().map(|error| json!({"code": error.code(), "message": error.to_string()})),
    })
}

fn of_object(object: &CertificateSigningRequest) -> Value {
    let requestor = object.requestor();
    json!({
        "name": object.name(),
        "created": object.created().map(|time| time.to_string()),
        "signerName": object.signer_name(),
        "requestor": {
            "username": requestor.username,
            "uid": requestor.uid,
            "groups": requestor.groups,
            "extra": requestor.extra,
        },
        "usages": object.usages(),
        "expirationSeconds": object.expiration_seconds(),
        "conditions": object.conditions(),
        "hasCertificate": object.certificate().is_some(),
    })
}

fn of_request(request: &CertificateRequest) -> Value {
    let attributes = |attributes: &RelativeDistinguishedName| {
        let each = attributes.iter().map(|attribute| {
            json!({
                "oid": attribute.oid.to_string(),
                "label": attribute.label(),
                "text": attribute.text,
                "der": hexadecimal(&attribute.value),
            })
        });
        each.collect::<Vec<_>>()
    };
    let extension = |extension: &RequestedExtension| {
        json!({
            "oid": extension.oid.to_string(),
            "name": extension.name(),
            "critical": extension.critical,
            "understood": is_understood(extension),
            "says": said(extension),
            "der": hexadecimal(&extension.value),
        })
    };
    let attribute = |attribute: &RequestAttribute| {
        let values = attribute.values.iter().map(|value| hexadecimal(value)).collect::<Vec<_>>();
        json!({"oid": attribute.oid.to_string(), "name": attribute.name(), "values": values})
    };
    json!({
        "subject": request.subject().to_string(),
        "subjectNames": request.subject().relative_names().iter().map(attributes).collect::<Vec<_>>(),
        "alternativeNames": request.alternative_names().map(|name| {
            let text = name.to_string();
            json!({"kind": name.kind(), "name": text.split_once(':').map_or("", |(_, name)| name)})
        }).collect::<Vec<_>>(),
        "extensions": request.extensions().iter().map(extension).collect::<Vec<_>>(),
        "attributes": request.attributes().iter().map(attribute).collect::<Vec<_>>(),
        "key": request.public_key().kind().to_string(),
        "pin": request.public_key().pin(),
        "signature": request.signature().as_str(),
        "oddities": request.anomalies().iter().map(|anomaly| anomaly.as_str()).collect::<Vec<_>>(),
    })
}

/// A request for people: where it stands, then a line for each fact.
fn block(
    path: &str,
    object: Option<&CertificateSigningRequest>,
    request: Result<&CertificateRequest, &RequestError>,
) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(object) = object {
        object_lines(object, &mut lines);
    }
    match request {
        Ok(request) => request_lines(request, &mut lines),
        Err(error) => lines.push(("request", format!("DAMAGED: {error} ({})", error.code()))),
    }
    let name = object.map(CertificateSigningRequest::name).filter(|name| !name.is_empty());
    let title = name.map_or_else(|| path.to_owned(), |name| format!("{path}: {name}"));
    let mut block = output::escaped(&title) + "\n";
    for (name, value) in lines {
        let _ = writeln!(block, "  {name:<12}{}", output::escaped(&value));
    }
    block
}

fn object_lines(object: &CertificateSigningRequest, lines: &mut Vec<(&str, String)>) {
    let requestor = object.requestor();
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    lines.push(("signer", or_none(object.signer_name().to_owned())));
    lines.push((
        "requestor",
        if requestor.username.is_empty() { "not known".to_owned() } else { requestor.username.clone() },
    ));
    if !requestor.uid.is_empty() {
        lines.push(("uid", requestor.uid.clone()));
    }
    lines.push(("in groups", or_none(requestor.groups.join(", "))));
    for (key, values) in &requestor.extra {
        lines.push(("extra", format!("{key}: {}", values.join(", "))));
    }
    lines.push(("usages", or_none(object.usages().join(", "))));
    lines.push((
        "expiration",
        object.expiration_seconds().map_or_else(
            || "not stated: as long as the signer gives".to_owned(),
            |seconds| format!("{seconds} s"),
        ),
    ));
    if let Some(created) = object.created() {
        lines.push(("created", created.to_string()));
    }
    lines.extend(object.conditions().iter().map(|condition| ("condition", in_words(condition))));
    let certificate = if object.certificate().is_some() { "issued" } else { "none" };
    lines.push(("certificate", certificate.to_owned()));
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

fn request_lines(request: &CertificateRequest, lines: &mut Vec<(&str, String)>) {
    lines.push(("subject", request.subject().to_string()));
    lines.extend(request.alternative_names().map(|name| ("name", name.to_string())));
    for extension in request.extensions() {
        let critical = if extension.critical { ", critical" } else { "" };
        let title = extension
            .name()
            .map_or_else(|| extension.oid.to_string(), |name| format!("{name} ({})", extension.oid));
        let said = match &extension.content {
            ExtensionContent::AlternativeNames(names) => format!("{} names", names.len()),
            _ => said(extension),
        };
        lines.push(("extension", format!("{title}{critical}: {said}")));
    }
    let others = request.attributes().iter().filter(|one| one.oid != RequestAttribute::EXTENSION_REQUEST);
    lines.extend(others.map(|attribute| {
        let name = attribute.name().unwrap_or("not known to kboot");
        ("attribute", format!("{} ({name})", attribute.oid))
    }));
    lines.push(("key", request.public_key().kind().to_string()));
    lines.push(("pin", request.public_key().pin()));
    lines.push(("signed", request.signature().to_string()));
    lines.extend(request.anomalies().iter().map(|odd| ("odd", format!("{odd} ({})", odd.as_str()))));
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
        ExtensionContent::SubjectKeyIdentifier => hexadecimal(&extension.value),
        ExtensionContent::Unknown => "not understood".to_owned(),
        ExtensionContent::Malformed => "MALFORMED".to_owned(),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
