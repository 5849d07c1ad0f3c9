//! `kboot token list`, `delete` and `check`: the tokens of a cluster

use std::path::Path;

use anyhow::Result;
use kboot_core::Env;
use kboot_core::online::token::{self, TokenCheck, TokenInCluster};
use kboot_core::token::{BootstrapToken, TokenId, TokenUsage};
use schemars::JsonSchema;
use serde::Serialize;

use super::MAX_BYTES;
use crate::Answer;
use crate::cli::Connection;
use crate::commands::connection::with_cluster;
use crate::output::{Column, ListFormat, Page, Report, Table, Text, Tone, Width};
use crate::{input, output};

pub(super) fn list(connection: &Connection, format: ListFormat) -> Result<Answer> {
    let tokens = with_cluster(connection, async |client, limit| Ok(token::list(&client, limit).await?))?;
    output::report(format, &Tokens(tokens.iter().map(Entry::new).collect()))?;
    Ok(Answer::Yes)
}

pub(super) fn delete(connection: &Connection, ids: &[TokenId]) -> Result<Answer> {
    with_cluster(connection, async |client, limit| {
        let mut answer = Answer::Yes;
        for id in ids {
            if token::delete(&client, id, limit).await? {
                output::tell(&format!("{id} is deleted"));
            } else {
                output::tell(&format!("there is no token {id}"));
                answer = Answer::No;
            }
        }
        Ok(answer)
    })
}

pub(super) fn check(connection: &Connection, file: &Path, format: ListFormat) -> Result<Answer> {
    let text = input::secret_text(file, MAX_BYTES)?;
    let token = text.expose_secret().trim_end().parse::<BootstrapToken>();
    let check = match &token {
        Err(error) => TokenCheck::Malformed(error.clone()),
        Ok(token) => {
            let now = Env::system().now();
            with_cluster(connection, async |client, limit| {
                Ok(token::check(&client, token, now, limit).await?)
            })?
        }
    };
    let checked = Checked {
        file: input::name(file),
        id: token.ok().map(|token| token.id().to_string()),
        code: check.code(),
        reason: check.to_string(),
    };
    output::report(format, &checked)?;
    Ok(if matches!(check, TokenCheck::Good { .. }) { Answer::Yes } else { Answer::No })
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Tokens(Vec<Entry>);

#[derive(JsonSchema, Serialize)]
struct Entry {
    id: Option<String>,
    /// The Secret's.
    name: String,
    expiration: Option<String>,
    expired: bool,
    usages: Vec<&'static str>,
    groups: Vec<String>,
    description: String,
    /// What is wrong with the Secret, so that nobody gets in.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Entry {
    fn new(token: &TokenInCluster) -> Self {
        let settings = token.settings.as_ref().ok();
        let usages = TokenUsage::ALL.into_iter().filter(|usage| settings.is_some_and(|of| of.allows(*usage)));
        Self {
            id: token.id().map(|id| id.to_string()),
            name: token.name.clone(),
            expiration: settings.and_then(|of| of.expiration()).map(|end| end.to_string()),
            expired: settings.is_some_and(|of| of.is_expired(Env::system().now())),
            usages: usages.map(TokenUsage::as_str).collect(),
            groups: settings.into_iter().flat_map(|of| of.groups()).map(|group| group.to_string()).collect(),
            description: settings.map(|of| of.description().to_owned()).unwrap_or_default(),
            reason: token.settings.as_ref().err().map(ToString::to_string),
        }
    }

    fn ends(&self) -> Text {
        match (&self.reason, &self.expiration) {
            (Some(_), _) => Tone::Bad.text("unusable"),
            (None, None) => "never".into(),
            (None, Some(end)) if self.expired => Tone::Bad.text(&format!("ended {end}")),
            (None, Some(end)) => end.as_str().into(),
        }
    }

    fn gives(&self) -> String {
        if let Some(reason) = &self.reason {
            return reason.clone();
        }
        let description =
            if self.description.is_empty() { String::new() } else { format!(" ({})", self.description) };
        format!("{} {}{description}", self.usages.join(","), self.groups.join(", "))
    }
}

impl Report for Tokens {
    fn page(&self) -> Page {
        let columns = [Column::new("ID"), Column::new("ENDS"), Column::new("USAGES, GROUPS").free()];
        let mut table = Table::new(columns).gap(2);
        for entry in &self.0 {
            let id = entry.id.as_deref().unwrap_or(&entry.name);
            table.row([id.into(), entry.ends(), entry.gives().into()]);
        }
        table.into()
    }
}

#[derive(JsonSchema, Serialize)]
pub(in crate::commands) struct Checked {
    file: String,
    id: Option<String>,
    code: &'static str,
    reason: String,
}

impl Report for Checked {
    fn page(&self) -> Page {
        let tone = if self.code == "ok" { Tone::Good } else { Tone::Bad };
        let columns = [14, 7].map(|width| Column::new("").width(Width::AtLeast(width)));
        let mut table = Table::new(columns.into_iter().chain([Column::new("").free()])).gap(1);
        let id = self.id.as_deref().unwrap_or_default();
        table.row([tone.text(self.code), id.into(), self.reason.as_str().into()]);
        table.into()
    }
}
