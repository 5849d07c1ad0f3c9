//! `metav1.Time` and `metav1.MicroTime`: in JSON, UTC of whole seconds and of microseconds.

use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

/// The last second of the year 9999; RFC 3339 has no later one.
const LATEST: i64 = 253_402_300_799;
/// The first second of the year 0.
const EARLIEST: i64 = -62_167_219_200;

/// Seconds since 1970 and nanoseconds.
pub(super) fn read(text: &str) -> Result<(i64, u32), String> {
    let instant = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        let text: String = text.chars().take(64).collect();
        format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\"")
    })?;
    Ok((instant.unix_timestamp(), instant.nanosecond()))
}

pub(super) fn canonical(text: &str) -> Result<String, String> {
    read(text).map(|(seconds, _)| write(seconds).unwrap_or_else(|| text.to_owned()))
}

pub(super) fn canonical_micro(text: &str) -> Result<String, String> {
    read(text).map(|(seconds, nanos)| write_micro(seconds, nanos).unwrap_or_else(|| text.to_owned()))
}

/// `None` outside of the years that RFC 3339 has.
pub(super) fn write(seconds: i64) -> Option<String> {
    let instant = OffsetDateTime::from_unix_timestamp(seconds).ok()?.to_offset(UtcOffset::UTC);
    let (date, time) = (instant.date(), instant.time());
    (EARLIEST..=LATEST).contains(&seconds).then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    })
}

pub(super) fn write_micro(seconds: i64, nanos: u32) -> Option<String> {
    let whole = write(seconds)?;
    Some(format!("{}.{:06}Z", whole.trim_end_matches('Z'), nanos / 1000))
}
