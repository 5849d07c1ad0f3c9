//! Spans of time for people.

/// A span for people: its largest unit.
pub(super) fn span(seconds: i64) -> String {
    let (unit, letter) = match seconds {
        172_800.. => (86_400, "d"),
        7200.. => (3600, "h"),
        120.. => (60, "min"),
        _ => (1, "s"),
    };
    format!("{} {letter}", seconds / unit)
}
