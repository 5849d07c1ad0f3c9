//! `kboot cert verify`

use anyhow::{Context, Result};
use kboot_core::inspect;
use kboot_core::shown::{json_as_yaml, to_json};
use kboot_core::x509::{Certificate, Verification, X509Error};
use kboot_core::{Env, PrivateKey};
use serde_json::json;

use super::{MAX_BYTES, usage};
use crate::Answer;
use crate::cli::{CertVerify, ListFormat};
use crate::output::escaped;
use crate::{input, output};

pub(super) fn run(arguments: &CertVerify) -> Result<Answer> {
    let read = |path| -> Result<Vec<Certificate>> {
        inspect::certificates(&input::bytes(path, MAX_BYTES)?).with_context(|| input::name(path))
    };
    let chain = read(&arguments.file)?;
    let authorities = read(&arguments.ca)?;
    let (certificate, intermediates) = chain.split_first().ok_or(X509Error::NoCertificate)?;
    let mut verification = Verification::new(&authorities, Env::system().now());
    verification.intermediates = intermediates;
    verification.usage = usage(&arguments.usages);
    verification.name = arguments.name.clone();
    let objection = verification.objection(certificate).with_context(|| input::name(&arguments.file))?;
    let mut objection = objection.map(|failure| failure.to_string());
    let facts = certificate.facts();
    if let Some(file) = &arguments.key {
        let pem = input::secret(file, MAX_BYTES)?;
        let key = PrivateKey::from_pem(pem.expose_secret()).with_context(|| input::name(file))?;
        if facts.public_key != *key.public_key() {
            let mismatch = || format!("the private key {} does not belong to it", input::name(file));
            objection = objection.or_else(|| Some(mismatch()));
        }
    }
    let path = input::name(&arguments.file);
    let answer =
        json!({"path": path, "subject": facts.subject, "valid": objection.is_none(), "reason": objection});
    let text = match (arguments.output, &objection) {
        (ListFormat::Json, _) => to_json(&answer)?,
        (ListFormat::Yaml, _) => json_as_yaml(&answer.to_string()).into_owned() + "\n",
        (ListFormat::Table, None) => format!("{path}: valid until {}\n", facts.validity.not_after),
        (ListFormat::Table, Some(reason)) => escaped(&format!("{path}: not valid: {reason}")) + "\n",
    };
    match output::data(text.as_bytes()) {
        Err(error) if !output::is_closed_pipe(&error) => return Err(error),
        _ => {}
    }
    Ok(if objection.is_none() { Answer::Yes } else { Answer::No })
}
