//! From `publish` to the lanes of the subscriptions.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::hint;
use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{Message, Overflow};
use nevil_sys::mem::{Bell, Claim, Handover, Lane, Pool, Pushed, Shared};

use crate::bus::account::{PublisherTally, RouteTally};
use crate::bus::subscription::{Envelope, Header, SubscriptionSide};
use crate::bus::topic::TopicCore;
use crate::incarnation::Incarnation;
use crate::limits::{PUBLISH_WAIT_LOOK, PUBLISH_WAIT_SPIN};
use crate::lineage::{Lineage, LineageCell};

/// A node's end of a topic, on which it publishes. Belongs to one thread at a time.
pub struct Publisher<T: Message> {
    port: Arc<PublisherPort<T>>,
    tally: Arc<PublisherTally>,
    routes: RefCell<Vec<Route<T>>>,
    sequence: Cell<u64>,
    /// The slot of the next message, claimed ahead: the search for it delays no message.
    slot: Cell<Option<Claim<Envelope<T>>>>,
    /// Where the search for the next slot begins.
    near: Cell<usize>,
}

/// What the topic knows of a publisher.
pub(crate) struct PublisherPort<T: Message> {
    topic: Arc<TopicCore<T>>,
    incarnation: Arc<Incarnation>,
    lineage: Arc<LineageCell>,
    pub(crate) incoming: Handover<Vec<Route<T>>>,
    /// Rung by subscriptions that have room again, while the publisher waits for that.
    pub(crate) room: Arc<Bell>,
}

/// The way from one publisher to one subscription.
pub(crate) struct Route<T: Message> {
    pub(crate) lane: Arc<Lane<Envelope<T>>>,
    pub(crate) side: Arc<SubscriptionSide>,
    pub(crate) tally: Arc<RouteTally>,
}

impl<T: Message> Clone for Route<T> {
    fn clone(&self) -> Self {
        let (lane, side, tally) = (Arc::clone(&self.lane), Arc::clone(&self.side), Arc::clone(&self.tally));
        Self { lane, side, tally }
    }
}

/// From where a message descends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// From what the thread is doing now.
    Current,
    /// From nothing: it is a first event.
    Root,
}

/// How much room a publisher waits for in a queue.
#[derive(Clone, Copy, Debug)]
enum Room {
    One,
    Half,
}

/// A message was offered to every subscription that there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// Subscriptions of nodes that it was offered to.
    pub offered: u32,
    /// Subscriptions among them that had no room: there this message, or an older one in its favour, was dropped and
    /// counted as `overflow`.
    pub overflowed: u32,
}

impl<T: Message> PublisherPort<T> {
    pub(crate) fn new(
        topic: Arc<TopicCore<T>>,
        incarnation: Arc<Incarnation>,
        lineage: Arc<LineageCell>,
    ) -> Self {
        Self { topic, incarnation, lineage, incoming: Handover::new(), room: Arc::default() }
    }

    pub(crate) fn is_of(&self, instance: &str) -> bool {
        **self.incarnation.instance() == *instance
    }
}

impl<T: Message> Publisher<T> {
    /// A publisher whose search for slots begins at slot `near`.
    pub(crate) fn new(port: Arc<PublisherPort<T>>, tally: Arc<PublisherTally>, near: usize) -> Self {
        let (sequence, slot, near) = (Cell::new(0), Cell::new(None), Cell::new(near));
        Self { port, tally, routes: RefCell::default(), sequence, slot, near }
    }

    /// Offers `message` to every subscription of the topic. Never blocks, never panics, copies and allocates nothing.
    ///
    /// A full subscription follows its overflow rule, and says so in the returned [`Published`].
    ///
    /// # Errors
    ///
    /// The message and why it was refused: it is too large, the node is not active or was fenced, it is part of a loop
    /// that nothing paces, or every slot of the topic is taken. Each is counted.
    pub fn publish(&self, message: T) -> Result<Published, PublishError<T>> {
        self.publish_as(Cause::Current, message)
    }

    /// The same for a message that is the first of its lineage, or goes on with the one of the callback that runs.
    pub(crate) fn publish_as(&self, cause: Cause, message: T) -> Result<Published, PublishError<T>> {
        let (port, tally) = (&*self.port, &*self.tally);
        tally.published.add(1);
        let refuse = |kind, message| Err(PublishError { topic: Arc::clone(&port.topic.name), kind, message });
        let (Ok(_pass), Some(pool)) = (port.incarnation.begin(), port.topic.pool()) else {
            tally.refused_fenced.add(1);
            return refuse(PublishErrorKind::Fenced, message);
        };
        let (bytes, max) = (message.size_bytes(), port.topic.qos.message_bytes_max);
        if bytes > max as usize {
            tally.refused_size.add(1);
            return refuse(PublishErrorKind::TooLarge { bytes, max }, message);
        }
        let stamp = port.topic.clock.now();
        let lineage = match cause {
            Cause::Current => port.lineage.get(),
            Cause::Root => Lineage::begin(stamp, port.incarnation.source()),
        };
        if lineage.is_runaway(stamp) {
            tally.refused_hops.add(1);
            return refuse(PublishErrorKind::Runaway { hops: lineage.hops }, message);
        }
        let header = Header {
            sequence: self.sequence.get() + 1,
            stamp,
            source: port.incarnation.source(),
            incarnation: port.incarnation.number(),
            lineage,
        };
        match self.offer(pool, Envelope { header, message }) {
            Ok(published) => {
                self.sequence.set(header.sequence);
                tally.accepted.add(1);
                Ok(published)
            }
            Err(message) => {
                tally.refused_no_slot.add(1);
                refuse(PublishErrorKind::NoSlot { slots: pool.capacity() }, message)
            }
        }
    }

    /// Publishes `message` when every subscription of a node has room for it, waiting at most `within` for that. Nothing is
    /// dropped then, however slow a subscription is; so it paces the publisher. For the threads of drivers and tools.
    ///
    /// Under a simulated clock it waits for nothing: time goes on between the steps of a driver, not within one.
    ///
    /// # Errors
    ///
    /// As for [`Self::publish`]; and [`PublishErrorKind::NoRoom`] if the time has passed or the node is to stop.
    pub(crate) fn publish_within(
        &self,
        cause: Cause,
        message: T,
        within: Duration,
    ) -> Result<Published, PublishError<T>> {
        self.take_routes();
        if !self.has_room(Room::One) {
            let waited = self.wait_for_room(within);
            if !self.has_room(Room::One) {
                self.tally.published.add(1);
                self.tally.refused_no_room.add(1);
                let (topic, kind) = (Arc::clone(&self.port.topic.name), PublishErrorKind::NoRoom { waited });
                return Err(PublishError { topic, kind, message });
            }
        }
        self.publish_as(cause, message)
    }

    fn has_room(&self, room: Room) -> bool {
        self.routes.borrow().iter().all(|route| route.has_room(room))
    }

    /// Waits until half of every queue is free, at most `within`; how long it has waited. Half, and not a place: a
    /// publisher that follows a subscription from place to place holds both up.
    fn wait_for_room(&self, within: Duration) -> Duration {
        let (clock, cancel) = (&self.port.topic.clock, self.port.incarnation.cancel());
        let began = clock.now();
        let (until, spin_until) = (began + within, began + within.min(PUBLISH_WAIT_SPIN));
        if clock.is_simulated() {
            return Duration::ZERO;
        }
        loop {
            self.take_routes();
            let now = clock.now();
            if self.has_room(Room::Half) || now >= until || cancel.is_cancelled() {
                return now.since(began);
            }
            if now < spin_until {
                hint::spin_loop();
                continue;
            }
            // In pieces, because nobody wakes it when the node is to stop.
            let look = until.min(now + PUBLISH_WAIT_LOOK);
            self.port.room.sleep_unless(|| self.has_room(Room::Half), Some(look.as_ns()));
        }
    }

    /// The topic's name.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.port.topic.name
    }

    /// Puts the message into a slot and offers it to every route; gives it back if there is no slot.
    fn offer(&self, pool: &Pool<Envelope<T>>, envelope: Envelope<T>) -> Result<Published, T> {
        self.take_routes();
        let routes = self.routes.borrow();
        let mut published = Published::default();
        // Bounded by the slots that the subscriptions have; without any, nobody would hold the message.
        let Ok(refs @ 1..) = u16::try_from(routes.len()) else { return Ok(published) };
        let Some(slot) = self.slot.take().or_else(|| self.claim(pool)) else { return Err(envelope.message) };
        let mut shares = slot.fill_for(envelope, refs);
        for route in routes.iter() {
            let Some(item) = shares.take() else { break };
            let overflowed = route.offer(item);
            if route.side.wake.is_some() {
                published.offered += 1;
                published.overflowed += u32::from(overflowed);
            }
        }
        self.slot.set(self.claim(pool));
        Ok(published)
    }

    fn claim(&self, pool: &Pool<Envelope<T>>) -> Option<Claim<Envelope<T>>> {
        let claim = pool.claim(self.near.get())?;
        self.near.set(claim.index() + 1);
        Some(claim)
    }

    fn take_routes(&self) {
        if let Some(routes) = self.port.incoming.take()
            && let Ok(mut current) = self.routes.try_borrow_mut()
        {
            *current = *routes;
        }
    }
}

impl<T: Message> Route<T> {
    /// Whether so many messages more would make no other lose its place. Tools are not waited for.
    fn has_room(&self, room: Room) -> bool {
        let messages = match room {
            Room::One => 1,
            Room::Half => self.lane.places().div_ceil(2),
        };
        self.side.wake.is_none() || self.side.overflow == Overflow::Latest || self.lane.has_room(messages)
    }

    /// Queues `item`; whether a message was dropped for lack of room.
    fn offer(&self, item: Shared<Envelope<T>>) -> bool {
        self.tally.offered.add(1);
        let pushed = match self.side.overflow {
            Overflow::DropOldest => self.lane.push_displacing(item),
            Overflow::DropNewest => self.lane.push_if_room(item),
            Overflow::Latest => self.lane.push_among_others(item),
        };
        let overflowed = !matches!(pushed, Pushed::Queued);
        if overflowed {
            self.tally.overflow.add(1);
        }
        // The subscription may have ended between the look at the table and the push: what it cannot see any more is
        // swept here, and counted.
        if self.lane.is_closed() {
            self.tally.discarded.add(self.lane.sweep().count() as u64);
        }
        if let Some((wake, source)) = &self.side.wake {
            wake.announce(*source);
        }
        // The message that lost its place is dropped last: it may be the user's code that does it.
        drop(pushed);
        overflowed
    }
}

impl<T: Message> fmt::Debug for Publisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("topic", &self.topic()).finish_non_exhaustive()
    }
}

/// A message that was refused, and why.
pub struct PublishError<T> {
    /// The message.
    pub message: T,
    /// Why it was refused.
    pub kind: PublishErrorKind,
    topic: Arc<str>,
}

/// Why a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishErrorKind {
    /// Larger than the topic allows.
    TooLarge {
        /// Its size, heap included.
        bytes: usize,
        /// Most bytes that the topic allows.
        max: u32,
    },
    /// The node is not active, or was replaced.
    Fenced,
    /// More hops within a second than any paced chain has.
    Runaway {
        /// Messages since the first event of its lineage.
        hops: u32,
    },
    /// A subscription had no room for as long as the publisher wanted to wait.
    NoRoom {
        /// How long it has waited.
        waited: Duration,
    },
    /// Every slot of the topic's pool is taken.
    NoSlot {
        /// Slots of the pool.
        slots: usize,
    },
}

impl<T> fmt::Display for PublishError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message on `{}` ", self.topic)?;
        match self.kind {
            PublishErrorKind::TooLarge { bytes, max } => write!(
                f,
                "is too large ({bytes} bytes), at most {max} are allowed; put the data in a ring and publish its block"
            ),
            PublishErrorKind::Fenced => f.write_str(
                "was refused because its node is not active; publish from callbacks, not from `configure`",
            ),
            PublishErrorKind::Runaway { hops } => write!(
                f,
                "is the {hops}th within a second of one event: a loop of topics that nothing paces; break it or pace it by a timer"
            ),
            PublishErrorKind::NoRoom { waited } => write!(
                f,
                "found no room within {waited:?}; a subscription is slower than its publisher (`nevil status`)"
            ),
            PublishErrorKind::NoSlot { slots } => write!(
                f,
                "found none of {slots} slots free; a callback that hangs or keeps messages holds them (`nevil status`)"
            ),
        }
    }
}

impl<T> fmt::Debug for PublishError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublishError({self})")
    }
}

impl<T> Error for PublishError<T> {}
