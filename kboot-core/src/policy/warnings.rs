//! What a policy may say, but probably does not mean; and what it says, in sentences.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::condition::{Condition, ListedNode, NodeNames, Requestor, Warning};
use super::{Inventory, Policy, PolicyProblem, Rule, Verdict};
use crate::csr::Signer;
use crate::document::{DocumentError, Problem};
use crate::finding::Finding;
use crate::shown;

impl Rule {
    /// User names may hold nearly any character, so a pattern that reads like a regular expression is allowed.
    fn expressions(&self) -> impl Iterator<Item = String> {
        let is_expression =
            |text: &str| text.contains(['^', '$', '\\', '[', ']', '(', ')', '|']) || text.contains(".*");
        self.conditions.iter().filter_map(Condition::user_patterns).flat_map(move |(field, patterns)| {
            let suspicious =
                patterns.iter().enumerate().filter(move |(_, glob)| is_expression(glob.as_str()));
            suspicious.map(move |(i, _)| format!("{field}[{i}]"))
        })
    }

    fn warnings(&self) -> Vec<Warning> {
        if self.verdict() != Verdict::Approve {
            return Vec::new();
        }
        let of_conditions = self.conditions.iter().flat_map(|condition| condition.warnings(self.around()));
        self.is_for_any_node()
            .then_some(("node", PolicyProblem::AnyNode))
            .into_iter()
            .chain(of_conditions)
            .collect()
    }

    fn is_for_any_node(&self) -> bool {
        let is_any_name = self
            .condition()
            .is_none_or(|NodeNames(patterns)| patterns.iter().all(|pattern| pattern.as_str() == "*"));
        self.signer() == Signer::KubeApiserverClientKubelet
            && self.condition() != Some(&Requestor::Myself)
            && self.condition::<ListedNode>().is_none()
            && is_any_name
    }
}

impl PolicyProblem {
    /// Why a policy is refused, each problem as a finding.
    #[must_use]
    pub fn refused(error: &DocumentError) -> Vec<Finding<Self>> {
        let refused = |problem: &Problem| Self::Refused {
            problem: problem.problem.clone(),
            position: problem.position,
        };
        let problems = error.problems.iter();
        problems.map(|problem| Finding::error(&*problem.path, refused(problem))).collect()
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
    pub fn warnings(&self) -> Vec<Finding<PolicyProblem>> {
        let mut warnings = Vec::new();
        for (i, rule) in self.rules.iter().enumerate() {
            let path = format!("spec.rules[{i}]");
            let expressions = rule.expressions().map(|field| (field, PolicyProblem::RegularExpression));
            let others = rule.warnings().into_iter().map(|(field, problem)| (field.to_owned(), problem));
            let of_fields = expressions.chain(others);
            warnings.extend(
                of_fields.map(|(field, problem)| Finding::warning(format!("{path}.{field}"), problem)),
            );
            let mut earlier = self.rules.iter().take(i).filter(|earlier| earlier.signer == rule.signer);
            if let Some(earlier) = earlier.find(|earlier| earlier.has_no_condition()) {
                let earlier = earlier.name.clone();
                warnings.push(Finding::warning(path, PolicyProblem::NeverReached { earlier }));
            }
        }
        if self.otherwise == Verdict::Deny {
            warnings.push(Finding::warning("spec.otherwise", PolicyProblem::DeniesTheRest));
        }
        warnings
    }

    /// What is wrong with the inventories that its rules name, each asked for once; without its inventory a rule
    /// decides nothing.
    pub fn check_inventories<E: Display>(
        &self,
        mut read: impl FnMut(&str) -> Result<Inventory, E>,
    ) -> Vec<Finding<PolicyProblem>> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        for (i, rule) in self.rules.iter().enumerate() {
            let Some(name) = rule.inventory().filter(|name| seen.insert(*name)) else { continue };
            match read(name) {
                Ok(inventory) => found.extend(inventory.warnings().iter().map(|warning| {
                    let path = format!("{}: {}", shown::escaped(name), warning.path);
                    let problem = PolicyProblem::InventoryEntryIgnored { problem: warning.problem.clone() };
                    Finding::warning(path, problem)
                })),
                Err(error) => {
                    let (name, problem) = (name.to_owned(), format!("{error:#}"));
                    let detail = PolicyProblem::InventoryUnusable { name, problem };
                    found.push(Finding::error(format!("spec.rules[{i}].node.inventory"), detail));
                }
            }
        }
        found
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
