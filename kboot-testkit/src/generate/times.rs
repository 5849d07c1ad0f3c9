//! Texts that are points in time, spans of it and versions, and what only looks like them.
//!
//! Every `hostile_…` text must be refused.

use proptest::option;
use proptest::prelude::*;

use super::text::{NOWHERE, one_of, spoiled};

/// RFC 3339, as Go reads it.
pub fn timestamp() -> impl Strategy<Value = String> {
    let day = (1971..=9998_u16, 1..=12_u8, 1..=28_u8);
    let time = (0..24_u8, 0..60_u8, 0..60_u8, option::of("[0-9]{1,9}"));
    let zone = prop_oneof![Just("Z".to_owned()), "[+-]([01][0-9]|2[0-3]):[0-5][0-9]"];
    (day, time, zone).prop_map(|((year, month, day), (hour, minute, second, fraction), zone)| {
        let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}")
    })
}

/// What is no time, or lies before 1970 or after 9999.
pub fn hostile_timestamp() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "",
        "now",
        "0",
        "1700000000",
        "2026-01-02",
        "2026-01-02 15:04:05Z",
        "2026-01-02t15:04:05z",
        "2026-01-02T15:04:05",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-06-30T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2026-01-02T15:04:05.Z",
        "-2026-01-02T15:04:05Z",
    ];
    prop_oneof![one_of(FIXED), spoiled(timestamp(), NOWHERE)]
}

/// A span of time, its units from the largest to the smallest.
pub fn lifetime() -> impl Strategy<Value = String> {
    let parts = (
        option::of(0..7000_u32),
        option::of(0..10_000_u32),
        option::of(0..1_000_000_u32),
        option::of(0..1_000_000_u32),
        0..1_000_000_u32,
    );
    parts.prop_map(|(years, days, hours, minutes, seconds)| {
        let part = |value: Option<u32>, unit| value.map(|value| format!("{value}{unit}")).unwrap_or_default();
        [part(years, 'y'), part(days, 'd'), part(hours, 'h'), part(minutes, 'm'), part(Some(seconds), 's')]
            .concat()
    })
}

/// What is no span of time.
pub fn hostile_lifetime() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "",
        "1",
        "d",
        "-1d",
        "+1d",
        "1.5h",
        "1w",
        "1D",
        "1h1d",
        "1s1s",
        "9999y",
        "9223372036854775807s",
        "99999999999999999999s",
        "1 d",
        "1d ",
        "0x1d",
        "infinity",
        "1e3s",
    ];
    prop_oneof![one_of(FIXED), spoiled(lifetime(), NOWHERE)]
}

/// A version of Kubernetes that kboot knows.
pub fn version() -> impl Strategy<Value = String> {
    (any::<bool>(), 6..=37_u16, any::<u16>())
        .prop_map(|(prefix, minor, patch)| format!("{}1.{minor}.{patch}", if prefix { "v" } else { "" }))
}

/// What is no version of Kubernetes, or one that kboot does not know.
pub fn hostile_version() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "",
        "v",
        "1",
        "v1.20",
        "v1.20.2.1",
        "v1.05.0",
        "v1.20.02",
        "vv1.20.2",
        "V1.20.2",
        "v1.20.2-rc.1",
        "v1.20.2+k3s1",
        "v2.0.0",
        "v0.20.2",
        "v1.5.0",
        "v1.38.0",
        "v1.20.65536",
        "v1.-6.0",
        "v1.+6.0",
        "latest",
        "1.20.x",
    ];
    prop_oneof![one_of(FIXED), spoiled(version(), NOWHERE)]
}
