//! The topics that Nevil's own nodes speak on. A robot's own topics are constants like these.
//!
//! Two loops go through them, and both are control loops, which a sensor or a timer paces:
//!
//! ```text
//!   car ── range, grayscale ──► obstacle_detection ── safety_status ──► motion ── drive ──► car
//!   navigation ── autonomous_drive ──► motion ── motion_status ──► navigation, obstacle_detection
//! ```

use std::time::Duration;

use crate::behaviour::{
    AutoModeCommand, AutoModeStatus, LedStatus, ListeningStatus, MoodChange, NavigationStatus, RobotAction,
    SpeakingStatus, SystemMode,
};
use crate::block::BlockRef;
use crate::board::{Battery, Grayscale, Look};
use crate::breakers::{BreakerReport, BreakerStates};
use crate::car::CarState;
use crate::drive::Drive;
use crate::host::HostStatus;
use crate::motion::MotionStatus;
use crate::range::Range;
use crate::safety::SafetyStatus;
use crate::system::{Alert, EmergencyStopRequest, EmergencyStopStatus, Health, Heartbeat};
use crate::topic::{Topic, TopicPriority};

/// Measurements of the ultrasonic sensor, each of them. One that has waited for half a second says where a wall was, not
/// where it is: the car has driven 40 cm since. A sensor that is silent for a second is reported.
pub const RANGE: Topic<Range> =
    Topic::new("range").lifespan(Duration::from_millis(500)).deadline(Duration::from_secs(1));

/// How dangerous the place ahead is, said at least every 150 ms. First of all: whoever drives must know it before it obeys a
/// command. One node alone says it, because of two the last would be right. Never too old to be delivered: also an old
/// danger is to be heard, and who hears it looks at its age.
pub const SAFETY_STATUS: Topic<SafetyStatus> = Topic::latest("safety_status")
    .priority(TopicPriority::Critical)
    .deadline(Duration::from_millis(500))
    .exclusive();

/// What the robot's own navigation wants to do.
pub const AUTONOMOUS_DRIVE: Topic<Drive> = Topic::latest("autonomous_drive");

/// What a person wants the car to do, said by a tool. Served before what the navigation wants.
pub const OPERATOR_DRIVE: Topic<Drive> =
    Topic::latest("operator_drive").priority(TopicPriority::High).external();

/// What the car is to do, decided by `motion` and nobody else. Here the loop from sensor to wheels is closed.
pub const DRIVE: Topic<Drive> =
    Topic::latest("drive").priority(TopicPriority::Critical).exclusive().feedback();

/// Which command the car obeys, said when it changes; who comes later is told at once. Here the loop from the wish to
/// what became of it is closed. A robot without `motion` has nobody who says it, and whoever would listen does without.
pub const MOTION_STATUS: Topic<MotionStatus> = Topic::latest("motion_status").latched().feedback().external();

/// Where the simulated car really is, for who looks on: no node of a robot may know it.
pub const CAR_STATE: Topic<CarState> = Topic::latest("car_state").external();

/// What the three grayscale sensors see of the floor. Which floor that was is not to be asked half a second later. Not
/// every car has them: whoever listens says itself what silence means.
pub const GRAYSCALE: Topic<Grayscale> =
    Topic::new("grayscale").lifespan(Duration::from_millis(500)).deadline(Duration::from_secs(1)).external();

/// Voltage of the battery, once a second.
pub const BATTERY: Topic<Battery> = Topic::latest("battery").external();

/// Where the camera is to look, said by whoever moves the head. What the car senses comes back to whoever drives it: here that
/// loop is closed, which the sensor's timer paces.
pub const LOOK: Topic<Look> = Topic::latest("look").external().feedback();

/// Pictures of the camera: each message names a block of the ring `camera`.
pub const CAMERA: Topic<BlockRef> = Topic::new("camera").external();

/// Actions that the robot is to carry out, from whoever asks: a tool, a voice, a model. Those that came first are kept.
pub const ROBOT_ACTION: Topic<RobotAction> =
    Topic::commands("robot_action").message_bytes_max(8 * 1024).external();

/// How the actions go, each change of it.
pub const NAVIGATION_STATUS: Topic<NavigationStatus> =
    Topic::new("navigation_status").message_bytes_max(1024).external();

/// Begins and ends driving about.
pub const AUTO_MODE_COMMAND: Topic<AutoModeCommand> =
    Topic::commands("auto_mode_command").message_bytes_max(1024).external();

/// Whether the robot drives about; who comes later is told at once.
pub const AUTO_MODE_STATUS: Topic<AutoModeStatus> =
    Topic::latest("auto_mode_status").latched().message_bytes_max(512).external();

/// Asks for another mood.
pub const MOOD_CHANGE: Topic<MoodChange> = Topic::commands("mood_change").message_bytes_max(1024).external();

/// What the robot as a whole is at, said by those that listen, think, speak and look.
pub const SYSTEM_MODE: Topic<SystemMode> = Topic::latest("system_mode").message_bytes_max(512).external();

/// Whether the robot speaks.
pub const SPEAKING_STATUS: Topic<SpeakingStatus> =
    Topic::latest("speaking_status").message_bytes_max(2048).external();

/// Whether the robot listens.
pub const LISTENING_STATUS: Topic<ListeningStatus> =
    Topic::latest("listening_status").message_bytes_max(512).external();

/// What the robot's light shows; who comes later is told at once.
pub const LED_STATUS: Topic<LedStatus> = Topic::latest("led_status").latched().external();

/// How the machine is that the robot runs on, once a second; who comes later is told at once.
pub const HOST_STATUS: Topic<HostStatus> = Topic::latest("host_status")
    .priority(TopicPriority::Low)
    .latched()
    .message_bytes_max(16 * 1024)
    .external();

/// Requests for an emergency stop, from any node or tool. The request works where it is published and is in nobody's queue;
/// subscriptions hear of it besides. It is the robot's: no namespace is put before it.
pub const EMERGENCY_STOP_REQUEST: Topic<EmergencyStopRequest> =
    Topic::new("emergency_stop/request").priority(TopicPriority::Critical).message_bytes_max(1024).external();

/// Whether an emergency stop holds, said by the runtime when it changes; who comes later is told at once. It is the robot's:
/// no namespace is put before it.
pub const EMERGENCY_STOP_STATE: Topic<EmergencyStopStatus> = Topic::latest("emergency_stop/state")
    .priority(TopicPriority::Critical)
    .latched()
    .exclusive()
    .message_bytes_max(1024)
    .external();

/// How the robot is as a whole, said by the supervisor when it changes; who comes later is told at once. This topic and the
/// next four are the robot's: no namespace is put before them, and no node publishes on them. Under simulation, where
/// nothing is supervised, nothing is said on them.
pub const HEALTH: Topic<Health> = Topic::latest("health")
    .priority(TopicPriority::High)
    .latched()
    .exclusive()
    .message_bytes_max(4096)
    .external();

/// Whether each node makes progress, said by the supervisor for each node each second. A subscription keeps two
/// seconds of the largest robot.
pub const SYSTEM_HEARTBEAT: Topic<Heartbeat> = Topic::new("system_heartbeat")
    .depth(256)
    .priority(TopicPriority::Low)
    .exclusive()
    .message_bytes_max(512)
    .external();

/// What an operator is to know. Nothing on it is said again: who comes later looks at `health`.
pub const SYSTEM_ALERTS: Topic<Alert> = Topic::new("system_alerts")
    .depth(32)
    .priority(TopicPriority::High)
    .exclusive()
    .message_bytes_max(1024)
    .external();

/// Which breakers are not closed, said by the supervisor when that changes; who comes later is told at once.
pub const BREAKERS_STATE: Topic<BreakerStates> = Topic::latest("breakers/state")
    .priority(TopicPriority::High)
    .latched()
    .exclusive()
    .message_bytes_max(16 * 1024)
    .external();

/// What each breaker has counted, one message for each in turn, all of them within some seconds.
pub const BREAKERS_STATS: Topic<BreakerReport> = Topic::new("breakers/stats")
    .depth(64)
    .priority(TopicPriority::Low)
    .exclusive()
    .message_bytes_max(1024)
    .external();

/// Names of the topics that are the robot's: no namespace is put before them, and the robot itself or its tools are their
/// other end.
pub const OF_ROBOT: [&str; 7] = [
    EMERGENCY_STOP_REQUEST.name(),
    EMERGENCY_STOP_STATE.name(),
    HEALTH.name(),
    SYSTEM_HEARTBEAT.name(),
    SYSTEM_ALERTS.name(),
    BREAKERS_STATE.name(),
    BREAKERS_STATS.name(),
];

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
        assert_eq!((RANGE.qos().overflow, RANGE.qos().depth), (Overflow::DropOldest, Qos::DEFAULT.depth));
    }

    #[test]
    fn what_moves_the_car_and_what_holds_it_back_come_from_one_node_each() {
        assert!(DRIVE.qos().exclusive && SAFETY_STATUS.qos().exclusive);
    }

    #[test]
    fn a_danger_is_never_too_old_and_a_command_is_never_said_again_by_the_bus() {
        assert_eq!(SAFETY_STATUS.qos().lifespan, None);
        assert!([AUTONOMOUS_DRIVE, OPERATOR_DRIVE, DRIVE].iter().all(|topic| !topic.qos().latched));
    }

    #[test]
    fn safety_goes_before_the_operator_and_the_operator_before_the_navigation() {
        assert_eq!(SAFETY_STATUS.qos().priority, TopicPriority::Critical);
        assert_eq!(DRIVE.qos().priority, TopicPriority::Critical);
        assert!(SAFETY_STATUS.qos().priority > OPERATOR_DRIVE.qos().priority);
        assert!(OPERATOR_DRIVE.qos().priority > AUTONOMOUS_DRIVE.qos().priority);
    }
}
