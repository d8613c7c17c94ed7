//! A ring: blocks that one writer fills in turn, and any number of readers read, in one process or in several.
//!
//! ```text
//!  mapping of the blocks: sealed memory without a name, which only the writer's process can write
//!  ┌─ header, one page ─────────────────────────────┬─ block 0 ───────────────┬─ block 1 ─┬ … ┐
//!  │ magic, version, sizes, generation, what they   │ stamp, head │ values …  │           │   │
//!  │ carry │ state │ published                      │ (one line)  │           │           │   │
//!  └────────────────────────────────────────────────┴─────────────────────────┴───────────┴───┘
//!  mapping of the cursors: sealed memory that every reader can write
//!  ┌─ magic, version, ─┬─ waiting: one ─┬─ bell ─┬─ waker ─┬─ seat 0: taken, next, ─┬─ seat 1 ─┬ … ┐
//!  │  generation       │  bit a reader  │        │         │  read, lapped          │          │   │
//!  └───────────────────┴────────────────┴────────┴─────────┴────────────────────────┴──────────┴───┘
//! ```
//! Who may touch what, and when:
//!
//! | what | written by | when | read by |
//! | --- | --- | --- | --- |
//! | header up to what they carry | the maker | before anybody else has the handles | readers, once, when they open |
//! | stamp, head, values | the writer's thread | at any time, in the order of `blocks` | anybody; counts if the stamp is unchanged |
//! | `published` | the writer's thread | after the stamp of a whole block | anybody |
//! | `state` | the maker's process | once or twice, at the end | anybody |
//! | `waiting` | readers set their bit, the waker clears all | before and after sleeping | the waker |
//! | `bell` | the waker | when a bit is set in `waiting`, and at the end | readers, who sleep on it |
//! | `waker` | the waker 1, readers 0 | when it falls asleep; when it is woken | both |
//! | a seat | who handed it out (`taken`), its reader (the rest) | at any time | people |
//!
//! All of it is words, read and written by atomics only: a reference to plain numbers over memory that another process
//! writes would be undefined behaviour. Nothing that stands in the mapping of the cursors decides which blocks a reader sees:
//! a reader that writes nonsense there wakes others too often or too late, and shows wrong counts.
//!
//! * `layout`: sizes and the header. `blocks`: the steps of writer and readers. `bell`: how sleepers are woken.
//!   `seats`: how far readers are. `element`: values in words. `memory`: the mappings.
#![cfg_attr(
    loom,
    allow(dead_code, unused_imports, reason = "loom has no mappings, and so no headers and no seats")
)]

mod bell;
mod blocks;
mod element;
mod layout;
#[cfg(not(loom))]
mod memory;
mod seats;
#[cfg(all(test, not(loom)))]
mod tests;

pub use bell::{Bell, Ticket};
pub use blocks::{BlockHead, BlockWriter, Blocks, Memory, Missing, OpenBlock, Overwritten, RingState};
pub use element::{Element, ElementKind};
pub use layout::{
    BLOCKS_MAX, DESCRIPTION_WORDS, HeaderError, RING_BYTES_MAX, RingLayout, RingShape, SEATS_MAX, ShapeError,
};
#[cfg(not(loom))]
pub use memory::{CreateError, Mapped, OpenError, RingMemory};
pub use seats::{Seat, SeatCounts};

#[cfg(all(test, loom))]
pub(super) use layout::Places;
