//! `kboot policy`

pub(super) mod check;
pub(super) mod preset;

use anyhow::Result;

use crate::Answer;
use crate::cli::Policy;

pub(crate) fn run(command: Policy) -> Result<Answer> {
    match command {
        Policy::Check { file, output } => check::run(&file, output),
        Policy::Preset { name, output } => preset::run(name, output),
    }
}
