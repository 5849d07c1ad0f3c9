//! The policy file: YAML to rules, with everything that is wrong at once.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::decision::Verdict;
use super::forbidden::objections;
use super::rule::{Access, AlternativeNamesRule, RequestorRule, Rule, SubjectRule};
use super::source::Source;
use super::{Glob, Policy};
use crate::csr::Signer;
use crate::net::Cidr;
use crate::schema::{self, Problem, Problems, write_problems};
use crate::time::Lifetime;

/// The JSON Schema of the policy file, for editors and other tools.
pub const POLICY_SCHEMA: &str = include_str!("policy.schema.json");

static PARSED_SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(POLICY_SCHEMA).unwrap_or_default());

/// Everything that is wrong with a policy, an inventory or a context file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct PolicyError {
    /// The problems, in the order of the file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_problems(&self.problems, f)
    }
}

impl PolicyError {
    pub(super) fn one(path: &str, problem: impl Into<String>) -> Self {
        Self { problems: vec![Problem::new(path, problem)] }
    }
}

#[derive(Deserialize)]
struct Document {
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    on_violation: Option<Verdict>,
    rules: Vec<RuleDocument>,
    otherwise: Option<Verdict>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleDocument {
    name: String,
    signer: String,
    requestor: Option<RequestorDocument>,
    #[serde(default)]
    node: NodeDocument,
    subject: Option<SubjectDocument>,
    subject_alt_names: Option<AlternativeNamesDocument>,
    access: Option<AccessDocument>,
    max_expiration: Option<String>,
    max_age: Option<String>,
    #[serde(default)]
    max_pending: PendingDocument,
    #[serde(default)]
    once: bool,
    message: Option<String>,
    decision: Verdict,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RequestorDocument {
    Listed(ListsDocument),
    /// The text `self`: the schema knows no other.
    Myself(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListsDocument {
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    token_ids: Vec<String>,
}

#[derive(Deserialize, Default)]
struct NodeDocument {
    names: Option<Vec<String>>,
    inventory: Option<String>,
}

#[derive(Deserialize)]
struct SubjectDocument {
    users: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlternativeNamesDocument {
    #[serde(default)]
    within: Vec<SourceDocument>,
    max: Option<usize>,
    max_dns: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SourceDocument {
    Named(String),
    Ranges { cidrs: Vec<String> },
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum AccessDocument {
    SelfNodeClient,
    NodeClient,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct PendingDocument {
    per_node: Option<u32>,
    per_requestor: Option<u32>,
}

impl FromStr for Policy {
    type Err = PolicyError;

    /// Reads a policy file. Beside what is malformed, what would approve a privileged identity or anybody
    /// is refused.
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let value = crate::yaml::parse(text).map_err(|problem| PolicyError::one("", problem))?;
        let shape = schema::check(&PARSED_SCHEMA, &value);
        if !shape.is_empty() {
            return Err(PolicyError { problems: shape });
        }
        let document: Document =
            serde_json::from_value(value).map_err(|error| PolicyError::one("", error.to_string()))?;
        let Spec { on_violation, rules, otherwise } = document.spec;
        let mut problems = Problems::default();
        if rules.is_empty() {
            problems.push(Problem::new("spec.rules", "is empty: a policy without rules decides nothing"));
        }
        let mut seen = BTreeSet::new();
        for (i, rule) in rules.iter().enumerate() {
            let path = format!("spec.rules[{i}].name");
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
            if rule.name.is_empty() || rule.name.len() > 63 || !rule.name.bytes().all(plain) {
                problems.push(Problem::new(&path, "use 1 to 63 letters, digits, '-' and '.'"));
            } else if !seen.insert(rule.name.clone()) {
                problems.push(Problem::new(&path, "another rule has this name"));
            }
        }
        let read = rules.into_iter().enumerate().filter_map(|(i, rule)| {
            Reader { path: format!("spec.rules[{i}]"), problems: &mut problems }.rule(rule)
        });
        let rules: Vec<Rule> = read.collect();
        if !problems.is_empty() {
            return Err(PolicyError { problems: problems.into() });
        }
        Ok(Self {
            rules,
            otherwise: otherwise.unwrap_or(Verdict::Hold),
            on_violation: on_violation.unwrap_or(Verdict::Deny),
        })
    }
}

/// Reads one rule and notes what is wrong with it.
struct Reader<'a> {
    path: String,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn problem(&mut self, field: &str, problem: impl Into<String>) {
        self.problems.push(Problem::new(&format!("{}.{field}", self.path), problem));
    }

    fn rule(&mut self, document: RuleDocument) -> Option<Rule> {
        let before = self.problems.len();
        let signer: Signer = document.signer.parse().ok()?;
        let rule = Rule {
            name: document.name,
            signer,
            requestor: document.requestor.and_then(|requestor| self.requestor(requestor)),
            node_names: self.patterns("node.names", document.node.names),
            inventory: document.node.inventory,
            subject: document.subject.map(|subject| SubjectRule {
                users: self.patterns("subject.users", Some(subject.users)),
                groups: subject.groups,
            }),
            alternative_names: document.subject_alt_names.map(|names| self.alternative_names(names)),
            access: document.access.map(|access| match access {
                AccessDocument::SelfNodeClient => Access::SelfNodeClient,
                AccessDocument::NodeClient => Access::NodeClient,
            }),
            max_expiration: self.lifetime("maxExpiration", document.max_expiration),
            max_age: self.lifetime("maxAge", document.max_age),
            max_pending_per_node: document.max_pending.per_node,
            max_pending_per_requestor: document.max_pending.per_requestor,
            once: document.once,
            message: document.message,
            verdict: document.decision,
        };
        self.check_fit(&rule);
        for (field, objection) in objections(&rule) {
            self.problem(field, objection);
        }
        (self.problems.len() == before).then_some(rule)
    }

    /// A field that has no meaning for the rule's signer is a mistake, and a rule that is looser than its
    /// author thinks.
    fn check_fit(&mut self, rule: &Rule) {
        let Rule { signer, .. } = rule;
        let is_of_nodes = signer.is_of_nodes();
        let misplaced = [
            ("node", !is_of_nodes && (!rule.node_names.is_empty() || rule.inventory.is_some())),
            ("subject", is_of_nodes && rule.subject.is_some()),
            ("subjectAltNames", *signer != Signer::KubeletServing && rule.alternative_names.is_some()),
            ("access", *signer != Signer::KubeApiserverClientKubelet && rule.access.is_some()),
            ("once", *signer != Signer::KubeApiserverClientKubelet && rule.once),
            ("maxPending.perNode", !is_of_nodes && rule.max_pending_per_node.is_some()),
        ];
        for (field, is_misplaced) in misplaced {
            if is_misplaced {
                self.problem(field, format!("means nothing for {signer}"));
            }
        }
        let names = rule.alternative_names.as_ref();
        if names.is_some_and(|names| names.within.contains(&Source::Inventory)) && rule.inventory.is_none() {
            self.problem(
                "subjectAltNames.within",
                "names the inventory, and node.inventory does not say which",
            );
        }
        if rule.message.as_ref().is_some_and(|text| {
            text.is_empty() || text.chars().count() > 500 || text.chars().any(char::is_control)
        }) {
            self.problem("message", "use 1 to 500 characters on one line");
        }
        if rule.max_pending_per_node == Some(0) || rule.max_pending_per_requestor == Some(0) {
            self.problem("maxPending", "the request itself is open, so 0 never matches; use 1 or more");
        }
    }

    fn requestor(&mut self, document: RequestorDocument) -> Option<RequestorRule> {
        let ListsDocument { users, groups, token_ids } = match document {
            RequestorDocument::Myself(_) => return Some(RequestorRule::Myself),
            RequestorDocument::Listed(lists) => lists,
        };
        if users.is_empty() && groups.is_empty() && token_ids.is_empty() {
            self.problem("requestor", "lists nobody: give users, groups or tokenIds, or write self");
            return None;
        }
        let users = if users.is_empty() { Vec::new() } else { self.patterns("requestor.users", Some(users)) };
        for (i, group) in groups.iter().enumerate() {
            if group.is_empty() || group.contains('*') {
                self.problem(&format!("requestor.groups[{i}]"), "is not a group: groups are spelt out");
            }
        }
        let mut ids = Vec::new();
        for (i, id) in token_ids.iter().enumerate() {
            match id.parse() {
                Ok(id) => ids.push(id),
                Err(_) => self.problem(
                    &format!("requestor.tokenIds[{i}]"),
                    "is not the id of a bootstrap token: 6 characters of a-z and 0-9",
                ),
            }
        }
        Some(RequestorRule::Listed { users, groups, token_ids: ids })
    }

    fn patterns(&mut self, field: &str, patterns: Option<Vec<String>>) -> Vec<Glob> {
        let Some(patterns) = patterns else { return Vec::new() };
        if patterns.is_empty() {
            self.problem(field, "is an empty list, which would match nobody; leave it out or fill it");
        }
        if patterns.iter().any(String::is_empty) {
            self.problem(field, "an empty pattern matches nobody");
        }
        patterns.iter().map(|pattern| Glob::new(pattern)).collect()
    }

    fn alternative_names(&mut self, document: AlternativeNamesDocument) -> AlternativeNamesRule {
        let AlternativeNamesDocument { within, max, max_dns } = document;
        let mut sources = Vec::new();
        for (i, source) in within.into_iter().enumerate() {
            sources.push(match source {
                SourceDocument::Named(name) => match name.as_str() {
                    "nodeStatus" => Source::NodeStatus,
                    "inventory" => Source::Inventory,
                    "served" => Source::Served,
                    "dns" => Source::Dns,
                    _ => Source::NodeName,
                },
                SourceDocument::Ranges { cidrs } => {
                    let path = format!("subjectAltNames.within[{i}].cidrs");
                    if cidrs.is_empty() {
                        self.problem(&path, "is empty");
                    }
                    let mut ranges = Vec::new();
                    for (j, cidr) in cidrs.iter().enumerate() {
                        match cidr.parse::<Cidr>() {
                            Ok(range) => ranges.push(range),
                            Err(error) => self.problem(&format!("{path}[{j}]"), error.to_string()),
                        }
                    }
                    Source::Cidrs(ranges)
                }
            });
        }
        AlternativeNamesRule { within: sources, max, max_dns }
    }

    fn lifetime(&mut self, field: &str, text: Option<String>) -> Option<Lifetime> {
        let parsed = text?.parse::<Lifetime>();
        match parsed {
            Ok(Lifetime::ZERO) => self.problem(field, "is zero, which never matches"),
            Ok(lifetime) => return Some(lifetime),
            Err(error) => self.problem(field, error.to_string()),
        }
        None
    }
}
