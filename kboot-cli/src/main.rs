//! `kboot`: Kubernetes cluster bootstrap on the command line.

mod cli;
mod commands;
mod input;
mod output;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

/// What a command that came to its end has to say through its exit code.
enum Answer {
    /// Done, or yes.
    Yes,
    /// No: there is something to do.
    No,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Cluster(command) => commands::cluster::run(command),
        Command::Config(command) => commands::config::run(command),
        Command::Ca(command) => commands::certificate::ca(command),
        Command::Cert(command) => commands::certificate::cert(command),
        Command::Token(command) => commands::token::run(command),
        Command::Kubeconfig(command) => commands::kubeconfig::run(command),
        Command::Csr(command) => commands::csr::run(command),
        Command::Policy(command) => commands::policy::run(command),
        Command::Node(command) => commands::node::run(command),
        Command::Schema(command) => commands::shell::schema(command),
        Command::Completions { shell } => commands::shell::completions(shell),
        Command::Man { command } => commands::shell::man(&command),
    };
    match result {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::tell(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}
