//! What nodes and tools hear of the emergency stop.

use std::sync::Arc;

use nevil_msgs::{EmergencyStopStatus, topics};

use crate::bus::{Bus, Publisher, TopicError};
use crate::estop::EmergencyStop;
use crate::incarnation::Incarnation;

/// Publishes on `emergency_stop/state` whether an emergency stop holds. Belongs to whoever drives the robot, and to no node.
#[derive(Debug)]
pub struct EmergencyStopNotice {
    stop: EmergencyStop,
    publisher: Publisher<EmergencyStopStatus>,
    /// What was published last.
    told: EmergencyStopStatus,
}

impl EmergencyStopNotice {
    /// Declares both topics of the emergency stop on `bus`: before it is sealed.
    ///
    /// # Errors
    ///
    /// [`TopicError`] if a node has declared one of them with another type, or publishes on `emergency_stop/state`.
    pub fn declare(stop: &EmergencyStop, bus: &Bus) -> Result<Self, TopicError> {
        let instance = Arc::from("supervisor");
        let incarnation = Arc::new(Incarnation::new(Arc::clone(&instance), bus.source(&instance), 1));
        incarnation.open();
        let topic = topics::EMERGENCY_STOP_STATE;
        let publisher = bus.publisher(topic.name(), &topic, Arc::clone(&incarnation), Arc::default())?;
        // So that tools may publish on it although no node does.
        let request = topics::EMERGENCY_STOP_REQUEST;
        bus.declare(request.name(), &request)?;
        // What nothing on the topic means.
        let told = EmergencyStopStatus { engaged: false, by: String::new(), reason: String::new() };
        Ok(Self { stop: stop.clone(), publisher, told })
    }

    /// Publishes the state if it has changed since the last call. One that was reset and begun again in between is told as
    /// its last state.
    pub fn tell(&mut self) {
        if !self.told.engaged && !self.stop.is_engaged() {
            return;
        }
        let state = self.stop.state();
        let engaged = state.is_some();
        let (by, reason) = state.map_or_else(Default::default, |state| (state.by, state.reason));
        let status = EmergencyStopStatus { engaged, by, reason };
        if status == self.told {
            return;
        }
        match self.publisher.publish(status.clone()) {
            Ok(_) => self.told = status,
            Err(error) => tracing::warn!("the state of the emergency stop could not be published: {error}"),
        }
    }
}
