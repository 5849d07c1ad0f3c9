//! Which user a client certificate may name, and which groups.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reader::RuleReader;
use super::{Around, Check, Met, Objection, Place, Warning, joined, meaningless};
use crate::csr::CertificateSigningRequest;
use crate::identity::{PRIVILEGED, RESERVED_PREFIX, is_privileged};
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::text::{escaped, list};
use crate::policy::{Answer, Glob};

/// Which user a client certificate may name, and which groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct Subject {
    pub(in crate::policy) users: Vec<Glob>,
    pub(in crate::policy) groups: Vec<String>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(in crate::policy) struct Document {
    /// Patterns of user names.
    users: Vec<String>,
    /// The groups that it may be in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
}

impl Check for Subject {
    const NAME: &'static str = "subject";
    const FIELD: &'static str = "subject";
    const MEANING: &'static str = "Which identity; for kube-apiserver-client.";
    const PLACE: Place = Place::Whom;
    type Document = Document;
    /// Whether it is one of them.
    type Seen = bool;

    fn read(document: Document, reader: &mut RuleReader<'_>) -> Option<Self> {
        let users = reader.users("subject.users", &document.users);
        Some(Self { users, groups: reader.groups("subject.groups", document.groups) })
    }

    fn document(&self) -> Option<Document> {
        Some(Document {
            users: self.users.iter().map(Glob::to_string).collect(),
            groups: self.groups.clone(),
        })
    }

    fn implied(_: Around<'_>) -> Option<Self> {
        None
    }

    fn misfits(&self, rule: Around<'_>) -> Vec<Objection> {
        if rule.signer().is_of_nodes() { vec![meaningless("subject", rule)] } else { Vec::new() }
    }

    fn objections(&self, rule: Around<'_>) -> Vec<Objection> {
        if rule.signer().is_of_nodes() {
            return Vec::new();
        }
        let mut objections = Vec::new();
        for user in &self.users {
            if let Some(example) = privileged_example(user) {
                let problem = format!(
                    "{:?} would approve privileged identities such as {}; use a prefix of your own",
                    user.as_str(),
                    escaped(&example)
                );
                objections.push(("subject.users", problem));
            }
        }
        for group in self.groups.iter().filter(|group| is_privileged(group)) {
            let problem = format!("{group:?} is a privileged group and never approved");
            objections.push(("subject.groups", problem));
        }
        for group in self.groups.iter().filter(|group| group.contains(['*', '?'])) {
            objections.push(("subject.groups", format!("{group:?} is a pattern: groups are spelt out")));
        }
        objections
    }

    fn warnings(&self, _: Around<'_>) -> Vec<Warning> {
        Vec::new()
    }

    fn user_patterns(&self) -> Option<(&'static str, &[Glob])> {
        Some(("subject.users", &self.users))
    }

    fn is_limit(&self) -> bool {
        true
    }

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<bool>> {
        let user_fits = |user: &str| self.users.iter().any(|glob| glob.matches(user));
        let group_fits = |group: &str| self.groups.iter().any(|allowed| allowed == group);
        let holds =
            case.request.common_names().all(user_fits) && case.request.organizations().all(group_fits);
        Some(Met::new(holds, Answer::of(holds)))
    }

    fn tell(
        &self,
        holds: &bool,
        object: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let Some(request) = object.request().ok() else { return Ok(()) };
        write!(f, "user {}, groups {}", list(request.common_names()), list(request.organizations()))?;
        if *holds {
            return Ok(());
        }
        let wanted = self.users.iter().map(Glob::as_str);
        write!(f, "; wanted {}, groups among {}", list(wanted), list(&self.groups))
    }

    fn sentence(&self) -> Vec<String> {
        let groups = joined("in no groups but", self.groups.iter().map(String::as_str));
        let groups = groups.unwrap_or_else(|| "in no groups".to_owned());
        joined("for users like", self.users.iter().map(Glob::as_str)).into_iter().chain([groups]).collect()
    }

    fn missing_fact(&self, _: &bool) -> Option<MissingFact> {
        None
    }
}

/// A privileged user that the pattern matches, the best known first.
fn privileged_example(user: &Glob) -> Option<String> {
    const KNOWN: [&str; 3] = ["system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"];
    let known = KNOWN.iter().chain(&PRIVILEGED).find(|name| user.matches(name));
    known.map(|name| (*name).to_owned()).or_else(|| user.example_with_prefix(RESERVED_PREFIX))
}
