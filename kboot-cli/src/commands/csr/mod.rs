//! `kboot csr`

mod advice;
mod explain;
mod facts;
mod requests;
mod simulate;

use anyhow::Result;

use crate::Answer;
use crate::cli::Csr;

pub(crate) fn run(command: Csr) -> Result<Answer> {
    match command {
        Csr::Explain(arguments) => explain::run(&arguments),
        Csr::Simulate(arguments) => simulate::run(&arguments),
    }
}

/// Text of a request, cut and with what hides on a terminal escaped.
fn shown(text: &str) -> String {
    const LENGTH: usize = 100;
    let mut shown: String = text.chars().take(LENGTH).flat_map(char::escape_debug).collect();
    if text.chars().count() > LENGTH {
        shown.push('…');
    }
    shown
}

/// Whether a text stands for itself on a command line, in every shell.
fn is_plain(text: &str) -> bool {
    text.len() <= 253
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
}
