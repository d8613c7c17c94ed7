//! Nevil's runtime: nodes on threads of their own, a bus between them, and motors that stop.
//!
//! A node is a struct with callbacks. It declares what it needs, and knows nothing of threads, queues or files:
//!
//! ```
//! use nevil_runtime::prelude::*;
//! use nevil_runtime::testing::TestNode;
//!
//! /// Says when something is nearer than a hand.
//! struct Near { warning: Publisher<SafetyStatus> }
//!
//! impl Node for Near {
//!     type Params = ();
//!     fn configure(setup: &mut Setup<'_, Self>, _: ()) -> Result<Self, NodeError> {
//!         setup.subscribe(topics::RANGE, Self::on_range)?;
//!         Ok(Self { warning: setup.publisher(topics::SAFETY_STATUS)? })
//!     }
//! }
//!
//! impl Near {
//!     fn on_range(&mut self, range: &Received<Range>, _: &Context) -> NodeResult {
//!         if range.distance_m < 0.1 {
//!             let (level, cause) = (SafetyLevel::Danger, SafetyCause::Distance);
//!             self.warning.publish(SafetyStatus { level, cause, distance_m: range.distance_m })?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let mut near = TestNode::<Near>::start("")?;
//! near.publish(topics::RANGE, Range { reading: RangeReading::Echo, distance_m: 0.05 })?;
//! near.step();
//! assert_eq!(near.take(topics::SAFETY_STATUS)?[0].level, SafetyLevel::Danger);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The modules stand from the lowest layer up; each uses only those above it (a test keeps the order).
#![forbid(unsafe_code)]

#[cfg(panic = "abort")]
compile_error!("Nevil catches the panics of callbacks: remove `panic = \"abort\"` from the profile");

// The derives write `::nevil_runtime::…`, and this crate uses them too.
extern crate self as nevil_runtime;

// Why a callback could not do its work.
mod error;

// Every bound, in one place.
pub mod limits;

// Time, real or simulated.
mod clock;

// What a thread wanted and got.
mod scheduling;

// From which first event a message descends.
mod lineage;

// What fails again and again is not called for a while.
mod breaker;

// One life of a node, its fence and its cancel token.
mod incarnation;

// Log records through a bounded lane.
pub mod log;

// Parameters of a node.
mod parameter;

// Bulk data in memory that is mapped.
pub mod ring;

// Topics, publishers, subscriptions, accounts.
mod bus;

// The process that makes safe when this one is dead.
pub mod guard;

// Exclusive things outside the process.
mod device;

// What moves, and how it is made safe.
mod actuator;

// Everything safe at once, until somebody resets it.
mod estop;

// Exclusive things inside the process.
mod lease;

// What a node declares and what it is called with.
mod node;

// The step core's two drivers: threads and simulation.
mod executor;

// Beats to the guard, and the stop of all motion.
mod safety;

// Snapshots for tools, and the topics on which the robot's health is told.
mod health;

// One node under test.
pub mod testing;

pub use actuator::{Actuate, Actuator, ActuatorCounts, Actuators, CommandError, MakeSafe, OpenActuator};
pub use breaker::{
    Answer, Backoff, Breaker, BreakerError, BreakerPolicy, BreakerPreset, BreakerState, BreakerStats,
    BreakerTotals, Breakers, CallError, CallHistory, CallOutcome, CallRecord, Criticality, Ending, Fallback,
    HalfOpen, Incident, Learned, LearningBounds, LoadRule, Operation, Permit, PolicyProblem, Refused,
    RefusedCounts, RetryBudget, Ticket, TripRule, Window, WindowCounts,
};
pub use bus::{
    AnyPublisher, AnyTap, Authority, Bus, Header, Kept, LatencyCounts, PublishError, PublishErrorKind,
    Published, Publisher, PublisherCounts, QosOverride, QosProblem, Received, SaidBy, SetDepthError,
    SubscriptionCounts, SubscriptionDescription, SubscriptionQos, Tap, Tapped, ToolPublishError, TopicCounts,
    TopicDescription, TopicError, TopicMemory, is_namespace, is_topic_name,
};
pub use clock::{Clock, Time};
pub use device::{ClaimError, Claims, Device, DeviceError, DeviceResult};
pub use error::{NodeError, NodeResult};
pub use estop::{EmergencyStop, EmergencyStopChange, EmergencyStopNotice, EmergencyStopState, ResetError};
pub use executor::{
    NodeHoldings, NodeLook, NodeSpec, OrderError, Phase, SimulatedRobot, SimulationError, ThreadedNode,
    Waker, thread_name,
};
pub use guard::{Guard, GuardEvent, GuardWatch, SafeSequence};
pub use health::{
    HealthNotice, NodeStatus, Progress, RobotStatus, Running, TopicStatus, breaker_report, breaker_states,
};
pub use incarnation::{CancelToken, Incarnation};
pub use lease::{Leasable, Lease, LeaseClaimError, LeaseError, LeaseStatus, Leases};
pub use lineage::Lineage;
pub use nevil_derive::Parameters;
pub use node::{
    CallbackCounts, CallbackRule, ConfigureError, Context, Driver, DriverInput, DriverPublisher, Environment,
    ExtendError, Failure, HelperProcess, InputDown, NewParams, Node, NodeRules, NodeState, NodeType,
    NodeTypes, OnHang, OnPanic, ParamsError, Setup, SetupError, Stop, Tick, Timer, TimerCounts, Unblock,
    with_instead,
};
pub use parameter::Parameters;
pub use safety::{Safety, be_ordinary, elevate};
pub use scheduling::{Cores, Policy, ThreadReport, ThreadSpec, Wait};

pub use nevil_sys::os;

/// What a node needs: `use nevil_runtime::prelude::*;`.
pub mod prelude {
    pub use std::time::Duration;

    pub use nevil_msgs::*;

    pub use crate::{
        Actuate, Actuator, Context, Device, DeviceError, DeviceResult, Driver, DriverInput, DriverPublisher,
        Leasable, Lease, Node, NodeError, NodeResult, OpenActuator, Parameters, Publisher, Received, Setup,
        Stop, Tick, Time, Timer,
    };

    pub use crate::ring::{
        AudioShape, PictureShape, ReadError, RingInput, RingOutput, RingSpec, Start, Waking, WriteError,
    };
}

/// What the derives write refers to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::parameter::{Absent, ParameterReader};
    pub use nevil_msgs;
}
