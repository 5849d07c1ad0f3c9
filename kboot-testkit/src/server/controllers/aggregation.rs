//! `clusterrole-aggregation` (`pkg/controller/clusterroleaggregation`).

use serde_json::Value;
use time::OffsetDateTime;

use super::{Cluster, Key, Reconciler};
use crate::server::authz::aggregated_rules;

const CLUSTER_ROLES: (&str, &str) = ("rbac.authorization.k8s.io", "clusterroles");
const ACCOUNT: &str = "system:serviceaccount:kube-system:clusterrole-aggregation-controller";

/// Writes into roles that gather others what those allow.
pub(super) struct ClusterRoleAggregation;

impl Reconciler for ClusterRoleAggregation {
    fn watches(&self) -> &'static [(&'static str, &'static str)] {
        &[CLUSTER_ROLES]
    }

    /// Any role may be a part of any other.
    fn reconcile(&self, cluster: &dyn Cluster, _: Option<&Key>) -> Option<OffsetDateTime> {
        let roles = cluster.list(CLUSTER_ROLES.0, CLUSTER_ROLES.1, "");
        for role in
            roles.iter().filter(|role| role.get("aggregationRule").is_some_and(|rule| !rule.is_null()))
        {
            let rules = Value::from(aggregated_rules(role, &roles));
            if role["rules"] == rules
                || (role["rules"].is_null() && rules == Value::from(Vec::<Value>::new()))
            {
                continue;
            }
            let mut gathered = Value::clone(role);
            gathered["rules"] = rules;
            // A conflict is a change, after which it is looked at again.
            let _ = cluster.update(ACCOUNT, CLUSTER_ROLES, "", gathered);
        }
        None
    }
}
