//! Rules: the conditions that a request must meet for a policy's decision. Each answers yes, no or unknown.

use serde::Deserialize;

use super::context::AccessReviews;
use super::decision::{Answer, Clause, Verdict};
use super::floor::node_of;
use super::names::{described, escaped, list};
use super::source::{Question, Source, Vouched};
use super::{Code, Context, Glob};
use crate::csr::{AlternativeName, CertificateRequest, CertificateSigningRequest, Requestor, Signer};
use crate::name::NodeName;
use crate::net::SubjectAltNames;
use crate::time::Lifetime;
use crate::token::TokenId;

/// A rule of a policy: what a request must be, and what is decided then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(super) name: String,
    pub(super) signer: Signer,
    pub(super) requestor: Option<RequestorRule>,
    pub(super) node_names: Vec<Glob>,
    /// The name of the inventory that must hold the node.
    pub(super) inventory: Option<String>,
    /// Whether somebody else than a node may get the identity that the node has already.
    pub(super) may_rejoin: bool,
    pub(super) subject: Option<SubjectRule>,
    pub(super) alternative_names: Option<AlternativeNamesRule>,
    pub(super) access: Option<Access>,
    pub(super) max_expiration: Option<Lifetime>,
    pub(super) max_age: Option<Lifetime>,
    pub(super) max_pending_per_node: Option<u32>,
    pub(super) max_pending_per_requestor: Option<u32>,
    pub(super) once: bool,
    pub(super) message: Option<String>,
    pub(super) verdict: Verdict,
}

/// Who must have sent the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestorRule {
    /// The one that the request names: a renewal.
    Myself,
    /// One that is in each list that is given.
    Listed { users: Vec<Glob>, groups: Vec<String>, token_ids: Vec<TokenId> },
}

/// Which user a client certificate may name, and which groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SubjectRule {
    pub(super) users: Vec<Glob>,
    pub(super) groups: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct AlternativeNamesRule {
    pub(super) within: Vec<Source>,
    /// The kinds of names for which the rule takes what any node says.
    pub(super) any_node_may_claim: Vec<NameKind>,
    /// Which DNS names there may be, whosever they are; any where there is none.
    pub(super) dns_names: Vec<Glob>,
    pub(super) max: Option<usize>,
    pub(super) max_dns: Option<usize>,
}

/// A kind of alternative name that a kubelet's serving certificate may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum NameKind {
    DnsNames,
    Addresses,
}

/// A subresource whose creation upstream asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    SelfNodeClient,
    NodeClient,
}

/// What one condition of a rule says.
pub(super) struct Met {
    pub(super) name: &'static str,
    pub(super) saw: String,
    pub(super) answer: Answer,
    /// What is missing, where a word says it.
    pub(super) code: Option<Code>,
}

impl Met {
    fn new(name: &'static str, saw: impl Into<String>, answer: Answer) -> Self {
        Self { name, saw: saw.into(), answer, code: None }
    }
}

impl Rule {
    /// The rule's name, unique in its policy.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose requests it is about.
    #[must_use]
    pub fn signer(&self) -> Signer {
        self.signer
    }

    /// The inventory that must list the node: the name under which the policy refers to it.
    #[must_use]
    pub fn inventory(&self) -> Option<&str> {
        self.inventory.as_deref()
    }

    /// What it decides.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Looks at each condition that the rule has, in a fixed order, until one says no, and notes it.
    pub(super) fn judge(&self, case: &Case<'_>, clauses: &mut Vec<Clause>) -> Answer {
        let facts = Facts { rule: self, case };
        let all = [
            Facts::requestor,
            Facts::node_name,
            Facts::inventory,
            Facts::subject,
            Facts::alternative_names,
            Facts::access,
            Facts::expiration,
            Facts::age,
            Facts::pending,
            Facts::once,
            Facts::joined,
        ];
        let mut all_told = Answer::Yes;
        for condition in all {
            let Some(Met { name, saw, answer, code }) = condition(&facts) else { continue };
            clauses.push(Clause { rule: Some(self.name.clone()), name, saw, answer, code });
            match answer {
                Answer::Yes => {}
                Answer::Unknown => all_told = Answer::Unknown,
                Answer::No => return Answer::No,
            }
        }
        all_told
    }
}

/// What every rule looks at.
pub(super) struct Case<'a> {
    object: &'a CertificateSigningRequest,
    request: &'a CertificateRequest,
    context: &'a Context<'a>,
    /// The node that the request is for.
    node: Option<NodeName>,
    /// Who sent it, for people.
    sender: String,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        object: &'a CertificateSigningRequest,
        request: &'a CertificateRequest,
        context: &'a Context<'a>,
    ) -> Self {
        let Requestor { username, groups, .. } = object.requestor();
        let sender = format!("{} in {}", escaped(username), list(groups));
        Self { object, request, context, node: node_of(request), sender }
    }
}

/// A rule and what it looks at.
struct Facts<'a> {
    rule: &'a Rule,
    case: &'a Case<'a>,
}

impl Facts<'_> {
    fn requestor(&self) -> Option<Met> {
        let requestor = self.case.object.requestor();
        let username = requestor.username.as_str();
        let holds = match self.rule.requestor.as_ref()? {
            // Its groups too: a renewal must not be a promotion.
            RequestorRule::Myself => {
                self.case.request.common_names().eq([username])
                    && self.case.request.organizations().all(|group| requestor.is_in(group))
            }
            RequestorRule::Listed { users, groups, token_ids } => {
                let any_of = |given: bool, holds: bool| !given || holds;
                any_of(!users.is_empty(), users.iter().any(|user| user.matches(username)))
                    && any_of(!groups.is_empty(), groups.iter().any(|group| requestor.is_in(group)))
                    && any_of(
                        !token_ids.is_empty(),
                        requestor.token_id().is_some_and(|id| token_ids.contains(&id)),
                    )
            }
        };
        let saw = if holds { self.case.sender.clone() } else { self.wanted_requestor() };
        Some(Met::new("requestor", saw, Answer::of(holds)))
    }

    fn wanted_requestor(&self) -> String {
        let wanted = match &self.rule.requestor {
            Some(RequestorRule::Listed { users, groups, token_ids }) => {
                let lists = [
                    ("users", users.iter().map(Glob::as_str).collect::<Vec<_>>()),
                    ("groups", groups.iter().map(String::as_str).collect()),
                    ("tokens", token_ids.iter().map(TokenId::as_str).collect()),
                ];
                let given = lists.into_iter().filter(|(_, all)| !all.is_empty());
                given.map(|(name, all)| format!("{name} {}", list(all))).collect::<Vec<_>>().join(" and ")
            }
            _ => "whom the request names, in its groups".to_owned(),
        };
        format!("{}; wanted {wanted}", self.case.sender)
    }

    fn node_name(&self) -> Option<Met> {
        if self.rule.node_names.is_empty() {
            return None;
        }
        let Some(node) = &self.case.node else { return Some(no_node("node name")) };
        let holds = self.rule.node_names.iter().any(|pattern| pattern.matches(node.as_str()));
        let wanted = || format!("{node}; wanted {}", list(self.rule.node_names.iter().map(Glob::as_str)));
        let saw = if holds { node.to_string() } else { wanted() };
        Some(Met::new("node name", saw, Answer::of(holds)))
    }

    /// The inventory holds the node, and where it binds bootstrap tokens to nodes, this one to this node.
    fn inventory(&self) -> Option<Met> {
        let name = self.rule.inventory.as_ref()?;
        let Some(node) = &self.case.node else { return Some(no_node("inventory")) };
        let met = |saw: String, answer| Some(Met::new("inventory", saw, answer));
        let Some(inventory) = self.case.context.inventories.get(name) else {
            return met(format!("{} was not supplied", escaped(name)), Answer::Unknown);
        };
        let Some(known) = inventory.node(node) else {
            return met(format!("{node} is not in it"), Answer::No);
        };
        let requestor = self.case.object.requestor();
        let token = requestor.token_id();
        let bound_to = token.as_ref().and_then(|id| inventory.node_of_token(id));
        let is_itself = requestor.node().as_ref() == Some(node);
        let is_bound = bound_to.is_some() || !known.token_ids.is_empty();
        if is_bound && !is_itself && bound_to != Some(node) {
            return met(format!("{node} joins by its own token, which this is not"), Answer::No);
        }
        met(format!("{node} is in it"), Answer::Yes)
    }

    fn subject(&self) -> Option<Met> {
        if self.rule.signer.is_of_nodes() {
            return None;
        }
        let rule = self.rule.subject.as_ref()?;
        let user_fits =
            self.case.request.common_names().all(|user| rule.users.iter().any(|glob| glob.matches(user)));
        let groups_fit =
            self.case.request.organizations().all(|group| rule.groups.iter().any(|allowed| allowed == group));
        let (users, groups) =
            (list(self.case.request.common_names()), list(self.case.request.organizations()));
        let mut saw = format!("user {users}, groups {groups}");
        if !(user_fits && groups_fit) {
            let wanted = rule.users.iter().map(Glob::as_str);
            saw += &format!("; wanted {}, groups among {}", list(wanted), list(&rule.groups));
        }
        Some(Met::new("subject", saw, Answer::of(user_fits && groups_fit)))
    }

    fn alternative_names(&self) -> Option<Met> {
        let names: Vec<&AlternativeName> = self.case.request.alternative_names().collect();
        let met = |saw: String, answer| Some(Met::new("alternative names", saw, answer));
        let Some(rule) = &self.rule.alternative_names else {
            // No rule can say whose names those of a person would be.
            let is_approval = self.rule.verdict == Verdict::Approve;
            if is_approval && self.rule.signer == Signer::KubeApiserverClient && !names.is_empty() {
                return met(
                    "a user's certificate with alternative names needs a person".to_owned(),
                    Answer::No,
                );
            }
            return None;
        };
        let dns = names.iter().filter(|name| matches!(name, AlternativeName::Dns(_))).count();
        if rule.max.is_some_and(|max| names.len() > max) {
            return met(format!("{} of them, too many", names.len()), Answer::No);
        }
        if rule.max_dns.is_some_and(|max| dns > max) {
            return met(format!("{dns} DNS names, too many"), Answer::No);
        }
        let is_unwanted = |name: &AlternativeName| match name {
            AlternativeName::Dns(name) => {
                let name = name.to_ascii_lowercase();
                !rule.dns_names.iter().any(|pattern| pattern.matches(&name))
            }
            _ => false,
        };
        let unwanted = names.iter().find(|name| !rule.dns_names.is_empty() && is_unwanted(name));
        if let Some(name) = unwanted {
            let wanted = list(rule.dns_names.iter().map(Glob::as_str));
            return met(format!("{}; wanted DNS names like {wanted}", described(name)), Answer::No);
        }
        if rule.within.is_empty() {
            return met(format!("{} of them", names.len()), Answer::Yes);
        }
        let Some(node) = &self.case.node else { return Some(no_node("alternative names")) };
        let question = Question {
            node,
            names: &names,
            inventory: self.rule.inventory.as_ref().and_then(|name| self.case.context.inventories.get(name)),
            sources: &rule.within,
            context: self.case.context,
        };
        let mut unknown: Option<Met> = None;
        for name in &names {
            let (why, code) = match question.vouched(name) {
                Vouched::No(why) => {
                    return met(format!("{}: {why}", described(name)), Answer::No);
                }
                Vouched::Unknown(why) => (why, None),
                Vouched::OfOther(why) => (why, Some(Code::AltNameOfOther)),
                Vouched::Weakly => match self.missing_of_cluster(name) {
                    Some(missing) => (missing, Some(Code::ApiServerUnknown)),
                    None => continue,
                },
                Vouched::Strongly => continue,
            };
            // What could be looked up goes before what has to be said.
            if unknown.as_ref().is_none_or(|known| known.code.is_some() && code.is_none()) {
                let saw = format!("{}: {why}", described(name));
                unknown = Some(Met { code, ..Met::new("alternative names", saw, Answer::Unknown) });
            }
        }
        unknown.or_else(|| met(format!("{} of them, all the node's", names.len()), Answer::Yes))
    }

    /// What the floor would have to know to tell the API server's names from a node's.
    fn missing_of_cluster(&self, name: &AlternativeName) -> Option<String> {
        let context = self.case.context;
        if self.rule.verdict != Verdict::Approve {
            return None;
        }
        let is_address = matches!(name, AlternativeName::Ip(_));
        // The API server has an address in the services' range as well, and a name alone does not say which
        // address is behind it.
        let is_said = |names: &SubjectAltNames| !is_address || !names.ips().is_empty();
        if context.api_servers().next().is_none() {
            Some("nobody says who the API server is, and the rule's sources cannot tell".to_owned())
        } else if !context.api_servers().any(is_said) {
            Some("nobody says an address of the API server, and the rule's sources cannot tell".to_owned())
        } else if is_address && context.service_ranges().next().is_none() {
            Some("nobody says the services' ranges, and the rule's sources cannot tell".to_owned())
        } else {
            None
        }
    }

    fn access(&self) -> Option<Met> {
        let access = self.rule.access?;
        let AccessReviews { self_node_client, node_client } =
            self.case.context.access_of(self.case.object.requestor());
        let (name, allowed) = match access {
            Access::SelfNodeClient => ("selfnodeclient", self_node_client),
            Access::NodeClient => ("nodeclient", node_client),
        };
        let (saw, answer) = match allowed {
            Some(true) => (format!("may create {name}"), Answer::Yes),
            Some(false) => (format!("may not create {name}"), Answer::No),
            None => (format!("no SubjectAccessReview of {name}"), Answer::Unknown),
        };
        Some(Met::new("access", saw, answer))
    }

    fn expiration(&self) -> Option<Met> {
        let max = self.rule.max_expiration?;
        let seconds = self.case.object.expiration_seconds();
        let holds = seconds.unwrap_or_else(|| self.case.context.signer_lifetime.seconds()) <= max.seconds();
        let saw = match seconds {
            Some(seconds) => format!("{seconds} seconds"),
            None => format!("not stated, so the signer's {}", self.case.context.signer_lifetime),
        };
        Some(Met::new("expiration", format!("{saw}; at most {max}"), Answer::of(holds)))
    }

    fn age(&self) -> Option<Met> {
        let max = self.rule.max_age?;
        let Some(created) = self.case.object.created() else {
            return Some(Met::new("age", "creation time unknown", Answer::Unknown));
        };
        let age = self.case.context.now.unix().saturating_sub(created.unix());
        let saw = format!("{age} seconds; at most {max}");
        // A clock may be a little behind; what was made tomorrow is no young request.
        let is_young = (-300..=max.seconds()).contains(&age);
        Some(Met::new("age", saw, Answer::of(is_young)))
    }

    fn pending(&self) -> Option<Met> {
        let (per_node, per_requestor) = (self.rule.max_pending_per_node, self.rule.max_pending_per_requestor);
        if per_node.is_none() && per_requestor.is_none() {
            return None;
        }
        let met = |saw, answer| Some(Met::new("open requests", saw, answer));
        let Some(history) = &self.case.context.history else {
            return met("the other requests are not known".to_owned(), Answer::Unknown);
        };
        let sender = self.case.object.requestor().username.as_str();
        let of_node = self.case.node.as_ref().map_or(0, |node| history.open_of_node(node.as_str(), sender));
        let of_requestor = history.open_of_requestor(sender);
        // This one is open too.
        let exceeds = |count: u32, max: Option<u32>| max.is_some_and(|max| count >= max);
        let holds = !exceeds(of_node, per_node) && !exceeds(of_requestor, per_requestor);
        met(
            format!("the requestor has {of_requestor} others, {of_node} of them for the node"),
            Answer::of(holds),
        )
    }

    /// Whoever gets the identity of a node that has joined has its secrets and pods: with a bootstrap token
    /// alone, nobody does.
    fn joined(&self) -> Option<Met> {
        let Rule { signer, verdict, requestor, may_rejoin, once, .. } = self.rule;
        let is_of_others = *signer == Signer::KubeApiserverClientKubelet
            && *verdict == Verdict::Approve
            && *requestor != Some(RequestorRule::Myself);
        if !is_of_others || *may_rejoin || *once {
            return None;
        }
        let node = self.case.node.as_ref()?;
        if self.case.object.requestor().node().as_ref() == Some(node) {
            return None;
        }
        let (saw, answer, code) = match &self.case.context.nodes {
            None => ("it is not known which nodes have joined", Answer::Unknown, None),
            Some(nodes) if nodes.contains(node) => {
                ("the node has joined already", Answer::Unknown, Some(Code::NodeJoined))
            }
            Some(_) => ("the node has not joined yet", Answer::Yes, None),
        };
        Some(Met { code, ..Met::new("joined", saw, answer) })
    }

    /// The token was not used, and the node is not there: either alone can be forgotten, since
    /// kube-controller-manager deletes decided requests after an hour.
    fn once(&self) -> Option<Met> {
        if !self.rule.once {
            return None;
        }
        let Some(node) = &self.case.node else { return Some(no_node("once")) };
        let used = self
            .case
            .context
            .history
            .as_ref()
            .map(|history| history.has_approved_client_of(&self.case.object.requestor().username));
        let joined = self.case.context.nodes.as_ref().map(|nodes| nodes.contains(node));
        let (saw, answer) = match (used, joined) {
            (Some(true), _) => ("an earlier request of this requestor was approved", Answer::No),
            (_, Some(true)) => ("the node has joined already", Answer::No),
            (Some(false), Some(false)) => ("not used before", Answer::Yes),
            (None, _) => ("the earlier requests are not known", Answer::Unknown),
            (_, None) => ("it is not known which nodes have joined", Answer::Unknown),
        };
        Some(Met::new("once", saw, answer))
    }
}

/// A condition on a node where no node asks: never met.
fn no_node(name: &'static str) -> Met {
    Met::new(name, "not a node's request", Answer::No)
}
