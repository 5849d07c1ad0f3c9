//! Subjects: who a certificate is for.

use std::fmt;

use der::asn1::{AnyRef, ObjectIdentifier, PrintableStringRef};
use der::{Encode, Sequence, Tag};

use super::PkiError;
use crate::name::{Group, Username};

// RFC 5280, appendix A.1
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const LOCALITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.7");
const STATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.8");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

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
        fn one(oid: ObjectIdentifier, value: &Option<String>) -> Option<(ObjectIdentifier, &str)> {
            value.as_deref().map(|value| (oid, value))
        }
        let attributes = one(COUNTRY, country)
            .into_iter()
            .chain(organizations.iter().map(|group| (ORGANIZATION, group.as_str())))
            .chain(one(ORGANIZATIONAL_UNIT, organizational_unit))
            .chain(one(LOCALITY, locality))
            .chain(one(STATE, state))
            .chain([(COMMON_NAME, common_name.as_str())]);
        let mut relative_names = Vec::with_capacity(128);
        for (oid, value) in attributes {
            relative_name(oid, value, &mut relative_names).map_err(|_| PkiError::Unencodable {
                what: "subject",
                value: value.chars().take(64).collect(),
            })?;
        }
        let name = AnyRef::new(Tag::Sequence, &relative_names).and_then(|name| name.to_der());
        name.map_err(|_| PkiError::Encoding { what: "subject" })
    }
}

/// AttributeTypeAndValue (RFC 5280, 4.1.2.4).
#[derive(Sequence)]
struct Attribute<'a> {
    oid: ObjectIdentifier,
    value: AnyRef<'a>,
}

/// A RelativeDistinguishedName of one attribute: PrintableString where the alphabet allows it, else
/// UTF8String, as Go's encoding/asn1 chooses.
fn relative_name(oid: ObjectIdentifier, value: &str, into: &mut Vec<u8>) -> der::Result<()> {
    let tag = if PrintableStringRef::new(value).is_ok() { Tag::PrintableString } else { Tag::Utf8String };
    let value = AnyRef::new(tag, value.as_bytes())?;
    let attribute = Attribute { oid, value }.to_der()?;
    AnyRef::new(Tag::Set, &attribute)?.encode(into)
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CN={}", self.common_name)?;
        self.organizations.iter().try_for_each(|group| write!(f, ",O={group}"))
    }
}
