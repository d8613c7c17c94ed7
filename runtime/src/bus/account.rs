//! The counters of the bus: where each message ended.
//!
//! ```text
//!  publisher     published = accepted + refused(size, hops, fenced, exclusive, no_room, no_slot)
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

use std::sync::{Arc, PoisonError};

use nevil_sys::mem::Count;
use nevil_sys::sync::atomic::AtomicU64;
use nevil_sys::sync::{Mutex, MutexGuard};

use crate::bus::counts::{PublisherCounts, SubscriptionCounts};
use crate::bus::latency::{Latencies, LatencySum};
use crate::clock::Time;

/// How one call of a callback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Failed,
    Panicked,
    /// The deadline passed before it returned.
    TimedOut,
    /// The callback was not called, because its breaker is open.
    BreakerOpen,
    /// The call was given up while it ran, and whoever did so has accounted for the message.
    Abandoned,
}

/// What the thread of one subscription counts.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct SubscriptionTally {
    /// Latched values that were given to a subscription that came later; they are offered and taken in one step.
    pub(crate) replayed: Count,
    pub(crate) expired: Count,
    pub(crate) silences: Count,
    pub(crate) latencies: Latencies,
    pub(crate) discarded: Count,
    /// Written by whoever keeps messages, or gives them up.
    pub(crate) kept: AtomicU64,
    pub(super) ok: Count,
    pub(super) failed: Count,
    pub(super) panicked: Count,
    pub(super) timed_out: Count,
    pub(super) breaker_open: Count,
    running: Count,
    /// The message in the callback's hand, on latched topics: the number of its publisher, and its own.
    in_hand: (Count, Count),
}

/// Latched messages that are not delivered to a callback again, because it hung or panicked with them; one for each
/// publisher is all that there can be, and more of them forget the oldest.
const POISON_MAX: usize = 8;

impl SubscriptionTally {
    #[inline]
    pub(crate) fn begin(&self) {
        self.running.set(1);
    }

    #[inline]
    pub(crate) fn end(&self, outcome: Outcome) {
        if outcome == Outcome::Abandoned {
            return;
        }
        // In this order, so that a snapshot may miss the message for a moment but never counts it twice.
        self.running.set(0);
        match outcome {
            Outcome::Ok => self.ok.add(1),
            Outcome::Failed => self.failed.add(1),
            Outcome::Panicked => self.panicked.add(1),
            Outcome::TimedOut => self.timed_out.add(1),
            Outcome::BreakerOpen => self.breaker_open.add(1),
            Outcome::Abandoned => {}
        }
    }

    /// Notes which message is in the callback's hand: message `sequence` of the publisher with this number.
    pub(crate) fn take_in_hand(&self, publisher: u32, sequence: u64) {
        self.in_hand.0.set(publisher.into());
        self.in_hand.1.set(sequence);
    }

    /// The message that was in the callback's hand last, if it is one that can come again.
    fn in_hand(&self) -> Option<(u32, u64)> {
        let sequence = Some(self.in_hand.1.get()).filter(|sequence| *sequence > 0)?;
        Some((u32::try_from(self.in_hand.0.get()).ok()?, sequence))
    }

    /// Accounts for the message in the hand of a callback that was given up. For whoever did so: the thread of the
    /// subscription touches its tally no more.
    fn give_up(&self) -> bool {
        let ran = self.running.get() > 0;
        if ran {
            self.running.set(0);
            self.timed_out.add(1);
        }
        ran
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
    latencies_before: LatencySum,
    subscriptions: Vec<Arc<SubscriptionTally>>,
    routes: Vec<Arc<RouteTally>>,
    /// Messages that are not delivered again: number of the publisher, and of the message.
    poison: Vec<(u32, u64)>,
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

    /// Accounts for the message in the hand of a callback that was given up, and lets it not be delivered again.
    pub(crate) fn give_up(&self, tally: &SubscriptionTally) {
        if tally.give_up() {
            self.poison(tally);
        }
    }

    /// Lets the message that is in the callback's hand not be delivered again.
    pub(crate) fn poison(&self, tally: &SubscriptionTally) {
        let Some(message) = tally.in_hand() else { return };
        let poison = &mut lock(&self.0).poison;
        poison.retain(|known| known.0 != message.0);
        if poison.len() == POISON_MAX {
            poison.remove(0);
        }
        poison.push(message);
    }

    /// Whether message `sequence` of the publisher with this number is not to be delivered again.
    pub(crate) fn is_poison(&self, publisher: u32, sequence: u64) -> bool {
        lock(&self.0).poison.contains(&(publisher, sequence))
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
        counts.offered += parts.subscriptions.iter().map(|tally| tally.replayed.get()).sum::<u64>();
        let mut latencies = parts.latencies_before.clone();
        parts.subscriptions.iter().for_each(|tally| latencies.add(&tally.latencies));
        counts.latency = latencies.counts();
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
            before.offered += tally.replayed.get();
            self.latencies_before.add(&tally.latencies);
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
    pub(crate) refused_exclusive: Count,
    pub(crate) refused_no_room: Count,
    pub(crate) refused_no_slot: Count,
    /// When the last message was accepted, in ns; 0: none was.
    pub(crate) last_ns: Count,
}

/// The account of one (topic, node) on the publishing side, over all incarnations of the node.
#[derive(Debug, Default)]
pub(crate) struct PublisherAccount(Mutex<PublisherParts>);

#[derive(Debug, Default)]
struct PublisherParts {
    before: PublisherCounts,
    last_ns_before: u64,
    publishers: Vec<Arc<PublisherTally>>,
}

impl PublisherAccount {
    /// A tally for a new publisher.
    pub(crate) fn publisher(&self) -> Arc<PublisherTally> {
        let mut parts = lock(&self.0);
        let PublisherParts { before, last_ns_before, publishers } = &mut *parts;
        // Only this list has them left: nobody writes them any more.
        for tally in publishers.extract_if(.., |tally| Arc::get_mut(tally).is_some()) {
            before.add(&tally);
            *last_ns_before = tally.last_ns.get().max(*last_ns_before);
        }
        publishers.push(Arc::default());
        Arc::clone(&publishers[publishers.len() - 1])
    }

    /// When the last message was accepted; `None`: none was.
    pub(crate) fn last(&self) -> Option<Time> {
        let parts = lock(&self.0);
        let last =
            parts.publishers.iter().map(|tally| tally.last_ns.get()).fold(parts.last_ns_before, u64::max);
        (last > 0).then(|| Time::from_ns(last))
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
