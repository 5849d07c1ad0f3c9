//! `kboot`: Kubernetes cluster bootstrap on the command line.
//!
//! `cli` declares the arguments, `commands` runs them by the library, `input` reads files, `output` says how text
//! looks, and `program` what the program calls itself. `kboot GROUP COMMAND` is `commands/GROUP/COMMAND.rs`.

mod cli;
mod commands;
mod input;
mod output;
mod program;

use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::Error;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use cli::{Cli, Command};

/// What a command that came to its end has to say through its exit code.
enum Answer {
    /// Done, or yes.
    Yes,
    /// No: there is something to do.
    No,
}

fn main() -> ExitCode {
    keep_memory_private();
    let arguments = program::command().try_get_matches();
    let cli = match arguments.and_then(|arguments| Cli::from_arg_matches(&arguments)) {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let result = match cli.command {
        Command::Cluster(command) => commands::cluster::run(command),
        Command::Config(command) => commands::config::run(command),
        Command::Ca(command) => commands::ca::run(command),
        Command::Cert(command) => commands::cert::run(command),
        Command::Token(command) => commands::token::run(command),
        Command::Kubeconfig(command) => commands::kubeconfig::run(command),
        Command::Csr(command) => commands::csr::run(command),
        Command::Policy(command) => commands::policy::run(command),
        Command::Node(command) => commands::node::run(command),
        Command::Schema(command) => commands::schema::run(command),
        Command::Completions { shell } => commands::shell::completions(shell),
        Command::Man { command, out } => commands::shell::man(&command, out.as_deref()),
    };
    match result {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::from(2)
        }
    }
}

/// Keys pass through this process: a crash must not write them to a file, and no other process of the same user
/// may look into it. Where the system refuses, it is as for any other program.
fn keep_memory_private() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Help, or what is wrong with the arguments.
fn refused(error: &Error) -> ExitCode {
    output::help(error);
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
