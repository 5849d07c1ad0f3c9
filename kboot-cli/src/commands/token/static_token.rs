//! `kboot token static`

use std::path::Path;

use anyhow::{Context, Result, bail};
use kboot_core::token::StaticToken;
use kboot_core::{Env, danger};
use schemars::JsonSchema;
use serde::Serialize;

use super::MAX_BYTES;
use crate::cli::StaticTokenCreate;
use crate::output::{Column, ListFormat, Page, Report, Table};
use crate::{input, output};

const STATIC_TOKENS: &str = "a static token has no end: it works until kube-apiserver is restarted \
    without it; bootstrap tokens (kboot token create) end by themselves";

pub(super) fn create(arguments: StaticTokenCreate, env: &mut Env) -> Result<()> {
    let StaticTokenCreate { user, uid, groups, allow_system_masters, out } = arguments;
    let token = if allow_system_masters {
        danger::unrestricted_static_token(user, &uid, groups, env)?
    } else {
        StaticToken::generate(user, &uid, groups, env)?
    };
    output::secret(out.as_deref(), &token.to_csv())?;
    warn_of([&token]);
    Ok(())
}

pub(super) fn check(file: &Path, allow_system_masters: bool, format: ListFormat) -> Result<()> {
    let text = input::secret_text(file, MAX_BYTES)?;
    if text.expose_secret().trim().is_empty() {
        bail!("{}: it is empty", input::name(file));
    }
    let read = if allow_system_masters { danger::read_unrestricted_static_tokens } else { StaticToken::read };
    let tokens = read(text.expose_secret()).with_context(|| input::name(file))?;
    output::report(format, &StaticTokens(tokens.iter().map(Entry::new).collect()))?;
    warn_of(&tokens);
    Ok(())
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct StaticTokens(Vec<Entry>);

/// A token's holder.
#[derive(JsonSchema, Serialize)]
struct Entry {
    username: String,
    uid: String,
    groups: Vec<String>,
}

impl Entry {
    fn new(token: &StaticToken) -> Self {
        Self {
            username: token.user().to_string(),
            uid: token.uid().to_owned(),
            groups: token.groups().iter().map(ToString::to_string).collect(),
        }
    }
}

impl Report for StaticTokens {
    fn page(&self) -> Page {
        let mut table = Table::new([Column::new("USER"), Column::new("UID"), Column::new("GROUPS").free()]);
        for Entry { username, uid, groups } in &self.0 {
            table.row([username, uid, &groups.join(", ")].map(String::as_str));
        }
        table.into()
    }
}

fn warn_of<'a>(tokens: impl IntoIterator<Item = &'a StaticToken>) {
    for token in tokens.into_iter().filter(|token| token.groups().is_empty()) {
        output::warn(&format!("the user {:?} is in no group", token.user()));
    }
    output::warn(STATIC_TOKENS);
}
