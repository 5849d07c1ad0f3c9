//! `kboot csr deny`

use anyhow::{Result, anyhow};
use kboot_core::Env;
use kboot_core::csr::Condition;
use kboot_core::online;

use super::settled::{Failure, Row, Rows};
use super::shown;
use crate::Answer;
use crate::cli::CsrDeny;
use crate::commands::connection::with_cluster;

pub(super) fn run(arguments: &CsrDeny) -> Result<Answer> {
    let condition = Condition::denied(&arguments.reason, &arguments.message, Env::system().now())?;
    let mut rows = Rows::new(arguments.output, arguments.dry_run);
    with_cluster(&arguments.connection, async |client, limit| {
        let mut is_done = true;
        for name in &arguments.names {
            match online::csr::deny(&client, name, &condition, arguments.dry_run, limit).await {
                Ok(Some(settled)) => {
                    let row = Row::new(&settled);
                    is_done &= row.is_denied();
                    rows.add(&row)?;
                }
                Ok(None) => return Err(Failure::of(rows, anyhow!("there is no request {:?}", shown(name)))),
                Err(error) => return Err(Failure::of(rows, error)),
            }
        }
        rows.end()?;
        Ok(if is_done { Answer::Yes } else { Answer::No })
    })
}
