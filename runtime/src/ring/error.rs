//! What can go wrong with a ring.

use std::io;
use std::sync::Arc;

use nevil_sys::mem::ring::{CreateError, OpenError};

use crate::limits::{RING_NAME_BYTES_MAX, RING_READERS_MAX};

/// Why a ring could not be made, opened, or read by one more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// Its name is not one.
    #[error(
        "`{given}` is not a name for a ring; use 1 to {RING_NAME_BYTES_MAX} of the characters a-z, 0-9, _ and /"
    )]
    Name {
        /// The name that was given.
        given: String,
    },
    /// It cannot be made.
    #[error("ring `{ring}`: {source}")]
    Create {
        /// The ring.
        ring: Arc<str>,
        /// What is wrong.
        source: CreateError,
    },
    /// What was handed over is not a ring that can be read.
    #[error("ring `{ring}`: {source}")]
    Open {
        /// The ring.
        ring: Arc<str>,
        /// What is wrong.
        source: OpenError,
    },
    /// It carries what nothing of this version carries.
    #[error(
        "ring `{ring}`: what it carries is unknown or impossible (kind {kind}); rates, sizes and channels are at least 1"
    )]
    Unknown {
        /// The ring.
        ring: Arc<str>,
        /// The number that stands in its header.
        kind: u64,
    },
    /// It is another ring.
    #[error("ring `{ring}`: the mapping is of another ring")]
    OtherName {
        /// The ring that was asked for.
        ring: Arc<str>,
    },
    /// Its values are of another type.
    #[error("ring `{ring}` carries {carried}, not {wanted}; read it as {carried}")]
    Element {
        /// The ring.
        ring: Arc<str>,
        /// What it carries.
        carried: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// All seats are taken.
    #[error("ring `{ring}` has {RING_READERS_MAX} readers already, more are not allowed; end one of them")]
    Full {
        /// The ring.
        ring: Arc<str>,
    },
    /// There is no such seat.
    #[error("ring `{ring}` has no seat {given}; seats are 0 to {}", RING_READERS_MAX - 1)]
    Seat {
        /// The ring.
        ring: Arc<str>,
        /// The number that was given.
        given: usize,
    },
    /// Its waker could not be started.
    #[error("ring `{ring}`: the thread that wakes its readers could not be started ({source})")]
    Waker {
        /// The ring.
        ring: Arc<str>,
        /// The operating system's word.
        source: io::Error,
    },
    /// Nobody writes it now.
    #[error("ring `{ring}` has no writer now; it is opened when the node that writes it is activated")]
    NoWriter {
        /// The ring.
        ring: Arc<str>,
    },
}

/// Why a block could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The writer has overwritten what was to be read. The next read goes on behind it.
    #[error(
        "ring `{ring}`: the writer was faster by a whole ring, {blocks} blocks are lost to this reader; read more often, or make the ring longer"
    )]
    Lapped {
        /// The ring.
        ring: Arc<str>,
        /// How many blocks this reader has missed by it.
        blocks: u64,
    },
    /// The writer has closed the ring, or its process has ended. All blocks that are whole were read.
    #[error("ring `{ring}` has ended: its writer was stopped, or has died")]
    Ended {
        /// The ring.
        ring: Arc<str>,
    },
    /// The writer was started again and has a new ring. All blocks of this one were read.
    #[error("ring `{ring}` was replaced: its writer was started again; open it again")]
    Replaced {
        /// The ring.
        ring: Arc<str>,
    },
    /// The block has more values than there is room for.
    #[error("ring `{ring}`: a block has {needed} values, there is room for {given}")]
    TooSmall {
        /// The ring.
        ring: Arc<str>,
        /// Room that was given.
        given: usize,
        /// Values of the block.
        needed: usize,
    },
    /// The reference is to a block of another ring.
    #[error("block reference is to another ring than `{ring}`; each topic announces the blocks of one ring")]
    OtherRing {
        /// The ring that was asked.
        ring: Arc<str>,
    },
    /// The reference is to a block that was never written.
    #[error("ring `{ring}` has no block {block} yet; it was not announced by the ring's writer")]
    NotYet {
        /// The ring.
        ring: Arc<str>,
        /// The block.
        block: u64,
    },
    /// Nobody has written the ring so far, or it cannot be opened.
    #[error("{text}")]
    NotOpen {
        /// Why.
        text: Arc<str>,
    },
    /// The operating system did not let the reader sleep.
    #[error("ring `{ring}`: waiting for a block failed ({text})")]
    Wait {
        /// The ring.
        ring: Arc<str>,
        /// The operating system's word.
        text: String,
    },
}

/// Why a block could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// More values than a block holds.
    #[error(
        "block for ring `{ring}` is too large ({given} values), at most {max} are allowed; write several"
    )]
    TooLarge {
        /// The ring.
        ring: Arc<str>,
        /// What was given.
        given: usize,
        /// What a block holds.
        max: usize,
    },
    /// Not a number of whole frames.
    #[error("block for ring `{ring}` ends within a frame ({given} values), a frame has {frame}")]
    PartOfFrame {
        /// The ring.
        ring: Arc<str>,
        /// What was given.
        given: usize,
        /// Values of a frame.
        frame: usize,
    },
    /// The node that writes it is not active, or was fenced.
    #[error("ring `{ring}` may not be written now, because its node is not active")]
    Fenced {
        /// The ring.
        ring: Arc<str>,
    },
    /// Another thread of the node is writing.
    #[error("ring `{ring}` is being written by another thread of the same node; let one thread write it")]
    InUse {
        /// The ring.
        ring: Arc<str>,
    },
}

/// Two declarations of a ring do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingClaimError {
    /// Two nodes want to write it.
    #[error("ring `{ring}` is written by node `{holder}`; a ring has one writer, give this one another name")]
    Held {
        /// The ring.
        ring: Arc<str>,
        /// The node that writes it.
        holder: Arc<str>,
    },
    /// It is declared with other values elsewhere.
    #[error("ring `{ring}` carries {carried} elsewhere, not {wanted}; declare the same type everywhere")]
    Element {
        /// The ring.
        ring: Arc<str>,
        /// What it carries there.
        carried: &'static str,
        /// What was declared here.
        wanted: &'static str,
    },
    /// Its name is not one.
    #[error(
        "`{given}` is not a name for a ring; use 1 to {RING_NAME_BYTES_MAX} of the characters a-z, 0-9, _ and /"
    )]
    Name {
        /// The name that was given.
        given: String,
    },
}
