use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::mem::Gate;

#[test]
fn loom_nothing_begins_after_the_gate_is_shut() {
    loom::model(|| {
        let gate = Arc::new(Gate::open());
        let shut = Arc::new(AtomicBool::new(false));
        let worker = {
            let (gate, shut) = (Arc::clone(&gate), Arc::clone(&shut));
            thread::spawn(move || {
                let was_shut = shut.load(Ordering::Acquire);
                if let Ok(pass) = gate.enter() {
                    assert!(!was_shut, "an operation began after the fence");
                    drop(pass);
                }
            })
        };
        gate.shut();
        shut.store(true, Ordering::Release);
        worker.join().unwrap();
        assert_eq!(gate.under_way(), 0);
    });
}

/// What operations write, where loom sees it.
struct Shared {
    gate: Gate,
    written: UnsafeCell<u32>,
}

// SAFETY: loom reports two accesses that race.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

impl Shared {
    fn new(gate: Gate) -> Arc<Self> {
        Arc::new(Self { gate, written: UnsafeCell::new(0) })
    }

    fn write(&self) {
        self.written.with_mut(|place| {
            // SAFETY: the pointer is to the cell, and loom reports an access that races.
            unsafe { *place = 1 };
        });
    }
}

#[test]
fn loom_when_the_gate_is_shut_and_nothing_is_under_way_all_is_done_that_ever_will_be() {
    loom::model(|| {
        let shared = Shared::new(Gate::open());
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                if let Ok(pass) = shared.gate.enter() {
                    shared.write();
                    drop(pass);
                }
            })
        };
        shared.gate.shut();
        if shared.gate.under_way() == 0 {
            shared.write();
        }
        worker.join().unwrap();
    });
}

#[test]
fn loom_who_passes_a_gate_sees_what_was_prepared_before_it_was_opened() {
    loom::model(|| {
        let shared = Shared::new(Gate::closed());
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                if let Ok(pass) = shared.gate.enter() {
                    shared.write();
                    drop(pass);
                }
            })
        };
        shared.write();
        shared.gate.reopen();
        worker.join().unwrap();
    });
}

#[test]
fn loom_an_operation_sees_what_was_said_before_the_look_or_is_counted_by_it() {
    loom::model(|| {
        let (gate, stopped) = (Arc::new(Gate::open()), Arc::new(AtomicBool::new(false)));
        let seen = Arc::new(AtomicBool::new(false));
        let worker = {
            let (gate, stopped, seen) = (Arc::clone(&gate), Arc::clone(&stopped), Arc::clone(&seen));
            thread::spawn(move || {
                let pass = gate.enter();
                seen.store(stopped.load(Ordering::Relaxed), Ordering::Relaxed);
                // It never ends.
                std::mem::forget(pass);
            })
        };
        stopped.store(true, Ordering::Relaxed);
        let under_way = gate.look();
        worker.join().unwrap();
        assert!(
            under_way == 1 || seen.load(Ordering::Relaxed),
            "an operation missed the stop and was missed by it"
        );
    });
}
