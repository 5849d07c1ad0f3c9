//! A kubelet's life: bootstrap, then its Node, its Lease and its certificates until the client certificate ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kboot_core::csr::Signer;
use kboot_core::time::Timestamp;
use kboot_core::x509::{Certificate, KeyAlgorithm, PrivateKey, SubjectAltNames};
use time::OffsetDateTime;

use super::connection::{Api, is_code, said};
use super::request::{self, NoCertificate, Sent};
use super::status::{Happening, Phase};
use super::work::Busy;
use super::{Shared, node, what};

/// How long a request may take: of a certificate manager, and of the request with a name
/// (`certificateWaitTimeout` and `waitForCertificate` upstream).
const PATIENCE: time::Duration = time::Duration::minutes(15);
const PATIENCE_NAMED: time::Duration = time::Duration::hours(1);
/// After a request that led to nothing: doubled from the first to the last
/// (`client-go/util/certificate/certificate_manager.go`).
const FIRST_BACKOFF: time::Duration = time::Duration::seconds(2);
const LAST_BACKOFF: time::Duration = time::Duration::seconds(32);
/// After a server that does not answer, by the machine's clock: so that a clock that stands still keeps
/// nobody from trying.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// How long who moves the clock waits for a certificate.
const AT_ONCE: Duration = Duration::from_millis(500);
const LEASE: time::Duration = time::Duration::seconds(10);
const HEARTBEAT: time::Duration = time::Duration::minutes(5);

/// What can fail, in words.
const REGISTER: &str = "register the Node";
const RENEW: &str = "renew the Lease";
const BEAT: &str = "write the Node's status";

/// A certificate with its key, and when it is rotated and ends.
struct Held {
    certificate: Certificate,
    key: PrivateKey,
    rotates: OffsetDateTime,
    ends: OffsetDateTime,
}

pub(super) async fn run(shared: Arc<Shared>) {
    let mut busy = shared.work.begin();
    loop {
        let (api, held, still) = bootstrap(&shared, busy).await;
        busy = session(&shared, api, held, still).await;
        shared.tell(Happening::Ended);
        shared.set(|status| {
            status.phase = Phase::Bootstrapping;
            (status.client, status.client_request, status.serving_request) = (None, None, None);
        });
    }
}

async fn bootstrap<'a>(shared: &'a Shared, mut busy: Busy<'a>) -> (Api, Held, Busy<'a>) {
    let signer = Signer::KubeApiserverClientKubelet;
    let mut pause = Pause::new();
    loop {
        let no_names = SubjectAltNames::default();
        let (held, still) =
            obtain(shared, signer, &no_names, || shared.connection.bootstrap.clone(), busy).await;
        match shared.connection.with_certificate(&held.certificate, &held.key) {
            Ok(api) => {
                shared.set(|status| status.phase = Phase::Registering);
                let still = not_at_once(shared, &held, still).await;
                return (api, held, still);
            }
            Err(error) => shared.failed(what(signer), error.to_string()),
        }
        busy = pause.wait(still).await;
    }
}

/// What a kubelet does while it has a client certificate; returns when that has ended.
async fn session<'a>(shared: &'a Shared, api: Api, held: Held, busy: Busy<'a>) -> Busy<'a> {
    let api = Mutex::new(api);
    let current = || api.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let replace = |new: Api| *api.lock().unwrap_or_else(PoisonError::into_inner) = new;
    let registers = shared.work.begin();
    let lives = async {
        let (node_uid, busy) = register(shared, &current, registers).await;
        let (beats, serves) = (shared.work.begin(), shared.work.begin());
        tokio::join!(
            leases(shared, &current, &node_uid, busy),
            heartbeats(shared, &current, beats),
            servings(shared, &current, serves),
        );
    };
    tokio::select! {
        busy = clients(shared, held, &current, replace, busy) => busy,
        // Its loops end with it alone.
        () = lives => shared.work.begin(),
    }
}

/// Rotates the client certificate, until one has ended.
async fn clients<'a>(
    shared: &'a Shared,
    mut held: Held,
    current: &impl Fn() -> Api,
    replace: impl Fn(Api),
    mut busy: Busy<'a>,
) -> Busy<'a> {
    let clock = &shared.settings.clock;
    let signer = Signer::KubeApiserverClientKubelet;
    loop {
        let rotated = async {
            if !shared.settings.rotates {
                return busy.rest(std::future::pending()).await;
            }
            let busy = busy.sleep_until(clock, held.rotates).await;
            obtain(shared, signer, &SubjectAltNames::default(), current, busy).await
        };
        let (new, still) = tokio::select! {
            biased;
            ended = shared.work.alarm(clock, held.ends) => return ended,
            new = rotated => new,
        };
        match shared.connection.with_certificate(&new.certificate, &new.key) {
            Ok(api) => replace(api),
            Err(error) => shared.failed(what(signer), error.to_string()),
        }
        busy = not_at_once(shared, &new, still).await;
        held = new;
    }
}

/// Gets a serving certificate and rotates it.
async fn servings<'a>(shared: &'a Shared, current: &impl Fn() -> Api, mut busy: Busy<'a>) {
    if !shared.settings.serves {
        return;
    }
    let Some(names) = &shared.settings.serving else { return shared.tell(Happening::NothingToServe) };
    loop {
        let (held, still) = obtain(shared, Signer::KubeletServing, names, current, busy).await;
        if !shared.settings.rotates {
            return;
        }
        let still = not_at_once(shared, &held, still).await;
        busy = still.sleep_until(&shared.settings.clock, held.rotates).await;
    }
}

/// Where the server's clock is behind, a new certificate is an old one already: it is asked for once in a second, as by
/// `wait.Until` upstream.
async fn not_at_once<'a>(shared: &Shared, held: &Held, busy: Busy<'a>) -> Busy<'a> {
    if held.rotates > shared.settings.clock.time() {
        return busy;
    }
    busy.rest(tokio::time::sleep(Duration::from_secs(1))).await.1
}

/// Asks until there is a certificate.
async fn obtain<'a>(
    shared: &'a Shared,
    signer: Signer,
    names: &SubjectAltNames,
    api: impl Fn() -> Api,
    mut busy: Busy<'a>,
) -> (Held, Busy<'a>) {
    let settings = &shared.settings;
    let clock = &settings.clock;
    let is_named = !settings.rotates && signer != Signer::KubeletServing;
    let patience = if is_named { PATIENCE_NAMED } else { PATIENCE };
    let (mut pause, mut backoff) = (Pause::new(), FIRST_BACKOFF);
    let mut key = None;
    loop {
        // Times are taken before anybody hears of what they belong to, and may move the clock.
        let until = clock.time() + patience;
        let own = match key.take().map_or_else(|| PrivateKey::generate(KeyAlgorithm::EcdsaP256), Ok) {
            Ok(own) => own,
            Err(error) => {
                shared.failed(what(signer), error.to_string());
                busy = pause.wait(busy).await;
                continue;
            }
        };
        let api = api();
        let sent = match request::send(&api, settings, signer, names, &own, is_named).await {
            Ok(sent) => sent,
            Err(why) => {
                shared.failed(what(signer), why);
                key = Some(own);
                busy = pause.wait(busy).await;
                continue;
            }
        };
        shared.tell(Happening::Requested { signer, request: sent.name.clone() });
        shared.set(|status| {
            *status.request_mut(signer) = Some(sent.name.clone());
            status.problem = None;
        });
        let (answer, still) = awaited(shared, signer, &api, &sent, &own, until, busy).await;
        busy = still;
        let again = clock.time() + backoff;
        let problem = match answer {
            Some(Ok(certificate)) => {
                let held = hold(shared, certificate, own);
                issued(shared, signer, &held);
                return (held, busy);
            }
            Some(Err(NoCertificate::Refused { stage, reason, message })) => {
                let problem = format!("{} was {stage}: {message} ({reason})", sent.name);
                shared.tell(Happening::Refused { request: sent.name, stage, reason, message });
                problem
            }
            Some(Err(NoCertificate::Lost(why) | NoCertificate::Failed(why))) => {
                shared.tell(Happening::Failed { action: what(signer), why: why.clone() });
                why
            }
            None => {
                let problem = format!("nobody signed {}", sent.name);
                shared.tell(Happening::GaveUp { request: sent.name });
                problem
            }
        };
        shared.set(|status| {
            *status.request_mut(signer) = None;
            status.problem = Some(problem);
        });
        if is_named {
            key = Some(own);
        }
        busy = busy.sleep_until(clock, again).await;
        backoff = backoff.saturating_add(backoff).min(LAST_BACKOFF);
    }
}

/// What became of a request; none where nobody signs it until then.
async fn awaited<'a>(
    shared: &'a Shared,
    signer: Signer,
    api: &Api,
    sent: &Sent,
    key: &PrivateKey,
    until: OffsetDateTime,
    busy: Busy<'a>,
) -> (Option<Result<Certificate, NoCertificate>>, Busy<'a>) {
    let waiting = async {
        tokio::select! {
            answer = answer(shared, signer, api, sent, key) => (Some(answer), None),
            late = shared.work.alarm(&shared.settings.clock, until) => (None, Some(late)),
        }
    };
    let mut waiting = std::pin::pin!(waiting);
    // Whoever approves by himself does so at once; for a person nobody who moves the clock is kept waiting.
    match tokio::time::timeout(AT_ONCE, waiting.as_mut()).await {
        Ok((answer, late)) => {
            drop(late);
            (answer, busy)
        }
        Err(_) => {
            let ((answer, late), busy) = busy.rest(waiting).await;
            drop(late);
            (answer, busy)
        }
    }
}

/// What became of a request; a question that did not go is asked again.
async fn answer(
    shared: &Shared,
    signer: Signer,
    api: &Api,
    sent: &Sent,
    key: &PrivateKey,
) -> Result<Certificate, NoCertificate> {
    let mut pause = Pause::new();
    loop {
        match request::wait(api, sent, key).await {
            Err(NoCertificate::Failed(why)) => shared.failed(what(signer), why),
            answer => return answer,
        }
        pause.alone().await;
    }
}

/// Notes a certificate that was issued.
fn issued(shared: &Shared, signer: Signer, held: &Held) {
    let moment =
        |time: OffsetDateTime| Timestamp::from_unix(time.unix_timestamp()).unwrap_or(Timestamp::EPOCH);
    shared.tell(Happening::Issued { signer, not_after: moment(held.ends), rotates: moment(held.rotates) });
    shared.set(|status| {
        let certificate = Some(held.certificate.clone());
        *status.request_mut(signer) = None;
        match signer {
            Signer::KubeletServing => {
                status.serving = certificate;
                status.servings = status.servings.saturating_add(1);
            }
            Signer::KubeApiserverClient | Signer::KubeApiserverClientKubelet => {
                status.client = certificate;
                status.clients = status.clients.saturating_add(1);
            }
        }
        status.problem = None;
    });
}

/// A certificate and when it is rotated: at 70 to 90 % of its life (`nextRotationDeadline`).
fn hold(shared: &Shared, certificate: Certificate, key: PrivateKey) -> Held {
    let validity = certificate.facts().validity;
    let moment = |time: Timestamp| {
        OffsetDateTime::from_unix_timestamp(time.unix()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    };
    let (starts, ends) = (moment(validity.not_before), moment(validity.not_after));
    let millionths = 700_000 + i64::from(shared.random.millionth() / 5);
    let after = (ends - starts).whole_seconds().saturating_mul(millionths) / 1_000_000;
    let rotates = starts + time::Duration::seconds(after);
    Held { certificate, key, rotates, ends }
}

/// Registers the Node and writes the Lease, until both are there; the Node's UID.
async fn register<'a>(
    shared: &'a Shared,
    current: &impl Fn() -> Api,
    mut busy: Busy<'a>,
) -> (String, Busy<'a>) {
    let mut pause = Pause::new();
    loop {
        match node::register(&current(), &shared.settings).await {
            Ok((uid, created)) => {
                shared.solved(REGISTER);
                shared.tell(Happening::Registered { created });
                return (uid, busy);
            }
            Err(error) => shared.failed(REGISTER, said(&error)),
        }
        busy = pause.wait(busy).await;
    }
}

/// Keeps the Lease.
async fn leases<'a>(shared: &'a Shared, current: &impl Fn() -> Api, node_uid: &str, mut busy: Busy<'a>) {
    let clock = &shared.settings.clock;
    let (mut pause, mut lease) = (Pause::new(), None);
    loop {
        let next = clock.time() + LEASE;
        let written = match lease.take() {
            Some(lease) => node::renew(&current(), &shared.settings, lease).await,
            None => node::lease(&current(), &shared.settings, node_uid).await,
        };
        match written {
            Ok(written) => {
                shared.status.send_if_modified(|status| {
                    let is_new = status.phase != Phase::Ready;
                    if is_new {
                        (status.phase, status.problem) = (Phase::Ready, None);
                    }
                    is_new
                });
                shared.solved(RENEW);
                lease = Some(written);
                pause = Pause::new();
                busy = busy.sleep_until(clock, next).await;
            }
            // Somebody else wrote it, or it is gone: it is read again.
            Err(error) => {
                shared.failed(RENEW, said(&error));
                busy = pause.wait(busy).await;
            }
        }
    }
}

/// Keeps the Node's status fresh.
async fn heartbeats<'a>(shared: &'a Shared, current: &impl Fn() -> Api, mut busy: Busy<'a>) {
    let clock = &shared.settings.clock;
    let mut pause = Pause::new();
    loop {
        busy = busy.sleep_until(clock, clock.time() + HEARTBEAT).await;
        while let Err(error) = node::heartbeat(&current(), &shared.settings).await {
            shared.failed(BEAT, said(&error));
            if is_code(&error, 404) {
                // Deleted under it; a real kubelet does not come back from this without a restart either.
                break;
            }
            busy = pause.wait(busy).await;
        }
        shared.solved(BEAT);
        pause = Pause::new();
    }
}

/// Longer and longer pauses, by the machine's clock.
struct Pause(Duration);

impl Pause {
    fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    async fn wait<'a>(&mut self, busy: Busy<'a>) -> Busy<'a> {
        busy.rest(self.alone()).await.1
    }

    async fn alone(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = self.0.saturating_mul(2).min(LAST_PAUSE);
    }
}
