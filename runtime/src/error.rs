//! What a node's callback returns when it could not do its work.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Drops `value`, whose `Drop` is foreign code: a panic in it is logged, and goes no further.
pub(crate) fn drop_caught<T>(value: T) {
    if let Err(panic) = caught(|| drop(value)) {
        tracing::warn!("a message could not be dropped: {panic}");
    }
}

/// What a callback returns: an error counts as a failure of that callback, and says why.
pub type NodeResult = Result<(), NodeError>;

/// Why a node could not do what it was asked to. Any error turns into one with `?`:
///
/// ```
/// use nevil_runtime::{NodeError, NodeResult};
///
/// fn read_volume(text: &str) -> NodeResult {
///     let volume: u8 = text.parse()?;
///     if volume > 100 {
///         return Err(NodeError::new(format!("volume is too large ({volume}), at most 100 is allowed")));
///     }
///     Ok(())
/// }
/// assert_eq!(read_volume("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
pub struct NodeError {
    kind: Option<&'static str>,
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl NodeError {
    /// An error with nothing behind it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { kind: None, text: text.into(), source: None }
    }

    /// The same error of a kind that rules can name: what a breaker's `ignore` lists does not count against the callback.
    ///
    /// ```
    /// use nevil_runtime::NodeError;
    ///
    /// let error = NodeError::new("nothing was said").of_kind("no_speech");
    /// assert_eq!(error.kind(), Some("no_speech"));
    /// ```
    #[must_use]
    pub fn of_kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Its kind, if it was given one.
    #[must_use]
    pub const fn kind(&self) -> Option<&'static str> {
        self.kind
    }

    /// The same as text alone: what is behind it is foreign, and is dropped here.
    pub(crate) fn told(self) -> Self {
        Self { kind: self.kind, text: self.to_string(), source: None }
    }

    /// The error behind this one.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for NodeError {
    fn from(error: E) -> Self {
        Self { kind: None, text: String::new(), source: Some(Box::new(error)) }
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        let mut source = self.source.as_deref().map(|source| source as &dyn Error);
        let mut first = self.text.is_empty();
        while let Some(error) = source {
            if !std::mem::take(&mut first) {
                f.write_str(": ")?;
            }
            write!(f, "{error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeError({self})")
    }
}

/// Foreign code has panicked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it panicked: {text}")]
pub(crate) struct Panicked {
    /// What it said.
    pub(crate) text: String,
}

/// Calls foreign code, and catches a panic in it.
pub(crate) fn caught<R>(foreign: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(foreign)).map_err(|payload| {
        let text = panic_text(&*payload);
        // The payload's own drop is foreign code too; a panic in that says nothing more.
        drop(catch_unwind(AssertUnwindSafe(|| drop(payload))));
        Panicked { text }
    })
}

/// The text of a panic's payload.
#[must_use]
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".into())
}
