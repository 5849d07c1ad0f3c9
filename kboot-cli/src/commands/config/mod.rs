//! `kboot config`

pub(super) mod lint;

use anyhow::Result;

use crate::Answer;
use crate::cli::Config;

pub(crate) fn run(command: Config) -> Result<Answer> {
    let Config::Lint(arguments) = command;
    lint::run(&arguments)
}
