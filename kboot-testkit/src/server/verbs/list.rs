//! Reading one object and many: versions, selectors and pages (`apiserver/pkg/storage/etcd3/store.go`).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Call;
use crate::server::answer::{Answer, Content, List};
use crate::server::path::Query;
use crate::server::selector::{FieldSelector, LabelSelector};
use crate::server::status::{FieldError, Status};
use crate::server::store::{Snapshot, Stored};

pub(super) fn get(call: &Call<'_>) -> Result<Arc<Stored>, Status> {
    if let Some(wanted) = version(call, "resourceVersion")? {
        check_not_ahead(call, wanted)?;
    }
    call.read()
}

/// A version in the query; `0` is any.
pub(super) fn version(call: &Call<'_>, parameter: &str) -> Result<Option<u64>, Status> {
    match call.target.query.get(parameter) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            let detail = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
            let error = FieldError::invalid(parameter, &text.into(), &detail);
            Status::invalid("meta.k8s.io", "ListOptions", "", &[error])
        }),
    }
}

/// Nothing is that new yet, and waiting would not make it so.
pub(super) fn check_not_ahead(call: &Call<'_>, wanted: u64) -> Result<(), Status> {
    let current = call.server.store.revision();
    if wanted > current { Err(Status::too_new(wanted, current)) } else { Ok(()) }
}

/// What a list or a watch is narrowed to.
pub(super) struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selection {
    pub(super) fn of(call: &Call<'_>) -> Result<Self, Status> {
        let query = &call.target.query;
        let minor = call.server.minor;
        let labels = LabelSelector::parse(query.get("labelSelector"), minor)?;
        let (group, kind) = (&call.resource.group, &call.resource.kind);
        let mut fields = FieldSelector::parse(query.get("fieldSelector"), group, kind, minor)?;
        // The old way to watch one object has its name in the path.
        if call.attributes.verb == "watch" && !call.target.name.is_empty() && !query.has("fieldSelector") {
            fields =
                FieldSelector::parse(&format!("metadata.name={}", call.target.name), group, kind, minor)?;
        }
        Ok(Self { labels, fields })
    }

    /// The one name that is asked for.
    pub(super) fn name(&self) -> Option<&str> {
        self.fields.name()
    }

    pub(super) fn has(&self, object: &Value) -> bool {
        self.labels.matches(object) && self.fields.matches(object)
    }
}

pub(super) fn list(call: &Call<'_>) -> Result<Answer, Status> {
    check_options(call)?;
    call.target.query.number("timeoutSeconds")?;
    let selection = Selection::of(call)?;
    let query = &call.target.query;
    let page = Page::of(query.get("continue"))?;
    // A cache gives all that it has to whom any version is right (`computeListLimit`); Events have none.
    let is_whole = page.is_none() && query.get("resourceVersion") == "0" && call.resource.plural != "events";
    let limit = query.number("limit")?.and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|limit| *limit > 0 && !is_whole);
    let snapshot = snapshot(call, page.as_ref(), selection.name())?;
    let after = page.as_ref().map(|page| page.after.as_str());
    let mut matching = snapshot
        .objects
        .into_iter()
        .filter(|object| after.is_none_or(|after| place(&object.value).as_str() > after))
        .filter(|object| selection.has(&object.value));
    let items: Vec<_> = match limit {
        Some(limit) => matching.by_ref().take(limit).collect(),
        None => matching.by_ref().collect(),
    };
    let rest = matching.count();
    let is_selected = query.has("labelSelector") || query.has("fieldSelector");
    let next = match items.last().filter(|_| rest > 0) {
        Some(last) => Page { revision: snapshot.revision, after: place(&last.value) }.to_token(),
        None => String::new(),
    };
    let list = List {
        resource: Arc::clone(&call.resource),
        revision: snapshot.revision,
        items,
        next,
        remaining: (rest > 0 && !is_selected).then_some(rest),
    };
    Ok(Answer::new(200, Content::List(list)))
}

/// The objects at the version that was asked for.
fn snapshot(call: &Call<'_>, page: Option<&Page>, name: Option<&str>) -> Result<Snapshot, Status> {
    let store = &call.server.store;
    let latest = || store.snapshot(&call.place(), call.namespace(), name);
    let exactly = |revision: u64| {
        store.snapshot_at(&call.place(), call.namespace(), revision).map_err(|compacted| match page {
            // Who pages may go on without a consistent view (`handleCompactedErrorForContinue`).
            Some(page) => {
                let next = Page { revision: 0, after: page.after.clone() };
                Status::expired_page(&next.to_token())
            }
            None => Status::expired(format!(
                "The resourceVersion for the provided list is too old: {revision} ({})",
                compacted.oldest
            )),
        })
    };
    let wanted = version(call, "resourceVersion")?;
    if let Some(page) = page {
        if wanted.is_some_and(|wanted| wanted > 0) {
            return Err(Status::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        return if page.revision == 0 { Ok(latest()) } else { exactly(page.revision) };
    }
    let rule = call.target.query.get("resourceVersionMatch");
    match (rule, wanted) {
        (_, None) => Ok(latest()),
        ("Exact", Some(wanted)) => {
            check_not_ahead(call, wanted)?;
            exactly(wanted)
        }
        (_, Some(wanted)) => {
            check_not_ahead(call, wanted)?;
            // A limit asks for the version itself (`resourceVersionMatch` unset and `limit` set).
            let is_exact = rule.is_empty()
                && wanted > 0
                && call.target.query.number("limit")?.is_some_and(|limit| limit > 0);
            if is_exact { exactly(wanted) } else { Ok(latest()) }
        }
    }
}

/// `ValidateListOptions`.
fn check_options(call: &Call<'_>) -> Result<(), Status> {
    let mut errors = wrong_match(&call.target.query);
    if call.knows_initial_events() && call.target.query.has("sendInitialEvents") {
        errors.push(FieldError::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    if errors.is_empty() { Ok(()) } else { Err(call.invalid_options(&errors)) }
}

/// What is wrong with the rule for the version of a list.
pub(super) fn wrong_match(query: &Query) -> Vec<FieldError> {
    const FIELD: &str = "resourceVersionMatch";
    let rule = query.get(FIELD);
    let mut errors = Vec::new();
    if rule.is_empty() {
        return errors;
    }
    if query.get("resourceVersion").is_empty() {
        errors.push(FieldError::forbidden(
            FIELD,
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ));
    }
    if !query.get("continue").is_empty() {
        errors.push(FieldError::forbidden(
            FIELD,
            "resourceVersionMatch is forbidden when continue is provided",
        ));
    }
    if !matches!(rule, "Exact" | "NotOlderThan") {
        errors.push(FieldError::not_supported(FIELD, &rule.into(), &["Exact", "NotOlderThan", ""]));
    }
    if rule == "Exact" && query.get("resourceVersion") == "0" {
        let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
        errors.push(FieldError::forbidden(FIELD, detail));
    }
    errors
}

/// Where a list goes on: the continue token's content, as upstream's `v: meta.k8s.io/v1` has it.
struct Page {
    revision: u64,
    after: String,
}

impl Page {
    fn of(token: &str) -> Result<Option<Self>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        let wrong =
            || Status::bad_request("continue key is not valid: the token is not one of this server's");
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        let revision = value["rv"].as_u64().ok_or_else(wrong)?;
        let after = value["start"].as_str().ok_or_else(wrong)?.to_owned();
        Ok(Some(Self { revision, after }))
    }

    fn to_token(&self) -> String {
        URL_SAFE_NO_PAD
            .encode(json!({"v": "meta.k8s.io/v1", "rv": self.revision, "start": self.after}).to_string())
    }
}

/// Namespace and name in the order of the store.
fn place(object: &Value) -> String {
    let metadata = &object["metadata"];
    let part = |field: &str| metadata[field].as_str().unwrap_or_default();
    format!("{}/{}", part("namespace"), part("name"))
}
