//! How values of the library look in reports: what their schemas are made of. Each report is held to its schema by a test, so
//! none of these is stale.

#![expect(dead_code, reason = "only the shapes are asked for")]

use schemars::JsonSchema;

#[derive(JsonSchema)]
pub(super) struct Finding {
    severity: Severity,
    code: String,
    path: String,
    reason: String,
    #[schemars(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum Severity {
    Note,
    Warning,
    Error,
}

#[derive(JsonSchema)]
pub(super) struct InFile {
    file: String,
    #[schemars(flatten)]
    finding: Finding,
}

#[derive(JsonSchema)]
pub(super) struct Conflict {
    field: String,
    manager: String,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(super) struct Condition {
    #[schemars(rename = "type")]
    kind: String,
    status: String,
    #[schemars(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    last_update_time: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    last_transition_time: Option<String>,
}

#[derive(JsonSchema)]
pub(super) struct Clause {
    rule: Option<String>,
    name: String,
    saw: String,
    answer: String,
    code: Option<String>,
}

#[derive(JsonSchema)]
pub(super) struct Node {
    node: String,
    checks: Vec<Check>,
}

#[derive(JsonSchema)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    checks: Vec<Check>,
}

#[derive(JsonSchema)]
struct Check {
    check: String,
    outcome: Outcome,
    reason: String,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Problem,
    Unknown,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(super) struct Kubeconfig {
    current_context: String,
    clusters: Vec<Cluster>,
    users: Vec<User>,
    contexts: Vec<Context>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Cluster {
    name: String,
    server: String,
    authorities: Vec<Certificate>,
    insecure_skip_tls_verify: bool,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct User {
    name: String,
    credentials: Vec<Credential>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    bootstrap_token_id: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    acts_as: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Credential {
    Certificate,
    BootstrapToken,
    Token,
    TokenFile,
    Password,
    Exec,
    AuthProvider,
}

#[derive(JsonSchema)]
struct Context {
    name: String,
    cluster: String,
    user: String,
    namespace: String,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Certificate {
    subject: String,
    organizations: Vec<String>,
    not_before: String,
    not_after: String,
    valid_now: bool,
    fingerprint: String,
}
