//! The policy file: YAML to rules and back, with everything that is wrong at once.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::LazyLock;

use schemars::{JsonSchema, SchemaGenerator};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::condition::Fields;
use super::condition::reader::{RuleReader, Said};
use super::validate::validate;
use super::{Policy, Rule, Verdict, condition};
use crate::csr::Signer;
use crate::document::{
    API_VERSION, Document, DocumentError, Form, FromValue, Problem, Problems, Schema, Unwritable, read,
    shared, yaml,
};

const KIND: &str = "CsrPolicy";

// What the fields say stands in the JSON Schema; rules are read one by one, and written in an order of their own.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    title = "kboot CSR policy",
    extend("$id" = "https://kboot.dev/schemas/v1alpha1/csrpolicy.json")
)]
struct File<R> {
    #[schemars(extend("enum" = [API_VERSION]))]
    api_version: String,
    #[schemars(extend("enum" = [KIND]))]
    kind: String,
    spec: Spec<R>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Spec<R> {
    /// What becomes of a request that the floor proves wrong. Default: deny.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [Verdict::Deny, Verdict::Hold]))]
    on_violation: Option<Verdict>,
    /// The first rule that matches decides.
    rules: Vec<R>,
    /// What becomes of a request that no rule matches. Default: hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [Verdict::Hold, Verdict::Deny]))]
    otherwise: Option<Verdict>,
}

// What every rule has besides its conditions. What the schema demands may be missing here, where it has said so.
#[derive(Deserialize, JsonSchema)]
struct RuleDocument {
    /// Unique in the policy: letters, digits, '-' and '.'.
    #[schemars(required)]
    name: Option<String>,
    #[schemars(required, extend("enum" = Signer::ALL.map(Signer::as_str)))]
    signer: Option<String>,
    /// The message of the request's condition; at most 500 characters.
    message: Option<String>,
    #[schemars(required)]
    decision: Option<Verdict>,
}

impl Document for Policy {
    const KIND: &'static str = KIND;
}

impl Form for Policy {
    fn form() -> &'static Schema {
        static FORM: LazyLock<Schema> = LazyLock::new(Schema::of::<File<WrittenRule<'_>>>);
        &FORM
    }
}

impl FromStr for Policy {
    type Err = DocumentError;

    /// Reads a policy file. Beside what is malformed, what would approve a privileged identity or anybody
    /// is refused, and so is what can match nothing. One mistake hides no other.
    fn from_str(text: &str) -> Result<Self, DocumentError> {
        read(text)
    }
}

impl Policy {
    /// A policy of these rules, of which the first that matches decides. What no rule matches is held, and what the
    /// floor proves wrong is denied, unless [`Policy::with_otherwise`] and [`Policy::with_on_violation`] say else.
    ///
    /// ```
    /// use kboot_core::csr::Signer;
    /// use kboot_core::policy::{NameSource, Policy, Rule};
    /// let policy = Policy::new([
    ///     Rule::approve("first-client-certificate", Signer::KubeApiserverClientKubelet)
    ///         .with_requestor(&["system:bootstrap:*"], &["system:bootstrappers:workers"], &[])
    ///         .with_node_names(["worker-*"])
    ///         .with_max_age("1h".parse()?),
    ///     Rule::approve("serving-certificate", Signer::KubeletServing)
    ///         .with_requestor_self()
    ///         .with_inventory("nodes.yaml")
    ///         .with_names_within([NameSource::Inventory, NameSource::NodeStatus]),
    /// ])?;
    /// assert_eq!(policy.to_yaml()?.parse(), Ok(policy));
    ///
    /// let anybody = Rule::approve("anybody", Signer::KubeApiserverClientKubelet);
    /// let refused = Policy::new([anybody]).unwrap_err();
    /// assert_eq!(refused.to_string(), "spec.rules[0].requestor: is missing: anybody could become a node");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`DocumentError`] with everything that is wrong, under the paths of a file with these rules: all that is refused
    /// there is refused here.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Result<Self, DocumentError> {
        let policy = Self {
            rules: rules.into_iter().collect(),
            otherwise: Verdict::Hold,
            on_violation: Verdict::Deny,
        };
        // Read as a file is, so that no mistake is one in a file alone.
        let value = serde_json::to_value(File::from(&policy));
        value
            .map_err(|error| DocumentError::one("", error.to_string()))
            .and_then(|value| Self::from_value(&value))
    }

    /// Says what becomes of a request that no rule matches: Hold or Deny.
    ///
    /// # Errors
    /// A [`DocumentError`] for Approve, at `spec.otherwise`.
    pub fn with_otherwise(self, verdict: Verdict) -> Result<Self, DocumentError> {
        refusing("otherwise", verdict)?;
        Ok(Self { otherwise: verdict, ..self })
    }

    /// Says what becomes of a request that the floor proves wrong: Deny or Hold.
    ///
    /// # Errors
    /// A [`DocumentError`] for Approve, at `spec.onViolation`.
    pub fn with_on_violation(self, verdict: Verdict) -> Result<Self, DocumentError> {
        refusing("onViolation", verdict)?;
        Ok(Self { on_violation: verdict, ..self })
    }

    /// The policy file that reads back as the same policy.
    ///
    /// # Errors
    /// [`Unwritable`] where the writer of YAML refuses a text.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        yaml::write(&File::from(self))
    }
}

impl FromValue for Policy {
    fn from_value(value: &Value) -> Result<Self, DocumentError> {
        let mut problems = Problems::from(Self::form().check(value));
        let mut said = Said::default();
        said.note(problems.since(0));
        let Some(Value::Object(mut fields)) = value.get("spec").cloned() else {
            return Err(problems.into());
        };
        fields.retain(|field, _| field == "rules" || !said.covers(&format!("spec.{field}")));
        let Spec::<Value> { on_violation, rules, otherwise } =
            match serde_json::from_value(Value::Object(fields)) {
                Ok(spec) => spec,
                Err(_) if !problems.is_empty() => return Err(problems.into()),
                Err(error) => return Err(DocumentError::one("spec", error.to_string())),
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
            return Err(problems.into());
        }
        Ok(Self {
            rules: rules.into(),
            otherwise: otherwise.unwrap_or(Verdict::Hold),
            on_violation: on_violation.unwrap_or(Verdict::Deny),
        })
    }
}

/// Refuses what a field of the policy may not say, as where it is read.
fn refusing(field: &str, verdict: Verdict) -> Result<(), DocumentError> {
    let pointer = format!("/properties/spec/properties/{field}");
    let problems = Policy::form().check_field(&pointer, &Value::from(verdict.as_str()));
    match problems.into_iter().next() {
        Some(Problem { problem, .. }) => Err(DocumentError::one(&format!("spec.{field}"), problem)),
        None => Ok(()),
    }
}

struct WrittenRule<'a>(&'a Rule);

impl<'a> From<&'a Policy> for File<WrittenRule<'a>> {
    fn from(Policy { rules, otherwise, on_violation }: &'a Policy) -> Self {
        // What is the default is left out.
        let spec = Spec {
            on_violation: (*on_violation != Verdict::Deny).then_some(*on_violation),
            rules: rules.iter().map(WrittenRule).collect(),
            otherwise: (*otherwise != Verdict::Hold).then_some(*otherwise),
        };
        Self { api_version: API_VERSION.to_owned(), kind: KIND.to_owned(), spec }
    }
}

impl JsonSchema for WrittenRule<'_> {
    fn schema_name() -> Cow<'static, str> {
        "rule".into()
    }

    /// What every rule has, and the fields of each condition.
    fn json_schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        let mut rule = RuleDocument::json_schema(generator);
        let fields = condition::described(generator);
        if let Some(Value::Object(properties)) = rule.get_mut("properties") {
            properties.extend(fields);
        }
        shared(generator, "rule", rule)
    }
}

impl Serialize for WrittenRule<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(Rule { name, signer, conditions, verdict, message }) = self;
        let mut fields = Fields::default();
        fields.set("name", name.as_str().into());
        fields.set("signer", signer.as_str().into());
        for condition in conditions {
            condition.write(&mut fields).map_err(S::Error::custom)?;
        }
        if let Some(message) = message {
            fields.set("message", message.as_str().into());
        }
        fields.set("decision", verdict.as_str().into());
        fields.serialize(serializer)
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
        let (name, signer) = (document.name.unwrap_or_default(), document.signer.unwrap_or_default());
        self.name(&name);
        let conditions = condition::read_all(fields, self);
        let signer = signer.parse::<Signer>().ok();
        if signer.is_none() {
            self.problem("signer", "is not a signer that kboot decides for");
        }
        if document.decision.is_none() {
            self.problem("decision", "is missing");
        }
        let rule = Rule::new(name, signer?, conditions, document.decision?, document.message);
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
