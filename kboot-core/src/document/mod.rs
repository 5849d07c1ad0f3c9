//! Reading and writing text formats: YAML, JSON, lists of JSON objects one at a time, and the files that people
//! write, each a [`Document`].

mod error;
mod generate;
pub(crate) mod json;
pub(crate) mod json_stream;
mod kind;
mod problem;
mod schema;
pub(crate) mod yaml;

pub use error::DocumentError;
pub(crate) use generate::shared;
pub use json_stream::ListError;
pub use kind::Document;
pub(crate) use kind::{API_VERSION, Form, FromValue, read};
pub use problem::Problem;
pub(crate) use problem::{Problems, closest, unknown_name};
pub(crate) use schema::Schema;
pub use yaml::Unwritable;
