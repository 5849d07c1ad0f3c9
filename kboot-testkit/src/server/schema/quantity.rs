//! Quantities in their canonical form (`apimachinery/pkg/api/resource/quantity.go`).

/// Decimal suffixes of 10^-9 to 10^18.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Quantities are kept in units of 10^-9.
const NANO: i128 = 1_000_000_000;

enum Format {
    Decimal,
    Binary,
    Exponent,
}

/// `None` for what is no quantity.
pub(super) fn canonical(text: &str) -> Option<String> {
    let end =
        text.find(|letter: char| !letter.is_ascii_digit() && !".+-".contains(letter)).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let (negative, digits) = match number.as_bytes().first()? {
        b'-' => (true, number.get(1..)?),
        b'+' => (false, number.get(1..)?),
        _ => (false, number),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let (format, factor) = factor(suffix)?;
    // Past what 128 bits hold a number stays as it is written.
    let Some(amount) = nanos(whole, fraction, factor) else { return Some(text.to_owned()) };
    Some(written(if negative { -amount } else { amount }, &format))
}

/// What a suffix multiplies by, as a power of ten or of 1024.
#[derive(Clone, Copy)]
enum Factor {
    Ten(i32),
    Kibi(u32),
}

fn factor(suffix: &str) -> Option<(Format, Factor)> {
    let place = |suffixes: &[&str]| suffixes.iter().position(|each| *each == suffix);
    if let Some(power) = place(&DECIMAL) {
        return Some((Format::Decimal, Factor::Ten(i32::try_from(power).ok()? * 3 - 9)));
    }
    if let Some(power) = place(&BINARY) {
        return Some((Format::Binary, Factor::Kibi(u32::try_from(power).ok()? + 1)));
    }
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Format::Exponent, Factor::Ten(power)))
}

/// In units of 10^-9, rounded away from zero; `None` past 128 bits.
fn nanos(whole: &str, fraction: &str, factor: Factor) -> Option<i128> {
    let digits: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    let (digits, power) = match factor {
        Factor::Ten(power) => (digits, power),
        Factor::Kibi(power) => (digits.checked_mul(1024_i128.checked_pow(power)?)?, 0),
    };
    let power = power.checked_sub(places)?.checked_add(9)?;
    let ten = |power: i32| 10_i128.checked_pow(u32::try_from(power).ok()?);
    if power >= 0 {
        return digits.checked_mul(ten(power)?);
    }
    match ten(-power) {
        Some(divisor) => Some(digits / divisor + i128::from(digits % divisor != 0)),
        None => Some(i128::from(digits != 0)),
    }
}

fn written(amount: i128, format: &Format) -> String {
    if amount == 0 {
        return "0".to_owned();
    }
    let is_whole = amount % NANO == 0;
    if matches!(format, Format::Binary) && is_whole && (amount / NANO).abs() >= 1024 {
        let (number, power) = shrunk(amount / NANO, 1024, BINARY.len());
        let suffix = power.checked_sub(1).and_then(|place| BINARY.get(place)).unwrap_or(&"");
        return format!("{number}{suffix}");
    }
    let (number, power) = shrunk(amount, 1000, DECIMAL.len() - 1);
    match (format, i32::try_from(power).unwrap_or_default() * 3 - 9) {
        (Format::Exponent, 0) => number.to_string(),
        (Format::Exponent, exponent) => format!("{number}e{exponent}"),
        _ => format!("{number}{}", DECIMAL.get(power).unwrap_or(&"")),
    }
}

/// Divided by the base as often as that leaves no rest.
fn shrunk(mut number: i128, base: i128, most: usize) -> (i128, usize) {
    let mut times = 0;
    while times < most && number % base == 0 {
        number /= base;
        times += 1;
    }
    (number, times)
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn quantities_are_written_as_go_writes_them() {
        let cases = [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("5", "5"),
            ("1024Ki", "1Mi"),
            ("0.5Gi", "512Mi"),
            ("100Ki", "100Ki"),
            ("1e3", "1e3"),
            ("1E", "1E"),
            ("1500m", "1500m"),
            ("1500", "1500"),
            ("1000", "1k"),
            ("-1000m", "-1"),
            ("0", "0"),
            ("0Ki", "0"),
            ("1.5Ki", "1536"),
            ("0.5Ki", "512"),
            ("4041548Ki", "4041548Ki"),
            ("0.0000000001", "1n"),
            ("12e6", "12e6"),
            (".5", "500m"),
            ("1.", "1"),
            ("+1", "1"),
        ];
        for (given, expected) in cases {
            assert_eq!(canonical(given).as_deref(), Some(expected), "{given}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "abc", "1x", "1.2.3", "-", "1Kii", "1 ", " 1", "1e", "--1", "1-2", ".", "e3", "ä"] {
            assert_eq!(canonical(text), None, "{text:?}");
        }
        assert!(canonical(&"9".repeat(100)).is_some());
        assert!(canonical("1e-2147483648").is_some());
        assert!(canonical("1e2147483647").is_some());
    }
}
