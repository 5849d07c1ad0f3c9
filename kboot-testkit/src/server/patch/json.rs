//! JSON patches (RFC 6902), with what upstream's library adds: indices from the end, and tests for what is not there.

use json_patch::PatchOperation;
use serde_json::Value;

use super::super::status::Status;
use super::{MAX_DEPTH, is_deeper, refuse_deep, unprocessable};

/// `apiserver/pkg/endpoints/handlers/patch.go`.
const MAX_OPERATIONS: usize = 10_000;

/// What `copy` may add in all (`jsonpatch.AccumulatedCopySizeLimit`), and what moves may go through.
const MAX_COPIED: usize = 3 << 20;

/// The object as the patch changes it.
pub(crate) fn json(target: &Value, patch: &Value) -> Result<Value, Status> {
    refuse_deep(target)?;
    refuse_deep(patch)?;
    let Value::Array(operations) = patch else {
        let kind = kind(patch);
        let message = format!(
            "error decoding patch: json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
        );
        return Err(Status::bad_request(message));
    };
    if operations.len() > MAX_OPERATIONS {
        let mut status = Status::too_large();
        status.message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        );
        return Err(status);
    }
    for operation in operations {
        check(operation)?;
    }
    let mut object = target.clone();
    let mut copied = 0;
    for operation in operations {
        run(&mut object, operation.clone(), &mut copied)?;
    }
    if object.is_object() { Ok(object) } else { Err(unprocessable()) }
}

/// What is no operation makes the whole patch a bad request, before any of it is done.
fn check(operation: &Value) -> Result<(), Status> {
    let Value::Object(fields) = operation else {
        let kind = kind(operation);
        let message = format!(
            "error decoding patch: json: cannot unmarshal {kind} into Go value of type handlers.jsonPatchOp"
        );
        return Err(Status::bad_request(message));
    };
    for name in ["op", "path", "from"] {
        if let Some(value) = fields.get(name).filter(|value| !value.is_string() && !value.is_null()) {
            return Err(Status::bad_request(format!(
                "error decoding patch: json: cannot unmarshal {} into Go struct field jsonPatchOp.{name} of type string",
                kind(value)
            )));
        }
    }
    let wrong = |why: &str| Err(Status::bad_request(format!("invalid operation {operation}: {why}")));
    let has = |name: &str| fields.get(name).is_some_and(|value| name == "value" || value.is_string());
    match fields.get("op").and_then(Value::as_str).unwrap_or_default() {
        "add" | "replace" | "test" if has("path") && !has("value") => {
            wrong("failed to decode 'value': operation, missing value field: missing value")
        }
        "move" | "copy" if has("path") && !has("from") => {
            wrong("failed to decode 'from': operation, missing from field: missing value")
        }
        "add" | "replace" | "test" | "move" | "copy" | "remove" if has("path") => Ok(()),
        "add" | "replace" | "test" | "move" | "copy" | "remove" => {
            wrong("failed to decode 'path': operation, missing path field: missing value")
        }
        _ => wrong("unsupported operation"),
    }
}

fn run(object: &mut Value, mut operation: Value, copied: &mut usize) -> Result<(), Status> {
    let text = |operation: &Value, name: &str| {
        operation.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let op = text(&operation, "op");
    if op == "test"
        && operation.get("value").is_some_and(Value::is_null)
        && let Some((parent, _)) = text(&operation, "path").rsplit_once('/')
        && object.pointer(parent).is_some_and(|parent| parent.is_object())
        && object.pointer(&text(&operation, "path")).is_none()
    {
        return Ok(());
    }
    for name in ["from", "path"] {
        let pointer = text(&operation, name);
        if pointer.contains("/-") {
            let adds = name == "path" && matches!(op.as_str(), "add" | "move" | "copy");
            operation[name] = from_the_end(object, &pointer, adds).into();
        }
    }
    if matches!(op.as_str(), "copy" | "move") {
        let (from, path) = (text(&operation, "from"), text(&operation, "path"));
        let Some(moved) = object.pointer(&from) else { return Err(unprocessable()) };
        let steps = path.matches('/').count();
        if op == "copy" || steps > from.matches('/').count() {
            *copied += moved.to_string().len();
            let room = MAX_DEPTH.saturating_sub(steps);
            if *copied > MAX_COPIED || is_deeper(moved, room) {
                return Err(unprocessable());
            }
        }
    }
    if text(&operation, "path").matches('/').count() > MAX_DEPTH / 2 {
        return Err(unprocessable());
    }
    let operation: PatchOperation = serde_json::from_value(operation).map_err(|_| unprocessable())?;
    json_patch::patch(object, &[operation]).map_err(|_| unprocessable())
}

/// `/list/-1` names the last item, of an addition the place behind it.
fn from_the_end(object: &Value, pointer: &str, adds: bool) -> String {
    let mut found = Some(object);
    let mut resolved = String::new();
    let mut steps = pointer.split('/').skip(1).peekable();
    while let Some(step) = steps.next() {
        let length = found.and_then(Value::as_array).map(Vec::len);
        let length = length.map(|length| if adds && steps.peek().is_none() { length + 1 } else { length });
        let back = step.strip_prefix('-').and_then(|back| back.parse::<usize>().ok());
        resolved.push('/');
        match length.zip(back).and_then(|(length, back)| length.checked_sub(back)) {
            Some(index) => resolved.push_str(&index.to_string()),
            None => resolved.push_str(step),
        }
        let last = resolved.rfind('/').and_then(|at| resolved.get(at..)).unwrap_or_default();
        found = found.and_then(|value| value.pointer(last));
    }
    resolved
}

/// As Go's decoder names what it found.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
