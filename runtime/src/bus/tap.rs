//! Taps: how tools see messages without being a subscriber that nodes could feel.

use std::sync::Arc;

use nevil_msgs::{EncodeError, Message};

use crate::bus::subscription::{Header, Received, Subscription};
use crate::bus::topic::{SideOf, TopicCore};
use crate::error::drop_caught;

/// A bounded side lane of a topic. Publishers fill it and wake nobody; its owner looks when it likes; what it was too
/// slow for is counted in [`Self::lost`].
pub struct Tap<T: Message> {
    subscription: Subscription<T>,
    last: Option<Received<T>>,
}

/// A message as a tool wants it.
pub trait Tapped {
    /// The message as one line of JSON, which is also YAML.
    fn text(&self) -> String;

    /// Appends the message's bytes.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if it is larger than a message may be.
    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), EncodeError>;
}

impl<T: Message> Tapped for T {
    fn text(&self) -> String {
        nevil_msgs::to_text(self)
    }

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        nevil_msgs::encode_into(self, bytes)
    }
}

impl<T: Message> Tap<T> {
    pub(crate) fn new(topic: &Arc<TopicCore<T>>) -> Self {
        let name: Arc<str> = Arc::from("tap");
        Self { subscription: topic.subscribe(&name, &name, SideOf::Tap), last: None }
    }

    /// The next message, if there is one.
    pub fn take(&mut self) -> Option<Received<T>> {
        let topic = Arc::clone(self.subscription.topic());
        loop {
            let received = self.subscription.take()?;
            // A latched value that is too old is not told, as to any other who comes later.
            if !(received.is_replayed() && topic.is_too_old(received.header().stamp)) {
                return Some(received);
            }
            drop_caught(received);
        }
    }

    /// Messages that had no room because this tap was too slow.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.subscription.overflowed()
    }
}

impl<T: Message> Drop for Tap<T> {
    fn drop(&mut self) {
        drop_caught(self.last.take());
    }
}

/// A tap on a topic whose type the caller does not know.
pub trait AnyTap: Send {
    /// Shows the next message to `show`; `false` if there is none.
    fn show_next(&mut self, show: &mut dyn FnMut(&Header, &dyn Tapped)) -> bool;

    /// The last message that was shown, as text.
    fn last_text(&self) -> Option<String>;

    /// Messages that had no room because this tap was too slow.
    fn lost(&self) -> u64;
}

impl<T: Message> AnyTap for Tap<T> {
    fn show_next(&mut self, show: &mut dyn FnMut(&Header, &dyn Tapped)) -> bool {
        let Some(received) = self.take() else { return false };
        show(received.header(), &*received);
        drop_caught(self.last.replace(received));
        true
    }

    fn last_text(&self) -> Option<String> {
        self.last.as_ref().map(|last| last.text())
    }

    fn lost(&self) -> u64 {
        Tap::lost(self)
    }
}
