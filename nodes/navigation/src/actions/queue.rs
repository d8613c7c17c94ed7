//! What waits: bounded, the lower priority number first, then in the order in which it came.

use std::collections::VecDeque;

/// A bounded queue with priorities.
#[derive(Clone, Debug)]
pub(super) struct Queue<T> {
    /// In the order in which they are taken.
    waiting: VecDeque<(u16, T)>,
    max: usize,
}

impl<T> Queue<T> {
    /// A queue for at most `max`.
    pub(super) const fn new(max: usize) -> Self {
        Self { waiting: VecDeque::new(), max }
    }

    /// Adds `one` behind all that are as important.
    ///
    /// # Errors
    ///
    /// `one`, if the queue is full, however important it is: what came first stays.
    pub(super) fn push(&mut self, priority: u16, one: T) -> Result<(), T> {
        if self.waiting.len() >= self.max {
            return Err(one);
        }
        let place = self.waiting.partition_point(|(other, _)| *other <= priority);
        self.waiting.insert(place, (priority, one));
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.waiting.pop_front().map(|(_, one)| one)
    }

    /// Empties it, and says how many waited.
    pub(super) fn clear(&mut self) -> usize {
        let count = self.waiting.len();
        self.waiting.clear();
        count
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) const fn max(&self) -> usize {
        self.max
    }
}
