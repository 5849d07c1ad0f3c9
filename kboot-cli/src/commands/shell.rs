//! `kboot completions`, `kboot man`

use anyhow::{Result, bail};
use clap::CommandFactory;

use crate::Answer;
use crate::cli::Cli;
use crate::output;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Answer> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kboot", &mut script);
    output::data(&script)?;
    Ok(Answer::Yes)
}

pub(crate) fn man(path: &[String]) -> Result<Answer> {
    let mut command = Cli::command();
    command.build();
    for word in path {
        let Some(next) = command.find_subcommand(word).cloned() else {
            bail!("there is no command {}", path.join(" "))
        };
        command = next;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    output::data(filled(&String::from_utf8(page)?).as_bytes())?;
    Ok(Answer::Yes)
}

/// The page with paragraphs broken at blanks, which roff puts together again: whoever reads it without roff can.
fn filled(page: &str) -> String {
    const COLUMNS: usize = 80;
    let mut text = String::new();
    for line in page.lines() {
        let mut used = 0_usize;
        for word in line.split(' ') {
            let width = word.chars().count().saturating_add(1);
            // A line that begins with a dot or a quote would be a request.
            let is_text = !line.starts_with('.') && !word.starts_with(['.', '\'']) && !word.is_empty();
            if used > 0 && is_text && used.saturating_add(width) > COLUMNS {
                text.push('\n');
                used = 0;
            } else if used > 0 {
                text.push(' ');
            }
            text += word;
            used = used.saturating_add(width);
        }
        text.push('\n');
    }
    text
}
