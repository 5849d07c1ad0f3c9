//! What each Kubernetes version knows: its programs, their flags and fields, and every behaviour that came or
//! went with a version.
//!
//! A new version is rows in `flags.tsv`, `fields.tsv` and `complete.tsv`, and maybe a span in `gates.rs`.

mod component;
mod field_type;
pub(crate) mod fields;
pub(crate) mod flags;
pub(crate) mod gates;
pub(crate) mod insecure_settings;
mod misfit;
pub(crate) mod overrides;
pub(crate) mod protected_flags;
mod span;

pub use component::Component;
pub use field_type::FieldType;
pub use insecure_settings::{Form, InsecureSetting};
pub use misfit::Misfit;
pub use span::Absence;
pub(crate) use span::VersionSpan;
