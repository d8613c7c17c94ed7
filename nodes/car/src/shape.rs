//! The car's shape and limits. Lengths are counted from the middle of the rear axle, ahead and to the left.
//!
//! What is marked *assumed* was estimated from pictures of a PiCar-X, not measured on one.

/// Distance between the axles, in metres. Assumed.
pub const WHEELBASE_M: f64 = 0.094;

/// Distance between the middles of the left and the right wheel, in metres. Assumed.
pub const TRACK_M: f64 = 0.12;

/// Reach ahead of the rear axle, in metres; the ultrasonic sensor sits there. Assumed.
pub const AHEAD_M: f64 = 0.185;

/// Reach behind the rear axle, in metres. Assumed.
pub const BEHIND_M: f64 = 0.065;

/// Reach to either side, wheels included, in metres. Assumed.
pub const BESIDE_M: f64 = 0.075;

/// Where the grayscale sensors look at the floor: so far ahead of the rear axle, in metres. Assumed.
pub const GRAYSCALE_AHEAD_M: f64 = 0.14;

/// The left grayscale sensor looks at the floor so far to the left, the right one so far to the right, the middle one
/// between them; in metres. Assumed.
pub const GRAYSCALE_BESIDE_M: f64 = 0.03;

/// Where the camera sits: so far ahead of the rear axle, in metres. Assumed.
pub const CAMERA_AHEAD_M: f64 = 0.13;

/// Height of the camera above the floor, in metres. Assumed.
pub const CAMERA_HEIGHT_M: f64 = 0.13;

/// Largest steering angle to either side, in degrees: the limit of the real driver.
pub const STEERING_MAX_DEG: f32 = 30.0;

/// Largest angle of the camera to either side, in degrees: the limit of the real driver. Beyond 55° the predecessor warns
/// that a servo may reach its stop.
pub const PAN_MAX_DEG: f32 = 90.0;

/// Lowest angle of the camera, in degrees: the limit of the real driver.
pub const TILT_MIN_DEG: f32 = -35.0;

/// Highest angle of the camera, in degrees: the limit of the real driver.
pub const TILT_MAX_DEG: f32 = 65.0;

/// Speed at 100 %, in metres per second. The real driver reckons with it: time = distance / (percent × 0.7), in centimetres.
pub const SPEED_AT_FULL_MPS: f64 = 0.7;
