//! More calls with a deadline than can be watched. The places are those of the process: alone in this one.
#![forbid(unsafe_code)]

use std::future::pending;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use nevil_runtime::limits::BREAKER_WATCHED_MAX;
use nevil_runtime::{Breaker, BreakerPolicy, Clock};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_call_for_which_there_is_no_place_is_made_and_counted_as_unwatched() {
    let breaker = Breaker::new("a", BreakerPolicy::default()).unwrap();
    let clock = Clock::monotonic();
    let unwatched = || breaker.stats(clock.now()).unwrap().totals.unwatched;
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut calls: Vec<_> = (0..BREAKER_WATCHED_MAX)
            .map(|_| Box::pin(breaker.call_async_within(&clock, HOUR, pending::<Result<(), &str>>())))
            .collect();
        for call in &mut calls {
            assert!(call.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(unwatched(), 0);
        assert_eq!(breaker.call_within(&clock, HOUR, || Ok::<_, &str>(7)), Ok(7));
        assert_eq!(unwatched(), 1);
    }
    let mut watched = pin!(breaker.call_async_within(&clock, HOUR, pending::<Result<(), &str>>()));
    assert!(watched.as_mut().poll(&mut context).is_pending());
    assert_eq!(unwatched(), 1, "the places came back");
}
