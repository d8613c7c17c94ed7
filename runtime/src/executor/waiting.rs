//! What a node's thread does when there is nothing to do.
//!
//! ```text
//!  a turn has served … messages
//!      that come faster than they pass between cores ──► settle: look rarely, so that their publisher gets ahead
//!      a spin window is declared ─────────────────────► spin: look all the time, for so long
//!      that came close to one another ────────────────► doze: sleep for a moment, a flood wakes it for a batch only
//!      else ──────────────────────────────────────────► sleep until something comes
//! ```

use std::time::Duration;
use std::{hint, mem};

use nevil_sys::mem::{Bell, Sleep};

use crate::clock::{Clock, Time};
use crate::limits::{BUSY_GAP, DOZE, FLOOD_GAP, SETTLE, SETTLE_LOOKS};
use crate::node::{AnyNode, Turn};

/// Looks for work between two looks at the clock while a node spins; a look takes some nanoseconds, the clock some 20.
const SPINS_PER_CLOCK: usize = 16;

/// How a node's thread waits.
#[derive(Debug)]
pub(super) struct Waiting {
    clock: Clock,
    /// The declared spin window.
    spin: Duration,
    /// When messages were served last.
    served_until: Time,
}

impl Waiting {
    pub(super) fn new(clock: Clock, spin: Duration) -> Self {
        Self { clock, spin, served_until: Time::ZERO }
    }

    /// Waits after `turn` until there is something to do for `node`, until `bell` is rung, or until a timer is due; not at
    /// all if `ordered`.
    pub(super) fn wait(
        &mut self,
        turn: &Turn,
        node: &mut dyn AnyNode,
        bell: &Bell,
        ordered: impl Fn() -> bool,
    ) {
        let gap = self.gap(turn.served_until);
        let flood = gap.is_some_and(|gap| gap < FLOOD_GAP);
        if turn.more || flood && self.settle(node) || self.spin(node, bell, turn.next_due) {
            return;
        }
        let busy = gap.is_some_and(|gap| gap < BUSY_GAP);
        let (sleep, longest) =
            if busy { (Sleep::Doze, Some(self.clock.now() + DOZE)) } else { (Sleep::Sound, None) };
        let until = turn.next_due.into_iter().chain(longest).min().map(Time::as_ns);
        bell.sleep_unless(|| ordered() || node.is_ready(), sleep, until);
    }

    /// Time between the messages that were served just now and those before; `None`: none were.
    fn gap(&mut self, served_until: Option<Time>) -> Option<Duration> {
        served_until.map(|now| now.since(mem::replace(&mut self.served_until, now)))
    }

    /// Lets the publisher of a flood get ahead before it looks again; whether there is work. Two threads that follow each
    /// other from message to message pass every line of memory to and fro, and both take several times as long.
    fn settle(&self, node: &mut dyn AnyNode) -> bool {
        (1..=SETTLE_LOOKS).any(|look| {
            let until = self.served_until + SETTLE * look;
            while self.clock.now() < until {
                hint::spin_loop();
            }
            node.is_ready()
        })
    }

    /// Looks for work for as long as the spin window is; whether there is any.
    fn spin(&self, node: &mut dyn AnyNode, bell: &Bell, next_due: Option<Time>) -> bool {
        if self.spin.is_zero() {
            return false;
        }
        let window = self.clock.now() + self.spin;
        let until = next_due.map_or(window, |due| due.min(window));
        loop {
            for _ in 0..SPINS_PER_CLOCK {
                if node.is_ready() || bell.is_rung() {
                    return true;
                }
            }
            hint::spin_loop();
            let now = self.clock.now();
            if now >= until {
                return next_due.is_some_and(|due| now >= due);
            }
        }
    }
}
