//! What a rule demands of a request: one file for each condition, and the list of them.

// Here and not in the list below, where cargo fmt would not find them.
pub(super) mod access;
pub(super) mod alternative_names;
mod fields;
mod listed_node;
mod max_age;
mod max_expiration;
mod max_pending;
mod node_names;
mod once;
pub(super) mod reader;
mod rejoin;
mod requestor;
mod subject;

use std::fmt::{self, Debug};

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::case::Case;
use super::missing_fact::MissingFact;
use super::{Answer, Glob, PolicyProblem, Reason, Verdict};
use crate::csr::{CertificateSigningRequest, Signer};
pub use alternative_names::NameKind;
pub(super) use alternative_names::NodeNameRule;
pub(super) use fields::Fields;
use fields::describe;
use reader::RuleReader;

/// A condition of a rule: everything that there is to know of it, in one place.
pub(super) trait Check: Debug + Clone + PartialEq + Sized {
    /// The condition's name in a trace.
    const NAME: &'static str;
    /// The field of a rule's document that it is read from.
    const FIELD: &'static str;
    /// What the field says, for the schema of the file.
    const MEANING: &'static str;
    /// Where in the sentence about a rule it is said.
    const PLACE: Place;
    /// The form of the field.
    type Document: DeserializeOwned + Serialize + JsonSchema;
    /// What its judgement rests on, where the request and the rule do not say it themselves.
    type Seen: Debug + Clone + PartialEq;

    /// Reads it, and tells the reader what is wrong with it.
    fn read(document: Self::Document, reader: &mut RuleReader<'_>) -> Option<Self>;

    /// Its field, as it is read; none where nobody wrote it.
    fn document(&self) -> Option<Self::Document>;

    /// The one that a rule has although nobody wrote it.
    fn implied(rule: Around<'_>) -> Option<Self>;

    /// Where it has no meaning, for the rule's signer or beside the rule's other conditions: a rule that is looser
    /// than its author thinks.
    fn misfits(&self, rule: Around<'_>) -> Vec<Objection>;

    /// Why a rule that approves may not have it.
    fn objections(&self, rule: Around<'_>) -> Vec<Objection>;

    /// What is allowed in a rule that approves, but probably not meant.
    fn warnings(&self, rule: Around<'_>) -> Vec<Warning>;

    /// Patterns of users, which people write as regular expressions, and their field.
    fn user_patterns(&self) -> Option<(&'static str, &[Glob])>;

    /// Whether some request fails it.
    fn is_limit(&self) -> bool;

    /// What it says of a request; nothing where it is not about such requests.
    fn judge(&self, rule: Around<'_>, case: &Case<'_>) -> Option<Met<Self::Seen>>;

    /// What was seen, for people; text of the request in it is cut and escaped.
    fn tell(
        &self,
        seen: &Self::Seen,
        object: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result;

    /// Its parts of the sentence about the rule.
    fn sentence(&self) -> Vec<String>;

    /// What would have to be known where it could not say yes or no.
    fn missing_fact(&self, seen: &Self::Seen) -> Option<MissingFact>;
}

/// A field of a rule, and what is wrong with it.
pub(super) type Objection = (&'static str, String);

/// A field of a rule, and what is allowed there but probably not meant.
pub(super) type Warning = (&'static str, PolicyProblem);

/// Where in a sentence something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Who asks, and for what.
    Whom,
    /// What is allowed besides.
    Although,
    /// What limits it.
    How,
}

/// What one condition of a rule says.
pub(super) struct Met<S> {
    seen: S,
    answer: Answer,
    /// What is missing, where a word says it.
    reason: Option<Reason>,
}

impl<S> Met<S> {
    fn new(seen: S, answer: Answer) -> Self {
        Self { seen, answer, reason: None }
    }
}

/// Where a condition's answer is noted, with what it saw, which is made where it stays.
pub(super) trait NoteTaker {
    fn note(self, answer: Answer, reason: Option<Reason>, seen: impl FnOnce() -> ConditionObservation);
}

/// A kind of condition that can be taken out of [`Condition`].
pub(super) trait Kind: Sized {
    fn of(condition: &Condition) -> Option<&Self>;
}

/// What a rule says besides one of its conditions.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) signer: Signer,
    pub(super) verdict: Verdict,
    pub(super) conditions: &'a [Condition],
}

impl<'a> Around<'a> {
    fn signer(self) -> Signer {
        self.signer
    }

    fn verdict(self) -> Verdict {
        self.verdict
    }

    /// The condition of this kind, where the rule has one.
    pub(super) fn condition<C: Kind>(self) -> Option<&'a C> {
        self.conditions.iter().find_map(C::of)
    }

    pub(super) fn has_access(self) -> bool {
        self.condition::<Access>().is_some()
    }

    /// The inventory that must list the node: the name under which the policy refers to it.
    pub(super) fn inventory(self) -> Option<&'a str> {
        self.condition().map(|ListedNode { inventory }| inventory.as_str())
    }
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $name:ident in $module:ident;)*) => {
        $(pub(super) use $module::$name;)*

        /// A condition of a rule.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(super) enum Condition { $($name($name),)* }

        /// Which condition of a rule a clause is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ConditionKind { $($(#[$doc])* $name,)* }

        /// What a condition saw.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(super) enum ConditionObservation { $($name(<$name as Check>::Seen),)* }

        $(
            impl Kind for $name {
                fn of(condition: &Condition) -> Option<&Self> {
                    match condition {
                        Condition::$name(condition) => Some(condition),
                        #[allow(unreachable_patterns, reason = "a list of one")]
                        _ => None,
                    }
                }
            }
        )*

        impl ConditionKind {
            /// The condition's name in a trace.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $name::NAME,)* }
            }
        }

        impl ConditionObservation {
            pub(super) fn kind(&self) -> ConditionKind {
                match self { $(Self::$name(_) => ConditionKind::$name,)* }
            }
        }

        /// The schema of every condition's field.
        pub(super) fn described(generator: &mut SchemaGenerator) -> Map<String, Value> {
            let mut fields = Map::new();
            $(
                let field = generator.subschema_for::<<$name as Check>::Document>();
                describe(&mut fields, $name::FIELD, $name::MEANING, field);
            )*
            fields
        }

        /// Reads every condition that a rule's document has.
        pub(super) fn read_all(fields: &Map<String, Value>, reader: &mut RuleReader<'_>) -> Vec<Condition> {
            let mut all = Vec::new();
            $(all.extend(read::<$name>(fields, reader).map(Condition::$name));)*
            all
        }

        /// What the rule has although nobody wrote it.
        pub(super) fn implied(rule: Around<'_>) -> Vec<Condition> {
            let mut all = Vec::new();
            $(
                if rule.condition::<$name>().is_none() {
                    all.extend($name::implied(rule).map(Condition::$name));
                }
            )*
            all
        }

        impl Condition {
            pub(super) fn kind(&self) -> ConditionKind {
                match self { $(Self::$name(_) => ConditionKind::$name,)* }
            }

            /// Whether somebody wrote it.
            pub(super) fn is_written(&self) -> bool {
                match self { $(Self::$name(condition) => condition.document().is_some(),)* }
            }

            /// Writes its field, where somebody wrote it.
            pub(super) fn write(&self, fields: &mut Fields) -> serde_json::Result<()> {
                match self {
                    $(Self::$name(condition) => match condition.document() {
                        Some(document) => fields.set($name::FIELD, serde_json::to_value(document)?),
                        None => {}
                    },)*
                }
                Ok(())
            }

            pub(super) fn place(&self) -> Place {
                match self { $(Self::$name(_) => $name::PLACE,)* }
            }

            /// What it says of a request, told to `notes`.
            #[inline]
            pub(super) fn judge(
                &self,
                rule: Around<'_>,
                case: &Case<'_>,
                notes: impl NoteTaker,
            ) -> Option<Answer> {
                match self {
                    $(Self::$name(condition) => {
                        let Met { seen, answer, reason } = condition.judge(rule, case)?;
                        notes.note(answer, reason, || ConditionObservation::$name(seen));
                        Some(answer)
                    })*
                }
            }

            pub(super) fn tell(
                &self,
                seen: &ConditionObservation,
                object: &CertificateSigningRequest,
                f: &mut fmt::Formatter<'_>,
            ) -> fmt::Result {
                match (self, seen) {
                    $((Self::$name(condition), ConditionObservation::$name(seen)) => {
                        condition.tell(seen, object, f)
                    })*
                    #[allow(unreachable_patterns, reason = "a list of one")]
                    _ => Ok(()),
                }
            }

            pub(super) fn missing_fact(
                &self,
                seen: &ConditionObservation,
                reason: Option<Reason>,
            ) -> Option<MissingFact> {
                match (self, seen) {
                    _ if reason.is_some() => reason.map(MissingFact::Other),
                    $((Self::$name(condition), ConditionObservation::$name(seen)) => {
                        condition.missing_fact(seen)
                    })*
                    #[allow(unreachable_patterns, reason = "a list of one")]
                    _ => None,
                }
            }

            pub(super) fn misfits(&self, rule: Around<'_>) -> Vec<Objection> {
                match self { $(Self::$name(condition) => condition.misfits(rule),)* }
            }

            pub(super) fn objections(&self, rule: Around<'_>) -> Vec<Objection> {
                match self { $(Self::$name(condition) => condition.objections(rule),)* }
            }

            pub(super) fn warnings(&self, rule: Around<'_>) -> Vec<Warning> {
                match self { $(Self::$name(condition) => condition.warnings(rule),)* }
            }

            pub(super) fn user_patterns(&self) -> Option<(&'static str, &[Glob])> {
                match self { $(Self::$name(condition) => condition.user_patterns(),)* }
            }

            pub(super) fn is_limit(&self) -> bool {
                match self { $(Self::$name(condition) => condition.is_limit(),)* }
            }

            pub(super) fn sentence(&self) -> Vec<String> {
                match self { $(Self::$name(condition) => condition.sentence(),)* }
            }
        }
    };
}

// In the order in which they are looked at.
conditions! {
    /// Who sent it.
    Requestor in requestor;
    /// The name of the node.
    NodeNames in node_names;
    /// The inventory that must list the node.
    ListedNode in listed_node;
    /// The user and the groups of a client certificate.
    Subject in subject;
    /// The alternative names, and who says whose they are.
    AlternativeNames in alternative_names;
    /// What a SubjectAccessReview says of the sender.
    Access in access;
    /// The lifetime asked for.
    MaxExpiration in max_expiration;
    /// The age of the request.
    MaxAge in max_age;
    /// How many requests the sender has open.
    MaxPending in max_pending;
    /// That it is the sender's first, for a node that has not joined.
    Once in once;
    /// That the node has not joined yet.
    Rejoin in rejoin;
}

/// The condition of one field, where it is there and nothing is wrong with its shape.
fn read<C: Check>(fields: &Map<String, Value>, reader: &mut RuleReader<'_>) -> Option<C> {
    let (first, rest) = C::FIELD.split_once('.').unwrap_or((C::FIELD, ""));
    let value = fields.get(first)?;
    let value = if rest.is_empty() { value } else { value.get(rest)? };
    match C::Document::deserialize(value) {
        Ok(document) => C::read(document, reader),
        Err(error) => {
            reader.unreadable(&error);
            None
        }
    }
}

/// A condition on a node where no node asks: never met.
const NO_NODE: &str = "not a node's request";

/// What a field is that has no meaning for the rule's signer.
fn meaningless(field: &'static str, rule: Around<'_>) -> Objection {
    (field, format!("means nothing for {}", rule.signer()))
}

/// `what a, b or c`; none for nobody.
fn joined<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    // From the policy's author, who may have written control characters into a pattern.
    let names: Vec<String> =
        names.map(|name| name.chars().flat_map(crate::shown::escape_quotes_too).collect()).collect();
    let (last, rest) = names.split_last()?;
    Some(if rest.is_empty() {
        format!("{what} {last}")
    } else {
        format!("{what} {} or {last}", rest.join(", "))
    })
}
