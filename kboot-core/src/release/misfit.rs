//! Why a flag or a field is not what a version and kboot take.

use std::fmt;

use super::{Absence, Component, FieldType};
use crate::finding::Detail;
use crate::version::KubernetesVersion;

/// What is wrong, or doubtful, with a flag or a field of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misfit {
    /// The version does not have the flag.
    MissingFlag {
        /// The component.
        component: Component,
        /// The version.
        version: KubernetesVersion,
        /// The flag, without dashes.
        flag: String,
        /// Why it does not have it.
        why: Absence,
        /// What took its place.
        instead: Option<&'static str>,
    },
    /// The table does not have the flag.
    UnknownFlag {
        /// The component.
        component: Component,
        /// The version.
        version: KubernetesVersion,
        /// The flag, without dashes.
        flag: String,
        /// The known flag that comes closest.
        near: Option<&'static str>,
        /// Whether the table holds every flag of the version.
        is_certain: bool,
    },
    /// The text is no name of a flag.
    FlagName,
    /// kboot alone sets the flag.
    ProtectedFlag {
        /// The component.
        component: Component,
        /// The flag, without dashes.
        flag: String,
    },
    /// The admission plug-in NodeRestriction would be off.
    NodeRestrictionOff,
    /// The list of admission plug-ins would be replaced.
    AdmissionControl,
    /// A text with control characters.
    ControlCharacters,
    /// A text that is too long.
    TooLong {
        /// How many bytes it may have.
        most: usize,
    },
    /// The table does not have the field.
    UnknownField {
        /// The component.
        component: Component,
        /// The version.
        version: KubernetesVersion,
        /// The known field that comes closest.
        near: Option<&'static str>,
    },
    /// The version does not have the field.
    MissingField {
        /// The component.
        component: Component,
        /// The version.
        version: KubernetesVersion,
        /// Why it does not have it.
        why: Absence,
    },
    /// The value is of another type.
    WrongType {
        /// What would be right.
        wanted: FieldType,
        /// Whether quotes would make it right.
        lacks_quotes: bool,
    },
    /// The cgroup driver is none.
    CgroupDriver,
    /// kboot alone sets the field.
    ProtectedField {
        /// The component.
        component: Component,
    },
    /// The version reads flags alone, and none says the same as the field.
    NoFlagForField {
        /// The component.
        component: Component,
        /// The version.
        version: KubernetesVersion,
    },
}

impl Detail for Misfit {
    fn code(&self) -> &'static str {
        match self {
            Self::MissingFlag { .. } => "missing-flag",
            Self::UnknownFlag { .. } => "unknown-flag",
            Self::FlagName => "flag-name",
            Self::ProtectedFlag { .. } => "protected-flag",
            Self::NodeRestrictionOff => "node-restriction-off",
            Self::AdmissionControl => "admission-control",
            Self::ControlCharacters => "control-characters",
            Self::TooLong { .. } => "too-long",
            Self::UnknownField { .. } => "unknown-field",
            Self::MissingField { .. } => "missing-field",
            Self::WrongType { .. } => "wrong-type",
            Self::CgroupDriver => "cgroup-driver",
            Self::ProtectedField { .. } => "protected-field",
            Self::NoFlagForField { .. } => "no-flag-for-field",
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingFlag { component, version, flag, why, instead } => {
                write!(f, "{component} {version} has no --{flag} ({why}")?;
                if let Some(instead) = instead {
                    write!(f, "; use {instead}")?;
                }
                f.write_str(")")
            }
            Self::UnknownFlag { component, version, flag, near, is_certain } => {
                let lacks = if *is_certain { "has no" } else { "may not know" };
                write!(f, "{component} {version} {lacks} --{flag}")?;
                match near {
                    Some(near) => write!(f, "; did you mean --{near}?"),
                    None => Ok(()),
                }
            }
            Self::FlagName => f.write_str("must be a flag's name without its dashes: a-z, 0-9 and '-'"),
            Self::ProtectedFlag { component, flag } => write!(
                f,
                "--{flag} is not for changing: it decides how {component} is reached, proven or let in"
            ),
            Self::NodeRestrictionOff => {
                f.write_str("NodeRestriction keeps nodes to their own objects; it stays on")
            }
            Self::AdmissionControl => {
                f.write_str("use enable-admission-plugins, which adds to the default list")
            }
            Self::ControlCharacters => f.write_str("must not hold control characters"),
            Self::TooLong { most } => write!(f, "must have at most {most} bytes"),
            Self::UnknownField { component, version, near } => {
                f.write_str("unknown field")?;
                if let Some(near) = near {
                    write!(f, "; did you mean {near}?")?;
                }
                write!(f, " ({component} {version})")
            }
            Self::MissingField { component, version, why } => {
                write!(f, "{component} {version} has no such field ({why})")
            }
            Self::WrongType { wanted, lacks_quotes } => {
                write!(f, "must be {wanted}{}", if *lacks_quotes { "; put it in quotes" } else { "" })
            }
            Self::CgroupDriver => f.write_str("must be systemd or cgroupfs"),
            Self::ProtectedField { component } => {
                write!(f, "is not for changing: kboot sets it for {component}")
            }
            Self::NoFlagForField { component, version } => {
                write!(f, "{component} {version} reads flags alone and has none for this field")
            }
        }
    }
}
