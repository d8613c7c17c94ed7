//! The counters of the bus: where each message ended.
//!
//! ```text
//!  publisher     published = accepted + refused(size, hops, fenced, no_room, no_slot)
//!  subscription  offered   = ok + failed + panicked + timed_out + overflow + breaker_open + expired + discarded
//!                            + queued + running
//! ```
//! Both are exact when nothing is moving. A live snapshot reads the ends first, then what is running, then the queue,
//! then `offered`; as a message only moves from right to left of that list, the snapshot always shows
//! `offered >= ends + running + queued` (and `published >= accepted + refused`), never less.
//!
//! A count on the way of a message has one writer: each publisher, each route and each subscription has a **tally** of its
//! own, so that counting shares no line of memory (of 64 bytes, or 128 where lines are fetched in pairs). An **account** is what belongs to (topic, node, callback) over all
//! incarnations: the tallies that are in use, and the sum of those that are not any more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// A count with one writer at a time.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(crate) fn add(&self, more: u64) {
        // Relaxed: what this thread wrote last. Release, with the Acquire in `get`: who sees this count sees the counts of
        // the steps before it, which is what the inequality of a live snapshot rests on.
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(more), Ordering::Release);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    #[inline]
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

/// What the thread of one subscription counts.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct SubscriptionTally {
    pub(crate) expired: Count,
    pub(crate) discarded: Count,
    /// Written by whoever keeps messages, or gives them up.
    pub(crate) kept: AtomicU64,
    ok: Count,
    failed: Count,
    panicked: Count,
    timed_out: Count,
    breaker_open: Count,
    running: Count,
}

impl SubscriptionTally {
    #[inline]
    pub(crate) fn begin(&self) {
        self.running.set(1);
    }

    #[inline]
    pub(crate) fn end(&self, outcome: Outcome) {
        // In this order, so that a snapshot may miss the message for a moment but never counts it twice.
        self.running.set(0);
        match outcome {
            Outcome::Ok => self.ok.add(1),
            Outcome::Failed => self.failed.add(1),
            Outcome::Panicked => self.panicked.add(1),
        }
    }
}

/// What a publisher counts for one of its routes.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct RouteTally {
    pub(crate) offered: Count,
    pub(crate) overflow: Count,
    /// Swept by the publisher, because the subscription ended while it pushed.
    pub(crate) discarded: Count,
}

/// The account of one (topic, node, callback), over all incarnations of the node.
#[derive(Debug, Default)]
pub(crate) struct SubscriptionAccount(Mutex<SubscriptionParts>);

#[derive(Debug, Default)]
struct SubscriptionParts {
    before: SubscriptionCounts,
    subscriptions: Vec<Arc<SubscriptionTally>>,
    routes: Vec<Arc<RouteTally>>,
}

impl SubscriptionAccount {
    /// A tally for a new subscription.
    pub(crate) fn subscription(&self) -> Arc<SubscriptionTally> {
        let mut parts = lock(&self.0);
        parts.settle();
        parts.subscriptions.push(Arc::default());
        Arc::clone(&parts.subscriptions[parts.subscriptions.len() - 1])
    }

    /// A tally for a new route to the subscription.
    pub(crate) fn route(&self) -> Arc<RouteTally> {
        let mut parts = lock(&self.0);
        parts.settle();
        parts.routes.push(Arc::default());
        Arc::clone(&parts.routes[parts.routes.len() - 1])
    }

    /// The counters now; `queued` is read between the ends and `offered`.
    pub(crate) fn counts(&self, queued: impl FnOnce() -> u64) -> SubscriptionCounts {
        let parts = lock(&self.0);
        let mut counts = parts.before.clone();
        parts.routes.iter().for_each(|route| counts.add_ends_of_route(route));
        parts.subscriptions.iter().for_each(|tally| counts.add_ends(tally));
        counts.running += parts.subscriptions.iter().map(|tally| tally.running.get()).sum::<u64>();
        counts.queued = queued();
        counts.offered += parts.routes.iter().map(|route| route.offered.get()).sum::<u64>();
        counts
    }
}

impl SubscriptionParts {
    /// Adds up what nobody writes any more.
    fn settle(&mut self) {
        // Only this list has them left: nobody can come to hold one again.
        let before = &mut self.before;
        for route in self.routes.extract_if(.., |route| Arc::get_mut(route).is_some()) {
            before.add_ends_of_route(&route);
            before.offered += route.offered.get();
        }
        for tally in self.subscriptions.extract_if(.., |tally| Arc::get_mut(tally).is_some()) {
            before.add_ends(&tally);
        }
    }
}

/// What one publisher counts.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct PublisherTally {
    pub(crate) published: Count,
    pub(crate) accepted: Count,
    pub(crate) refused_size: Count,
    pub(crate) refused_hops: Count,
    pub(crate) refused_fenced: Count,
    pub(crate) refused_no_room: Count,
    pub(crate) refused_no_slot: Count,
}

/// The account of one (topic, node) on the publishing side, over all incarnations of the node.
#[derive(Debug, Default)]
pub(crate) struct PublisherAccount(Mutex<PublisherParts>);

#[derive(Debug, Default)]
struct PublisherParts {
    before: PublisherCounts,
    publishers: Vec<Arc<PublisherTally>>,
}

impl PublisherAccount {
    /// A tally for a new publisher.
    pub(crate) fn publisher(&self) -> Arc<PublisherTally> {
        let mut parts = lock(&self.0);
        let PublisherParts { before, publishers } = &mut *parts;
        // Only this list has them left: nobody writes them any more.
        for tally in publishers.extract_if(.., |tally| Arc::get_mut(tally).is_some()) {
            before.add(&tally);
        }
        publishers.push(Arc::default());
        Arc::clone(&publishers[publishers.len() - 1])
    }

    pub(crate) fn counts(&self) -> PublisherCounts {
        let parts = lock(&self.0);
        let mut counts = parts.before.clone();
        parts.publishers.iter().for_each(|tally| counts.add(tally));
        counts
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Adding up has no step that panics half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn add_ends_of_route(&mut self, route: &RouteTally) {
        self.overflow += route.overflow.get();
        self.discarded += route.discarded.get();
    }

    fn add_ends(&mut self, tally: &SubscriptionTally) {
        self.ok += tally.ok.get();
        self.failed += tally.failed.get();
        self.panicked += tally.panicked.get();
        self.timed_out += tally.timed_out.get();
        self.breaker_open += tally.breaker_open.get();
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
    /// A subscription had no room for as long as the publisher waited.
    pub refused_no_room: u64,
    /// Every slot of the topic's pool was taken.
    pub refused_no_slot: u64,
}

impl PublisherCounts {
    #[inline]
    fn add(&mut self, tally: &PublisherTally) {
        self.accepted += tally.accepted.get();
        self.refused_size += tally.refused_size.get();
        self.refused_hops += tally.refused_hops.get();
        self.refused_fenced += tally.refused_fenced.get();
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
