//! Commands on machines through the system's ssh.

use std::io::ErrorKind;
use std::process::Stdio;

use kboot_core::cluster::Node;
use kboot_core::name::UnixName;
use kboot_core::online::push::{MachineError, Machines};
use kboot_core::secret::SecretBytes;
use kboot_core::shown::escaped;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// More than any script of ours says.
const MAX_BYTES: u64 = 1024 * 1024;

/// Nobody is asked for a password, and a machine that is not there or goes away is noticed. All else (ports, keys, jump
/// hosts) is what ssh_config says of the address, but that a machine gets nothing of this one: no agent, no port.
const OPTIONS: [&str; 7] = [
    "BatchMode=yes",
    "ConnectTimeout=10",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
];

/// What ssh itself ends with; it passes on every other status (ssh(1), EXIT STATUS).
const OF_SSH: i32 = 255;

pub(super) struct Ssh<'a> {
    pub(super) user: &'a UnixName,
}

impl Machines for Ssh<'_> {
    async fn run(&self, node: &Node, command: &str, input: &SecretBytes) -> Result<String, MachineError> {
        let unreachable = |reason: String| MachineError::Unreachable { reason };
        let mut ssh = Command::new("ssh");
        ssh.args(OPTIONS.iter().flat_map(|option| ["-o", option])).arg("-T");
        ssh.args(["-l", self.user.as_str(), "--", &node.address().to_string(), command]);
        ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Whoever waits no longer leaves none behind.
        let mut child = ssh.kill_on_drop(true).spawn().map_err(|error| {
            let hint = if error.kind() == ErrorKind::NotFound { "; install OpenSSH's client" } else { "" };
            unreachable(format!("ssh does not start: {error}{hint}"))
        })?;
        // Read meanwhile, or both ends might wait for each other.
        let (said, complained) =
            (tokio::spawn(text(child.stdout.take())), tokio::spawn(text(child.stderr.take())));
        if let Some(mut stdin) = child.stdin.take() {
            // A command that ends early says itself why.
            let _ = stdin.write_all(input.expose_secret()).await;
            let _ = stdin.shutdown().await;
        }
        let status = child.wait().await.map_err(|error| unreachable(error.to_string()))?;
        let (said, complained) = (said.await.unwrap_or_default(), complained.await.unwrap_or_default());
        if status.success() {
            return Ok(said);
        }
        // sudo and ssh complain; a script may have said more before.
        let reason = [complained, said].iter().find_map(|text| last_lines(text)).unwrap_or_default();
        match status.code() {
            Some(OF_SSH) => Err(unreachable(reason)),
            Some(code) => Err(MachineError::Failed { status: code.to_string(), reason }),
            None => Err(MachineError::Failed { status: status.to_string(), reason }),
        }
    }
}

/// What comes from a pipe, to its end or to where nobody reads on.
async fn text(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.take(MAX_BYTES).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The last lines that say something, on one line that steers no terminal.
fn last_lines(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(3)..)?;
    (!last.is_empty()).then(|| escaped(&last.join("; ")))
}
