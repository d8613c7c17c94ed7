//! Subscriptions of a node and their callbacks, behind one face.

use nevil_msgs::Message;

use crate::bus::{Outcome, Received, Subscription};
use crate::clock::Time;
use crate::error::{NodeResult, caught};
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
    /// Begins to listen: the deadline of the topic counts from now on.
    fn begin(&mut self, now: Time);
    /// Reports silence that is due at `now`; when the next one is due. `None`: the topic has no deadline, or its silence
    /// is reported.
    fn look_at_silence(&mut self, now: Time) -> Option<Time>;
    /// Whether its topic has a deadline.
    fn has_deadline(&self) -> bool;
}

pub(crate) struct SubscriptionSource<T: Message, F> {
    pub(crate) subscription: Subscription<T>,
    pub(crate) guarded: Guarded,
    pub(crate) callback: F,
    /// `None`: the topic has no deadline.
    silence: Option<Silence>,
}

impl<T: Message, F> SubscriptionSource<T, F> {
    pub(crate) fn new(subscription: Subscription<T>, guarded: Guarded, callback: F) -> Self {
        let silence = subscription.topic().qos.deadline.map(Silence::new);
        Self { subscription, guarded, callback, silence }
    }

    /// Whether `received` is older than the topic's lifespan: then it is counted, and dropped.
    fn has_expired(&mut self, received: Received<T>, ctx: &Context) -> Option<Received<T>> {
        let Some(lifespan) = self.subscription.topic().qos.lifespan else { return Some(received) };
        if ctx.time().since(received.header().stamp) <= lifespan {
            return Some(received);
        }
        self.subscription.tally().expired.add(1);
        // Its `Drop` is the user's code; what it says with a panic has no callback to be charged to.
        let _ = caught(|| self.subscription.done(received));
        None
    }

    fn hear(&mut self, now: Time) {
        let silent_for = self.silence.as_mut().and_then(|silence| silence.heard(now));
        if let Some(silent_for) = silent_for {
            tracing::info!(
                "`{}.{}` hears `{}` again, after {silent_for:?}",
                self.guarded.node(),
                self.guarded.name(),
                self.subscription.topic().name
            );
        }
    }
}

impl<N, T, F> Source<N> for SubscriptionSource<T, F>
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
        self.subscription.tally().begin();
        self.subscription.hand_over(&received);
        let (cause, stamp) = (received.header().lineage, received.header().stamp);
        let is_live = !received.is_replayed();
        let (callback, subscription) = (&self.callback, &mut self.subscription);
        // The message is dropped inside: a panic in its `Drop` is caught like one of the callback.
        let outcome = self.guarded.call(ctx, Some(cause), move || {
            let result = callback(node, &received, ctx);
            subscription.done(received);
            result
        });
        if outcome == Outcome::Panicked {
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
