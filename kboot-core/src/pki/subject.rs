//! Subjects: who a certificate is for.

use std::fmt;

use der::asn1::{Any, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use der::{Encode, Tag};
use x509_cert::attr::AttributeTypeAndValue;

use super::PkiError;
use crate::name::{Group, Username};

/// What every subject of a cluster carries besides user and groups; empty by default, as upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(clippy::exhaustive_structs, reason = "the cluster file's spec.pki.subject, field by field")]
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

/// A subject: in a client certificate the common name is the user, each organization a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    common_name: Username,
    organizations: Vec<Group>,
    defaults: SubjectDefaults,
}

impl Subject {
    /// A subject with this common name and nothing else.
    #[must_use]
    pub fn new(common_name: Username) -> Self {
        Self { common_name, organizations: Vec::new(), defaults: SubjectDefaults::default() }
    }

    /// The same subject in one more group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        if !self.organizations.contains(&group) {
            self.organizations.push(group);
        }
        self
    }

    /// The same subject with the cluster's common attributes.
    #[must_use]
    pub fn with_defaults(mut self, defaults: &SubjectDefaults) -> Self {
        self.defaults = defaults.clone();
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

    /// The DER of the Name, each attribute in an RDN of its own, in the order that Go's
    /// `pkix.Name.ToRDNSequence` has: C, O, OU, L, ST, CN.
    pub(super) fn to_der(&self) -> Result<Vec<u8>, PkiError> {
        let Self { common_name, organizations, defaults } = self;
        let SubjectDefaults { country, state, locality, organizational_unit } = defaults;
        let one = |oid: &'static str, value: &Option<String>| value.clone().map(|value| (oid, value));
        let attributes = one("2.5.4.6", country)
            .into_iter()
            .chain(organizations.iter().map(|group| ("2.5.4.10", group.to_string())))
            .chain(one("2.5.4.11", organizational_unit))
            .chain(one("2.5.4.7", locality))
            .chain(one("2.5.4.8", state))
            .chain([("2.5.4.3", common_name.to_string())]);
        let relative_names = attributes
            .map(|(oid, value)| {
                let attribute = AttributeTypeAndValue {
                    oid: ObjectIdentifier::new_unwrap(oid),
                    value: directory_string(&value).ok_or_else(|| PkiError::Unencodable {
                        what: "subject",
                        value: value.chars().take(64).collect(),
                    })?,
                };
                SetOfVec::try_from(vec![attribute]).map_err(|_| PkiError::Encoding { what: "subject" })
            })
            .collect::<Result<Vec<_>, _>>()?;
        relative_names.to_der().map_err(|_| PkiError::Encoding { what: "subject" })
    }
}

/// PrintableString where the alphabet allows it, else UTF8String, as Go's encoding/asn1 chooses.
fn directory_string(value: &str) -> Option<Any> {
    if let Ok(printable) = PrintableStringRef::new(value) {
        return Any::new(Tag::PrintableString, printable.as_bytes()).ok();
    }
    let utf8 = Utf8StringRef::new(value).ok()?;
    Any::new(Tag::Utf8String, utf8.as_str().as_bytes()).ok()
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CN={}", self.common_name)?;
        self.organizations.iter().try_for_each(|group| write!(f, ",O={group}"))
    }
}
