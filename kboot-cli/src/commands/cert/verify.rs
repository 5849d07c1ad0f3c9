//! `kboot cert verify`

use anyhow::{Context, Result};
use kboot_core::inspect;
use kboot_core::time::Timestamp;
use kboot_core::x509::{Certificate, Verification, X509Error};
use kboot_core::{Env, PrivateKey};
use schemars::JsonSchema;
use serde::Serialize;

use super::{MAX_BYTES, usage};
use crate::Answer;
use crate::cli::CertVerify;
use crate::output::{Layout, Page, Report, Text, Tone};
use crate::{input, output};

pub(super) fn run(arguments: &CertVerify) -> Result<Answer> {
    let read = |path| -> Result<Vec<Certificate>> {
        inspect::certificates(&input::bytes(path, MAX_BYTES)?).with_context(|| input::name(path))
    };
    let chain = read(&arguments.file)?;
    let authorities = read(&arguments.certificate_authority)?;
    let (certificate, intermediates) = chain.split_first().ok_or(X509Error::NoCertificate)?;
    let mut verification = Verification::new(&authorities, Env::system().now());
    verification.intermediates = intermediates;
    verification.usage = usage(&arguments.usages);
    verification.name = arguments.server_name.clone();
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
    let verified = Verified {
        file: input::name(&arguments.file),
        subject: facts.subject.clone(),
        valid: objection.is_none(),
        reason: objection,
        until: facts.validity.not_after,
    };
    output::report(arguments.output, &verified)?;
    Ok(if verified.valid { Answer::Yes } else { Answer::No })
}

#[derive(JsonSchema, Serialize)]
pub(in crate::commands) struct Verified {
    file: String,
    subject: String,
    valid: bool,
    reason: Option<String>,
    #[serde(skip)]
    until: Timestamp,
}

impl Report for Verified {
    const LAYOUT: Layout = Layout::Lines;

    fn page(&self) -> Page {
        let line = Text::from(format!("{}: ", self.file));
        let line = match &self.reason {
            None => line.then(Tone::Good.text("valid")).then(format!(" until {}", self.until)),
            Some(reason) => line.then(Tone::Bad.text("not valid")).then(format!(": {reason}")),
        };
        Page::from_iter([line])
    }
}
