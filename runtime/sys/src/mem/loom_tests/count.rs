use loom::sync::Arc;
use loom::thread;

use super::check;
use crate::mem::{Count, Lane, Pool, Pushed};

/// The tallies of one route and its subscription.
struct Tallies {
    lane: Lane<u32>,
    offered: Count,
    overflow: Count,
    ok: Count,
}

impl Tallies {
    fn new(pool: &Pool<u32>) -> Arc<Self> {
        let lane = Lane::new(pool.clone(), 1);
        Arc::new(Self { lane, offered: Count::default(), overflow: Count::default(), ok: Count::default() })
    }

    fn publish(&self, pool: &Pool<u32>) {
        self.offered.add(1);
        if !matches!(self.lane.push_displacing(pool.put(0, 1).unwrap()), Pushed::Queued) {
            self.overflow.add(1);
        }
    }

    fn receive(&self) {
        if self.lane.take().is_some() {
            self.ok.add(1);
        }
    }

    /// In the order of a snapshot: what has ended, what is queued, what was offered.
    fn assert_none_is_counted_twice(&self) {
        let ended = self.overflow.get() + self.ok.get();
        let queued = self.lane.len() as u64;
        let offered = self.offered.get();
        assert!(ended + queued <= offered, "{ended} have ended and {queued} are queued of {offered}");
    }
}

#[test]
fn loom_a_snapshot_while_messages_displace_each_other_shows_no_more_than_was_offered() {
    loom::model(|| {
        let pool = Pool::new(3);
        let tallies = Tallies::new(&pool);
        let looking = {
            let tallies = Arc::clone(&tallies);
            thread::spawn(move || tallies.assert_none_is_counted_twice())
        };
        (0..2).for_each(|_| tallies.publish(&pool));
        looking.join().unwrap();
    });
}

#[test]
fn loom_a_snapshot_while_a_message_is_received_shows_no_more_than_was_offered() {
    check(3, || {
        let pool = Pool::new(2);
        let tallies = Tallies::new(&pool);
        let receiving = {
            let tallies = Arc::clone(&tallies);
            thread::spawn(move || tallies.receive())
        };
        let looking = {
            let tallies = Arc::clone(&tallies);
            thread::spawn(move || tallies.assert_none_is_counted_twice())
        };
        tallies.publish(&pool);
        receiving.join().unwrap();
        looking.join().unwrap();
        tallies.receive();
        assert_eq!((tallies.offered.get(), tallies.ok.get()), (1, 1));
    });
}
