//! Which objects a list or watch is about: label selectors and field selectors
//! (`apimachinery/pkg/labels`, `apimachinery/pkg/fields`).

mod fields;
mod key;
mod labels;

#[cfg(test)]
mod tests;

pub(crate) use fields::FieldSelector;
pub(crate) use labels::LabelSelector;
