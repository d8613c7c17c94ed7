//! Rings: bulk data, as audio and pictures, in memory that is mapped. One writes, any number read, and nobody waits for a
//! reader.
//!
//! ```text
//!                    ┌─ block 0 ─┬─ block 1 ─┬─ block 2 ─┬─ block 3 ─┐
//!  RingWriter ─────► │     4     │     5     │     2     │     3     │    4 and 5 have overwritten 0 and 1
//!   write            └───────────┴─────┬─────┴─────┬─────┴───────────┘
//!                                      ▼           ▼
//!                       RingReader: read, view   RingReader: late by three blocks, the next read says `Lapped`
//! ```
//! A reader finds out by itself that it was lapped: each block has a stamp, which it looks at before and after. A copying
//! [`RingReader::read`] is the rule; a [`RingReader::view`] reads in place, and what was read counts once
//! [`RingView::finish`] has said so.
//!
//! ```
//! use nevil_runtime::Time;
//! use nevil_runtime::ring::{AudioShape, Ring, RingSpec, Start};
//!
//! let shape = AudioShape { rate_hz: 16_000, channels: 1, frames_per_block: 160 };
//! let mut writer = Ring::create("mic", &RingSpec::<f32>::audio(shape, 100), 1)?;
//! let mut reader = writer.ring().reader::<f32>("listener", Start::Now)?;
//!
//! writer.write(Time::from_ns(5), &[0.25; 160])?;
//!
//! let mut samples = [0.0; 160];
//! let block = reader.read(&mut samples)?.expect("a block was written");
//! assert_eq!((block.first_frame, block.captured, samples[159]), (0, Time::from_ns(5), 0.25));
//! assert!(reader.read(&mut samples)?.is_none(), "no more yet");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! * `spec`: what a ring is to be, and what its blocks carry. `shared`: a ring, its seats, its end. `writer`, `reader`, `view`.
//! * `waker`: the thread that wakes readers of a writer that may only store; `phase` decides when it looks.
//! * `registry`: all rings of a robot. `output`, `input`: a node's ends of them.
//!
//! What lies where in the mapping, and why torn data cannot be taken for whole, is in `runtime/sys/src/mem/ring.rs`.

mod error;
mod input;
mod output;
mod phase;
mod reader;
mod registry;
mod shared;
mod spec;
#[cfg(test)]
mod tests;
mod view;
mod waker;
mod writer;

pub use error::{ReadError, RingClaimError, RingError, WriteError};
pub use input::RingInput;
pub use output::RingOutput;
pub use reader::{ReaderCounts, RingReader, Start};
pub use registry::{PlannedRing, Rings};
pub use shared::{Block, Ring, RingReaderStatus, RingSeat, RingStatus};
pub use spec::{AudioShape, Carries, PictureShape, RingSpec, Waking};
pub use view::RingView;
pub use writer::RingWriter;

pub use nevil_sys::mem::ring::{Element, ElementKind};
