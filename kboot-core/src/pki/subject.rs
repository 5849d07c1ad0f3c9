//! Subjects: who a certificate is for.

use std::fmt;

use crate::name::{Group, Username};
use crate::x509::attribute_type::{
    COMMON_NAME, COUNTRY, LOCALITY, ORGANIZATION, ORGANIZATIONAL_UNIT, SERIAL_NUMBER, STATE,
};
use crate::x509::{NameEncoder, ObjectIdentifier, X509Error};

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

/// A subject: in a client certificate the common name is the user, each organization a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    common_name: Username,
    organizations: Vec<Group>,
    others: Others,
    layout: Layout,
}

/// What means nothing to Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Others {
    pub(super) countries: Vec<String>,
    pub(super) states: Vec<String>,
    pub(super) localities: Vec<String>,
    pub(super) organizational_units: Vec<String>,
    pub(super) serial_number: Option<String>,
}

/// In which order the attributes stand, and whether those of one type share an RDN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// C, O, OU, L, ST, CN, each attribute in an RDN of its own.
    Own,
    /// C, ST, L, O, OU, CN, serialNumber, attributes of one type in one RDN.
    Cfssl,
}

impl Subject {
    /// A subject with this common name and nothing else.
    #[must_use]
    pub fn new(common_name: Username) -> Self {
        Self { common_name, organizations: Vec::new(), others: Others::default(), layout: Layout::Own }
    }

    /// A subject laid out as cfssl does.
    pub(super) fn of_cfssl(common_name: Username, others: Others) -> Self {
        Self { others, layout: Layout::Cfssl, ..Self::new(common_name) }
    }

    /// Adds a group.
    #[must_use]
    pub fn with_group(mut self, group: Group) -> Self {
        if !self.organizations.contains(&group) {
            self.organizations.push(group);
        }
        self
    }

    /// Adds the attributes that all subjects of a cluster have.
    #[must_use]
    pub fn with_defaults(mut self, defaults: &SubjectDefaults) -> Self {
        let SubjectDefaults { country, state, locality, organizational_unit } = defaults.clone();
        let list = |value: Option<String>| value.into_iter().collect();
        self.others.countries = list(country);
        self.others.states = list(state);
        self.others.localities = list(locality);
        self.others.organizational_units = list(organizational_unit);
        self
    }

    /// The common name.
    #[must_use]
    pub fn common_name(&self) -> &Username {
        &self.common_name
    }

    /// The organizations, in order.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.organizations
    }

    /// The DER of the Name, in the layout of the subject.
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, X509Error> {
        let Self { common_name, organizations, others, layout } = self;
        let Others { countries, states, localities, organizational_units, serial_number } = others;
        fn all(oid: ObjectIdentifier, values: &[String]) -> impl Iterator<Item = (ObjectIdentifier, &str)> {
            values.iter().map(move |value| (oid, value.as_str()))
        }
        let groups = organizations.iter().map(|group| (ORGANIZATION, group.as_str()));
        let end = [(COMMON_NAME, common_name.as_str())]
            .into_iter()
            .chain(serial_number.as_deref().map(|value| (SERIAL_NUMBER, value)));
        let units = all(ORGANIZATIONAL_UNIT, organizational_units);
        let mut name = NameEncoder::new();
        match layout {
            Layout::Own => {
                let attributes = all(COUNTRY, countries)
                    .chain(groups)
                    .chain(units)
                    .chain(all(LOCALITY, localities))
                    .chain(all(STATE, states))
                    .chain(end);
                for (oid, value) in attributes {
                    name.push(oid, value)?;
                }
            }
            Layout::Cfssl => {
                let attributes = all(COUNTRY, countries)
                    .chain(all(STATE, states))
                    .chain(all(LOCALITY, localities))
                    .chain(groups)
                    .chain(units)
                    .chain(end)
                    .collect::<Vec<_>>();
                for of_one_type in attributes.chunk_by(|a, b| a.0 == b.0) {
                    name.push_all(of_one_type.iter().copied())?;
                }
            }
        }
        name.finish()
    }
}

/// The DER of a Name as Go encodes the subject of a certificate that was requested: the organizations in
/// one RDN, then the common name; what is empty is left out (`pkix.Name.ToRDNSequence`).
pub(super) fn requested_name(common_name: &str, organizations: &[String]) -> Result<Vec<u8>, X509Error> {
    let mut name = NameEncoder::new();
    name.push_all(organizations.iter().map(|group| (ORGANIZATION, group.as_str())))?;
    if !common_name.is_empty() {
        name.push(COMMON_NAME, common_name)?;
    }
    name.finish()
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CN={}", self.common_name)?;
        self.organizations.iter().try_for_each(|group| write!(f, ",O={group}"))
    }
}
