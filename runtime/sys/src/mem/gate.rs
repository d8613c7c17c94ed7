//! A gate that operations pass until it is shut.
//!
//! ```text
//!  word = SHUT (1 bit) | passes under way (31 bits)
//!
//!   enter ──► +1 ──► SHUT seen? ── yes ─► −1, refused
//!                        │ no
//!                        ▼
//!                     Pass ── drop ─► −1
//! ```

use crate::sync::atomic::{AtomicU32, Ordering};

const SHUT: u32 = 1 << 31;

/// Lets operations begin until it is shut, and counts those under way. What begins after [`Gate::shut`] has returned is
/// refused, without exception; what began before is counted until it ends.
#[derive(Debug)]
pub struct Gate {
    word: AtomicU32,
}

/// The gate is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shut;

/// An operation that has passed a [`Gate`] and has not ended.
#[derive(Debug)]
#[must_use]
pub struct Pass<'a> {
    gate: &'a Gate,
}

impl Gate {
    /// A gate through which operations may begin.
    #[must_use]
    pub fn open() -> Self {
        Self { word: AtomicU32::new(0) }
    }

    /// A gate that stays shut until [`Self::reopen`].
    #[must_use]
    pub fn closed() -> Self {
        Self { word: AtomicU32::new(SHUT) }
    }

    /// Begins an operation.
    ///
    /// # Errors
    ///
    /// [`Shut`] if the gate is shut.
    #[inline]
    pub fn enter(&self) -> Result<Pass<'_>, Shut> {
        // AcqRel: one order of all entries and of the shutting; the operation cannot move before its entry.
        let before = self.word.fetch_add(1, Ordering::AcqRel);
        let pass = Pass { gate: self };
        if before & SHUT == 0 { Ok(pass) } else { Err(Shut) }
    }

    /// Operations under way, as of a moment in the one order of all entries: an operation that begins later sees what this
    /// thread did before, and one that began earlier and has not ended is counted.
    pub fn look(&self) -> u32 {
        // AcqRel: see `enter`. A load would have no place in that order.
        self.word.fetch_or(0, Ordering::AcqRel) & !SHUT
    }

    /// Shuts the gate and says how many operations are under way.
    pub fn shut(&self) -> u32 {
        // AcqRel: see `enter`.
        self.word.fetch_or(SHUT, Ordering::AcqRel) & !SHUT
    }

    /// Opens the gate again.
    pub fn reopen(&self) {
        // AcqRel, of which Release counts: who enters sees what was prepared before the opening.
        self.word.fetch_and(!SHUT, Ordering::AcqRel);
    }

    /// Whether the gate is shut.
    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.word.load(Ordering::Acquire) & SHUT != 0
    }

    /// Operations under way.
    #[must_use]
    pub fn under_way(&self) -> u32 {
        // Acquire: when it is 0, what those operations did is seen.
        self.word.load(Ordering::Acquire) & !SHUT
    }
}

impl Drop for Pass<'_> {
    #[inline]
    fn drop(&mut self) {
        // AcqRel, of which Release counts: who sees the count without this one sees what the operation did.
        self.gate.word.fetch_sub(1, Ordering::AcqRel);
    }
}
