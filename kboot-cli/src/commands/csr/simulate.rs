//! `kboot csr simulate`

use std::io::{BufReader, BufWriter, IsTerminal, StdoutLock, Write, stderr, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result};
use kboot_core::Env;
use kboot_core::csr::{CertificateSigningRequest, ListError, read_list};
use kboot_core::policy::{Counterpart, Decision, SimulatedRequest, Simulation};
use serde_json::{Value, json};

use super::facts::{Known, Loaded, files_of};
use super::shown;
use crate::Answer;
use crate::cli::{CsrSimulate, ListFormat};
use crate::{input, output};

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
    let mut report = Report::new(arguments.output, &loaded, other.as_ref());
    report.begin()?;
    for path in &arguments.files {
        for file in files_of(path)? {
            let outcome = read_list(BufReader::new(input::open(&file)?), |index, object| {
                known.begin_request();
                match object {
                    Ok(object) => {
                        let step = simulation.judge(&object);
                        report.row(&object, &step)
                    }
                    Err(error) => report.unreadable(&file, index, &error.to_string()),
                }
                .map_err(Failure::Output)
            });
            match outcome {
                Ok(_) => {}
                Err(Failure::Output(error)) => return Err(error),
                Err(Failure::List(error)) => return Err(Error::new(error).context(input::name(&file))),
            }
        }
    }
    report.end(&simulation)?;
    let differs = simulation.summary().disagreements() > 0 || report.unreadable > 0;
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

/// What is printed, line by line.
struct Report<'a> {
    out: BufWriter<StdoutLock<'static>>,
    format: ListFormat,
    policy: &'a Loaded,
    other: Option<&'a Loaded>,
    unreadable: u64,
    progress: Progress,
}

impl<'a> Report<'a> {
    fn new(format: ListFormat, policy: &'a Loaded, other: Option<&'a Loaded>) -> Self {
        let out = BufWriter::new(stdout().lock());
        Self { out, format, policy, other, unreadable: 0, progress: Progress::new() }
    }

    fn line(&mut self, text: &str) -> Result<()> {
        let shown = match self.format {
            ListFormat::Table => output::visible(text.trim_end()),
            ListFormat::Json => kboot_core::shown::json(text).into_owned(),
            ListFormat::Yaml => text.trim_end().to_owned(),
        };
        writeln!(self.out, "{shown}").context("cannot write to stdout")
    }

    /// A line of JSON, or a document of YAML: each can be read before the next is there.
    fn value(&mut self, value: &Value) -> Result<()> {
        match self.format {
            ListFormat::Yaml => self.line(&format!("---\n{}", output::yaml(value)?)),
            _ => self.line(&value.to_string()),
        }
    }

    fn begin(&mut self) -> Result<()> {
        if self.format != ListFormat::Table {
            return Ok(());
        }
        let other = if self.other.is_some() { "OTHER" } else { "REALLY" };
        let row = columns(["NAME", "SIGNER", "REQUESTOR", "DECISION", "REASON", other]);
        self.line(&row)
    }

    fn row(&mut self, object: &CertificateSigningRequest, step: &SimulatedRequest) -> Result<()> {
        self.progress.count();
        let (decision, counterpart) = (&step.decision, &step.counterpart);
        if self.format != ListFormat::Table {
            let mut value = json!({
                "name": object.name(),
                "signerName": object.signer_name(),
                "username": object.requestor().username,
                "agrees": step.agrees(),
            });
            put_decision(&mut value, decision, !step.agrees());
            match counterpart {
                Counterpart::Happened(outcome) => value["happened"] = outcome.as_str().into(),
                Counterpart::Decided(other) => {
                    let mut against = json!({});
                    put_decision(&mut against, other, !step.agrees());
                    value["against"] = against;
                }
            }
            return self.value(&value);
        }
        let signer =
            object.signer_name().strip_prefix("kubernetes.io/").unwrap_or_else(|| object.signer_name());
        let row = columns([
            object.name(),
            signer,
            &object.requestor().username,
            decision.verdict().as_str(),
            decision.reason().as_str(),
            counterpart.as_str(),
        ]);
        self.line(&row)?;
        if step.agrees() {
            return Ok(());
        }
        self.line(&format!("  ! {}: {}", decision.verdict().as_str(), decision.summary()))?;
        match counterpart {
            Counterpart::Happened(outcome) => {
                let condition = object
                    .conditions()
                    .iter()
                    .find(|condition| condition.kind.eq_ignore_ascii_case(outcome.as_str()));
                let words = condition
                    .map(|condition| format!(": {} {}", shown(&condition.reason), shown(&condition.message)));
                self.line(&format!("  ! really {}{}", outcome.as_str(), words.unwrap_or_default()))
            }
            Counterpart::Decided(other) => self.line(&format!(
                "  ! {} by the other ({}): {}",
                other.verdict().as_str(),
                other.reason(),
                other.summary()
            )),
        }
    }

    fn unreadable(&mut self, file: &Path, index: usize, problem: &str) -> Result<()> {
        self.progress.count();
        self.unreadable = self.unreadable.saturating_add(1);
        let place = format!("{}: request {index}", input::name(file));
        match self.format {
            ListFormat::Table => self.line(&format!("{place}: {}", output::escaped(problem))),
            _ => self.value(&json!({"place": place, "error": problem})),
        }
    }

    fn end(&mut self, simulation: &Simulation<'_>) -> Result<()> {
        self.progress.end();
        let summary = simulation.summary();
        if self.format != ListFormat::Table {
            let differences = summary.disagreements.iter().map(
                |((decision, other), count)| json!({"decision": decision, "other": other, "count": count}),
            );
            let value = json!({"summary": {
                "policy": self.policy.name,
                "against": self.other.map(|other| &other.name),
                "total": summary.total,
                "approve": summary.approved,
                "deny": summary.denied,
                "hold": summary.held,
                "agreements": summary.agreements,
                "disagreements": summary.disagreements(),
                "differences": differences.collect::<Vec<_>>(),
                "signerNotRuled": summary.signer_not_ruled,
                "unreadable": self.unreadable,
            }});
            self.value(&value)?;
        } else {
            self.line("")?;
            self.line(&format!(
                "{} requests by {}: {} approve, {} deny, {} hold",
                summary.total, self.policy.name, summary.approved, summary.denied, summary.held
            ))?;
            let with = self.other.map_or("what happened", |other| other.name.as_str()).to_owned();
            self.line(&format!(
                "against {with}: {} agree, {} differ",
                summary.agreements,
                summary.disagreements()
            ))?;
            for ((decision, other), count) in &summary.disagreements {
                self.line(&format!("  {count:>8}  {decision} here, {other} there"))?;
            }
            if summary.signer_not_ruled > 0 {
                let count = summary.signer_not_ruled;
                self.line(&format!("  {count:>8}  held: no rule names their signer (signer-not-ruled)"))?;
            }
            if self.unreadable > 0 {
                self.line(&format!("  {:>8}  cannot be read", self.unreadable))?;
            }
        }
        self.out.flush().context("cannot write to stdout")
    }
}

fn put_decision(value: &mut Value, decision: &Decision, with_reason: bool) {
    value["decision"] = decision.verdict().as_str().into();
    value["code"] = decision.reason().as_str().into();
    if with_reason {
        value["reason"] = decision.summary().into();
    }
}

fn columns(cells: [&str; 6]) -> String {
    output::columns(cells, [28, 28, 36, 8, 22, 8])
}

/// Says on a terminal how far it is, while the table goes elsewhere.
struct Progress {
    is_shown: bool,
    count: u64,
    began: Instant,
    told: Instant,
}

impl Progress {
    fn new() -> Self {
        let now = Instant::now();
        Self { is_shown: stderr().is_terminal() && !stdout().is_terminal(), count: 0, began: now, told: now }
    }

    fn count(&mut self) {
        self.count = self.count.saturating_add(1);
        if self.is_shown && self.count.is_multiple_of(256) && self.told.elapsed() > Duration::from_millis(200)
        {
            self.told = Instant::now();
            self.tell();
        }
    }

    fn tell(&self) {
        let milliseconds = self.began.elapsed().as_millis().max(1);
        let rate = u128::from(self.count).saturating_mul(1000) / milliseconds;
        let _ = write!(stderr().lock(), "\r{} requests, {rate} a second ", self.count);
    }

    fn end(&self) {
        if self.is_shown {
            self.tell();
            let _ = writeln!(stderr().lock());
        }
    }
}
