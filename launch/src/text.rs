//! Values as people read them.

use std::time::Duration;

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
