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
    pub(crate) tally: Arc<RouteTally>,
}

impl<T: Message> Clone for Route<T> {
    fn clone(&self) -> Self {
        let (lane, side, tally) = (Arc::clone(&self.lane), Arc::clone(&self.side), Arc::clone(&self.tally));
        Self { lane, side, tally }
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
    /// Whether so many messages more would make no other lose its place. Tools are not waited for.
    pub(super) fn has_room(&self, room: Room) -> bool {
        let messages = match room {
            Room::One => 1,
            Room::Half => self.lane.places().div_ceil(2),
        };
        self.side.wake.is_none() || self.side.overflow == Overflow::Latest || self.lane.has_room(messages)
    }

    /// Wakes the receiver if it dozes; whether it did.
    pub(super) fn rouse(&self) -> bool {
        let dozes = self.side.wake.as_ref().filter(|(wake, _)| wake.bell().is_dozing());
        dozes.inspect(|(wake, _)| wake.bell().ring()).is_some()
    }

    /// Queues `item`, and wakes the receiver if it sleeps.
    pub(super) fn offer(&self, item: Shared<Envelope<T>>, pace: Pace) -> Offered {
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
            self.tally.discarded.add(self.lane.sweep().map(drop_caught).count() as u64);
        }
        let mut rang = false;
        if let Some((wake, source)) = &self.side.wake {
            rang = wake.announce(*source);
            // A receiver that dozes wakes up by itself before long; in a flood it is left until it has a batch to do.
            let is_due = pace == Pace::Single || self.lane.holds_last(self.lane.places().div_ceil(2));
            if is_due && wake.bell().is_dozing() {
                wake.bell().ring();
                rang = true;
            }
        }
        // The message that lost its place is dropped last: it is the user's code that does it.
        if overflowed {
            drop_caught(pushed);
        }
        Offered { overflowed, rang }
    }
}
