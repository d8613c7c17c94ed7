//! Nodes that write and read rings.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::sync::{Arc, Mutex};

use nevil_runtime::prelude::*;
use nevil_runtime::{Clock, Environment, NodeSpec, NodeTypes, RobotStatus, SimulatedRobot, ThreadSpec};

const HEARD: Topic<BlockRef> = Topic::new("heard");
const SHAPE: AudioShape = AudioShape { rate_hz: 16_000, channels: 1, frames_per_block: 160 };

/// Hears a louder and louder sound, and says so.
struct Ears {
    mic: RingOutput<f32>,
    heard: Publisher<BlockRef>,
    loudness: f32,
}

impl Node for Ears {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.every(Duration::from_millis(10), Self::hear)?;
        let spec = RingSpec::audio(SHAPE, 8).waking(Waking::ByHelper);
        Ok(Self { mic: setup.ring_writer("mic", spec)?, heard: setup.publisher(HEARD)?, loudness: 0.0 })
    }
}

impl Ears {
    fn hear(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        let block = self.mic.write(ctx.now(), &[self.loudness; 160])?;
        self.heard.publish(block)?;
        self.loudness += 1.0;
        Ok(())
    }
}

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Reads the block of each announcement, and all blocks again every 100 ms.
struct Listener {
    by_reference: RingInput<f32>,
    in_order: RingInput<f32>,
    samples: Vec<f32>,
}

impl Node for Listener {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(HEARD, Self::on_heard)?;
        setup.every(Duration::from_millis(100), Self::look)?;
        let in_order = setup.ring_reader("mic", Start::Now)?;
        Ok(Self { by_reference: in_order.clone(), in_order, samples: vec![0.0; 160] })
    }
}

impl Listener {
    fn on_heard(&mut self, block: &Received<BlockRef>, _: &Context) -> NodeResult {
        let read = self.by_reference.read_block(block, &mut self.samples)?;
        LOG.lock().unwrap().push(format!("{} at {:?}: {}", read.number, read.captured, self.samples[159]));
        Ok(())
    }

    fn look(&mut self, _: &Tick, _: &Context) -> NodeResult {
        let mut found = Vec::new();
        loop {
            match self.in_order.read(&mut self.samples) {
                Ok(Some(block)) => found.push(block.number.to_string()),
                Ok(None) => break,
                Err(ReadError::Lapped { blocks, .. }) => found.push(format!("{blocks} lost")),
                Err(error) => return Err(error.into()),
            }
        }
        LOG.lock().unwrap().push(format!("looked: {}", found.join(", ")));
        Ok(())
    }
}

/// Wants to write what `Ears` writes.
struct Mouth;

impl Node for Mouth {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.ring_writer("mic", RingSpec::<f32>::audio(SHAPE, 8))?;
        Ok(Self)
    }
}

fn robot(names: &[&'static str]) -> Result<SimulatedRobot, nevil_runtime::SimulationError> {
    let types = NodeTypes::new().with::<Ears>("ears").with::<Listener>("listener").with::<Mouth>("mouth");
    let spec = |name: &&'static str| NodeSpec {
        instance: Arc::from(*name),
        node_type: types.get(name).unwrap().clone(),
        params: Value::parse_yaml("params", "").unwrap(),
        thread: ThreadSpec::default(),
    };
    let specs = names.iter().map(spec).collect();
    SimulatedRobot::configure(specs, Environment::new(Clock::simulated(), 1))
}

#[test]
fn a_block_is_announced_and_read_by_its_reference_and_in_order() {
    // The listener is activated before there is a ring.
    let mut robot = robot(&["listener", "ears"]).unwrap();
    assert!(robot.environment().rings().get("mic").is_err(), "declaring has no effect");
    robot.activate().unwrap();
    robot.run_for(Duration::from_millis(205)).unwrap();
    let log = std::mem::take(&mut *LOG.lock().unwrap());
    assert_eq!(log[0], "0 at 0.010000000 s: 0");
    let announced = log.iter().filter(|line| line.contains(" at ")).count();
    assert_eq!(announced, 20);
    let looked: Vec<_> = log.iter().filter(|line| line.starts_with("looked")).collect();
    // Opened at the first look; then ten blocks came to a ring of eight, before its writer's turn at 200 ms.
    assert_eq!(looked, ["looked: ", "looked: 6 lost, 15, 16, 17, 18"]);
    let status = RobotStatus::read_simulated(&robot);
    let ring = &status.rings[0];
    assert_eq!(
        (&*ring.name, ring.writer.as_deref(), ring.published, ring.open),
        ("mic", Some("ears"), 20, true)
    );
    assert_eq!((ring.declared_readers.len(), ring.readers.len(), ring.generation), (1, 2, 1));
    assert!(robot.stop().is_empty());
    assert!(!RobotStatus::read_simulated(&robot).rings[0].open);
}

#[test]
fn a_second_writer_of_a_ring_is_refused_with_the_name_of_the_first() {
    let error = robot(&["ears", "mouth"]).map(drop).unwrap_err().to_string();
    assert!(
        error.contains(
            "ring `mic` is written by node `ears`; a ring has one writer, give this one another name"
        ),
        "{error}"
    );
}
