//! What can be wrong with a world.

use super::{FLOOR_PIECES_MAX, SHAPES_MAX};

/// What is wrong with a world.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldProblem {
    /// An extent outside its limits.
    #[error("size.{field}: is {given} m, 0.5 to 100 m are allowed")]
    Size {
        /// Which extent.
        field: &'static str,
        /// The number in the file, in metres.
        given: f64,
    },
    /// A wall, line or table with too few corners.
    #[error("{what} `{name}` has {given} corners, at least {needed} are needed")]
    FewCorners {
        /// `wall`, `line` or `table`.
        what: &'static str,
        /// Which one.
        name: String,
        /// How many corners it has.
        given: usize,
        /// How many it needs.
        needed: usize,
    },
    /// Two neighbouring corners at one place.
    #[error("{what} `{name}`: corners {number} and {next} are at the same place; leave one out")]
    Degenerate {
        /// `wall`, `line` or `table`.
        what: &'static str,
        /// Which one.
        name: String,
        /// Number of the first of the two corners, counted from 1.
        number: usize,
        /// Number of the other one.
        next: usize,
    },
    /// A table whose outline crosses itself.
    #[error(
        "table `{name}`: the sides that begin at corners {number} and {other} meet; give the corners in their order around the table"
    )]
    Crossed {
        /// The table.
        name: String,
        /// Number of the corner at which one of the sides begins, counted from 1.
        number: usize,
        /// Number of that of the other one.
        other: usize,
    },
    /// An object without extent.
    #[error("object `{name}`: {field} is {given} m, at least 0.001 m is needed")]
    Thin {
        /// The object.
        name: String,
        /// Which extent.
        field: &'static str,
        /// The number in the file, in metres.
        given: f64,
    },
    /// A height or a width outside its limits.
    #[error("{what}: {field} is {given} m, {min} to {max} m are allowed")]
    Extent {
        /// Of what: ``wall `north wall` ``.
        what: String,
        /// Which extent.
        field: &'static str,
        /// The number in the file, in metres.
        given: f64,
        /// The smallest that is allowed, in metres.
        min: f64,
        /// The largest that is allowed, in metres.
        max: f64,
    },
    /// Something outside the floor, or a number that is none.
    #[error(
        "`{name}` reaches [{x_m}, {y_m}], outside the floor of {width_m} m by {depth_m} m; enlarge `size` or move it"
    )]
    Outside {
        /// What lies outside.
        name: String,
        /// Where, along `x`, in metres.
        x_m: f64,
        /// Where, along `y`, in metres.
        y_m: f64,
        /// Extent of the floor along `x`, in metres.
        width_m: f64,
        /// Extent of the floor along `y`, in metres.
        depth_m: f64,
    },
    /// More shapes than a reading can look at in time.
    #[error(
        "the world has {given} pieces of wall and objects, at most {SHAPES_MAX} are allowed (a box counts as 4)"
    )]
    TooManyShapes {
        /// How many it has.
        given: usize,
    },
    /// More pieces on the floor than a reading can look at in time.
    #[error(
        "the floor has {given} pieces of lines and edges of tables, at most {FLOOR_PIECES_MAX} are allowed"
    )]
    TooManyFloorPieces {
        /// How many it has.
        given: usize,
    },
    /// The car would start inside something.
    #[error("start: the car touches `{name}` there; move the start by at least half a car's length")]
    StartBlocked {
        /// What it touches.
        name: String,
    },
    /// The car would start beside the tables.
    #[error(
        "start: the {wheel} wheel stands at [{x_m:.3}, {y_m:.3}], where no table is; move the start onto one"
    )]
    StartInAir {
        /// The wheel.
        wheel: &'static str,
        /// Where it stands, along `x`, in metres.
        x_m: f64,
        /// Where it stands, along `y`, in metres.
        y_m: f64,
    },
}
