//! A filter that is changed while threads log.
//!
//! ```text
//!   filters   0: info   1: debug   2: info,motion=trace   3: (free) …
//!   current ────────────────┘ one word: who logs reads it, and then the filter, which never changes
//! ```
//! A filter stays until the log ends, so that who logs waits for nobody and nothing is freed under its eyes. One that was
//! there before is used again; so it is the number of different ones that is bounded.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::limits::LOG_FILTERS_MAX;
use crate::log::filter::{Filter, LogFilterError};

/// The filter of a log, to be changed while it works. Clones change the same one.
#[derive(Clone)]
pub struct LogFilter(Arc<Changing>);

struct Changing {
    filters: [OnceLock<(String, Filter)>; LOG_FILTERS_MAX],
    current: AtomicUsize,
    /// Held by who changes it, and never by who logs.
    changes: Mutex<()>,
}

impl LogFilter {
    pub(super) fn new(text: &str) -> Result<Self, LogFilterError> {
        let filters = [const { OnceLock::new() }; LOG_FILTERS_MAX];
        // The place is free.
        let _ = filters[0].set((text.to_owned(), Filter::parse(text)?));
        Ok(Self(Arc::new(Changing { filters, current: AtomicUsize::new(0), changes: Mutex::new(()) })))
    }

    /// Looks whether `text` is a filter: levels for everything, and for nodes, threads and modules, as in
    /// `info,motion=debug`.
    ///
    /// # Errors
    ///
    /// [`LogFilterError`].
    pub fn check(text: &str) -> Result<(), LogFilterError> {
        Filter::parse(text).map(drop)
    }

    /// Lets `text` say from now on which records are wanted. Who logs waits for nothing.
    ///
    /// # Errors
    ///
    /// [`LogFilterError`]; the filter before holds on then. [`LogFilterError::TooManyChanges`] after
    /// [`LOG_FILTERS_MAX`](crate::limits::LOG_FILTERS_MAX) different ones.
    pub fn set(&self, text: &str) -> Result<(), LogFilterError> {
        let filter = Filter::parse(text)?;
        let changes = self.0.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |place: &OnceLock<(String, Filter)>| place.get().is_none_or(|(known, _)| known == text);
        let Some(index) = self.0.filters.iter().position(is_it) else {
            return Err(LogFilterError::TooManyChanges { max: LOG_FILTERS_MAX });
        };
        self.0.filters[index].get_or_init(|| (text.to_owned(), filter));
        // Release: who reads the number sees the filter.
        self.0.current.store(index, Ordering::Release);
        drop(changes);
        // What was said once and for all about a place in the code is asked again.
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    }

    /// The filter that holds, as it was given; empty: `info`.
    #[must_use]
    pub fn text(&self) -> String {
        self.current().0.clone()
    }

    pub(super) fn filter(&self) -> &Filter {
        &self.current().1
    }

    fn current(&self) -> &(String, Filter) {
        // Acquire: see `set`.
        let index = self.0.current.load(Ordering::Acquire);
        self.0.filters[index].get().expect("a filter that is named was set before")
    }
}

impl fmt::Debug for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogFilter({})", self.text())
    }
}
