//! What errors are about.

/// What an error is about: enough to choose an exit code or to decide on a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Something that was handed in is wrong: a file's content, a name, a value.
    Input,
    /// A cryptographic operation failed.
    Crypto,
    /// The operating system refused: a file, a folder, randomness.
    Io,
    /// A running cluster: its API server does not answer, refuses, or says what cannot be read.
    Cluster,
    /// kboot contradicts itself; please report it.
    Internal,
}
