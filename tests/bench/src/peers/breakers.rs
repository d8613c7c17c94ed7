//! Breakers of others: `failsafe`, which counts failures in a row behind a lock, and `recloser`, which keeps a ring of
//! results.

use std::time::Duration;

use failsafe::{CircuitBreaker, Config, backoff, failure_policy};
use recloser::Recloser;

use crate::floors::on_core;
use crate::machine::Near;
use crate::measure::{RoundResult, Unmeasured, in_cpu_batches};
use crate::nevil::breaker::work;

/// How long they stay open: longer than a round.
const OPEN: Duration = Duration::from_secs(3600);

/// Whether the calls are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Circuit {
    Closed,
    Open,
}

/// Five failures in a row open it, as Nevil's does.
pub(crate) fn failsafe(near: Near, batches: u64, circuit: Circuit) -> RoundResult {
    on_core(near.send, move || {
        let policy = failure_policy::consecutive_failures(5, backoff::constant(OPEN));
        let breaker = Config::new().failure_policy(policy).build();
        measure(batches, circuit, |what, number| breaker.call(|| what.call(number)).is_ok())
    })
}

/// As it comes, but for how long it stays open: half of the last 100 calls.
pub(crate) fn recloser(near: Near, batches: u64, circuit: Circuit) -> RoundResult {
    on_core(near.send, move || {
        let breaker = Recloser::custom().open_wait(OPEN).build();
        measure(batches, circuit, |what, number| breaker.call(|| what.call(number)).is_ok())
    })
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// What is measured.
    Work,
    /// What opens a circuit.
    Failing,
}

impl What {
    #[inline]
    fn call(self, number: u64) -> Result<u64, Unmeasured> {
        match self {
            Self::Work => work(number),
            Self::Failing => Err(Unmeasured::absent("it fails")),
        }
    }
}

/// Hands calls to `through`, which says whether they were let through and went well.
#[inline]
fn measure(batches: u64, circuit: Circuit, through: impl Fn(What, u64) -> bool) -> RoundResult {
    if circuit == Circuit::Open {
        // More than it takes for either of them.
        (0..1000).for_each(|number| {
            through(What::Failing, number);
        });
    }
    let mut let_through = 0;
    let mut calls = 0;
    let samples = in_cpu_batches(batches, |number| {
        calls += 1;
        let_through += u64::from(through(What::Work, number));
    });
    let expected = if circuit == Circuit::Open { 0 } else { calls };
    if let_through == expected {
        return Ok(samples);
    }
    Err(Unmeasured::Failed(format!("{let_through} of {calls} calls were let through")))
}
