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
