//! Another way, when the first one fails or is refused.

use std::fmt::Display;

use super::Breaker;
use super::error::CallError;
use crate::clock::Clock;
use crate::error::caught;

/// A result, and who it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<R> {
    /// The result.
    pub value: R,
    /// Which fallback gave it, from 0; `None`: the call itself. Whoever shows results shows this beside them.
    pub fallback: Option<usize>,
}

/// One other way to the same result.
pub type Fallback<'a, R, E> = &'a mut dyn FnMut() -> Result<R, E>;

impl Breaker {
    /// As [`Self::call`]; if that gives no result, the fallbacks are tried in turn, until one gives one. They go past this
    /// breaker, and have breakers of their own if they need some. A panic in one goes no further, and the next is tried.
    ///
    /// What is worth trying, from the best to the least:
    ///
    /// * a simpler algorithm: the last known route instead of a new one;
    /// * lower quality: half the size of the picture, every second frame;
    /// * one after the other what was done in parallel;
    /// * first to free memory (caches, histories), and then the same once more.
    ///
    /// ```
    /// use nevil_runtime::{Breaker, BreakerPolicy, Clock};
    ///
    /// let breaker = Breaker::new("route", BreakerPolicy::default())?;
    /// let planned = || Err::<&str, _>("no map");
    /// let answer = breaker.call_or(&Clock::monotonic(), planned, &mut [&mut || Ok("the last route")]).unwrap();
    /// assert_eq!((answer.value, answer.fallback), ("the last route", Some(0)));
    /// # Ok::<(), nevil_runtime::BreakerError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why the call itself has no result, if no fallback has one.
    pub fn call_or<R, E: Display>(
        &self,
        clock: &Clock,
        f: impl FnOnce() -> Result<R, E>,
        fallbacks: &mut [Fallback<'_, R, E>],
    ) -> Result<Answer<R>, CallError<E>> {
        let why = match self.call(clock, f) {
            Ok(value) => return Ok(Answer { value, fallback: None }),
            Err(why) => why,
        };
        for (number, fallback) in fallbacks.iter_mut().enumerate() {
            if let Ok(Ok(value)) = caught(fallback) {
                return Ok(Answer { value, fallback: Some(number) });
            }
        }
        Err(why)
    }
}
