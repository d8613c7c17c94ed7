//! Statistics over plain values: percentiles, and what paired rounds say of a ratio.

use serde::{Deserialize, Serialize};

/// How often the true median lies within an [`Interval`].
pub(crate) const CONFIDENCE: f64 = 0.90;

/// Which of two samples is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Less,
    More,
}

/// What all samples of a subject come to, the better half first: where more is better, 99 % of the samples are not below
/// p99. No sample is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) worst: f64,
    pub(crate) count: u64,
}

impl Figures {
    /// Sorts `samples`, the best one first, and reads the figures off them. `None` without samples.
    pub(crate) fn of(samples: &mut [f64], better: Better) -> Option<Self> {
        match better {
            Better::Less => samples.sort_by(f64::total_cmp),
            Better::More => samples.sort_by(|one, other| other.total_cmp(one)),
        }
        Some(Self {
            p50: percentile(samples, 0.5)?,
            p99: percentile(samples, 0.99)?,
            p999: percentile(samples, 0.999)?,
            worst: *samples.last()?,
            count: samples.len() as u64,
        })
    }
}

/// The first sample that, with those before it, is at least `part` of all (nearest rank).
pub(crate) fn percentile(sorted: &[f64], part: f64) -> Option<f64> {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// A median and the interval that holds the true one with [`CONFIDENCE`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
    /// Whether there were enough rounds for [`CONFIDENCE`]; otherwise `low` and `high` are the extremes.
    pub(crate) is_sure: bool,
}

/// The median of `values` and its interval between two order statistics: the k-th smallest and the k-th largest, where k
/// is the largest rank for which a binomial(n, 1/2) gives the true median at least [`CONFIDENCE`]. Nothing is assumed of
/// the distribution but that the rounds are independent. `None` without values.
pub(crate) fn median_interval(values: &[f64]) -> Option<Interval> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len();
    let middle = (*sorted.get(count.checked_sub(1)? / 2)? + *sorted.get(count / 2)?) / 2.0;
    let rank = interval_rank(count);
    let first = rank.unwrap_or(1) - 1;
    Some(Interval {
        low: sorted[first],
        median: middle,
        high: sorted[count - 1 - first],
        is_sure: rank.is_some(),
    })
}

/// The largest rank, from 1, whose two order statistics of `count` values hold the median with [`CONFIDENCE`].
fn interval_rank(count: usize) -> Option<usize> {
    // P(X ≤ rank − 1) of a binomial(count, 1/2), summed up; the interval misses on both sides alike.
    let mut probability = 0.5_f64.powi(i32::try_from(count).ok()?);
    let mut below = 0.0;
    let mut found = None;
    for rank in 1..=count / 2 {
        below += probability;
        if 2.0 * below > 1.0 - CONFIDENCE {
            break;
        }
        found = Some(rank);
        probability *= (count - rank + 1) as f64 / rank as f64;
    }
    found
}

/// `ours[i] / theirs[i]` for each round that both have.
pub(crate) fn ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_and_none_is_left_out() {
        let mut samples: Vec<f64> = (1..=1000).rev().map(f64::from).collect();
        let figures = Figures::of(&mut samples, Better::Less).unwrap();
        assert_eq!((figures.p50, figures.p99, figures.p999), (500.0, 990.0, 999.0));
        assert_eq!((figures.worst, figures.count), (1000.0, 1000));
        let figures = Figures::of(&mut samples, Better::More).unwrap();
        assert_eq!((figures.p50, figures.p99, figures.worst), (501.0, 11.0, 1.0));
        assert_eq!(Figures::of(&mut [], Better::Less), None);
        assert_eq!(percentile(&[7.0], 0.999), Some(7.0));
    }

    #[test]
    fn the_interval_of_the_median_has_the_ranks_of_the_tables() {
        // Ranks of the sign test at 90 %, as tables of order statistics have them.
        let ranks = [(4, None), (5, Some(1)), (8, Some(2)), (10, Some(2)), (20, Some(6)), (30, Some(11))];
        for (count, rank) in ranks {
            assert_eq!(interval_rank(count), rank, "of {count} rounds");
        }
    }

    #[test]
    fn the_median_lies_within_its_interval() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        let interval = median_interval(&values).unwrap();
        assert_eq!((interval.low, interval.median, interval.high), (6.0, 10.5, 15.0));
        assert!(interval.is_sure);
        let few = median_interval(&[3.0, 1.0, 2.0]).unwrap();
        assert_eq!((few.low, few.median, few.high, few.is_sure), (1.0, 2.0, 3.0, false));
        assert_eq!(median_interval(&[]), None);
    }

    #[test]
    fn one_bad_round_moves_the_interval_by_one_rank_at_most() {
        let mut values = vec![1.0; 20];
        values[7] = 1000.0;
        let interval = median_interval(&values).unwrap();
        assert_eq!((interval.low, interval.high), (1.0, 1.0));
    }

    #[test]
    fn ratios_are_paired_by_round() {
        assert_eq!(ratios(&[1.0, 4.0], &[2.0, 2.0]), [0.5, 2.0]);
    }
}
