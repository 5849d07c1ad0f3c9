//! `kboot cert inspect`

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use kboot_core::inspect::{Found, Item};
use kboot_core::shown::to_json;
use kboot_core::x509::{
    Certificate, CertificateFacts, CertificateRequest, ExtendedKeyUsage, ExtensionContent, GeneralName,
    KeyUsage, SignatureCheck, spki_pin,
};
use serde_json::{Value, json};

use super::files;
use crate::cli::ListFormat;
use crate::output::escaped;
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
    let mut list = Vec::new();
    for (path, found) in &all {
        let mut entry = describe(&found.item, &all, path)?;
        if let Value::Object(fields) = &mut entry {
            fields.insert("path".to_owned(), input::name(path).into());
            fields.insert("place".to_owned(), found.place.as_str().into());
        }
        list.push(entry);
    }
    let text = match format {
        ListFormat::Table => output::visible(&list.iter().map(block).collect::<Vec<_>>().join("\n")),
        ListFormat::Json => to_json(&list)?,
        ListFormat::Yaml => output::yaml_lines(&list),
    };
    output::data(text.as_bytes())?;
    problems.iter().for_each(|problem| output::tell(&format!("warning: {problem}")));
    match problems.len() {
        0 => Ok(()),
        count => bail!("{count} could not be read"),
    }
}

fn describe(item: &Item, all: &[(PathBuf, Found)], path: &Path) -> Result<Value> {
    Ok(match item {
        Item::Certificate(certificate) => of_certificate(certificate, certificate.facts()),
        Item::Request(request) => of_request(request),
        Item::PrivateKey { algorithm, public_key_der } => {
            let owner = all
                .iter()
                .filter(|(other, _)| other == path)
                .filter_map(|(_, found)| match &found.item {
                    Item::Certificate(certificate) => Some(certificate.facts()),
                    _ => None,
                })
                .find(|facts| {
                    !public_key_der.is_empty() && facts.public_key.der() == public_key_der.as_slice()
                });
            json!({
                "kind": "PrivateKey",
                "key": algorithm.map_or_else(|| "of a kind that kboot does not use".to_owned(), |a| a.to_string()),
                "pin": if public_key_der.is_empty() { None } else { Some(spki_pin(public_key_der)) },
                "belongsTo": owner.map(|facts| &facts.subject),
            })
        }
        Item::PublicKey { public_key_der } => json!({"kind": "PublicKey", "pin": spki_pin(public_key_der)}),
        Item::Reference { path } => json!({"kind": "Reference", "file": path}),
        _ => json!({"kind": "Unknown"}),
    })
}

fn of_certificate(certificate: &Certificate, facts: &CertificateFacts) -> Value {
    json!({
        "kind": "Certificate",
        "subject": facts.subject,
        "commonName": facts.common_name,
        "organizations": facts.organizations,
        "issuer": facts.issuer,
        "notBefore": facts.validity.not_before.to_string(),
        "notAfter": facts.validity.not_after.to_string(),
        "dnsNames": facts.alt_names.dns(),
        "ipAddresses": facts.alt_names.ips(),
        "otherNames": facts.other_names,
        "keyUsages": facts.key_usages.map(KeyUsage::to_words),
        "extendedUsages": facts.extended_usages.as_deref().map(texts),
        "isAuthority": facts.is_authority,
        "pathLength": facts.path_length,
        "key": facts.public_key.kind().to_string(),
        "serial": facts.serial_hex(),
        "fingerprint": format!("sha256:{}", certificate.fingerprint()),
        "pin": facts.public_key.pin(),
        "uses": facts.uses(),
    })
}

fn texts(usages: &[ExtendedKeyUsage]) -> Vec<String> {
    usages.iter().map(ToString::to_string).collect()
}

fn of_request(request: &CertificateRequest) -> Value {
    let names = |wanted: fn(&GeneralName) -> Option<String>| -> Vec<String> {
        request.alternative_names().filter_map(wanted).collect()
    };
    let (mut key_usages, mut extended_usages, mut is_authority) =
        (None::<Vec<&str>>, None::<Vec<String>>, false);
    let mut oddities: Vec<String> = request.anomalies().iter().map(ToString::to_string).collect();
    for (i, extension) in request.extensions().iter().enumerate() {
        if request.extensions().iter().take(i).any(|earlier| earlier.oid == extension.oid) {
            oddities.push(format!("the extension {} stands there twice", extension.oid));
        }
        match &extension.content {
            ExtensionContent::KeyUsages(usages) => key_usages.get_or_insert_default().extend(usages.words()),
            ExtensionContent::ExtendedKeyUsages(usages) => {
                extended_usages.get_or_insert_default().extend(texts(usages));
            }
            ExtensionContent::BasicConstraints { is_authority: asks } => is_authority |= asks,
            ExtensionContent::Malformed => {
                oddities.push(format!("the extension {} is malformed", extension.oid));
            }
            _ => {}
        }
    }
    json!({
        "kind": "CertificateRequest",
        "subject": request.subject().to_string(),
        "commonName": request.common_names().last().unwrap_or_default(),
        "organizations": request.organizations().collect::<Vec<_>>(),
        "dnsNames": names(|name| match name {
            GeneralName::Dns(name) => Some(name.clone()),
            _ => None,
        }),
        "ipAddresses": names(|name| match name {
            GeneralName::Ip(address) => Some(address.to_string()),
            _ => None,
        }),
        "otherNames": names(|name| match name {
            GeneralName::Dns(_) | GeneralName::Ip(_) => None,
            other => Some(other.to_string()),
        }),
        "keyUsages": key_usages,
        "extendedUsages": extended_usages,
        "isAuthority": is_authority,
        "key": request.public_key().kind().to_string(),
        "pin": request.public_key().pin(),
        "attributes": request.attributes().iter().map(|attribute| attribute.oid.to_string()).collect::<Vec<_>>(),
        "isSigned": request.signature() == SignatureCheck::Valid,
        "signature": request.signature().as_str(),
        "oddities": oddities,
    })
}

/// An entry for people: where it stands, then a line for each thing that it says.
fn block(entry: &Value) -> String {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let list = |name: &str| {
        let values = entry.get(name).and_then(Value::as_array)?;
        let values = values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
        Some(values).filter(|values| !values.is_empty())
    };
    let one = |name: &str| Some(text(name).to_owned()).filter(|text| !text.is_empty());
    let names: Vec<String> = ["dnsNames", "ipAddresses", "otherNames"].into_iter().filter_map(list).collect();
    let mut usages: Vec<String> = ["keyUsages", "extendedUsages"].into_iter().filter_map(list).collect();
    if entry.get("isAuthority") == Some(&Value::Bool(true)) {
        let length = entry.get("pathLength").and_then(Value::as_u64);
        usages.push(
            length.map_or_else(|| "CA:TRUE".to_owned(), |length| format!("CA:TRUE, path length {length}")),
        );
    }
    let joined = |texts: Vec<String>| Some(texts.join(", ")).filter(|text| !text.is_empty());
    let lines = [
        ("subject", one("subject")),
        ("groups", list("organizations")),
        ("names", joined(names)),
        ("usages", joined(usages)),
        (
            "good for",
            entry
                .get("uses")
                .and_then(Value::as_array)
                .map(|uses| uses.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")),
        ),
        ("valid", one("notAfter").map(|end| format!("{} to {end}", text("notBefore")))),
        ("issuer", one("issuer")),
        ("key", one("key")),
        ("belongs to", one("belongsTo")),
        ("file", one("file")),
        (
            "signed",
            one("signature").map(|word| match word.as_str() {
                "right" => "by its own key".to_owned(),
                word => format!("NOT proven to be by its own key: {word}"),
            }),
        ),
        ("odd", list("oddities")),
        ("attributes", list("attributes")),
        ("serial", one("serial")),
        ("SHA-256", one("fingerprint")),
        ("pin", one("pin")),
    ];
    let kind = match text("kind") {
        "Certificate" => "certificate",
        "CertificateRequest" => "certificate request",
        "PrivateKey" => "private key",
        "PublicKey" => "public key",
        _ => "names another file",
    };
    let place = [text("path"), text("place")].join(" ");
    let mut block = format!("{}: {kind}\n", escaped(place.trim_end()));
    for (name, value) in lines {
        if let Some(value) = value {
            let _ = writeln!(block, "  {name:<11}{}", escaped(&value));
        }
    }
    block
}
