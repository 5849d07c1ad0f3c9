//! How much is read: what is larger is an error, and nothing of it is kept.

/// Larger than any chain of certificates that a component reads.
pub(super) const MAX_PEM_BYTES: usize = 4 * 1024 * 1024;

/// A request of RSA-4096 with a hundred names has about 8 KiB, most have 500 bytes.
pub(super) const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The most that are read of RDNs, attributes, extensions and alternative names each.
pub(super) const MAX_PARTS: usize = 1000;
