//! `kboot csr approve`

use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use kboot_core::Env;
use kboot_core::csr::Signer;
use kboot_core::online::csr::{Approver, BY_HAND, Event, Facts, Settled};
use kboot_core::online::{Client, OnlineError};
use kboot_core::policy::{Policy, Rule};

use super::facts::{Known, Loaded};
use super::settled::{Failure, Row, Rows};
use super::{short, shown};
use crate::Answer;
use crate::cli::{CsrApprove, PolicyChoice};
use crate::commands::connection::with_cluster;
use crate::output;

pub(super) fn run(arguments: &CsrApprove) -> Result<Answer> {
    let known = Known::read(&arguments.facts)?;
    if !arguments.names.is_empty() {
        return by_hand(arguments, &known);
    }
    let choice = PolicyChoice { policy: arguments.policy.clone(), preset: arguments.preset };
    let loaded = Loaded::choose(&choice, known.inventory.as_ref())?;
    let rows = Rows::new(arguments.output, arguments.dry_run);
    with_cluster(&arguments.connection, async |client, limit| {
        let approver = Approver::by_policy(&loaded.policy, limit).dry_run(arguments.dry_run);
        if arguments.watch {
            watch(&client, &approver, &loaded, &known, rows).await
        } else {
            once(&client, &approver, &loaded, &known, rows).await
        }
    })
}

/// Everything that is pending now.
async fn once(
    client: &Client,
    approver: &Approver<'_>,
    loaded: &Loaded,
    known: &Known,
    mut rows: Rows,
) -> Result<Answer> {
    let context = loaded.context(known, Env::system().now());
    let (mut count, mut left, mut failed) = (0_usize, 0_usize, Vec::new());
    let mut written = Ok(());
    let each = |settled: Option<Result<Settled, OnlineError>>| match settled {
        None => known.begin_request(),
        Some(Ok(settled)) => {
            let row = Row::new(&settled);
            count = count.saturating_add(1);
            left = left.saturating_add(usize::from(!row.is_approved()));
            if written.is_ok() {
                written = rows.add(&row);
            }
        }
        Some(Err(error)) => failed.push(error),
    };
    approver.pass(client, context, each).await?;
    written?;
    rows.end()?;
    if count == 0 && failed.is_empty() {
        output::tell("no request is pending");
    }
    if left > 0 {
        output::tell(&format!("{left} of {count} stay as they are; kboot csr explain says why"));
    }
    match failed.pop() {
        None => Ok(if left > 0 { Answer::No } else { Answer::Yes }),
        Some(last) => {
            failed.into_iter().for_each(|error| output::error(&error.into()));
            Err(last.into())
        }
    }
}

/// Everything that comes, until somebody ends the program.
async fn watch(
    client: &Client,
    approver: &Approver<'_>,
    loaded: &Loaded,
    known: &Known,
    mut rows: Rows,
) -> Result<Answer> {
    let mut written = Ok(());
    let context = || loaded.context(known, Env::system().now());
    let tell = |event: Event| match event {
        Event::Begins => {
            known.begin_request();
            ControlFlow::Continue(())
        }
        Event::Settled(settled) => {
            written = rows.add(&Row::new(&settled)).and_then(|()| rows.flush());
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
        Event::Failed(error) => {
            output::error(&error.into());
            ControlFlow::Continue(())
        }
        _ => ControlFlow::Continue(()),
    };
    approver.watch(client, context, tell).await?;
    written?;
    Ok(Answer::Yes)
}

/// Those that a person names. The floor stays, and so all that the cluster says of itself is asked for.
fn by_hand(arguments: &CsrApprove, known: &Known) -> Result<Answer> {
    let policy = Policy::new(Signer::ALL.map(|signer| Rule::hold(short(signer.as_str()), signer)))?;
    let loaded = Loaded::of(policy, known.inventory.as_ref());
    let mut rows = Rows::new(arguments.output, arguments.dry_run);
    with_cluster(&arguments.connection, async |client: Client, limit: Duration| {
        let approver = Approver::by_hand(&loaded.policy, BY_HAND, limit).dry_run(arguments.dry_run);
        let facts = Facts::fetch(&client, &loaded.policy, limit).await?;
        let mut objects = Vec::new();
        for name in &arguments.names {
            let found = facts.requests().items.iter().find(|object| object.name() == name);
            let object = found.ok_or_else(|| anyhow!("there is no request {:?}", shown(name)))?;
            if object.signer().is_none() {
                bail!(
                    "{}: {:?} is not a signer that kboot decides for, so no floor would stand below the approval; \
                     kubectl certificate approve has none",
                    shown(name),
                    shown(object.signer_name())
                );
            }
            objects.push(object);
        }
        let mut context = loaded.context(known, Env::system().now());
        facts.add_to(&mut context);
        let mut is_done = true;
        for object in objects {
            known.begin_request();
            match approver.settle(&client, object, &mut context).await {
                Ok(settled) => {
                    let row = Row::new(&settled);
                    is_done &= row.is_approved();
                    rows.add(&row)?;
                }
                Err(error) => return Err(Failure::of(rows, error)),
            }
        }
        rows.end()?;
        Ok(if is_done { Answer::Yes } else { Answer::No })
    })
}
