//! The robot as a whole.

use nevil_derive::Message;

/// Asks for an emergency stop. It takes effect where it is published, on the publisher's own thread, whatever hangs.
///
/// ```
/// use nevil_msgs::EmergencyStopRequest;
///
/// let request = EmergencyStopRequest { reason: "the bumper is pressed".into() };
/// assert!(request.reason.len() <= 120);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct EmergencyStopRequest {
    /// Why, in words for people. At most 120 bytes are kept.
    pub reason: String,
}

/// Whether an emergency stop holds, published by the runtime at each change.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct EmergencyStopStatus {
    /// Whether one holds: every command to an actuator is refused then.
    pub engaged: bool,
    /// Who began it; empty if none holds.
    pub by: String,
    /// Why, in the words of who began it; empty if none holds.
    pub reason: String,
}
