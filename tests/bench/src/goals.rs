//! What Nevil promises of its speed, and how each promise is computed from a row.

use crate::run::{MeasuredRow, MeasuredSubject};
use crate::stats::{Interval, median_interval, ratios};

/// A promise.
pub(crate) struct Goal {
    pub(crate) claim: &'static str,
    pub(crate) row: &'static str,
    pub(crate) bound: Bound,
    /// The value of each round; `None` if something that it takes was not measured.
    values: fn(&MeasuredRow) -> Option<Vec<f64>>,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// What the rounds say of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The whole interval keeps the bound.
    Met,
    /// The whole interval breaks it.
    Missed,
    /// The bound lies within the interval: more rounds would tell.
    Open,
}

/// What the neighbours of a node that does `$offence` notice: against those of a harmless one.
macro_rules! blast {
    ($row:literal, $place:literal, $offence:literal) => {
        Goal {
            claim: concat!("offender ", $offence, ", ", $place, ": p99 / harmless"),
            row: $row,
            bound: Bound::AtMost(1.5),
            values: |row| {
                Some(ratios(&row.subject($offence)?.p99s(), &row.subject(crate::rows::blast::SPINS)?.p99s()))
            },
        }
    };
}

/// The promises, in the order of the page.
pub(crate) const GOALS: [Goal; 52] = [
    Goal {
        claim: "polling, 64 B: p50 / (cache line + two clock reads)",
        row: "polling_64",
        bound: Bound::AtMost(2.0),
        values: |row| over_sum(row, "nevil", ["cache line", "two clock reads"]),
    },
    Goal {
        claim: "polling, 64 B: p50 / iceoryx2",
        row: "polling_64",
        bound: Bound::AtMost(1.0),
        values: |row| over(row, "nevil", "iceoryx2"),
    },
    Goal {
        claim: "blocking without spin, 64 B: p50 / futex wake-up",
        row: "blocking_64",
        bound: Bound::AtMost(1.15),
        values: |row| over(row, "nevil", "futex wake-up"),
    },
    Goal {
        claim: "blocking with a spin window, 64 B: p50 / crossbeam's receive, which spins",
        row: "spinning_64",
        bound: Bound::AtMost(1.3),
        values: |row| over(row, "nevil", "crossbeam"),
    },
    Goal {
        claim: "1 MiB, only the header touched: p50 / 64 B",
        row: "polling_header_1m",
        bound: Bound::AtMost(1.1),
        values: |row| over(row, "nevil, 1 MiB", "nevil, 64 B"),
    },
    Goal {
        claim: "lossless throughput, one to one, 64 B / stamped crossbeam",
        row: "throughput",
        bound: Bound::AtLeast(0.8),
        values: |row| over(row, "nevil", "crossbeam, stamped"),
    },
    Goal {
        claim: "one to eight, flooding: deliveries / eight stamped crossbeam sends",
        row: "fan_out",
        bound: Bound::AtLeast(2.0),
        values: |row| over(row, "nevil", "crossbeam, stamped"),
    },
    Goal {
        claim: "cost per delivery: p50 over 1,000 topics / over one",
        row: "growth_topics",
        bound: Bound::AtMost(1.2),
        values: |row| over(row, "nevil, 1000 topics", "nevil, one topic"),
    },
    Goal {
        claim: "cost per delivery: p50 among 64 nodes / among one",
        row: "growth_nodes",
        bound: Bound::AtMost(1.2),
        values: |row| over(row, "nevil, 64 nodes", "nevil, one node"),
    },
    Goal {
        claim: "allocations per message, on either thread",
        row: "allocations",
        bound: Bound::AtMost(0.0),
        values: |row| sum(row, ["nevil, publishing thread", "nevil, receiving thread"]),
    },
    Goal {
        claim: "ring block across processes, polling: p50 / (2 × cache line + read)",
        row: "ring_polling",
        bound: Bound::AtMost(1.0),
        values: ring_polling,
    },
    Goal {
        claim: "ring block across processes, blocking: p50 / futex wake-up",
        row: "ring_blocking",
        bound: Bound::AtMost(1.2),
        values: |row| over(row, "ring, across processes", "futex wake-up"),
    },
    Goal {
        claim: "ring store beside 8 polling readers / beside none",
        row: "ring_store",
        bound: Bound::AtMost(1.05),
        values: |row| over(row, "ring, 8 readers", "ring, no reader"),
    },
    Goal {
        claim: "ten idle nodes: wake-ups beyond declared timers",
        row: "idle",
        bound: Bound::AtMost(0.0),
        values: |row| row.subject("context switches").map(MeasuredSubject::p50s),
    },
    Goal {
        claim: "ten idle nodes: anonymous memory in KiB",
        row: "memory",
        bound: Bound::AtMost(10.0 * 1024.0),
        values: |row| row.subject("nevil").map(MeasuredSubject::p50s),
    },
    Goal {
        claim: "cold start of the shipped robot in ms",
        row: "cold_start",
        bound: Bound::AtMost(300.0),
        values: |row| row.subject("nevil launch").map(MeasuredSubject::p50s),
    },
    Goal {
        claim: "breaker, closed, stamps supplied: ns over the bare call",
        row: "breaker_closed",
        bound: Bound::AtMost(5.0),
        values: |row| more(row, "nevil, stamps supplied", &["bare call"]),
    },
    Goal {
        claim: "breaker, closed, reads the clock: ns over call and two clock reads",
        row: "breaker_closed",
        bound: Bound::AtMost(10.0),
        values: |row| more(row, "nevil, reads the clock", &["bare call", "two clock reads"]),
    },
    Goal {
        claim: "breaker with a bulkhead: more than without / contended add",
        row: "breaker_kinds",
        bound: Bound::AtMost(1.0),
        values: |row| more_by_additions(row, "bulkhead of 4"),
    },
    Goal {
        claim: "breaker with a rate of 100 calls: more than without / contended add",
        row: "breaker_kinds",
        bound: Bound::AtMost(1.0),
        values: |row| more_by_additions(row, "rate of 100 calls"),
    },
    Goal {
        claim: "breaker of two threads at once: more than of one / contended add",
        row: "breaker_kinds",
        bound: Bound::AtMost(1.0),
        values: |row| more_by_additions(row, "two threads at once"),
    },
    Goal {
        claim: "breaker, refused: ns",
        row: "breaker_refused",
        bound: Bound::AtMost(10.0),
        values: |row| row.subject("nevil, stamp supplied").map(MeasuredSubject::p50s),
    },
    Goal {
        claim: "breaker, refused: allocations",
        row: "breaker_allocations",
        bound: Bound::AtMost(0.0),
        values: |row| sum(row, ["nevil, refused", "nevil, emergency stop"]),
    },
    Goal {
        claim: "hang noticed, time-out 10 ms: (slowest − timer) / time-out",
        row: "hang_noticed",
        bound: Bound::AtMost(0.1),
        values: |row| noticed(row, "nevil, 10 ms", "timer, 10 ms", 10.0e6),
    },
    Goal {
        claim: "hang noticed, time-out 100 ms: (slowest − timer) / time-out",
        row: "hang_noticed",
        bound: Bound::AtMost(0.1),
        values: |row| noticed(row, "nevil, 100 ms", "timer, 100 ms", 100.0e6),
    },
    Goal {
        claim: "hang noticed, time-out 500 ms: (slowest − timer) / time-out",
        row: "hang_noticed",
        bound: Bound::AtMost(0.1),
        values: |row| noticed(row, "nevil, 500 ms", "timer, 500 ms", 500.0e6),
    },
    Goal {
        claim: "emergency stop to `make_safe`, idle: p99.9 in ms",
        row: "emergency_stop",
        bound: Bound::AtMost(5.0),
        values: |row| p999_ms(row, "nevil, idle"),
    },
    Goal {
        claim: "emergency stop to `make_safe`, FIFO spinner per core: p99.9 in ms",
        row: "emergency_stop",
        bound: Bound::AtMost(20.0),
        values: |row| p999_ms(row, "nevil, FIFO spinners"),
    },
    blast!("blast_other_core", "other core", "hangs, spinning"),
    blast!("blast_other_core", "other core", "hangs, asleep"),
    blast!("blast_other_core", "other core", "panics at 1 kHz, kept"),
    blast!("blast_other_core", "other core", "panics, replaced"),
    blast!("blast_other_core", "other core", "fails at 10 kHz"),
    blast!("blast_other_core", "other core", "floods its own topic"),
    blast!("blast_other_core", "other core", "floods the victim"),
    blast!("blast_other_core", "other core", "leaks"),
    blast!("blast_same_core", "same core", "hangs, spinning"),
    blast!("blast_same_core", "same core", "hangs, asleep"),
    blast!("blast_same_core", "same core", "panics at 1 kHz, kept"),
    blast!("blast_same_core", "same core", "panics, replaced"),
    blast!("blast_same_core", "same core", "fails at 10 kHz"),
    blast!("blast_same_core", "same core", "floods its own topic"),
    blast!("blast_same_core", "same core", "floods the victim"),
    blast!("blast_same_core", "same core", "leaks"),
    blast!("blast_same_core_fifo", "same core, real-time pair", "hangs, spinning"),
    blast!("blast_same_core_fifo", "same core, real-time pair", "hangs, asleep"),
    blast!("blast_same_core_fifo", "same core, real-time pair", "panics at 1 kHz, kept"),
    blast!("blast_same_core_fifo", "same core, real-time pair", "panics, replaced"),
    blast!("blast_same_core_fifo", "same core, real-time pair", "fails at 10 kHz"),
    blast!("blast_same_core_fifo", "same core, real-time pair", "floods its own topic"),
    blast!("blast_same_core_fifo", "same core, real-time pair", "floods the victim"),
    blast!("blast_same_core_fifo", "same core, real-time pair", "leaks"),
];

impl Goal {
    /// What the rounds of `rows` say; `None` if its row was not measured.
    pub(crate) fn judge(&self, rows: &[MeasuredRow]) -> Option<(Interval, Verdict)> {
        let row = rows.iter().find(|row| row.name == self.row)?;
        let interval = median_interval(&(self.values)(row)?)?;
        Some((interval, self.bound.judge(interval)))
    }
}

impl Bound {
    fn judge(self, interval: Interval) -> Verdict {
        let holds = |value: f64| match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        };
        match (holds(interval.low), holds(interval.high)) {
            (true, true) => Verdict::Met,
            (false, false) => Verdict::Missed,
            _ => Verdict::Open,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(bound) => write!(f, "≤ {bound}"),
            Self::AtLeast(bound) => write!(f, "≥ {bound}"),
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Open => "open",
        })
    }
}

/// `ours / theirs`, by the p50 of each round.
fn over(row: &MeasuredRow, ours: &str, theirs: &str) -> Option<Vec<f64>> {
    Some(ratios(&row.subject(ours)?.p50s(), &row.subject(theirs)?.p50s()))
}

/// As [`over`], with the sum of two.
fn over_sum(row: &MeasuredRow, ours: &str, theirs: [&str; 2]) -> Option<Vec<f64>> {
    Some(ratios(&row.subject(ours)?.p50s(), &sum(row, theirs)?))
}

fn sum(row: &MeasuredRow, [one, other]: [&str; 2]) -> Option<Vec<f64>> {
    let (one, other) = (row.subject(one)?.p50s(), row.subject(other)?.p50s());
    Some(one.iter().zip(other).map(|(one, other)| one + other).collect())
}

/// By how much `ours` is more than all of `others` together.
fn more(row: &MeasuredRow, ours: &str, others: &[&str]) -> Option<Vec<f64>> {
    let mut more = row.subject(ours)?.p50s();
    for other in others {
        let other = row.subject(other)?.p50s();
        more.iter_mut().zip(other).for_each(|(more, other)| *more -= other);
    }
    Some(more)
}

/// By how many additions to a word that two threads add to at once `ours` is more than the breaker of a node's callback.
fn more_by_additions(row: &MeasuredRow, ours: &str) -> Option<Vec<f64>> {
    let additions = more(row, "add, two threads at once", &["bare call"])?;
    Some(ratios(&more(row, ours, &["owner's thread"])?, &additions))
}

/// By which part of `timeout_ns` the slowest judgement of each round comes later than a timer does.
fn noticed(row: &MeasuredRow, ours: &str, timer: &str, timeout_ns: f64) -> Option<Vec<f64>> {
    let (ours, timer) = (row.subject(ours)?.p999s(), row.subject(timer)?.p50s());
    Some(ours.iter().zip(timer).map(|(ours, timer)| (ours - timer) / timeout_ns).collect())
}

/// The p99.9 over all rounds, of which each has too few for one of its own.
fn p999_ms(row: &MeasuredRow, ours: &str) -> Option<Vec<f64>> {
    Some(vec![row.subject(ours)?.all?.p999 / 1e6])
}

fn ring_polling(row: &MeasuredRow) -> Option<Vec<f64>> {
    let (line, words) = (row.subject("cache line")?.p50s(), row.subject("read of the words")?.p50s());
    let floor: Vec<_> = line.iter().zip(words).map(|(line, words)| 2.0 * line + words).collect();
    Some(ratios(&row.subject("ring, across processes")?.p50s(), &floor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(low: f64, high: f64) -> Interval {
        Interval { low, median: low, high, is_sure: true }
    }

    #[test]
    fn a_goal_is_judged_by_the_whole_interval() {
        let at_most = Bound::AtMost(1.0);
        assert_eq!(at_most.judge(interval(0.9, 1.0)), Verdict::Met);
        assert_eq!(at_most.judge(interval(0.9, 1.1)), Verdict::Open);
        assert_eq!(at_most.judge(interval(1.01, 1.1)), Verdict::Missed);
        let at_least = Bound::AtLeast(2.0);
        assert_eq!(at_least.judge(interval(2.0, 2.5)), Verdict::Met);
        assert_eq!(at_least.judge(interval(1.9, 2.5)), Verdict::Open);
        assert_eq!(at_least.judge(interval(1.0, 1.9)), Verdict::Missed);
    }

    #[test]
    fn every_goal_names_a_row_and_subjects_that_there_are() {
        for goal in &GOALS {
            let row = crate::run::tests::measured_like(goal.row);
            assert!((goal.values)(&row).is_some_and(|values| !values.is_empty()), "{}", goal.claim);
        }
    }
}
