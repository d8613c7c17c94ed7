use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::mem::LeaseWord;

/// What holders write, where loom sees it.
struct Shared {
    lease: LeaseWord,
    written: UnsafeCell<u32>,
}

// SAFETY: loom reports two accesses that race.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

impl Shared {
    /// Takes the lease if it is free, works, and gives it back; whether it did.
    fn work(&self, seat: usize) -> bool {
        let seen = self.lease.read();
        let Some(held) = seen.is_free().then(|| self.lease.take(seen, seat, 0, 1)).and_then(Result::ok)
        else {
            return false;
        };
        self.written.with_mut(|place| {
            // SAFETY: the pointer is to the cell, and loom reports an access that races.
            unsafe { *place += 1 };
        });
        assert_eq!(self.lease.read().seat(), seat);
        assert!(self.lease.give_back(held));
        true
    }
}

#[test]
fn loom_a_lease_has_one_holder_who_sees_what_the_one_before_did() {
    loom::model(|| {
        let shared = Arc::new(Shared { lease: LeaseWord::new(), written: UnsafeCell::new(0) });
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.work(1))
        };
        let worked = shared.work(2);
        let other_worked = other.join().unwrap();
        assert!(worked || other_worked, "one of them finds it free");
        assert!(shared.lease.read().is_free());
    });
}

#[test]
fn loom_a_lease_that_is_over_is_taken_over_by_one_and_its_late_end_takes_nothing_away() {
    loom::model(|| {
        let lease = Arc::new(LeaseWord::new());
        let held = lease.take(lease.read(), 0, 0, 1).unwrap();
        let holder = {
            let lease = Arc::clone(&lease);
            thread::spawn(move || lease.give_back(held))
        };
        // Its time is over: whoever sees it so may take it.
        let heir = {
            let lease = Arc::clone(&lease);
            thread::spawn(move || lease.take(held, 1, 0, 2).is_ok())
        };
        let taken = lease.take(held, 2, 0, 2).is_ok();
        let (given_back, inherited) = (holder.join().unwrap(), heir.join().unwrap());
        assert_eq!(u8::from(taken) + u8::from(given_back) + u8::from(inherited), 1);
        let now = lease.read();
        assert_eq!(now.is_free(), given_back);
        assert!(given_back || now.seat() == if taken { 2 } else { 1 });
    });
}
