//! A simulated PiCar-X in a simulated room, and the wire on which a robot drives it.
//!
//! What decides has no clock: [`World`] is the room, [`Floor`] what the car stands on in it, [`Camera`] what it sees of it, [`Simulation`] the car in it, [`ToWorld`] and [`FromWorld`] the
//! frames between a robot and a world that runs in a process of its own. What acts: [`SimCar`] is the node, `link` its
//! ways to the car, `process` the world process.
#![forbid(unsafe_code)]

mod camera;
mod car;
mod floor;
mod geometry;
mod link;
mod node;
mod process;
mod simulation;
mod wire;
mod world;

pub use camera::{
    Camera, FIELD_OF_VIEW_DEG, PICTURE_BYTES, PICTURE_HEIGHT, PICTURE_WIDTH, TILT_DRAWN_MAX_DEG,
};
pub use car::{
    CarFlaws, FOOTPRINT, MOTOR_RESPONSE_S, MotorCommand, SERVO_SPEED_DEG_PER_S, SPEED_AT_FULL_MPS,
    STEERING_MAX_DEG, WHEELBASE_M,
};
pub use floor::{FLOOR_COUNTS, Floor, Ground, LINE_COUNTS, NOTHING_COUNTS, SPOT_RADIUS_M, Surface};
pub use geometry::{Footprint, Point, Pose};
pub use node::{Params, SimCar};
pub use process::WORLD_PROCESS;
pub use simulation::{
    CONE_HALF_DEG, ECHO_MAX_M, Ping, RANGE_MAX_M, RANGE_MIN_M, STEP, Settings, Simulation, State,
};
pub use wire::{
    Decoder, FRAME_BYTES_MAX, Frame, FromWorld, HEADER_BYTES, STOP_FRAME, ToWorld, WireMessage, WireProblem,
    WireState,
};
pub use world::{
    CLEARANCE_M, Circle, Colour, FLOOR_PIECES_MAX, FloorPlan, HEIGHT_M, Object, Reachable, ReadWorldError,
    Rectangle, SHAPES_MAX, SIZE_MAX_M, Size, Start, THICKNESS_MIN_M, Table, Tape, UnknownColour, Wall, World,
    WorldProblem,
};
