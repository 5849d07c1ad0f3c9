//! `kboot ca`, `kboot cert`: one file for each command.

mod create;
mod expiry;
mod files;
mod inspect;
mod issue;
mod verify;

pub(crate) use issue::{load as load_authority, named_by_path};

use anyhow::Result;
use kboot_core::pki::profile::ExtendedUsage;

use crate::Answer;
use crate::cli::{Ca, Cert, Side};

/// Far more than any certificate, key, kubeconfig or request.
const MAX_BYTES: usize = 1024 * 1024;

pub(crate) fn ca(command: Ca) -> Result<Answer> {
    let Ca::Create(arguments) = command;
    create::run(arguments)?;
    Ok(Answer::Yes)
}

pub(crate) fn cert(command: Cert) -> Result<Answer> {
    match command {
        Cert::Issue(arguments) => issue::run(*arguments)?,
        Cert::Inspect { paths, output } => inspect::run(&paths, output)?,
        Cert::Verify(arguments) => return verify::run(&arguments),
        Cert::Expiry { path, within, output } => return expiry::run(&path, within, output),
    }
    Ok(Answer::Yes)
}

/// Both where both are named, none where none is.
fn usage(sides: &[Side]) -> Option<ExtendedUsage> {
    match (sides.contains(&Side::Server), sides.contains(&Side::Client)) {
        (true, true) => Some(ExtendedUsage::ServerAndClient),
        (true, false) => Some(ExtendedUsage::Server),
        (false, true) => Some(ExtendedUsage::Client),
        (false, false) => None,
    }
}

/// The files of a certificate and its key, in kubeadm's manner or in cfssljson's.
fn file_names(name: &str, cfssljson: bool) -> (String, String) {
    if cfssljson {
        (format!("{name}.pem"), format!("{name}-key.pem"))
    } else {
        (format!("{name}.crt"), format!("{name}.key"))
    }
}
