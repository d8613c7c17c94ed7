//! The counters of the bus as plain values, and whether they balance. What they mean: `account`.

use nevil_sys::sync::atomic::Ordering;
use serde::Serialize;

use crate::bus::account::{PublisherTally, RouteTally, SubscriptionTally};
use crate::bus::latency::LatencyCounts;

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
    /// Latched values among the offered messages, which were published before the subscription came.
    pub replayed: u64,
    /// Times that nothing came for as long as the topic's deadline.
    pub silences: u64,
    /// Time from `publish` to the callback.
    pub latency: LatencyCounts,
    /// Messages that the node keeps beyond their callback. They are also counted by how the callback ended.
    pub kept: u64,
}

impl SubscriptionCounts {
    pub(super) fn add_ends_of_route(&mut self, route: &RouteTally) {
        self.overflow += route.overflow.get();
        self.discarded += route.discarded.get();
    }

    pub(super) fn add_ends(&mut self, tally: &SubscriptionTally) {
        self.ok += tally.ok.get();
        self.failed += tally.failed.get();
        self.panicked += tally.panicked.get();
        self.timed_out += tally.timed_out.get();
        self.breaker_open += tally.breaker_open.get();
        self.replayed += tally.replayed.get();
        self.silences += tally.silences.get();
        self.expired += tally.expired.get();
        self.discarded += tally.discarded.get();
        // Relaxed: a count for people to read.
        self.kept += tally.kept.load(Ordering::Relaxed);
    }

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
    /// The topic belongs to another publisher.
    pub refused_exclusive: u64,
    /// A subscription had no room for as long as the publisher waited.
    pub refused_no_room: u64,
    /// Every slot of the topic's pool was taken.
    pub refused_no_slot: u64,
}

impl PublisherCounts {
    #[inline]
    pub(super) fn add(&mut self, tally: &PublisherTally) {
        self.accepted += tally.accepted.get();
        self.refused_size += tally.refused_size.get();
        self.refused_hops += tally.refused_hops.get();
        self.refused_fenced += tally.refused_fenced.get();
        self.refused_exclusive += tally.refused_exclusive.get();
        self.refused_no_room += tally.refused_no_room.get();
        self.refused_no_slot += tally.refused_no_slot.get();
        self.published += tally.published.get();
    }

    /// Messages that were refused.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused_size
            + self.refused_hops
            + self.refused_fenced
            + self.refused_exclusive
            + self.refused_no_room
            + self.refused_no_slot
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
