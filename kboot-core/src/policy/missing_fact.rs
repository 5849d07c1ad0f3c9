//! What a rule would have needed to know.

use super::Reason;
use super::access::Access;

/// A fact by which a rule would have said yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MissingFact {
    /// The inventory that the rule names.
    Inventory,
    /// The cluster's Nodes, with the addresses of their status.
    Nodes,
    /// The Node itself, or its addresses: the Nodes are known, and it is not there or says nothing.
    NodeAddresses,
    /// Which nodes have joined.
    JoinedNodes,
    /// Answers of DNS.
    Dns,
    /// The names of the certificate that the node serves now.
    Served,
    /// What a SubjectAccessReview says of the sender.
    Access(Access),
    /// The other requests.
    OtherRequests,
    /// The other requests and the Nodes.
    RequestsAndNodes,
    /// When the request was created.
    CreationTime,
    /// What this reason says.
    Other(Reason),
}
