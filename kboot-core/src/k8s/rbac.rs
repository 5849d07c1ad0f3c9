//! The RBAC objects of TLS bootstrapping.

use k8s_openapi::api::rbac::v1::{ClusterRoleBinding as KubeBinding, RoleRef, Subject as KubeSubject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::rbac::{API_GROUP, ClusterRoleBinding};

/// ```
/// use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
/// let bindings: Vec<ClusterRoleBinding> = kboot_core::rbac::tls_bootstrapping().iter().map(Into::into).collect();
/// assert_eq!(bindings[0].role_ref.name, "system:node-bootstrapper");
/// ```
impl From<&ClusterRoleBinding> for KubeBinding {
    fn from(binding: &ClusterRoleBinding) -> Self {
        let subject = binding.subject();
        Self {
            metadata: ObjectMeta { name: Some(binding.name().to_owned()), ..ObjectMeta::default() },
            role_ref: RoleRef {
                api_group: Some(API_GROUP.to_owned()),
                kind: "ClusterRole".to_owned(),
                name: binding.role().to_owned(),
            },
            subjects: Some(vec![KubeSubject {
                api_group: Some(API_GROUP.to_owned()),
                kind: subject.kind().to_owned(),
                name: subject.name().to_owned(),
                namespace: None,
            }]),
        }
    }
}
