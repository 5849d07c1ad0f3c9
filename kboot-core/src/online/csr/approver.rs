//! A decision, put where it belongs.

use std::time::Duration;

use k8s_openapi::api::certificates::v1::CertificateSigningRequest as KubeRequest;
use kube::Client;

use super::{Facts, PATH, find, object_of};
use crate::csr::{CertificateSigningRequest, Condition, Stage};
use crate::online::OnlineError;
use crate::online::fetch::{Call, FIELD_MANAGER, MAX_OBJECT, segment, send};
use crate::policy::{Decision, Policy, PolicyContext, Verdict};

/// Whom [`Approver::by_hand`] names where the API server knows better who it is: its condition says `Approved by hand
/// with kboot.`, and the audit log says who sent it.
pub const BY_HAND: &str = "hand with kboot";

/// How often a request that somebody else changes at the same time is judged anew.
const ATTEMPTS: u32 = 10;
/// The first pause between two attempts; each further one is twice as long, and another's writes may come at the same
/// pace.
const PAUSE: Duration = Duration::from_millis(20);

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It has the condition Approved, of this very decision; in a dry run it could have.
    Approved,
    /// It has the condition Denied, of this very decision; in a dry run it could have.
    Denied,
    /// It stays pending: nothing approves it.
    Left,
    /// Somebody else has decided on it; nothing was done.
    DecidedBefore(Stage),
    /// It was deleted.
    Gone,
}

/// A request, what was decided on it, and what became of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settled {
    /// The request as it is now.
    pub request: CertificateSigningRequest,
    /// The decision; none where nothing had to be decided any more, or a person denied it.
    pub decision: Option<Decision>,
    /// What became of it.
    pub outcome: Outcome,
}

/// Approves what a policy approves, or what a person does.
///
/// A condition goes to the subresource `approval`, with the version of the object that was judged: where another was
/// faster, the API server refuses it, and the fresh object is judged anew. So nothing is decided twice, and nothing
/// after somebody else.
#[derive(Debug, Clone)]
pub struct Approver<'a> {
    policy: &'a Policy,
    person: Option<&'a str>,
    is_dry_run: bool,
    limit: Duration,
}

impl<'a> Approver<'a> {
    /// By a policy: what it approves is approved, and everything else left as it is, what it denies too. Each question
    /// to the API server may take `limit`.
    #[must_use]
    pub fn by_policy(policy: &'a Policy, limit: Duration) -> Self {
        Self { policy, person: None, is_dry_run: false, limit }
    }

    /// By a person of this name, or [`BY_HAND`], who has looked at it: approved is also what the policy holds, but nothing
    /// that it denies or that the floor refuses ([`Decision::approve_as`]).
    #[must_use]
    pub fn by_hand(policy: &'a Policy, person: &'a str, limit: Duration) -> Self {
        Self { person: Some(person), ..Self::by_policy(policy, limit) }
    }

    /// Lets the API server check everything and keep nothing (`dryRun=All`).
    #[must_use]
    pub fn dry_run(mut self, is_dry_run: bool) -> Self {
        self.is_dry_run = is_dry_run;
        self
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Asks the cluster for its facts, adds them to the context, and settles every pending request. What was approved
    /// counts for those after it.
    ///
    /// `each` is called before each request with none, so that a resolver's time can begin, and then with what became
    /// of it, or why that could not be done.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use kboot_core::{Env, online::{self, csr::Approver}, policy::{PolicyContext, Preset}};
    ///
    /// let client = online::connect(None, None).await?;
    /// let policy = Preset::KubeletServing.policy();
    /// let approver = Approver::by_policy(&policy, Duration::from_secs(30));
    /// let context = PolicyContext::at(Env::system().now());
    /// approver.pass(&client, context, |settled| {
    ///     if let Some(Ok(settled)) = settled {
    ///         println!("{}: {:?}", settled.request.name(), settled.outcome);
    ///     }
    /// }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`OnlineError`] where the facts cannot be had.
    pub async fn pass(
        &self,
        client: &Client,
        mut context: PolicyContext<'_>,
        mut each: impl FnMut(Option<Result<Settled, OnlineError>>),
    ) -> Result<Facts, OnlineError> {
        let facts = Facts::fetch(client, self.policy, self.limit).await?;
        facts.add_to(&mut context);
        for object in facts.requests().items.iter().filter(|object| object.is_pending()) {
            each(None);
            let settled = self.settle(client, object, &mut context).await;
            each(Some(settled));
        }
        Ok(facts)
    }

    /// Decides on one request, and approves it where the decision says so. The context's history counts this request,
    /// as [`Facts::add_to`] leaves it, and afterwards what became of it.
    ///
    /// # Errors
    /// [`OnlineError`] where the API server does not answer or does not allow it, or where somebody else changes the
    /// request again and again.
    pub async fn settle(
        &self,
        client: &Client,
        object: &CertificateSigningRequest,
        context: &mut PolicyContext<'_>,
    ) -> Result<Settled, OnlineError> {
        let mut object = object.clone();
        let mut attempt = 0;
        loop {
            if !object.is_pending() {
                return Ok(decided_before(object));
            }
            let decision = self.decide(&object, context);
            if decision.verdict() != Verdict::Approve {
                return Ok(Settled { request: object, decision: Some(decision), outcome: Outcome::Left });
            }
            let condition = decision.condition(context.now);
            let approved = object.clone().with_condition(condition.unwrap_or_default());
            match put(client, &approved, self.is_dry_run, self.limit).await {
                Ok(request) => {
                    if let Some(history) = &mut context.history {
                        history.remove(&object);
                        history.add(&request);
                    }
                    let decision = Some(decision);
                    return Ok(Settled { request, decision, outcome: Outcome::Approved });
                }
                Err(error) => match fresh(client, &object, error, &mut attempt, self.limit).await? {
                    Some(again) => object = again,
                    None => return Ok(gone(object)),
                },
            }
        }
    }

    /// The decision alone: a function of the request and the context, whose history counts this request.
    #[must_use]
    pub fn decide(&self, object: &CertificateSigningRequest, context: &mut PolicyContext<'_>) -> Decision {
        if let Some(history) = &mut context.history {
            history.remove(object);
        }
        let decision = self.policy.evaluate(object, context);
        if let Some(history) = &mut context.history {
            history.add(object);
        }
        match self.person {
            Some(person) => decision.approve_as(person),
            None => decision,
        }
    }
}

/// Denies a request, which is final, unless somebody has decided on it; none where there is none of this name.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use kboot_core::{Env, csr::Condition, online};
///
/// let client = online::connect(None, None).await?;
/// let condition = Condition::denied("UnknownMachine", "It is none of ours.", Env::system().now())?;
/// online::csr::deny(&client, "csr-1", &condition, false, Duration::from_secs(30)).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Approver::settle`].
pub async fn deny(
    client: &Client,
    name: &str,
    condition: &Condition,
    is_dry_run: bool,
    limit: Duration,
) -> Result<Option<Settled>, OnlineError> {
    let Some(mut object) = find(client, name, limit).await? else { return Ok(None) };
    let mut attempt = 0;
    loop {
        if !object.is_pending() {
            return Ok(Some(decided_before(object)));
        }
        let denied = object.clone().with_condition(condition.clone());
        match put(client, &denied, is_dry_run, limit).await {
            Ok(request) => {
                return Ok(Some(Settled { request, decision: None, outcome: Outcome::Denied }));
            }
            Err(error) => match fresh(client, &object, error, &mut attempt, limit).await? {
                Some(again) => object = again,
                None => return Ok(Some(gone(object))),
            },
        }
    }
}

fn decided_before(request: CertificateSigningRequest) -> Settled {
    let outcome = Outcome::DecidedBefore(request.stage());
    Settled { request, decision: None, outcome }
}

fn gone(request: CertificateSigningRequest) -> Settled {
    Settled { request, decision: None, outcome: Outcome::Gone }
}

/// The object with its new condition to `approval`. Its version goes along, so nothing that was changed since is
/// overwritten.
async fn put(
    client: &Client,
    object: &CertificateSigningRequest,
    is_dry_run: bool,
    limit: Duration,
) -> Result<CertificateSigningRequest, OnlineError> {
    let dry_run = if is_dry_run { "&dryRun=All" } else { "" };
    let name = segment(object.name());
    let path = format!("{PATH}/{name}/approval?fieldManager={FIELD_MANAGER}{dry_run}");
    let call = Call::put(path.as_str(), object.to_json().into_bytes());
    let answer: KubeRequest = send(client, call, MAX_OBJECT, limit).await?.object()?;
    object_of(&answer, &path)
}

/// After a conflict, the object as it is now; none where it is gone, or another has taken its name.
async fn fresh(
    client: &Client,
    object: &CertificateSigningRequest,
    error: OnlineError,
    attempt: &mut u32,
    limit: Duration,
) -> Result<Option<CertificateSigningRequest>, OnlineError> {
    *attempt = attempt.saturating_add(1);
    if error.is_not_found() {
        return Ok(None);
    }
    if !error.is_conflict() || *attempt >= ATTEMPTS {
        return Err(error);
    }
    tokio::time::sleep(PAUSE.saturating_mul(1 << (*attempt).min(6))).await;
    let found = find(client, object.name(), limit).await?;
    Ok(found.filter(|found| found.metadata().uid() == object.metadata().uid()))
}
