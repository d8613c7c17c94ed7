//! What all handles of a breaker share, and how events reach its machine: at once if nobody has it in hand, otherwise
//! through a mailbox that whoever has it reads before it lets go.

use nevil_sys::mem::{Combiner, Held, Lane, Pool, Pushed};
use nevil_sys::sync::atomic::{AtomicU32, Ordering};

use super::counters::{Callers, Counters};
use super::error::{BreakerError, Refused};
use super::event::Event;
use super::machine::Machine;
use super::policy::BreakerPolicy;
use super::state::{BreakerState, Holds, Ticket};
use super::word::{ADMITS, CLEAN, EMERGENCY, Word, Words};
use super::zombies::Zombies;
use crate::clock::Time;
use crate::limits::{BREAKER_MAILBOX, BREAKER_ROUNDS_MAX, BREAKER_TOOL_TRIES_MAX};

#[derive(Debug)]
pub(super) struct Core {
    pub(super) name: Box<str>,
    pub(super) words: Words,
    pub(super) zombies: Zombies,
    pub(super) counters: Counters,
    /// 0: any number. Written with a new policy.
    slots_max: AtomicU32,
    machine: Combiner<Machine>,
    mailbox: Lane<Event>,
    places: Pool<Event>,
}

impl Core {
    pub(super) fn new(name: &str, policy: BreakerPolicy, callers: Callers) -> Self {
        let places = Pool::new(BREAKER_MAILBOX);
        let slots_max = policy.concurrent_max.map_or(0, u32::from);
        let machine = Machine::new(policy, seed(name));
        Self {
            name: name.into(),
            words: Words::new(word(&machine, 0, slots_max)),
            zombies: Zombies::new(),
            counters: Counters::new(callers),
            slots_max: AtomicU32::new(slots_max),
            machine: Combiner::new(machine),
            mailbox: Lane::new(places.clone(), BREAKER_MAILBOX),
            places,
        }
    }

    #[inline]
    pub(super) fn admit(&self, now: Time) -> Result<Ticket, Refused> {
        let word = self.words.load();
        if word.0 & (ADMITS | EMERGENCY) == ADMITS {
            return Ok(Ticket::new(self.counters.admit(), Holds::default(), word.generation()));
        }
        self.admit_or_count(word, now)
    }

    fn admit_or_count(&self, word: Word, now: Time) -> Result<Ticket, Refused> {
        self.admit_long(word, now).inspect_err(|why| self.counters.refuse(*why))
    }

    fn admit_long(&self, mut word: Word, now: Time) -> Result<Ticket, Refused> {
        if word.has(EMERGENCY) {
            return Err(Refused::Emergency);
        }
        if word.state() == BreakerState::Open && now >= self.words.open_until() {
            // If another thread has the machine, it may be half-way, and this call is refused for it.
            self.post(Event::Wanted { now });
            word = self.words.load();
            if word.has(EMERGENCY) {
                return Err(Refused::Emergency);
            }
        } else if word.state() == BreakerState::HalfOpen {
            self.look(now);
            word = self.words.load();
        }
        match word.state() {
            BreakerState::Open => {
                return Err(Refused::Open { retry_after: self.words.open_until().since(now) });
            }
            BreakerState::ForcedOpen => return Err(Refused::ForcedOpen),
            _ => {}
        }
        // The slot first: a refusal for lack of one burns no probe.
        let slot = self.take_slot(word.state())?;
        let probe = word.state() == BreakerState::HalfOpen;
        if probe && !self.words.take_permit(word.generation()) {
            self.return_slot(slot);
            return Err(Refused::Probing);
        }
        Ok(Ticket::new(self.counters.admit(), Holds { probe, slot }, word.generation()))
    }

    fn take_slot(&self, state: BreakerState) -> Result<bool, Refused> {
        // Relaxed: a limit that changes while the robot runs may be seen by the next call.
        let slots_max = match self.slots_max.load(Ordering::Relaxed) {
            0 => return Ok(false),
            // They refuse nothing.
            _ if matches!(state, BreakerState::Disabled | BreakerState::MetricsOnly) => u32::MAX,
            slots_max => slots_max,
        };
        if self.words.take_slot(slots_max) { Ok(true) } else { Err(Refused::Full) }
    }

    pub(super) fn return_slot(&self, has_slot: bool) {
        if has_slot {
            self.words.return_slot();
        }
    }

    /// Tells the machine; at once, or through whoever has it in hand. Without room it is counted as lost. Whether the word
    /// shows by now what has become of it.
    pub(super) fn post(&self, event: Event) -> bool {
        if let Some(mut held) = self.machine.try_hold() {
            self.drain(&mut held);
            held.apply(event, self.counters.shorts());
            self.finish(held);
            return true;
        }
        let is_result = event.is_result();
        let is_lost = match self.places.put(0, event) {
            Ok(letter) => match self.mailbox.push_among_others(letter) {
                Pushed::Displaced(other) => other.is_result(),
                Pushed::Full(_) => is_result,
                _ => false,
            },
            Err(_) => is_result,
        };
        if is_lost {
            self.counters.lose();
        }
        let Some(mut held) = self.machine.hold_or_mark() else { return false };
        held.take_mark();
        self.drain(&mut held);
        self.finish(held);
        // It may be behind another thread's result that is half-way into the mailbox.
        false
    }

    /// Lets time do what it does, if nobody has the machine in hand.
    pub(super) fn look(&self, now: Time) {
        if let Some(mut held) = self.machine.try_hold() {
            self.drain(&mut held);
            held.tick(now, self.counters.shorts());
            self.finish(held);
        }
    }

    /// For tools: does `work` with the machine.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Machine, u64) -> R) -> Result<R, BreakerError> {
        for tried in 0..BREAKER_TOOL_TRIES_MAX {
            if let Some(mut held) = self.machine.try_hold() {
                self.drain(&mut held);
                let result = work(&mut held, self.counters.shorts());
                // Relaxed: as in `take_slot`.
                let slots_max = held.policy().concurrent_max.map_or(0, u32::from);
                self.slots_max.store(slots_max, Ordering::Relaxed);
                self.finish(held);
                return Ok(result);
            }
            if tried % 16 == 15 {
                std::thread::yield_now();
            }
        }
        Err(BreakerError::Busy { breaker: self.name.to_string() })
    }

    fn drain(&self, machine: &mut Machine) {
        for _ in 0..BREAKER_MAILBOX {
            let Some(letter) = self.mailbox.take() else { return };
            let event = Event::clone(&letter);
            drop(letter);
            machine.apply(event, self.counters.shorts());
        }
    }

    /// Shows what the machine has become, and lets go of it when nobody has left anything.
    fn finish(&self, mut held: Held<'_, Machine>) {
        for _ in 0..BREAKER_ROUNDS_MAX {
            self.publish(&held);
            match held.release() {
                Ok(()) => return,
                Err(marked) => held = marked,
            }
            held.take_mark();
            self.drain(&mut held);
        }
        self.publish(&held);
        // The next one to come reads the rest.
        held.leave();
    }

    fn publish(&self, machine: &Machine) {
        // Relaxed: as in `take_slot`.
        let slots_max = self.slots_max.load(Ordering::Relaxed);
        let open_until = match machine.state() {
            BreakerState::Open => machine.open_until(),
            _ => Time::ZERO,
        };
        let permits = machine.policy().half_open.permits;
        self.words.publish(word(machine, self.zombies.count(), slots_max), open_until, permits);
    }
}

/// The one place where the word is made from what the machine knows.
fn word(machine: &Machine, zombies: u32, slots_max: u32) -> Word {
    let state = machine.state();
    let admits = if state.admits() && slots_max == 0 { ADMITS } else { 0 };
    let clean = if machine.needs_no_success() && zombies == 0 { CLEAN } else { 0 };
    Word::new(state, machine.generation(), admits | clean)
}

/// The same name jitters in the same way, so that simulations repeat.
fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
