//! Rates, sizes and delays of messages. It is told of messages, and asks nobody for the time.
//!
//! A message that the watch was too slow for is not seen, but counted: the one that is seen next stands for it too. So a
//! rate is that of what was published, whatever was seen of it.

use std::collections::{BTreeMap, VecDeque};

use nevil_launch::SeenMessage;

/// The last messages of a topic.
#[derive(Debug)]
pub(crate) struct Window {
    max: usize,
    samples: VecDeque<Sample>,
    /// The last number of each publishing life of a node.
    last: BTreeMap<(String, u32), u64>,
    /// Messages that were not seen, and for which no sample stands yet.
    waiting: u64,
    /// Messages that were seen.
    pub(crate) seen: u64,
    /// Messages that were not.
    pub(crate) lost: u64,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    stamp_ns: u64,
    found_ns: u64,
    bytes: Option<u64>,
    /// Messages that were published since the sample before it, itself among them.
    stands_for: u64,
    /// Whether its number does not follow the last one of its publisher.
    follows_gap: bool,
}

/// How numbers are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Standard deviation of all of them.
    pub(crate) deviation: f64,
}

/// How often messages are published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    /// Messages a second.
    pub(crate) hz: f64,
    /// Seconds between messages that follow each other; `None` if no two do.
    pub(crate) intervals: Option<Spread>,
}

impl Window {
    /// A window over the last `max` messages, at least 2.
    pub(crate) fn new(max: usize) -> Self {
        let (samples, last) = (VecDeque::new(), BTreeMap::new());
        Self { max: max.max(2), samples, last, waiting: 0, seen: 0, lost: 0 }
    }

    /// So many messages were published and not seen.
    pub(crate) fn lost(&mut self, count: u64) {
        self.lost += count;
        self.waiting += count;
    }

    /// A message was seen.
    pub(crate) fn add(&mut self, message: &SeenMessage) {
        self.seen += 1;
        let publisher = (message.source.clone(), message.incarnation);
        let last = self.last.insert(publisher, message.sequence);
        if self.samples.len() == self.max {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample {
            stamp_ns: message.stamp_ns,
            found_ns: message.found_ns,
            bytes: message.bytes,
            stands_for: 1 + std::mem::take(&mut self.waiting),
            follows_gap: last.is_some_and(|last| last + 1 != message.sequence),
        });
    }

    /// Messages that it holds.
    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }

    /// `None` for fewer than two messages, or if no time passes between them.
    pub(crate) fn rate(&self) -> Option<Rate> {
        let mut samples: Vec<_> = self.samples.iter().copied().collect();
        // Those of different publishers come in no common order.
        samples.sort_by_key(|sample| sample.stamp_ns);
        let (first, rest) = samples.split_first()?;
        let span_ns = rest.last()?.stamp_ns - first.stamp_ns;
        let published: u64 = rest.iter().map(|sample| sample.stands_for).sum();
        let pairs = samples.iter().zip(rest);
        // Where messages are missing between two, their time is none of the topic's. A node that publishes from two places
        // has numbers that do not follow each other either, with nothing missing.
        let is_whole = |sample: &Sample| sample.stands_for == 1 && !(sample.follows_gap && self.lost > 0);
        let intervals = pairs.filter(|(_, later)| is_whole(later));
        let intervals = spread(intervals.map(|(one, later)| seconds(later.stamp_ns - one.stamp_ns)));
        (span_ns > 0).then(|| Rate { hz: published as f64 / seconds(span_ns), intervals })
    }

    /// Bytes of the messages of which they are known.
    pub(crate) fn bytes(&self) -> Option<Spread> {
        spread(self.samples.iter().filter_map(|sample| sample.bytes).map(|bytes| bytes as f64))
    }

    /// Seconds from `publish` until a message was found.
    pub(crate) fn delays(&self) -> Option<Spread> {
        spread(self.samples.iter().map(|sample| seconds(sample.found_ns.saturating_sub(sample.stamp_ns))))
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

fn spread(numbers: impl Iterator<Item = f64>) -> Option<Spread> {
    let numbers: Vec<_> = numbers.collect();
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / numbers.len() as f64;
    let (min, max) = numbers
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), &number| (min.min(number), max.max(number)));
    (!numbers.is_empty()).then_some(Spread { mean, min, max, deviation: variance.sqrt() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn seen(source: &str, sequence: u64, at_ms: u64) -> SeenMessage {
        SeenMessage {
            source: source.to_owned(),
            incarnation: 1,
            sequence,
            stamp_ns: at_ms * MS,
            found_ns: (at_ms + 3) * MS,
            bytes: Some(8 + sequence % 2),
        }
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn a_rate_needs_two_messages_and_time_between_them() {
        let mut window = Window::new(10);
        assert_eq!(window.rate(), None);
        window.add(&seen("car", 1, 100));
        assert_eq!(window.rate(), None);
        window.add(&seen("car", 2, 100));
        assert_eq!(window.rate(), None);
        window.add(&seen("car", 3, 200));
        let rate = window.rate().unwrap();
        assert!(near(rate.hz, 20.0), "{rate:?}");
        let intervals = rate.intervals.unwrap();
        assert!(near(intervals.min, 0.0) && near(intervals.max, 0.1) && near(intervals.deviation, 0.05));
    }

    #[test]
    fn what_was_not_seen_counts_for_the_rate_and_for_no_interval() {
        let mut window = Window::new(100);
        (1..=5).for_each(|number| window.add(&seen("car", number, number * 10)));
        window.lost(5);
        (11..=15).for_each(|number| window.add(&seen("car", number, number * 10)));
        let rate = window.rate().unwrap();
        assert!(near(rate.hz, 100.0), "{rate:?}");
        assert!(near(rate.intervals.unwrap().max, 0.01), "{rate:?}");
        assert_eq!((window.seen, window.lost), (10, 5));
        // What is told too late is known by the numbers.
        window.add(&seen("car", 18, 180));
        window.lost(2);
        window.add(&seen("car", 19, 190));
        assert!(near(window.rate().unwrap().intervals.unwrap().max, 0.01));
        assert!(near(window.rate().unwrap().hz, 100.0));
    }

    #[test]
    fn two_publishers_under_one_name_have_numbers_of_their_own_and_nothing_is_missing() {
        let mut window = Window::new(100);
        for number in 1..=50 {
            window.add(&seen("car", number, number * 10));
            window.add(&seen("car", number + 1000, number * 10 + 5));
        }
        let rate = window.rate().unwrap();
        assert!(near(rate.hz, 200.0), "{rate:?}");
        assert!(near(rate.intervals.unwrap().deviation, 0.0), "{rate:?}");
    }

    #[test]
    fn messages_of_publishers_that_are_found_one_after_the_other_are_put_in_order_of_their_time() {
        let mut window = Window::new(100);
        (1..=5).for_each(|number| window.add(&seen("one", number, number * 10)));
        (1..=5).for_each(|number| window.add(&seen("two", number, number * 10 + 5)));
        let intervals = window.rate().unwrap().intervals.unwrap();
        assert!(near(intervals.min, 0.005) && near(intervals.max, 0.005), "{intervals:?}");
    }

    #[test]
    fn a_window_holds_the_last_messages_alone() {
        let mut window = Window::new(3);
        (1..=5).for_each(|number| window.add(&seen("car", number, number * 10)));
        (6..=8).for_each(|number| window.add(&seen("car", number, 50 + (number - 5) * 100)));
        assert_eq!((window.len(), window.seen), (3, 8));
        assert!(near(window.rate().unwrap().hz, 10.0));
        let bytes = window.bytes().unwrap();
        assert!(near(bytes.min, 8.0) && near(bytes.max, 9.0), "{bytes:?}");
        assert!(near(window.delays().unwrap().mean, 0.003));
    }
}
