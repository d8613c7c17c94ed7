//! What nodes and tools hear of the robot as a whole.

use std::sync::Arc;

use nevil_msgs::{Alert, BreakerReport, BreakerStates, Health, Heartbeat, Message, topics};

use crate::bus::{Bus, Publisher, TopicError};
use crate::estop::cut;
use crate::incarnation::Incarnation;
use crate::limits::{
    ALERT_KIND_BYTES, ALERT_TEXT_BYTES, HEALTH_ISSUES_MAX, HEALTH_SOURCE_BYTES, HEALTH_TEXT_BYTES,
};

/// The supervisor's end of `health`, `system_heartbeat`, `system_alerts`, `breakers/state` and `breakers/stats`. Belongs to
/// one thread at a time, which is no node's.
#[derive(Debug)]
pub struct HealthNotice {
    health: Publisher<Health>,
    heartbeat: Publisher<Heartbeat>,
    alert: Publisher<Alert>,
    states: Publisher<BreakerStates>,
    stats: Publisher<BreakerReport>,
    /// Messages that could not be published.
    refused: u64,
}

impl HealthNotice {
    /// Declares the topics on `bus`: before it is sealed.
    ///
    /// # Errors
    ///
    /// [`TopicError`] if a node has declared one of them with another type, or publishes on it.
    pub fn declare(bus: &Bus) -> Result<Self, TopicError> {
        let instance = Arc::from("supervisor");
        let incarnation = Arc::new(Incarnation::new(Arc::clone(&instance), bus.source(&instance), 1));
        incarnation.open();
        macro_rules! publisher {
            ($topic:expr) => {
                bus.publisher($topic.name(), &$topic, Arc::clone(&incarnation), Arc::default())?
            };
        }
        Ok(Self {
            health: publisher!(topics::HEALTH),
            heartbeat: publisher!(topics::SYSTEM_HEARTBEAT),
            alert: publisher!(topics::SYSTEM_ALERTS),
            states: publisher!(topics::BREAKERS_STATE),
            stats: publisher!(topics::BREAKERS_STATS),
            refused: 0,
        })
    }

    /// Publishes how the robot is. Of the issues the first 16 are told, each in 160 bytes; the others are counted.
    pub fn health(&mut self, mut health: Health) {
        let kept = health.issues.len().min(HEALTH_ISSUES_MAX);
        let left_out = u32::try_from(health.issues.len() - kept).unwrap_or(u32::MAX);
        health.left_out = health.left_out.saturating_add(left_out);
        health.issues = health.issues[..kept].iter().map(|issue| cut(issue, HEALTH_TEXT_BYTES)).collect();
        self.refused += u64::from(!told(&self.health, health));
    }

    /// Publishes the heartbeat of a node.
    pub fn heartbeat(&mut self, mut heartbeat: Heartbeat) {
        heartbeat.running = cut(&heartbeat.running, HEALTH_SOURCE_BYTES);
        self.refused += u64::from(!told(&self.heartbeat, heartbeat));
    }

    /// Publishes an alert, whose texts are cut to their lengths.
    pub fn alert(&mut self, mut alert: Alert) {
        alert.source = cut(&alert.source, HEALTH_SOURCE_BYTES);
        alert.kind = cut(&alert.kind, ALERT_KIND_BYTES);
        alert.text = cut(&alert.text, ALERT_TEXT_BYTES);
        self.refused += u64::from(!told(&self.alert, alert));
    }

    /// Publishes which breakers are not closed.
    pub fn breaker_states(&mut self, states: BreakerStates) {
        self.refused += u64::from(!told(&self.states, states));
    }

    /// Publishes what a breaker has counted.
    pub fn breaker_report(&mut self, report: BreakerReport) {
        self.refused += u64::from(!told(&self.stats, report));
    }

    /// Messages that could not be published, such as because nodes keep too many of the topic's. They are in the counters of
    /// the topic too.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }
}

/// Whether `message` was published. That it was not is logged for who looks closely: it may come each second.
fn told<T: Message>(publisher: &Publisher<T>, message: T) -> bool {
    let published = publisher.publish(message);
    if let Err(error) = &published {
        tracing::debug!("the robot's health could not be told: {error}");
    }
    published.is_ok()
}
