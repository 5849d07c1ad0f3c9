//! `kboot csr`

mod approve;
mod deny;
pub(super) mod explain;
mod facts;
pub(super) mod inspect;
pub(super) mod list;
mod new;
mod requests;
pub(super) mod settled;
mod sign;
pub(super) mod simulate;

pub(super) use facts::read_inventory;

use std::path::Path;

use anyhow::{Result, bail};
use kboot_core::csr::{CertificateSigningRequest, CsrError};
use kboot_core::policy::Verdict;

use crate::Answer;
use crate::cli::Csr;
use crate::input;
use crate::output::{Column, Table, Tone, Width};

/// A list of some 20,000 requests.
const MAX_BYTES: usize = 64 * 1024 * 1024;

pub(crate) fn run(command: Csr) -> Result<Answer> {
    match command {
        Csr::List(arguments) => list::run(&arguments),
        Csr::Approve(arguments) => approve::run(&arguments),
        Csr::Deny(arguments) => deny::run(&arguments),
        Csr::New(request) => new::run(&request),
        Csr::Inspect(arguments) => inspect::run(&arguments),
        Csr::Explain(arguments) => explain::run(&arguments),
        Csr::Simulate(arguments) => simulate::run(&arguments),
        Csr::Sign(arguments) => sign::run(&arguments),
    }
}

/// What is wrong with the requests of a file, with its code.
fn in_file(path: &Path, error: &CsrError) -> anyhow::Error {
    anyhow::anyhow!("{}: {error} ({})", input::name(path), error.code())
}

/// Refuses before anything is done what would fail in the end.
fn check_new(file: Option<&Path>) -> Result<()> {
    match file {
        Some(file) if file.as_os_str() != "-" && file.symlink_metadata().is_ok() => {
            bail!("{} is there already and stays as it is; choose another file", input::name(file))
        }
        Some(file) if file.as_os_str() != "-" && !folder_of(file).is_dir() => {
            bail!("{} cannot be written: its folder is not there", input::name(file))
        }
        _ => Ok(()),
    }
}

/// The folder that a file is in.
fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Text of a request, cut and with what hides on a terminal escaped.
fn shown(text: &str) -> String {
    // DNS names are whole.
    const LENGTH: usize = 253;
    kboot_core::shown::cut(text, LENGTH)
}

/// A signer without what begins nearly every one.
fn short(signer: &str) -> &str {
    signer.strip_prefix("kubernetes.io/").unwrap_or(signer)
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Approve => Tone::Good,
        Verdict::Deny => Tone::Bad,
        Verdict::Hold => Tone::Doubtful,
    }
}

/// A table whose rows are shown as they come: nobody knows how wide the next ones are. What was asked, and by whom,
/// comes last.
fn streamed<const N: usize>(columns: [(&'static str, usize); N]) -> Table {
    let column = |(head, width)| Column::new(head).width(Width::AtLeast(width));
    let request = Column::new("REQUEST").width(Width::AtLeast(36)).free();
    Table::new(columns.into_iter().map(column).chain([request])).gap(2)
}

/// What was asked, and by whom.
fn asked(object: &CertificateSigningRequest) -> String {
    format!("{} of {}", short(object.signer_name()), object.requestor().username)
}
