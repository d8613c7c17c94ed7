//! How a node declares what is done instead, while something does not work.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nevil_msgs::{Message, Topic};

use crate::bus::Received;
use crate::error::NodeResult;
use crate::node::Node;
use crate::node::context::Context;
use crate::node::guarded::Guarded;
use crate::node::setup::{Setup, SetupError, callback_name};
use crate::node::source::{Besides, BoxedCallback};

impl<N: Node> Setup<'_, N> {
    /// As [`Self::subscribe`], and `fallback` is called instead while the breaker of `callback` is open: a simpler algorithm, less quality,
    /// one thing after the other. It has a breaker and a deadline of its own.
    ///
    /// # Errors
    ///
    /// As for [`Self::subscribe`].
    pub fn subscribe_or<T, F, G>(
        &mut self,
        topic: Topic<T>,
        callback: F,
        fallback: G,
    ) -> Result<(), SetupError>
    where
        T: Message,
        F: Fn(&mut N, &Received<T>, &Context) -> NodeResult + Send + 'static,
        G: Fn(&mut N, &Received<T>, &Context) -> NodeResult + Send + 'static,
    {
        let name = self.resolve(topic.name())?;
        let fallback_name = self.shared.unused_name(callback_name::<G>(|| format!("instead of on {name}")));
        let guarded = Guarded::new(self.shared.record(fallback_name, None)?, Arc::clone(&self.shared));
        let fallback: BoxedCallback<N, T> = Box::new(fallback);
        let besides = Besides { fallback: Some((guarded, fallback)), ..Besides::nothing() };
        self.subscribe_by_name(&name, topic, callback, besides)
    }

    /// Calls `callback` with each message on `topic`, and while that is silent for longer than its deadline, with those on
    /// `standby`, of the same type. Messages on `standby` that are not wanted are counted as `discarded`.
    ///
    /// # Errors
    ///
    /// As for [`Self::subscribe`]; [`SetupError::NoDeadline`] if `topic` has no deadline, so that it is never silent.
    pub fn subscribe_with_standby<T, F>(
        &mut self,
        topic: Topic<T>,
        standby: Topic<T>,
        callback: F,
    ) -> Result<(), SetupError>
    where
        T: Message,
        F: Fn(&mut N, &Received<T>, &Context) -> NodeResult + Clone + Send + 'static,
    {
        let (name, standby_name) = (self.resolve(topic.name())?, self.resolve(standby.name())?);
        let silent = Arc::new(AtomicBool::new(false));
        let besides = Besides { silent: Some(Arc::clone(&silent)), ..Besides::nothing() };
        self.subscribe_by_name(&name, topic, callback.clone(), besides)?;
        if self.work.sources.last().is_none_or(|source| !source.has_deadline()) {
            return Err(SetupError::NoDeadline { topic: name.into() });
        }
        let besides = Besides { stands_by: Some(silent), ..Besides::nothing() };
        self.subscribe_by_name(&standby_name, standby, callback, besides)
    }
}
