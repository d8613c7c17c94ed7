use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::mem::{Call, Ending, Watched, Watcher};

const FIRST: Watched = Watched { what: 1, began: 1, deadline: 1, ticket: 1 };
const SECOND: Watched = Watched { what: 2, began: 2, deadline: 2, ticket: 2 };

/// The message in hand and its account, which belong to the owner, or to whoever gives the call up.
struct Hand {
    call: Call,
    account: UnsafeCell<u32>,
}

// SAFETY: loom reports two accesses that race.
unsafe impl Sync for Hand {}
// SAFETY: as above.
unsafe impl Send for Hand {}

impl Hand {
    fn new() -> Arc<Self> {
        Arc::new(Self { call: Call::new(), account: UnsafeCell::new(0) })
    }

    fn add(&self) {
        self.account.with_mut(|account| {
            // SAFETY: the pointer is to the cell, and loom reports an access that races.
            unsafe { *account += 1 };
        });
    }

    fn sum(&self) -> u32 {
        // SAFETY: as above.
        self.account.with(|account| unsafe { *account })
    }
}

#[test]
fn loom_what_a_call_holds_is_accounted_for_by_its_owner_or_by_who_gave_it_up() {
    loom::model(|| {
        let hand = Hand::new();
        hand.call.begin(FIRST);
        let watcher = {
            let hand = Arc::clone(&hand);
            thread::spawn(move || {
                let Some(seen) = hand.call.running() else { return };
                if hand.call.abandon(&seen) {
                    hand.add();
                }
            })
        };
        let ending = hand.call.end();
        if ending == Ending::InTime {
            hand.add();
        }
        watcher.join().unwrap();
        assert_eq!(hand.sum(), 1);
        assert_eq!(hand.call.is_abandoned(), ending == Ending::Abandoned);
    });
}

#[test]
fn loom_a_judgement_falls_on_the_call_that_was_looked_at() {
    loom::model(|| {
        let call = Arc::new(Call::new());
        call.begin(FIRST);
        let watcher = {
            let call = Arc::clone(&call);
            thread::spawn(move || {
                let seen = call.running()?;
                // By the numbers of the first call, not of the second.
                (seen.call.deadline == 1 && call.judge(&seen)).then_some(seen.call)
            })
        };
        let first = call.end();
        call.begin(SECOND);
        let second = call.end();
        let judged = watcher.join().unwrap();
        assert_eq!(judged.is_some(), first == Ending::Late, "{judged:?}");
        assert_eq!(second, Ending::InTime);
        if let Some(judged) = judged {
            assert_eq!(judged, FIRST);
        }
    });
}

#[test]
fn loom_a_call_that_was_extended_is_not_judged_by_its_old_deadline() {
    loom::model(|| {
        let call = Arc::new(Call::new());
        call.begin(FIRST);
        let watcher = {
            let call = Arc::clone(&call);
            thread::spawn(move || {
                let seen = call.running()?;
                call.judge(&seen).then_some(seen.call.deadline)
            })
        };
        let extended = call.extend(9);
        let judged = watcher.join().unwrap();
        // If the extension came through, only a look that saw it may have judged.
        if extended.is_ok() && call.end() == Ending::Late {
            assert_eq!(judged, Some(9));
        }
        if extended.is_err() {
            assert!(judged.is_some());
        }
    });
}

#[test]
fn loom_a_call_wakes_a_watcher_that_falls_asleep() {
    loom::model(|| {
        let call = Arc::new((Call::new(), Watcher::new()));
        let owner = {
            let call = Arc::clone(&call);
            thread::spawn(move || {
                call.0.begin(FIRST);
                call.1.begun();
            })
        };
        // Returns, or the model hangs, which loom reports.
        call.1.sleep_unless(|| call.0.is_running());
        owner.join().unwrap();
        assert!(call.0.is_running());
    });
}

/// Loom's time does not pass: who is not rung for sleeps for ever.
#[test]
fn loom_a_call_with_an_earlier_deadline_wakes_a_watcher_that_naps() {
    const LATER: u64 = FIRST.deadline + 1;
    loom::model(|| {
        let call = Arc::new((Call::new(), Watcher::new()));
        let owner = {
            let call = Arc::clone(&call);
            thread::spawn(move || {
                call.0.begin(FIRST);
                call.1.begun_by(FIRST.deadline);
            })
        };
        let sooner = || call.0.running().is_some_and(|seen| seen.call.deadline < LATER);
        call.1.nap_unless(LATER, sooner);
        owner.join().unwrap();
        assert!(sooner());
    });
}
