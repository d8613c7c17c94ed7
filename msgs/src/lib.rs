//! Message types of Nevil, what describes them, their codec and their text form.
//!
//! A message is a plain struct with `#[derive(Message)]`; the enums and structs inside it have `#[derive(Field)]`.
//! The derive describes the type ([`TypeInfo`]: names, units, ranges), measures it, checks it and lets it be
//! encoded ([`encode`], [`decode`]). Text is read into a [`Value`] and becomes a typed struct by [`from_value`].
//! [`topics`] names the streams that Nevil's own nodes speak on.
#![forbid(unsafe_code)]

// The derives write `::nevil_msgs::…`, and the messages of this crate use the derives too.
extern crate self as nevil_msgs;

mod check;
mod codec;
mod field;
mod hash;
mod message;
mod text;
mod topic;
mod type_info;
mod value;

mod behaviour;
mod block;
mod board;
mod breakers;
mod car;
mod drive;
mod host;
mod motion;
mod range;
mod safety;
mod system;
pub mod topics;

pub use behaviour::{
    AutoModeCommand, AutoModeOrder, AutoModeStatus, LedState, LedStatus, ListeningStatus, Mode, MoodChange,
    NavigationState, NavigationStatus, RobotAction, SpeakingStatus, SystemMode,
};
pub use block::BlockRef;
pub use board::{Battery, Grayscale, Look};
pub use breakers::{
    BreakerCondition, BreakerConfig, BreakerCounts, BreakerReport, BreakerStates, BreakerTiming, Circuit,
    Importance,
};
pub use car::CarState;
pub use check::{FieldPath, OutOfRange, PathStep, RangeProblem};
pub use codec::{DecodeError, ENCODED_BYTES_MAX, EncodeError, decode, encode, encode_into};
pub use drive::Drive;
pub use hash::Fnv1a;
pub use host::{CoreLoad, HostStatus, PowerFlags, PowerStatus, ThreadLoad};
pub use message::{Field, Message};
pub use motion::{DriveSource, MotionStatus};
pub use nevil_derive::{Field, Message};
pub use range::{Range, RangeReading};
pub use safety::{SafetyCause, SafetyLevel, SafetyStatus};
pub use system::{
    Alert, EmergencyStopRequest, EmergencyStopStatus, Health, HealthLevel, Heartbeat, Severity,
};
pub use text::{from_value_checked, to_text};
pub use topic::{Overflow, Qos, Topic, TopicPriority};
pub use type_info::{EnumInfo, FieldInfo, FieldKind, FieldRange, TypeInfo};
pub use value::{
    Key, Mark, Measured, Problem, Source, UnitError, Value, ValueError, ValueKind, Variable, VariableKind,
    YAML_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX, from_value, nearest, parse_angle, parse_duration,
    parse_size, read_text,
};

/// What the derives write refers to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use serde;
}
