//! What no proper request has, and what a reader could pass over.

use std::fmt;

/// What no proper request has, and what a reader could pass over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a policy must judge each of them")]
pub enum EncodingAnomaly {
    /// Text before or after the PEM block, as `openssl req -text` writes it. Harmless.
    SurroundingText,
    /// Headers inside the PEM block (RFC 1421).
    PemHeaders,
    /// More dashes after the PEM block: another one, or the rest of one.
    SecondBlock,
    /// Bytes after the request, in its own PEM block.
    TrailingBytes,
    /// A version other than 0, the only one that there is.
    UnknownVersion,
}

impl EncodingAnomaly {
    /// A stable word for it, for scripts and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SurroundingText => "surrounding-text",
            Self::PemHeaders => "pem-headers",
            Self::SecondBlock => "second-block",
            Self::TrailingBytes => "trailing-bytes",
            Self::UnknownVersion => "unknown-version",
        }
    }
}

impl fmt::Display for EncodingAnomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SurroundingText => "text stands around the PEM block",
            Self::PemHeaders => "headers stand in the PEM block",
            Self::SecondBlock => "another PEM block follows, or the rest of one",
            Self::TrailingBytes => "bytes follow the request within its block",
            Self::UnknownVersion => "its version is not 0",
        })
    }
}
