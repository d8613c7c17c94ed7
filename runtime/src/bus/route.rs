//! The way from one publisher to one subscription.

use std::sync::Arc;

use nevil_msgs::{Message, Overflow};
use nevil_sys::mem::{Lane, Pushed, Shared};

use crate::bus::account::RouteTally;
use crate::bus::subscription::{Envelope, SubscriptionSide};
use crate::error::drop_caught;

/// The way from one publisher to one subscription.
pub(crate) struct Route<T: Message> {
    pub(crate) lane: Arc<Lane<Envelope<T>>>,
    pub(crate) side: Arc<SubscriptionSide>,
    tally: Arc<RouteTally>,
    filling: Filling,
    /// How many messages the lane may keep.
    depth: u16,
    /// Places of the lane that are not used: the others are as many as the depth.
    spare: u16,
}

/// How a lane is filled: the rule for a full one, and whether all of its places are used. So a lane that is used as it was
/// planned costs nothing for that another may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filling {
    DropOldest,
    DropNewest,
    Latest,
    ShortDropOldest,
    ShortDropNewest,
}

impl<T: Message> Clone for Route<T> {
    fn clone(&self) -> Self {
        let (lane, side, tally) = (Arc::clone(&self.lane), Arc::clone(&self.side), Arc::clone(&self.tally));
        Self { lane, side, tally, ..*self }
    }
}

/// How close the messages of a publisher follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    Single,
    Flood,
}

/// How much room a publisher waits for in a queue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Room {
    One,
    Half,
}

/// What became of a message on one route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offered {
    /// Whether a message was dropped for lack of room.
    pub(super) overflowed: bool,
    /// Whether the receiver was woken.
    pub(super) rang: bool,
}

impl<T: Message> Route<T> {
    pub(super) fn new(
        lane: Arc<Lane<Envelope<T>>>,
        side: Arc<SubscriptionSide>,
        tally: Arc<RouteTally>,
    ) -> Self {
        let (filling, depth, spare) = (Filling::Latest, 0, 0);
        let mut route = Self { lane, side, tally, filling, depth, spare };
        route.follow_depth();
        route
    }

    /// Takes over how many messages the subscription keeps now; whether that is new.
    pub(super) fn follow_depth(&mut self) -> bool {
        let depth = self.side.depth().min(self.side.places);
        let before = std::mem::replace(&mut self.depth, depth);
        self.spare = self.side.places - depth;
        self.filling = match (self.side.qos.overflow, self.spare) {
            (Overflow::Latest, _) => Filling::Latest,
            (Overflow::DropOldest, 0) => Filling::DropOldest,
            (Overflow::DropNewest, 0) => Filling::DropNewest,
            (Overflow::DropOldest, _) => Filling::ShortDropOldest,
            (Overflow::DropNewest, _) => Filling::ShortDropNewest,
        };
        before != depth
    }

    /// Whether so many messages more would make no other lose its place. Tools are not waited for.
    pub(super) fn has_room(&self, room: Room) -> bool {
        let messages = match room {
            Room::One => 1,
            Room::Half => self.depth.div_ceil(2),
        };
        self.side.wake.is_none() || self.filling == Filling::Latest || self.lane_has_room(messages)
    }

    /// Wakes the receiver if it dozes; whether it did.
    pub(super) fn rouse(&self) -> bool {
        let dozes = self.side.wake.as_ref().filter(|(wake, _)| wake.bell().is_dozing());
        dozes.inspect(|(wake, _)| wake.bell().ring()).is_some()
    }

    /// Queues `item`, and wakes the receiver if it sleeps.
    pub(super) fn offer(&self, item: Shared<Envelope<T>>, pace: Pace) -> Offered {
        self.tally.offered.add(1);
        let pushed = match self.filling {
            Filling::DropOldest | Filling::ShortDropOldest => self.lane.push_displacing(item),
            Filling::DropNewest => self.lane.push_if_room(item),
            Filling::ShortDropNewest if self.lane_has_room(1) => self.lane.push_displacing(item),
            Filling::ShortDropNewest => Pushed::Full(item),
            Filling::Latest => self.lane.push_among_others(item),
        };
        let mut overflowed = !matches!(pushed, Pushed::Queued);
        if overflowed {
            self.tally.overflow.add(1);
        }
        // The subscription may have ended between the look at the table and the push: what it cannot see any more is
        // swept here, and counted.
        if self.lane.is_closed() {
            self.tally.discarded.add(self.lane.sweep().map(drop_caught).count() as u64);
        }
        let mut rang = false;
        if let Some((wake, source)) = &self.side.wake {
            rang = wake.announce(*source);
            // A receiver that dozes wakes up by itself before long; in a flood it is left until it has a batch to do.
            let is_due = pace == Pace::Single || self.lane.holds_last(self.depth.div_ceil(2).into());
            if is_due && wake.bell().is_dozing() {
                wake.bell().ring();
                rang = true;
            }
        }
        // The message that lost its place is dropped last: it is the user's code that does it.
        if overflowed {
            drop_caught(pushed);
        }
        if self.filling == Filling::ShortDropOldest {
            overflowed |= self.drop_beyond_depth();
        }
        Offered { overflowed, rang }
    }

    /// Whether so many messages more would leave no more than the depth.
    fn lane_has_room(&self, messages: u16) -> bool {
        // As if the spare places were taken.
        self.lane.has_room(usize::from(messages) + usize::from(self.spare))
    }

    /// Drops what is beyond the depth; whether there was anything.
    #[cold]
    fn drop_beyond_depth(&self) -> bool {
        let mut dropped = false;
        for older in self.lane.displace_beyond(self.depth.into()) {
            self.tally.overflow.add(1);
            dropped = true;
            drop_caught(older);
        }
        dropped
    }
}
