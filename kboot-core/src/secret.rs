//! Values that never show: redacted in `Debug`, overwritten when dropped, compared in constant time.

use std::fmt;
use std::io::{self, Read};
use std::mem;

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

    /// Reads all that a reader gives; where the buffer has to grow, nothing of it stays behind.
    ///
    /// ```
    /// use kboot_core::secret::SecretBytes;
    /// assert_eq!(SecretBytes::read(&b"key"[..], 3)?.expose_secret(), b"key");
    /// assert!(SecretBytes::read(&b"key"[..], 2).is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// What the reader fails with; [`io::ErrorKind::FileTooLarge`] for more than `limit` bytes.
    pub fn read(mut reader: impl Read, limit: usize) -> io::Result<Self> {
        let most = limit.saturating_add(1);
        let mut bytes = Zeroizing::new(vec![0; most.min(16 * 1024)]);
        let mut length = 0_usize;
        loop {
            if length == bytes.len() {
                let mut larger = Zeroizing::new(vec![0; bytes.len().saturating_mul(2).min(most)]);
                larger.iter_mut().zip(bytes.iter()).for_each(|(to, from)| *to = *from);
                bytes = larger;
            }
            match reader.read(bytes.get_mut(length..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(count) => length = length.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if length > limit {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        bytes.truncate(length);
        Ok(Self(bytes))
    }

    /// Makes a secret text of it; none where it is not UTF-8.
    #[must_use]
    pub fn into_text(mut self) -> Option<SecretText> {
        match String::from_utf8(mem::take(&mut *self.0)) {
            Ok(text) => Some(SecretText::new(text)),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                None
            }
        }
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
