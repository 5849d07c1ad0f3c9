//! Reading and writing text formats: YAML, JSON, lists of JSON objects one at a time, and the shape of the
//! files that people write.

#[cfg(feature = "certificates")]
mod fields;
#[cfg(feature = "certificates")]
pub(crate) mod json;
#[cfg(feature = "certificates")]
pub(crate) mod json_stream;
#[cfg(feature = "certificates")]
mod problem;
#[cfg(feature = "certificates")]
pub(crate) mod schema;
pub(crate) mod yaml;

#[cfg(feature = "certificates")]
pub use fields::Fields;
#[cfg(feature = "certificates")]
pub use json_stream::ListError;
#[cfg(feature = "certificates")]
pub use problem::Problem;
#[cfg(feature = "certificates")]
pub(crate) use problem::{Problems, closest, unknown_name, write_problems};
pub use yaml::Unwritable;
