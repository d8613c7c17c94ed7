//! References to blocks of bulk data.

use nevil_derive::Message;

/// Says that a block was written to a ring: an announcement on a topic, small enough to be queued, of what is too large
/// for it.
///
/// The block itself stays where it is until the ring's writer comes round to it. Who is late is told so when it reads.
///
/// ```
/// use nevil_msgs::{BlockRef, Topic};
///
/// const HEARD: Topic<BlockRef> = Topic::new("heard");
/// assert_eq!(HEARD.name(), "heard");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
pub struct BlockRef {
    /// Hash of the ring's name.
    pub ring: u64,
    /// Which life of the ring; a writer that was started again has a new one.
    pub generation: u64,
    /// Number of the block in that life, from 0.
    pub block: u64,
    /// How many values it has.
    pub values: u32,
    /// Index of its first frame since that life began; lost frames count.
    pub first_frame: u64,
    /// When its first frame was captured, in nanoseconds of the robot's clock.
    #[field(unit = "ns")]
    pub captured_ns: u64,
}
