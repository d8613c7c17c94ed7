//! A simulated PiCar-X in a simulated room, and the wire on which a robot drives it.
//!
//! ```text
//!  node (CarParts) ─► SimBoard ─┬─ virtual time ──────────────► Simulation: FakeHat ─► car ─► pose
//!                               └─ wire ─► world process ─────►             ▲  sensors ◄── world
//! ```
//! What decides has no clock: [`World`] is the room, [`Floor`] what the car stands on in it, [`Camera`] what it sees of it,
//! [`Simulation`] the car in it, behind the registers of its board, [`ToWorld`] and [`FromWorld`] the frames between a robot
//! and a world that runs in a process of its own. What acts: [`SimCar`] is the node, `link` its ways to the car, `world_process` and `process` the
//! world process.
#![forbid(unsafe_code)]

mod battery;
mod camera;
mod car;
mod eye;
mod floor;
mod geometry;
mod link;
mod node;
mod process;
mod random;
mod simulation;
mod sonar;
mod track;
mod wire;
mod world;
mod world_process;

pub use battery::{Battery, NOMINAL_V};
pub use camera::{
    Camera, FIELD_OF_VIEW_DEG, PICTURE_BYTES, PICTURE_HEIGHT, PICTURE_WIDTH, TILT_DRAWN_MAX_DEG,
};
pub use car::{CarFlaws, DEAD_ZONE, FOOTPRINT, MOTOR_RESPONSE_S, SERVO_SPEED_DEG_PER_S, STEERING_STOP_DEG};
pub use floor::{FLOOR_COUNTS, Floor, Ground, LINE_COUNTS, NOTHING_COUNTS, SPOT_RADIUS_M, Surface};
pub use geometry::{Footprint, Point, Pose};
pub use link::{SimBoard, SimHat};
pub use node::{Flaws, Params, SimCar};
pub use process::WORLD_PROCESS;
pub use simulation::{STEP, Settings, Simulation, State, WEIGHT_AHEAD_M};
pub use sonar::{CONE_HALF_DEG, ECHO_MAX_M, RANGE_MAX_M, RANGE_MIN_M};
pub use track::TRACK_COLUMNS;
pub use wire::{
    Decoder, FRAME_BYTES_MAX, Frame, FromWorld, HEADER_BYTES, TRANSFER_BYTES_MAX, ToWorld, Transfer,
    WireMessage, WireProblem, WireState,
};
pub use world::{
    CLEARANCE_M, Circle, Colour, FLOOR_PIECES_MAX, FloorPlan, HEIGHT_M, Object, Reachable, ReadWorldError,
    Rectangle, SHAPES_MAX, SIZE_MAX_M, Size, Start, THICKNESS_MIN_M, Table, Tape, UnknownColour, Wall, World,
    WorldKind, WorldProblem,
};
