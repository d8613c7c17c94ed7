//! The topics that Nevil's own nodes speak on. A robot's own topics are constants like these.

use crate::car::CarState;
use crate::drive::Drive;
use crate::motion::MotionStatus;
use crate::range::Range;
use crate::safety::SafetyStatus;
use crate::topic::{Topic, TopicPriority};

/// Measurements of the ultrasonic sensor, each of them.
pub const RANGE: Topic<Range> = Topic::new("range");

/// How dangerous the place ahead is. First of all: whoever drives must know it before it obeys a command.
pub const SAFETY_STATUS: Topic<SafetyStatus> =
    Topic::latest("safety_status").priority(TopicPriority::Critical);

/// What the robot's own navigation wants to do.
pub const AUTONOMOUS_DRIVE: Topic<Drive> = Topic::latest("autonomous_drive");

/// What a person wants the car to do. Served before what the navigation wants.
pub const OPERATOR_DRIVE: Topic<Drive> = Topic::latest("operator_drive").priority(TopicPriority::High);

/// What the car is to do, decided by `motion`.
pub const DRIVE: Topic<Drive> = Topic::latest("drive").priority(TopicPriority::Critical);

/// Which command the car obeys.
pub const MOTION_STATUS: Topic<MotionStatus> = Topic::latest("motion_status");

/// Where the simulated car really is.
pub const CAR_STATE: Topic<CarState> = Topic::latest("car_state");

#[cfg(test)]
mod tests {
    use super::{AUTONOMOUS_DRIVE, CAR_STATE, DRIVE, MOTION_STATUS, OPERATOR_DRIVE, RANGE, SAFETY_STATUS};
    use crate::topic::{Overflow, Qos, TopicPriority};

    #[test]
    fn of_states_and_drive_commands_only_the_newest_counts() {
        let latest = [
            SAFETY_STATUS.qos(),
            AUTONOMOUS_DRIVE.qos(),
            OPERATOR_DRIVE.qos(),
            DRIVE.qos(),
            MOTION_STATUS.qos(),
            CAR_STATE.qos(),
        ];
        assert!(latest.iter().all(|qos| qos.overflow == Overflow::Latest && qos.depth == 1));
        assert_eq!(RANGE.qos(), Qos::DEFAULT);
    }

    #[test]
    fn safety_goes_before_the_operator_and_the_operator_before_the_navigation() {
        assert_eq!(SAFETY_STATUS.qos().priority, TopicPriority::Critical);
        assert_eq!(DRIVE.qos().priority, TopicPriority::Critical);
        assert!(SAFETY_STATUS.qos().priority > OPERATOR_DRIVE.qos().priority);
        assert!(OPERATOR_DRIVE.qos().priority > AUTONOMOUS_DRIVE.qos().priority);
    }
}
