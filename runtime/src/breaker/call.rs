//! A breaker by itself, around any function.

use std::fmt::Display;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::Breaker;
use super::error::CallError;
use super::permit::Permit;
use super::state::CallOutcome;
use crate::clock::{Clock, Time};
use crate::error::{Panicked, caught};

impl Breaker {
    /// Calls `f` if the circuit lets it through, from any thread. An error and a panic are failures; the panic goes no
    /// further. Nobody watches the call: one that hangs is a call under way, until it returns ([`Self::call_within`] has a deadline).
    ///
    /// ```
    /// use nevil_runtime::{Breaker, BreakerPolicy, CallError, Clock};
    ///
    /// let breaker = Breaker::new("volume", BreakerPolicy::default())?;
    /// let clock = Clock::monotonic();
    /// assert_eq!(breaker.call(&clock, || "7".parse::<u8>()), Ok(7));
    /// assert!(matches!(breaker.call(&clock, || "x".parse::<u8>()), Err(CallError::Failed(_))));
    /// # Ok::<(), nevil_runtime::BreakerError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why there is no result; [`CallError::Refused`] without a call.
    pub fn call<R, E: Display>(
        &self,
        clock: &Clock,
        f: impl FnOnce() -> Result<R, E>,
    ) -> Result<R, CallError<E>> {
        let permit = self.admit(clock.now()).map_err(CallError::Refused)?;
        let ended = caught(f);
        finish(permit, clock.now(), ended)
    }

    /// As [`Self::call`], for a future, on any runtime. It asks the breaker when it is first polled. Dropped before its end
    /// it was cancelled, which decides nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::call`].
    pub async fn call_async<R, E: Display>(
        &self,
        clock: &Clock,
        future: impl Future<Output = Result<R, E>>,
    ) -> Result<R, CallError<E>> {
        let permit = self.admit(clock.now()).map_err(CallError::Refused)?;
        let mut future = pin!(future);
        let ended = poll_fn(|context| match caught(|| future.as_mut().poll(context)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
            // After its panic it is not polled again.
            Err(panicked) => Poll::Ready(Err(panicked)),
        });
        let ended = ended.await;
        finish(permit, clock.now(), ended)
    }
}

/// Tells the breaker how a call has ended.
pub(super) fn finish<R, E: Display>(
    permit: Permit<'_>,
    now: Time,
    ended: Result<Result<R, E>, Panicked>,
) -> Result<R, CallError<E>> {
    match ended {
        Ok(Ok(result)) => {
            permit.finish(now, CallOutcome::Ok);
            Ok(result)
        }
        Ok(Err(error)) => {
            // The text of an error is foreign code too.
            let text = caught(|| error.to_string()).unwrap_or_else(|panicked| panicked.to_string());
            permit.finish(now, CallOutcome::failed(text));
            Err(CallError::Failed(error))
        }
        Err(panicked) => {
            permit.finish(now, CallOutcome::Panicked { text: panicked.text.clone() });
            Err(CallError::Panicked(panicked.text))
        }
    }
}
