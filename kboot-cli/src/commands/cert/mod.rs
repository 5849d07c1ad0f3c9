//! `kboot cert`

pub(super) mod expiry;
mod files;
pub(super) mod inspect;
mod issue;
pub(super) mod verify;

use anyhow::Result;
use kboot_core::x509::TlsUsage;

use crate::Answer;
use crate::cli::{Cert, Side};

/// Far more than any certificate, key, kubeconfig or request.
const MAX_BYTES: usize = 1024 * 1024;

pub(crate) fn run(command: Cert) -> Result<Answer> {
    match command {
        Cert::Issue(arguments) => issue::run(*arguments)?,
        Cert::Inspect { paths, output } => inspect::run(&paths, output)?,
        Cert::Verify(arguments) => return verify::run(&arguments),
        Cert::Expiry { path, within, output } => return expiry::run(&path, within, output),
    }
    Ok(Answer::Yes)
}

/// Both where both are named, none where none is.
fn usage(sides: &[Side]) -> Option<TlsUsage> {
    match (sides.contains(&Side::Server), sides.contains(&Side::Client)) {
        (true, true) => Some(TlsUsage::ServerAndClient),
        (true, false) => Some(TlsUsage::Server),
        (false, true) => Some(TlsUsage::Client),
        (false, false) => None,
    }
}
