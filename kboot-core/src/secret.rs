//! Values that never show: redacted in `Debug`, overwritten when dropped, compared in constant time.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text: a token's secret, a private key in PEM, a file that holds one.
///
/// There is no `Display`, `Clone` or serialization; [`SecretText::expose_secret`] is the one way to
/// the content.
///
/// ```
/// use kboot_core::secret::SecretText;
/// let secret = SecretText::new("hunter2".to_owned());
/// assert_eq!(format!("{secret:?}"), "SecretText([redacted, 7 bytes])");
/// ```
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// Whether the two are equal, in a time that depends on their lengths alone.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretText([redacted, {} bytes])", self.0.len())
    }
}

/// Secret bytes: the content of a file that holds a key or a token.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes([redacted, {} bytes])", self.0.len())
    }
}
