//! Reading and writing text formats: YAML, JSON, lists of JSON objects one at a time, and the shape of the
//! files that people write.

mod fields;
pub(crate) mod json;
pub(crate) mod json_stream;
mod problem;
pub(crate) mod schema;
pub(crate) mod yaml;

pub use fields::Fields;
pub use json_stream::ListError;
pub use problem::Problem;
pub(crate) use problem::{Problems, closest, unknown_name, write_problems};
pub use yaml::Unwritable;
