//! Pods of several nodes that do not start for the same reason: said once.

use std::collections::BTreeMap;

use super::report::NodeReport;
use super::{NodeDetail, PodEvents, ReasonAndMessage};
use crate::finding::{Finding, Severity};

/// Takes what several nodes say alike out of their reports.
pub(super) fn take(reports: &mut [NodeReport]) -> Vec<Finding<NodeDetail>> {
    let mut groups: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for (node, report) in reports.iter().enumerate() {
        for finding in &report.findings {
            if let Some(likeness) = likeness(finding) {
                groups.entry(likeness).or_default().push((node, finding.path.clone()));
            }
        }
    }
    groups
        .retain(|_, pods| pods.iter().any(|(node, _)| pods.first().is_some_and(|(first, _)| first != node)));
    let mut found = Vec::new();
    for (alike, pods) in groups {
        let named = pods.iter().filter_map(|(node, path)| {
            let pod = path.strip_prefix(POD)?;
            Some(format!("{pod} on {}", reports.get(*node)?.node))
        });
        let pods_named: Vec<String> = named.collect();
        let mut said = String::new();
        for (node, _) in pods {
            let Some(report) = reports.get_mut(node) else { continue };
            report.findings.retain(|finding| {
                let is_one = likeness(finding).is_some_and(|other| other == alike);
                if is_one && said.is_empty() {
                    said = finding.detail.to_string();
                }
                !is_one
            });
        }
        found.push(Finding::new(Severity::Error, "pods", NodeDetail::SamePods { pods: pods_named, said }));
    }
    found
}

const POD: &str = "pod ";

/// What is the same for pods that do not start for the same reason.
fn likeness(finding: &Finding<NodeDetail>) -> Option<String> {
    let pod = finding.path.strip_prefix(POD)?.rsplit('/').next()?;
    let alike = |what: &str, said: &ReasonAndMessage| {
        format!("{what} {} {}", said.reason, general(&said.message.replace(pod, "")))
    };
    match &finding.detail {
        NodeDetail::PodBlocked(blocked) => Some(alike(&blocked.container, &blocked.said)),
        NodeDetail::PodStarting { events: PodEvents::Obstacle { said, .. }, .. } => Some(alike("", said)),
        _ => None,
    }
}

/// A message without its numbers and identities.
fn general(message: &str) -> String {
    let words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_own = |word: &&str| word.chars().any(|c| c.is_ascii_digit());
    words.filter(|word| !is_own(word)).collect::<Vec<_>>().join(" ")
}
