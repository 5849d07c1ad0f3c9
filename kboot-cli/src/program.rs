//! What the program calls itself.

use clap::{Command, CommandFactory};

use crate::cli::{Cli, with_examples};

/// The command line.
pub(crate) fn command() -> Command {
    with_examples(Cli::command(), "")
}
