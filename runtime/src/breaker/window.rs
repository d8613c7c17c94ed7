//! The calls that a rate rule looks at: the last ones, or those of the last time.

use crate::clock::Time;

use super::policy::Window;

/// What a window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowCounts {
    /// Calls that ended well or failed.
    pub calls: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that were slow, well or not.
    pub slow: u32,
}

impl WindowCounts {
    /// Share of failed calls, 0 to 1; 0 when there are none.
    #[must_use]
    pub fn failure_rate(&self) -> f32 {
        share(self.failures, self.calls)
    }

    /// Share of slow calls, 0 to 1; 0 when there are none.
    #[must_use]
    pub fn slow_rate(&self) -> f32 {
        share(self.slow, self.calls)
    }

    /// Whether `part` of the calls is at least the share `rate`, to half a millionth: two of three calls are 0.666667, and
    /// what is written as 0.6 is not what a float makes of it.
    pub(super) fn reaches(&self, part: u32, rate: f32) -> bool {
        f64::from(part) >= (f64::from(rate) - 0.5e-6) * f64::from(self.calls)
    }

    fn add(&mut self, failed: bool, slow: bool) {
        self.calls += 1;
        self.failures += u32::from(failed);
        self.slow += u32::from(slow);
    }

    fn take(&mut self, gone: Self) {
        self.calls -= gone.calls;
        self.failures -= gone.failures;
        self.slow -= gone.slow;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share for people to read")]
fn share(part: u32, all: u32) -> f32 {
    if all == 0 { 0.0 } else { (f64::from(part) / f64::from(all)) as f32 }
}

/// A window with its calls. All of its memory is taken when it is made.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    counts: WindowCounts,
    kept: Kept,
}

#[derive(Clone, Debug)]
enum Kept {
    /// Two bits for each of the last calls.
    Count { calls: u32, next: u32, failed: Box<[u64]>, slow: Box<[u64]> },
    /// Sums of each stretch of time; `last` is the number of the newest since the beginning.
    Time { bucket_ns: u64, last: u64, buckets: Box<[WindowCounts]> },
}

impl Calls {
    pub(super) fn new(window: Window) -> Self {
        let kept = match window {
            Window::Count { calls } => {
                let words = vec![0; calls.div_ceil(64) as usize].into_boxed_slice();
                Kept::Count { calls, next: 0, failed: words.clone(), slow: words }
            }
            Window::Time { length, buckets } => {
                let length_ns = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
                let empty = vec![WindowCounts::default(); buckets as usize].into_boxed_slice();
                Kept::Time { bucket_ns: (length_ns / u64::from(buckets)).max(1), last: 0, buckets: empty }
            }
        };
        Self { counts: WindowCounts::default(), kept }
    }

    /// Forgets all calls.
    pub(super) fn clear(&mut self) {
        self.counts = WindowCounts::default();
        match &mut self.kept {
            Kept::Count { next, .. } => *next = 0,
            Kept::Time { buckets, .. } => buckets.fill(WindowCounts::default()),
        }
    }

    /// Forgets what is older than the window at `now`.
    pub(super) fn slide(&mut self, now: Time) {
        let Kept::Time { bucket_ns, last, buckets } = &mut self.kept else { return };
        let newest = now.as_ns() / *bucket_ns;
        let count = buckets.len() as u64;
        // More steps than there are buckets empty them all.
        let first = (*last + 1).max(newest.saturating_sub(count - 1));
        for bucket in first..=newest {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the remainder is below the number of buckets"
            )]
            let bucket = &mut buckets[(bucket % count) as usize];
            self.counts.take(std::mem::take(bucket));
        }
        *last = newest.max(*last);
    }

    /// Takes in so many successes, none of them slow, of which nobody needs to know when they were.
    pub(super) fn add_successes(&mut self, number: u64) {
        if let Kept::Count { calls, .. } = self.kept {
            // More than it holds are no more than it holds.
            (0..number.min(calls.into())).for_each(|_| self.add(Time::ZERO, false, false));
        }
    }

    /// Takes in a call that ended at `now`, which is not before the last one's.
    pub(super) fn add(&mut self, now: Time, failed: bool, slow: bool) {
        self.slide(now);
        match &mut self.kept {
            Kept::Count { calls, next, failed: failures, slow: slows } => {
                let (word, bit) = ((*next / 64) as usize, 1_u64 << (*next % 64));
                if self.counts.calls == *calls {
                    let gone = |bits: &[u64]| u32::from(bits[word] & bit != 0);
                    let gone = WindowCounts { calls: 1, failures: gone(failures), slow: gone(slows) };
                    self.counts.take(gone);
                }
                for (bits, set) in [(failures, failed), (slows, slow)] {
                    bits[word] = if set { bits[word] | bit } else { bits[word] & !bit };
                }
                *next = (*next + 1) % *calls;
            }
            Kept::Time { last, buckets, .. } => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the remainder is below the number of buckets"
                )]
                let bucket = (*last % buckets.len() as u64) as usize;
                buckets[bucket].add(failed, slow);
            }
        }
        self.counts.add(failed, slow);
    }

    /// What the window held when it last slid.
    pub(super) fn counts(&self) -> WindowCounts {
        self.counts
    }
}
