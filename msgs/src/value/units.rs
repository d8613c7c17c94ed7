//! Durations, sizes and angles with their units.

use std::time::Duration;

/// A text that is no duration, size or angle.
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
    /// Not a number with a unit of angle.
    #[error("`{given}` is not an angle; write a number and one of deg, rad, such as `30deg` or `-0.5rad`")]
    NoAngle {
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

/// Reads an angle in radians: a number and `deg` or `rad`, with or without a sign, without a space or an exponent.
///
/// ```
/// use nevil_msgs::parse_angle;
///
/// assert_eq!(parse_angle("-0.5rad"), Ok(-0.5));
/// assert_eq!(parse_angle("180deg"), Ok(std::f64::consts::PI));
/// assert_eq!(
///     parse_angle("30°").unwrap_err().to_string(),
///     "`30°` is not an angle; write a number and one of deg, rad, such as `30deg` or `-0.5rad`"
/// );
/// ```
///
/// # Errors
///
/// [`UnitError::NoAngle`] for anything else, and for a number that is larger than any `f64`.
pub fn parse_angle(text: &str) -> Result<f64, UnitError> {
    angle(text).map(Angle::rad).ok_or_else(|| UnitError::NoAngle { given: text.to_owned() })
}

/// An angle in the unit that it is written in, so that nothing of it is lost where that unit is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Angle {
    Degrees(f64),
    Radians(f64),
}

impl Angle {
    pub(super) fn rad(self) -> f64 {
        match self {
            Self::Degrees(degrees) => degrees.to_radians(),
            Self::Radians(radians) => radians,
        }
    }

    pub(super) fn deg(self) -> f64 {
        match self {
            Self::Degrees(degrees) => degrees,
            Self::Radians(radians) => radians.to_degrees(),
        }
    }
}

pub(super) fn angle(text: &str) -> Option<Angle> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let (number, unit) = split(unsigned);
    let (whole, decimals) =
        number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    digits(whole)?;
    if let Some(decimals) = decimals {
        digits(decimals)?;
    }
    let number = sign * number.parse::<f64>().ok().filter(|number| number.is_finite())?;
    match unit {
        "deg" => Some(Angle::Degrees(number)),
        "rad" => Some(Angle::Radians(number)),
        _ => None,
    }
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

    use proptest::prelude::*;

    use super::{parse_angle, parse_duration, parse_size};

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
    fn angles_have_a_number_with_or_without_a_sign_and_a_unit() {
        use std::f64::consts::{FRAC_PI_6, PI};
        for (text, radians) in [
            ("0rad", 0.0),
            ("30deg", FRAC_PI_6),
            ("-30.0deg", -FRAC_PI_6),
            ("+0.25rad", 0.25),
            ("360deg", 2.0 * PI),
        ] {
            let read = parse_angle(text).unwrap();
            assert!((read - radians).abs() < 1e-15, "{text}: {read}");
        }
        let too_large = format!("{}rad", "9".repeat(400));
        for text in [
            "",
            "deg",
            "30",
            "30 deg",
            " 30deg",
            "30°",
            "30degrees",
            "30DEG",
            "--1rad",
            "+-1rad",
            "1e3rad",
            ".5rad",
            "5.rad",
            "1.2.3rad",
            "infrad",
            "nanrad",
            "30deg ",
            &too_large,
        ] {
            assert!(parse_angle(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_with_its_unit_is_read_back(radians in -1e9..1e9_f64, bytes in any::<u64>(), ns in any::<u64>()) {
            prop_assert_eq!(parse_angle(&format!("{radians}rad")), Ok(radians));
            prop_assert_eq!(parse_angle(&format!("{radians}deg")), Ok(radians.to_radians()));
            prop_assert_eq!(parse_size(&format!("{bytes}B")), Ok(bytes));
            let seconds = format!("{}.{:09}s", ns / 1_000_000_000, ns % 1_000_000_000);
            prop_assert_eq!(parse_duration(&seconds), Ok(Duration::from_nanos(ns)));
        }

        #[test]
        fn no_text_makes_them_panic_and_none_is_more_than_one_of_them(
            text in prop_oneof![".*", "[-+]{0,2}[0-9.]{0,12}(deg|rad|s|ms|B|KiB|x|é)?"],
        ) {
            let read = [parse_angle(&text).is_ok(), parse_size(&text).is_ok(), parse_duration(&text).is_ok()];
            prop_assert!(read.iter().filter(|is_one| **is_one).count() <= 1, "{:?}", read);
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
