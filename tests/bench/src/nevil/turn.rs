//! What the executor and the guard around a callback cost, when messages wait.

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use nevil_msgs::Topic;
use nevil_runtime::DriverPublisher;

use crate::machine::Near;
use crate::measure::{ROUND_MAX, RoundResult, Samples, Unmeasured, now_ns};
use crate::nevil::{Receive, Receiver, Robot, Send, Sender, Wait, thread, topic};
use crate::payload::{Fill, Line, Payload};

/// Messages of a burst: as many as the queue holds.
pub(crate) const BURST: u64 = 256;

/// Whether the safety thread watches the callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    Yes,
    No,
}

/// Bursts that were published, and those that were served.
#[derive(Debug, Default)]
struct Bursts {
    published: AtomicU64,
    served: AtomicU64,
}

impl Bursts {
    fn wait(count: &AtomicU64, least: u64) {
        let began_ns = now_ns();
        // Acquire: pairs with the other end's Release, although only the number matters.
        while count.load(Ordering::Acquire) < least {
            hint::spin_loop();
            if u128::from(now_ns() - began_ns) > ROUND_MAX.as_nanos() {
                return;
            }
        }
    }
}

const TOPIC: Topic<Line> = Topic::new("burst");

fn burst_topic() -> Topic<Line> {
    topic(TOPIC.name(), 64, u16::try_from(BURST).unwrap_or(u16::MAX))
}

struct Publishing {
    bursts: Arc<Bursts>,
    count: u64,
}

impl Send for Publishing {
    type Payload = Line;

    fn topics(&self) -> Vec<Topic<Line>> {
        vec![burst_topic()]
    }

    fn send(&mut self, publishers: &[DriverPublisher<Line>]) {
        for burst in 0..self.count {
            for number in 0..BURST {
                // The receiver counts what arrives.
                let _ = publishers[0].publish(Line::make(burst * BURST + number, 64, Fill::Whole));
            }
            self.bursts.published.store(burst + 1, Ordering::Release);
            Bursts::wait(&self.bursts.served, burst + 1);
        }
    }
}

struct Serving {
    bursts: Arc<Bursts>,
    count: u64,
    expected: u64,
    began_ns: u64,
    times: Vec<f64>,
    told: mpsc::Sender<Result<Vec<f64>, Unmeasured>>,
}

impl Receive for Serving {
    type Payload = Line;

    fn topics(&self) -> Vec<Topic<Line>> {
        vec![burst_topic()]
    }

    fn receive(&mut self, payload: &Line) {
        let (burst, number) = (self.expected / BURST, self.expected % BURST);
        let is_right = payload.sequence() == self.expected;
        self.expected += 1;
        match number {
            // The queue is to be full: what follows is served without waiting.
            0 => Bursts::wait(&self.bursts.published, burst + 1),
            1 => self.began_ns = now_ns(),
            _ if number == BURST - 1 => {
                self.times.push((now_ns() - self.began_ns) as f64 / (BURST - 2) as f64);
                self.bursts.served.store(burst + 1, Ordering::Release);
            }
            _ => {}
        }
        // Nobody listens any more when the round was given up.
        if !is_right {
            let _ = self.told.send(Err(Unmeasured::because("a message is missing")));
        } else if self.expected == self.count * BURST {
            let _ = self.told.send(Ok(std::mem::take(&mut self.times)));
        }
    }
}

/// Nanoseconds from the beginning of one callback to the beginning of the next.
pub(crate) fn turn(near: Near, count: u64, watched: Watched) -> RoundResult {
    let bursts = Arc::<Bursts>::default();
    let (told, times) = mpsc::channel();
    let mut robot = Robot::new();
    let serving =
        Serving { bursts: Arc::clone(&bursts), count, expected: 0, began_ns: 0, times: Vec::new(), told };
    robot.add::<Receiver<Serving>, _>("receiver", serving, thread(&[near.receive], Wait::Blocking))?;
    let publishing = Publishing { bursts, count };
    robot.add::<Sender<Publishing>, _>("sender", publishing, thread(&[near.send], Wait::Blocking))?;
    if watched == Watched::Yes {
        robot.watch()?;
    }
    robot.start()?;
    let values = times.recv_timeout(ROUND_MAX + Duration::from_secs(1)).map_err(Unmeasured::because)??;
    robot.stop()?;
    Ok(Samples { values, dropped: 0 })
}
