//! Every interleaving of the lock-free steps, each in a model of a few lines.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use loom::thread;

use super::{Gate, Handover, Lane, Pool, Pushed};

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
fn loom_a_message_that_displaces_races_the_consumer_and_none_is_lost() {
    loom::model(|| {
        let pool = Pool::new(4);
        let lane = Arc::new(Lane::new(pool.clone(), 2));
        let producer = {
            let (pool, lane) = (pool.clone(), Arc::clone(&lane));
            thread::spawn(move || {
                (0..3_u32)
                    .filter(|value| {
                        matches!(lane.push_displacing(pool.put(0, *value).unwrap()), Pushed::Displaced(_))
                    })
                    .count()
            })
        };
        let mut taken: Vec<u32> = lane.take().into_iter().map(|item| *item).collect();
        let displaced = producer.join().unwrap();
        taken.extend(std::iter::from_fn(|| lane.take()).map(|item| *item));
        assert!(taken.is_sorted(), "{taken:?}");
        assert_eq!(taken.len() + displaced, 3);
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn loom_a_message_pushed_while_the_lane_closes_is_swept_by_exactly_one_side() {
    loom::model(|| {
        let pool = Pool::new(2);
        let lane = Arc::new(Lane::new(pool.clone(), 1));
        let swept = Arc::new(AtomicU32::new(0));
        let producer = {
            let (pool, lane, swept) = (pool.clone(), Arc::clone(&lane), Arc::clone(&swept));
            thread::spawn(move || {
                assert!(matches!(lane.push_displacing(pool.put(0, 1).unwrap()), Pushed::Queued));
                if lane.is_closed() {
                    swept.fetch_add(u32::try_from(lane.sweep().count()).unwrap(), Ordering::Relaxed);
                }
            })
        };
        lane.close();
        swept.fetch_add(u32::try_from(lane.sweep().count()).unwrap(), Ordering::Relaxed);
        producer.join().unwrap();
        assert_eq!(swept.load(Ordering::Relaxed), 1);
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn loom_two_publishers_of_one_place_leave_one_message_and_displace_the_other() {
    loom::model(|| {
        let pool = Pool::new(3);
        let lane = Arc::new(Lane::new(pool.clone(), 1));
        let push = |value: u32| {
            let (pool, lane) = (pool.clone(), Arc::clone(&lane));
            move || {
                usize::from(matches!(
                    lane.push_among_others(pool.put(0, value).unwrap()),
                    Pushed::Displaced(_)
                ))
            }
        };
        let other = thread::spawn(push(1));
        let displaced = push(2)() + other.join().unwrap();
        let taken = std::iter::from_fn(|| lane.take()).count();
        assert_eq!((taken, displaced), (1, 1));
    });
}

#[test]
fn loom_a_value_handed_over_is_taken_by_one_side_only() {
    loom::model(|| {
        let place = Arc::new(Handover::new());
        let giver = {
            let place = Arc::clone(&place);
            thread::spawn(move || {
                assert!(place.put(Box::new(1_u32)).is_none());
                place.put(Box::new(2)).is_some()
            })
        };
        let early = place.take();
        let came_back = giver.join().unwrap();
        let late = place.take();
        let taken = usize::from(early.is_some()) + usize::from(late.is_some());
        assert_eq!(taken + usize::from(came_back), 2);
    });
}

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
