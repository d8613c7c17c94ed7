//! A robot in virtual time that keeps a lock and a control socket, and the directory where it keeps them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nevil_launch::{Control, ControlServer, RobotLock, RobotPhase, RobotReport, RuntimeDir};
use nevil_runtime::prelude::*;
use nevil_runtime::ring::Rings;
use nevil_runtime::{
    Breakers, Bus, Clock, Environment, NodeSpec, NodeTypes, ResetError, RobotStatus, SimulatedRobot,
};

/// Stands in for `$XDG_RUNTIME_DIR`; removed at the end.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nevil-cli-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn session(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Measures, and obeys an operator.
struct Car {
    range: Publisher<Range>,
}

impl Node for Car {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.every(Duration::from_millis(1), Self::measure)?;
        setup.subscribe(topics::OPERATOR_DRIVE, Self::on_drive)?;
        Ok(Self { range: setup.publisher(topics::RANGE)? })
    }
}

impl Car {
    fn measure(&mut self, _: &Tick, _: &Context) -> NodeResult {
        self.range.publish(Range { reading: RangeReading::Echo, distance_m: 0.5 })?;
        Ok(())
    }

    fn on_drive(&mut self, _: &Received<Drive>, _: &Context) -> NodeResult {
        Ok(())
    }
}

struct Handler {
    environment: Environment,
    status: serde_json::Value,
    asked_to_stop: AtomicBool,
}

impl Control for Handler {
    fn status(&self) -> serde_json::Value {
        self.status.clone()
    }

    fn bus(&self) -> &Bus {
        self.environment.bus()
    }

    fn rings(&self) -> &Rings {
        self.environment.rings()
    }

    fn breakers(&self) -> &Breakers {
        self.environment.breakers()
    }

    fn callback_timeout(&self, breaker: &str) -> Option<Duration> {
        self.environment.callback_timeout(breaker)
    }

    fn emergency_stop(&self, by: &str, reason: &str) {
        self.environment.emergency_stop().engage(by, reason);
    }

    fn reset_emergency_stop(&self, by: &str) -> Result<(), ResetError> {
        self.environment.emergency_stop().reset(by)
    }

    fn request_stop(&self) {
        // Relaxed: nothing else is told by it.
        self.asked_to_stop.store(true, Ordering::Relaxed);
    }
}

/// A robot. It ends when it is dropped.
pub(crate) struct Robot {
    handler: Arc<Handler>,
    held: Option<(ControlServer, RobotLock)>,
    ended: Arc<AtomicBool>,
    time: Option<JoinHandle<()>>,
}

impl Robot {
    pub(crate) fn start(place: &Place, name: &str) -> Self {
        let directory = RuntimeDir::at(&place.session().join("nevil")).unwrap();
        let lock = directory.lock(name).unwrap();
        let types = NodeTypes::new().with::<Car>("car");
        let spec = NodeSpec::new("car", types.get("car").unwrap().clone());
        let ended = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = std::sync::mpsc::channel();
        let time = std::thread::spawn({
            let (ended, name) = (Arc::clone(&ended), name.to_owned());
            move || {
                let environment = Environment::new(Clock::simulated(), 1);
                let mut robot = SimulatedRobot::configure(vec![spec], environment).unwrap();
                robot.activate().unwrap();
                let report = RobotReport {
                    robot: &name,
                    file: Some("picar.yaml"),
                    phase: RobotPhase::Running,
                    up: Duration::from_secs(3),
                    denied: &[],
                    status: &RobotStatus::read_simulated(&robot),
                };
                sender.send((robot.environment().clone(), report.to_json())).unwrap();
                // Relaxed: nothing else is told by it.
                while !ended.load(Ordering::Relaxed) {
                    robot.run_for(Duration::from_millis(1)).unwrap();
                    std::thread::park_timeout(Duration::from_millis(1));
                }
            }
        });
        let (environment, status) = receiver.recv().unwrap();
        let handler = Arc::new(Handler { environment, status, asked_to_stop: AtomicBool::new(false) });
        let server = ControlServer::start(lock.socket_path(), Arc::<Handler>::clone(&handler)).unwrap();
        Self { handler, held: Some((server, lock)), ended, time: Some(time) }
    }

    /// Messages that were published on `topic` and accepted.
    pub(crate) fn published(&self, topic: &str) -> u64 {
        let counts = self.handler.environment.bus().counts(topic).unwrap();
        counts.publishers.iter().map(|(_, counts)| counts.accepted).sum()
    }

    /// Lets it end, in a thread, when a tool asks it to.
    pub(crate) fn ends_when_asked(self) {
        std::thread::spawn(move || {
            while !self.handler.asked_to_stop.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_millis(1));
            }
            drop(self);
        });
    }
}

impl Drop for Robot {
    fn drop(&mut self) {
        // The socket goes before the lock, as in a real robot: who has the lock may replace the socket.
        if let Some((server, lock)) = self.held.take() {
            server.stop();
            drop(lock);
        }
        self.ended.store(true, Ordering::Relaxed);
        if let Some(time) = self.time.take() {
            time.join().unwrap();
        }
    }
}
