//! Commands on machines.

use std::time::Duration;

use crate::cluster::Node;
use crate::secret::SecretBytes;

/// A way to run commands on machines: ssh, for one.
pub trait Machines: Sync {
    /// Runs a command of the shell on a machine and gives it the input, which holds keys. What it prints on stdout is the
    /// answer. The future is dropped when its time is over, and the command's connection has to end with it.
    ///
    /// # Errors
    /// [`MachineError`] where there is no connection, and for every exit status but 0.
    fn run(
        &self,
        node: &Node,
        command: &str,
        input: &SecretBytes,
    ) -> impl Future<Output = Result<String, MachineError>> + Send;
}

/// Why a command was not done on a machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MachineError {
    /// There is no connection, or it broke.
    #[error("it cannot be reached: {reason}")]
    Unreachable {
        /// What the connection's program or library says.
        reason: String,
    },
    /// The command failed.
    #[error("exit status {status}: {reason}")]
    Failed {
        /// Its exit status, or how it ended otherwise.
        status: String,
        /// What it says of it.
        reason: String,
    },
    /// It takes too long.
    #[error("not done within {} s", limit.as_secs())]
    TimedOut {
        /// How long was waited.
        limit: Duration,
    },
}

/// Unpacks the archive on its input into a new folder that nobody else can read, runs the script in it as root and removes
/// the folder, whatever happens; a script that hangs is ended there too, since a connection that ends tells it nothing. It
/// is the same for all machines, and any shell of a user passes it on to sh as it is: it has no `'`, `\` or `!` and is one
/// line.
pub(super) fn install(limit: Duration) -> String {
    format!(
        r#"sh -c 'umask 077; folder=$(mktemp -d) || exit 1; leave() {{ rm -rf "$folder"; }}; trap leave EXIT; trap "exit 143" HUP INT TERM PIPE; tar -xf - -C "$folder" || exit 1; as_root=; [ "$(id -u)" = 0 ] || as_root="sudo -n"; $as_root timeout -k 10 {} sh "$folder/install.sh" "$folder/node"'"#,
        limit.as_secs().max(1)
    )
}

/// Asks systemd for the state of units, a line each.
pub(super) fn states_of(units: &[&str]) -> String {
    format!("sh -c 'systemctl is-active {} || :'", units.join(" "))
}

/// Whether the script changed something on its machine, by what it says.
pub(super) fn has_changed(said: &str) -> bool {
    let mut lines = said.lines().filter(|line| !line.ends_with(" is starting"));
    let last = lines.next_back().unwrap_or_default();
    !last.contains(": 0 of ") || lines.next().is_some()
}

/// A command that takes too long is given up.
pub(super) async fn within<M: Machines>(
    machines: &M,
    node: &Node,
    command: &str,
    input: &SecretBytes,
    limit: Duration,
) -> Result<String, MachineError> {
    let run = machines.run(node, command, input);
    tokio::time::timeout(limit, run).await.unwrap_or(Err(MachineError::TimedOut { limit }))
}
