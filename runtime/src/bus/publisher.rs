//! From `publish` to the lanes of the subscriptions.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::hint;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nevil_msgs::Message;
use nevil_sys::mem::{Bell, Claim, Latch, Pool, Shared, Sleep};

use crate::bus::account::PublisherTally;
use crate::bus::publish_error::{PublishError, PublishErrorKind};
use crate::bus::route::{Offered, Pace, Room, Route};
use crate::bus::subscription::{Envelope, Header};
use crate::bus::table::Tables;
use crate::bus::topic::TopicCore;
use crate::clock::Time;
use crate::error::drop_caught;
use crate::incarnation::Incarnation;
use crate::limits::{FLOOD_GAP, PUBLISH_WAIT_LOOK, PUBLISH_WAIT_SPIN};
use crate::lineage::{Lineage, LineageCell};

/// A node's end of a topic, on which it publishes. Belongs to one thread at a time.
pub struct Publisher<T: Message> {
    port: Arc<PublisherPort<T>>,
    tally: Arc<PublisherTally>,
    routes: RefCell<Vec<Route<T>>>,
    sequence: Cell<u64>,
    /// When the last message was published.
    published: Cell<Time>,
    /// Whether a receiver was woken for it.
    rang: Cell<bool>,
    /// The slot of the next message, claimed ahead: the search for it delays no message.
    slot: Cell<Option<Claim<Envelope<T>>>>,
    /// Where the search for slots begins.
    first: usize,
    /// Where the search for the next slot begins.
    near: Cell<usize>,
}

/// What the topic knows of a publisher.
pub(crate) struct PublisherPort<T: Message> {
    topic: Arc<TopicCore<T>>,
    incarnation: Arc<Incarnation>,
    lineage: Arc<LineageCell>,
    /// Its number among the publishers that the topic has ever had.
    number: u32,
    right: Right,
    /// Called with each message before it is offered, on the publisher's thread.
    on_publish: Option<OnPublish<T>>,
    /// Whether it neither is excluded nor has anything to call: one look on the way of a message.
    is_plain: bool,
    pub(crate) tables: Tables<Vec<Route<T>>>,
    /// Its last message, if the topic is latched.
    pub(crate) latch: OnceLock<Latch<Envelope<T>>>,
    /// Rung by subscriptions that have room again, while the publisher waits for that.
    pub(crate) room: Arc<Bell>,
}

/// What happens on the publisher's thread with each message of a topic. Gets the name of who publishes; neither waits nor
/// panics.
pub(crate) type OnPublish<T> = Arc<dyn Fn(&str, &T) + Send + Sync>;

/// From where a message descends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// From what the thread is doing now.
    Current,
    /// From nothing: it is a first event.
    Root,
}

/// By which right a publisher publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Its node has declared it.
    Declared,
    /// It is a tool's.
    Tool,
    /// It is a tool's, and the topic is exclusive to its node.
    Excluded,
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

impl Published {
    fn add<T: Message>(&mut self, route: &Route<T>, offered: Offered) {
        if route.side.wake.is_some() {
            self.offered += 1;
            self.overflowed += u32::from(offered.overflowed);
        }
    }
}

impl<T: Message> PublisherPort<T> {
    pub(crate) fn new(
        topic: Arc<TopicCore<T>>,
        incarnation: Arc<Incarnation>,
        lineage: Arc<LineageCell>,
        number: u32,
        right: Right,
    ) -> Self {
        let (tables, latch, room) = (Tables::new(), OnceLock::new(), Arc::default());
        let on_publish = topic.on_publish.clone();
        let is_plain = right != Right::Excluded && on_publish.is_none();
        Self { topic, incarnation, lineage, number, right, on_publish, is_plain, tables, latch, room }
    }

    /// Whether it belongs to this life of a node.
    pub(crate) fn is_of(&self, incarnation: &Arc<Incarnation>) -> bool {
        Arc::ptr_eq(&self.incarnation, incarnation)
    }

    pub(crate) fn is_of_a_tool(&self) -> bool {
        self.right != Right::Declared
    }
}

impl<T: Message> Drop for PublisherPort<T> {
    fn drop(&mut self) {
        drop_caught(self.latch.take());
    }
}

impl<T: Message> Publisher<T> {
    /// A publisher whose search for slots begins at slot `first`.
    pub(crate) fn new(port: Arc<PublisherPort<T>>, tally: Arc<PublisherTally>, first: usize) -> Self {
        let (sequence, published, rang) = (Cell::new(0), Cell::new(Time::ZERO), Cell::new(false));
        let (slot, near) = (Cell::new(None), Cell::new(first));
        Self { port, tally, routes: RefCell::default(), sequence, published, rang, slot, first, near }
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
        self.take_routes();
        self.publish_on_routes(cause, message)
    }

    /// The same on the routes as they were taken last.
    fn publish_on_routes(&self, cause: Cause, message: T) -> Result<Published, PublishError<T>> {
        let (port, tally) = (&*self.port, &*self.tally);
        tally.published.add(1);
        let refuse = |kind, message| Err(PublishError { topic: Arc::clone(&port.topic.name), kind, message });
        let (Ok(_pass), Some(pool)) = (port.incarnation.begin(), port.topic.pool()) else {
            // A callback that is late may still ask for a stop.
            if port.incarnation.call().is_judged() {
                port.on_publish.iter().for_each(|call| call(port.incarnation.instance(), &message));
            }
            tally.refused_fenced.add(1);
            return refuse(PublishErrorKind::Fenced, message);
        };
        if !port.is_plain {
            if port.right == Right::Excluded {
                tally.refused_exclusive.add(1);
                return refuse(PublishErrorKind::Exclusive, message);
            }
            // Before anything else can refuse the message: it asks for a stop, and only its delivery needs a place.
            port.on_publish.iter().for_each(|call| call(port.incarnation.instance(), &message));
        }
        let (bytes, max) = (message.size_bytes(), port.topic.qos.message_bytes_max);
        if bytes > max as usize {
            tally.refused_size.add(1);
            return refuse(PublishErrorKind::TooLarge { bytes, max }, message);
        }
        let stamp = port.topic.clock.now();
        let lineage = match cause {
            Cause::Current if !port.topic.qos.feedback => port.lineage.get(),
            Cause::Current | Cause::Root => Lineage::begin(stamp, port.incarnation.source()),
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
        // Before the message is offered: a message that loses its place to it may publish from its `Drop`.
        self.sequence.set(header.sequence);
        match self.offer(pool, Envelope { header, publisher: port.number, message }) {
            Ok(published) => {
                tally.accepted.add(1);
                tally.last_ns.set(stamp.as_ns());
                Ok(published)
            }
            Err(message) => {
                // Nothing was offered, so that nobody has published meanwhile.
                self.sequence.set(header.sequence - 1);
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
        // On the routes that were looked at: a depth that is lowered at this moment holds from the next message on.
        self.publish_on_routes(cause, message)
    }

    fn has_room(&self, room: Room) -> bool {
        self.routes.borrow().iter().all(|route| route.has_room(room))
    }

    /// Waits until half of every queue is free, at most `within`; how long it has waited. Half, and not a place: a
    /// publisher that follows a subscription from place to place holds both up.
    fn wait_for_room(&self, within: Duration) -> Duration {
        let (clock, cancel) = (&self.port.topic.clock, self.port.incarnation.cancel());
        let began = clock.now();
        if clock.is_simulated() {
            return Duration::ZERO;
        }
        let (until, spin_until) = (began + within, began + within.min(PUBLISH_WAIT_SPIN));
        // Who dozes has enough to do now. Then others need the core more than a look that cannot find anything yet.
        let mut spins = self.routes.borrow().iter().filter(|route| route.rouse()).count() == 0;
        loop {
            self.take_routes();
            let now = clock.now();
            let (routes, room) = (self.routes.borrow(), &self.port.room);
            let Some(full) = routes.iter().find(|route| !route.has_room(Room::Half)) else {
                return now.since(began);
            };
            if now >= until || cancel.is_cancelled() {
                return now.since(began);
            }
            if spins && now < spin_until {
                hint::spin_loop();
                continue;
            }
            spins = false;
            // In pieces, because nobody wakes it when the node is to stop.
            let look = until.min(now + PUBLISH_WAIT_LOOK);
            full.lane.set_awaited(true);
            room.sleep_unless(|| full.has_room(Room::Half), Sleep::Sound, Some(look.as_ns()));
            full.lane.set_awaited(false);
        }
    }

    /// The topic's name.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.port.topic.name
    }

    /// Puts the message into a slot and offers it to every route; gives it back if there is no slot.
    fn offer(&self, pool: &Pool<Envelope<T>>, envelope: Envelope<T>) -> Result<Published, T> {
        let latch = self.port.latch.get();
        if latch.is_none() && self.routes.borrow().is_empty() {
            // Nobody would hold the message.
            return Ok(Published::default());
        }
        let stamp = envelope.header.stamp;
        let pace =
            if stamp.since(self.published.replace(stamp)) < FLOOD_GAP { Pace::Flood } else { Pace::Single };
        let Some(slot) = self.slot.take().or_else(|| self.claim(pool)) else { return Err(envelope.message) };
        let published = match latch {
            None => self.offer_to_routes(slot, envelope, pace),
            Some(latch) => self.latch_and_offer(latch, slot.fill(envelope), pace),
        };
        if self.rang.take() {
            // Waking takes longer than a message: the gap to the next one is counted from here.
            self.published.set(self.port.topic.clock.now());
        }
        if pace == Pace::Single {
            // The few slots that a slow topic uses stay in the caches. In a flood it is better to go round: the slots behind
            // are free again, and those that are not would have to be looked at one by one.
            self.near.set(self.first);
        }
        self.slot.set(self.claim(pool));
        Ok(published)
    }

    fn offer_to_routes(&self, slot: Claim<Envelope<T>>, envelope: Envelope<T>, pace: Pace) -> Published {
        let (routes, mut published) = (self.routes.borrow(), Published::default());
        // A topic has fewer routes than slots, whose numbers have 16 bits.
        let mut shares = slot.fill_for(envelope, u16::try_from(routes.len()).unwrap_or(u16::MAX));
        for route in routes.iter() {
            let Some(item) = shares.take() else { break };
            let offered = route.offer(item, pace);
            self.rang.set(self.rang.get() | offered.rang);
            published.add(route, offered);
        }
        published
    }

    fn latch_and_offer(
        &self,
        latch: &Latch<Envelope<T>>,
        item: Shared<Envelope<T>>,
        pace: Pace,
    ) -> Published {
        let before = latch.set(item.clone());
        // Once more: who joined before it could see this value there is in the table by now.
        self.take_routes();
        let (routes, mut published) = (self.routes.borrow(), Published::default());
        for route in routes.iter() {
            let offered = route.offer(item.clone(), pace);
            self.rang.set(self.rang.get() | offered.rang);
            published.add(route, offered);
        }
        drop_caught(before);
        published
    }

    fn claim(&self, pool: &Pool<Envelope<T>>) -> Option<Claim<Envelope<T>>> {
        let claim = pool.claim(self.near.get())?;
        self.near.set(claim.index() + 1);
        Some(claim)
    }

    fn take_routes(&self) {
        // It is borrowed if a message that loses its place publishes from its own `Drop`: then the next publish takes it.
        if let Ok(mut current) = self.routes.try_borrow_mut() {
            self.port.tables.exchange(&mut current, |_, _| {});
        }
    }
}

impl<T: Message> fmt::Debug for Publisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("topic", &self.topic()).finish_non_exhaustive()
    }
}
