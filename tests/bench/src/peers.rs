//! What others offer, wrapped so that they do the same: the same payloads, cores, stamps and checks.

pub(crate) mod breakers;
pub(crate) mod crossbeam;
#[cfg(feature = "iceoryx2")]
pub(crate) mod iceoryx;
#[cfg(not(feature = "iceoryx2"))]
#[path = "peers/iceoryx_left_out.rs"]
pub(crate) mod iceoryx;
pub(crate) mod rtrb;
pub(crate) mod tokio;

use std::hint;

use crate::flood::Stamps;
use crate::measure::now_ns;

/// Messages that a peer may hold: as deep as a subscription may be.
const DEPTH: usize = 256;

/// How a receiver waits for the next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Asks again and again.
    Polling,
    /// Sleeps as the peer does it, some after a while of spinning.
    Blocking,
}

/// A payload with the stamp that a runtime puts on it.
#[derive(Clone, Debug)]
struct Stamped<P> {
    stamp_ns: u64,
    payload: P,
}

impl<P> Stamped<P> {
    fn new(stamps: Stamps, payload: P) -> Self {
        Self { stamp_ns: stamps.stamp_ns(), payload }
    }

    /// Calls `callback` between two reads of the clock, as a runtime does that keeps an eye on its callbacks.
    fn serve(&self, stamps: Stamps, callback: impl FnOnce(&P)) {
        let began_ns = stamps.stamp_ns();
        callback(&self.payload);
        if stamps == Stamps::Taken {
            hint::black_box((self.stamp_ns, now_ns() - began_ns));
        }
    }
}
