//! Why a message was refused.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A message that was refused, and why.
pub struct PublishError<T> {
    /// The message.
    pub message: T,
    /// Why it was refused.
    pub kind: PublishErrorKind,
    pub(super) topic: Arc<str>,
}

/// Why a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishErrorKind {
    /// Larger than the topic allows.
    TooLarge {
        /// Its size, heap included.
        bytes: usize,
        /// Most bytes that the topic allows.
        max: u32,
    },
    /// The node is not active, or was replaced.
    Fenced,
    /// The topic is exclusive to another publisher.
    Exclusive,
    /// More hops within a second than any paced chain has.
    Runaway {
        /// Messages since the first event of its lineage.
        hops: u32,
    },
    /// A subscription had no room for as long as the publisher wanted to wait.
    NoRoom {
        /// How long it has waited.
        waited: Duration,
    },
    /// Every slot of the topic's pool is taken.
    NoSlot {
        /// Slots of the pool.
        slots: usize,
    },
}

impl<T> fmt::Display for PublishError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message on `{}` ", self.topic)?;
        match self.kind {
            PublishErrorKind::TooLarge { bytes, max } => write!(
                f,
                "is too large ({bytes} bytes), at most {max} are allowed; put the data in a ring and publish its block"
            ),
            PublishErrorKind::Fenced => f.write_str(
                "was refused because its node is not active, or its callback is late; publish from callbacks, and in time",
            ),
            PublishErrorKind::Exclusive => f.write_str(
                "was refused because the topic is exclusive to its node; `--as-operator` publishes on it all the same",
            ),
            PublishErrorKind::Runaway { hops } => write!(
                f,
                "is the {hops}th within a second of one event: a loop of topics that nothing paces; break it or pace it by a timer"
            ),
            PublishErrorKind::NoRoom { waited } => write!(
                f,
                "found no room within {waited:?}; a subscription is slower than its publisher (`nevil status`)"
            ),
            PublishErrorKind::NoSlot { slots } => write!(
                f,
                "found none of {slots} slots free; a callback that hangs or keeps messages holds them (`nevil status`)"
            ),
        }
    }
}

impl<T> fmt::Debug for PublishError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublishError({self})")
    }
}

impl<T> Error for PublishError<T> {}
