//! The one place through which every call of user code goes: a breaker, a deadline, and a net for panics around it.
//!
//! ```text
//!   breaker open? ── yes ─► not called, counted
//!        │ no
//!        ▼
//!   callback ── Ok, error, panic ──► counted, told to the breaker
//!        │ deadline passed: the watcher (`safety::watch`) has told the breaker; the result counts no more
//!        └ given up: the watcher has accounted for all, and this life of the node is over
//! ```

use std::sync::Arc;
use std::time::Duration;

use nevil_sys::mem::{Ending, Watched};

use crate::breaker::{CallOutcome, Ticket};
use crate::bus::Outcome;
use crate::clock::Time;
use crate::error::{NodeError, NodeResult, Panicked, caught};
use crate::lineage::Lineage;
use crate::node::callback::Callback;
use crate::node::context::Context;
use crate::node::rules::OnPanic;
use crate::node::shared::{Failure, NodeShared};

/// One callback of one life of a node: what it is over all lives, and the guard around its calls.
#[derive(Debug)]
pub(crate) struct Guarded {
    callback: Arc<Callback>,
    shared: Arc<NodeShared>,
    /// Its number among the callbacks of the node.
    number: u64,
}

impl Guarded {
    pub(crate) fn new(callback: Arc<Callback>, shared: Arc<NodeShared>) -> Self {
        let number = shared.add_callback(Arc::clone(&callback));
        Self { callback, shared, number }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.callback.name()
    }

    pub(crate) fn node(&self) -> &Arc<str> {
        &self.shared.instance
    }

    /// Calls `call`, about a message of this lineage and number or about none, unless its breaker is open: an error is counted and logged; a panic is caught, counted, and fails the
    /// node, because the node may be half-updated; one that is not back at its deadline has failed then.
    pub(crate) fn call(
        &self,
        ctx: &Context,
        message: Option<(Lineage, u64)>,
        call: impl FnOnce() -> NodeResult,
    ) -> Outcome {
        let (callback, rule) = (&*self.callback, self.callback.rule());
        let began = ctx.begin(message.map(|(lineage, _)| lineage));
        let Ok(mut permit) = callback.breaker().admit(began) else {
            ctx.skip();
            return Outcome::BreakerOpen;
        };
        if let Some((_, sequence)) = message {
            permit.about(sequence);
        }
        ctx.allow(began + rule.timeout, rule.extend_max);
        let watched = Watched {
            what: self.number,
            began: began.as_ns(),
            deadline: ctx.deadline().as_ns(),
            ticket: permit.ticket().to_bits(),
        };
        let running = ctx.incarnation().call();
        running.begin(watched);
        self.shared.watch.begun();
        self.shared.mark(Some(self.number));
        // The error is turned into text, and dropped, inside too: both are foreign code.
        let result = caught(|| call().map_err(NodeError::told));
        let ended = ctx.end();
        let took = ended.since(began);
        callback.count_time(took);
        let ending = running.end();
        if ending != Ending::Abandoned {
            // Else another life has the place by now.
            self.shared.mark(None);
        }
        match ending {
            Ending::InTime if ended < ctx.deadline() => {}
            Ending::InTime => {
                // The watcher was later than this thread.
                callback.count(Outcome::TimedOut);
                permit.finish(ctx.deadline(), CallOutcome::TimedOut);
                self.shared.tell();
                return self.was_late(ctx, took, result);
            }
            Ending::Late => {
                permit.late(ended);
                return self.was_late(ctx, took, result);
            }
            Ending::Abandoned => {
                permit.late(ended);
                tracing::warn!(
                    "`{}.{}` has returned after {took:?}; another life of the node goes on, and this one ends",
                    ctx.node(),
                    self.name()
                );
                return Outcome::Abandoned;
            }
        }
        let (outcome, result) = self.judge(ctx, result);
        let ticket = permit.ticket();
        permit.finish(ended, result);
        if callback.breaker().has_changed_since(ticket) {
            self.shared.tell();
        }
        outcome
    }

    /// The same for what the supervisor waits for, and bounds, itself: a phase of the node's life.
    pub(crate) fn hook(&self, ctx: &Context, call: impl FnOnce() -> NodeResult) -> NodeResult {
        let began = ctx.begin(None);
        ctx.allow(Time::from_ns(u64::MAX), Duration::ZERO);
        self.shared.mark(Some(self.number));
        // Its breaker keeps the history; what has to be done is done, whatever it says.
        let permit = self.callback.breaker().admit(began).ok();
        let result = caught(|| call().map_err(NodeError::told));
        let ended = ctx.end();
        if ctx.incarnation().call().is_abandoned() {
            // Another life has all of this by now.
            if let Some(permit) = permit {
                permit.late(ended);
            }
            return Err(gave_up());
        }
        self.shared.mark(None);
        self.callback.count_time(ended.since(began));
        let (told, result) = match result {
            Ok(Ok(())) => (CallOutcome::Ok, Ok(())),
            Ok(Err(error)) => {
                tracing::warn!("`{}.{}` failed: {error}", ctx.node(), self.name());
                (failed(&error), Err(error))
            }
            Err(panic) => {
                let (callback, text) = (self.name().to_string(), panic.text.clone());
                self.shared.fail(Failure::Panicked { callback, text: text.clone() });
                (CallOutcome::Panicked { text }, Err(panic.into()))
            }
        };
        self.callback.count(match told {
            CallOutcome::Ok => Outcome::Ok,
            CallOutcome::Panicked { .. } => Outcome::Panicked,
            _ => Outcome::Failed,
        });
        if let Some(permit) = permit {
            permit.finish(ended, told);
        }
        result
    }
}

impl Guarded {
    /// Counts how a call that was in time has ended, and says it in the breaker's words.
    fn judge(&self, ctx: &Context, result: Result<NodeResult, Panicked>) -> (Outcome, CallOutcome) {
        let (outcome, told) = match result {
            Ok(Ok(())) => (Outcome::Ok, CallOutcome::Ok),
            Ok(Err(error)) => {
                tracing::warn!("`{}.{}` failed: {error}", ctx.node(), self.name());
                (Outcome::Failed, failed(&error))
            }
            Err(panic) => {
                let text = panic.text.clone();
                self.has_panicked(ctx, panic);
                (Outcome::Panicked, CallOutcome::Panicked { text })
            }
        };
        self.callback.count(outcome);
        (outcome, told)
    }

    fn has_panicked(&self, ctx: &Context, panic: Panicked) {
        let (callback, text) = (self.name().to_string(), panic.text);
        match self.shared.rules.on_panic {
            OnPanic::Replace => self.shared.fail(Failure::Panicked { callback, text }),
            OnPanic::Keep => tracing::error!("`{}.{callback}` panicked: {text}", ctx.node()),
        }
    }

    /// A call that was late has failed already; but a node that has panicked is not to go on, and what it says is told.
    fn was_late(&self, ctx: &Context, took: Duration, result: Result<NodeResult, Panicked>) -> Outcome {
        let allowed = ctx.deadline().since(ctx.now());
        match result {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("`{}.{}` failed, too late: {error}", ctx.node(), self.name()),
            Err(panic) => self.has_panicked(ctx, panic),
        }
        tracing::warn!(
            "`{}.{}` took {took:?}, {allowed:?} are allowed; what it published after that was refused",
            ctx.node(),
            self.name()
        );
        Outcome::TimedOut
    }
}

/// What a phase ends with on a thread that was given up; nobody reads it.
pub(crate) fn gave_up() -> NodeError {
    NodeError::new("its thread was given up, and another life of the node has taken over")
}

/// An error in the breaker's words.
fn failed(error: &NodeError) -> CallOutcome {
    CallOutcome::Failed { kind: error.kind().unwrap_or(""), text: error.to_string() }
}

/// For people, who read no nanoseconds.
fn whole_ms(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Whether a call runs that [`watch`] may have to judge.
pub(crate) fn is_judged_later(node: &NodeShared) -> bool {
    let seen = node.incarnation.call().running();
    seen.is_some_and(|seen| seen.verdict != Ending::Abandoned && node.callback(seen.call.what).is_some())
}

/// Judges the call that was `seen` of a life of a node; for the watcher. When to look again; `None`: nothing is to be seen.
pub(crate) fn watch(node: &NodeShared, now: Time) -> Option<Time> {
    let call = node.incarnation.call();
    let seen = call.running()?;
    let callback = node.callback(seen.call.what)?;
    let deadline = Time::from_ns(seen.call.deadline);
    let given_up_at = deadline + callback.rule().hang_grace;
    match seen.verdict {
        Ending::InTime if now < deadline => Some(deadline),
        Ending::InTime => {
            if call.judge(&seen) {
                callback.count(Outcome::TimedOut);
                if let Some(ticket) = Ticket::from_bits(seen.call.ticket) {
                    callback.breaker().time_out(ticket, deadline);
                }
                tracing::warn!(
                    "`{}.{}` has not returned after {:?}; it has failed, and is given up in {:?}",
                    node.instance,
                    callback.name(),
                    whole_ms(now.since(Time::from_ns(seen.call.began))),
                    whole_ms(given_up_at.since(now))
                );
                node.tell();
            }
            Some(given_up_at)
        }
        Ending::Late if now < given_up_at => Some(given_up_at),
        Ending::Late => {
            let ran = whole_ms(now.since(Time::from_ns(seen.call.began)));
            let failure = Failure::Hung { callback: callback.name().to_string(), ran };
            if node.give_up(&seen, Some(failure))
                && let Some(ticket) = Ticket::from_bits(seen.call.ticket)
            {
                callback.breaker().give_up(ticket);
            }
            None
        }
        Ending::Abandoned => None,
    }
}
