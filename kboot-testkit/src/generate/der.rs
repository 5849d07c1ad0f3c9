//! DER, written plainly: whatever is asked for, right or wrong.

/// One element: tag, length, content.
#[must_use]
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|&octet| octet == 0).collect();
    let mut out = vec![tag];
    match length.as_slice() {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        long => out.push((0..long.len()).fold(0x80, |octet, _| octet + 1)),
    }
    if out.last().is_some_and(|&octet| octet > 0x80) {
        out.extend(length);
    }
    out.extend(content);
    out
}

/// A SEQUENCE of elements.
#[must_use]
pub fn sequence<I>(elements: I) -> Vec<u8>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    tlv(0x30, &joined(elements))
}

/// Elements one after the other, without anything around them.
#[must_use]
pub fn joined<I>(elements: I) -> Vec<u8>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let mut out = Vec::new();
    for element in elements {
        out.extend(element.as_ref());
    }
    out
}

/// The content of a SET OF: elements in DER's order.
#[must_use]
pub fn sorted(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    joined(elements)
}

/// An OBJECT IDENTIFIER from its dotted form; parts that are no number are left out.
#[must_use]
pub fn oid(dotted: &str) -> Vec<u8> {
    tlv(0x06, &oid_content(dotted))
}

/// An OBJECT IDENTIFIER's content alone, as implicit tags carry it.
#[must_use]
pub fn oid_content(dotted: &str) -> Vec<u8> {
    let mut parts = dotted.split('.').filter_map(|part| part.parse::<u64>().ok());
    let first = parts.next().unwrap_or_default() * 40 + parts.next().unwrap_or_default();
    let mut out = Vec::new();
    for part in std::iter::once(first).chain(parts) {
        let mut groups: Vec<u8> = Vec::new();
        let mut rest = part;
        loop {
            let group = u8::try_from(rest & 0x7f).unwrap_or_default();
            groups.push(if groups.is_empty() { group } else { group | 0x80 });
            rest >>= 7;
            if rest == 0 {
                break;
            }
        }
        out.extend(groups.iter().rev());
    }
    out
}

/// An INTEGER that is not negative, from its octets, highest first.
#[must_use]
pub fn unsigned(octets: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = octets.iter().copied().skip_while(|&octet| octet == 0).collect();
    if content.first().is_none_or(|&octet| octet >= 0x80) {
        content.insert(0, 0);
    }
    tlv(0x02, &content)
}

/// A BIT STRING of whole octets.
#[must_use]
pub fn bit_string(octets: &[u8]) -> Vec<u8> {
    tlv(0x03, &joined([&[0], octets]))
}

/// A BIT STRING of named bits, without the zeros at its end.
#[must_use]
pub fn named_bits(bits: &[u8]) -> Vec<u8> {
    let Some(&highest) = bits.iter().max() else {
        return tlv(0x03, &[0]);
    };
    let mut octets = vec![0_u8; usize::from(highest / 8) + 1];
    for bit in bits {
        if let Some(octet) = octets.get_mut(usize::from(bit / 8)) {
            *octet |= 0x80 >> (bit % 8);
        }
    }
    octets.insert(0, 7 - highest % 8);
    tlv(0x03, &octets)
}

/// An OCTET STRING.
#[must_use]
pub fn octet_string(octets: &[u8]) -> Vec<u8> {
    tlv(0x04, octets)
}

/// BOOLEAN TRUE.
#[must_use]
pub fn yes() -> Vec<u8> {
    tlv(0x01, &[0xff])
}

/// NULL.
#[must_use]
pub fn null() -> Vec<u8> {
    tlv(0x05, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_encodings() {
        assert_eq!(oid("1.2.840.113549.1.1.11"), b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b");
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        // digitalSignature and keyEncipherment, as RFC 5280's certificates carry them
        assert_eq!(named_bits(&[0, 2]), [3, 2, 5, 0xa0]);
        assert_eq!(named_bits(&[8]), [3, 3, 7, 0, 0x80]);
        assert_eq!(tlv(4, &[1; 127])[..2], [4, 127]);
        assert_eq!(tlv(4, &[1; 128])[..3], [4, 0x81, 128]);
        assert_eq!(tlv(4, &[1; 256])[..4], [4, 0x82, 1, 0]);
        assert_eq!(tlv(4, &[]), [4, 0]);
    }
}
