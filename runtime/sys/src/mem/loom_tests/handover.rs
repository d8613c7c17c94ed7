use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::mem::Handover;

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
fn loom_a_value_handed_over_arrives_whole_also_when_it_comes_back() {
    loom::model(|| {
        let place = Arc::new(Handover::new());
        let giver = {
            let place = Arc::clone(&place);
            thread::spawn(move || drop(place.put(written(1))))
        };
        // What comes back was given by the other thread, and so was what is taken.
        for value in place.put(written(2)).into_iter().chain(place.take()) {
            // SAFETY: the pointer is to the cell, and loom reports a write that races.
            assert_ne!(value.with(|value| unsafe { *value }), 0);
        }
        giver.join().unwrap();
    });
}

fn written(value: u32) -> Box<UnsafeCell<u32>> {
    let cell = Box::new(UnsafeCell::new(0));
    cell.with_mut(|place| {
        // SAFETY: nobody else has the cell yet.
        unsafe { *place = value };
    });
    cell
}
