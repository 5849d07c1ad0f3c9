//! `kboot csr explain`

use std::io::{IsTerminal, stdout};
use std::mem::replace;

use anyhow::{Result, bail};
use kboot_core::Env;
use kboot_core::csr::{CertificateSigningRequest, CsrError};
use kboot_core::policy::explain::{self, Tone};
use kboot_core::policy::{
    Answer as Said, Clause, Decision, Explanation, PolicyContext, Reason, Rule, Verdict,
};
use serde_json::{Value, json};

use super::facts::{Known, Loaded};
use super::requests;
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
            match decide(object, &loaded, &known, &mut context) {
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

fn decide<'a>(
    object: Result<CertificateSigningRequest, CsrError>,
    loaded: &'a Loaded,
    known: &Known,
    context: &mut PolicyContext<'_>,
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
            self.object.stage().as_str(),
            self.decision.verdict().as_str(),
            self.decision.reason().as_str(),
        ])
    }

    fn explanation(&self) -> Explanation<'_> {
        let explanation = Explanation::new(&self.object, &self.decision);
        match self.loaded.preset {
            Some(preset) => explanation.with_preset(preset),
            None => explanation,
        }
    }

    fn tree(&self, colours: Colours) -> String {
        self.explanation().tree(&self.loaded.name, &|tone, text| colours.paint(tone, text))
    }

    fn value(&self) -> Value {
        let word = |answer| match answer {
            Said::Yes => "yes",
            Said::No => "no",
            Said::Unknown => "unknown",
        };
        let clause = |clause: Clause<'_>| {
            json!({
                "rule": clause.rule().map(Rule::name),
                "name": clause.subject().as_str(),
                "saw": clause.to_string(),
                "answer": word(clause.answer()),
                "code": clause.reason().map(Reason::as_str),
            })
        };
        let request = self.object.request().ok();
        let code = self.decision.reason();
        json!({
            "name": self.object.name(),
            "signerName": self.object.signer_name(),
            "username": self.object.requestor().username,
            "groups": self.object.requestor().groups,
            "usages": self.object.usages(),
            "commonNames": request.map(|request| request.common_names().collect::<Vec<_>>()),
            "organizations": request.map(|request| request.organizations().collect::<Vec<_>>()),
            "alternativeNames": request.map(explain::names),
            "state": explain::state(&self.object),
            "stage": self.object.stage().as_str(),
            "final": self.object.stage().is_final(),
            "decision": self.decision.verdict().as_str(),
            "code": code.as_str(),
            "message": self.decision.message(),
            "meaning": code.message(),
            "reason": self.decision.summary(),
            "advice": self.explanation().what_to_do(),
            "trace": self.decision.trace().clauses().map(clause).collect::<Vec<_>>(),
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

    fn paint(self, tone: Tone, text: &str) -> String {
        let colour = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Open => "33",
        };
        if self.0 { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
