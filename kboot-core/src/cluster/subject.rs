//! What every certificate of a cluster says besides users and groups.

/// What every subject of a cluster carries besides user and groups; empty by default, as upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "the cluster file's spec.pki.subject, field by field")]
pub struct SubjectDefaults {
    /// C: two capital letters.
    pub country: Option<String>,
    /// ST.
    pub state: Option<String>,
    /// L.
    pub locality: Option<String>,
    /// OU. It means nothing to Kubernetes: groups are organizations.
    pub organizational_unit: Option<String>,
}

impl SubjectDefaults {
    /// The fields that cannot stand in a certificate, as the cluster file names them, and what would be right.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let Self { country, state, locality, organizational_unit } = self;
        let mut problems = Vec::new();
        if country.as_ref().is_some_and(|c| c.len() != 2 || !c.bytes().all(|b| b.is_ascii_uppercase())) {
            problems.push(("country", "must be two capital letters (ISO 3166)"));
        }
        // RFC 5280, appendix A: ub-state-name and its like are 128; ub-organizational-unit-name is 64
        let is_unusable = |text: &String| {
            text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control)
        };
        let texts = [("state", state), ("locality", locality), ("organizationalUnit", organizational_unit)];
        let unusable = texts.into_iter().filter(|(_, value)| value.as_ref().is_some_and(is_unusable));
        problems.extend(
            unusable
                .map(|(field, _)| (field, "must have 1 to 64 characters, none of them control characters")),
        );
        problems
    }
}
