//! Help, which clap wraps all of but the line of usage.

use std::io::Write as _;

use anstream::adapter::strip_str;
use clap::error::Error;
use kboot_core::shown::escaped_lines;

use super::screen::width;

/// No help is wider, so that manuals and terminals show the same.
const COLUMNS: usize = 80;

const USAGE: &str = "Usage: ";

/// Prints help to stdout, and what is wrong with the arguments to stderr. That nobody listens is no error.
pub(crate) fn help(error: &Error) {
    let rendered = error.render();
    let plain = rendered.to_string();
    // A shell's pattern may have put names of others there.
    let shown = escaped_lines(&plain);
    let text = if shown == plain { with_usage_wrapped(&rendered.ansi().to_string()) } else { shown };
    let _ = if error.use_stderr() {
        anstream::stderr().lock().write_all(text.as_bytes())
    } else {
        anstream::stdout().lock().write_all(text.as_bytes())
    };
}

fn with_usage_wrapped(help: &str) -> String {
    let is_usage = |line: &str| strip_str(line).to_string().starts_with(USAGE);
    let lines = help.split('\n').map(|line| {
        let is_long = width(&strip_str(line).to_string()) > COLUMNS;
        if is_long && is_usage(line) { wrapped(line) } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The line with its further parts below the program's name; a flag and its value stay together.
fn wrapped(usage: &str) -> String {
    let mut text = String::new();
    let mut used = 0_usize;
    for part in parts(usage) {
        let is_joined = text.is_empty() || text.ends_with('|');
        let taken = width(&strip_str(&part).to_string()).saturating_add(usize::from(!is_joined));
        if used.saturating_add(taken) > COLUMNS {
            text += &format!("\n{}", " ".repeat(USAGE.len()));
            used = USAGE.len();
        } else if !is_joined {
            text.push(' ');
        }
        text += &part;
        used = used.saturating_add(taken);
    }
    text
}

/// What stays on a line: a flag or an alternative with what belongs to it.
fn parts(usage: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in usage.replace('|', "| ").split(' ') {
        let plain = strip_str(word).to_string();
        match parts.last_mut().filter(|_| !plain.starts_with(['-', '[']) && !plain.starts_with("<-")) {
            Some(part) => *part += &format!(" {word}"),
            None => parts.push(word.to_owned()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_is_broken_before_flags() {
        let usage = "Usage: kboot kubeconfig build [OPTIONS] --certificate-authority <FILE> --user <USER> \
                     <--token-file <FILE>|--token-path <PATH>>";
        assert_eq!(
            wrapped(usage),
            "Usage: kboot kubeconfig build [OPTIONS] --certificate-authority <FILE>\n       --user <USER> \
             <--token-file <FILE>|--token-path <PATH>>"
        );
        assert_eq!(wrapped("Usage: kboot [OPTIONS]"), "Usage: kboot [OPTIONS]");
        let help = "One.\n\n\u{1b}[1mUsage:\u{1b}[0m kboot a | b";
        assert_eq!(with_usage_wrapped(help), help);
    }
}
