//! Values as people read them.

use std::time::Duration;

use nevil_msgs::{Value, ValueKind};

/// `duration` in its two largest units, as one says it.
///
/// ```
/// use nevil_launch::duration_text;
/// use std::time::Duration;
///
/// assert_eq!(duration_text(Duration::from_millis(250)), "250 ms");
/// assert_eq!(duration_text(Duration::from_secs(192)), "3 min 12 s");
/// assert_eq!(duration_text(Duration::from_secs(200_000)), "2 d 7 h");
/// ```
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if seconds == 0 {
        format!("{} ms", duration.as_millis())
    } else if minutes == 0 {
        format!("{seconds} s")
    } else if hours == 0 {
        format!("{minutes} min {} s", seconds % 60)
    } else if days == 0 {
        format!("{hours} h {} min", minutes % 60)
    } else {
        format!("{days} d {} h", hours % 24)
    }
}

/// `bytes` in its largest unit, as a launch file writes sizes.
///
/// ```
/// use nevil_launch::size_text;
///
/// assert_eq!((size_text(512), size_text(64 * 1024), size_text(83_000_000)), ("512B".into(), "64KiB".into(), "79.2MiB".into()));
/// ```
#[must_use]
pub fn size_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        None => format!("{bytes}B"),
        Some((unit, name)) if bytes.is_multiple_of(unit) => format!("{}{name}", bytes / unit),
        // For people: a tenth is exact enough.
        Some((unit, name)) => {
            let number = format!("{:.1}", bytes as f64 / unit as f64);
            format!("{}{name}", number.trim_end_matches(".0"))
        }
    }
}

/// A value of a launch file as plain JSON, without its places. Numbers that JSON does not have are text.
pub(crate) fn plain_json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Null => serde_json::Value::Null,
        ValueKind::Bool(flag) => (*flag).into(),
        ValueKind::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => number.to_string().into(),
        },
        ValueKind::Float(number) => serde_json::Number::from_f64(*number)
            .map_or_else(|| number.to_string().into(), serde_json::Value::Number),
        ValueKind::Text(text) => text.as_str().into(),
        ValueKind::List(values) => values.iter().map(plain_json).collect(),
        ValueKind::Map(entries) => {
            let entry = |(key, value): &(nevil_msgs::Key, Value)| (key.name.clone(), plain_json(value));
            entries.iter().map(entry).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

/// The name of a variant, `SafeStop`, as launch files write it: `safe_stop`.
pub(crate) fn snake(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
