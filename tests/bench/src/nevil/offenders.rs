//! Nodes that do what they should not.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};
use std::time::Duration;

use nevil_msgs::Topic;
use nevil_runtime::prelude::{Context, Node, NodeError, NodeResult, Publisher, Received, Setup, Tick};
use nevil_runtime::{BreakerPolicy, CallbackRule, Kept, NodeRules, OnPanic};

use crate::measure::now_ns;
use crate::nevil::nodes::{Params, share_job};
use crate::nevil::topic;
use crate::payload::{Fill, Line, Payload};

/// What an offender does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offence {
    /// Nothing, but it keeps its core busy: the reference.
    Spins,
    /// Nothing either: it works for 10 µs 1,000 times a second, about as long as a panic takes to be caught.
    Works,
    /// Its callback spins and does not return; it is given up and replaced, again and again.
    HangsSpinning,
    /// The same, asleep.
    HangsAsleep,
    /// 1,000 times a second, and goes on as it is.
    PanicsKept,
    /// The same, and is replaced each time.
    PanicsReplaced,
    /// Returns an error 10,000 times a second.
    Fails,
    /// Publishes without a pause, on a topic of its own.
    Floods,
    /// The same, on a topic to which the victim has subscribed.
    FloodsVictim,
    /// Takes memory and does not give it back, and keeps every message that it gets, until its pool is empty.
    Leaks,
}

/// Time-out and grace of the offender's callbacks.
const TIMEOUT: Duration = Duration::from_millis(10);

/// For how long it is busy at a time: below its time-out.
const BUSY: Duration = Duration::from_millis(4);

/// For how long a harmless node works.
const WORK: Duration = Duration::from_micros(10);

/// Threads that hang at once: as many as a launched robot allows, less one.
const HANGING_MAX: u64 = 3;

/// What is leaked 1,000 times a second, and how often before it begins anew: 64 MiB in all.
const LEAK_BYTES: usize = 4096;
const LEAKS_MAX: usize = 16 * 1024;

/// What all lives of an offender share.
#[derive(Debug)]
pub(super) struct Offending {
    pub(super) offence: Offence,
    lives: AtomicU64,
    is_over: AtomicBool,
    /// Calls of lives below it may return.
    let_go: Mutex<u64>,
    changed: Condvar,
}

impl Offending {
    pub(super) fn new(offence: Offence) -> Self {
        let (lives, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { offence, lives, is_over, let_go: Mutex::new(0), changed: Condvar::new() }
    }

    /// Lets those return that hang longest.
    pub(super) fn let_go(&self) {
        // Relaxed, all: what happens when does not matter.
        let oldest = self.lives.load(Ordering::Relaxed).saturating_sub(HANGING_MAX);
        *self.let_go.lock().unwrap_or_else(PoisonError::into_inner) = oldest;
        self.changed.notify_all();
    }

    /// Ends it all.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        *self.let_go.lock().unwrap_or_else(PoisonError::into_inner) = u64::MAX;
        self.changed.notify_all();
    }

    fn hang_asleep(&self, life: u64) {
        let mut let_go = self.let_go.lock().unwrap_or_else(PoisonError::into_inner);
        while *let_go <= life {
            let_go = self.changed.wait(let_go).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn hang_spinning(&self, life: u64) {
        let is_let_go = || self.let_go.try_lock().is_ok_and(|let_go| *let_go > life);
        let mut spins = 0_u64;
        // Seldom enough to be in nobody's way.
        while !spins.is_multiple_of(1 << 16) || !is_let_go() {
            hint::spin_loop();
            spins += 1;
        }
    }

    /// The rules of its callbacks: no breaker keeps it from its offence.
    pub(super) fn rules(&self) -> NodeRules {
        let breaker = BreakerPolicy { trip: Vec::new(), ..BreakerPolicy::default() };
        let callback =
            CallbackRule { timeout: TIMEOUT, hang_grace: TIMEOUT, breaker, ..CallbackRule::default() };
        let on_panic = if self.offence == Offence::PanicsReplaced { OnPanic::Replace } else { OnPanic::Keep };
        NodeRules { callback, on_panic, ..NodeRules::default() }
    }

    fn period(&self) -> Duration {
        match self.offence {
            Offence::Fails => Duration::from_micros(100),
            Offence::Spins | Offence::Floods | Offence::FloodsVictim => BUSY,
            _ => Duration::from_millis(1),
        }
    }
}

/// Sequence number of what is flooded with.
pub(super) const FLOOD: u64 = u64::MAX;

/// What is flooded.
pub(super) fn flood_topic() -> Topic<Line> {
    topic("flooded", 64, 10)
}

/// One life of an offender.
pub(super) struct Offender {
    offending: Arc<Offending>,
    life: u64,
    flood: Publisher<Line>,
    leaked: Vec<Vec<u8>>,
    kept: Vec<Kept<Line>>,
}

impl Node for Offender {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let offending = share_job::<Offending>(params.key)?;
        // Relaxed: one life is configured after the other.
        let life = offending.lives.fetch_add(1, Ordering::Relaxed);
        setup.every(offending.period(), Self::on_tick)?;
        if offending.offence == Offence::Leaks {
            setup.subscribe(flood_topic(), Self::on_flood)?;
        }
        let flood = setup.publisher(flood_topic())?;
        Ok(Self { offending, life, flood, leaked: Vec::new(), kept: Vec::new() })
    }
}

impl Offender {
    fn on_tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        if self.offending.is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.offending.offence {
            Offence::Spins => busy(BUSY, hint::spin_loop),
            Offence::Works => busy(WORK, hint::spin_loop),
            Offence::HangsSpinning => self.offending.hang_spinning(self.life),
            Offence::HangsAsleep => self.offending.hang_asleep(self.life),
            Offence::PanicsKept | Offence::PanicsReplaced => panic!("an offence"),
            Offence::Fails => return Err(NodeError::new("an offence")),
            Offence::Floods | Offence::FloodsVictim => busy(BUSY, || self.publish()),
            Offence::Leaks => self.leak(),
        }
        Ok(())
    }

    fn publish(&self) {
        // What is refused is counted, and of no interest to an offender.
        let _ = self.flood.publish(Line::make(FLOOD, 64, Fill::Whole));
    }

    fn leak(&mut self) {
        if self.leaked.len() == LEAKS_MAX {
            self.leaked.clear();
            self.kept.clear();
        }
        self.leaked.push(vec![1; LEAK_BYTES]);
        self.publish();
    }

    fn on_flood(&mut self, line: &Received<Line>, _: &Context) -> NodeResult {
        self.kept.push(line.keep());
        Ok(())
    }
}

fn busy(time: Duration, mut what: impl FnMut()) {
    let until_ns = now_ns() + u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    while now_ns() < until_ns {
        what();
    }
}

/// Does not print the panics of offenders, of which there are thousands.
pub(super) fn be_quiet_about_offenders() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name() != Some(OFFENDER) {
                print(info);
            }
        }));
    });
}

/// What an offender and its thread are called.
pub(super) const OFFENDER: &str = "offender";
