//! How many messages of a topic can exist at once, and how many bytes they take: what the plan proves to fit is what the
//! pool is made of.
//!
//! ```text
//!  slots = for each subscription   its depth × publishers, and one in its callback's hand    (`latest`: 1 + 1)
//!        + all taps together       the last messages of each publisher, and those in each tap's hands
//!        + for each publisher      one that is on its way, and one more if the topic is latched
//!        + a margin                messages that nodes keep, and what threads that were given up hold
//! ```
//! A tap drops its oldest, so that what all taps hold are always among the last [`TAP_DEPTH`] of each publisher, and a
//! second tap holds the same messages once more. What subscriptions hold can differ: each is as slow as its node.

use std::sync::Arc;

use nevil_msgs::{Message, Overflow, Qos};
use nevil_sys::mem::Pool;

use crate::bus::error::TopicError;
use crate::bus::subscription::Envelope;
use crate::limits::{
    POOL_MARGIN, TAP_DEPTH, TAPS_IN_HAND, TAPS_MAX, TOOL_PUBLISHERS_MAX, ZOMBIE_SLOTS, ZOMBIES_DEFAULT,
};

/// What of a topic decides how many of its messages can exist at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicShape {
    pub(crate) qos: Qos,
    /// Publishers that nodes have declared. Those of tools come to them.
    pub(crate) publishers: usize,
    /// Subscriptions of nodes. Taps come to them.
    pub(crate) subscriptions: Vec<QueueShape>,
}

/// How many messages of each publisher a subscription can keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum QueueShape {
    /// One over all publishers.
    Latest,
    /// So many of each.
    OfEach(u16),
}

impl QueueShape {
    /// For a subscription to what is carried as `qos`.
    pub(crate) const fn new(qos: &Qos) -> Self {
        match qos.overflow {
            Overflow::Latest => Self::Latest,
            Overflow::DropOldest | Overflow::DropNewest => Self::OfEach(qos.depth),
        }
    }

    /// Places of one lane.
    pub(crate) const fn places(self) -> u16 {
        match self {
            Self::Latest => 1,
            Self::OfEach(depth) => depth,
        }
    }
}

impl TopicShape {
    /// Slots that are enough for every message that can be queued, in a hand, latched or on its way.
    pub(crate) fn slots(&self) -> usize {
        let publishers = self.publishers + TOOL_PUBLISHERS_MAX;
        let of_subscription = |queue: &QueueShape| match queue {
            QueueShape::Latest => 1 + 1,
            QueueShape::OfEach(depth) => usize::from(*depth) * publishers + 1,
        };
        let of_subscriptions: usize = self.subscriptions.iter().map(of_subscription).sum();
        let of_taps = publishers * usize::from(TAP_DEPTH) + TAPS_MAX * TAPS_IN_HAND;
        let of_publishers = publishers * if self.qos.latched { 2 } else { 1 };
        of_subscriptions + of_taps + of_publishers + POOL_MARGIN + ZOMBIES_DEFAULT * ZOMBIE_SLOTS
    }
}

/// The memory that the messages of a topic can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicMemory {
    /// Messages that can exist at once.
    pub slots: usize,
    /// Most bytes of one of them, with its header and its share of the pool.
    pub slot_bytes: usize,
}

impl TopicMemory {
    /// Most slots that a topic can have.
    pub const SLOTS_MAX: usize = Pool::<()>::SLOTS_MAX;

    pub(crate) fn new<T: Message>(slots: usize, qos: &Qos) -> Self {
        // Without heap a message is as large as its type, however much the topic allows.
        let heap_bytes = if T::TYPE.owns_heap() {
            (qos.message_bytes_max as usize).saturating_sub(size_of::<T>())
        } else {
            0
        };
        Self { slots, slot_bytes: Pool::<Envelope<T>>::SLOT_BYTES + heap_bytes }
    }

    /// Most bytes that all messages of the topic take together. What nobody has published takes less.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.slots.saturating_mul(self.slot_bytes)
    }

    /// Checks that a pool can have so many slots, for the topic called `topic`.
    ///
    /// # Errors
    ///
    /// [`TopicError::TooManySlots`].
    pub fn check(&self, topic: &Arc<str>) -> Result<(), TopicError> {
        let (slots, max) = (self.slots, Self::SLOTS_MAX);
        if slots > max {
            Err(TopicError::TooManySlots { topic: Arc::clone(topic), slots, max })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use nevil_msgs::{Topic, topics};
    use proptest::prelude::*;

    use super::*;
    use crate::bus::subscription_qos::Said;
    use crate::bus::{Bus, Received, Sources, Wake};
    use crate::clock::Clock;
    use crate::incarnation::Incarnation;

    #[derive(Message)]
    struct Note {
        text: String,
    }

    fn slots(qos: Qos, publishers: usize, subscriptions: usize) -> usize {
        TopicShape { qos, publishers, subscriptions: vec![QueueShape::new(&qos); subscriptions] }.slots()
    }

    #[test]
    fn each_subscription_is_planned_with_the_depth_that_is_its_own() {
        let (qos, bare) =
            (Topic::<Note>::new("notes").depth(5).qos(), 2 * 64 + 4 * 2 + 2 + 8 + 4 * 3 + 64 + 1);
        let subscriptions = vec![QueueShape::OfEach(2), QueueShape::OfEach(7), QueueShape::Latest];
        let shape = TopicShape { qos, publishers: 1, subscriptions };
        assert_eq!(shape.slots(), bare + (2 * 3 + 1) + (7 * 3 + 1) + 2);
    }

    #[test]
    fn each_publisher_and_each_subscription_has_its_slots_and_taps_share_theirs() {
        let qos = Topic::<Note>::new("notes").depth(5).qos();
        let bare = 2 * 64 + 4 * 2 + 2 + 8 + 4 * 3;
        assert_eq!(slots(qos, 0, 0), bare);
        assert_eq!(slots(qos, 1, 0), bare + 64 + 1);
        assert_eq!(slots(qos, 1, 2), bare + 64 + 1 + 2 * (5 * 3 + 1));
        assert_eq!(slots(Topic::<Note>::latest("notes").qos(), 1, 2), bare + 64 + 1 + 2 * (1 + 1));
        let latched = Topic::<Note>::new("notes").depth(5).latched().qos();
        assert_eq!(slots(latched, 1, 2) - slots(qos, 1, 2), 3);
    }

    #[test]
    fn a_message_without_heap_takes_its_size_and_another_one_what_the_topic_allows() {
        let bytes = |qos: Qos| TopicMemory::new::<Note>(1, &qos).slot_bytes;
        assert!(TopicMemory::new::<nevil_msgs::Range>(1, &topics::RANGE.qos()).slot_bytes < 200);
        let (large, small) =
            (Topic::<Note>::new("notes"), Topic::<Note>::new("notes").message_bytes_max(1024));
        assert_eq!(bytes(large.qos()) - bytes(small.qos()), 63 * 1024);
        assert!(bytes(small.qos()) >= 1024);
    }

    #[test]
    fn a_topic_has_as_many_slots_as_a_pool_can_have_and_no_more() {
        let topic: Arc<str> = "range".into();
        let memory = |slots| TopicMemory { slots, slot_bytes: 1 };
        assert_eq!(memory(TopicMemory::SLOTS_MAX).check(&topic), Ok(()));
        let error = memory(TopicMemory::SLOTS_MAX + 1).check(&topic).unwrap_err();
        assert_eq!(
            error.to_string(),
            "topic `range`: its queues need 65535 slots, at most 65534 are allowed; lower the depth"
        );
    }

    fn topic_of(overflow: Overflow, depth: u16) -> Topic<nevil_msgs::Range> {
        match overflow {
            Overflow::Latest => Topic::latest("range"),
            Overflow::DropNewest => Topic::commands("range").depth(depth),
            Overflow::DropOldest => Topic::new("range").depth(depth),
        }
    }

    proptest! {
        /// Whoever is slow, and however many tools look on: as long as nobody keeps more than the margin, there is room.
        #[test]
        fn the_pool_has_a_slot_for_every_message_that_is_not_dropped(
            overflow in prop_oneof![
                Just(Overflow::DropOldest), Just(Overflow::DropNewest), Just(Overflow::Latest)
            ],
            depth in 1_u16..=4,
            publishers in 1_usize..=3,
            takes in prop::collection::vec((0_usize..=3, 0_usize..=1), 1..=3),
            slow_taps in 0_usize..=TAPS_MAX,
            messages in 1_usize..=300,
        ) {
            let (bus, topic) = (Bus::new(Clock::simulated()), topic_of(overflow, depth));
            let publisher = |index: usize| {
                let name: Arc<str> = format!("sender_{index}").into();
                let incarnation = Arc::new(Incarnation::new(name, 0, 1));
                incarnation.open();
                bus.publisher("range", &topic, incarnation, Arc::default()).unwrap()
            };
            let publishers: Vec<_> = (0..publishers).map(publisher).collect();
            let subscribe = |index: usize| {
                let subscriber = (&format!("receiver_{index}").into(), &Arc::from("on_range"));
                bus.subscribe("range", &topic, subscriber, (Arc::<Wake>::default(), &mut Sources::default()), Said::NOTHING).unwrap()
            };
            let mut subscriptions: Vec<_> = (0..takes.len()).map(subscribe).collect();
            bus.seal().unwrap();
            let mut taps: Vec<_> = (0..TAPS_MAX).map(|_| bus.tap(&topic).unwrap()).collect();
            let mut in_hand: Vec<Option<Received<nevil_msgs::Range>>> = takes.iter().map(|_| None).collect();
            for number in 0..messages {
                let message = nevil_msgs::Range { reading: nevil_msgs::RangeReading::Echo, distance_m: 1.0 };
                let published = publishers[number % publishers.len()].publish(message);
                prop_assert!(published.is_ok(), "{published:?}");
                for ((subscription, held), (every, take)) in subscriptions.iter_mut().zip(&mut in_hand).zip(&takes) {
                    if *every > 0 && number % every == 0 && *take > 0 {
                        *held = subscription.take();
                    }
                }
                taps.iter_mut().skip(slow_taps).for_each(|tap| drop(tap.take()));
            }
        }
    }
}
