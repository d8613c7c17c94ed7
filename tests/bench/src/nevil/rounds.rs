//! Rounds of Nevil: the nodes of one row, from their start to their accounts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread as os_thread;
use std::time::Duration;

use nevil_msgs::Topic;
use nevil_runtime::DriverPublisher;

use crate::flood::{Flood, FloodCounts, FloodReceiver};
use crate::machine::Near;
use crate::measure::{BATCH, Ends, ROUND_MAX, RoundResult, Samples, Unmeasured, in_batches};
use crate::nevil::{Receive, Receiver, Robot, Send, Sender, Wait, thread, topic};
use crate::paced::{self, Paced, PacedReceiver, PacedSender};
use crate::payload::{Fill, Line, Payload};

/// Depth of the topics: as deep as a topic may be, and as the peers' channels are.
const DEPTH: u16 = 256;

/// How often a watcher looks, as `nevil topic echo` does.
const LOOK: Duration = Duration::from_millis(20);

/// Whether a tool has its eye on the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    Yes,
    No,
}

/// `count` names of topics, the same at each call.
pub(crate) fn topic_names(count: usize) -> &'static [&'static str] {
    // Topics are constants everywhere else, so a name lives for ever.
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    const NAMES_MAX: usize = 1000;
    let name = |index| &*Box::leak(format!("measured_{index}").into_boxed_str());
    &NAMES.get_or_init(|| (0..NAMES_MAX).map(name).collect())[..count]
}

/// One message at a time, on one topic after the other.
pub(crate) struct PacedJob<P, End> {
    end: Option<End>,
    topics: Vec<Topic<P>>,
}

impl<P: Payload> Receive for PacedJob<P, PacedReceiver> {
    type Payload = P;

    fn topics(&self) -> Vec<Topic<P>> {
        self.topics.clone()
    }

    fn receive(&mut self, payload: &P) {
        if let Some(receiver) = &mut self.end {
            receiver.on(payload);
        }
    }
}

impl<P: Payload> Send for PacedJob<P, PacedSender> {
    type Payload = P;

    fn topics(&self) -> Vec<Topic<P>> {
        self.topics.clone()
    }

    fn send(&mut self, publishers: &[DriverPublisher<P>]) {
        let mut turn = publishers.iter().cycle();
        if let (Some(sender), false) = (self.end.take(), publishers.is_empty()) {
            sender.run(|payload| turn.next().map_or(1, |publisher| unsent(publisher, payload)));
        }
    }
}

/// Publishes; how many receivers did not get the message.
fn unsent<P: Payload>(publisher: &DriverPublisher<P>, payload: P) -> u64 {
    publisher.publish(payload).map_or(1, |published| u64::from(published.overflowed))
}

/// One publisher, one subscription, one message at a time.
///
/// # Errors
///
/// [`Unmeasured`], by [`Ends::wait_for`] or what the runtime says.
pub(crate) fn delivery<P: Payload>(paced: Paced, wait: Wait, watched: Watched) -> Result<Ends, Unmeasured> {
    deliver::<P>(paced, wait, watched, Others::default())
}

/// What else there is in a robot, besides the two nodes that are measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Others {
    /// Topics besides the first, to which the receiver subscribes too; the messages go round over all of them.
    pub(crate) topics: usize,
    /// Nodes that wait for messages on topics of their own.
    pub(crate) nodes: usize,
}

/// As [`delivery`], in a larger robot.
pub(crate) fn deliver<P: Payload>(
    paced: Paced,
    wait: Wait,
    watched: Watched,
    others: Others,
) -> Result<Ends, Unmeasured> {
    let (sender, receiver, told) = paced::ends(paced);
    let topics: Vec<_> =
        topic_names(1 + others.topics).iter().map(|name| topic::<P>(name, paced.bytes, DEPTH)).collect();
    let mut robot = Robot::new();
    for bystander in 0..others.nodes {
        let job = PacedJob {
            end: None::<PacedReceiver>,
            topics: vec![topic::<P>(topic_names(1000)[999 - bystander], paced.bytes, 10)],
        };
        let thread = thread(&[paced.near.receive], Wait::Blocking);
        robot.add::<Receiver<PacedJob<P, PacedReceiver>>, _>(
            &format!("bystander_{bystander}"),
            job,
            thread,
        )?;
    }
    receiver.listen();
    let job = PacedJob { end: Some(receiver), topics: topics.clone() };
    robot.add::<Receiver<PacedJob<P, PacedReceiver>>, _>(
        "receiver",
        job,
        thread(&[paced.near.receive], wait),
    )?;
    let job = PacedJob { end: Some(sender), topics: topics.clone() };
    let sending = thread(&[paced.near.send], Wait::Blocking);
    robot.add::<Sender<PacedJob<P, PacedSender>>, _>("sender", job, sending)?;
    let _tap = match watched {
        Watched::Yes => Some(Watcher::start(&robot, &topics[0])?),
        Watched::No => None,
    };
    robot.start()?;
    let ends = Ends::wait_for(&told, paced.messages)?;
    robot.stop()?;
    Ok(ends)
}

/// Looks at a topic as `nevil topic echo` does, until it is dropped.
struct Watcher {
    is_over: Arc<AtomicBool>,
    thread: Option<os_thread::JoinHandle<()>>,
}

impl Watcher {
    fn start<P: Payload>(robot: &Robot, topic: &Topic<P>) -> Result<Self, Unmeasured> {
        let mut tap = robot.environment().bus().tap(topic).map_err(Unmeasured::because)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = os_thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                // Relaxed: nothing is published through it.
                while !is_over.load(Ordering::Relaxed) {
                    while tap.take().is_some() {}
                    os_thread::park_timeout(LOOK);
                }
            }
        });
        Ok(Self { is_over, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Its panics have been printed.
            let _ = thread.join();
        }
    }
}

/// Who takes what is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Nobody has subscribed.
    Nobody,
    /// A subscription whose callback hangs: its queue is full, and each message displaces the oldest.
    Unserved,
    /// Nobody but a tool.
    Tap,
}

struct PublishJob {
    batches: u64,
    told: mpsc::Sender<Samples>,
}

impl Send for PublishJob {
    type Payload = Line;

    fn topics(&self) -> Vec<Topic<Line>> {
        vec![topic(topic_names(1)[0], 64, DEPTH)]
    }

    fn send(&mut self, publishers: &[DriverPublisher<Line>]) {
        // Until the queue of an unserved subscription is full.
        let samples = in_batches(u64::from(DEPTH) / BATCH + 1, self.batches, |call| {
            unsent(&publishers[0], Line::make(call, 64, Fill::Whole));
        });
        // Nobody listens any more if the round was given up.
        let _ = self.told.send(samples);
    }
}

/// Does not return from its first callback until the round is over.
struct Hanging(mpsc::Receiver<()>);

impl Receive for Hanging {
    type Payload = Line;

    fn topics(&self) -> Vec<Topic<Line>> {
        vec![topic(topic_names(1)[0], 64, DEPTH)]
    }

    fn receive(&mut self, _: &Line) {
        // Its answer is that the other end is gone, or that the round takes too long; both end the callback.
        let _ = self.0.recv_timeout(ROUND_MAX);
    }
}

/// What `publish` costs the publisher.
pub(crate) fn publish(near: Near, batches: u64, audience: Audience) -> RoundResult {
    let (told, samples) = mpsc::channel();
    let (release, hanging) = mpsc::channel();
    let mut robot = Robot::new();
    if audience == Audience::Unserved {
        robot.add::<Receiver<Hanging>, _>(
            "receiver",
            Hanging(hanging),
            thread(&[near.receive], Wait::Blocking),
        )?;
    }
    let job = PublishJob { batches, told };
    robot.add::<Sender<PublishJob>, _>("sender", job, thread(&[near.send], Wait::Blocking))?;
    let topic = topic::<Line>(topic_names(1)[0], 64, DEPTH);
    let _tap = if audience == Audience::Tap { Some(Watcher::start(&robot, &topic)?) } else { None };
    robot.start()?;
    let samples = samples.recv_timeout(ROUND_MAX).map_err(Unmeasured::because)?;
    drop(release);
    robot.stop()?;
    Ok(samples)
}

/// What a publisher does when a queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// It waits until there is room.
    Waits,
    /// The oldest message makes room, and is counted.
    Drops,
}

struct FloodJob {
    counts: Arc<FloodCounts>,
    messages: u64,
    full: Full,
}

impl Send for FloodJob {
    type Payload = Line;

    fn topics(&self) -> Vec<Topic<Line>> {
        vec![topic(topic_names(1)[0], 64, DEPTH)]
    }

    fn send(&mut self, publishers: &[DriverPublisher<Line>]) {
        let publisher = &publishers[0];
        match self.full {
            Full::Drops => self.counts.send_all(self.messages, |payload: Line| unsent(publisher, payload)),
            Full::Waits => self.counts.send_all(self.messages, |payload: Line| {
                u64::from(publisher.publish_within(payload, ROUND_MAX).is_err())
            }),
        }
    }
}

impl Receive for FloodReceiver {
    type Payload = Line;

    fn topics(&self) -> Vec<Topic<Line>> {
        vec![topic(topic_names(1)[0], 64, DEPTH)]
    }

    fn receive(&mut self, payload: &Line) {
        self.on(payload);
    }
}

/// As many messages as will go.
pub(crate) fn flood(flood: &Flood, wait: Wait, full: Full) -> RoundResult {
    let counts = FloodCounts::new(flood.receivers);
    let mut robot = Robot::new();
    for index in 0..flood.receivers {
        let job = FloodReceiver::new(&counts, index, flood.messages);
        let thread = thread(&flood.receiver_cores, wait);
        robot.add::<Receiver<FloodReceiver>, _>(&format!("receiver_{index}"), job, thread)?;
    }
    let job = FloodJob { counts: Arc::clone(&counts), messages: flood.messages, full };
    robot.add::<Sender<FloodJob>, _>("sender", job, thread(&[flood.near.send], Wait::Blocking))?;
    robot.start()?;
    let samples = counts.wait_for(flood)?;
    robot.stop()?;
    Ok(samples)
}
