use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Gate, Handover, Lane, Pool, Pushed};

fn lane(slots: usize, places: usize) -> (Pool<u32>, Lane<u32>) {
    let pool = Pool::new(slots);
    let lane = Lane::new(pool.clone(), places);
    (pool, lane)
}

#[test]
fn a_pool_refuses_one_value_more_than_it_has_slots_and_gives_it_back() {
    for slots in [1, 63, 64, 65, 130] {
        let pool = Pool::new(slots);
        let held: Vec<_> = (0..slots).map(|value| pool.put(value, value).unwrap()).collect();
        assert_eq!(pool.put(0, 999).unwrap_err(), 999);
        assert_eq!(pool.in_use(), slots);
        drop(held);
        assert_eq!(pool.in_use(), 0);
        assert!(pool.put(0, 1).is_ok());
    }
}

#[test]
fn the_last_reference_drops_the_value_once_and_frees_its_slot() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let pool = Pool::new(1);
    let first = pool.put(0, Counted(Arc::clone(&drops))).ok().unwrap();
    let second = first.clone();
    drop(first);
    assert_eq!((drops.load(Ordering::Relaxed), pool.in_use()), (0, 1));
    drop(second);
    assert_eq!((drops.load(Ordering::Relaxed), pool.in_use()), (1, 0));
}

#[test]
fn a_value_outlives_the_handle_to_its_pool() {
    let pool = Pool::new(2);
    let kept = pool.put(0, String::from("still here")).unwrap();
    drop(pool);
    assert_eq!(kept.as_str(), "still here");
}

#[test]
fn a_panic_in_the_drop_of_a_value_does_not_lose_the_slot() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("a value that panics when dropped");
        }
    }
    let pool = Pool::new(1);
    let bad = pool.put(0, Bad).ok().unwrap();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(bad))).is_err());
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_full_lane_gives_up_its_oldest_and_keeps_the_order_of_the_rest() {
    let (pool, lane) = lane(8, 3);
    for value in 0..5 {
        let displaced = lane.push_displacing(pool.put(0, value).unwrap());
        match (value, displaced) {
            (0..3, Pushed::Queued) => {}
            (3.., Pushed::Displaced(older)) => assert_eq!(*older, value - 3),
            (_, other) => panic!("unexpected {other:?}"),
        }
    }
    let rest: Vec<u32> = std::iter::from_fn(|| lane.take()).map(|item| *item).collect();
    assert_eq!(rest, [2, 3, 4]);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_full_lane_that_drops_the_newest_keeps_what_it_has() {
    let (pool, lane) = lane(8, 2);
    assert!(matches!(lane.push_if_room(pool.put(0, 1).unwrap()), Pushed::Queued));
    assert!(matches!(lane.push_if_room(pool.put(0, 2).unwrap()), Pushed::Queued));
    assert!(matches!(lane.push_if_room(pool.put(0, 3).unwrap()), Pushed::Full(item) if *item == 3));
    assert_eq!(*lane.take().unwrap(), 1);
    assert!(matches!(lane.push_if_room(pool.put(0, 4).unwrap()), Pushed::Queued));
    let rest: Vec<u32> = std::iter::from_fn(|| lane.take()).map(|item| *item).collect();
    assert_eq!(rest, [2, 4]);
}

#[test]
fn a_dropped_lane_frees_what_was_queued() {
    let (pool, lane) = lane(4, 4);
    for value in 0..4 {
        assert!(matches!(lane.push_displacing(pool.put(0, value).unwrap()), Pushed::Queued));
    }
    drop(lane);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn every_message_of_a_lapped_consumer_is_taken_or_displaced() {
    const MESSAGES: u32 = 200_000;
    let (pool, lane) = lane(32, 4);
    let done = std::sync::atomic::AtomicBool::new(false);
    let (displaced, taken) = std::thread::scope(|scope| {
        let producer = scope.spawn(|| {
            let mut displaced = 0;
            for value in 0..MESSAGES {
                let item = pool.put(0, value).unwrap();
                displaced += u32::from(matches!(lane.push_displacing(item), Pushed::Displaced(_)));
            }
            done.store(true, Ordering::Release);
            displaced
        });
        let (mut taken, mut last) = (0, None);
        loop {
            let finished = done.load(Ordering::Acquire);
            while let Some(item) = lane.take() {
                assert!(last.is_none_or(|last| last < *item), "{last:?} came before {}", *item);
                last = Some(*item);
                taken += 1;
            }
            if finished {
                break;
            }
        }
        (producer.join().unwrap(), taken)
    });
    assert_eq!(displaced + taken, MESSAGES);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_handover_returns_what_nobody_took() {
    let place = Handover::new();
    assert!(place.put(Box::new(1)).is_none());
    assert_eq!(place.put(Box::new(2)), Some(Box::new(1)));
    assert_eq!(place.take(), Some(Box::new(2)));
    assert_eq!(place.take(), None);
}

#[test]
fn nothing_begins_after_a_gate_is_shut_and_what_began_is_counted() {
    let gate = Gate::open();
    let pass = gate.enter().unwrap();
    assert_eq!(gate.shut(), 1);
    assert!(gate.enter().is_err());
    assert_eq!(gate.under_way(), 1);
    drop(pass);
    assert_eq!(gate.under_way(), 0);
    gate.reopen();
    assert!(gate.enter().is_ok());
}

#[test]
fn a_lane_that_keeps_fewer_than_its_places_gives_up_the_oldest_and_the_consumer_finds_what_is_left() {
    for places in [3, 8, 9] {
        let (pool, lane) = lane(32, places);
        for round in 0..3 {
            for value in 0..places as u32 + 2 {
                let _ = lane.push_displacing(pool.put(0, round * 100 + value).unwrap());
            }
            let older: Vec<u32> = lane.displace_beyond(2).map(|item| *item).collect();
            assert!(older.is_sorted_by(|a, b| a > b) && older.len() == places - 2, "{older:?}");
            assert_eq!(lane.displace_beyond(2).count(), 0);
            assert_eq!((lane.len(), lane.is_empty(), lane.holds_last(2)), (2, false, true));
            assert!(!lane.has_room(places - 1) && lane.has_room(places - 2));
            let left: Vec<u32> = std::iter::from_fn(|| lane.take()).map(|item| *item).collect();
            let last = round * 100 + places as u32 + 1;
            assert_eq!((left, lane.is_empty()), (vec![last - 1, last], true));
        }
        // What was displaced at all places leaves nothing that looks like a message.
        for value in 0..places as u32 {
            let _ = lane.push_displacing(pool.put(0, value).unwrap());
        }
        drop(lane.displace_beyond(1).collect::<Vec<_>>());
        assert_eq!((lane.sweep().count(), lane.len(), pool.in_use()), (1, 0, 0));
    }
}
