//! The policy file: YAML to rules, with everything that is wrong at once.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::condition::reader::{RuleReader, Said};
use super::error::PolicyError;
use super::validate::validate;
use super::{Policy, Rule, Verdict, condition};
use crate::csr::Signer;
use crate::document::schema;
use crate::document::{Problem, Problems};

/// The JSON Schema of the policy file, for editors and other tools.
pub const POLICY_SCHEMA: &str = include_str!("policy.schema.json");

static PARSED_SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(POLICY_SCHEMA).unwrap_or_default());

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    on_violation: Option<Verdict>,
    #[serde(default)]
    rules: Vec<Value>,
    otherwise: Option<Verdict>,
}

/// What every rule has besides its conditions. What the schema demands may be missing here, where it has said so.
#[derive(Deserialize)]
struct RuleDocument {
    #[serde(default)]
    name: String,
    #[serde(default)]
    signer: String,
    message: Option<String>,
    decision: Option<Verdict>,
}

impl FromStr for Policy {
    type Err = PolicyError;

    /// Reads a policy file. Beside what is malformed, what would approve a privileged identity or anybody
    /// is refused, and so is what can match nothing. One mistake hides no other.
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let value = crate::document::yaml::parse(text).map_err(|problem| PolicyError::one("", problem))?;
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
            RuleReader { path, problems: &mut problems, said: &mut said, names: &mut names }.value(rule)
        });
        let rules: Vec<Rule> = read.collect();
        if !problems.is_empty() {
            let mut problems = Vec::from(problems);
            problems.sort_by_key(|problem| rule_of(&problem.path));
            return Err(PolicyError { problems });
        }
        Ok(Self {
            rules: rules.into(),
            otherwise: otherwise.unwrap_or(Verdict::Hold),
            on_violation: on_violation.unwrap_or(Verdict::Deny),
        })
    }
}

/// The rule that a path is of.
fn rule_of(path: &str) -> Option<usize> {
    path.strip_prefix("spec.rules[")?.split(']').next()?.parse().ok()
}

impl RuleReader<'_> {
    /// Each field that the schema finds nothing wrong with is read, whatever is wrong with the others.
    fn value(&mut self, mut value: Value) -> Option<Rule> {
        if let Value::Object(fields) = &mut value {
            fields.retain(|field, _| !self.said.covers(&format!("{}.{field}", self.path)));
        }
        match RuleDocument::deserialize(&value) {
            Ok(document) => self.rule(document, value.as_object()?),
            Err(error) => {
                self.unreadable(&error);
                None
            }
        }
    }

    fn rule(&mut self, document: RuleDocument, fields: &Map<String, Value>) -> Option<Rule> {
        let before = self.problems.len();
        self.name(&document.name);
        let conditions = condition::read_all(fields, self);
        let signer = document.signer.parse::<Signer>().ok();
        if signer.is_none() {
            self.problem("signer", "is not a signer that kboot decides for");
        }
        if document.decision.is_none() {
            self.problem("decision", "is missing");
        }
        let rule = Rule::new(document.name, signer?, conditions, document.decision?, document.message);
        self.said.note(self.problems.since(before));
        self.check_fit(&rule);
        self.said.note(self.problems.since(before));
        for (field, objection) in validate(&rule) {
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
        let mut misfits: Vec<_> =
            rule.conditions.iter().flat_map(|condition| condition.misfits(rule.around())).collect();
        // Two conditions may stand in one field.
        misfits.dedup();
        for (field, problem) in misfits {
            self.problem(field, problem);
        }
        if rule.message.as_ref().is_some_and(|text| {
            text.is_empty() || text.chars().count() > 500 || text.chars().any(char::is_control)
        }) {
            self.problem("message", "use 1 to 500 characters on one line");
        }
    }
}
