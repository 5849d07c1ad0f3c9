//! `kboot csr sign`

use anyhow::{Context as _, Result, bail};
use kboot_core::Env;
use kboot_core::cluster::CaRole;
use kboot_core::csr::{self, CertificateSigningRequest, RequestInFile, Stage};
use kboot_core::policy::{Decision, Verdict};

use super::facts::{Known, Loaded};
use super::{MAX_BYTES, check_new, in_file, requests};
use crate::Answer;
use crate::cli::{CsrSign, SignedFormat};
use crate::commands::authority;
use crate::{input, output};
use kboot_core::shown::to_json;

pub(super) fn run(arguments: &CsrSign) -> Result<Answer> {
    check_new(arguments.out.as_deref())?;
    if arguments
        .approve_as
        .as_deref()
        .is_some_and(|name| name.trim().is_empty() || name.chars().any(char::is_control))
    {
        bail!("--approve-as: say who takes the decision, on one line");
    }
    let mut env = Env::system();
    let known = Known::read(&arguments.facts)?;
    let loaded = Loaded::choose(&arguments.policy, known.inventory.as_ref())?;
    let object = object(arguments)?;
    if let Some(problem) = ended(&object) {
        output::tell(problem);
        return Ok(Answer::No);
    }
    let authority = authority::load(&arguments.ca, CaRole::Cluster, &env)?;
    let mut context = loaded.context(&known, env.now());
    // A file may say when its facts were true; what is signed is signed now.
    context.now = env.now();
    context.signer_lifetime = arguments.max_lifetime;
    context.set_authority(authority.certificate())?;
    // The history is of the other requests. Of one that claims to be decided already it keeps the count, since
    // a condition in a file proves nothing.
    if let Some(history) =
        context.history.as_mut().filter(|_| object.is_pending() && known.document.lists(&object))
    {
        history.remove(&object);
    }
    known.begin_request();
    let decision = loaded.policy.evaluate(&object, &context);
    let by_rule = decision.verdict() == Verdict::Approve;
    let decision = match &arguments.approve_as {
        Some(person) if !by_rule => decision.approve_as(person),
        _ => decision,
    };
    let (verdict, code, message) = (decision.verdict(), decision.reason(), decision.message());
    let shown = output::escaped(message.trim_end_matches(&format!(" ({code})")));
    match (by_rule, verdict) {
        (false, Verdict::Approve) => output::tell(&format!("approve: {shown}")),
        _ => output::tell(&format!("{} ({code}): {shown}", verdict.as_str())),
    }
    let condition = decision.condition(env.now());
    let approved = match decision {
        Decision::Approve(approved) => approved,
        refused => {
            output::tell(code.hint());
            if refused.approve_as("anybody").verdict() == Verdict::Approve {
                output::tell("a person may approve it: --approve-as NAME");
            }
            return Ok(Answer::No);
        }
    };
    let certificate = authority
        .sign(&approved, arguments.max_lifetime, &mut env)
        .with_context(|| format!("--ca {}", input::name(&arguments.ca)))?;
    let signed = || match condition {
        Some(condition) => object.with_condition(condition).with_certificate(&certificate),
        None => object.with_certificate(&certificate),
    };
    let text = match arguments.output {
        SignedFormat::Pem => certificate.to_pem(),
        SignedFormat::Yaml => signed().to_yaml()?,
        SignedFormat::Json => to_json(&signed())?,
    };
    output::public(arguments.out.as_deref(), &text)?;
    let facts = certificate.facts();
    let uses = facts.uses().join("; ");
    let names: Vec<String> = [facts.alt_names.to_string()]
        .into_iter()
        .chain(facts.other_names.iter().cloned())
        .filter(|names| !names.is_empty())
        .collect();
    // A server's use names them.
    let names = match output::escaped(&names.join(", ")) {
        names if uses.contains(&names) => String::new(),
        names => format!("; with the names {names}"),
    };
    output::tell(&format!(
        "{}: {uses}{names}, until {}",
        output::escaped(&facts.subject),
        facts.validity.not_after
    ));
    Ok(Answer::Yes)
}

/// The one request of the file, with what the command line adds.
fn object(arguments: &CsrSign) -> Result<CertificateSigningRequest> {
    let file = &arguments.file;
    let bytes = input::bytes(file, MAX_BYTES)?;
    let mut found = csr::read(&bytes).map_err(|error| in_file(file, &error))?;
    let (Some(request), true) = (found.pop(), found.is_empty()) else {
        bail!("{} holds {} requests: sign one at a time", input::name(file), found.len().saturating_add(1));
    };
    let fields = &arguments.object;
    let object = match request {
        RequestInFile::Object(object) => *object,
        RequestInFile::Bare(request) => {
            // The text as it came, so that what is odd about it is judged.
            let is_text = std::str::from_utf8(&bytes).is_ok();
            let pem = if is_text { bytes } else { request.to_pem().into_bytes() };
            return requests::bare(&pem, fields).with_context(|| input::name(file));
        }
    };
    requests::check_for_object(file, fields)?;
    requests::sent_by(file, object, fields)
}

/// Why nothing is to be signed any more.
fn ended(object: &CertificateSigningRequest) -> Option<&'static str> {
    match object.stage() {
        Stage::Denied => Some("it was denied, which is final; its sender must send another request"),
        Stage::Failed => Some("its signer failed it, which is final; its sender must send another request"),
        Stage::Issued => Some("it has its certificate already (status.certificate)"),
        Stage::Pending | Stage::Approved => None,
    }
}
