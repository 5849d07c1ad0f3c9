//! What a document says besides the fields that kboot has names for.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Problem;

/// Fields of a document that kboot has no names for, as JSON holds them.
///
/// ```
/// use kboot_core::component::KubeletConfiguration;
/// let mut configuration = KubeletConfiguration::default();
/// configuration.rest.set("maxPods", 200)?;
/// assert_eq!(configuration.rest.get::<u32>("maxPods")?, Some(200));
/// assert_eq!(configuration.rest.get::<u32>("podPidsLimit")?, None);
/// let problem = configuration.rest.get::<String>("maxPods").unwrap_err();
/// assert_eq!(problem.path, "maxPods");
/// # Ok::<(), kboot_core::document::Problem>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// A field's value; none where the document does not have the field.
    ///
    /// # Errors
    /// A [`Problem`] with the field's name where it holds something else.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        let value = self.0.get(name).cloned().map(serde_json::from_value).transpose();
        value.map_err(|error| Problem::new(name, error.to_string()))
    }

    /// Gives a field a value, whatever it had.
    ///
    /// # Errors
    /// A [`Problem`] with the field's name for what JSON cannot hold, for example a map whose keys are no texts.
    pub fn set(&mut self, name: &str, value: impl Serialize) -> Result<(), Problem> {
        let value = serde_json::to_value(value).map_err(|error| Problem::new(name, error.to_string()))?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
