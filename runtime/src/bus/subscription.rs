//! From the lanes of a subscription to the callback.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nevil_msgs::{Message, Overflow};
use nevil_sys::mem::{Handover, Lane, Shared};

use crate::bus::account::SubscriptionAccount;
use crate::bus::topic::TopicCore;
use crate::bus::wake::Wake;
use crate::clock::Time;
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
    pub(crate) message: T,
}

/// The part of a subscription that publishers see.
pub(crate) struct SubscriptionSide {
    pub(crate) account: Arc<SubscriptionAccount>,
    /// `None`: a tap, which nobody wakes.
    pub(crate) wake: Option<Arc<Wake>>,
    pub(crate) overflow: Overflow,
    pub(crate) depth: u16,
}

impl SubscriptionSide {
    /// Places of one lane.
    pub(crate) fn places(&self) -> usize {
        if self.overflow == Overflow::Latest { 1 } else { usize::from(self.depth) }
    }
}

/// The subscription as the topic holds it: weakly, so that dropping the [`Subscription`] ends it.
pub(crate) struct SubscriptionPort<T: Message> {
    pub(crate) topic: Arc<TopicCore<T>>,
    pub(crate) side: Arc<SubscriptionSide>,
    pub(crate) incoming: Handover<Vec<Arc<Lane<Envelope<T>>>>>,
}

impl<T: Message> SubscriptionPort<T> {
    pub(crate) fn new(topic: Arc<TopicCore<T>>, side: Arc<SubscriptionSide>) -> Self {
        Self { topic, side, incoming: Handover::new() }
    }
}

/// A node's end of a topic from which it receives.
pub(crate) struct Subscription<T: Message> {
    port: Arc<SubscriptionPort<T>>,
    lanes: Vec<Arc<Lane<Envelope<T>>>>,
    /// Lane that is served next, so that one publisher's flood starves no other.
    next: usize,
}

impl<T: Message> Subscription<T> {
    pub(crate) fn new(port: Arc<SubscriptionPort<T>>) -> Self {
        Self { port, lanes: Vec::new(), next: 0 }
    }

    pub(crate) fn topic(&self) -> &Arc<TopicCore<T>> {
        &self.port.topic
    }

    pub(crate) fn account(&self) -> &Arc<SubscriptionAccount> {
        &self.port.side.account
    }

    /// Messages that are queued now.
    pub(crate) fn queued(&mut self) -> usize {
        self.refresh();
        self.lanes.iter().map(|lane| lane.len()).sum()
    }

    /// Takes the next message, one lane after the other; each publisher's order is kept.
    pub(crate) fn take(&mut self) -> Option<Received<T>> {
        self.refresh();
        for _ in 0..self.lanes.len() {
            let lane = &self.lanes[self.next];
            self.next = (self.next + 1) % self.lanes.len();
            if let Some(envelope) = lane.take() {
                return Some(Received { envelope, account: Arc::clone(&self.port.side.account) });
            }
        }
        None
    }

    fn refresh(&mut self) {
        if let Some(lanes) = self.port.incoming.take() {
            self.lanes = *lanes;
            self.next = 0;
        }
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
    account: Arc<SubscriptionAccount>,
}

impl<T> Received<T> {
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
        self.account.kept.fetch_add(1, Ordering::Relaxed);
        Kept(Self { envelope: self.envelope.clone(), account: Arc::clone(&self.account) })
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
        self.0.account.kept.fetch_sub(1, Ordering::Relaxed);
    }
}
