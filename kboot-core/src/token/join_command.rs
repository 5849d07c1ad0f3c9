//! The way to join a cluster that kubeadm made.

use super::BootstrapToken;
use crate::net::ApiEndpoint;
use crate::secret::SecretText;
use crate::x509::Pin;

impl BootstrapToken {
    /// The command that joins a node with kubeadm, with the authority pinned.
    #[must_use]
    pub fn join_command(&self, endpoint: &ApiEndpoint, pins: &[Pin]) -> SecretText {
        let mut command =
            format!("kubeadm join {} --token {}", endpoint.host_port(), self.expose_secret().expose_secret());
        for pin in pins {
            command.push_str(" --discovery-token-ca-cert-hash ");
            command.push_str(&pin.to_string());
        }
        SecretText::new(command)
    }
}
