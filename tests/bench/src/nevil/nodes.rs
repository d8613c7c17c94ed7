//! The two nodes of every row: one that sends, one that receives. What they do is in a job, which a test leaves for them
//! under a number, because a launch file has numbers and no closures.

use std::any::Any;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nevil_runtime::DriverPublisher;
use nevil_runtime::prelude::{
    Context, Driver, DriverInput, Message, Node, NodeError, NodeResult, Parameters, Received, Setup, Stop,
    Topic,
};

use crate::payload::Payload;

type Job = Box<dyn Any + std::marker::Send>;

static JOBS: Mutex<(u64, BTreeMap<u64, Job>)> = Mutex::new((0, BTreeMap::new()));

/// Leaves `job` for the node that is configured with the returned number.
pub(super) fn leave_job(job: Job) -> u64 {
    let mut jobs = JOBS.lock().unwrap_or_else(PoisonError::into_inner);
    jobs.0 += 1;
    let key = jobs.0;
    jobs.1.insert(key, job);
    key
}

/// Takes the job that was left under `key`.
pub(super) fn take_job<J: 'static>(key: u64) -> Result<J, NodeError> {
    let job = JOBS.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&key);
    let job = job.and_then(|job| job.downcast().ok());
    job.map(|job| *job).ok_or_else(|| NodeError::new(format!("no job of this type was left under {key}")))
}

/// The job under `key`, for a node that is configured more than once: it stays where it is.
pub(super) fn share_job<J: std::marker::Send + Sync + 'static>(key: u64) -> Result<Arc<J>, NodeError> {
    let jobs = JOBS.lock().unwrap_or_else(PoisonError::into_inner);
    let job = jobs.1.get(&key).and_then(|job| job.downcast_ref::<Arc<J>>());
    job.cloned().ok_or_else(|| NodeError::new(format!("no job of this type was left under {key}")))
}

/// Where a node finds its job.
#[derive(Debug, Parameters)]
pub(crate) struct Params {
    /// The number under which it was left.
    #[param(range = 1..=1_000_000_000)]
    pub(super) key: u64,
}

/// What a [`Receiver`] does.
pub(crate) trait Receive: std::marker::Send + 'static {
    type Payload: Payload;
    fn topics(&self) -> Vec<Topic<Self::Payload>>;
    fn receive(&mut self, payload: &Self::Payload);
}

/// A node that receives.
pub(crate) struct Receiver<R>(R);

impl<R: Receive> Node for Receiver<R> {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let job = take_job::<R>(params.key)?;
        for topic in job.topics() {
            setup.subscribe(topic, Self::on_payload)?;
        }
        Ok(Self(job))
    }
}

impl<R: Receive> Receiver<R> {
    fn on_payload(&mut self, payload: &Received<R::Payload>, _: &Context) -> NodeResult {
        self.0.receive(payload);
        Ok(())
    }
}

/// What a [`Sender`] does, once, when it is activated.
pub(crate) trait Send: std::marker::Send + 'static {
    type Payload: Payload;
    fn topics(&self) -> Vec<Topic<Self::Payload>>;
    /// May block: it has a driver's thread for itself. One publisher for each topic.
    fn send(&mut self, publishers: &[DriverPublisher<Self::Payload>]);
}

/// A node that sends, from the thread of a driver.
pub(crate) struct Sender<S>(PhantomData<fn(S)>);

impl<S: Send> Node for Sender<S> {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let job = take_job::<S>(params.key)?;
        let mut publishers = Vec::new();
        for topic in job.topics() {
            publishers.push(setup.driver_publisher(topic)?);
        }
        let mut sending = Some(Sending { job, publishers });
        let open = move || sending.take().ok_or_else(|| NodeError::new("it sends once"));
        setup.driver("sending", open, Self::on_ended)?;
        Ok(Self(PhantomData))
    }
}

impl<S: Send> Sender<S> {
    fn on_ended(&mut self, _: &Received<Ended>, _: &Context) -> NodeResult {
        Ok(())
    }
}

/// Says that everything was sent.
#[derive(Debug, Message)]
struct Ended {
    number: u8,
}

struct Sending<S: Send> {
    job: S,
    publishers: Vec<DriverPublisher<S::Payload>>,
}

impl<S: Send> Driver for Sending<S> {
    type Input = Ended;

    fn run(&mut self, input: &DriverInput<Ended>, stop: &Stop) -> NodeResult {
        self.job.send(&self.publishers);
        input.send(Ended { number: 1 })?;
        while !stop.wait_until(stop.now() + Duration::from_secs(3600)) {}
        Ok(())
    }
}
