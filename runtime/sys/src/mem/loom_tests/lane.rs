use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use super::check;
use crate::mem::{Lane, Pool, Pushed};

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
fn loom_a_message_that_finds_no_room_comes_back_and_displaces_none() {
    loom::model(|| {
        let pool = Pool::new(4);
        let lane = Arc::new(Lane::new(pool.clone(), 2));
        let producer = {
            let (pool, lane) = (pool.clone(), Arc::clone(&lane));
            thread::spawn(move || {
                let push = |value: &u32| match lane.push_if_room(pool.put(0, *value).unwrap()) {
                    Pushed::Queued => true,
                    Pushed::Full(item) => *item != *value,
                    Pushed::Displaced(_) => panic!("a message lost its place"),
                };
                (0..4).filter(push).collect::<Vec<u32>>()
            })
        };
        let mut taken: Vec<u32> = lane.take().into_iter().map(|item| *item).collect();
        let queued = producer.join().unwrap();
        taken.extend(std::iter::from_fn(|| lane.take()).map(|item| *item));
        assert_eq!(taken, queued);
    });
}

#[test]
fn loom_two_publishers_share_a_lane_with_its_consumer_and_none_is_lost() {
    check(3, || {
        let pool = Pool::new(3);
        let lane = Arc::new(Lane::new(pool.clone(), 1));
        let publishers = [1, 2_u32].map(|value| {
            let (pool, lane) = (pool.clone(), Arc::clone(&lane));
            thread::spawn(move || {
                let pushed = lane.push_among_others(pool.put(0, value).unwrap());
                if let Pushed::Displaced(other) = &pushed {
                    assert_ne!(**other, value);
                }
                usize::from(!matches!(pushed, Pushed::Queued))
            })
        });
        let early = lane.take().into_iter().count();
        let displaced: usize = publishers.into_iter().map(|publisher| publisher.join().unwrap()).sum();
        let late = std::iter::from_fn(|| lane.take()).count();
        assert_eq!(early + late + displaced, 2);
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn loom_a_message_that_is_taken_while_the_lane_is_swept_goes_to_one_side() {
    loom::model(|| {
        let pool = Pool::new(2);
        let lane = Arc::new(Lane::new(pool.clone(), 2));
        for value in 0..2_u32 {
            let _ = lane.push_displacing(pool.put(0, value).unwrap());
        }
        let consumer = {
            let lane = Arc::clone(&lane);
            thread::spawn(move || lane.take().into_iter().count())
        };
        lane.close();
        let swept = lane.sweep().count();
        assert_eq!(consumer.join().unwrap() + swept, 2);
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn loom_what_lies_behind_a_message_that_is_being_taken_is_seen_by_all() {
    loom::model(|| {
        let pool = Pool::new(2);
        let lane = Arc::new(Lane::new(pool.clone(), 2));
        for value in 0..2_u32 {
            let _ = lane.push_displacing(pool.put(0, value).unwrap());
        }
        let consumer = {
            let lane = Arc::clone(&lane);
            thread::spawn(move || drop(lane.take()))
        };
        assert_ne!(lane.len(), 0);
        consumer.join().unwrap();
        assert_eq!(lane.len(), 1);
    });
}

/// A lane that keeps fewer messages than it has places: what the producer takes out is not missed, and what is left is found.
#[test]
fn loom_what_is_too_old_for_the_depth_is_taken_out_or_received_and_the_rest_is_found() {
    check(3, || {
        let pool = Pool::new(4);
        let lane = Arc::new(Lane::new(pool.clone(), 3));
        for value in 0..2_u32 {
            let _ = lane.push_displacing(pool.put(0, value).unwrap());
        }
        let consumer = {
            let lane = Arc::clone(&lane);
            thread::spawn(move || lane.take().into_iter().map(|item| *item).collect::<Vec<_>>())
        };
        let pushed = lane.push_displacing(pool.put(0, 2).unwrap());
        assert!(matches!(pushed, Pushed::Queued));
        let displaced: Vec<u32> = lane.displace_beyond(1).map(|item| *item).collect();
        let mut taken = consumer.join().unwrap();
        taken.extend(std::iter::from_fn(|| lane.take()).map(|item| *item));
        assert!(taken.is_sorted() && taken.last() == Some(&2), "{taken:?}");
        assert_eq!(taken.len() + displaced.len(), 3, "{taken:?} {displaced:?}");
        assert_eq!((lane.is_empty(), pool.in_use()), (true, 0));
    });
}

#[test]
fn loom_what_is_too_old_for_the_depth_while_the_lane_is_swept_goes_to_one_side() {
    loom::model(|| {
        let pool = Pool::new(3);
        let lane = Arc::new(Lane::new(pool.clone(), 3));
        for value in 0..3_u32 {
            let _ = lane.push_displacing(pool.put(0, value).unwrap());
        }
        let sweeper = {
            let lane = Arc::clone(&lane);
            thread::spawn(move || {
                lane.close();
                lane.sweep().count()
            })
        };
        let displaced = lane.displace_beyond(1).count();
        let swept = sweeper.join().unwrap();
        assert_eq!(displaced + swept, 3);
        assert_eq!(pool.in_use(), 0);
    });
}
