//! Who must have sent the request.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reader::RuleReader;
use super::{Around, Check, Met, Objection, Place, Warning, joined};
use crate::csr::CertificateSigningRequest;
use crate::identity::EVERYBODY;
use crate::policy::case::Case;
use crate::policy::missing_fact::MissingFact;
use crate::policy::text::{escaped, list};
use crate::policy::{Answer, Glob, PolicyProblem};
use crate::token::TokenId;

/// Who must have sent the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum Requestor {
    /// The one that the request names: a renewal.
    Myself,
    /// One that is in each list that is given.
    Listed { users: Vec<Glob>, groups: Vec<String>, token_ids: Vec<TokenId> },
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::policy) enum Document {
    Myself(Word),
    Listed(Lists),
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub(in crate::policy) enum Word {
    #[serde(rename = "self")]
    Myself,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::policy) struct Lists {
    /// Patterns of user names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    users: Vec<String>,
    /// One of these groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// Ids of bootstrap tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    token_ids: Vec<String>,
}

impl Check for Requestor {
    const NAME: &'static str = "requestor";
    const FIELD: &'static str = "requestor";
    const MEANING: &'static str = "Who must have sent the request: self (the user that the request names), or one that is in each \
         list given.";
    const PLACE: Place = Place::Whom;
    type Document = Document;
    /// Whether it is one of them.
    type Seen = bool;

    fn read(document: Document, reader: &mut RuleReader<'_>) -> Option<Self> {
        let Lists { users, groups, token_ids } = match document {
            Document::Myself(_) => return Some(Self::Myself),
            Document::Listed(lists) => lists,
        };
        if users.is_empty() && groups.is_empty() && token_ids.is_empty() {
            reader.problem("requestor", "lists nobody: give users, groups or tokenIds, or write self");
            return None;
        }
        let users = if users.is_empty() { Vec::new() } else { reader.users("requestor.users", &users) };
        let groups = reader.groups("requestor.groups", groups);
        let mut ids = Vec::new();
        for (i, id) in token_ids.iter().enumerate() {
            match id.parse() {
                Ok(id) => ids.push(id),
                Err(_) => reader.problem(
                    &format!("requestor.tokenIds[{i}]"),
                    "is not the id of a bootstrap token: 6 characters of a-z and 0-9",
                ),
            }
        }
        let is_used_by =
            |id: &TokenId| users.iter().any(|user| user.matches(&format!("system:bootstrap:{id}")));
        if !users.is_empty() && !ids.is_empty() && !ids.iter().any(is_used_by) {
            reader.problem(
                "requestor.tokenIds",
                "is matched by nobody: who uses a token is system:bootstrap:ID, which is not among the users",
            );
        }
        Some(Self::Listed { users, groups, token_ids: ids })
    }

    fn document(&self) -> Option<Document> {
        Some(match self {
            Self::Myself => Document::Myself(Word::Myself),
            Self::Listed { users, groups, token_ids } => Document::Listed(Lists {
                users: users.iter().map(Glob::to_string).collect(),
                groups: groups.clone(),
                token_ids: token_ids.iter().map(TokenId::to_string).collect(),
            }),
        })
    }

    fn implied(_: Around<'_>) -> Option<Self> {
        None
    }

    fn misfits(&self, _: Around<'_>) -> Vec<Objection> {
        Vec::new()
    }

    fn objections(&self, rule: Around<'_>) -> Vec<Objection> {
        let Self::Listed { users, groups, token_ids } = self else { return Vec::new() };
        let says_nothing = |user: &Glob| user.as_str().chars().all(|c| matches!(c, '*' | '?'));
        let by_user = !users.is_empty() && !users.iter().any(says_nothing);
        let by_group = !groups.is_empty() && !groups.iter().any(|group| EVERYBODY.contains(&group.as_str()));
        if rule.has_access() || by_user || by_group || !token_ids.is_empty() {
            return Vec::new();
        }
        vec![("requestor", "is everybody: name the users or groups that may ask".to_owned())]
    }

    fn warnings(&self, _: Around<'_>) -> Vec<Warning> {
        match self {
            Self::Listed { groups, .. } if groups.iter().any(|group| EVERYBODY.contains(&group.as_str())) => {
                vec![("requestor.groups", PolicyProblem::GroupOfEverybody)]
            }
            _ => Vec::new(),
        }
    }

    fn user_patterns(&self) -> Option<(&'static str, &[Glob])> {
        match self {
            Self::Listed { users, .. } => Some(("requestor.users", users)),
            Self::Myself => None,
        }
    }

    fn is_limit(&self) -> bool {
        true
    }

    fn judge(&self, _: Around<'_>, case: &Case<'_>) -> Option<Met<bool>> {
        let requestor = case.object.requestor();
        let username = requestor.username.as_str();
        let holds = match self {
            Self::Myself => case.is_sent_by_holder,
            Self::Listed { users, groups, token_ids } => {
                let any_of = |given: bool, holds: bool| !given || holds;
                any_of(!users.is_empty(), users.iter().any(|user| user.matches(username)))
                    && any_of(!groups.is_empty(), groups.iter().any(|group| requestor.is_in(group)))
                    && (token_ids.is_empty()
                        || requestor.token_id().is_some_and(|id| token_ids.contains(&id)))
            }
        };
        Some(Met::new(holds, Answer::of(holds)))
    }

    fn tell(
        &self,
        holds: &bool,
        object: &CertificateSigningRequest,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let requestor = object.requestor();
        write!(f, "{} in {}", escaped(&requestor.username), list(&requestor.groups))?;
        if *holds {
            return Ok(());
        }
        match self {
            Self::Listed { users, groups, token_ids } => {
                let lists = [
                    ("users", users.iter().map(Glob::as_str).collect::<Vec<_>>()),
                    ("groups", groups.iter().map(String::as_str).collect()),
                    ("tokens", token_ids.iter().map(TokenId::as_str).collect()),
                ];
                let given = lists.into_iter().filter(|(_, all)| !all.is_empty());
                let given: Vec<String> = given.map(|(name, all)| format!("{name} {}", list(all))).collect();
                write!(f, "; wanted {}", given.join(" and "))
            }
            Self::Myself => f.write_str("; wanted whom the request names, in its groups"),
        }
    }

    fn sentence(&self) -> Vec<String> {
        let Self::Listed { users, groups, token_ids } = self else {
            return vec!["asked for by their own holder".to_owned()];
        };
        let lists = [
            joined("a user like", users.iter().map(Glob::as_str)),
            joined("a member of", groups.iter().map(String::as_str)),
            joined("a holder of the bootstrap token", token_ids.iter().map(|id| id.as_str())),
        ];
        let lists: Vec<String> = lists.into_iter().flatten().collect();
        vec![format!("asked for by {}", lists.join(", who is also "))]
    }

    fn missing_fact(&self, _: &bool) -> Option<MissingFact> {
        None
    }
}
