//! `kboot node`

pub(super) mod all;
pub(super) mod verify;

use anyhow::Result;

use crate::Answer;
use crate::cli::Node;

pub(crate) fn run(command: Node) -> Result<Answer> {
    let Node::Verify(arguments) = command;
    verify::run(&arguments)
}
