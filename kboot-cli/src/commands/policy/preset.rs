//! `kboot policy preset`

use anyhow::{Result, bail};
use kboot_core::policy::Preset;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Answer;
use crate::output::{self, Column, ListFormat, Page, Report, Table};

pub(super) fn run(name: Option<Preset>, format: ListFormat) -> Result<Answer> {
    match name {
        Some(preset) if !format.is_for_people() => bail!("-o is for the list; {preset} is a file of YAML"),
        Some(preset) => output::data(preset.file_text().as_bytes())?,
        None => output::report(format, &Presets(Preset::ALL.iter().map(Entry::new).collect()))?,
    }
    Ok(Answer::Yes)
}

#[derive(JsonSchema, Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Presets(Vec<Entry>);

#[derive(JsonSchema, Serialize)]
struct Entry {
    name: &'static str,
    sentence: &'static str,
}

impl Entry {
    fn new(preset: &Preset) -> Self {
        Self { name: preset.as_str(), sentence: preset.summary() }
    }
}

impl Report for Presets {
    fn page(&self) -> Page {
        let mut table = Table::new([Column::new("NAME"), Column::new("WHAT IT DECIDES").free()]);
        self.0.iter().for_each(|Entry { name, sentence }| table.row([*name, *sentence]));
        table.into()
    }
}
