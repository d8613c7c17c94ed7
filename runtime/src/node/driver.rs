//! Drivers: how blocking input reaches a node.
//!
//! A driver has two forms. The threaded one, `run`, may block, on a thread of its own. The stepped one, `step`, never
//! blocks; it is what a simulation calls in virtual time. A driver that only waits for times needs the stepped form alone.

use std::cell::OnceCell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use nevil_msgs::Message;

use crate::bus::{Cause, PublishError, Published, Publisher};
use crate::clock::{Clock, Time};
use crate::error::{NodeError, NodeResult, caught};

/// Blocking input of a node, such as a sensor that is read or a socket that is waited for.
pub trait Driver: Send + 'static {
    /// What it hands to the node's callback. It travels on a topic of its own, `<node>/<driver>`, and is counted there.
    type Input: Message;

    /// The threaded form: reads until `stop` says so. The default waits for the times that [`Self::step`] names.
    ///
    /// # Errors
    ///
    /// Why it cannot go on: the node fails. Returning `Ok` without having been told to stop fails the node too.
    fn run(&mut self, input: &DriverInput<Self::Input>, stop: &Stop) -> NodeResult {
        while let Some(next) = self.step(stop.now(), input)? {
            if stop.wait_until(next) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What makes a `run` that blocks return early, called from another thread. Not needed where only `stop` is waited
    /// for.
    fn unblock(&self) -> Option<Unblock> {
        None
    }

    /// The stepped form: does what is due at `now`, without blocking, and names the next time. `None` ends the driver.
    ///
    /// # Errors
    ///
    /// As for `run`; by default, that there is no stepped form.
    fn step(&mut self, _now: Time, _input: &DriverInput<Self::Input>) -> Result<Option<Time>, NodeError> {
        Err(NodeError::new("this driver has no stepped form, so that it cannot run under a simulated clock"))
    }
}

/// Makes a blocked [`Driver::run`] return; called from another thread, again and again until it has returned.
pub type Unblock = Box<dyn Fn() + Send + Sync>;

/// Where a driver puts its input.
pub struct DriverInput<T: Message> {
    publisher: Publisher<T>,
}

impl<T: Message> DriverInput<T> {
    pub(crate) fn new(publisher: Publisher<T>) -> Self {
        Self { publisher }
    }

    /// Hands `input` to the node's callback. Never blocks; a node that is too slow loses the oldest, and it is counted.
    /// Each input begins a new lineage.
    ///
    /// # Errors
    ///
    /// As for [`Publisher::publish`].
    pub fn send(&self, input: T) -> Result<Published, PublishError<T>> {
        self.publisher.publish_as(Cause::Root, input)
    }
}

impl<T: Message> DriverInput<T> {
    /// Hands `input` to the node's callback when there is room for it, waiting at most `within`: nothing is lost, and the
    /// driver goes as fast as the node. Under a simulated clock it does not wait; name a later step and try again there.
    ///
    /// # Errors
    ///
    /// As for [`Publisher::publish`]; and [`PublishErrorKind::NoRoom`](crate::PublishErrorKind::NoRoom) if there was none
    /// until then, or the node is to stop.
    pub fn send_within(&self, input: T, within: Duration) -> Result<Published, PublishError<T>> {
        self.publisher.publish_within(Cause::Root, input, within)
    }
}

/// A driver's end of a topic that other nodes subscribe to. Declared by
/// [`Setup::driver_publisher`](crate::Setup::driver_publisher), and cloned into the driver by each `open`; the queues of one
/// clone at a time are planned.
pub struct DriverPublisher<T: Message> {
    make: Arc<dyn Fn() -> Publisher<T> + Send + Sync>,
    /// Made by cloning, or when it publishes without having been cloned.
    publisher: OnceCell<Publisher<T>>,
}

impl<T: Message> DriverPublisher<T> {
    pub(crate) fn new(make: Arc<dyn Fn() -> Publisher<T> + Send + Sync>) -> Self {
        Self { make, publisher: OnceCell::new() }
    }

    /// Publishes `message`; it begins a new lineage. Never blocks.
    ///
    /// # Errors
    ///
    /// As for [`Publisher::publish`].
    pub fn publish(&self, message: T) -> Result<Published, PublishError<T>> {
        self.publisher().publish_as(Cause::Root, message)
    }

    /// Publishes `message` when every subscription has room for it, waiting at most `within`. Under a simulated clock it
    /// does not wait; name a later step and try again there.
    ///
    /// # Errors
    ///
    /// As for [`DriverInput::send_within`].
    pub fn publish_within(&self, message: T, within: Duration) -> Result<Published, PublishError<T>> {
        self.publisher().publish_within(Cause::Root, message, within)
    }

    fn publisher(&self) -> &Publisher<T> {
        self.publisher.get_or_init(|| (self.make)())
    }
}

/// A publisher of its own, registered here: on the node's thread, where drivers are opened, and not on the driver's.
impl<T: Message> Clone for DriverPublisher<T> {
    fn clone(&self) -> Self {
        Self { make: Arc::clone(&self.make), publisher: OnceCell::from((self.make)()) }
    }
}

impl<T: Message> fmt::Debug for DriverPublisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DriverPublisher")
    }
}

impl<T: Message> fmt::Debug for DriverInput<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DriverInput({})", self.publisher.topic())
    }
}

/// Tells a driver to stop. Clones are the same signal.
#[derive(Clone, Debug)]
pub struct Stop(Arc<StopCell>);

#[derive(Debug)]
struct StopCell {
    clock: Clock,
    stopped: AtomicBool,
    waiting: OnceLock<Thread>,
}

impl Stop {
    pub(crate) fn new(clock: Clock) -> Self {
        Self(Arc::new(StopCell { clock, stopped: AtomicBool::new(false), waiting: OnceLock::new() }))
    }

    /// Whether the driver should return.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Time {
        self.0.clock.now()
    }

    /// Waits until `time`, or until the driver should return; whether it should. To be called on the driver's thread.
    #[must_use]
    pub fn wait_until(&self, time: Time) -> bool {
        // The first call names the thread, and the others come from the same one.
        let _ = self.0.waiting.set(thread::current());
        while !self.is_stopped() {
            let now = self.now();
            if now >= time {
                return false;
            }
            thread::park_timeout(time.since(now));
        }
        true
    }

    pub(crate) fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        if let Some(waiting) = self.0.waiting.get() {
            waiting.unpark();
        }
    }
}

/// How a driver that runs is told to stop. Clones are the same signal.
#[derive(Clone)]
pub(crate) struct DriverHandle {
    pub(crate) name: Arc<str>,
    pub(crate) stop: Stop,
    pub(crate) unblock: Option<Arc<Unblock>>,
    /// The number of its thread in the kernel, once that runs.
    pub(crate) thread: Arc<OnceLock<i32>>,
}

impl DriverHandle {
    /// Tells the driver to stop, without waiting.
    pub(crate) fn stop(&self) {
        self.stop.stop();
        if let Some(unblock) = &self.unblock
            && let Err(panic) = caught(|| unblock())
        {
            tracing::warn!("driver `{}` could not be unblocked: {panic}", self.name);
        }
    }
}

impl DriverHandle {
    /// Lets its thread run only when nothing else wants to. It may have ended by now; what is denied makes it no worse.
    pub(crate) fn make_idle(&self) {
        if let Some(thread) = self.thread.get() {
            let _ = nevil_sys::os::make_thread_idle(*thread);
            let _ = nevil_sys::os::unpin_thread(*thread);
        }
    }
}

impl fmt::Debug for DriverHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DriverHandle({})", self.name)
    }
}

/// A driver that has been declared, whatever it reads.
pub(crate) trait AnyDriver: Send {
    fn open(&mut self) -> Result<Box<dyn ReadyDriver>, NodeError>;
}

/// A driver that has been opened, whatever it reads.
pub(crate) trait ReadyDriver: Send {
    fn name(&self) -> &Arc<str>;
    fn run(&mut self, stop: &Stop) -> NodeResult;
    fn step(&mut self, now: Time) -> Result<Option<Time>, NodeError>;
    fn unblock(&self) -> Option<Unblock>;
}

pub(crate) struct DriverSlot<O, P> {
    pub(crate) name: Arc<str>,
    pub(crate) open: O,
    /// Makes the publisher of the driver's topic, anew at each activation.
    pub(crate) publisher: P,
}

impl<D, O, P> AnyDriver for DriverSlot<O, P>
where
    D: Driver,
    O: FnMut() -> Result<D, NodeError> + Send,
    P: Fn() -> Result<Publisher<D::Input>, NodeError> + Send,
{
    fn open(&mut self) -> Result<Box<dyn ReadyDriver>, NodeError> {
        let driver = caught(|| (self.open)()).unwrap_or_else(|panic| Err(panic.into()))?;
        let input = DriverInput::new((self.publisher)()?);
        Ok(Box::new(Opened { name: Arc::clone(&self.name), driver, input }))
    }
}

struct Opened<D: Driver> {
    name: Arc<str>,
    driver: D,
    input: DriverInput<D::Input>,
}

impl<D: Driver> ReadyDriver for Opened<D> {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn run(&mut self, stop: &Stop) -> NodeResult {
        caught(|| self.driver.run(&self.input, stop)).unwrap_or_else(|panic| Err(panic.into()))
    }

    fn step(&mut self, now: Time) -> Result<Option<Time>, NodeError> {
        caught(|| self.driver.step(now, &self.input)).unwrap_or_else(|panic| Err(panic.into()))
    }

    fn unblock(&self) -> Option<Unblock> {
        // Without one it is stopped by `stop` alone.
        caught(|| self.driver.unblock()).unwrap_or_default()
    }
}
