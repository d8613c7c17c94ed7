//! A node that does whatever moves a counter, and the robot that it is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use std::sync::Arc;

use nevil_runtime::prelude::*;
use nevil_runtime::{
    AnyPublisher, Authority, Bus, Clock, Environment, Kept, NodeSpec, NodeTypes, RobotStatus, SimulatedRobot,
    SubscriptionCounts, ToolPublishError,
};

#[derive(Clone, Message)]
pub(crate) struct Word {
    pub(crate) value: u64,
}

#[derive(Message)]
struct Text {
    text: String,
}

pub(crate) const PLAIN: Topic<Word> = Topic::new("plain");
const NARROW: Topic<Word> = Topic::new("narrow").depth(1);
const SHORT: Topic<Word> = Topic::new("short").lifespan(Duration::from_millis(10));
const RARE: Topic<Word> = Topic::new("rare").deadline(Duration::from_secs(1));
const SMALL: Topic<Text> = Topic::new("small").message_bytes_max(64);
const OWNED: Topic<Word> = Topic::new("owned").exclusive();
const HOARDED: Topic<Word> = Topic::new("hoarded").depth(1);
const LOOP: Topic<Word> = Topic::new("loop");
const STATE: Topic<Word> = Topic::new("state").latched();
const WATCHED: Topic<Word> = Topic::new("watched");

/// What the one robot of a situation shares with its node. Situations run one after the other on a thread.
#[derive(Default)]
pub(crate) struct Shared {
    /// A publisher of the node in other hands.
    pub(crate) publisher: Mutex<Option<Publisher<Word>>>,
    pub(crate) sends: AtomicBool,
    pub(crate) cannot_be_safe: AtomicBool,
    bus: Mutex<Option<Bus>>,
    during: Mutex<Option<SubscriptionCounts>>,
}

thread_local! {
    static SHARED: std::cell::RefCell<Arc<Shared>> = std::cell::RefCell::default();
}

struct Subject {
    shared: Arc<Shared>,
    kept: Vec<Kept<Word>>,
    again: Publisher<Word>,
    wheel: Actuator<Wheel>,
    output: RingOutput<f32>,
    input: RingInput<f32>,
}

struct Wheel;

impl Actuate for Wheel {
    type Command = ();

    fn apply(&mut self, (): &()) -> DeviceResult<()> {
        Ok(())
    }
}

/// Sends one message more than there is room for, once.
struct Hand(Arc<Shared>);

impl Driver for Hand {
    type Input = Word;

    fn step(&mut self, now: Time, input: &DriverInput<Word>) -> Result<Option<Time>, NodeError> {
        if self.0.sends.swap(false, Ordering::Relaxed) {
            for value in 0..=10 {
                // The last one is refused.
                let sent = input.send_within(Word { value }, Duration::ZERO);
                assert_eq!(sent.is_err(), value == 10);
            }
        }
        Ok(Some(now + Duration::from_millis(10)))
    }
}

impl Node for Subject {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let shared = SHARED.with_borrow(Arc::clone);
        setup.subscribe(PLAIN, |_: &mut Self, _, _| Ok(()))?;
        for topic in [NARROW, SHORT, RARE, OWNED, STATE] {
            setup.subscribe(topic, |_: &mut Self, _, _| Ok(()))?;
        }
        setup.subscribe(Topic::new("failing"), |_: &mut Self, _: &Received<Word>, _| {
            Err(NodeError::new("no"))
        })?;
        setup.subscribe(Topic::new("panicking"), |_: &mut Self, _: &Received<Word>, _| panic!("no"))?;
        setup.subscribe(SMALL, |_: &mut Self, _, _| Ok(()))?;
        setup.subscribe(HOARDED, |subject: &mut Self, word: &Received<Word>, _| {
            subject.kept.push(word.keep());
            Ok(())
        })?;
        setup.subscribe(LOOP, |subject: &mut Self, word: &Received<Word>, _| {
            // At the limit it is refused, and that is what is tested.
            let _ = subject.again.publish(Word { value: word.value + 1 });
            Ok(())
        })?;
        setup.subscribe(WATCHED, |subject: &mut Self, _: &Received<Word>, _| {
            let bus = subject.shared.bus.lock().unwrap().clone().unwrap();
            let counts = bus.counts("watched").unwrap().subscriptions.remove(0).2;
            *subject.shared.during.lock().unwrap() = Some(counts);
            Ok(())
        })?;
        setup.subscribe(Topic::new("move"), |subject: &mut Self, _: &Received<Word>, _| {
            // Whether it is refused is what is tested.
            let _ = subject.wheel.command(&(), Duration::from_millis(100));
            Ok(())
        })?;
        setup.subscribe(Topic::new("write"), |subject: &mut Self, _: &Received<Word>, ctx: &Context| {
            subject.output.write(ctx.now(), &[0.5; 160])?;
            Ok(())
        })?;
        setup.subscribe(Topic::new("read"), |subject: &mut Self, _: &Received<Word>, _| {
            let mut samples = [0.0; 160];
            // Overtaken or not is what is tested.
            let _ = subject.input.read(&mut samples);
            Ok(())
        })?;
        let of_driver = Arc::clone(&shared);
        setup.driver("hand", move || Ok(Hand(Arc::clone(&of_driver))), |_: &mut Self, _, _| Ok(()))?;
        setup.after(Duration::from_millis(500), |_: &mut Self, _, _| Ok(()))?;
        let of_wheel = Arc::clone(&shared);
        let wheel = setup.actuator("wheel", move || {
            let shared = Arc::clone(&of_wheel);
            let make_safe = Arc::new(move || match shared.cannot_be_safe.load(Ordering::Relaxed) {
                true => Err("it is stuck".into()),
                false => Ok(()),
            });
            Ok(OpenActuator { control: Wheel, make_safe, guard: None })
        });
        let shape = AudioShape { rate_hz: 16_000, channels: 1, frames_per_block: 160 };
        let output = setup.ring_writer("mic", RingSpec::<f32>::audio(shape, 8))?;
        let input = setup.ring_reader("mic", Start::Now)?;
        setup.publisher(OWNED)?;
        *shared.publisher.lock().unwrap() = Some(setup.publisher(PLAIN)?);
        let again = setup.publisher(LOOP)?;
        Ok(Self { shared, kept: Vec::new(), again, wheel, output, input })
    }
}

/// Comes later, and hears what is latched.
struct Late;

impl Node for Late {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(STATE, |_: &mut Self, _, _| Ok(()))?;
        Ok(Self)
    }
}

fn spec<N: Node>(name: &'static str) -> NodeSpec {
    NodeSpec::new(name, NodeTypes::new().with::<N>(name).get(name).unwrap().clone())
}

/// A robot of one node in virtual time, and the tools that publish on its topics.
pub(crate) struct Robot {
    pub(crate) robot: SimulatedRobot,
    pub(crate) late: Option<SimulatedRobot>,
    pub(crate) shared: Arc<Shared>,
    tools: Vec<(String, Box<dyn AnyPublisher>)>,
}

impl Robot {
    /// Configured, and not active.
    pub(crate) fn new() -> Self {
        let shared = Arc::<Shared>::default();
        SHARED.set(Arc::clone(&shared));
        let environment = Environment::new(Clock::simulated(), 1);
        let robot = SimulatedRobot::configure(vec![spec::<Subject>("subject")], environment).unwrap();
        *shared.bus.lock().unwrap() = Some(robot.environment().bus().clone());
        Self { robot, late: None, shared, tools: Vec::new() }
    }

    pub(crate) fn start(&mut self) {
        self.robot.activate().unwrap();
        self.robot.settle().unwrap();
    }

    /// A node more, which has heard nothing yet.
    pub(crate) fn add_late(&mut self) {
        let environment = self.robot.environment().clone();
        let mut late = SimulatedRobot::configure(vec![spec::<Late>("late")], environment).unwrap();
        late.activate().unwrap();
        self.late = Some(late);
    }

    pub(crate) fn status(&self) -> RobotStatus {
        let mut status = RobotStatus::read_simulated(&self.robot);
        if let Some(late) = &self.late {
            status.nodes.extend(RobotStatus::read_simulated(late).nodes);
        }
        status
    }

    pub(crate) fn publish(&mut self, topic: &str, message: &str) -> Result<(), ToolPublishError> {
        if !self.tools.iter().any(|(name, _)| name == topic) {
            let tool = self.robot.environment().bus().tool_publisher(topic, "tool", Authority::Tool).unwrap();
            self.tools.push((topic.to_owned(), tool));
        }
        let (_, tool) = self.tools.iter().find(|(name, _)| name == topic).unwrap();
        tool.publish(&Value::parse_yaml("message", message).unwrap()).map(drop)
    }

    /// Publishes a word on `topic`.
    pub(crate) fn say(&mut self, topic: &str) {
        self.publish(topic, "{value: 1}").unwrap();
    }

    pub(crate) fn settle(&mut self) {
        self.robot.settle().unwrap();
    }

    pub(crate) fn run_ms(&mut self, ms: u64) {
        self.robot.run_for(Duration::from_millis(ms)).unwrap();
    }

    pub(crate) fn look_during_the_callback(&mut self) -> SubscriptionCounts {
        self.settle();
        self.shared.during.lock().unwrap().take().unwrap()
    }
}
