//! Reading and writing text formats: YAML, JSON, lists of JSON objects one at a time, and the files that people
//! write, each a `Document`.

#[cfg(feature = "certificates")]
mod error;
#[cfg(feature = "certificates")]
mod fields;
#[cfg(feature = "certificates")]
mod generate;
#[cfg(feature = "certificates")]
pub(crate) mod json;
#[cfg(feature = "certificates")]
pub(crate) mod json_stream;
#[cfg(feature = "certificates")]
mod kind;
#[cfg(feature = "certificates")]
mod locate;
#[cfg(feature = "certificates")]
mod problem;
#[cfg(feature = "certificates")]
mod schema;
pub(crate) mod yaml;

#[cfg(feature = "certificates")]
pub use error::DocumentError;
#[cfg(feature = "certificates")]
pub use fields::Fields;
#[cfg(feature = "certificates")]
pub(crate) use generate::shared;
#[cfg(feature = "certificates")]
pub use json_stream::ListError;
#[cfg(feature = "certificates")]
pub use kind::Document;
#[cfg(feature = "certificates")]
pub(crate) use kind::{API_VERSION, Form, FromValue, read};
#[cfg(feature = "certificates")]
pub use problem::{Position, Problem};
#[cfg(feature = "certificates")]
pub(crate) use problem::{Problems, closest, unknown_name};
#[cfg(feature = "certificates")]
pub(crate) use schema::Schema;
pub use yaml::Unwritable;
