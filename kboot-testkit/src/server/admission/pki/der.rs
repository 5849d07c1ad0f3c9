//! DER as Go's `encoding/asn1` reads it, with its messages.

/// What is wrong, in Go's words.
pub(crate) type Result<T> = std::result::Result<T, String>;

pub(crate) const BOOLEAN: u32 = 1;
pub(crate) const INTEGER: u32 = 2;
pub(crate) const BIT_STRING: u32 = 3;
pub(crate) const OCTET_STRING: u32 = 4;
pub(crate) const OID: u32 = 6;
pub(crate) const UTF8_STRING: u32 = 12;
pub(crate) const SEQUENCE: u32 = 16;
pub(crate) const SET: u32 = 17;
pub(crate) const NUMERIC_STRING: u32 = 18;
pub(crate) const PRINTABLE_STRING: u32 = 19;
pub(crate) const T61_STRING: u32 = 20;
pub(crate) const IA5_STRING: u32 = 22;
pub(crate) const UTC_TIME: u32 = 23;
pub(crate) const BMP_STRING: u32 = 30;

/// One element, its content within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) class: u8,
    pub(crate) tag: u32,
    pub(crate) constructed: bool,
    pub(crate) content: &'a [u8],
    /// With its tag and length.
    pub(crate) whole: &'a [u8],
}

/// Reads elements one after another. What is left after the last one that is asked for is ignored, as Go does in
/// structures; [`Reader::finish`] looks for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    octets: &'a [u8],
    offset: usize,
}

struct Header {
    class: u8,
    tag: u32,
    length: usize,
    constructed: bool,
    /// Where the content starts.
    end: usize,
}

pub(crate) fn syntax(what: &str) -> String {
    format!("asn1: syntax error: {what}")
}

pub(crate) fn structure(what: &str) -> String {
    format!("asn1: structure error: {what}")
}

impl<'a> Reader<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self { octets, offset: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.offset >= self.octets.len()
    }

    /// Nothing may be left.
    pub(crate) fn finish(&self, otherwise: &str) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(otherwise.to_owned()) }
    }

    fn octet(&self, offset: usize) -> Option<u8> {
        self.octets.get(offset).copied()
    }

    /// Tag and length (`parseTagAndLength`).
    fn header(&self) -> Result<Header> {
        let first = self.octet(self.offset).ok_or_else(|| syntax("sequence truncated"))?;
        let mut at = self.offset + 1;
        let mut tag = u32::from(first & 0x1f);
        if tag == 0x1f {
            tag = base128(self.octets, &mut at)?;
            if tag < 0x1f {
                return Err(syntax("non-minimal tag"));
            }
        }
        let truncated = || syntax("truncated tag or length");
        let octet = self.octet(at).ok_or_else(truncated)?;
        at += 1;
        let mut length = usize::from(octet & 0x7f);
        if octet & 0x80 != 0 {
            let count = length;
            if count == 0 {
                return Err(syntax("indefinite length found (not DER)"));
            }
            length = 0;
            for _ in 0..count {
                let octet = self.octet(at).ok_or_else(truncated)?;
                at += 1;
                if length >= 1 << 23 {
                    return Err(structure("length too large"));
                }
                length = length << 8 | usize::from(octet);
                if length == 0 {
                    return Err(structure("superfluous leading zeros in length"));
                }
            }
            if length < 0x80 {
                return Err(structure("non-minimal length"));
            }
        }
        Ok(Header { class: first >> 6, tag, length, constructed: first & 0x20 != 0, end: at })
    }

    fn take(&mut self, header: &Header, truncated: &str) -> Result<Element<'a>> {
        let end = header.end + header.length;
        let content = self.octets.get(header.end..end).ok_or_else(|| syntax(truncated))?;
        let whole = self.octets.get(self.offset..end).unwrap_or_default();
        self.offset = end;
        Ok(Element { class: header.class, tag: header.tag, constructed: header.constructed, content, whole })
    }

    /// Whatever comes next (`asn1.RawValue`).
    pub(crate) fn any(&mut self) -> Result<Element<'a>> {
        let header = self.header()?;
        self.take(&header, "data truncated")
    }

    /// An element of a universal type; `go_type` is the name of its structure or number in Go's messages.
    pub(crate) fn expect(&mut self, tag: u32, go_type: &str) -> Result<Element<'a>> {
        let constructed = matches!(tag, SEQUENCE | SET);
        let header = self.header()?;
        if header.class != 0 || header.tag != tag || header.constructed != constructed {
            return Err(mismatch(tag, &header, tag == SET, go_type));
        }
        self.take(&header, "data truncated")
    }

    /// Something tagged with a number, which has to be there. Go's message says where in memory the number is.
    pub(crate) fn tagged(&mut self, tag: u32) -> Result<Element<'a>> {
        let header = self.header()?;
        if (header.class, header.tag, header.constructed) != (2, tag, true) {
            return Err(mismatch(tag, &header, false, "").replace("tag:<nil>", "tag:0xc000000000"));
        }
        self.take(&header, "data truncated")
    }

    /// The head of an explicit tag, if it is what comes next. Go believes the length of what is inside, not this one.
    pub(crate) fn explicit(&mut self, tag: u32) -> Result<bool> {
        if self.is_empty() {
            return Ok(false);
        }
        let header = self.header()?;
        let is_there = (header.class, header.tag, header.constructed) == (2, tag, true) && header.length > 0;
        if is_there {
            self.offset = header.end;
        }
        Ok(is_there)
    }

    /// The same, if it is what comes next.
    pub(crate) fn optional(&mut self, class: u8, tag: u32, constructed: bool) -> Result<Option<Element<'a>>> {
        if self.is_empty() {
            return Ok(None);
        }
        let header = self.header()?;
        if (header.class, header.tag, header.constructed) != (class, tag, constructed) {
            return Ok(None);
        }
        self.take(&header, "data truncated").map(Some)
    }

    pub(crate) fn sequence(&mut self, go_type: &str) -> Result<Self> {
        self.expect(SEQUENCE, go_type).map(|element| Self::new(element.content))
    }

    /// The elements of a SEQUENCE OF or SET OF (`parseSequenceOf`): the tags of all are looked at first.
    pub(crate) fn all_of(content: &'a [u8], expected: Option<u32>) -> Result<Vec<Element<'a>>> {
        let mut reader = Reader::new(content);
        let mut elements = Vec::new();
        while !reader.is_empty() {
            let header = reader.header()?;
            if expected.is_some_and(|tag| header.class != 0 || header.tag != tag || !header.constructed) {
                return Err(structure("sequence tag mismatch"));
            }
            elements.push(reader.take(&header, "truncated sequence")?);
        }
        Ok(elements)
    }

    pub(crate) fn oid(&mut self) -> Result<String> {
        oid(self.expect(OID, "ObjectIdentifier")?.content)
    }

    /// An INTEGER that fits into 64 bits.
    pub(crate) fn small_integer(&mut self) -> Result<i64> {
        let content = self.expect(INTEGER, "int")?.content;
        integer(content)?;
        if content.len() > 8 {
            return Err(structure("integer too large"));
        }
        let sign = if content.first().is_some_and(|octet| octet & 0x80 != 0) { -1 } else { 0 };
        Ok(content.iter().fold(sign, |number, octet| number << 8 | i64::from(*octet)))
    }

    /// An INTEGER of any size: its octets.
    pub(crate) fn big_integer(&mut self) -> Result<&'a [u8]> {
        let content = self.expect(INTEGER, "")?.content;
        integer(content).map(|()| content)
    }

    /// A BIT STRING's octets, shifted so that unused bits are in front (`BitString.RightAlign`).
    pub(crate) fn bit_string(&mut self) -> Result<Vec<u8>> {
        bit_string(self.expect(BIT_STRING, "BitString")?.content)
    }

    pub(crate) fn optional_boolean(&mut self) -> Result<bool> {
        match self.optional(0, BOOLEAN, false)?.map(|element| element.content) {
            None | Some([0]) => Ok(false),
            Some([255]) => Ok(true),
            Some(_) => Err(syntax("invalid boolean")),
        }
    }
}

fn mismatch(expected: u32, found: &Header, set: bool, go_type: &str) -> String {
    let Header { class, tag, length, constructed, end } = found;
    structure(&format!(
        "tags don't match ({expected} vs {{class:{class} tag:{tag} length:{length} isCompound:{constructed}}}) \
         {{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 \
         timeType:0 set:{set} omitEmpty:false}} {go_type} @{end}"
    ))
}

fn integer(content: &[u8]) -> Result<()> {
    match content {
        [] => Err(structure("empty integer")),
        [0, second, ..] if second & 0x80 == 0 => Err(structure("integer not minimally-encoded")),
        [0xff, second, ..] if second & 0x80 != 0 => Err(structure("integer not minimally-encoded")),
        _ => Ok(()),
    }
}

fn bit_string(content: &[u8]) -> Result<Vec<u8>> {
    let (unused, octets) = content.split_first().ok_or_else(|| syntax("zero length BIT STRING"))?;
    let invalid = *unused > 7
        || octets.is_empty() && *unused > 0
        || octets.last().is_some_and(|last| u16::from(*last) & ((1 << unused) - 1) != 0);
    if invalid {
        return Err(syntax("invalid padding bits in BIT STRING"));
    }
    let mut before = 0_u16;
    let shifted = octets.iter().map(|octet| {
        before = before << 8 | u16::from(*octet);
        (before >> unused).to_be_bytes()[1]
    });
    Ok(shifted.collect())
}

fn base128(octets: &[u8], at: &mut usize) -> Result<u32> {
    let mut number = 0_u64;
    for _ in 0..5 {
        let octet = *octets.get(*at).ok_or_else(|| syntax("truncated base 128 integer"))?;
        if number == 0 && octet == 0x80 {
            return Err(syntax("integer is not minimally encoded"));
        }
        *at += 1;
        number = number << 7 | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            return u32::try_from(number)
                .ok()
                .filter(|number| i32::try_from(*number).is_ok())
                .ok_or_else(|| structure("base 128 integer too large"));
        }
    }
    Err(if *at < octets.len() {
        structure("base 128 integer too large")
    } else {
        syntax("truncated base 128 integer")
    })
}

/// An OBJECT IDENTIFIER's content, dotted.
pub(crate) fn oid(content: &[u8]) -> Result<String> {
    if content.is_empty() {
        return Err(syntax("zero length OBJECT IDENTIFIER"));
    }
    let mut at = 0;
    let first = base128(content, &mut at)?;
    let root = (first / 40).min(2);
    let mut dotted = format!("{root}.{}", first - 40 * root);
    while at < content.len() {
        dotted.push_str(&format!(".{}", base128(content, &mut at)?));
    }
    Ok(dotted)
}

/// The text of an element, where it is of a type that Go makes a string of (`parseField` of an `interface{}`).
pub(crate) fn text(element: &Element<'_>) -> Result<Option<String>> {
    if element.class != 0 || element.constructed {
        return Ok(None);
    }
    let content = element.content;
    let latin = || content.iter().map(|octet| char::from(*octet)).collect::<String>();
    let of = |valid: &dyn Fn(u8) -> bool, name: &str| {
        if content.iter().all(|octet| valid(*octet)) {
            Ok(Some(latin()))
        } else {
            Err(syntax(&format!("{name} contains invalid character")))
        }
    };
    match element.tag {
        PRINTABLE_STRING => of(
            &|octet| octet.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&octet),
            "PrintableString",
        ),
        NUMERIC_STRING => of(&|octet| octet.is_ascii_digit() || octet == b' ', "NumericString"),
        IA5_STRING => of(&|octet| octet.is_ascii(), "IA5String"),
        // Go makes a string of the octets, which are no UTF-8 then; nothing here tells these apart.
        T61_STRING => Ok(Some(String::from_utf8_lossy(content).into_owned())),
        UTF8_STRING => std::str::from_utf8(content)
            .map(|text| Some(text.to_owned()))
            .map_err(|_| "asn1: invalid UTF-8 string".to_owned()),
        BMP_STRING => {
            if !content.len().is_multiple_of(2) {
                return Err("pkcs12: odd-length BMP string".to_owned());
            }
            let units = content
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |unit, octet| unit << 8 | u16::from(*octet)));
            let text: String =
                char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            Ok(Some(text.strip_suffix('\0').unwrap_or(&text).to_owned()))
        }
        INTEGER => integer(content)
            .and_then(|()| if content.len() > 8 { Err(structure("integer too large")) } else { Ok(None) }),
        BIT_STRING => bit_string(content).map(|_| None),
        OID => oid(content).map(|_| None),
        UTC_TIME => utc_time(content).map(|()| None),
        _ => Ok(None),
    }
}

/// Two digits each of year, month, day, hour, minute and perhaps second; a zone.
fn utc_time(content: &[u8]) -> Result<()> {
    let digits = content.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let zone = content.get(digits..).unwrap_or_default();
    let is_zone = match zone {
        [b'Z'] => true,
        [b'+' | b'-', rest @ ..] => rest.len() == 4 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if matches!(digits, 10 | 12) && is_zone {
        return Ok(());
    }
    let quoted = crate::server::admission::field::quote_octets(content);
    Err(format!("parsing time {quoted} as \"060102150405Z0700\": cannot parse {quoted} as \"06\""))
}
