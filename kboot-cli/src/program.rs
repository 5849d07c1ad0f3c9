//! What the program calls itself: `kboot`, or `kubectl kboot` where kubectl started it as its plug-in `kubectl-kboot`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use clap::builder::{Resettable, StyledStr};
use clap::{Command, CommandFactory};

use crate::cli::{Cli, with_examples};

const NAME: &str = "kboot";
const PLUGIN: &str = "kubectl kboot";

/// What people type to start it.
pub(crate) fn name() -> &'static str {
    static IS_PLUGIN: LazyLock<bool> = LazyLock::new(|| {
        let started = std::env::args_os().next().unwrap_or_default();
        Path::new(&started).file_name().is_some_and(|file| file == "kubectl-kboot")
    });
    if *IS_PLUGIN { PLUGIN } else { NAME }
}

/// Advice with the commands in it as people type them here. The library, help texts and examples say `kboot`.
pub(crate) fn advice(text: &str) -> String {
    if name() == NAME { text.to_owned() } else { as_plugin(text) }
}

/// `kboot` before one of its commands.
fn as_plugin(text: &str) -> String {
    static COMMANDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
    });
    let mut parts = text.split("kboot ");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let word = part.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
        let is_command =
            COMMANDS.contains(word) && !shown.ends_with(|c: char| c.is_alphanumeric() || c == '-');
        shown.push_str(if is_command && !shown.ends_with("kubectl ") { PLUGIN } else { NAME });
        shown.push(' ');
        shown.push_str(part);
    }
    shown
}

/// The command line.
pub(crate) fn command() -> Command {
    let command = with_examples(Cli::command(), "").bin_name(name());
    if name() == NAME { command } else { as_plugin_throughout(command) }
}

/// Before clap breaks lines.
fn as_plugin_throughout(command: Command) -> Command {
    let (about, long) = (renamed(command.get_about()), renamed(command.get_long_about()));
    let after = renamed(command.get_after_help());
    let command = command.about(about).long_about(long).after_help(after);
    let command = command.mut_args(|argument| {
        let (help, long) = (renamed(argument.get_help()), renamed(argument.get_long_help()));
        argument.help(help).long_help(long)
    });
    command.mut_subcommands(as_plugin_throughout)
}

fn renamed(text: Option<&StyledStr>) -> Resettable<StyledStr> {
    text.map(|text| StyledStr::from(as_plugin(&text.to_string()))).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_get_the_name_and_nothing_else() {
        for (text, shown) in [
            ("next: kboot cluster build", "next: kubectl kboot cluster build"),
            ("(see `kboot csr list`; kboot man)", "(see `kubectl kboot csr list`; kubectl kboot man)"),
            (
                "kboot node verify, kboot signs, my-kboot csr",
                "kubectl kboot node verify, kboot signs, my-kboot csr",
            ),
            ("kubectl kboot csr explain | kboot", "kubectl kboot csr explain | kboot"),
        ] {
            assert_eq!(as_plugin(text), shown);
        }
    }
}
