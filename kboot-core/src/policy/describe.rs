//! Policies and decisions in sentences.

use super::decision::{Answer, Clause, Verdict};
use super::forbidden::EVERYBODY;
use super::rule::{Access, AlternativeNamesRule, NameKind, RequestorRule, Rule};
use super::{Code, Decision, Glob, Policy, Source};
use crate::csr::Signer;
use crate::schema::Problem;
use crate::shown::escape_quotes_too;

impl Decision {
    /// What led to it, on one line: the clauses that refused or were not known, with what was seen there.
    /// Text of the request in it is cut and escaped.
    #[must_use]
    pub fn reason(&self) -> String {
        let clauses = self.trace().clauses();
        let code = self.code();
        let of_floor = |clause: &&Clause| clause.rule.is_none() && clause.name != OUTCOME;
        let mut found: Vec<String> = clauses
            .iter()
            .filter(of_floor)
            .filter(|clause| clause.code == Some(code))
            .map(|clause| format!("{}: {}", clause.name, clause.saw))
            .collect();
        if found.is_empty() && self.verdict() != Verdict::Approve {
            let of_rules = clauses.iter().filter(|clause| clause.answer != Answer::Yes);
            found = of_rules
                .filter_map(|clause| {
                    Some(format!("{}: {}: {}", clause.rule.as_ref()?, clause.name, clause.saw))
                })
                .collect();
        }
        let outcome = clauses.iter().filter(|clause| clause.name == OUTCOME);
        found.extend(outcome.map(|clause| {
            let words =
                clause.saw.strip_prefix(self.verdict().word()).and_then(|rest| rest.strip_prefix(": "));
            match (words, code) {
                (Some(rule), Code::RuleApproves | Code::RuleDenies | Code::RuleHolds) => {
                    format!("by the rule {rule}")
                }
                (words, _) => words.unwrap_or(&clause.saw).to_owned(),
            }
        }));
        found.join("; ")
    }
}

/// The name of the clause that states the outcome of the rules.
const OUTCOME: &str = "outcome";

impl Rule {
    /// What the rule does, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let verb = match self.verdict {
            Verdict::Approve => "Approves",
            Verdict::Deny => "Denies",
            Verdict::Hold => "Holds",
        };
        let what = match self.signer {
            Signer::KubeApiserverClient => "client certificates of users",
            Signer::KubeApiserverClientKubelet => "client certificates of kubelets",
            Signer::KubeletServing => "serving certificates of kubelets",
        };
        let mut parts = Vec::new();
        match &self.requestor {
            None => {}
            Some(RequestorRule::Myself) => parts.push("asked for by their own holder".to_owned()),
            Some(RequestorRule::Listed { users, groups, token_ids }) => {
                let lists = [
                    joined("a user like", users.iter().map(Glob::as_str)),
                    joined("a member of", groups.iter().map(String::as_str)),
                    joined("a holder of the bootstrap token", token_ids.iter().map(|id| id.as_str())),
                ];
                let lists: Vec<String> = lists.into_iter().flatten().collect();
                parts.push(format!("asked for by {}", lists.join(", who is also ")));
            }
        }
        parts.extend(joined("for nodes like", self.node_names.iter().map(Glob::as_str)));
        parts.extend(self.inventory.as_ref().map(|file| format!("for nodes of the inventory {file:?}")));
        if let Some(subject) = &self.subject {
            parts.extend(joined("for users like", subject.users.iter().map(Glob::as_str)));
            let groups = joined("in no groups but", subject.groups.iter().map(String::as_str));
            parts.push(groups.unwrap_or_else(|| "in no groups".to_owned()));
        }
        if let Some(AlternativeNamesRule { within, any_node_may_claim, dns_names, max, max_dns }) =
            &self.alternative_names
        {
            let sources: Vec<String> = within.iter().map(in_words).collect();
            parts.extend(
                (!sources.is_empty())
                    .then(|| format!("with names that are the node's by {}", sources.join(" and "))),
            );
            parts.extend(joined("with DNS names like", dns_names.iter().map(Glob::as_str)));
            parts.extend(joined(
                "believing any node's word on",
                any_node_may_claim.iter().map(|kind| match kind {
                    NameKind::DnsNames => "DNS names",
                    NameKind::Addresses => "addresses",
                }),
            ));
            parts.extend(max.map(|max| format!("at most {max} names")));
            parts.extend(max_dns.map(|max| format!("at most {max} DNS names")));
        }
        if self.may_rejoin {
            parts.push("also where the node has joined already".to_owned());
        }
        parts.extend(self.access.map(|access| match access {
            Access::SelfNodeClient => {
                "whose sender may create selfnodeclient (SubjectAccessReview)".to_owned()
            }
            Access::NodeClient => "whose sender may create nodeclient (SubjectAccessReview)".to_owned(),
        }));
        parts.extend(self.max_expiration.map(|max| format!("living {max} at most")));
        parts.extend(self.max_age.map(|max| format!("asked for {max} ago at most")));
        let pending = [(self.max_pending_per_node, "node"), (self.max_pending_per_requestor, "sender")];
        for (max, whose) in pending.into_iter().filter_map(|(max, whose)| Some((max?, whose))) {
            parts.push(format!("of which the {whose} has {max} open at most"));
        }
        if self.once {
            parts.push("the first of its sender, for a node that has not joined yet".to_owned());
        }
        let end = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        format!("{verb} {what}{end}.")
    }

    /// Whether the rule matches every request that comes past the floor.
    fn has_no_condition(&self) -> bool {
        self.requestor.is_none()
            && self.node_names.is_empty()
            && self.inventory.is_none()
            && self.subject.is_none()
            && self.alternative_names.is_none()
            && self.access.is_none()
            && self.max_expiration.is_none()
            && self.max_age.is_none()
            && self.max_pending_per_node.is_none()
            && self.max_pending_per_requestor.is_none()
            && !self.once
    }

    /// User names may hold nearly any character, so a pattern that reads like a regular expression is allowed.
    fn expression_warnings(&self) -> impl Iterator<Item = (String, &'static str)> {
        let asking: &[Glob] = match &self.requestor {
            Some(RequestorRule::Listed { users, .. }) => users,
            _ => &[],
        };
        let named = self.subject.as_ref().map(|subject| subject.users.as_slice()).unwrap_or_default();
        let lists = [("requestor.users", asking), ("subject.users", named)];
        let is_expression =
            |text: &str| text.contains(['^', '$', '\\', '[', ']', '(', ')', '|']) || text.contains(".*");
        lists.into_iter().flat_map(move |(field, patterns)| {
            let suspicious = patterns.iter().enumerate().filter(move |(_, glob)| is_expression(glob.as_str()));
            suspicious.map(move |(i, _)| {
                let warning = "reads like a regular expression, and is none: * stands for any characters, ? for one, \
                               and everything else for itself";
                (format!("{field}[{i}]"), warning)
            })
        })
    }

    fn warnings(&self) -> Vec<(&'static str, &'static str)> {
        let mut warnings = Vec::new();
        if self.verdict != Verdict::Approve {
            return warnings;
        }
        let any_node =
            self.inventory.is_none() && self.node_names.iter().all(|pattern| pattern.as_str() == "*");
        if self.signer == Signer::KubeApiserverClientKubelet
            && self.requestor != Some(RequestorRule::Myself)
            && any_node
        {
            warnings.push((
                "node",
                "no node names and no inventory: whoever holds such a token may become any node",
            ));
        }
        if let Some(RequestorRule::Listed { groups, .. }) = &self.requestor
            && groups.iter().any(|group| EVERYBODY.contains(&group.as_str()))
        {
            warnings.push(("requestor.groups", "names a group that everybody is in, so it limits nothing"));
        }
        for kind in self.alternative_names.iter().flat_map(|names| &names.any_node_may_claim) {
            warnings.push((
                "subjectAltNames.anyNodeMayClaim",
                match kind {
                    NameKind::DnsNames => {
                        "any node may get a certificate for any DNS name not known to be another's"
                    }
                    NameKind::Addresses => {
                        "any node may get a certificate for any address not known to be another's"
                    }
                },
            ));
        }
        if self.may_rejoin && self.access.is_none() {
            warnings.push((
                "node.mayRejoin",
                "whom the rule matches may take over a node that has joined: its secrets and its pods",
            ));
        }
        if let Some(AlternativeNamesRule { within, dns_names, max_dns, .. }) = &self.alternative_names {
            if !dns_names.is_empty() && *max_dns == Some(0) {
                warnings
                    .push(("subjectAltNames.dnsNames", "limits nothing, since maxDns allows no DNS name"));
            }
            if within.contains(&Source::Dns) && *max_dns == Some(0) {
                warnings.push(("subjectAltNames.maxDns", "without a DNS name, dns confirms no address"));
            }
        }
        warnings
    }
}

impl Policy {
    /// What is allowed but probably not meant, with the field's path.
    ///
    /// ```
    /// use kboot_core::policy::Preset;
    /// assert!(Preset::KubeletServing.policy().warnings().is_empty());
    /// ```
    #[must_use]
    pub fn warnings(&self) -> Vec<Problem> {
        let mut warnings = Vec::new();
        for (i, rule) in self.rules.iter().enumerate() {
            let path = format!("spec.rules[{i}]");
            for (field, warning) in rule.expression_warnings() {
                warnings.push(Problem::new(&format!("{path}.{field}"), warning));
            }
            for (field, warning) in rule.warnings() {
                warnings.push(Problem::new(&format!("{path}.{field}"), warning));
            }
            let mut earlier = self.rules.iter().take(i).filter(|earlier| earlier.signer == rule.signer);
            if let Some(earlier) = earlier.find(|earlier| earlier.has_no_condition()) {
                let warning = format!("is never reached: {} before it matches every request", earlier.name);
                warnings.push(Problem::new(&path, warning));
            }
        }
        if self.otherwise == Verdict::Deny {
            warnings.push(Problem::new(
                "spec.otherwise",
                "denies what no rule matches, and nobody can take that back; hold leaves it to others",
            ));
        }
        warnings
    }

    /// What becomes of requests that no rule matches, of those that the floor proves wrong, and of those for
    /// other signers, in sentences.
    #[must_use]
    pub fn defaults_in_words(&self) -> [String; 3] {
        let verb = |verdict| if verdict == Verdict::Deny { "denied" } else { "held" };
        [
            format!("What no rule matches is {}.", verb(self.otherwise)),
            format!("What the floor proves wrong is {}.", verb(self.on_violation)),
            "A request for a signer that no rule names is held.".to_owned(),
        ]
    }
}

fn in_words(source: &Source) -> String {
    match source {
        Source::NodeStatus => "its Node's status".to_owned(),
        Source::Inventory => "the inventory".to_owned(),
        Source::Served => "the certificate that it serves now".to_owned(),
        Source::Dns => "DNS".to_owned(),
        Source::NodeName => "its own name".to_owned(),
        Source::Cidrs(ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            format!("the ranges {}", ranges.join(", "))
        }
    }
}

/// `what a, b or c`; none for nobody.
fn joined<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    // From the policy's author, who may have written control characters into a pattern.
    let names: Vec<String> = names.map(|name| name.chars().flat_map(escape_quotes_too).collect()).collect();
    let (last, rest) = names.split_last()?;
    Some(if rest.is_empty() {
        format!("{what} {last}")
    } else {
        format!("{what} {} or {last}", rest.join(", "))
    })
}
