//! Credential plug-ins (`exec` in a kubeconfig), as client-go runs them (`plugin/pkg/client/auth/exec/exec.go`), but so that
//! whoever waits no longer leaves none behind.

use std::io::{self, IsTerminal, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use kube::config::{ExecConfig, ExecInteractiveMode};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::UnusableCredentials;
use crate::secret::SecretText;
use crate::time::Timestamp;

/// More than any credential has.
const MAX_OUTPUT: u64 = 1024 * 1024;
/// A token is renewed so many seconds before its end.
const EARLY: i64 = 60;

/// What a plug-in printed.
pub(super) struct Credential {
    pub(super) token: Option<SecretText>,
    /// Certificate and key in PEM.
    pub(super) certificate: Option<(String, SecretText)>,
    expiration: Option<Timestamp>,
}

/// Runs the plug-in. Dropped before it has ended, it ends the plug-in.
pub(super) async fn run(exec: &ExecConfig) -> Result<Credential, UnusableCredentials> {
    let command = command(exec)?;
    let (status, printed) = output(command).await.map_err(UnusableCredentials::PluginDoesNotStart)?;
    if !status.success() {
        return Err(UnusableCredentials::PluginFailed(status));
    }
    let printed: Printed =
        serde_saphyr::from_slice(&printed).map_err(|_| UnusableCredentials::PluginOutput)?;
    let status = printed.status.ok_or(UnusableCredentials::PluginOutput)?;
    let expiration = status.expiration_timestamp.map(|text| text.parse::<Timestamp>());
    Ok(Credential {
        token: status.token.filter(|token| !token.is_empty()).map(SecretText::new),
        certificate: status.client_certificate_data.zip(status.client_key_data.map(SecretText::new)),
        expiration: expiration.transpose().map_err(|_| UnusableCredentials::PluginOutput)?,
    })
}

#[derive(Deserialize)]
struct Printed {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// `ExecCredential` as a plug-in gets it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a, C> {
    kind: &'static str,
    api_version: &'a Option<String>,
    spec: Spec<'a, C>,
}

#[derive(Serialize)]
struct Spec<'a, C> {
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a C>,
}

fn command(exec: &ExecConfig) -> Result<Command, UnusableCredentials> {
    let mut command = Command::new(exec.command.as_ref().ok_or(UnusableCredentials::PluginWithoutCommand)?);
    command.args(exec.args.iter().flatten());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let may_ask = exec.interactive_mode != Some(ExecInteractiveMode::Never);
    let interactive = may_ask && io::stdin().is_terminal();
    let cluster = exec.cluster.as_ref().filter(|_| exec.provide_cluster_info);
    if exec.provide_cluster_info && cluster.is_none() {
        return Err(UnusableCredentials::PluginWantsCluster);
    }
    let asked =
        Asked { kind: "ExecCredential", api_version: &exec.api_version, spec: Spec { interactive, cluster } };
    let asked = serde_json::to_string(&asked).map_err(|_| UnusableCredentials::PluginWantsCluster)?;
    command.env("KUBERNETES_EXEC_INFO", asked);
    command.stdin(if interactive { Stdio::inherit() } else { Stdio::null() });
    command.stderr(if may_ask { Stdio::inherit() } else { Stdio::null() });
    command.stdout(Stdio::piped());
    // One that asks at the terminal must be in the group that has it, and ends with it.
    #[cfg(unix)]
    if !interactive {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    Ok(command)
}

/// A program that is ended when nobody waits for it any more; with all that it started, where it has a process group of its
/// own.
struct Running {
    child: Child,
    has_ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw)
            && rustix::process::getpgid(Some(group)) == Ok(group)
        {
            // It may have ended just now.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn output(mut command: Command) -> io::Result<(ExitStatus, Vec<u8>)> {
    let mut running = Running { child: command.spawn()?, has_ended: false };
    let printed = running.child.stdout.take();
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        match printed {
            Some(printed) => printed.take(MAX_OUTPUT).read_to_end(&mut bytes).map(|_| bytes),
            None => Ok(bytes),
        }
    });
    let printed = read.await.map_err(io::Error::other)??;
    loop {
        if let Some(status) = running.child.try_wait()? {
            running.has_ended = true;
            return Ok((status, printed));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The token of a plug-in, which is run again before the token ends.
#[derive(Clone)]
pub(super) struct Token {
    exec: Arc<ExecConfig>,
    current: Arc<Mutex<(HeaderValue, Option<Timestamp>)>>,
}

impl Token {
    pub(super) fn new(
        exec: ExecConfig,
        token: &SecretText,
        credential: &Credential,
    ) -> Result<Self, UnusableCredentials> {
        let current = Arc::new(Mutex::new((header(token)?, credential.expiration)));
        Ok(Self { exec: Arc::new(exec), current })
    }

    /// The value of the header `Authorization`.
    pub(super) async fn header(&self) -> Result<HeaderValue, UnusableCredentials> {
        let mut current = self.current.lock().await;
        let soon = crate::Env::system().now().unix().saturating_add(EARLY);
        if current.1.is_some_and(|end| end.unix() <= soon) {
            let credential = run(&self.exec).await?;
            let token = credential.token.as_ref().ok_or(UnusableCredentials::PluginOutput)?;
            *current = (header(token)?, credential.expiration);
        }
        Ok(current.0.clone())
    }
}

fn header(token: &SecretText) -> Result<HeaderValue, UnusableCredentials> {
    let bearer = format!("Bearer {}", token.expose_secret());
    let mut value = HeaderValue::try_from(bearer).map_err(|_| UnusableCredentials::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec(script: &str) -> ExecConfig {
        let exec = serde_json::json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
            "interactiveMode": "Never", "env": [{"name": "GIVEN", "value": "given"}],
        });
        serde_json::from_value(exec).unwrap()
    }

    #[test]
    fn a_token_is_renewed_before_it_ends_and_not_sooner() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        // The first token ends in half a minute, the second never.
        let script = format!(
            r#"echo x >>{0}; n=$(wc -l <{0}); case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 9;; esac
               end=; [ $n -gt 1 ] || end=', "expirationTimestamp": "'$(date -u -d +30sec +%Y-%m-%dT%H:%M:%SZ)'"'
               echo '{{"status": {{"token": "'$GIVEN-$n'"'"$end"'}}}}'"#,
            runs.display()
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let exec = exec(&script);
            let first = run(&exec).await.unwrap();
            let text = first.token.as_ref().unwrap();
            assert_eq!(text.expose_secret(), "given-1");
            let token = Token::new(exec, text, &first).unwrap();
            for _ in 0..3 {
                assert_eq!(token.header().await.unwrap(), "Bearer given-2");
            }
        });
        assert_eq!(std::fs::read_to_string(runs).unwrap().lines().count(), 2);
    }

    #[test]
    fn a_certificate_is_taken_and_what_is_no_credential_is_refused() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ran = |script: &str| runtime.block_on(run(&exec(script)));
        let both = ran(r#"echo '{"status": {"clientCertificateData": "c", "clientKeyData": "k"}}'"#).unwrap();
        assert_eq!(both.certificate.unwrap().0, "c");
        for (script, said) in [
            ("exit 4", "exit status: 4"),
            ("echo no", "did not print"),
            ("echo '{}'", "did not print"),
            ("kill $$", "signal"),
        ] {
            let error = ran(script).err().unwrap().to_string();
            assert!(error.contains(said), "{script}: {error}");
        }
    }
}
