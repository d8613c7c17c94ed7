//! How long messages take from `publish` to the callback: counts by duration, always on.

use nevil_sys::mem::Count;
use serde::Serialize;

/// Buckets of each doubling: a quantile is at most a quarter too large.
const PER_OCTAVE: u32 = 4;

/// Shorter times share the first bucket: about what one cache line takes between two cores. 2^6 ns.
const OCTAVE_MIN: u32 = 6;

/// Longer times share the last bucket: 2^34 ns are 17 s.
const OCTAVE_MAX: u32 = 34;

const BUCKETS: usize = ((OCTAVE_MAX - OCTAVE_MIN) * PER_OCTAVE) as usize + 1;

/// Counts of durations, written by one thread.
#[derive(Debug)]
pub(crate) struct Latencies([Count; BUCKETS]);

/// The counts of several [`Latencies`] together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LatencySum {
    buckets: [u64; BUCKETS],
}

/// Time from `publish` to the callback. Quantiles are upper bounds of buckets, at most a quarter too large; 64 ns and less
/// are one bucket, and so is all above 17 s.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LatencyCounts {
    /// Messages that were measured.
    pub count: u64,
    /// Half of them took at most so many nanoseconds.
    pub p50_ns: u64,
    /// 99 of 100 took at most so many nanoseconds.
    pub p99_ns: u64,
    /// None took longer than so many nanoseconds, except those above 17 s.
    pub max_ns: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Count::default()))
    }
}

impl Latencies {
    /// Counts a duration.
    #[inline]
    pub(crate) fn record(&self, ns: u64) {
        self.0[bucket(ns)].add(1);
    }
}

impl Default for LatencySum {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS] }
    }
}

impl LatencySum {
    pub(crate) fn add(&mut self, latencies: &Latencies) {
        self.buckets.iter_mut().zip(&latencies.0).for_each(|(sum, count)| *sum += count.get());
    }

    pub(crate) fn counts(&self) -> LatencyCounts {
        let count: u64 = self.buckets.iter().sum();
        let quantile = |rank: u64| {
            let mut seen = 0;
            let found = self.buckets.iter().position(|in_bucket| {
                seen += in_bucket;
                seen >= rank && rank > 0
            });
            found.map_or(0, upper_bound_ns)
        };
        // The rank of the message below or at which so many of a hundred lie, rounded up.
        let rank = |percent: u64| (count * percent).div_ceil(100);
        LatencyCounts {
            count,
            p50_ns: quantile(rank(50)),
            p99_ns: quantile(rank(99)),
            max_ns: quantile(count),
        }
    }
}

fn bucket(ns: u64) -> usize {
    let octave = ns.max(1).ilog2();
    if octave < OCTAVE_MIN {
        return 0;
    }
    if octave >= OCTAVE_MAX {
        return BUCKETS - 1;
    }
    // The two bits below the highest one.
    let within = (ns >> (octave - 2)) & 3;
    ((octave - OCTAVE_MIN) * PER_OCTAVE) as usize + within as usize
}

/// The smallest duration that no longer falls into `bucket`; of the last one, its smallest.
fn upper_bound_ns(bucket: usize) -> u64 {
    let next = (bucket + 1).min(BUCKETS - 1);
    let (octave, within) = (next as u64 / 4 + u64::from(OCTAVE_MIN), next as u64 % 4);
    (4 + within) << (octave - 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_lie_above_what_was_measured_and_at_most_a_quarter_above() {
        let latencies = Latencies::default();
        (1..=100).for_each(|hundred| latencies.record(hundred * 1000));
        let mut sum = LatencySum::default();
        sum.add(&latencies);
        let counts = sum.counts();
        assert_eq!(counts.count, 100);
        for (given, measured) in [(counts.p50_ns, 50_000), (counts.p99_ns, 99_000), (counts.max_ns, 100_000)]
        {
            assert!(given >= measured && given <= measured + measured / 4, "{given} for {measured}");
        }
        assert_eq!(LatencySum::default().counts(), LatencyCounts::default());
    }

    proptest! {
        #[test]
        fn every_duration_lies_in_the_bucket_whose_bound_is_next_above_it(ns in 64_u64..(1 << 34)) {
            let upper = upper_bound_ns(bucket(ns));
            prop_assert!(upper > ns && upper <= ns + ns / 4 + 1, "{ns}: {upper}");
        }

        #[test]
        fn every_duration_has_a_bucket_and_longer_ones_none_below(ns in any::<u64>()) {
            prop_assert!(bucket(ns) < BUCKETS);
            prop_assert!(bucket(ns) >= bucket(ns / 2));
        }
    }
}
