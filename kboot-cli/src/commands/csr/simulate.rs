//! `kboot csr simulate`

use std::io::BufReader;
use std::path::Path;

use anyhow::{Error, Result};
use kboot_core::Env;
use kboot_core::csr::{CertificateSigningRequest, ListError, read_list};
use kboot_core::policy::{Counterpart, Decision, RequestOutcome, SimulatedRequest, Simulation};
use schemars::JsonSchema;
use serde::Serialize;

use super::facts::{Known, Loaded, files_of};
use super::{asked, shown, streamed, tone};
use crate::Answer;
use crate::cli::CsrSimulate;
use crate::input;
use crate::output::{Column, Page, Progress, Report, Stream, Table, Text, Width};

pub(super) fn run(arguments: &CsrSimulate) -> Result<Answer> {
    let known = Known::read(&arguments.facts)?;
    let inventory = known.inventory.as_ref();
    let loaded = Loaded::choose(&arguments.policy, inventory)?;
    let other = arguments.against.as_deref().map(|file| Loaded::other(file, inventory)).transpose()?;
    let clock = Env::system().now();
    let mut simulation = Simulation::new(&loaded.policy, loaded.context(&known, clock), &known.document);
    if let Some(other) = &other {
        simulation = simulation.with_counterpart(&other.policy, other.context(&known, clock));
    }
    let mut stream = Stream::new(arguments.output);
    let mut files = Vec::new();
    for path in &arguments.files {
        files.extend(files_of(path)?);
    }
    // How many requests a file has shows when it was read.
    let total = (files.len() > 1).then_some(files.len());
    let progress = Progress::beside_output(if total.is_some() { "files" } else { "requests" });
    stream.page(table(self::other(other.is_some())))?;
    let mut unreadable = 0_u64;
    for file in files {
        let outcome = read_list(BufReader::new(input::open(&file)?), |index, object| {
            known.begin_request();
            if total.is_none() {
                progress.count(None);
            }
            match object {
                Ok(object) => stream.report(&Row::new(&object, &simulation.judge(&object))),
                Err(error) => {
                    unreadable = unreadable.saturating_add(1);
                    stream.report(&Unreadable::new(&file, index, error.to_string()))
                }
            }
            .map_err(Failure::Output)
        });
        match outcome {
            Ok(_) => {}
            Err(Failure::Output(error)) => return Err(error),
            Err(Failure::List(error)) => return Err(Error::new(error).context(input::name(&file))),
        }
        if total.is_some() {
            progress.count(total);
        }
    }
    progress.end();
    let summary = Summary::new(&simulation, &loaded, other.as_ref(), unreadable);
    let differs = summary.disagreements > 0 || unreadable > 0;
    stream.report(&Ending { summary })?;
    stream.end()?;
    Ok(if differs { Answer::No } else { Answer::Yes })
}

/// Whose fault the end of a pass is.
enum Failure {
    List(ListError),
    Output(Error),
}

impl From<ListError> for Failure {
    fn from(error: ListError) -> Self {
        Self::List(error)
    }
}

/// What the other side is called.
fn other(is_policy: bool) -> &'static str {
    if is_policy { "OTHER" } else { "REALLY" }
}

fn table(other: &'static str) -> Table {
    streamed([("NAME", 28), ("DECISION", 8), ("REASON", 22), (other, 8)])
}

/// What is decided on a request, and what that is compared with.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct Row<'a> {
    name: &'a str,
    signer_name: &'a str,
    username: &'a str,
    agrees: bool,
    #[serde(flatten)]
    decided: Decided,
    #[serde(skip_serializing_if = "Option::is_none")]
    happened: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Decided>,
    #[serde(skip)]
    cells: [Text; 5],
    /// What the condition says by which it happened.
    #[serde(skip)]
    said: Option<String>,
}

#[derive(JsonSchema, Serialize)]
struct Decided {
    decision: &'static str,
    code: &'static str,
    /// Where the two differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<'a> Row<'a> {
    fn new(object: &'a CertificateSigningRequest, step: &SimulatedRequest) -> Self {
        let SimulatedRequest { decision, counterpart, .. } = step;
        let (name, signer_name, username) =
            (object.name(), object.signer_name(), object.requestor().username.as_str());
        let differs = !step.agrees();
        let decided = Decided::new(decision, differs);
        let verdict = tone(decision.verdict()).text(decided.decision);
        let other = tone(counterpart.verdict()).text(counterpart.as_str());
        let (happened, against) = match counterpart {
            Counterpart::Happened(outcome) => (Some(*outcome), None),
            Counterpart::Decided(other) => (None, Some(Decided::new(other, differs))),
        };
        Self {
            name,
            signer_name,
            username,
            agrees: !differs,
            cells: [name.into(), verdict, decided.code.into(), other, asked(object).into()],
            decided,
            happened: happened.map(RequestOutcome::as_str),
            against,
            said: happened.filter(|_| differs).and_then(|outcome| said(object, outcome)),
        }
    }
}

impl Decided {
    fn new(decision: &Decision, with_reason: bool) -> Self {
        Self {
            decision: decision.verdict().as_str(),
            code: decision.reason().as_str(),
            reason: with_reason.then(|| decision.summary()),
        }
    }
}

/// What the condition says that led to an outcome.
fn said(object: &CertificateSigningRequest, outcome: RequestOutcome) -> Option<String> {
    let is_meant = |kind: &str| kind.eq_ignore_ascii_case(outcome.as_str());
    let condition = object.conditions().iter().find(|condition| is_meant(&condition.kind))?;
    Some(format!("{} {}", shown(&condition.reason), shown(&condition.message)))
}

impl Report for Row<'_> {
    fn page(&self) -> Page {
        let mut table = table(other(self.happened.is_none())).continued();
        table.row(self.cells.clone());
        let mut page = Page::from(table);
        let Decided { decision, reason: Some(reason), .. } = &self.decided else { return page };
        let mut differs = |line: String| page.line(format!("  ! {}", line.trim_end()));
        differs(format!("{decision}: {reason}"));
        if let Some(happened) = self.happened {
            let said = self.said.as_ref().map(|said| format!(": {said}"));
            differs(format!("really {happened}{}", said.unwrap_or_default()));
        }
        if let Some(Decided { decision, code, reason }) = &self.against {
            differs(format!("{decision} by the other ({code}): {}", reason.as_deref().unwrap_or_default()));
        }
        page
    }
}

/// What a line may be.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its shape is asked for")]
pub(in crate::commands) enum Line<'a> {
    Row(Box<Row<'a>>),
    Unreadable(Unreadable),
    Ending(Ending<'a>),
}

#[derive(JsonSchema, Serialize)]
pub(in crate::commands) struct Unreadable {
    file: String,
    index: usize,
    reason: String,
}

impl Unreadable {
    fn new(file: &Path, index: usize, reason: String) -> Self {
        Self { file: input::name(file), index, reason }
    }
}

impl Report for Unreadable {
    fn page(&self) -> Page {
        [format!("{}: request {}: {}", self.file, self.index, self.reason)].into_iter().collect()
    }
}

/// The last thing that is said.
#[derive(JsonSchema, Serialize)]
pub(in crate::commands) struct Ending<'a> {
    summary: Summary<'a>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    policy: &'a str,
    other_policy: Option<&'a str>,
    total: u64,
    approve: u64,
    deny: u64,
    hold: u64,
    agreements: u64,
    disagreements: u64,
    differences: Vec<Difference>,
    signer_not_ruled: u64,
    unreadable: u64,
}

#[derive(JsonSchema, Serialize)]
struct Difference {
    decision: &'static str,
    other: &'static str,
    count: u64,
}

impl<'a> Summary<'a> {
    fn new(
        simulation: &Simulation<'_>,
        policy: &'a Loaded,
        against: Option<&'a Loaded>,
        unreadable: u64,
    ) -> Self {
        let counts = simulation.summary();
        let differences = counts.disagreements.iter();
        Self {
            policy: &policy.name,
            other_policy: against.map(|other| other.name.as_str()),
            total: counts.total,
            approve: counts.approved,
            deny: counts.denied,
            hold: counts.held,
            agreements: counts.agreements,
            disagreements: counts.disagreements(),
            differences: differences
                .map(|(&(decision, other), &count)| Difference { decision, other, count })
                .collect(),
            signer_not_ruled: counts.signer_not_ruled,
            unreadable,
        }
    }
}

impl Report for Ending<'_> {
    fn page(&self) -> Page {
        let Summary { policy, other_policy, total, approve, deny, hold, agreements, disagreements, .. } =
            self.summary;
        let mut page = Page::default();
        page.line("");
        page.line(format!("{total} requests by {policy}: {approve} approve, {deny} deny, {hold} hold"));
        let against = other_policy.unwrap_or("what happened");
        page.line(format!("against {against}: {agreements} agree, {disagreements} differ"));
        let mut counts =
            Table::new([Column::new("").right().width(Width::AtLeast(8)), Column::new("").free()]);
        for Difference { decision, other, count } in &self.summary.differences {
            counts.row([count.to_string(), format!("{decision} here, {other} there")]);
        }
        for (count, what) in [
            (self.summary.signer_not_ruled, "held: no rule names their signer (signer-not-ruled)"),
            (self.summary.unreadable, "cannot be read"),
        ] {
            if count > 0 {
                counts.row([count.to_string(), what.to_owned()]);
            }
        }
        page.table(counts.indent(2).gap(2));
        page
    }
}
