//! `kboot csr explain`

use std::fmt::Write as _;
use std::io::{IsTerminal, stdout};
use std::mem::replace;

use anyhow::{Result, bail};
use kboot_core::Env;
use kboot_core::csr::{CertificateSigningRequest, CsrError, Stage};
use kboot_core::policy::{Answer as Said, Clause, Context, Decision, Verdict};
use serde_json::{Value, json};

use super::facts::{Known, Loaded};
use super::{advice, requests, shown};
use crate::Answer;
use crate::cli::{CsrExplain, ExplainFormat, ListFormat};
use crate::{input, output};

pub(super) fn run(arguments: &CsrExplain) -> Result<Answer> {
    let known = Known::read(&arguments.facts)?;
    let loaded = Loaded::choose(&arguments.policy, known.inventory.as_ref())?;
    let mut context = loaded.context(&known, Env::system().now());
    let mut report = Report::new(arguments.output);
    for file in &arguments.files {
        requests::each(file, &arguments.object, |index, object| {
            known.begin_request();
            match explain(object, &loaded, &known, &mut context) {
                Ok(one) => report.add(one),
                Err(error) => {
                    report.unreadable(&input::name(file), index, &error);
                    Ok(())
                }
            }
        })?;
    }
    report.end()
}

/// What is printed: whatever can be, as soon as it is known.
struct Report<'a> {
    form: Form<'a>,
    colours: Colours,
    total: u64,
    not_approved: u64,
    unreadable: u64,
}

enum Form<'a> {
    /// A tree for one request, a table for more: this is the first.
    ByNumber(Option<Box<Explained<'a>>>),
    Trees,
    Table,
    List(ListFormat, Vec<Value>),
}

impl<'a> Report<'a> {
    fn new(format: Option<ExplainFormat>) -> Self {
        let form = match format {
            None => Form::ByNumber(None),
            Some(ExplainFormat::Tree) => Form::Trees,
            Some(ExplainFormat::Table) => Form::Table,
            Some(ExplainFormat::Json) => Form::List(ListFormat::Json, Vec::new()),
            Some(ExplainFormat::Yaml) => Form::List(ListFormat::Yaml, Vec::new()),
        };
        Self { form, colours: Colours::wanted(), total: 0, not_approved: 0, unreadable: 0 }
    }

    fn add(&mut self, one: Explained<'a>) -> Result<()> {
        if let Form::ByNumber(only) = &mut self.form {
            let Some(first) = only.take() else {
                *only = Some(Box::new(one));
                return Ok(());
            };
            self.form = Form::Table;
            self.show(&first)?;
        }
        self.show(&one)
    }

    fn show(&mut self, one: &Explained<'a>) -> Result<()> {
        const HEADS: [&str; 6] = ["NAME", "SIGNER", "REQUESTOR", "STATE", "DECISION", "REASON"];
        let is_first = self.total == 0;
        self.total = self.total.saturating_add(1);
        if !one.is_approved() {
            self.not_approved = self.not_approved.saturating_add(1);
        }
        match &mut self.form {
            Form::Table => {
                let heads = if is_first { columns(HEADS) } else { String::new() };
                output::text(&format!("{heads}{}", one.row()))
            }
            Form::List(_, list) => {
                list.push(one.value());
                Ok(())
            }
            Form::Trees | Form::ByNumber(_) => output::text(&one.tree(self.colours)),
        }
    }

    fn unreadable(&mut self, file: &str, index: usize, error: &CsrError) {
        self.unreadable = self.unreadable.saturating_add(1);
        match &mut self.form {
            Form::List(_, list) => {
                list.push(json!({"file": file, "index": index, "error": error.to_string()}));
            }
            _ => output::tell(&format!("{file}: request {index}: {error}")),
        }
    }

    fn end(mut self) -> Result<Answer> {
        match replace(&mut self.form, Form::Trees) {
            Form::ByNumber(Some(only)) => self.show(&only)?,
            Form::List(format, list) => output::list(format, &Value::Array(list), "")?,
            Form::Table if self.not_approved > 0 => {
                let (some, all) = (self.not_approved, self.total);
                output::tell(&format!("{some} of {all} are not approved; -o tree says why"));
            }
            Form::Table | Form::Trees | Form::ByNumber(None) => {}
        }
        if self.unreadable > 0 {
            bail!("{} of the objects cannot be read", self.unreadable);
        }
        Ok(if self.not_approved > 0 { Answer::No } else { Answer::Yes })
    }
}

fn columns(cells: [&str; 6]) -> String {
    output::columns(cells, [28, 28, 36, 8, 8, 22]) + "\n"
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
    /// Whether the policy approves it, and nobody has refused it for good.
    fn is_approved(&self) -> bool {
        self.decision.verdict() == Verdict::Approve && !self.object.stage().is_refused()
    }

    fn row(&self) -> String {
        let signer = self.object.signer_name();
        columns([
            self.object.name(),
            signer.strip_prefix("kubernetes.io/").unwrap_or(signer),
            &self.object.requestor().username,
            self.object.stage().word(),
            self.decision.verdict().word(),
            self.decision.code().word(),
        ])
    }

    /// What is decided, or what there is nothing left to decide about.
    fn head(&self, colours: Colours) -> String {
        let (verdict, code, by) = (self.decision.verdict(), self.decision.code(), &self.loaded.name);
        let would_be =
            |stage: String| format!("{stage}\n│   by {by} it would be: {} ({code})", verdict.word());
        match (self.object.stage(), verdict) {
            (Stage::Pending, Verdict::Approve) => {
                format!("{} ({code}), by {by}", colours.paint("32", "APPROVE"))
            }
            (Stage::Pending, Verdict::Deny) => format!("{} ({code}), by {by}", colours.paint("31", "DENY")),
            (Stage::Pending, Verdict::Hold) => format!("{} ({code}), by {by}", colours.paint("33", "HOLD")),
            (Stage::Approved, _) => {
                would_be(format!("{}, and waits for its signer", colours.paint("32", "APPROVED")))
            }
            (Stage::Issued, _) => would_be(format!("{}, which is final", colours.paint("32", "ISSUED"))),
            (Stage::Failed, _) => would_be(format!("{}, which is final", colours.paint("31", "FAILED"))),
            (Stage::Denied, _) => would_be(format!("{}, which is final", colours.paint("31", "DENIED"))),
        }
    }

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
        let name = match self.object.name() {
            "" => "the request".to_owned(),
            name => shown(name),
        };
        let _ = writeln!(text, "{name}: {}", self.head(colours));
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
            "stage": self.object.stage().word(),
            "final": self.object.stage().is_final(),
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
