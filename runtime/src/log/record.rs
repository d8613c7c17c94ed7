//! What waits in the log's lane, and how it reads as a line.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::thread;

use nevil_sys::os;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::limits;
use crate::log::date::Moment;
use crate::log::outlet::Entry;
use crate::log::tail::LogLevel;
use crate::log::text::Text;

/// The name under which a thread logs.
pub(super) type Name = Text<{ limits::LOG_NAME_BYTES }>;

thread_local! {
    // It has no destructor and a constant beginning, so that the first use on a thread allocates nothing.
    static NAME: Cell<Name> = const { Cell::new(Name::new()) };
}

/// From now on the calling thread logs as `name`, cut after [`LOG_NAME_BYTES`](limits::LOG_NAME_BYTES).
///
/// A thread that says nothing logs under its own name. Whoever runs several nodes on one thread, as a simulation does,
/// says before each which one it is. Does not allocate.
pub fn log_as(name: &str) {
    NAME.set(Name::of(name));
}

/// The name under which the calling thread logs.
pub(super) fn name() -> Name {
    let known = NAME.get();
    if !known.is_empty() {
        return known;
    }
    let name = Name::of(thread::current().name().unwrap_or("?"));
    NAME.set(name);
    name
}

/// One log record.
pub(super) struct Record {
    stamp_ns: u64,
    level: Level,
    name: Name,
    target: &'static str,
    text: Text<{ limits::LOG_TEXT_BYTES }>,
}

impl Record {
    /// The message of `event`, then its other fields as ` key=value`.
    pub(super) fn of(event: &Event<'_>) -> Self {
        let stamp_ns = os::monotonic_ns();
        let mut text = Text::new();
        event.record(&mut Message(&mut text));
        event.record(&mut Fields(&mut text));
        let metadata = event.metadata();
        Self { stamp_ns, level: *metadata.level(), name: name(), target: metadata.target(), text }
    }
}

impl Entry for Record {
    const PLURAL: &'static str = "log records";
    const RECORDS: usize = limits::LOG_RECORDS;
    const QUEUED_MAX: usize = limits::LOG_QUEUED_MAX;

    fn head(&self) -> Option<(LogLevel, &str)> {
        Some((self.level.into(), self.name.as_str()))
    }

    fn render(&self, wall_ns: i64, line: &mut Vec<u8>) {
        let moment = Moment(self.stamp_ns.saturating_add_signed(wall_ns));
        let (level, target) = (self.level, self.target);
        // Writing to a vector does not fail.
        let _ = write!(line, "{moment} {level:5} ");
        visible(self.name.as_str(), line);
        let _ = write!(line, " {target}: ");
        visible(self.text.as_str(), line);
        line.push(b'\n');
    }
}

/// A line as it is.
pub(super) struct Line(pub(super) Text<{ limits::LINE_TEXT_BYTES }>);

impl Entry for Line {
    const PLURAL: &'static str = "lines";
    const RECORDS: usize = limits::LINE_RECORDS;
    const QUEUED_MAX: usize = limits::LINE_QUEUED_MAX;

    fn render(&self, _wall_ns: i64, line: &mut Vec<u8>) {
        line.extend_from_slice(self.0.as_str().as_bytes());
        line.push(b'\n');
    }
}

/// Appends `text`; further lines of it are indented, and other control characters shown by their codes: what a robot
/// hears or reads may not move the cursor of who watches.
fn visible(text: &str, line: &mut Vec<u8>) {
    for part in text.split_inclusive(char::is_control) {
        let last = part.chars().next_back().filter(|c| c.is_control());
        let plain = &part[..part.len() - last.map_or(0, char::len_utf8)];
        line.extend_from_slice(plain.as_bytes());
        match last {
            Some('\n') => line.extend_from_slice(b"\n    "),
            // Writing to a vector does not fail.
            Some(control) => _ = write!(line, "{}", control.escape_default()),
            None => {}
        }
    }
}

/// Picks the message out of an event's fields.
struct Message<'a>(&'a mut Text<{ limits::LOG_TEXT_BYTES }>);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if is_message(field) {
            // It fails when the text is full, which the text itself shows.
            let _ = write!(self.0, "{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if is_message(field) {
            self.0.push(value);
        }
    }
}

/// Picks the other fields.
struct Fields<'a>(&'a mut Text<{ limits::LOG_TEXT_BYTES }>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !is_message(field) {
            let gap = if self.0.is_empty() { "" } else { " " };
            // As above.
            let _ = write!(self.0, "{gap}{field}={value:?}");
        }
    }
}

fn is_message(field: &Field) -> bool {
    field.name() == "message"
}

#[cfg(test)]
mod tests {
    use super::{Entry, Level, Name, Record, Text, visible};

    #[test]
    fn a_record_is_a_line_of_time_level_name_target_and_text() {
        let record = Record {
            stamp_ns: 5_250_000_000,
            level: Level::WARN,
            name: Name::of("motion"),
            target: "picar",
            text: Text::of("motor is warm temperature_c=61"),
        };
        let mut line = Vec::new();
        record.render(1_709_164_800_000_000_000, &mut line);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "2024-02-29T00:00:05.250Z WARN  motion picar: motor is warm temperature_c=61\n");
    }

    #[test]
    fn no_control_character_reaches_the_terminal() {
        let mut line = Vec::new();
        visible("heard \u{1b}[2Jtwo\nlines\u{9b}\r", &mut line);
        assert_eq!(String::from_utf8(line).unwrap(), "heard \\u{1b}[2Jtwo\n    lines\\u{9b}\\r");
    }
}
