//! From `publish` to the callback, one message at a time.

use crate::floors;
use crate::measure::{RoundResult, Samples};
use crate::nevil::{Wait, Watched, delivery};
use crate::paced::{Paced, Timed};
use crate::payload::{Bulk, Fill, Inline, Line, Payload};
use crate::peers::{self, crossbeam, iceoryx, rtrb, tokio};
use crate::rows::{Row, SPIN, Setting, Unit};

const KIB: usize = 1024;
const MIB: usize = 1024 * 1024;

/// Between two messages to a receiver that spins: it is spinning again by then.
const SPINNING_PAUSE_NS: u64 = 1_000;

/// Between two messages to a receiver that sleeps: it is asleep by then, also one that spins and yields before.
const SLEEPING_PAUSE_NS: u64 = 100_000;

impl Setting {
    pub(super) fn paced(&self, bytes: usize, wait: Wait) -> Paced {
        let (messages, pause_ns) = match wait {
            Wait::Polling | Wait::Spin(_) => (self.scale.polled, SPINNING_PAUSE_NS),
            Wait::Blocking => (self.scale.blocked, SLEEPING_PAUSE_NS),
        };
        // A mebibyte takes a thousand times as long to write as a line.
        let messages = if bytes >= MIB { messages / 10 } else { messages };
        let (fill, timed) = (Fill::Whole, Timed::Delivery);
        Paced { bytes, fill, timed, messages, warm_up: messages / 10 + 1, pause_ns, near: self.near }
    }
}

pub(super) fn rows(setting: &Setting) -> Vec<Row> {
    let mut rows = vec![
        polling::<Line>(setting, "polling_64", "From publish to a callback whose thread spins, 64 B", 64)
            .broadcast::<Line>(setting, 64),
        polling::<Inline>(setting, "polling_1k", "From publish to a callback whose thread spins, 1 KiB", KIB)
            .broadcast::<Inline>(setting, KIB),
        polling::<Bulk>(
            setting,
            "polling_64k",
            "From publish to a callback whose thread spins, 64 KiB",
            64 * KIB,
        ),
        header_only(setting),
        written_to_read(setting),
        blocking::<Line>(setting, "blocking_64", "From publish to a callback whose thread sleeps, 64 B", 64),
        blocking::<Bulk>(
            setting,
            "blocking_64k",
            "From publish to a callback whose thread sleeps, 64 KiB",
            64 * KIB,
        ),
        spinning(setting),
    ];
    rows.push(watched(
        setting,
        "polling_watched",
        "From publish to a callback whose thread spins, 64 B, with a tap beside it",
        Wait::Polling,
    ));
    rows.push(watched(
        setting,
        "blocking_watched",
        "From publish to a callback whose thread sleeps, 64 B, with a tap beside it",
        Wait::Blocking,
    ));
    rows.push(allocations(setting));
    rows
}

impl Row {
    /// Only for what lies within the message: a broadcast clones it for each receiver.
    fn broadcast<P: Payload + Clone>(self, setting: &Setting, bytes: usize) -> Self {
        let paced = setting.paced(bytes, Wait::Polling);
        self.peer("tokio broadcast", move || tokio::latency::<P>(paced, peers::Wait::Polling))
    }

    fn floors(self, paced: Paced, batches: u64) -> Self {
        self.floor("cache line", move || floors::cache_line(paced.near, batches))
            .floor("two clock reads", move || floors::two_clock_reads(paced.near, batches))
            .floor("stamp alone", move || floors::stamp_alone(paced))
    }
}

fn latency<P: Payload>(paced: Paced, wait: Wait, watched: Watched) -> RoundResult {
    Ok(delivery::<P>(paced, wait, watched)?.into_samples())
}

fn polling<P: Payload>(setting: &Setting, name: &'static str, title: &'static str, bytes: usize) -> Row {
    let paced = setting.paced(bytes, Wait::Polling);
    Row::new(name, title, Unit::Ns)
        .nevil("nevil", move || latency::<P>(paced, Wait::Polling, Watched::No))
        .peer("iceoryx2", move || iceoryx::latency(paced))
        .peer("crossbeam", move || crossbeam::latency::<P>(paced, peers::Wait::Polling))
        .peer("rtrb", move || rtrb::latency::<P>(paced))
        .floors(paced, setting.scale.batches)
}

/// The sizes are in one row, so that they are paired by round.
fn header_only(setting: &Setting) -> Row {
    let paced = |bytes| Paced { fill: Fill::Header, ..setting.paced(bytes, Wait::Polling) };
    let (small, large) = (setting.paced(64, Wait::Polling), paced(MIB));
    Row::new(
        "polling_header_1m",
        "1 MiB of which only the header is touched, beside 64 B; the thread spins",
        Unit::Ns,
    )
    .nevil("nevil, 1 MiB", move || latency::<Bulk>(large, Wait::Polling, Watched::No))
    .nevil("nevil, 64 B", move || latency::<Line>(small, Wait::Polling, Watched::No))
    .peer("iceoryx2, 1 MiB", move || iceoryx::latency(large))
    .peer("iceoryx2, 64 B", move || iceoryx::latency(small))
    .peer("crossbeam, 1 MiB", move || crossbeam::latency::<Bulk>(large, peers::Wait::Polling))
    .peer("crossbeam, 64 B", move || crossbeam::latency::<Line>(small, peers::Wait::Polling))
}

fn written_to_read(setting: &Setting) -> Row {
    let paced = Paced { timed: Timed::WrittenToRead, ..setting.paced(MIB, Wait::Polling) };
    Row::new(
        "polling_whole_1m",
        "1 MiB from before it is written to after it was read and checked; the thread spins",
        Unit::Ns,
    )
    .nevil("nevil", move || latency::<Bulk>(paced, Wait::Polling, Watched::No))
    .peer("iceoryx2", move || iceoryx::latency(paced))
    .peer("crossbeam", move || crossbeam::latency::<Bulk>(paced, peers::Wait::Polling))
    .peer("rtrb", move || rtrb::latency::<Bulk>(paced))
}

fn blocking<P: Payload + Clone>(
    setting: &Setting,
    name: &'static str,
    title: &'static str,
    bytes: usize,
) -> Row {
    let paced = setting.paced(bytes, Wait::Blocking);
    Row::new(name, title, Unit::Ns)
        .nevil("nevil", move || latency::<P>(paced, Wait::Blocking, Watched::No))
        .peer("crossbeam", move || crossbeam::latency::<P>(paced, peers::Wait::Blocking))
        .peer("tokio broadcast", move || tokio::latency::<P>(paced, peers::Wait::Blocking))
        .floor("futex wake-up", move || floors::futex_wake(paced))
}

fn spinning(setting: &Setting) -> Row {
    let wait = Wait::Spin(SPIN);
    let paced = setting.paced(64, wait);
    Row::new(
        "spinning_64",
        "From publish to a callback whose thread spins for 50 µs before it sleeps, 64 B; crossbeam spins too",
        Unit::Ns,
    )
    .nevil("nevil", move || latency::<Line>(paced, wait, Watched::No))
    .peer("crossbeam", move || crossbeam::latency::<Line>(paced, peers::Wait::Blocking))
    .floors(paced, setting.scale.batches)
}

fn watched(setting: &Setting, name: &'static str, title: &'static str, wait: Wait) -> Row {
    let paced = setting.paced(64, wait);
    Row::new(name, title, Unit::Ns)
        .nevil("nevil, watched", move || latency::<Line>(paced, wait, Watched::Yes))
        .nevil("nevil, not watched", move || latency::<Line>(paced, wait, Watched::No))
}

fn allocations(setting: &Setting) -> Row {
    let paced = setting.paced(64, Wait::Blocking);
    let count = move |of: fn(&crate::measure::Ends) -> u64| -> RoundResult {
        let ends = delivery::<Line>(paced, Wait::Blocking, Watched::No)?;
        Ok(Samples { values: vec![of(&ends) as f64 / paced.messages as f64], dropped: 0 })
    };
    Row::new("allocations", "Allocations per message, after the first ones", Unit::Count)
        .nevil("nevil, publishing thread", move || count(|ends| ends.sender_allocations))
        .nevil("nevil, receiving thread", move || count(|ends| ends.receiver_allocations))
}
