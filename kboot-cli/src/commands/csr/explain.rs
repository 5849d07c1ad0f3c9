//! `kboot csr explain`

use std::fmt::Write as _;
use std::io::{IsTerminal, stdout};

use anyhow::{Result, bail};
use kboot_core::Env;
use kboot_core::csr::{CertificateSigningRequest, CsrError};
use kboot_core::policy::{Answer as Said, Clause, Context, Decision, Verdict};
use serde_json::{Value, json};

use super::facts::{Known, Loaded};
use super::{advice, requests, shown};
use crate::Answer;
use crate::cli::CsrExplain;
use crate::{input, output};

pub(super) fn run(arguments: &CsrExplain) -> Result<Answer> {
    let known = Known::read(&arguments.facts)?;
    let loaded = Loaded::choose(&arguments.policy, known.inventory.as_ref())?;
    let mut context = loaded.context(&known, Env::system().now());
    let colours = Colours::wanted();
    let format = arguments.output.of_list();
    let (mut all_approved, mut unreadable) = (true, 0_usize);
    let mut list = Vec::new();
    for file in &arguments.files {
        requests::each(file, &arguments.object, |index, object| {
            known.begin_request();
            let explained = explain(object, &loaded, &known, &mut context);
            match &explained {
                Ok(one) => all_approved &= one.decision.verdict() == Verdict::Approve,
                Err(_) => unreadable = unreadable.saturating_add(1),
            }
            match (format, explained) {
                (None, Ok(one)) => output::text(&one.tree(colours)),
                (None, Err(error)) => {
                    output::tell(&format!("{}: request {index}: {error}", input::name(file)));
                    Ok(())
                }
                (Some(_), Ok(one)) => {
                    list.push(one.value());
                    Ok(())
                }
                (Some(_), Err(error)) => {
                    list.push(json!({"index": index, "error": error.to_string()}));
                    Ok(())
                }
            }
        })?;
    }
    if let Some(format) = format {
        output::list(format, &Value::Array(list), "")?;
    }
    if unreadable > 0 {
        bail!("{unreadable} of the objects cannot be read");
    }
    Ok(if all_approved { Answer::Yes } else { Answer::No })
}

fn explain<'a>(
    object: Result<CertificateSigningRequest, CsrError>,
    loaded: &'a Loaded,
    known: &Known,
    context: &mut Context<'_>,
) -> Result<Explained<'a>, CsrError> {
    let object = object?;
    // The history is of the other requests.
    let is_listed = known.document.lists(&object);
    if let (true, Some(history)) = (is_listed, &mut context.history) {
        history.remove(&object);
    }
    let decision = loaded.policy.evaluate(&object, context);
    if let (true, Some(history)) = (is_listed, &mut context.history) {
        history.add(&object);
    }
    Ok(Explained { object, decision, loaded })
}

/// A decision with everything that is said about it.
struct Explained<'a> {
    object: CertificateSigningRequest,
    decision: Decision,
    loaded: &'a Loaded,
}

impl Explained<'_> {
    /// What the request asks for, as far as it can be read.
    fn wishes(&self) -> Vec<(&'static str, String)> {
        let requestor = self.object.requestor();
        let groups: Vec<String> = requestor.groups.iter().map(|group| shown(group)).collect();
        let mut wishes = vec![("signer", shown(self.object.signer_name()))];
        wishes.push((
            "sent by",
            match requestor.username.as_str() {
                "" => "nobody knows whom".to_owned(),
                user if groups.is_empty() => shown(user),
                user => format!("{}, in {}", shown(user), groups.join(", ")),
            },
        ));
        match self.object.request() {
            Err(error) => wishes.push(("asks for", error.to_string())),
            Ok(request) => {
                let subject = request.common_names().map(|name| ("CN", name));
                let subject = subject.chain(request.organizations().map(|name| ("O", name)));
                let subject: Vec<String> =
                    subject.map(|(kind, name)| format!("{kind}={}", shown(name))).collect();
                wishes.push(("asks for", subject.join(", ")));
                let names = advice::names(request);
                if !names.is_empty() {
                    wishes.push(("names", names.join(", ")));
                }
                wishes.push(("key", request.public_key().kind().to_string()));
            }
        }
        let usages: Vec<String> = self.object.usages().iter().map(|usage| shown(usage)).collect();
        wishes.push(("usages", usages.join(", ")));
        if let Some(seconds) = self.object.expiration_seconds() {
            wishes.push(("lifetime", format!("{seconds} seconds")));
        }
        if let Some(created) = self.object.created() {
            wishes.push(("created", created.to_string()));
        }
        wishes.push(("state", advice::state(&self.object)));
        wishes
    }

    fn tree(&self, colours: Colours) -> String {
        let mut text = String::new();
        let verdict = self.decision.verdict();
        let code = self.decision.code();
        let name = match self.object.name() {
            "" => "the request".to_owned(),
            name => shown(name),
        };
        let word = match verdict {
            Verdict::Approve => colours.paint("32", "APPROVE"),
            Verdict::Deny => colours.paint("31", "DENY"),
            Verdict::Hold => colours.paint("33", "HOLD"),
        };
        let _ = writeln!(text, "{name}: {word} ({code}), by {}", self.loaded.name);
        for (what, wish) in self.wishes() {
            let _ = writeln!(text, "│   {what:<9} {wish}");
        }
        let mut section: Option<Option<&str>> = None;
        for clause in self.decision.trace().clauses() {
            if clause.name == "outcome" {
                let _ = writeln!(text, "├── outcome: {}", clause.saw);
                continue;
            }
            if section != Some(clause.rule.as_deref()) {
                section = Some(clause.rule.as_deref());
                let _ = writeln!(text, "├── {}", self.heading(clause));
            }
            let code = clause.code.map(|code| format!("  [{code}]")).unwrap_or_default();
            let _ = writeln!(
                text,
                "│   {} {:<17} {}{code}",
                colours.mark(clause.answer),
                clause.name,
                clause.saw
            );
        }
        let _ = writeln!(text, "├── why");
        for line in advice::why(&self.decision) {
            let _ = writeln!(text, "│   {line}");
        }
        let _ = writeln!(text, "└── what to do");
        for line in advice::what_to_do(&self.object, &self.decision, self.loaded.preset) {
            let _ = writeln!(text, "    {line}");
        }
        text.push('\n');
        text
    }

    fn heading(&self, clause: &Clause) -> String {
        let Some(name) = &clause.rule else { return "floor: what no policy can lift".to_owned() };
        let rule = self.loaded.policy.rules().iter().find(|rule| rule.name() == name);
        let verdict = rule.map(|rule| rule.verdict().word()).unwrap_or_default();
        format!("rule {name}: {verdict}, if")
    }

    fn value(&self) -> Value {
        let word = |answer| match answer {
            Said::Yes => "yes",
            Said::No => "no",
            Said::Unknown => "unknown",
        };
        let clause = |clause: &Clause| {
            json!({
                "rule": clause.rule,
                "name": clause.name,
                "saw": clause.saw,
                "answer": word(clause.answer),
                "code": clause.code.map(|code| code.word()),
            })
        };
        let request = self.object.request().ok();
        let code = self.decision.code();
        json!({
            "name": self.object.name(),
            "signerName": self.object.signer_name(),
            "username": self.object.requestor().username,
            "groups": self.object.requestor().groups,
            "usages": self.object.usages(),
            "commonNames": request.map(|request| request.common_names().collect::<Vec<_>>()),
            "organizations": request.map(|request| request.organizations().collect::<Vec<_>>()),
            "alternativeNames": request.map(advice::names),
            "state": advice::state(&self.object),
            "decision": self.decision.verdict().word(),
            "code": code.word(),
            "message": self.decision.message(),
            "meaning": code.meaning(),
            "reason": self.decision.reason(),
            "advice": advice::what_to_do(&self.object, &self.decision, self.loaded.preset),
            "trace": self.decision.trace().clauses().iter().map(clause).collect::<Vec<_>>(),
        })
    }
}

/// Colours where a terminal wants them.
#[derive(Clone, Copy)]
struct Colours(bool);

impl Colours {
    fn wanted() -> Self {
        #[expect(clippy::disallowed_methods, reason = "whether colours are wanted (no-color.org)")]
        let are_unwanted = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
        Self(stdout().is_terminal() && !are_unwanted)
    }

    fn paint(self, colour: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn mark(self, answer: Said) -> String {
        match answer {
            Said::Yes => self.paint("32", "✓"),
            Said::No => self.paint("31", "✗"),
            Said::Unknown => self.paint("33", "?"),
        }
    }
}
