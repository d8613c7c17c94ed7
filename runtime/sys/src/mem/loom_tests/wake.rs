use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use super::check;
use crate::mem::{Bell, Lane, Pool, Pushed, Sleep, Wake};

fn lane(places: usize) -> (Pool<u32>, Arc<Lane<u32>>) {
    let pool = Pool::new(4);
    (pool.clone(), Arc::new(Lane::new(pool, places)))
}

fn push(pool: &Pool<u32>, lane: &Lane<u32>) {
    assert!(matches!(lane.push_displacing(pool.put(0, 1).unwrap()), Pushed::Queued));
}

/// Who sleeps for ever is a deadlock, which loom reports; so it is in all of these.
#[test]
fn loom_a_thread_that_falls_asleep_while_a_message_is_pushed_is_woken_and_finds_it() {
    loom::model(|| {
        let ((pool, lane), wake) = (lane(1), Arc::new(Wake::new()));
        let producer = {
            let (lane, wake) = (Arc::clone(&lane), Arc::clone(&wake));
            thread::spawn(move || {
                push(&pool, &lane);
                wake.announce(0);
            })
        };
        wake.bell().sleep_unless(|| wake.active(0) != 0, Sleep::Sound, None);
        assert!(lane.take().is_some());
        producer.join().unwrap();
    });
}

/// The same where the bit of the source is set already, so that the lane itself is looked at.
#[test]
fn loom_a_thread_that_looks_at_its_lane_before_it_sleeps_is_woken_for_what_it_did_not_see() {
    loom::model(|| {
        let ((pool, lane), wake) = (lane(1), Arc::new(Wake::new()));
        wake.announce(0);
        let producer = {
            let (lane, wake) = (Arc::clone(&lane), Arc::clone(&wake));
            thread::spawn(move || {
                push(&pool, &lane);
                wake.announce(0);
            })
        };
        wake.bell().sleep_unless(|| !lane.is_empty(), Sleep::Sound, None);
        assert!(lane.take().is_some());
        producer.join().unwrap();
    });
}

#[test]
fn loom_a_source_that_is_retired_while_a_message_comes_is_seen_by_the_last_look_or_announced() {
    loom::model(|| {
        let ((pool, lane), wake) = (lane(1), Arc::new(Wake::new()));
        wake.announce(0);
        let producer = {
            let (lane, wake) = (Arc::clone(&lane), Arc::clone(&wake));
            thread::spawn(move || {
                push(&pool, &lane);
                wake.announce(0);
            })
        };
        wake.retire(0);
        let seen = !lane.is_empty();
        producer.join().unwrap();
        assert!(seen || wake.active(0) == 1, "nobody looks at the source any more");
    });
}

#[test]
fn loom_of_two_sources_that_are_announced_at_once_none_is_forgotten() {
    check(2, || {
        let wake = Arc::new(Wake::new());
        let announcers = [0, 1].map(|source| {
            let wake = Arc::clone(&wake);
            thread::spawn(move || wake.announce(source))
        });
        loop {
            let seen = wake.active(0);
            if seen == 0b11 {
                break;
            }
            wake.bell().sleep_unless(|| wake.active(0) != seen, Sleep::Sound, None);
        }
        for announcer in announcers {
            announcer.join().unwrap();
        }
    });
}

#[test]
fn loom_a_token_stays_until_it_is_taken_and_comes_with_what_was_done_before_it() {
    loom::model(|| {
        let (bell, done) = (Arc::new(Bell::new()), Arc::new(AtomicU32::new(0)));
        let ringer = {
            let (bell, done) = (Arc::clone(&bell), Arc::clone(&done));
            thread::spawn(move || {
                done.store(1, Ordering::Relaxed);
                bell.ring();
            })
        };
        if !bell.take() {
            bell.sleep_unless(|| false, Sleep::Sound, None);
        }
        assert_eq!(done.load(Ordering::Relaxed), 1);
        ringer.join().unwrap();
        assert!(!bell.is_rung(), "one token for one ring");
    });
}

#[test]
fn loom_a_bell_that_two_ring_wakes_its_thread() {
    check(2, || {
        let (bell, done) = (Arc::new(Bell::new()), Arc::new(AtomicU32::new(0)));
        let ringers = [(); 2].map(|()| {
            let (bell, done) = (Arc::clone(&bell), Arc::clone(&done));
            thread::spawn(move || {
                done.fetch_add(1, Ordering::SeqCst);
                bell.ring_if_sleeping();
            })
        });
        loop {
            let seen = done.load(Ordering::SeqCst);
            if seen == 2 {
                break;
            }
            bell.sleep_unless(|| done.load(Ordering::SeqCst) != seen, Sleep::Sound, None);
        }
        ringers.into_iter().for_each(|ringer| ringer.join().unwrap());
    });
}

/// Loom's time does not pass: who dozes must be rung for like who sleeps.
#[test]
fn loom_who_dozes_is_woken_by_a_publisher_that_does_not_leave_it_alone() {
    loom::model(|| {
        let ((pool, lane), wake) = (lane(1), Arc::new(Wake::new()));
        wake.announce(0);
        let producer = {
            let (lane, wake) = (Arc::clone(&lane), Arc::clone(&wake));
            thread::spawn(move || {
                push(&pool, &lane);
                if wake.bell().is_dozing() {
                    wake.bell().ring();
                }
            })
        };
        wake.bell().sleep_unless(|| !lane.is_empty(), Sleep::Doze, None);
        assert!(lane.take().is_some());
        producer.join().unwrap();
    });
}

#[test]
fn loom_a_publisher_that_waits_for_room_is_told_by_the_consumer_that_makes_it() {
    loom::model(|| {
        let ((pool, lane), room) = (lane(1), Arc::new(Bell::new()));
        push(&pool, &lane);
        let publisher = {
            let (lane, room) = (Arc::clone(&lane), Arc::clone(&room));
            thread::spawn(move || {
                lane.set_awaited(true);
                room.sleep_unless(|| lane.has_room(1), Sleep::Sound, None);
                assert!(matches!(lane.push_if_room(pool.put(0, 2).unwrap()), Pushed::Queued));
            })
        };
        assert!(lane.take().is_some());
        if room.is_sleeping() && lane.is_awaited() {
            room.ring();
        }
        publisher.join().unwrap();
        assert_eq!(lane.take().map(|item| *item), Some(2));
    });
}

#[test]
fn loom_a_publisher_that_waits_for_room_is_told_by_who_sweeps_the_lane() {
    loom::model(|| {
        let ((pool, lane), room) = (lane(1), Arc::new(Bell::new()));
        push(&pool, &lane);
        let publisher = {
            let (lane, room) = (Arc::clone(&lane), Arc::clone(&room));
            thread::spawn(move || room.sleep_unless(|| lane.has_room(1), Sleep::Sound, None))
        };
        lane.close();
        assert_eq!(lane.sweep().count(), 1);
        room.ring_if_sleeping();
        publisher.join().unwrap();
    });
}
