//! Points in time, spans of life and periods of validity, with checked arithmetic.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::shown::excerpt;

/// Why a text is not a time or a lifetime, or why two of them cannot be combined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Not a lifetime.
    #[error(
        "{value:?} is not a lifetime: write a number and a unit (s, m, h, d, y), for example 90d, 8760h or 1h30m"
    )]
    Lifetime {
        /// The text, cut to its first 64 characters.
        value: String,
    },
    /// Not an RFC 3339 time as Go's `time.RFC3339` reads it.
    #[error("{value:?} is not a time: write RFC 3339, for example 2026-01-02T15:04:05Z")]
    Timestamp {
        /// The text, cut to its first 64 characters.
        value: String,
    },
    /// The result lies beyond what a certificate can say.
    #[error("the time lies outside the years 1970 to 9999")]
    OutOfRange,
    /// A span that is not nothing, and of which nothing would be left.
    #[error("the time is shorter than a second: use whole seconds, at least 1")]
    LessThanASecond,
}

/// A point in time, to the second, from 1970 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9999-12-31T23:59:59Z, the last time that a certificate can say (RFC 5280, 4.1.2.5).
    const LAST: i64 = 253_402_300_799;

    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The point `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] before 1970 and after 9999.
    pub fn from_unix(seconds: i64) -> Result<Self, TimeError> {
        if (0..=Self::LAST).contains(&seconds) { Ok(Self(seconds)) } else { Err(TimeError::OutOfRange) }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0
    }

    /// This point and the span after it.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] where the result lies after the year 9999.
    pub fn after(self, span: Lifetime) -> Result<Self, TimeError> {
        Self::from_unix(self.0.checked_add(span.0).ok_or(TimeError::OutOfRange)?)
    }

    /// This point and the span before it.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] where the result lies before 1970.
    pub fn before(self, span: Lifetime) -> Result<Self, TimeError> {
        Self::from_unix(self.0.checked_sub(span.0).ok_or(TimeError::OutOfRange)?)
    }

    fn date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// Fractions of a second are left out: a certificate has none.
impl TryFrom<SystemTime> for Timestamp {
    type Error = TimeError;

    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use kboot_core::time::Timestamp;
    /// let time = Timestamp::try_from(SystemTime::UNIX_EPOCH + Duration::from_millis(1999))?;
    /// assert_eq!(time.to_string(), "1970-01-01T00:00:01Z");
    /// # Ok::<(), kboot_core::time::TimeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] before 1970 and after 9999.
    fn try_from(time: SystemTime) -> Result<Self, TimeError> {
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| TimeError::OutOfRange)?;
        Self::from_unix(i64::try_from(since.as_secs()).map_err(|_| TimeError::OutOfRange)?)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_secs(time.0.unsigned_abs())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.date_time().format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let fail = || TimeError::Timestamp { value: excerpt(text) };
        // Go's RFC3339 layout wants a capital T and Z and knows no leap second; RFC 3339 allows all three.
        let leap_second = text.get(17..19) == Some("60");
        if text.contains(['t', 'z', ' ']) || leap_second {
            return Err(fail());
        }
        let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| fail())?;
        Self::from_unix(time.unix_timestamp())
    }
}

/// A span of time, to the second: `90d`, `8760h`, `10y`, `1h30m`. A day has 24 hours, a year 365 days.
///
/// ```
/// use kboot_core::time::Lifetime;
/// assert_eq!("1y".parse::<Lifetime>()?, "8760h".parse()?);
/// assert!("876000000000h".parse::<Lifetime>().is_err());
/// # Ok::<(), kboot_core::time::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(i64);

const UNITS: [(char, i64); 5] = [('y', 365 * 86_400), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

impl Lifetime {
    /// No time at all; for a token it means "never expires".
    pub const ZERO: Self = Self(0);
    /// Five minutes: how far certificates are dated back, so that a clock that is slow accepts them
    /// (kubeadm's `CertificateBackdate`).
    pub const BACKDATE: Self = Self(300);

    /// 365 days.
    pub const ONE_YEAR: Self = Self(365 * 86_400);
    /// 1825 days.
    pub const FIVE_YEARS: Self = Self(5 * 365 * 86_400);

    /// The span in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// A span of so many days.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] past ten thousand years.
    pub fn from_days(days: u32) -> Result<Self, TimeError> {
        Self::from_seconds(i64::from(days).checked_mul(86_400).ok_or(TimeError::OutOfRange)?)
    }

    /// A span of so many seconds.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] below zero and past ten thousand years.
    pub fn from_seconds(seconds: i64) -> Result<Self, TimeError> {
        if (0..=Timestamp::LAST).contains(&seconds) { Ok(Self(seconds)) } else { Err(TimeError::OutOfRange) }
    }
}

/// Fractions of a second are left out, so that nothing lives longer than was asked for.
impl TryFrom<Duration> for Lifetime {
    type Error = TimeError;

    /// ```
    /// use std::time::Duration;
    /// use kboot_core::time::Lifetime;
    /// assert_eq!(Lifetime::try_from(Duration::from_secs(5400))?, "1h30m".parse()?);
    /// # Ok::<(), kboot_core::time::TimeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TimeError::LessThanASecond`] where that would leave [`Lifetime::ZERO`], which for a token means that it
    /// never expires; [`TimeError::OutOfRange`] past ten thousand years.
    fn try_from(span: Duration) -> Result<Self, TimeError> {
        if span.as_secs() == 0 && !span.is_zero() {
            return Err(TimeError::LessThanASecond);
        }
        Self::from_seconds(i64::try_from(span.as_secs()).map_err(|_| TimeError::OutOfRange)?)
    }
}

impl From<Lifetime> for Duration {
    fn from(span: Lifetime) -> Self {
        Self::from_secs(span.0.unsigned_abs())
    }
}

/// Go's `time.ParseDuration`, in nanoseconds; none for what it refuses, 292 years and more included.
pub(crate) fn go_duration(text: &str) -> Option<i64> {
    const NANOSECONDS: [(&str, i64); 8] = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Some(0);
    }
    let mut rest = unsigned;
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let (_, scale) = NANOSECONDS.into_iter().find(|(name, _)| *name == unit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let whole = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()? };
        total = total.checked_add(whole.checked_mul(scale)?)?;
        let mut place = scale;
        for digit in fraction.chars().filter_map(|digit| digit.to_digit(10)) {
            place /= 10;
            total = total.checked_add(place.checked_mul(i64::from(digit))?)?;
        }
        rest = tail;
    }
    let is_negative = text.starts_with('-');
    (!unsigned.is_empty()).then_some(if is_negative { -total } else { total })
}

impl FromStr for Lifetime {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let fail = || TimeError::Lifetime { value: excerpt(text) };
        if text == "0" {
            return Ok(Self::ZERO);
        }
        let mut rest = text;
        let mut total: i64 = 0;
        let mut last_unit = i64::MAX;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(fail)?;
            let (number, tail) = rest.split_at(digits);
            let unit = tail.chars().next().ok_or_else(fail)?;
            let (_, seconds) = UNITS.into_iter().find(|(letter, _)| *letter == unit).ok_or_else(fail)?;
            if seconds >= last_unit {
                return Err(fail());
            }
            last_unit = seconds;
            let part = number.parse::<i64>().ok().and_then(|n| n.checked_mul(seconds)).ok_or_else(fail)?;
            total = total.checked_add(part).ok_or_else(fail)?;
            rest = &tail[1..];
        }
        if text.is_empty() || total > Timestamp::LAST { Err(fail()) } else { Ok(Self(total)) }
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (letter, seconds) in UNITS {
            if rest >= seconds {
                write!(f, "{}{letter}", rest / seconds)?;
                rest %= seconds;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// From when until when a certificate is valid; both ends belong to it (RFC 5280, 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "X.509 knows these two and no others")]
pub struct Validity {
    /// The first moment.
    pub not_before: Timestamp,
    /// The last moment.
    pub not_after: Timestamp,
}

impl Validity {
    /// From five minutes before `now` until `lifetime` after it, as kubeadm dates a certificate whose
    /// lifetime was asked for.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] where the end lies after the year 9999.
    pub fn starting(now: Timestamp, lifetime: Lifetime) -> Result<Self, TimeError> {
        let not_before = now.before(Lifetime::BACKDATE)?;
        Ok(Self { not_before, not_after: now.after(lifetime)? })
    }

    /// Whether the period holds the moment.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.not_before <= moment && moment <= self.not_after
    }

    /// This period, cut so that it does not leave `outer`.
    #[must_use]
    pub fn within(self, outer: Self) -> Self {
        Self {
            not_before: self.not_before.max(outer.not_before),
            not_after: self.not_after.min(outer.not_after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_those_of_go() {
        const SECOND: i64 = 1_000_000_000;
        for (text, wanted) in [
            ("0", 0),
            ("8760h", 31_536_000 * SECOND),
            ("1h30m", 5400 * SECOND),
            ("1.5h", 5400 * SECOND),
            (".5h", 1800 * SECOND),
            ("1h1h", 7200 * SECOND),
            ("+1m", 60 * SECOND),
            ("-1h", -3600 * SECOND),
            ("1500ms", 1_500_000_000),
            ("2562047h", 9_223_369_200 * SECOND),
        ] {
            assert_eq!(go_duration(text), Some(wanted), "{text:?}");
        }
        for bad in ["", "-", "1", "h", ".h", "1d", "1y", "1..2h", "1 h", "2562048h", "99999999999999999999h"]
        {
            assert_eq!(go_duration(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn lifetimes() {
        for (text, seconds) in [
            ("0", 0),
            ("0s", 0),
            ("90d", 7_776_000),
            ("8760h", 31_536_000),
            ("10y", 315_360_000),
            ("1h30m", 5400),
        ] {
            assert_eq!(text.parse::<Lifetime>().unwrap().seconds(), seconds);
        }
        for bad in [
            "",
            "h",
            "1",
            "1w",
            "-1h",
            "1.5h",
            "1h1h",
            "1m1h",
            " 1h",
            "1 h",
            "99999999999999999999h",
            "10000y",
        ] {
            assert!(bad.parse::<Lifetime>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn timestamps_are_read_as_go_reads_them() {
        for (text, unix) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-02T15:04:05Z", 1_767_366_245),
            ("2026-01-02T16:04:05+01:00", 1_767_366_245),
            ("2026-01-02T15:04:05.999Z", 1_767_366_245),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().unix(), unix);
        }
        for bad in [
            "",
            "2026-01-02",
            "2026-01-02t15:04:05Z",
            "2026-01-02T15:04:05z",
            "2026-01-02 15:04:05Z",
            "2016-12-31T23:59:60Z",
            "2026-01-02T15:04:05",
            "1969-12-31T23:59:59Z",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad:?} was accepted");
        }
    }

    proptest! {
        #[test]
        fn lifetimes_survive_printing(seconds in 0..=Timestamp::LAST) {
            let span = Lifetime(seconds);
            prop_assert_eq!(span.to_string().parse::<Lifetime>().unwrap(), span);
        }

        #[test]
        fn timestamps_survive_printing(seconds in 0..=Timestamp::LAST) {
            let time = Timestamp(seconds);
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }
    }
}
