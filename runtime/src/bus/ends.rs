//! Who is connected to whom on one topic. Changed under the registration lock, never on the way of a message.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeFrom;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Weak};

use nevil_msgs::{Message, Overflow, Qos};
use nevil_sys::mem::{Bell, Lane, Latch, Pool, Shared};

use crate::bus::account::{PublisherAccount, SubscriptionAccount};
use crate::bus::memory::{QueueShape, TopicShape};
use crate::bus::publisher::PublisherPort;
use crate::bus::route::Route;
use crate::bus::subscription::{Envelope, Inlet, InletTable, SubscriptionPort, SubscriptionSide};
use crate::bus::subscription_qos::SubscriptionRules;

/// What changes when somebody comes or goes. Locked only then, never while a message is on its way.
pub(super) struct Ends<T: Message> {
    pub(super) publishers: Vec<PublisherEntry<T>>,
    pub(super) subscriptions: Vec<SubscriptionEntry<T>>,
    /// Numbers for publishers.
    pub(super) numbers: RangeFrom<u32>,
    /// Nodes whose publishers may wait for room.
    pub(super) waiting: BTreeSet<Arc<str>>,
    pub(super) publisher_accounts: BTreeMap<Arc<str>, Arc<PublisherAccount>>,
    /// By node and callback.
    pub(super) declared: BTreeMap<(Arc<str>, Arc<str>), DeclaredSubscription>,
    /// The depth of subscriptions that say none of their own, where it was changed while the robot runs.
    pub(super) depth: Option<u16>,
}

/// What a topic knows of one (node, callback), over all lives of the node.
pub(super) struct DeclaredSubscription {
    pub(super) account: Arc<SubscriptionAccount>,
    /// What was declared last.
    pub(super) rules: SubscriptionRules,
    /// What its queue was planned for.
    pub(super) planned: QueueShape,
    /// How many messages of each publisher it keeps now.
    pub(super) depth: u16,
}

pub(super) struct PublisherEntry<T: Message> {
    pub(super) port: Weak<PublisherPort<T>>,
    pub(super) routes: Vec<Route<T>>,
}

pub(super) struct SubscriptionEntry<T: Message> {
    pub(super) port: Weak<SubscriptionPort<T>>,
    pub(super) inlets: Vec<Inlet<T>>,
    /// Latched values that the subscription is still to get.
    pub(super) replays: Vec<Shared<Envelope<T>>>,
    /// How many it was given so far.
    pub(super) replays_ever: usize,
}

impl DeclaredSubscription {
    pub(super) fn new(rules: SubscriptionRules) -> Self {
        let (planned, depth) = (QueueShape::new(&rules.qos), rules.qos.depth);
        Self { account: Arc::default(), rules, planned, depth }
    }

    /// Notes what is declared again: before the pool is made it is planned, and later it was found to fit.
    pub(super) fn declare_again(&mut self, rules: SubscriptionRules) {
        self.planned = self.planned.max(QueueShape::new(&rules.qos));
        // Who says the same as before has the depth that it was given meanwhile.
        if rules.qos.depth != self.rules.qos.depth || rules.qos.overflow != self.rules.qos.overflow {
            self.depth = rules.qos.depth;
        }
        self.rules = rules;
    }
}

impl<T: Message> Ends<T> {
    pub(super) fn new() -> Self {
        Self {
            publishers: Vec::new(),
            subscriptions: Vec::new(),
            numbers: 0..,
            waiting: BTreeSet::new(),
            publisher_accounts: BTreeMap::new(),
            declared: BTreeMap::new(),
            depth: None,
        }
    }

    /// Gives every live publisher a route to every live subscription, and hands the new tables over.
    pub(super) fn connect(&mut self, pool: &Pool<Envelope<T>>, qos: Qos) {
        self.publishers.retain(|entry| entry.port.strong_count() > 0);
        self.subscriptions.retain(|entry| entry.port.strong_count() > 0);
        // Before lanes are looked at: a table that is not in use any more has references to them.
        self.subscriptions
            .iter()
            .filter_map(|entry| entry.port.upgrade())
            .for_each(|port| port.tables.free());
        for publisher in &mut self.publishers {
            let Some(port) = publisher.port.upgrade() else { continue };
            if qos.latched {
                port.latch.get_or_init(|| Latch::new(pool.clone()));
            }
            publisher.connect(&port, &mut self.subscriptions, pool);
        }
        for entry in &mut self.subscriptions {
            entry.hand_over();
        }
    }

    /// What has been declared. A plan has dropped its nodes by then, and their accounts are still there.
    pub(super) fn shape(&self, qos: Qos) -> TopicShape {
        let subscriptions = self.declared.values().map(|declared| declared.planned).collect();
        TopicShape { qos, publishers: self.publishers.len(), subscriptions }
    }
}

impl<T: Message> PublisherEntry<T> {
    /// Gives the publisher its table of routes, and its latched value to those that have joined.
    fn connect(
        &mut self,
        port: &PublisherPort<T>,
        subscriptions: &mut [SubscriptionEntry<T>],
        pool: &Pool<Envelope<T>>,
    ) {
        let before = self.routes.len();
        self.routes.retain(|route| !route.lane.is_closed());
        let mut changed = self.routes.len() != before;
        for route in &mut self.routes {
            changed |= route.follow_depth();
        }
        let mut joined = Vec::new();
        for entry in subscriptions {
            let Some(side) = entry.port.upgrade().map(|port| Arc::clone(&port.side)) else { continue };
            if self.routes.iter().any(|route| Arc::ptr_eq(&route.side, &side)) {
                continue;
            }
            let (lane, tally) =
                (entry.lane_of_a_new_publisher(&side, pool, &port.room), side.account.route());
            self.routes.push(Route::new(lane, side, tally));
            changed = true;
            joined.push(entry);
        }
        if changed {
            // In one step: a publisher that finds no table goes on with its old one, and misses who has joined.
            port.tables.put(self.routes.clone());
        }
        // After the table: what the publisher latches later than this look, it pushes to those that have joined by itself.
        // What it has pushed there before this look is older than the latched value, and discarded.
        let latched = port.latch.get().filter(|_| !joined.is_empty()).and_then(Latch::get);
        if let Some(latched) = latched {
            // One that hung or panicked with this value does not get it again.
            let may_get = |entry: &&mut SubscriptionEntry<T>| {
                let port = entry.port.upgrade();
                let (number, sequence) = (latched.publisher, latched.header.sequence);
                port.is_some_and(|port| !port.side.account.is_poison(number, sequence))
            };
            joined.into_iter().filter(may_get).for_each(|entry| entry.replays.push(latched.clone()));
        }
    }
}

impl<T: Message> SubscriptionEntry<T> {
    fn lane_of_a_new_publisher(
        &mut self,
        side: &SubscriptionSide,
        pool: &Pool<Envelope<T>>,
        room: &Arc<Bell>,
    ) -> Arc<Lane<Envelope<T>>> {
        if side.qos.overflow == Overflow::Latest
            && let Some(shared) = self.inlets.first()
        {
            return Arc::clone(&shared.lane);
        }
        // The lane of one that is gone, with what it left there: so there are never more than publishers at once.
        if let Some(inlet) = self.inlets.iter_mut().find(|inlet| !has_publisher(&inlet.lane)) {
            inlet.room = Arc::clone(room);
            return Arc::clone(&inlet.lane);
        }
        let lane = Arc::new(Lane::new(pool.clone(), usize::from(side.places)));
        self.inlets.push(Inlet { lane: Arc::clone(&lane), room: Arc::clone(room) });
        lane
    }

    /// Forgets lanes that no publisher fills any more, and hands the rest over to the subscription.
    fn hand_over(&mut self) {
        let Some(port) = self.port.upgrade() else { return };
        let untaken = port.tables.take_back();
        let filled = |lane: &Arc<Lane<_>>| {
            let has_publisher = has_publisher(lane);
            // All places, unlike `is_empty`: the subscription may be half-way through taking the message at the next one.
            let queued = lane.len();
            has_publisher || queued > 0
        };
        self.inlets.retain(|inlet| port.side.qos.overflow == Overflow::Latest || filled(&inlet.lane));
        // What the subscription did not take yet, it gets with the newer table. If it was woken for a message and looked
        // meanwhile, it found no table, and did not see the message.
        let has_missed = untaken.is_some();
        let mut replays = untaken.map_or_else(Vec::new, |table| table.replays);
        self.replays_ever += self.replays.len();
        replays.append(&mut self.replays);
        // Room for all that the subscription may still have to receive, and to remember: its thread does not allocate.
        replays.reserve(self.replays_ever);
        let (inlets, replayed) = (self.inlets.clone(), Vec::with_capacity(self.replays_ever));
        let table = InletTable { inlets, replays, replayed };
        let is_to_look = has_missed || !table.replays.is_empty();
        port.tables.put(table);
        if let Some((wake, source)) = port.side.wake.as_ref().filter(|_| is_to_look) {
            let _rang = wake.announce(*source);
        }
    }
}

/// Whether a publisher may still push to `lane`. If not, what it has pushed is seen.
fn has_publisher<T>(lane: &Arc<Lane<T>>) -> bool {
    // One reference is the topic's list's, one the subscription's; a publisher's route would be a third.
    let has_publisher = Arc::strong_count(lane) > 2;
    // Acquire: who sees that the publisher has let go of the lane sees what it pushed.
    fence(Ordering::Acquire);
    has_publisher
}
