//! A node's ends of a ring, over its lives.

use super::*;
use crate::incarnation::Incarnation;
use crate::ring::{RingInput, RingOutput};

fn node() -> Arc<Incarnation> {
    Arc::new(Incarnation::new("ears".into(), 0, 1))
}

/// The two ends of a ring, the flag that lets the reader read, and the writer's life.
fn ends() -> (RingOutput<f32>, RingInput<f32>, Arc<AtomicBool>, Arc<Incarnation>) {
    let (rings, node, active) = (Rings::new(Clock::simulated()), node(), Arc::new(AtomicBool::new(false)));
    let place = rings.claim::<f32>("mic", node.instance()).unwrap();
    let output = RingOutput::new(Arc::clone(&place), RingSpec::audio(AUDIO, 4), Arc::clone(&node));
    (output, RingInput::new(place, "listener".into(), Start::Now, Arc::clone(&active)), active, node)
}

#[test]
fn a_ring_is_written_only_while_its_node_is_active() {
    let (output, _input, _active, node) = ends();
    let fenced = "ring `mic` may not be written now, because its node is not active";
    let write =
        || output.write(Time::ZERO, &[0.0; 8]).map(|block| block.block).map_err(|error| error.to_string());
    assert_eq!(write(), Err(fenced.to_owned()));
    output.open().unwrap();
    assert_eq!(write(), Err(fenced.to_owned()), "it is open, but the node may not act yet");
    node.open();
    assert_eq!((write(), write()), (Ok(0), Ok(1)));
    node.fence();
    assert_eq!(write(), Err(fenced.to_owned()));
    assert_eq!(output.lose(1).unwrap_err().to_string(), fenced);
    node.open();
    assert!(output.close());
    assert_eq!(output.begin_epoch().unwrap_err().to_string(), fenced);
}

#[test]
fn a_reader_goes_on_with_the_first_block_of_the_next_life_after_it_was_told() {
    let (output, mut input, active, node) = ends();
    let mut values = [0.0; 8];
    let mut read = || input.read(&mut values).map(|block| block.map(|block| block.number));
    let text = |error: ReadError| error.to_string();
    let inactive = "ring `mic` may not be read now, because its node is not active";
    assert_eq!(read().map_err(text), Err(inactive.to_owned()));
    // Relaxed: one thread.
    active.store(true, Ordering::Relaxed);
    let none = "ring `mic` has no writer now; it is opened when the node that writes it is activated";
    assert_eq!(read().map_err(text), Err(none.to_owned()));
    node.open();
    output.open().unwrap();
    let write = || output.write(Time::ZERO, &[0.0; 8]).unwrap();
    assert_eq!(read(), Ok(None));
    write();
    write();
    assert_eq!(read(), Ok(Some(0)));
    assert!(output.close());
    assert_eq!(read(), Ok(Some(1)), "what was written is read first");
    let ended = Err(ReadError::Ended { ring: "mic".into() });
    assert_eq!((read(), read()), (ended.clone(), ended));
    output.open().unwrap();
    write();
    assert_eq!(read(), Err(ReadError::Replaced { ring: "mic".into() }));
    assert_eq!((read(), read()), (Ok(Some(0)), Ok(None)), "from its beginning");
}

#[test]
fn a_reference_of_an_earlier_life_is_refused_and_one_of_this_life_is_read() {
    let (output, mut input, active, node) = ends();
    active.store(true, Ordering::Relaxed);
    node.open();
    output.open().unwrap();
    let before = output.write(Time::ZERO, &[0.25; 8]).unwrap();
    let mut values = [0.0; 8];
    assert_eq!(input.read_block(&before, &mut values).unwrap().number, 0);
    output.open().unwrap();
    let now = output.write(Time::ZERO, &[0.5; 8]).unwrap();
    assert!(now.generation > before.generation);
    let replaced = ReadError::Replaced { ring: "mic".into() };
    assert_eq!(input.read_block(&now, &mut values).unwrap().values, 8, "a reference names its life");
    assert_eq!(input.open(&before).map(drop).unwrap_err(), replaced);
    assert_eq!(values, [0.5; 8]);
}
