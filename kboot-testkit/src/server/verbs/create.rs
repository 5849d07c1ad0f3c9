//! New objects (`apiserver/pkg/registry/generic/registry/store.go`).

use serde_json::Value;

use super::update::Writer;
use super::{Call, body, meta};
use crate::server::admission::{self, Phase};
use crate::server::answer::Answer;
use crate::server::patch;
use crate::server::registry;
use crate::server::status::Status;
use crate::server::store::Refused;

fn object_generates(sent: &Value) -> bool {
    sent["metadata"]["generateName"].as_str().is_some_and(|prefix| !prefix.is_empty())
}

/// How often a generated name is made anew where it is taken (since 1.30).
const TRIES: usize = 8;

pub(super) fn create(call: &Call<'_>) -> Result<Answer, Status> {
    let sent = body::object(call)?;
    let mut answer = keep(call, &sent.object)?;
    answer.warnings.extend(sent.warnings);
    Ok(answer)
}

/// Makes an object of what a client sent.
pub(super) fn keep(call: &Call<'_>, sent: &Value) -> Result<Answer, Status> {
    keep_written(call, sent, &Writer::Update)
}

/// Makes an object of what a client applied, which says already who owns what.
pub(super) fn keep_applied(call: &Call<'_>, sent: &Value) -> Result<Answer, Status> {
    keep_written(call, sent, &Writer::Apply)
}

fn keep_written(call: &Call<'_>, sent: &Value, writer: &Writer) -> Result<Answer, Status> {
    let server = call.server;
    call.check_not_terminating(sent["metadata"]["name"].as_str().unwrap_or_default())?;
    if sent["metadata"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()) {
        return Err(Status::internal("resourceVersion should not be set on objects to be created"));
    }
    let is_generated = sent["metadata"]["name"].as_str().unwrap_or_default().is_empty();
    let tries = if is_generated && server.minor >= 30 { TRIES } else { 1 };
    let mut last = Status::internal("no name could be generated");
    for _ in 0..tries {
        let mut object = sent.clone();
        let name = meta::on_create(call, &mut object)?;
        // Owned is what the client sent, before the server makes something of it (`handlers/create.go`).
        if matches!(writer, Writer::Update) {
            call.owned(|by, scope| patch::track(None, &mut object, by, scope));
        }
        call.admit(Phase::Mutating, None, Some(&object))?;
        admission::prepare_create(&call.resource, &mut object, call.user(), server.minor);
        call.establish(&mut object);
        let errors = call.errors(None, &object);
        if !errors.is_empty() {
            return Err(call.invalid(&name, &errors));
        }
        call.admit(Phase::Validating, None, Some(&object))?;
        server.check_grants(call, None, &object)?;
        call.check_size(&object)?;
        if call.is_dry_run()? {
            let exists = server.store.read(&call.place(), &call.key(&name)).is_some();
            if exists {
                return Err(Status::already_exists(&call.resource.group, &call.resource.plural, &name));
            }
            return Ok(call.answer_value(201, object));
        }
        match server.store.write(&call.place(), &call.key(&name), None, object, call.author("create")) {
            Ok(stored) => {
                if let Some(place) = registry::place_of(&call.resource, &stored.value) {
                    server.store.begin(&place);
                }
                return Ok(call.answer(201, stored));
            }
            // A name that was taken counts as one that was generated, wherever `generateName` stands beside it.
            Err(Refused::Exists) if server.minor < 28 && object_generates(sent) => {
                return Err(Status::server_timeout(&call.resource.group, &call.resource.kind, "POST"));
            }
            Err(why) => last = call.refused(why, &name),
        }
    }
    Err(last)
}
