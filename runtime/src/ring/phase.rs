//! When the waker of a ring looks for the next block.
//!
//! ```text
//!   ──┬──────────── sleep ───────────┬── spin ──┬── coarse looks … ──►
//!     block                     due − lead     due + lead
//! ```
//! It does not know when the writer stores. It learns when blocks come by seeing them, and how early it has to wake up by
//! how late the kernel wakes it.

use std::time::Duration;

use crate::clock::Time;
use crate::limits::{RING_COARSE_MAX, RING_COARSE_MIN, RING_LATE_MIN, RING_LEAD_MAX, RING_LEAD_MIN};

/// What to do until the next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Sleep until then.
    SleepUntil(Time),
    /// Look again and again until then.
    SpinUntil(Time),
}

/// How a block was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// While it was waited for: it came just now.
    Spinning,
    /// After a sleep: it came at some time since the last look.
    AfterSleep {
        /// When that was.
        last_look: Time,
    },
}

/// Learns when blocks come.
#[derive(Debug)]
pub(super) struct Phase {
    /// Zero where it is not known.
    period: Duration,
    lead: Duration,
    lead_max: Duration,
    /// When the next block comes, as far as that is known.
    due: Option<Time>,
}

impl Phase {
    pub(super) fn new(period: Option<Duration>) -> Self {
        let period = period.unwrap_or_default();
        // A twentieth before and a twentieth after.
        let lead_max = RING_LEAD_MAX.min(period / 20);
        Self { period, lead: lead_max, lead_max, due: None }
    }

    /// What to do at `now`, when there is no new block.
    pub(super) fn look(&self, now: Time) -> Look {
        match self.due {
            // Blocks that follow each other faster than a thread falls asleep are looked for all the time, coarsely.
            Some(due) if self.lead_max >= RING_LEAD_MIN => {
                let (begin, end) = (due - self.lead, due + self.lead_max);
                if now < begin {
                    Look::SleepUntil(begin)
                } else if now < end {
                    Look::SpinUntil(end)
                } else {
                    // The later a block is, the less its lateness is felt when it is found a little later still.
                    let late = (now.since(due) / 8).max(RING_LATE_MIN);
                    Look::SleepUntil(now + late.min(self.coarse()))
                }
            }
            _ => Look::SleepUntil(now + self.coarse()),
        }
    }

    /// A new block was found at `now`.
    pub(super) fn found(&mut self, found: Found, now: Time) {
        if self.period.is_zero() {
            return;
        }
        let came = match (found, self.due) {
            (Found::Spinning, None) => now,
            (Found::Spinning, Some(due)) => {
                self.lead = (self.lead - self.lead / 128).max(RING_LEAD_MIN);
                // A quarter of what it was off: a writer is sometimes late, and its clock is not ours.
                if now > due { due + now.since(due) / 4 } else { due - due.since(now) / 4 }
            }
            (Found::AfterSleep { last_look }, due) => {
                self.lead = (self.lead * 2).min(self.lead_max);
                let came = match due {
                    // The waker was late, not the block; and if the block was early, then by little.
                    Some(due) if due <= now => due - self.lead / 8,
                    _ => now - self.lead,
                };
                came.max(last_look)
            }
        };
        self.due = Some(came + self.period);
    }

    /// Nobody has looked for a while.
    pub(super) fn forget(&mut self) {
        self.due = None;
    }

    fn coarse(&self) -> Duration {
        if self.period.is_zero() {
            return RING_COARSE_MAX;
        }
        (self.period / 32).clamp(RING_COARSE_MIN, RING_COARSE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const PERIOD: Duration = Duration::from_millis(10);

    /// Lets a writer store at `times`, and a waker that is woken `late` before that block look; returns how long after each block it was
    /// found, and how long was spun in all.
    fn run(times: impl Iterator<Item = Time>, late: impl Fn(Time) -> Duration) -> (Vec<Duration>, Duration) {
        let mut phase = Phase::new(Some(PERIOD));
        let (mut now, mut delays, mut spun) = (Time::ZERO, Vec::new(), Duration::ZERO);
        for block in times {
            loop {
                let last_look = now;
                match phase.look(now) {
                    Look::SleepUntil(until) => {
                        now = until + late(block);
                        if now >= block {
                            phase.found(Found::AfterSleep { last_look }, now);
                            break;
                        }
                    }
                    Look::SpinUntil(until) if until >= block => {
                        let found = now.max(block);
                        spun += found.since(now);
                        now = found;
                        phase.found(Found::Spinning, now);
                        break;
                    }
                    Look::SpinUntil(until) => {
                        spun += until.since(now);
                        now = until;
                    }
                }
            }
            delays.push(now.since(block));
        }
        (delays, spun)
    }

    fn periodic(count: u32, jitter: impl Fn(u32) -> Duration) -> impl Iterator<Item = Time> {
        (1..=count).map(move |n| Time::ZERO + PERIOD * n + Duration::from_micros(137) + jitter(n))
    }

    fn punctual(_: Time) -> Duration {
        Duration::from_micros(20)
    }

    #[test]
    fn a_waker_that_overslept_once_is_in_time_for_the_next_block() {
        let late = |block: Time| if block.as_ns() / 10_000_000 == 50 { MS * 4 } else { punctual(block) };
        let (delays, _) = run(periodic(100, |_| Duration::ZERO), late);
        assert!(delays[49] >= MS, "{:?}", delays[49]);
        assert!(delays[50..].iter().all(|delay| delay.is_zero()), "{delays:?}");
    }

    #[test]
    fn blocks_in_time_are_found_at_once_after_the_first_and_little_is_spun() {
        let (delays, spun) = run(periodic(1000, |_| Duration::ZERO), punctual);
        assert!(delays[0] <= MS, "{:?}", delays[0]);
        assert!(delays[5..].iter().all(|delay| delay.is_zero()), "{delays:?}");
        assert!(spun < PERIOD * 1000 / 100, "less than a hundredth of the time: {spun:?}");
    }

    #[test]
    fn blocks_that_jitter_are_found_at_once_most_of_the_time() {
        let jitter = |n: u32| Duration::from_micros(u64::from(n.wrapping_mul(2_654_435_761) >> 25));
        let (mut delays, spun) = run(periodic(1000, jitter), punctual);
        delays.sort();
        assert!(delays[900].is_zero(), "jitter of up to 128 µs: {:?}", delays[900]);
        assert!(spun < PERIOD * 1000 / 20, "{spun:?}");
    }

    #[test]
    fn a_writer_whose_clock_is_slow_by_a_thousandth_is_followed() {
        let drift = |n: u32| Duration::from_micros(10) * n;
        let (delays, _) = run(periodic(2000, drift), punctual);
        assert!(delays[50..].iter().all(|delay| delay.is_zero()), "{delays:?}");
    }

    #[test]
    fn a_writer_that_begins_again_at_another_time_is_found_within_a_coarse_look() {
        let jump = |n: u32| if n < 500 { Duration::ZERO } else { MS * 4 };
        let (delays, _) = run(periodic(1000, jump), punctual);
        assert!(delays[499..].iter().all(|delay| *delay <= MS), "{delays:?}");
        assert!(delays[510..].iter().all(|delay| delay.is_zero()));
    }

    #[test]
    fn a_ring_without_a_period_is_looked_at_every_millisecond() {
        let mut phase = Phase::new(None);
        phase.found(Found::AfterSleep { last_look: Time::ZERO }, Time::ZERO + MS);
        assert_eq!(phase.look(Time::ZERO + MS * 5), Look::SleepUntil(Time::ZERO + MS * 6));
    }
}
