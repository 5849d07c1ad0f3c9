//! `kboot csr list`

use anyhow::Result;
use kboot_core::Env;
use kboot_core::csr::{CertificateSigningRequest, Stage};
use kboot_core::online;
use kboot_core::policy::explain;
use kboot_core::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::short;
use crate::Answer;
use crate::cli::CsrList;
use crate::commands::connection::with_cluster;
use crate::output::{self, Column, Page, Report, Table, Tone};

pub(super) fn run(arguments: &CsrList) -> Result<Answer> {
    let requests = with_cluster(&arguments.connection, async |client, limit| {
        Ok(online::csr::list(&client, limit).await?)
    })?;
    let now = Env::system().now();
    output::report(
        arguments.output,
        &Listed(requests.items.iter().map(|one| Entry::new(one, now)).collect()),
    )?;
    Ok(Answer::Yes)
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Listed<'a>(Vec<Entry<'a>>);

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    name: &'a str,
    signer_name: &'a str,
    username: &'a str,
    groups: &'a [String],
    usages: &'a [String],
    common_names: Option<Vec<&'a str>>,
    organizations: Option<Vec<&'a str>>,
    alternative_names: Option<Vec<String>>,
    created: Option<String>,
    stage: &'static str,
    #[serde(rename = "final")]
    is_final: bool,
    #[serde(skip)]
    age: String,
    #[serde(skip)]
    at: Stage,
}

impl<'a> Entry<'a> {
    fn new(object: &'a CertificateSigningRequest, now: Timestamp) -> Self {
        let (request, stage) = (object.request().ok(), object.stage());
        Self {
            name: object.name(),
            signer_name: object.signer_name(),
            username: &object.requestor().username,
            groups: &object.requestor().groups,
            usages: object.usages(),
            common_names: request.map(|request| request.common_names().collect()),
            organizations: request.map(|request| request.organizations().collect()),
            alternative_names: request.map(explain::names),
            created: object.created().map(|time| time.to_string()),
            stage: stage.as_str(),
            is_final: stage.is_final(),
            age: object.created().map(|time| age(now, time)).unwrap_or_default(),
            at: stage,
        }
    }

    /// Who wants to be what.
    fn asks(&self) -> String {
        let names = self.alternative_names.as_deref().unwrap_or_default();
        let user = match &self.common_names {
            Some(names) => names.join(", "),
            None => "what cannot be read".to_owned(),
        };
        let names = if names.is_empty() { String::new() } else { format!(" with {}", names.join(", ")) };
        format!("{}: {} for {user}{names}", short(self.signer_name), self.username)
    }
}

/// As kubectl shows it, in one unit.
fn age(now: Timestamp, then: Timestamp) -> String {
    match now.unix().saturating_sub(then.unix()).max(0) {
        seconds @ ..120 => format!("{seconds}s"),
        seconds @ ..7200 => format!("{}m", seconds / 60),
        seconds @ ..172_800 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86400),
    }
}

impl Report for Listed<'_> {
    fn page(&self) -> Page {
        let columns = ["NAME", "STATE", "AGE"].map(Column::new).into_iter();
        let mut table = Table::new(columns.chain([Column::new("REQUEST").free()])).gap(2);
        for entry in &self.0 {
            let tone = match entry.at {
                Stage::Pending | Stage::Approved => Tone::Doubtful,
                Stage::Issued => Tone::Good,
                Stage::Denied | Stage::Failed => Tone::Bad,
            };
            let cells =
                [entry.name.into(), tone.text(entry.stage), entry.age.clone().into(), entry.asks().into()];
            table.row(cells);
        }
        table.into()
    }
}
