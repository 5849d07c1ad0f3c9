//! `kboot ca`

mod create;

use anyhow::Result;

use crate::Answer;
use crate::cli::Ca;

pub(crate) fn run(command: Ca) -> Result<Answer> {
    let Ca::Create(arguments) = command;
    create::run(arguments)?;
    Ok(Answer::Yes)
}
