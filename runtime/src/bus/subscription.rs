//! From the lanes of a subscription to the callback.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use nevil_msgs::{Message, Qos};
use nevil_sys::mem::{Bell, Lane, Shared};
use nevil_sys::sync::atomic::{AtomicU32, Ordering};

use crate::bus::Wake;
use crate::bus::account::{SubscriptionAccount, SubscriptionTally};
use crate::bus::table::Tables;
use crate::bus::topic::TopicCore;
use crate::clock::Time;
use crate::error::drop_caught;
use crate::lineage::Lineage;

/// What the bus says about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 1 for the first message of this publisher in this incarnation; a gap means that messages were dropped.
    pub sequence: u64,
    /// When it was published.
    pub stamp: Time,
    /// Number of the publishing instance; `nevil node list` shows the names.
    pub source: u32,
    /// Incarnation of the publishing node.
    pub incarnation: u32,
    /// From which first event it descends.
    pub lineage: Lineage,
}

pub(crate) struct Envelope<T> {
    pub(crate) header: Header,
    /// Number of its publisher on the topic.
    pub(crate) publisher: u32,
    pub(crate) message: T,
}

/// The part of a subscription that publishers see.
pub(crate) struct SubscriptionSide {
    pub(crate) account: Arc<SubscriptionAccount>,
    /// Who is woken, and for which of its sources; `None`: a tap, which nobody wakes.
    pub(crate) wake: Option<(Arc<Wake>, usize)>,
    /// What holds for it. How many messages of a publisher it keeps now is not said here.
    pub(crate) qos: Qos,
    /// Places of one lane.
    pub(crate) places: u16,
    /// How many of them are used: 1 to all. Changed under the registration lock; publishers find it in their routes.
    pub(super) depth: AtomicU32,
}

impl SubscriptionSide {
    /// How many messages of each publisher the subscription keeps now.
    pub(super) fn depth(&self) -> u16 {
        // Relaxed: a number that nothing else is published by.
        u16::try_from(self.depth.load(Ordering::Relaxed)).unwrap_or(self.places)
    }
}

/// Where the messages of one publisher come in; under `latest`, those of all.
pub(crate) struct Inlet<T: Message> {
    pub(crate) lane: Arc<Lane<Envelope<T>>>,
    /// The bell of a publisher that may wait for room in the lane.
    pub(crate) room: Arc<Bell>,
}

/// What a subscription is handed when somebody comes or goes.
pub(crate) struct InletTable<T: Message> {
    pub(crate) inlets: Vec<Inlet<T>>,
    /// Latched values of publishers that were there before, which are still to be received, the next one last.
    pub(crate) replays: Vec<Shared<Envelope<T>>>,
    /// Publishers whose latched value was received, and its sequence, until a newer one comes from them.
    pub(crate) replayed: Vec<(u32, u64)>,
}

impl<T: Message> InletTable<T> {
    const fn new() -> Self {
        Self { inlets: Vec::new(), replays: Vec::new(), replayed: Vec::new() }
    }

    /// Takes over what of `old` was not done with; there is room for it.
    fn take_over(&mut self, old: &mut Self) {
        self.replays.append(&mut old.replays);
        self.replayed.append(&mut old.replayed);
    }
}

impl<T: Message> Clone for Inlet<T> {
    fn clone(&self) -> Self {
        Self { lane: Arc::clone(&self.lane), room: Arc::clone(&self.room) }
    }
}

/// The subscription as the topic holds it: weakly, so that dropping the [`Subscription`] ends it.
pub(crate) struct SubscriptionPort<T: Message> {
    pub(crate) topic: Arc<TopicCore<T>>,
    pub(crate) side: Arc<SubscriptionSide>,
    pub(crate) tally: Arc<SubscriptionTally>,
    pub(crate) tables: Tables<InletTable<T>>,
}

impl<T: Message> SubscriptionPort<T> {
    pub(crate) fn new(topic: Arc<TopicCore<T>>, side: Arc<SubscriptionSide>) -> Self {
        let tally = side.account.subscription();
        Self { topic, side, tally, tables: Tables::new() }
    }
}

/// A node's end of a topic from which it receives.
pub(crate) struct Subscription<T: Message> {
    port: Arc<SubscriptionPort<T>>,
    tally: Arc<SubscriptionTally>,
    /// The handle on `tally` that goes with each message and comes back.
    spare: Option<Arc<SubscriptionTally>>,
    table: InletTable<T>,
    /// The inlet that is served next, so that one publisher's flood starves no other.
    next: usize,
}

impl<T: Message> Subscription<T> {
    pub(crate) fn new(port: Arc<SubscriptionPort<T>>) -> Self {
        let tally = Arc::clone(&port.tally);
        Self { port, tally, spare: None, table: InletTable::new(), next: 0 }
    }

    pub(crate) fn topic(&self) -> &Arc<TopicCore<T>> {
        &self.port.topic
    }

    pub(crate) fn tally(&self) -> &Arc<SubscriptionTally> {
        &self.tally
    }

    /// Which source of its node it is; 0 for a tap.
    pub(crate) fn source(&self) -> usize {
        self.port.side.wake.as_ref().map_or(0, |(_, source)| *source)
    }

    /// What holds for it.
    pub(crate) fn qos(&self) -> &Qos {
        &self.port.side.qos
    }

    /// Messages that had no room.
    pub(crate) fn overflowed(&self) -> u64 {
        self.port.side.account.counts(|| 0).overflow
    }

    /// Whether a message is queued.
    pub(crate) fn has_message(&mut self) -> bool {
        self.refresh();
        !self.table.replays.is_empty() || self.table.inlets.iter().any(|inlet| !inlet.lane.is_empty())
    }

    /// Takes the next message, one inlet after the other; each publisher's order is kept, and what it has latched comes
    /// first.
    pub(crate) fn take(&mut self) -> Option<Received<T>> {
        self.refresh();
        if let Some(envelope) = self.table.replays.pop() {
            self.table.replayed.push((envelope.publisher, envelope.header.sequence));
            self.tally.replayed.add(1);
            return Some(self.received(envelope, Arrival::Replayed));
        }
        for _ in 0..self.table.inlets.len() {
            let at = self.next;
            self.next = if at + 1 < self.table.inlets.len() { at + 1 } else { 0 };
            while let Some(envelope) = self.table.inlets[at].lane.take() {
                if self.table.replayed.is_empty() || !self.was_replayed(&envelope) {
                    return Some(self.received(envelope, Arrival::Live));
                }
                self.tally.discarded.add(1);
                drop_caught(envelope);
            }
        }
        None
    }

    fn received(&mut self, envelope: Shared<Envelope<T>>, arrival: Arrival) -> Received<T> {
        let tally = self.spare.take().unwrap_or_else(|| Arc::clone(&self.tally));
        Received { envelope, tally, arrival }
    }

    /// Whether a message came as a latched value already: it was published while the subscription joined.
    fn was_replayed(&mut self, envelope: &Envelope<T>) -> bool {
        let replayed = &mut self.table.replayed;
        let Some(at) = replayed.iter().position(|(publisher, _)| *publisher == envelope.publisher) else {
            return false;
        };
        let was_replayed = envelope.header.sequence <= replayed[at].1;
        if !was_replayed {
            replayed.swap_remove(at);
        }
        was_replayed
    }

    /// Notes that the callback gets `received` now, which could be delivered again if it hung or panicked.
    pub(crate) fn hand_over(&self, received: &Received<T>) {
        if self.port.topic.qos.latched {
            self.tally.take_in_hand(received.envelope.publisher, received.header().sequence);
        }
    }

    /// Lets the message that the callback had last not be delivered again.
    pub(crate) fn poison(&self) {
        self.port.side.account.poison(&self.tally);
    }

    /// Takes back what went with `received`, and drops the rest of it.
    pub(crate) fn done(&mut self, received: Received<T>) {
        self.spare = Some(received.tally);
    }

    /// Tells publishers that wait that there is room, when half of it is free again: so they are woken once per batch.
    pub(crate) fn tell_room(&self) {
        for Inlet { lane, room } in &self.table.inlets {
            let has_half = || lane.len() <= usize::from(self.port.side.depth()) / 2;
            if room.is_sleeping() && lane.is_awaited() && has_half() {
                room.ring();
            }
        }
    }

    fn refresh(&mut self) {
        let next = &mut self.next;
        self.port.tables.exchange(&mut self.table, |new, old| {
            new.take_over(old);
            *next = 0;
        });
    }
}

impl<T: Message> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.port.topic.unsubscribe(&self.port);
    }
}

/// A message that has arrived, with its header. Reads like the message itself.
pub struct Received<T> {
    envelope: Shared<Envelope<T>>,
    tally: Arc<SubscriptionTally>,
    arrival: Arrival,
}

/// How a message came to its subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    Live,
    Replayed,
}

impl<T> Received<T> {
    /// Whether this is a latched value that was published before the subscription was there.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.arrival == Arrival::Replayed
    }

    /// What the bus says about the message.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.envelope.header
    }

    /// Keeps the message beyond the callback, without a copy. It holds a slot of the topic's pool until it is dropped,
    /// and is counted as `kept`; who keeps too many starves the topic's publishers. To keep a value, clone the value.
    #[must_use]
    pub fn keep(&self) -> Kept<T> {
        // Relaxed: a count for people to read.
        self.tally.kept.fetch_add(1, Ordering::Relaxed);
        Kept(Self { envelope: self.envelope.clone(), tally: Arc::clone(&self.tally), arrival: self.arrival })
    }
}

impl<T> Deref for Received<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.envelope.message
    }
}

impl<T: fmt::Debug> fmt::Debug for Received<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("header", self.header()).field("message", &**self).finish()
    }
}

/// A message that a node keeps beyond its callback.
#[derive(Debug)]
pub struct Kept<T>(Received<T>);

impl<T> Deref for Kept<T> {
    type Target = Received<T>;

    fn deref(&self) -> &Received<T> {
        &self.0
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        // Relaxed: a count for people to read.
        self.0.tally.kept.fetch_sub(1, Ordering::Relaxed);
    }
}
