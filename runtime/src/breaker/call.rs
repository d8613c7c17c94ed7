//! A breaker by itself, around any function.

use super::Breaker;
use super::error::CallError;
use super::state::CallOutcome;
use crate::clock::Clock;
use crate::error::caught;

impl Breaker {
    /// Calls `f` if the circuit lets it through, from any thread. An error and a panic are failures; the panic goes no
    /// further. Nobody watches the call: one that hangs is a call under way, until it returns.
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
    pub fn call<R, E: std::fmt::Display>(
        &self,
        clock: &Clock,
        f: impl FnOnce() -> Result<R, E>,
    ) -> Result<R, CallError<E>> {
        let permit = self.admit(clock.now()).map_err(CallError::Refused)?;
        match caught(f) {
            Ok(Ok(result)) => {
                permit.finish(clock.now(), CallOutcome::Ok);
                Ok(result)
            }
            Ok(Err(error)) => {
                // The text of an error is foreign code too.
                let text = caught(|| error.to_string()).unwrap_or_else(|panicked| panicked.to_string());
                permit.finish(clock.now(), CallOutcome::failed(text));
                Err(CallError::Failed(error))
            }
            Err(panicked) => {
                permit.finish(clock.now(), CallOutcome::Panicked { text: panicked.text.clone() });
                Err(CallError::Panicked(panicked.text))
            }
        }
    }
}
