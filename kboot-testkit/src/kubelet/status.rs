//! How far a virtual kubelet has come, and what happened to it.

use std::fmt;

use kboot_core::csr::{Signer, Stage};
use kboot_core::time::Timestamp;
use kboot_core::x509::Certificate;

/// What a virtual kubelet is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It has no client certificate yet, or its last one has ended.
    Bootstrapping,
    /// It has a client certificate, and its Node or Lease is not there yet.
    Registering,
    /// Its Node and its Lease are there.
    Ready,
    /// It was stopped.
    Stopped,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bootstrapping => "bootstrapping",
            Self::Registering => "registering",
            Self::Ready => "ready",
            Self::Stopped => "stopped",
        })
    }
}

/// How far a virtual kubelet has come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KubeletStatus {
    /// What it is about.
    pub phase: Phase,
    /// The client certificate that it uses.
    pub client: Option<Certificate>,
    /// The serving certificate that it would serve with.
    pub serving: Option<Certificate>,
    /// The request for a client certificate that it waits for.
    pub client_request: Option<String>,
    /// The request for a serving certificate that it waits for.
    pub serving_request: Option<String>,
    /// How many client certificates it has had.
    pub clients: u32,
    /// How many serving certificates it has had.
    pub servings: u32,
    /// Why it does not get on, where it does not.
    pub problem: Option<String>,
}

impl KubeletStatus {
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Bootstrapping,
            client: None,
            serving: None,
            client_request: None,
            serving_request: None,
            clients: 0,
            servings: 0,
            problem: None,
        }
    }

    pub(super) fn request_mut(&mut self, signer: Signer) -> &mut Option<String> {
        match signer {
            Signer::KubeletServing => &mut self.serving_request,
            Signer::KubeApiserverClient | Signer::KubeApiserverClientKubelet => &mut self.client_request,
        }
    }
}

/// On one line: `bootstrapping, waits for csr-7xk2p`.
impl fmt::Display for KubeletStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.phase)?;
        for (request, what) in [(&self.client_request, ""), (&self.serving_request, " for serving")] {
            if let Some(name) = request {
                write!(f, ", waits for {name}{what}")?;
            }
        }
        if let Some(problem) = &self.problem {
            write!(f, "; {problem}")?;
        }
        Ok(())
    }
}

/// Something that happened to a virtual kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KubeletEvent {
    /// When, by its clock.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// What happens to a virtual kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// It asked for a certificate.
    Requested {
        /// Whom.
        signer: Signer,
        /// The name of the request.
        request: String,
    },
    /// It was refused one: denied, or failed by the signer.
    Refused {
        /// The name of the request.
        request: String,
        /// Denied or failed.
        stage: Stage,
        /// The condition's reason.
        reason: String,
        /// The condition's message.
        message: String,
    },
    /// Nobody signed within 15 minutes, so it will ask again.
    GaveUp {
        /// The name of the request.
        request: String,
    },
    /// It has a new certificate.
    Issued {
        /// Whose.
        signer: Signer,
        /// When the certificate ends.
        not_after: Timestamp,
        /// When it will be rotated.
        rotates: Timestamp,
    },
    /// It created its Node, or took over the one that was there.
    Registered {
        /// Whether the Node is new.
        created: bool,
    },
    /// It has no address that a kubelet of its version would ask a serving certificate for.
    NothingToServe,
    /// Its client certificate has ended before it got another; it bootstraps again.
    Ended,
    /// Something did not go; it tries again. Told once as long as it is the same.
    Failed {
        /// What it did.
        action: &'static str,
        /// What the server or the connection said.
        why: String,
    },
}
