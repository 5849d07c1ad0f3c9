//! The encoding of protobuf: fields of a number and a wire type.

/// The bytes are no protobuf message.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::server::schema) struct Malformed;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::server::schema) enum Payload<'b> {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32,
    Bytes(&'b [u8]),
}

impl<'b> Payload<'b> {
    pub(super) fn bytes(self) -> Result<&'b [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    pub(super) fn text(self) -> Result<String, Malformed> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    pub(super) fn integer(self) -> Result<i64, Malformed> {
        match self {
            Self::Varint(value) => Ok(value.cast_signed()),
            _ => Err(Malformed),
        }
    }
}

/// The fields of a message in the order in which they stand.
pub(in crate::server::schema) struct Fields<'b>(pub(in crate::server::schema) &'b [u8]);

impl<'b> Fields<'b> {
    pub(in crate::server::schema) fn next_field(&mut self) -> Result<Option<(u32, Payload<'b>)>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0).ok_or(Malformed)?;
        let payload = match key & 7 {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(self.take(8)?.try_into().map_err(|_| Malformed)?),
            2 => {
                let length = self.varint()?;
                Payload::Bytes(self.take(usize::try_from(length).map_err(|_| Malformed)?)?)
            }
            5 => {
                self.take(4)?;
                Payload::Fixed32
            }
            // Groups: nothing in Kubernetes writes them.
            _ => return Err(Malformed),
        };
        Ok(Some((number, payload)))
    }

    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

/// A message being written.
#[derive(Debug, Default)]
pub(in crate::server::schema) struct Message(pub(in crate::server::schema) Vec<u8>);

impl Message {
    pub(in crate::server::schema) fn bytes(&mut self, number: u32, bytes: &[u8]) {
        self.raw_varint(u64::from(number) << 3 | 2);
        self.raw_varint(u64::try_from(bytes.len()).unwrap_or_default());
        self.0.extend_from_slice(bytes);
    }

    pub(in crate::server::schema) fn text(&mut self, number: u32, text: &str) {
        self.bytes(number, text.as_bytes());
    }

    pub(in crate::server::schema) fn message(&mut self, number: u32, message: &Self) {
        self.bytes(number, &message.0);
    }

    pub(in crate::server::schema) fn integer(&mut self, number: u32, value: i64) {
        self.raw_varint(u64::from(number) << 3);
        self.raw_varint(value.cast_unsigned());
    }

    pub(super) fn double(&mut self, number: u32, value: f64) {
        self.raw_varint(u64::from(number) << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
            value >>= 7;
        }
        self.0.push(u8::try_from(value).unwrap_or_default());
    }
}
