//! Runs the scenarios on each server, many at once.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;

use crate::api::Api;
use crate::conformance::{self, Outcome};
use crate::servers::{self, Column, Needs};

/// So many at once on each server.
const AT_ONCE: usize = 12;
const LIMIT: Duration = Duration::from_secs(90);

/// A scenario, and what it is about.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) topic: &'static str,
    pub(crate) name: &'static str,
    pub(crate) needs: Needs,
    pub(crate) run: fn(Api) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The table of a topic: `scenarios! { Generic: a, b; Full: c; }`.
macro_rules! scenarios {
    ($($needs:ident: $($name:ident),+ $(,)?;)+) => {
        pub(crate) const SCENARIOS: &[$crate::runner::Scenario] = &[$($(
            $crate::runner::Scenario {
                topic: module_path!(),
                name: stringify!($name),
                needs: $crate::servers::Needs::$needs,
                run: |api| Box::pin($name(api)),
            },
        )+)+];
    };
}
pub(crate) use scenarios;

impl Scenario {
    /// `a_b::c_d` as `a b`, `c d`.
    pub(crate) fn words(&self) -> (String, String) {
        let topic = self.topic.rsplit("::").next().unwrap_or_default();
        (topic.replace('_', " "), self.name.replace('_', " "))
    }

    async fn on(self, column: &Column, ns: &str) -> Outcome {
        let server = match (self.needs, column.generic_alone, &column.with_controllers) {
            (Needs::Generic | Needs::Alone, ..) | (Needs::Full, None, _) => &column.plain,
            (Needs::Controllers, None, Some(server)) => server,
            (_, why, _) => return Outcome::not_applicable(why.unwrap_or("has no controllers")),
        };
        server.make_namespace(ns).await;
        let api = Api::new(Arc::clone(server), column.is_custom, ns);
        let seen = Arc::clone(&api.seen);
        let ended = tokio::spawn(tokio::time::timeout(LIMIT, (self.run)(api))).await;
        let failure = match ended {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some(format!("has not ended in {LIMIT:?}")),
            Err(panic) => Some(text_of(panic)),
        };
        let seen = seen.lock().unwrap().clone();
        Outcome { failure, facts: seen.facts, not_applicable: seen.not_applicable }
    }
}

fn text_of(panic: tokio::task::JoinError) -> String {
    let payload = panic.into_panic();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned()
}

pub(crate) async fn run(all: &[Scenario]) {
    let columns = servers::start().await;
    let wanted = std::env::var("KBOOT_SCENARIO").unwrap_or_default();
    let chosen: Vec<_> =
        all.iter().filter(|one| one.name.contains(&wanted) || one.topic.contains(&wanted)).collect();
    let mut outcomes = vec![vec![Outcome::default(); chosen.len()]; columns.len()];
    let all_at_once = columns.iter().zip(&mut outcomes).enumerate().map(|(place, (column, outcomes))| {
        let chosen = &chosen;
        async move {
            let started = Instant::now();
            let together = chosen.iter().enumerate().filter(|(_, one)| one.needs != Needs::Alone);
            let done = futures::stream::iter(together).map(|(number, one)| async move {
                (number, one.on(column, &format!("case-{place}{number:03}")).await)
            });
            for (number, outcome) in done.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
                outcomes[number] = outcome;
            }
            eprintln!("{}: {} scenarios, in {:.1?}", column.name, chosen.len(), started.elapsed());
        }
    });
    futures::future::join_all(all_at_once).await;
    for (place, (column, outcomes)) in columns.iter().zip(&mut outcomes).enumerate() {
        for (number, one) in chosen.iter().enumerate().filter(|(_, one)| one.needs == Needs::Alone) {
            outcomes[number] = one.on(column, &format!("case-{place}{number:03}")).await;
        }
    }
    let names: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
    let mut failures = 0;
    for (name, outcomes) in names.iter().zip(&outcomes) {
        for (scenario, outcome) in chosen.iter().zip(outcomes) {
            if let Some(failure) = &outcome.failure {
                failures += 1;
                eprintln!("FAILED on {name}: {}::{}: {failure}", scenario.topic, scenario.name);
            }
            if !wanted.is_empty() {
                for (what, value) in &outcome.facts {
                    eprintln!("{name}: {}::{}: {what}: {value}", scenario.topic, scenario.name);
                }
            }
        }
    }
    // The servers end here: what is left is the table's.
    drop(columns);
    assert!(failures == 0, "{failures} scenarios do not hold");
    if wanted.is_empty() && !names.is_empty() {
        conformance::hold(&chosen, &names, &outcomes);
    }
}
