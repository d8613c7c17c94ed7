//! Tables that change when somebody comes or goes: made under the registration lock, used by one thread, and freed again
//! where they are made.
//!
//! ```text
//!   registration ── put ──► incoming ── exchange ──► the table in use
//!        ▲                                               │
//!        └── take_back ◄── outgoing ◄── the one before ──┘
//! ```
//! So the thread of a node neither allocates nor frees when a tool looks at its topics. What went back is freed with the
//! next change, or with the end of its publisher or subscription.

use std::mem;

use nevil_sys::mem::Handover;

/// Hands tables to the thread that uses them, and takes them back.
pub(crate) struct Tables<T> {
    incoming: Handover<Table<T>>,
    outgoing: Handover<Table<T>>,
}

struct Table<T> {
    value: T,
    /// One that went back before this one and was not taken yet.
    before: Option<Box<Table<T>>>,
}

impl<T> Tables<T> {
    pub(crate) fn new() -> Self {
        Self { incoming: Handover::new(), outgoing: Handover::new() }
    }

    /// Frees what came back. For who makes tables.
    pub(crate) fn free(&self) {
        drop(self.outgoing.take());
    }

    /// Frees what came back, and takes back what the user has not taken yet: until the next one is put, a user that looks
    /// finds none. For who makes tables.
    pub(crate) fn take_back(&self) -> Option<T> {
        self.free();
        self.incoming.take().map(|table| table.value)
    }

    /// Frees what came back, and hands `value` over, instead of one that was not taken yet: a user that looks finds one of
    /// them. For who makes tables.
    pub(crate) fn put(&self, value: T) {
        self.free();
        drop(self.incoming.put(Box::new(Table { value, before: None })));
    }

    /// Puts the newest table into `current`, if there is one; `settle` moves what is to stay, from the old one (its second
    /// argument) to the new one, before the old one goes back. For the one thread that uses them.
    #[inline]
    pub(crate) fn exchange(&self, current: &mut T, settle: impl FnOnce(&mut T, &mut T)) {
        let Some(mut table) = self.incoming.take() else { return };
        mem::swap(current, &mut table.value);
        settle(current, &mut table.value);
        // Who makes tables only takes from there: so the place is empty then, and nothing is freed here.
        table.before = self.outgoing.take();
        drop(self.outgoing.put(table));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_table_that_has_gone_back_is_freed_by_who_makes_them_with_the_next_one_or_the_next_look() {
        let (tables, tokens) = (Tables::new(), [(); 4].map(Arc::new));
        let mut current = Arc::clone(&tokens[0]);
        for token in &tokens[1..] {
            tables.put(Arc::clone(token));
            tables.exchange(&mut current, |_, _| {});
        }
        assert_eq!(tokens.each_ref().map(Arc::strong_count), [1, 1, 2, 2]);
        assert!(tables.take_back().is_none());
        assert_eq!(tokens.each_ref().map(Arc::strong_count), [1, 1, 1, 2]);
    }

    #[test]
    fn what_was_not_taken_yet_comes_back_and_what_is_to_stay_is_moved() {
        let tables = Tables::new();
        tables.put(vec![1]);
        assert_eq!(tables.take_back(), Some(vec![1]));
        let mut current = vec![7];
        tables.exchange(&mut current, |_, _| panic!("there is none"));
        tables.put(vec![2]);
        tables.exchange(&mut current, |new, old| new.append(old));
        assert_eq!(current, [2, 7]);
    }
}
