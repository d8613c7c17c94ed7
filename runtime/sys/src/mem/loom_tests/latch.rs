use loom::sync::Arc;
use loom::thread;

use crate::mem::{Handover, Latch, Pool};

/// The publisher latches and looks for who has joined; the joiner joins and looks at what is latched.
#[test]
fn loom_a_joiner_sees_the_value_or_its_publisher_sees_the_joiner() {
    loom::model(|| {
        let pool = Pool::new(1);
        let (latch, table) = (Arc::new(Latch::new(pool.clone())), Arc::new(Handover::new()));
        let publisher = {
            let (latch, table) = (Arc::clone(&latch), Arc::clone(&table));
            thread::spawn(move || {
                assert!(latch.set(pool.put(0, 1_u32).unwrap()).is_none());
                table.take().is_some()
            })
        };
        assert!(table.put(Box::new(())).is_none());
        let copied = latch.get().is_some();
        assert!(publisher.join().unwrap() || copied, "neither saw the other");
    });
}

#[test]
fn loom_a_value_that_is_replaced_while_it_is_copied_stays_until_the_copy_is_gone() {
    loom::model(|| {
        let pool = Pool::new(2);
        let latch = Arc::new(Latch::new(pool.clone()));
        assert!(latch.set(pool.put(0, 1_u32).unwrap()).is_none());
        let publisher = {
            let (pool, latch) = (pool.clone(), Arc::clone(&latch));
            thread::spawn(move || drop(latch.set(pool.put(1, 2_u32).unwrap())))
        };
        let copy = latch.get().expect("a value was latched before");
        assert!((1..=2).contains(&*copy));
        drop(copy);
        publisher.join().unwrap();
        assert_eq!(latch.get().map(|copy| *copy), Some(2));
        drop(latch);
        assert_eq!(pool.in_use(), 0);
    });
}

#[test]
fn loom_a_latch_that_is_dropped_frees_what_its_last_joiner_put_back() {
    loom::model(|| {
        let pool = Pool::new(1);
        let latch = Arc::new(Latch::new(pool.clone()));
        assert!(latch.set(pool.put(0, 1_u32).unwrap()).is_none());
        let joiner = {
            let latch = Arc::clone(&latch);
            thread::spawn(move || assert_eq!(latch.get().map(|copy| *copy), Some(1)))
        };
        drop(latch);
        joiner.join().unwrap();
        assert_eq!(pool.in_use(), 0);
    });
}
