//! `kboot csr explain`

use std::borrow::Cow;
use std::mem::replace;

use anyhow::{Result, bail};
use kboot_core::Env;
use kboot_core::csr::{CertificateSigningRequest, CsrError};
use kboot_core::policy::explain::{self, TreeLine};
use kboot_core::policy::{Clause, Decision, Explanation, PolicyContext, Verdict};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use super::facts::{Known, Loaded};
use super::{asked, requests, streamed, tone};
use crate::Answer;
use crate::cli::{CsrExplain, ExplainFormat};
use crate::commands::shapes;
use crate::output::{ListFormat, Page, Report, Table, Text, Tone};
use crate::{input, output, program};

pub(super) fn run(arguments: &CsrExplain) -> Result<Answer> {
    let known = Known::read(&arguments.facts)?;
    let loaded = Loaded::choose(&arguments.policy, known.inventory.as_ref())?;
    let mut context = loaded.context(&known, Env::system().now());
    let mut answers = Answers::new(arguments.output);
    for file in &arguments.files {
        requests::each(file, &arguments.object, |index, object| {
            known.begin_request();
            match decide(object, &loaded, &known, &mut context) {
                Ok(one) => answers.add(one),
                Err(error) => {
                    answers.unreadable(&input::name(file), index, &error);
                    Ok(())
                }
            }
        })?;
    }
    answers.end()
}

/// What is printed: whatever can be, as soon as it is known.
struct Answers<'a> {
    form: Form<'a>,
    total: u64,
    not_approved: u64,
    unreadable: u64,
}

enum Form<'a> {
    /// A tree for one request, a table for more: this is the first.
    ByNumber(Option<Box<Explained<'a>>>),
    Trees,
    Table,
    List(ListFormat, Explanations<'a>),
}

impl<'a> Answers<'a> {
    fn new(format: Option<ExplainFormat>) -> Self {
        let form = match format {
            None => Form::ByNumber(None),
            Some(ExplainFormat::Tree) => Form::Trees,
            Some(ExplainFormat::List(format)) if format.is_for_people() => Form::Table,
            Some(ExplainFormat::List(format)) => Form::List(format, Explanations(Vec::new())),
        };
        Self { form, total: 0, not_approved: 0, unreadable: 0 }
    }

    fn add(&mut self, one: Explained<'a>) -> Result<()> {
        if let Form::ByNumber(only) = &mut self.form {
            let Some(first) = only.take() else {
                *only = Some(Box::new(one));
                return Ok(());
            };
            self.form = Form::Table;
            self.show(*first)?;
        }
        self.show(one)
    }

    fn show(&mut self, one: Explained<'a>) -> Result<()> {
        let is_first = self.total == 0;
        self.total = self.total.saturating_add(1);
        if !one.is_approved() {
            self.not_approved = self.not_approved.saturating_add(1);
        }
        match &mut self.form {
            Form::Table => {
                let mut table = if is_first { table() } else { table().continued() };
                table.row(one.row());
                output::page(table)
            }
            Form::List(_, list) => {
                list.0.push(Entry::Explained(Box::new(one)));
                Ok(())
            }
            Form::Trees | Form::ByNumber(_) => output::page(one.tree()),
        }
    }

    fn unreadable(&mut self, file: &str, index: usize, error: &CsrError) {
        self.unreadable = self.unreadable.saturating_add(1);
        match &mut self.form {
            Form::List(_, list) => {
                list.0.push(Entry::Unreadable { file: file.to_owned(), index, reason: error.to_string() })
            }
            _ => output::tell(&format!("{file}: request {index}: {error}")),
        }
    }

    fn end(mut self) -> Result<Answer> {
        match replace(&mut self.form, Form::Trees) {
            Form::ByNumber(Some(only)) => self.show(*only)?,
            Form::List(format, list) => output::report(format, &list)?,
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

fn table() -> Table {
    streamed([("NAME", 28), ("STATE", 8), ("DECISION", 8), ("REASON", 22)])
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Explanations<'a>(Vec<Entry<'a>>);

/// What an object of a file came to.
#[derive(JsonSchema, Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Explained(Box<Explained<'a>>),
    Unreadable { file: String, index: usize, reason: String },
}

impl Report for Explanations<'_> {
    fn page(&self) -> Page {
        let mut table = table();
        for entry in &self.0 {
            if let Entry::Explained(one) = entry {
                table.row(one.row());
            }
        }
        table.into()
    }
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

    fn row(&self) -> [Text; 5] {
        let verdict = self.decision.verdict();
        [
            self.object.name().into(),
            self.object.stage().as_str().into(),
            tone(verdict).text(verdict.as_str()),
            self.decision.reason().as_str().into(),
            asked(&self.object).into(),
        ]
    }

    fn explanation(&self) -> Explanation<'_> {
        let explanation = self.decision.explanation();
        match self.loaded.preset {
            Some(preset) => explanation.with_preset(preset),
            None => explanation,
        }
    }

    /// Trees stand apart from each other.
    fn tree(&self) -> Page {
        let lines = self.explanation().tree(&self.loaded.name);
        let mut page = Page::default();
        for line in lines {
            let hanging = line.hanging.clone();
            page.hanging(painted(line), &hanging);
        }
        page.line("");
        page
    }
}

fn painted(line: TreeLine) -> Text {
    let part = |(text, tone): (String, Option<explain::Tone>)| match tone {
        None => Text::from(program::advice(&text)),
        Some(explain::Tone::Good) => Tone::Good.text(&text),
        Some(explain::Tone::Bad) => Tone::Bad.text(&text),
        Some(explain::Tone::Open) => Tone::Doubtful.text(&text),
    };
    line.parts.into_iter().map(part).collect()
}

/// What programs read of it.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Everything<'a> {
    name: &'a str,
    signer_name: &'a str,
    username: &'a str,
    groups: &'a [String],
    usages: &'a [String],
    common_names: Option<Vec<&'a str>>,
    organizations: Option<Vec<&'a str>>,
    alternative_names: Option<Vec<String>>,
    state: String,
    stage: &'static str,
    #[serde(rename = "final")]
    is_final: bool,
    decision: &'static str,
    code: &'static str,
    message: String,
    meaning: &'static str,
    reason: String,
    advice: Vec<String>,
    #[schemars(with = "Vec<shapes::Clause>")]
    trace: Vec<Clause<'a>>,
}

/// A shape that the derived one of `Everything` is.
impl JsonSchema for Explained<'_> {
    fn schema_name() -> Cow<'static, str> {
        Everything::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Everything::json_schema(generator)
    }
}

impl Serialize for Explained<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { object, decision, .. } = self;
        let (request, stage, code) = (object.request().ok(), object.stage(), decision.reason());
        let everything = Everything {
            name: object.name(),
            signer_name: object.signer_name(),
            username: &object.requestor().username,
            groups: &object.requestor().groups,
            usages: object.usages(),
            common_names: request.map(|request| request.common_names().collect()),
            organizations: request.map(|request| request.organizations().collect()),
            alternative_names: request.map(explain::names),
            state: explain::state(object),
            stage: stage.as_str(),
            is_final: stage.is_final(),
            decision: decision.verdict().as_str(),
            code: code.as_str(),
            message: decision.message(),
            meaning: code.message(),
            reason: decision.summary(),
            advice: self.explanation().what_to_do().iter().map(|line| program::advice(line)).collect(),
            trace: decision.trace().clauses().collect(),
        };
        everything.serialize(serializer)
    }
}
