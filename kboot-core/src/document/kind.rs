//! The kinds of files that people write.

use std::str::FromStr;

use serde_json::Value;

use super::error::DocumentError;
use super::problem::{Position, Problem};
use super::schema::Schema;
use super::yaml;

/// The `apiVersion` of every kind.
pub(crate) const API_VERSION: &str = "kboot.dev/v1alpha1";

/// What is read from a file that people write, in YAML or JSON: `ClusterSpec`, `Policy`, `Inventory` and
/// `ContextDocument`.
///
/// Each is read by [`FromStr`], which says everything that is wrong at once. The schema is made of the types that a
/// file is read into, and every file is checked against it first.
///
/// ```
/// use kboot_core::cluster::ClusterSpec;
/// use kboot_core::document::{Document, DocumentError};
/// fn read<D: Document>(text: &str) -> Result<D, DocumentError> {
///     text.parse()
/// }
/// let error = read::<ClusterSpec>("kind: Policy").unwrap_err();
/// assert_eq!(error.problems[0].to_string(), "kind: \"Policy\" is not one of Cluster");
/// assert!(ClusterSpec::schema().contains("https://json-schema.org/draft/2020-12/schema"));
/// ```
#[expect(private_bounds, reason = "sealed: which kinds there are is for the crate to say")]
pub trait Document: FromStr<Err = DocumentError> + Form {
    /// The `kind` of its files.
    const KIND: &'static str;

    /// The JSON Schema (draft 2020-12) of its files, for editors and other tools.
    #[must_use]
    fn schema() -> &'static str {
        Self::form().text()
    }
}

/// What files of a kind look like.
pub(crate) trait Form {
    /// The schema, made when it is asked for first.
    fn form() -> &'static Schema;
}

/// How a file becomes a value.
pub(crate) trait FromValue: Sized {
    /// What stands before the problem of a text that is no YAML.
    const UNREADABLE: &'static str = "";

    /// A file that was read already, as JSON holds it.
    fn from_value(value: &Value) -> Result<Self, DocumentError>;
}

/// Reads a file.
pub(crate) fn read<D: FromValue>(text: &str) -> Result<D, DocumentError> {
    let value = yaml::parse_located(text).map_err(|(problem, position)| {
        let mut problem = Problem::new("", format!("{}{problem}", D::UNREADABLE));
        problem.position = position.map(|(line, column)| Position { line, column });
        DocumentError::from(vec![problem])
    })?;
    D::from_value(&value).map_err(|error| error.located_in(text))
}
