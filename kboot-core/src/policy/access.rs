//! What upstream's approver asks of the sender.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A subresource whose creation upstream asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("enum" = [Self::NodeClient, Self::SelfNodeClient]))]
#[non_exhaustive]
pub enum Access {
    /// A node renews.
    SelfNodeClient,
    /// Somebody asks for a node.
    NodeClient,
}

impl Access {
    /// `selfnodeclient` or `nodeclient`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SelfNodeClient => "selfnodeclient",
            Self::NodeClient => "nodeclient",
        }
    }
}
