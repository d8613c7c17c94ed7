//! New parameters for a node that runs are neither allocated nor freed on its thread.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

mod running;

use std::sync::Mutex;

use nevil_runtime::ThreadSpec;
use nevil_runtime::prelude::*;
use nevil_sys::alloc::{CountingAllocator, thread_allocations, thread_frees};

use running::{Running, spec};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// What the thread has asked of its allocator by each change.
static COUNTS: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

struct Painter;

#[derive(Parameters)]
struct Params {
    /// What it paints, on the heap.
    #[param(default = "a wall")]
    what: String,
}

impl Node for Painter {
    type Params = Params;

    fn configure(_: &mut Setup<'_, Self>, _: Params) -> Result<Self, NodeError> {
        COUNTS.lock().unwrap().reserve(1000);
        Ok(Self)
    }

    fn params_changed(&mut self, params: &Params, _: &Context) -> NodeResult {
        assert!(!params.what.is_empty());
        COUNTS.lock().unwrap().push((thread_allocations(), thread_frees()));
        Ok(())
    }
}

#[test]
fn parameters_are_changed_without_an_allocation_on_the_nodes_thread() {
    let robot = Running::start(vec![spec::<Painter>("painter", ThreadSpec::default())]);
    let node = &robot.nodes[0];
    for number in 0..200 {
        let params = Value::parse_yaml("params", &format!("what: a wall of {number} bricks")).unwrap();
        node.change_params(node.read_params(params).unwrap()).unwrap();
        let outcome = loop {
            match node.poll_params() {
                Some(outcome) => break outcome,
                None => std::thread::yield_now(),
            }
        };
        outcome.unwrap();
    }
    robot.stop();
    let counts = COUNTS.lock().unwrap();
    // The first ones reach what is made when it is first used.
    assert_eq!((counts.len(), counts[50]), (200, *counts.last().unwrap()));
}
