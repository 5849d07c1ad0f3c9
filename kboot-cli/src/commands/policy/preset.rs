//! `kboot policy preset`

use anyhow::Result;
use kboot_core::policy::Preset;

use crate::Answer;
use crate::output::{self, Column, Table};

pub(super) fn run(name: Option<Preset>) -> Result<Answer> {
    match name {
        Some(preset) => output::data(preset.file_text().as_bytes())?,
        None => {
            let mut table = Table::new([Column::new("NAME"), Column::new("WHAT IT DECIDES").free()]);
            Preset::ALL.iter().for_each(|preset| table.row([preset.as_str(), preset.summary()]));
            output::page(table)?;
        }
    }
    Ok(Answer::Yes)
}
