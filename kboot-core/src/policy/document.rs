//! The policy file: YAML to rules, with everything that is wrong at once.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::decision::Verdict;
use super::forbidden::objections;
use super::names::escaped;
use super::rule::{Access, AlternativeNamesRule, NameKind, RequestorRule, Rule, SubjectRule};
use super::source::Source;
use super::{Glob, Policy};
use crate::csr::Signer;
use crate::net::Cidr;
use crate::schema::{self, Problem, Problems, write_problems};
use crate::time::Lifetime;
use crate::token::TokenId;

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

impl Display for PolicyError {
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
#[serde(rename_all = "camelCase")]
struct Spec {
    on_violation: Option<Verdict>,
    #[serde(default)]
    rules: Vec<Value>,
    otherwise: Option<Verdict>,
}

/// What the schema demands may be missing here, where it has said so.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleDocument {
    #[serde(default)]
    name: String,
    #[serde(default)]
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
    decision: Option<Verdict>,
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
#[serde(rename_all = "camelCase")]
struct NodeDocument {
    names: Option<Vec<String>>,
    inventory: Option<String>,
    #[serde(default)]
    may_rejoin: bool,
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
    #[serde(default)]
    any_node_may_claim: Vec<NameKind>,
    dns_names: Option<Vec<String>>,
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
    /// is refused, and so is what can match nothing. One mistake hides no other.
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let value = crate::yaml::parse(text).map_err(|problem| PolicyError::one("", problem))?;
        let mut problems = Problems::from(schema::check(&PARSED_SCHEMA, &value));
        let mut said = Said::default();
        said.note(problems.since(0));
        let Some(Value::Object(mut fields)) = value.get("spec").cloned() else {
            return Err(PolicyError { problems: problems.into() });
        };
        fields.retain(|field, _| field == "rules" || !said.covers(&format!("spec.{field}")));
        let Spec { on_violation, rules, otherwise } = match serde_json::from_value(Value::Object(fields)) {
            Ok(spec) => spec,
            Err(_) if !problems.is_empty() => return Err(PolicyError { problems: problems.into() }),
            Err(error) => return Err(PolicyError::one("spec", error.to_string())),
        };
        if rules.is_empty() && !said.covers("spec.rules") {
            problems.push(Problem::new("spec.rules", "is empty: a policy without rules decides nothing"));
        }
        let mut names = BTreeSet::new();
        let read = rules.into_iter().enumerate().filter_map(|(i, rule)| {
            let path = format!("spec.rules[{i}]");
            Reader { path, problems: &mut problems, said: &mut said, names: &mut names }.value(rule)
        });
        let rules: Vec<Rule> = read.collect();
        if !problems.is_empty() {
            let mut problems = Vec::from(problems);
            problems.sort_by_key(|problem| rule_of(&problem.path));
            return Err(PolicyError { problems });
        }
        Ok(Self {
            rules,
            otherwise: otherwise.unwrap_or(Verdict::Hold),
            on_violation: on_violation.unwrap_or(Verdict::Deny),
        })
    }
}

/// The rule that a path is of.
fn rule_of(path: &str) -> Option<usize> {
    path.strip_prefix("spec.rules[")?.split(']').next()?.parse().ok()
}

/// The paths of which something wrong was said: what follows from it is not said as well.
#[derive(Default)]
struct Said(BTreeSet<String>);

impl Said {
    fn note(&mut self, problems: &[Problem]) {
        self.0.extend(problems.iter().map(|problem| problem.path.clone()));
    }

    /// Whether it was said of this path, of one that holds it, or of one within.
    fn covers(&self, path: &str) -> bool {
        let holds =
            |(end, c)| matches!(c, '.' | '[') && path.get(..end).is_some_and(|outer| self.0.contains(outer));
        let within = self.0.range(path.to_owned()..).next().and_then(|next| next.strip_prefix(path));
        within.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            || path.char_indices().any(holds)
    }
}

/// Reads one rule and notes what is wrong with it.
struct Reader<'a> {
    path: String,
    problems: &'a mut Problems,
    said: &'a mut Said,
    names: &'a mut BTreeSet<String>,
}

impl Reader<'_> {
    fn problem(&mut self, field: &str, problem: impl Into<String>) {
        let path = format!("{}.{field}", self.path);
        if !self.said.covers(&path) {
            self.problems.push(Problem::new(&path, problem));
        }
    }

    /// Each field that the schema finds nothing wrong with is read, whatever is wrong with the others.
    fn value(&mut self, mut value: Value) -> Option<Rule> {
        if let Value::Object(fields) = &mut value {
            fields.retain(|field, _| !self.said.covers(&format!("{}.{field}", self.path)));
        }
        match serde_json::from_value(value) {
            Ok(document) => self.rule(document),
            Err(error) => {
                if !self.said.covers(&self.path) {
                    self.problems.push(Problem::new(&self.path, error.to_string()));
                }
                None
            }
        }
    }

    fn rule(&mut self, document: RuleDocument) -> Option<Rule> {
        let before = self.problems.len();
        self.name(&document.name);
        let subject = document.subject.map(|subject| SubjectRule {
            users: self.users("subject.users", subject.users),
            groups: self.groups("subject.groups", subject.groups),
        });
        let requestor = document.requestor.and_then(|requestor| self.requestor(requestor));
        let node_names = self.dns_patterns("node.names", "node name", document.node.names);
        let alternative_names = document.subject_alt_names.map(|names| self.alternative_names(names));
        let max_expiration = self.lifetime("maxExpiration", document.max_expiration);
        let max_age = self.lifetime("maxAge", document.max_age);
        let signer = document.signer.parse::<Signer>().ok();
        if signer.is_none() {
            self.problem("signer", "is not a signer that kboot decides for");
        }
        if document.decision.is_none() {
            self.problem("decision", "is missing");
        }
        let rule = Rule {
            name: document.name,
            signer: signer?,
            requestor,
            node_names,
            inventory: document.node.inventory,
            may_rejoin: document.node.may_rejoin,
            subject,
            alternative_names,
            access: document.access.map(|access| match access {
                AccessDocument::SelfNodeClient => Access::SelfNodeClient,
                AccessDocument::NodeClient => Access::NodeClient,
            }),
            max_expiration,
            max_age,
            max_pending_per_node: document.max_pending.per_node,
            max_pending_per_requestor: document.max_pending.per_requestor,
            once: document.once,
            message: document.message,
            verdict: document.decision?,
        };
        self.said.note(self.problems.since(before));
        self.check_fit(&rule);
        self.said.note(self.problems.since(before));
        for (field, objection) in objections(&rule) {
            self.problem(field, objection);
        }
        (self.problems.len() == before).then_some(rule)
    }

    fn name(&mut self, name: &str) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if name.is_empty() || name.len() > 63 || !name.bytes().all(plain) {
            self.problem("name", "use 1 to 63 letters, digits, '-' and '.'");
        } else if !self.names.insert(name.to_owned()) {
            self.problem("name", "another rule has this name");
        }
    }

    /// A field that has no meaning for the rule's signer is a mistake, and a rule that is looser than its
    /// author thinks.
    fn check_fit(&mut self, rule: &Rule) {
        let Rule { signer, .. } = rule;
        let is_of_nodes = signer.is_of_nodes();
        let misplaced = [
            ("node", !is_of_nodes && (!rule.node_names.is_empty() || rule.inventory.is_some())),
            ("node.mayRejoin", *signer != Signer::KubeApiserverClientKubelet && rule.may_rejoin),
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
        let users = if users.is_empty() { Vec::new() } else { self.users("requestor.users", users) };
        let groups = self.groups("requestor.groups", groups);
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
        let is_used_by =
            |id: &TokenId| users.iter().any(|user| user.matches(&format!("system:bootstrap:{id}")));
        if !users.is_empty() && !ids.is_empty() && !ids.iter().any(is_used_by) {
            self.problem(
                "requestor.tokenIds",
                "is matched by nobody: who uses a token is system:bootstrap:ID, which is not among the users",
            );
        }
        Some(RequestorRule::Listed { users, groups, token_ids: ids })
    }

    fn users(&mut self, field: &str, patterns: Vec<String>) -> Vec<Glob> {
        self.patterns(field, Some(patterns), |pattern| {
            let can_match = pattern.trim() == pattern && !pattern.chars().any(char::is_control);
            (!can_match)
                .then_some("can match no user: names have no control characters, and no blanks around them")
        })
    }

    /// Patterns of what is a DNS name.
    fn dns_patterns(&mut self, field: &str, what: &str, patterns: Option<Vec<String>>) -> Vec<Glob> {
        self.patterns(field, patterns, |pattern| {
            (!Glob::new(pattern).matches_some_dns_name()).then(|| {
                format!(
                    "can match no {what}: they are lower-case letters, digits, '-' and '.', a letter or digit at both \
                     ends of each part. Patterns are not regular expressions: * stands for any characters, ? for one"
                )
            })
        })
    }

    fn groups(&mut self, field: &str, groups: Vec<String>) -> Vec<String> {
        for (i, group) in groups.iter().enumerate() {
            let is_name = !group.is_empty() && group.trim() == group && !group.chars().any(char::is_control);
            if !is_name || group.contains(['*', '?']) {
                let problem =
                    "is not a group: groups are spelt out, without control characters and blanks around them";
                self.problem(&format!("{field}[{i}]"), problem);
            }
        }
        groups
    }

    /// Patterns, and why one of them can match nothing.
    fn patterns<P: Display>(
        &mut self,
        field: &str,
        patterns: Option<Vec<String>>,
        objection: impl Fn(&str) -> Option<P>,
    ) -> Vec<Glob> {
        let Some(patterns) = patterns else { return Vec::new() };
        if patterns.is_empty() {
            self.problem(field, "is an empty list, which would match nobody; leave it out or fill it");
        }
        for (i, pattern) in patterns.iter().enumerate() {
            if pattern.is_empty() {
                self.problem(&format!("{field}[{i}]"), "an empty pattern matches nobody");
            } else if let Some(objection) = objection(pattern) {
                self.problem(&format!("{field}[{i}]"), format!("\"{}\" {objection}", escaped(pattern)));
            }
        }
        patterns.iter().map(|pattern| Glob::new(pattern)).collect()
    }

    fn alternative_names(&mut self, document: AlternativeNamesDocument) -> AlternativeNamesRule {
        let AlternativeNamesDocument { within, any_node_may_claim, dns_names, max, max_dns } = document;
        let dns_names = self.dns_patterns("subjectAltNames.dnsNames", "DNS name", dns_names);
        if max == Some(0) {
            self.problem(
                "subjectAltNames.max",
                "a serving certificate has a name, so 0 never matches; use 1 or more",
            );
        }
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
        AlternativeNamesRule { within: sources, any_node_may_claim, dns_names, max, max_dns }
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
