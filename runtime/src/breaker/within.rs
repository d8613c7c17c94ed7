//! A breaker by itself, around a function that has a deadline.

use std::fmt::Display;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use nevil_sys::mem::Ending;

use super::Breaker;
use super::call::finish;
use super::error::CallError;
use super::permit::Permit;
use super::state::CallOutcome;
use super::watching::{Running, Watching};
use crate::clock::{Clock, Time};
use crate::error::{caught, drop_caught};

/// When a missed deadline is found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detection {
    /// When it passes, by who watches calls.
    AtDeadline,
    /// When the call returns.
    AtReturn,
}

/// One call, and until when it may take. Dropped, it was cancelled.
struct Within<'a> {
    permit: Option<Permit<'a>>,
    running: Option<Running<'static>>,
    clock: &'a Clock,
    began: Time,
    deadline: Time,
}

/// What came too late: how long it has taken, and how long it might have.
struct Late {
    took: Duration,
    allowed: Duration,
}

impl Breaker {
    /// As [`Self::call`], and the call may take less than `timeout`. When that has passed it *has* failed: one thread of the
    /// process, which the first such call starts, tells the breaker at the deadline. Nobody can stop the call itself: it
    /// goes on, keeps its slot under `concurrent_max`, and is counted as a zombie until it returns; what it returns
    /// then is dropped.
    ///
    /// At most 64 calls of a process are watched at once. One more, or one by a simulated clock, is made all the same, and
    /// judged when it returns ([`Self::call_detecting_late`]); the former is counted
    /// ([`BreakerTotals::unwatched`](super::BreakerTotals::unwatched)).
    ///
    /// ```
    /// use std::time::Duration;
    /// use nevil_runtime::{Breaker, BreakerPolicy, CallError, Clock};
    ///
    /// let breaker = Breaker::new("route", BreakerPolicy::default())?;
    /// let clock = Clock::monotonic();
    /// let minute = Duration::from_secs(60);
    /// assert_eq!(breaker.call_within(&clock, minute, || "7".parse::<u8>()), Ok(7));
    /// let late = breaker.call_within(&clock, Duration::ZERO, || "7".parse::<u8>());
    /// assert!(matches!(late, Err(CallError::Late { .. })));
    /// # Ok::<(), nevil_runtime::BreakerError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why there is no result; [`CallError::Late`] when the call returns too late.
    pub fn call_within<R, E: Display>(
        &self,
        clock: &Clock,
        timeout: Duration,
        f: impl FnOnce() -> Result<R, E>,
    ) -> Result<R, CallError<E>> {
        self.call_by(clock, timeout, Detection::AtDeadline, f)
    }

    /// As [`Self::call_within`], and nobody watches: that the deadline was missed is found out, and is a failure, when the
    /// call returns. One that never returns is a call under way for ever. For what is sure to return.
    ///
    /// # Errors
    ///
    /// As [`Self::call_within`].
    pub fn call_detecting_late<R, E: Display>(
        &self,
        clock: &Clock,
        timeout: Duration,
        f: impl FnOnce() -> Result<R, E>,
    ) -> Result<R, CallError<E>> {
        self.call_by(clock, timeout, Detection::AtReturn, f)
    }

    fn call_by<R, E: Display>(
        &self,
        clock: &Clock,
        timeout: Duration,
        detection: Detection,
        f: impl FnOnce() -> Result<R, E>,
    ) -> Result<R, CallError<E>> {
        let within = Within::begin(self, clock, timeout, detection)?;
        let result = caught(f);
        match within.end() {
            Ok((permit, now)) => finish(permit, now, result),
            Err(late) => {
                drop_caught(result);
                Err(late.into())
            }
        }
    }

    /// As [`Self::call_within`], for a future, on any runtime. The breaker is told at the deadline by the same thread, which
    /// needs no timer of the runtime, and wakes nobody: the future is given up, with [`CallError::Late`], when it is
    /// polled for the first time after that. Where nothing else would poll it, put it in a timeout of the runtime too.
    ///
    /// # Errors
    ///
    /// As [`Self::call_within`].
    pub async fn call_async_within<R, E: Display>(
        &self,
        clock: &Clock,
        timeout: Duration,
        future: impl Future<Output = Result<R, E>>,
    ) -> Result<R, CallError<E>> {
        let within = Within::begin(self, clock, timeout, Detection::AtDeadline)?;
        let mut future = pin!(future);
        let ended = poll_fn(|context| {
            if within.is_over() {
                return Poll::Ready(None);
            }
            match caught(|| future.as_mut().poll(context)) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(result)) => Poll::Ready(Some(Ok(result))),
                // After its panic it is not polled again.
                Err(panicked) => Poll::Ready(Some(Err(panicked))),
            }
        });
        let ended = ended.await;
        match (within.end(), ended) {
            (Ok((permit, now)), Some(ended)) => finish(permit, now, ended),
            (Err(late), ended) => {
                drop_caught(ended);
                Err(late.into())
            }
            // It is over, and so its end is late.
            (Ok((permit, now)), None) => {
                let (took, allowed) = (now.since(permit.started()), timeout);
                permit.finish(now, CallOutcome::TimedOut);
                Err(CallError::Late { took, allowed })
            }
        }
    }
}

impl<'a> Within<'a> {
    fn begin<E>(
        breaker: &'a Breaker,
        clock: &'a Clock,
        timeout: Duration,
        detection: Detection,
    ) -> Result<Self, CallError<E>> {
        let permit = breaker.admit(clock.now()).map_err(CallError::Refused)?;
        let began = permit.started();
        let deadline = began + timeout;
        let running = if detection == Detection::AtReturn || clock.is_simulated() {
            None
        } else {
            let watching = Watching::of_process();
            let running =
                watching.and_then(|watching| watching.begin(breaker, permit.ticket(), began, deadline));
            if running.is_none() {
                breaker.core.counters.go_unwatched();
            }
            running
        };
        Ok(Self { permit: Some(permit), running, clock, began, deadline })
    }

    /// Whether the deadline has passed.
    fn is_over(&self) -> bool {
        self.running.as_ref().is_some_and(Running::is_judged) || self.clock.now() >= self.deadline
    }

    /// Ends the call. In time: its permit, and when that was; otherwise the breaker is told, if it was not before.
    fn end(mut self) -> Result<(Permit<'a>, Time), Late> {
        let now = self.clock.now();
        let late = Late { took: now.since(self.began), allowed: self.deadline.since(self.began) };
        let ending = self.running.take().map_or(Ending::InTime, Running::end);
        let Some(permit) = self.permit.take() else { return Err(late) };
        match ending {
            Ending::InTime if now < self.deadline => Ok((permit, now)),
            Ending::InTime => {
                // Nobody watches, or who does was later than this thread.
                permit.finish(self.deadline, CallOutcome::TimedOut);
                Err(late)
            }
            Ending::Late | Ending::Abandoned => {
                permit.late(now);
                Err(late)
            }
        }
    }
}

impl Drop for Within<'_> {
    fn drop(&mut self) {
        let ending = self.running.take().map_or(Ending::InTime, Running::end);
        if let Some(permit) = self.permit.take_if(|_| ending != Ending::InTime) {
            permit.late(self.clock.now());
        }
        // A permit that is left is dropped, and says that the call was cancelled.
    }
}

impl<E> From<Late> for CallError<E> {
    fn from(late: Late) -> Self {
        Self::Late { took: late.took, allowed: late.allowed }
    }
}
