//! What the floor and every rule look at, made ready once.

use super::PolicyContext;
use super::evidence::AskedName;
use crate::csr::CertificateSigningRequest;
use crate::identity::{NODE_USER_PREFIX, NODES_GROUP, node_of};
use crate::name::NodeName;
use crate::x509::CertificateRequest;

/// A request that can be read, and what is known besides.
pub(super) struct Case<'a> {
    pub(super) object: &'a CertificateSigningRequest,
    pub(super) request: &'a CertificateRequest,
    pub(super) context: &'a PolicyContext<'a>,
    /// The node that the request is for.
    pub(super) node: Option<NodeName>,
    /// The names that it asks for.
    pub(super) names: Vec<AskedName<'a>>,
    /// Whether the sender is the user that the request names, in all of its groups: a renewal must not be a
    /// promotion. Asked here once, since most rules for renewals ask it.
    pub(super) is_sent_by_holder: bool,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        object: &'a CertificateSigningRequest,
        request: &'a CertificateRequest,
        context: &'a PolicyContext<'a>,
    ) -> Self {
        let names = request.alternative_names().map(AskedName::new).collect();
        let requestor = object.requestor();
        let is_sent_by_holder = request.common_names().eq([requestor.username.as_str()])
            && request.organizations().all(|group| requestor.is_in(group));
        Self { object, request, context, node: node_of(request), names, is_sent_by_holder }
    }

    /// Whether the node that the request is for has sent it, as the node authorizer sees it.
    pub(super) fn is_sent_by_node(&self) -> bool {
        let requestor = self.object.requestor();
        let name = requestor.username.strip_prefix(NODE_USER_PREFIX);
        self.node.as_ref().is_some_and(|node| name == Some(node.as_str())) && requestor.is_in(NODES_GROUP)
    }
}
