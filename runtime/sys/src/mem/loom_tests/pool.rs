use loom::cell::UnsafeCell;
use loom::thread;

use crate::mem::Pool;

#[test]
fn loom_two_publishers_never_claim_one_slot() {
    loom::model(|| {
        let pool = Pool::new(1);
        let other = pool.clone();
        let publisher = thread::spawn(move || other.put(0, 1).map(|item| *item).is_ok());
        let here = pool.put(0, 2);
        let held = here.is_ok();
        drop(here);
        let there = publisher.join().unwrap();
        assert!(held || there, "the slot goes to at least one");
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn loom_the_last_of_two_references_frees_the_slot_for_the_next_value() {
    loom::model(|| {
        let pool = Pool::new(1);
        let first = pool.put(0, 1_u32).unwrap();
        let second = first.clone();
        let reader = thread::spawn(move || assert_eq!(*second, 1));
        drop(first);
        let next = pool.put(0, 2);
        reader.join().unwrap();
        drop(next);
        assert_eq!(pool.in_use(), 0);
        assert!(pool.put(0, 3).is_ok());
    });
}

#[test]
fn loom_shares_that_two_threads_drop_beside_the_rest_free_the_slot_once() {
    loom::model(|| {
        let pool = Pool::new(1);
        let mut shares = pool.claim(0).unwrap().fill_for(1_u32, 4);
        let readers = [(); 2].map(|()| {
            let share = shares.take().unwrap();
            thread::spawn(move || assert_eq!(*share, 1))
        });
        drop(shares);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(pool.in_use(), 0);
        assert_eq!(*pool.put(0, 2).unwrap(), 2);
    });
}

#[test]
fn loom_who_finds_itself_the_only_owner_sees_what_the_others_did_and_frees_the_slot() {
    loom::model(|| {
        let pool = Pool::new(1);
        // A value that can be written: loom says so if its drop may come before a write.
        let first = pool.put(0, Written::default()).unwrap();
        let second = first.clone();
        let other = thread::spawn(move || drop(second));
        first.write();
        drop(first);
        other.join().unwrap();
        assert_eq!(pool.in_use(), 0);
        assert!(pool.put(0, Written::default()).is_ok());
    });
}

#[test]
fn loom_a_slot_that_is_claimed_while_it_is_freed_is_claimed_after_its_value_is_gone() {
    loom::model(|| {
        let pool = Pool::new(1);
        let old = pool.put(0, 1_u32).unwrap();
        let claimer = {
            let pool = pool.clone();
            thread::spawn(move || pool.put(0, 2).is_ok_and(|new| *new == 2))
        };
        drop(old);
        let claimed = claimer.join().unwrap();
        assert_eq!(pool.in_use(), 0);
        assert!(claimed || pool.put(0, 3).is_ok());
    });
}

#[test]
fn loom_a_claim_that_is_given_back_leaves_the_slot_to_another() {
    loom::model(|| {
        let pool = Pool::new(1);
        let claim = pool.claim(0).unwrap();
        let claimer = {
            let pool = pool.clone();
            thread::spawn(move || pool.put(0, 1_u32).is_ok())
        };
        drop(claim);
        assert!(claimer.join().unwrap() || pool.put(0, 2).is_ok());
    });
}

#[test]
fn loom_the_last_handle_of_a_pool_goes_while_a_reference_is_dropped_and_its_memory_is_not_given_back_too_early()
 {
    loom::model(|| {
        let pool = Pool::new(1);
        let item = pool.put(0, 1_u32).unwrap();
        let other = thread::spawn(move || drop(pool));
        assert_eq!(*item, 1);
        drop(item);
        other.join().unwrap();
    });
}

/// A value that remembers, where loom sees it, that it was written and dropped.
#[derive(Debug, Default)]
struct Written(UnsafeCell<u32>);

// SAFETY: loom reports two accesses that race.
unsafe impl Sync for Written {}

impl Written {
    fn write(&self) {
        self.0.with_mut(|value| {
            // SAFETY: the pointer is to the cell.
            unsafe { *value = 1 };
        });
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        self.write();
    }
}
