//! Durations and sizes with their units.

use std::time::Duration;

/// A text that is no duration or size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// Not a number with a unit of time.
    #[error(
        "`{given}` is not a duration; write a number and one of us, ms, s, m, h, such as `250ms` or `1.5s`"
    )]
    NoDuration {
        /// The text.
        given: String,
    },
    /// Not a number with a unit of size.
    #[error("`{given}` is not a size; write a whole number and one of B, KiB, MiB, GiB, such as `64KiB`")]
    NoSize {
        /// The text.
        given: String,
    },
}

/// Reads a length of time: a number and `us`, `ms`, `s`, `m` (or `min`) or `h`, without a sign, a space or an exponent.
///
/// ```
/// use std::time::Duration;
/// use nevil_msgs::parse_duration;
///
/// assert_eq!(parse_duration("1.5s")?, Duration::from_millis(1500));
/// assert_eq!(
///     parse_duration("5 sec").unwrap_err().to_string(),
///     "`5 sec` is not a duration; write a number and one of us, ms, s, m, h, such as `250ms` or `1.5s`"
/// );
/// # Ok::<(), nevil_msgs::UnitError>(())
/// ```
///
/// # Errors
///
/// [`UnitError::NoDuration`] for anything else, and for more than 2⁶⁴ ns (584 years).
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    duration(text).ok_or_else(|| UnitError::NoDuration { given: text.to_owned() })
}

/// Reads a number of bytes: a whole number and `B`, `KiB`, `MiB` or `GiB`.
///
/// ```
/// assert_eq!(nevil_msgs::parse_size("64KiB"), Ok(65536));
/// ```
///
/// # Errors
///
/// [`UnitError::NoSize`] for anything else, and for more than 2⁶⁴ bytes.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    size(text).ok_or_else(|| UnitError::NoSize { given: text.to_owned() })
}

fn duration(text: &str) -> Option<Duration> {
    // Parts below a nanosecond cannot be kept.
    const DECIMALS_MAX: usize = 9;
    let (number, unit) = split(text);
    let unit_ns: u128 = match unit {
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, decimals) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (number, ""),
    };
    if decimals.len() > DECIMALS_MAX {
        return None;
    }
    let digits: u64 = format!("{}{decimals}", digits(whole)?).parse().ok()?;
    // At most 9 decimals, so the power fits; a u64 times a unit fits into a u128.
    let ns = u128::from(digits) * unit_ns / 10_u128.pow(decimals.len() as u32);
    u64::try_from(ns).ok().map(Duration::from_nanos)
}

fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text);
    let unit_bytes: u64 = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    digits(number)?.parse::<u64>().ok()?.checked_mul(unit_bytes)
}

/// The number and the unit behind it.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    text.split_at(end)
}

/// `text` if it is one digit or more and nothing else.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse_duration, parse_size};

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, duration) in [
            ("0s", Duration::ZERO),
            ("20us", Duration::from_micros(20)),
            ("250ms", Duration::from_millis(250)),
            ("1.5s", Duration::from_millis(1500)),
            ("3min", Duration::from_secs(180)),
            ("0.5h", Duration::from_secs(1800)),
            ("18446744073.709551615s", Duration::from_nanos(u64::MAX)),
        ] {
            assert_eq!(parse_duration(text), Ok(duration), "{text}");
        }
        for text in [
            "",
            "s",
            "5",
            "5 s",
            " 5s",
            "-5s",
            "+5s",
            "5.s",
            ".5s",
            "1.2.3s",
            "1e3s",
            "5sec",
            "5S",
            "1.0000000001s",
            "18446744073.709551616s",
            "99999999999999999999h",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_a_whole_number_and_a_unit() {
        for (text, bytes) in
            [("0B", 0), ("512B", 512), ("64KiB", 65_536), ("1MiB", 1 << 20), ("2GiB", 2 << 30)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "64", "64KB", "64 KiB", "1.5MiB", "-1B", "17179869184GiB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
        assert_eq!(
            parse_size("64KB").unwrap_err().to_string(),
            "`64KB` is not a size; write a whole number and one of B, KiB, MiB, GiB, such as `64KiB`"
        );
    }
}
