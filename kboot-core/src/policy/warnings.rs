//! What a policy may say, but probably does not mean; and what it says, in sentences.

use super::condition::{Condition, ListedNode, NodeNames, Objection, Requestor};
use super::{Policy, Rule, Verdict};
use crate::csr::Signer;
use crate::document::Problem;

impl Rule {
    /// User names may hold nearly any character, so a pattern that reads like a regular expression is allowed.
    fn expression_warnings(&self) -> impl Iterator<Item = (String, &'static str)> {
        let is_expression =
            |text: &str| text.contains(['^', '$', '\\', '[', ']', '(', ')', '|']) || text.contains(".*");
        self.conditions.iter().filter_map(Condition::user_patterns).flat_map(move |(field, patterns)| {
            let suspicious = patterns.iter().enumerate().filter(move |(_, glob)| is_expression(glob.as_str()));
            suspicious.map(move |(i, _)| {
                let warning = "reads like a regular expression, and is none: * stands for any characters, ? for one, \
                               and everything else for itself";
                (format!("{field}[{i}]"), warning)
            })
        })
    }

    fn warnings(&self) -> Vec<Objection> {
        if self.verdict() != Verdict::Approve {
            return Vec::new();
        }
        let of_conditions = self.conditions.iter().flat_map(|condition| condition.warnings(self.around()));
        self.warning_of_any_node().into_iter().chain(of_conditions).collect()
    }

    fn warning_of_any_node(&self) -> Option<Objection> {
        let is_any_name = self
            .condition()
            .is_none_or(|NodeNames(patterns)| patterns.iter().all(|pattern| pattern.as_str() == "*"));
        let is_open = self.signer() == Signer::KubeApiserverClientKubelet
            && self.condition() != Some(&Requestor::Myself)
            && self.condition::<ListedNode>().is_none()
            && is_any_name;
        let warning = "no node names and no inventory: whoever holds such a token may become any node";
        is_open.then(|| ("node", warning.to_owned()))
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
