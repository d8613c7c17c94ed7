//! What two nodes that do nothing wrong notice of one that does.
//!
//! ```text
//!  core 0:  publisher ──40 kHz──► subscriber       timed: from `publish` to the callback
//!  core 0 or 1:  offender                          hangs, panics, fails, floods or leaks
//! ```

use std::num::NonZeroU64;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use nevil_msgs::Topic;
use nevil_runtime::{DriverPublisher, Policy, ThreadSpec};

use crate::floors::sleep_until;
use crate::machine::Near;
use crate::measure::{RoundResult, Samples, Unmeasured, now_ns};
use crate::nevil::offenders::{FLOOD, OFFENDER, Offender, Offending, be_quiet_about_offenders, flood_topic};
use crate::nevil::{Receive, Receiver, Robot, Send, Sender, Wait, thread, topic};
use crate::payload::{Fill, Line, Payload};

pub(crate) use crate::nevil::offenders::Offence;

/// Between two messages of the victim.
const PERIOD_NS: u64 = 25_000;

/// Priority of victims that are real time.
const VICTIM_PRIORITY: u8 = 50;

/// Depth of the victim's queue.
const DEPTH: u16 = 256;

/// How often it is looked whether a round is over; failures are heard of at once.
const LOOK: Duration = Duration::from_millis(20);

/// How long a round may take.
const BLAST_MAX: Duration = Duration::from_secs(60);

/// Where the offender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    OtherCore,
    SameCore,
    /// The same, and the victims are real time, as nodes are that others wait for.
    SameCoreFifo,
}

impl Place {
    const fn offender(self, near: Near) -> usize {
        match self {
            Self::OtherCore => near.receive,
            Self::SameCore | Self::SameCoreFifo => near.send,
        }
    }

    fn victim(self, near: Near) -> ThreadSpec {
        let policy = match self {
            Self::SameCoreFifo => Policy::Fifo { priority: VICTIM_PRIORITY },
            _ => Policy::Normal { nice: 0 },
        };
        ThreadSpec { policy, ..thread(&[near.send], Wait::Blocking) }
    }
}

fn victim_topic() -> Topic<Line> {
    topic("victim", 64, DEPTH)
}

struct Publishing {
    messages: u64,
}

impl Send for Publishing {
    type Payload = Line;

    fn topics(&self) -> Vec<Topic<Line>> {
        vec![victim_topic()]
    }

    fn send(&mut self, publishers: &[DriverPublisher<Line>]) {
        // Where it is denied, sleeps are 50 µs longer: the messages are fewer a second.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        let mut next_ns = now_ns();
        for sequence in 0..self.messages {
            next_ns = now_ns().max(next_ns + PERIOD_NS);
            sleep_until(next_ns);
            let mut line = Line::make(sequence, 64, Fill::Whole);
            line.set_stamp(now_ns());
            // The receiver counts what arrives.
            let _ = publishers[0].publish(line);
        }
    }
}

struct Victim {
    warm_up: u64,
    messages: u64,
    next: u64,
    lost: u64,
    values: Vec<f64>,
    told: mpsc::Sender<RoundResult>,
    /// Whether it hears the offender too.
    is_flooded: bool,
}

impl Receive for Victim {
    type Payload = Line;

    fn topics(&self) -> Vec<Topic<Line>> {
        if self.is_flooded { vec![victim_topic(), flood_topic()] } else { vec![victim_topic()] }
    }

    fn receive(&mut self, payload: &Line) {
        let now_ns = now_ns();
        let sequence = payload.sequence();
        if sequence == FLOOD {
            return;
        }
        let is_right = sequence >= self.next && payload.is_intact();
        self.lost += sequence.saturating_sub(self.next);
        self.next = sequence + 1;
        if sequence >= self.warm_up {
            self.values.push(now_ns.saturating_sub(payload.stamp_ns()) as f64);
        }
        // Nobody listens any more when the round was given up.
        if !is_right {
            let _ = self.told.send(Err(Unmeasured::because("a message came out of turn or corrupt")));
        } else if self.next == self.messages {
            let values = std::mem::take(&mut self.values);
            let _ = self.told.send(Ok(Samples { values, dropped: self.lost }));
        }
    }
}

/// Takes what is flooded, on the offender's core.
struct Bystander;

impl Receive for Bystander {
    type Payload = Line;

    fn topics(&self) -> Vec<Topic<Line>> {
        vec![flood_topic()]
    }

    fn receive(&mut self, _: &Line) {}
}

/// Nanoseconds of `messages` messages of the victims, while the offender does what it does.
pub(crate) fn blast(near: Near, messages: u64, offence: Offence, place: Place) -> RoundResult {
    be_quiet_about_offenders();
    let (told, result) = mpsc::channel();
    let core = place.offender(near);
    let mut robot = Robot::new();
    let offending = Arc::new(Offending::new(offence));
    let rules = offending.rules();
    robot.add_ruled::<Offender, _>(
        OFFENDER,
        Arc::clone(&offending),
        thread(&[core], Wait::Blocking),
        rules,
    )?;
    let warm_up = messages / 10;
    let messages = warm_up + messages;
    let victim = Victim {
        warm_up,
        messages,
        next: 0,
        lost: 0,
        values: Vec::with_capacity(usize::try_from(messages).unwrap_or(0)),
        told,
        is_flooded: offence == Offence::FloodsVictim,
    };
    robot.add::<Receiver<Victim>, _>("victim", victim, place.victim(near))?;
    if offence == Offence::Floods {
        robot.add::<Receiver<Bystander>, _>("bystander", Bystander, thread(&[core], Wait::Blocking))?;
    }
    let publishing = Publishing { messages };
    robot.add::<Sender<Publishing>, _>("publisher", publishing, place.victim(near))?;
    if place == Place::SameCoreFifo {
        let report = robot.node(1).thread_report();
        if report.is_none_or(|report| !report.denied.is_empty()) {
            return Err(Unmeasured::absent("real time is denied to this process"));
        }
    }
    robot.watch()?;
    robot.start()?;
    let samples = attend(&robot, &offending, &result);
    offending.end();
    robot.wait_for_zombies()?;
    // A call that was still within its time may be given up after all.
    robot.wait_for_news(2 * LOOK);
    let offender = robot.node(0);
    if offender.take_failure().is_some() || offender.is_given_up() {
        robot.replace(offender)?;
    }
    robot.stop()?;
    samples?
}

/// Replaces the offender whenever it has failed, until the round is over.
fn attend(
    robot: &Robot,
    offending: &Offending,
    result: &mpsc::Receiver<RoundResult>,
) -> Result<RoundResult, Unmeasured> {
    let began_ns = now_ns();
    loop {
        if let Ok(samples) = result.try_recv() {
            return Ok(samples);
        }
        if u128::from(now_ns() - began_ns) > BLAST_MAX.as_nanos() {
            return Err(Unmeasured::Failed(format!("not done within {BLAST_MAX:?}")));
        }
        robot.wait_for_news(LOOK);
        if robot.node(0).take_failure().is_some() {
            robot.replace(robot.node(0))?;
            offending.let_go();
        }
    }
}
