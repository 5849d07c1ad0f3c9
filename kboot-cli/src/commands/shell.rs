//! `kboot completions`, `kboot man`

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Command, CommandFactory};
use clap_mangen::roff::{Roff, roman};
use kboot_core::bundle;

use crate::Answer;
use crate::cli::{Cli, Example, examples, with_examples};
use crate::{input, output};

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Answer> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kboot", &mut script);
    output::data(&script)?;
    Ok(Answer::Yes)
}

/// One page to stdout, or all of them into a folder.
pub(crate) fn man(path: &[String], out: Option<&Path>) -> Result<Answer> {
    let mut command = with_examples(Cli::command(), "").disable_help_subcommand(true);
    command.build();
    if let Some(folder) = out {
        fs::create_dir_all(folder).with_context(|| input::name(folder))?;
        write_pages(&command, &mut Vec::new(), folder)?;
        return Ok(Answer::Yes);
    }
    for word in path {
        let Some(next) = command.find_subcommand(word).cloned() else {
            bail!("there is no command {}", path.join(" "))
        };
        command = next;
    }
    output::data(&page(&command, &path.join(" "))?)?;
    Ok(Answer::Yes)
}

/// The page of a command, and of each below it: `kboot-cluster-build.1`.
fn write_pages(command: &Command, path: &mut Vec<String>, folder: &Path) -> Result<()> {
    let name = ["kboot"].into_iter().chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
    let file = folder.join(format!("{name}.1"));
    bundle::write_new(&file, &page(command, &path.join(" "))?, 0o644)?;
    for below in command.get_subcommands() {
        path.push(below.get_name().to_owned());
        write_pages(below, path, folder)?;
        path.pop();
    }
    Ok(())
}

/// As `Man::render`, whose section EXTRA would hold the examples as running text.
fn page(command: &Command, path: &str) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command.clone())
        .source(concat!("kboot ", env!("CARGO_PKG_VERSION")))
        .manual("kboot");
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut section = Roff::new();
    section.control("SH", ["EXAMPLES"]);
    for Example { what, line } in examples(path) {
        section.control("PP", []);
        section.text([roman(format!("{what}:"))]);
        section.control("RS", ["2"]).control("nf", []);
        for line in line.lines() {
            section.text([roman(line)]);
        }
        section.control("fi", []).control("RE", []);
    }
    section.to_writer(&mut page)?;
    Ok(filled(&String::from_utf8(page)?).into_bytes())
}

/// The page with paragraphs broken at blanks, which roff puts together again: whoever reads it without roff can.
fn filled(page: &str) -> String {
    const COLUMNS: usize = 80;
    let mut text = String::new();
    let mut keeps_lines = false;
    for line in page.lines() {
        match line {
            ".nf" => keeps_lines = true,
            ".fi" => keeps_lines = false,
            _ => {}
        }
        let mut used = 0_usize;
        for word in line.split(' ') {
            let width = word.chars().count().saturating_add(1);
            // A line that begins with a dot or a quote would be a request.
            let is_text =
                !keeps_lines && !line.starts_with('.') && !word.starts_with(['.', '\'']) && !word.is_empty();
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
