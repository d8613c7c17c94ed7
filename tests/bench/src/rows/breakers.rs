//! What a breaker costs around a call, beside the breakers of others.

use crate::floors;
use crate::nevil::breaker::{self, Contended, Kind, Why};
use crate::peers::breakers::{Circuit, failsafe, recloser};
use crate::rows::{Row, Setting, Unit};

pub(super) fn rows(setting: &Setting) -> Vec<Row> {
    vec![closed(setting), kinds(setting), refused(setting), allocations(setting)]
}

fn closed(setting: &Setting) -> Row {
    let (near, batches) = (setting.near, setting.scale.batches);
    let title =
        "A call that succeeds through a closed circuit which five failures in a row open; processor time";
    Row::new("breaker_closed", title, Unit::Ns)
        .nevil("nevil, stamps supplied", move || breaker::closed(near, batches, Kind::Owner))
        .nevil("nevil, reads the clock", move || breaker::closed_by_clock(near, batches))
        .peer("failsafe", move || failsafe(near, batches, Circuit::Closed))
        .peer("recloser", move || recloser(near, batches, Circuit::Closed))
        .floor("bare call", move || breaker::bare(near, batches))
        .floor("two clock reads", move || floors::two_clock_reads_cpu(near, batches))
}

fn kinds(setting: &Setting) -> Row {
    let (near, batches) = (setting.near, setting.scale.batches);
    let closed = move |kind| move || breaker::closed(near, batches, kind);
    let title = "The same through breakers that have more to do; stamps supplied; processor time";
    Row::new("breaker_kinds", title, Unit::Ns)
        .nevil("owner's thread", closed(Kind::Owner))
        .nevil("any thread", closed(Kind::Shared))
        .nevil("bulkhead of 4", closed(Kind::Bulkhead))
        .nevil("bulkhead, any thread", closed(Kind::SharedBulkhead))
        .nevil("rate of 100 calls", closed(Kind::CountWindow))
        .nevil("rate of 1 s", closed(Kind::TimeWindow))
        .nevil("two threads at once", move || breaker::contended(near, batches, Contended::Breaker))
        .floor("add, two threads at once", move || breaker::contended(near, batches, Contended::Word))
        .floor("add, one thread", move || breaker::uncontended_word(near, batches))
        .floor("bare call", move || breaker::bare(near, batches))
}

fn refused(setting: &Setting) -> Row {
    let (near, batches) = (setting.near, setting.scale.batches);
    let refused = move |kind, why| move || breaker::refused(near, batches, kind, why);
    let title = "A call that an open circuit refuses; processor time";
    Row::new("breaker_refused", title, Unit::Ns)
        .nevil("nevil, stamp supplied", refused(Kind::Owner, Why::Open))
        .nevil("nevil, any thread", refused(Kind::Shared, Why::Open))
        .nevil("nevil, emergency stop", refused(Kind::Owner, Why::Emergency))
        .nevil("nevil, reads the clock", move || breaker::refused_by_clock(near, batches))
        .peer("failsafe", move || failsafe(near, batches, Circuit::Open))
        .peer("recloser", move || recloser(near, batches, Circuit::Open))
}

fn allocations(setting: &Setting) -> Row {
    let (near, batches) = (setting.near, setting.scale.batches);
    let allocations = move |open| move || breaker::allocations(near, batches, open);
    Row::new("breaker_allocations", "Allocations per call", Unit::Count)
        .nevil("nevil, refused", allocations(Some(Why::Open)))
        .nevil("nevil, emergency stop", allocations(Some(Why::Emergency)))
        .nevil("nevil, let through", allocations(None))
}
