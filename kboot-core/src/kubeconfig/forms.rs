//! How single values stand in a kubeconfig: base64, secrets, and Go's null for nothing.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serializer};

use crate::secret::{SecretBytes, SecretText};

/// Go writes an empty list as null, and reads null as a value of zero.
pub(super) fn null_is_empty<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

pub(super) mod base64_bytes {
    use super::{Deserialize, Deserializer, Engine, STANDARD, Serializer};
    use zeroize::Zeroizing;

    #[expect(clippy::ref_option, reason = "serde's calling convention")]
    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes.as_deref().unwrap_or_default()))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)?.map(Zeroizing::new) else {
            return Ok(None);
        };
        // Go's decoder passes over line ends (encoding/base64).
        let joined = Zeroizing::new(text.bytes().filter(|byte| !b"\r\n".contains(byte)).collect::<Vec<_>>());
        STANDARD.decode(&*joined).map(Some).map_err(|_| serde::de::Error::custom("base64"))
    }
}

pub(super) mod base64_secret {
    use super::{Deserializer, Engine, STANDARD, SecretBytes, Serializer, base64_bytes};
    use zeroize::Zeroizing;

    #[expect(clippy::ref_option, reason = "serde's calling convention")]
    pub(in super::super) fn serialize<S: Serializer>(
        secret: &Option<SecretBytes>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let bytes = secret.as_ref().map(SecretBytes::expose_secret).unwrap_or_default();
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(bytes)))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SecretBytes>, D::Error> {
        Ok(base64_bytes::deserialize(deserializer)?.map(SecretBytes::new))
    }
}

pub(super) mod plain_secret_text {
    use super::{Deserialize, Deserializer, SecretText, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        secret: &SecretText,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose_secret())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SecretText, D::Error> {
        Ok(SecretText::new(Option::<String>::deserialize(deserializer)?.unwrap_or_default()))
    }
}

pub(super) mod secret_map {
    use super::{BTreeMap, Deserialize, Deserializer, SecretText, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        map: &BTreeMap<String, SecretText>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(map.iter().map(|(key, value)| (key, value.expose_secret())))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, SecretText>, D::Error> {
        let map = Option::<BTreeMap<String, Option<String>>>::deserialize(deserializer)?.unwrap_or_default();
        Ok(map.into_iter().map(|(key, value)| (key, SecretText::new(value.unwrap_or_default()))).collect())
    }
}

pub(super) mod secret_text {
    use super::{Deserialize, Deserializer, SecretText, Serializer};

    #[expect(clippy::ref_option, reason = "serde's calling convention")]
    pub(in super::super) fn serialize<S: Serializer>(
        secret: &Option<SecretText>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.as_ref().map(SecretText::expose_secret).unwrap_or_default())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SecretText>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(SecretText::new))
    }
}
