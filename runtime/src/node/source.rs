//! Subscriptions of a node and their callbacks, behind one face.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nevil_msgs::Message;

use crate::bus::{Outcome, Received, Subscription};
use crate::clock::Time;
use crate::error::{NodeResult, caught, drop_caught};
use crate::node::Node;
use crate::node::context::Context;
use crate::node::guarded::Guarded;
use crate::node::silence::Silence;

/// A subscription and its callback, whatever the type of its messages.
pub(crate) trait Source<N>: Send {
    /// Its number among the sources of the node: the order of service.
    fn number(&self) -> usize;
    fn has_message(&mut self) -> bool;
    /// Calls the callback with the next message; `false` if there is none.
    fn serve(&mut self, node: &mut N, ctx: &Context) -> bool;
    /// Ends the service of this turn.
    fn served(&mut self);
    /// Begins to listen: its deadline counts from now on.
    fn begin(&mut self, now: Time);
    /// Reports silence that is due at `now`; when the next one is due. `None`: it has no deadline, or its silence
    /// is reported.
    fn look_at_silence(&mut self, now: Time) -> Option<Time>;
    /// Whether it has a deadline.
    fn has_deadline(&self) -> bool;
}

pub(crate) struct SubscriptionSource<N, T: Message, F> {
    pub(crate) subscription: Subscription<T>,
    pub(crate) guarded: Guarded,
    pub(crate) callback: F,
    /// Called instead while the breaker of the callback is open.
    fallback: Option<(Guarded, BoxedCallback<N, T>)>,
    /// `None`: it has no deadline.
    silence: Option<Silence>,
    /// How old a message may be when its turn comes.
    lifespan: Option<Duration>,
    /// Whether the topic is silent, for one that stands by for it.
    silent: Option<Arc<AtomicBool>>,
    /// Whether the topic is silent for which this one stands by.
    stands_by: Option<Arc<AtomicBool>>,
}

/// A callback of a node for messages of this type.
pub(crate) type BoxedCallback<N, T> = Box<dyn Fn(&mut N, &Received<T>, &Context) -> NodeResult + Send>;

/// What else stands around a subscription than its callback.
pub(crate) struct Besides<N, T: Message> {
    pub(crate) fallback: Option<(Guarded, BoxedCallback<N, T>)>,
    pub(crate) silent: Option<Arc<AtomicBool>>,
    pub(crate) stands_by: Option<Arc<AtomicBool>>,
}

impl<N, T: Message> Besides<N, T> {
    /// Nothing.
    pub(crate) const fn nothing() -> Self {
        Self { fallback: None, silent: None, stands_by: None }
    }
}

impl<N, T: Message, F> SubscriptionSource<N, T, F> {
    pub(crate) fn new(
        subscription: Subscription<T>,
        guarded: Guarded,
        callback: F,
        besides: Besides<N, T>,
    ) -> Self {
        let (silence, lifespan) =
            (subscription.qos().deadline.map(Silence::new), subscription.qos().lifespan);
        let Besides { fallback, silent, stands_by } = besides;
        Self { subscription, guarded, callback, fallback, silence, lifespan, silent, stands_by }
    }

    /// Whether `received` is wanted: what stands by for a topic that is heard is not.
    fn is_wanted(&mut self, received: Received<T>) -> Option<Received<T>> {
        // Relaxed, here and below: written and read on the node's thread.
        if self.stands_by.as_ref().is_none_or(|silent| silent.load(Ordering::Relaxed)) {
            return Some(received);
        }
        self.subscription.tally().discarded.add(1);
        // Its `Drop` is the user's code; what it says with a panic has no callback to be charged to.
        let _ = caught(|| self.subscription.done(received));
        None
    }

    /// Whether `received` is older than the lifespan: then it is counted, and dropped.
    fn has_expired(&mut self, received: Received<T>, ctx: &Context) -> Option<Received<T>> {
        let Some(lifespan) = self.lifespan else { return Some(received) };
        if ctx.time().since(received.header().stamp) <= lifespan {
            return Some(received);
        }
        self.subscription.tally().expired.add(1);
        // Its `Drop` is the user's code; what it says with a panic has no callback to be charged to.
        let _ = caught(|| self.subscription.done(received));
        None
    }

    fn set_silent(&self, is_silent: bool) {
        if let Some(silent) = &self.silent {
            silent.store(is_silent, Ordering::Relaxed);
        }
    }

    fn hear(&mut self, now: Time) {
        let silent_for = self.silence.as_mut().and_then(|silence| silence.heard(now));
        if let Some(silent_for) = silent_for {
            self.set_silent(false);
            tracing::info!(
                "`{}.{}` hears `{}` again, after {silent_for:?}",
                self.guarded.node(),
                self.guarded.name(),
                self.subscription.topic().name
            );
        }
    }
}

impl<N, T, F> Source<N> for SubscriptionSource<N, T, F>
where
    N: Node,
    T: Message,
    F: Fn(&mut N, &Received<T>, &Context) -> NodeResult + Send,
{
    fn number(&self) -> usize {
        self.subscription.source()
    }

    fn has_message(&mut self) -> bool {
        self.subscription.has_message()
    }

    fn serve(&mut self, node: &mut N, ctx: &Context) -> bool {
        let Some(received) = self.subscription.take() else { return false };
        if self.silence.is_some() {
            // Also by what is too old: the publisher is there.
            self.hear(ctx.time());
        }
        let Some(received) = self.has_expired(received, ctx) else { return true };
        let Some(received) = self.is_wanted(received) else { return true };
        self.subscription.tally().begin();
        self.subscription.hand_over(&received);
        let (stamp, sequence) = (received.header().stamp, received.header().sequence);
        let message = Some((received.header().lineage, sequence));
        let is_live = !received.is_replayed();
        let mut hand = Some(received);
        let (callback, subscription) = (&self.callback, &mut self.subscription);
        // The message is dropped inside: a panic in its `Drop` is caught like one of the callback.
        let mut outcome = self.guarded.call(ctx, message, || {
            deliver(&mut hand, subscription, |received| callback(node, received, ctx))
        });
        if outcome == Outcome::BreakerOpen
            && let Some((guarded, callback)) = &self.fallback
        {
            outcome = guarded.call(ctx, message, || {
                deliver(&mut hand, subscription, |received| callback(node, received, ctx))
            });
        }
        if let Some(received) = hand {
            // It was not called.
            drop_caught(received);
        }
        // What was late may have panicked later still.
        if matches!(outcome, Outcome::Panicked | Outcome::TimedOut) {
            self.subscription.poison();
        }
        let tally = self.subscription.tally();
        tally.end(outcome);
        if is_live && !matches!(outcome, Outcome::Abandoned | Outcome::BreakerOpen) {
            tally.latencies.record(ctx.now().as_ns().saturating_sub(stamp.as_ns()));
        }
        true
    }

    fn begin(&mut self, now: Time) {
        if let Some(silence) = &mut self.silence {
            silence.begin(now);
        }
    }

    fn look_at_silence(&mut self, now: Time) -> Option<Time> {
        if self.silence.as_ref()?.due().is_some_and(|due| due <= now) && self.subscription.has_message() {
            // It is this node that is late.
            self.hear(now);
        }
        let silence = self.silence.as_mut()?;
        if silence.is_to_be_reported(now) {
            if let Some(silent) = &self.silent {
                silent.store(true, Ordering::Relaxed);
            }
            self.subscription.tally().silences.add(1);
            tracing::warn!(
                "`{}.{}` has heard nothing on `{}` for {:?}",
                self.guarded.node(),
                self.guarded.name(),
                self.subscription.topic().name,
                silence.deadline()
            );
        }
        silence.due()
    }

    fn has_deadline(&self) -> bool {
        self.silence.is_some()
    }

    fn served(&mut self) {
        self.subscription.tell_room();
    }
}

/// Gives the message in `hand` to the callback, and takes back what goes with it.
#[inline]
fn deliver<T: Message>(
    hand: &mut Option<Received<T>>,
    subscription: &mut Subscription<T>,
    callback: impl FnOnce(&Received<T>) -> NodeResult,
) -> NodeResult {
    let Some(received) = hand.take() else { return Ok(()) };
    let result = callback(&received);
    subscription.done(received);
    result
}
