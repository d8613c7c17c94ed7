//! The counters of the bus: where each message ended.
//!
//! ```text
//!  publisher     published = accepted + refused(size, hops, fenced, no_slot)
//!  subscription  offered   = ok + failed + panicked + timed_out + overflow + breaker_open + expired + discarded
//!                            + queued + running
//! ```
//! Both are exact when nothing is moving. A live snapshot reads the ends first, then what is running, then the queue,
//! then `offered`; as a message only moves from right to left of that list, the snapshot always shows
//! `offered >= ends + running + queued` (and `published >= accepted + refused`), never less.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// A count for people to read.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        // Release, with the Acquire in `get`: who sees this count sees the counts of the steps before it, which is what
        // the inequality of a live snapshot rests on.
        self.0.fetch_add(more, Ordering::Release);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, value: u64) {
        self.0.store(value, Ordering::Release);
    }
}

/// How one call of a callback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Failed,
    Panicked,
}

/// The account of one (topic, node, callback), over all incarnations of the node.
#[derive(Debug, Default)]
pub(crate) struct SubscriptionAccount {
    pub(crate) offered: Counter,
    pub(crate) overflow: Counter,
    pub(crate) discarded: Counter,
    pub(crate) kept: AtomicU64,
    ok: Counter,
    failed: Counter,
    panicked: Counter,
    timed_out: Counter,
    breaker_open: Counter,
    expired: Counter,
    running: Counter,
}

impl SubscriptionAccount {
    pub(crate) fn begin(&self) {
        self.running.set(1);
    }

    pub(crate) fn end(&self, outcome: Outcome) {
        // In this order, so that a snapshot may miss the message for a moment but never counts it twice.
        self.running.set(0);
        match outcome {
            Outcome::Ok => self.ok.add(1),
            Outcome::Failed => self.failed.add(1),
            Outcome::Panicked => self.panicked.add(1),
        }
    }

    /// The counters now; `queued` is read between the ends and `offered`.
    pub(crate) fn counts(&self, queued: impl FnOnce() -> u64) -> SubscriptionCounts {
        let mut counts = SubscriptionCounts {
            ok: self.ok.get(),
            failed: self.failed.get(),
            panicked: self.panicked.get(),
            timed_out: self.timed_out.get(),
            overflow: self.overflow.get(),
            breaker_open: self.breaker_open.get(),
            expired: self.expired.get(),
            discarded: self.discarded.get(),
            // Relaxed: a count for people to read.
            kept: self.kept.load(Ordering::Relaxed),
            ..SubscriptionCounts::default()
        };
        counts.running = self.running.get();
        counts.queued = queued();
        counts.offered = self.offered.get();
        counts
    }
}

/// The account of one (topic, node) on the publishing side, over all incarnations of the node.
#[derive(Debug, Default)]
pub(crate) struct PublisherAccount {
    pub(crate) published: Counter,
    pub(crate) accepted: Counter,
    pub(crate) refused_size: Counter,
    pub(crate) refused_hops: Counter,
    pub(crate) refused_fenced: Counter,
    pub(crate) refused_no_slot: Counter,
}

impl PublisherAccount {
    pub(crate) fn counts(&self) -> PublisherCounts {
        let mut counts = PublisherCounts {
            accepted: self.accepted.get(),
            refused_size: self.refused_size.get(),
            refused_hops: self.refused_hops.get(),
            refused_fenced: self.refused_fenced.get(),
            refused_no_slot: self.refused_no_slot.get(),
            ..PublisherCounts::default()
        };
        counts.published = self.published.get();
        counts
    }
}

/// Where the messages that were offered to a subscription ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SubscriptionCounts {
    /// Messages that publishers had for the subscription.
    pub offered: u64,
    /// Callback returned `Ok`.
    pub ok: u64,
    /// Callback returned an error.
    pub failed: u64,
    /// Callback panicked.
    pub panicked: u64,
    /// Callback missed its deadline.
    pub timed_out: u64,
    /// No room in the queue.
    pub overflow: u64,
    /// Refused by the callback's breaker.
    pub breaker_open: u64,
    /// Older than the lifespan when its turn came.
    pub expired: u64,
    /// Still queued when the subscription ended.
    pub discarded: u64,
    /// In the queue.
    pub queued: u64,
    /// In a callback that has not returned.
    pub running: u64,
    /// Messages that the node keeps beyond their callback. They are also counted by how the callback ended.
    pub kept: u64,
}

impl SubscriptionCounts {
    /// Messages that have ended in one way or another.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.ok
            + self.failed
            + self.panicked
            + self.timed_out
            + self.overflow
            + self.breaker_open
            + self.expired
            + self.discarded
    }

    /// Whether every message that was offered is accounted for. Meaningful when nothing is moving.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.offered == self.ended() + self.queued + self.running
    }
}

/// What became of a publisher's messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PublisherCounts {
    /// Calls of `publish`.
    pub published: u64,
    /// Messages that were offered to every subscription there was.
    pub accepted: u64,
    /// Larger than the topic allows.
    pub refused_size: u64,
    /// Part of a loop that nothing paces.
    pub refused_hops: u64,
    /// The node is not active, or was fenced.
    pub refused_fenced: u64,
    /// Every slot of the topic's pool was taken.
    pub refused_no_slot: u64,
}

impl PublisherCounts {
    /// Messages that were refused.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused_size + self.refused_hops + self.refused_fenced + self.refused_no_slot
    }

    /// Whether every published message was accepted or refused. Meaningful when nothing is moving.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.published == self.accepted + self.refused()
    }
}

/// All accounts of one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TopicCounts {
    /// By publishing node.
    pub publishers: Vec<(String, PublisherCounts)>,
    /// By receiving node and callback.
    pub subscriptions: Vec<(String, String, SubscriptionCounts)>,
    /// Slots of the pool that hold a message, and slots in all.
    pub slots: (usize, usize),
}

impl TopicCounts {
    /// The accounts that do not balance, in words.
    #[must_use]
    pub fn imbalances(&self) -> Vec<String> {
        let publishers =
            self.publishers.iter().filter(|(_, counts)| !counts.balances()).map(|(node, counts)| {
                format!(
                    "`{node}` published {}, of which {} were accepted and {} refused",
                    counts.published,
                    counts.accepted,
                    counts.refused()
                )
            });
        let subscriptions =
            self.subscriptions.iter().filter(|(_, _, counts)| !counts.balances()).map(|(node, callback, counts)| {
                format!(
                    "`{node}.{callback}` was offered {}, of which {} have ended, {} are queued and {} running",
                    counts.offered,
                    counts.ended(),
                    counts.queued,
                    counts.running
                )
            });
        publishers.chain(subscriptions).collect()
    }
}
