//! Paths of nodes that certificates and the components' flags share; kubeadm's.

pub(crate) const PKI: &str = "/etc/kubernetes/pki";
pub(crate) const CONTROLLER_MANAGER_KUBECONFIG: &str = "/etc/kubernetes/controller-manager.conf";
pub(crate) const SCHEDULER_KUBECONFIG: &str = "/etc/kubernetes/scheduler.conf";
pub(crate) const KUBELET_KUBECONFIG: &str = "/etc/kubernetes/kubelet.conf";
pub(crate) const KUBE_PROXY_KUBECONFIG: &str = "/var/lib/kube-proxy/kubeconfig.conf";
