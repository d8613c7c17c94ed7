//! The parameters of the node.

use std::path::PathBuf;
use std::sync::Arc;

use nevil_msgs::nearest;
use nevil_runtime::prelude::*;

use crate::actions::{Library, Mood};
use crate::wander::WanderLimits;

/// What it does, and how it drives.
#[derive(Clone, Debug, PartialEq, Parameters)]
pub struct Params {
    /// Whether it drives about by itself from the start; `auto_mode_command` begins and ends it.
    #[param(default = true)]
    pub(crate) auto: bool,
    /// Mood at the start: neutral, playful, brooding, curious, melancholic, zippy, lonely, mischievous, sleepy, or one of `gestures`.
    #[param(default = "neutral")]
    pub(crate) mood: String,
    /// Whether its mood changes by itself while it drives about, each some minutes.
    #[param(default = true)]
    pub(crate) mood_drifts: bool,
    /// Own gestures and moods: a file, or a folder of files that end with `.yaml`.
    pub(crate) gestures: Option<PathBuf>,
    /// Actions that are carried out at the start, before anything else.
    #[param(default = Vec::new())]
    pub(crate) startup_actions: Vec<String>,
    /// Most actions that may wait; what comes when so many do is refused.
    #[param(default = 50, range = 1..=1000)]
    pub(crate) queue_max: u32,
    /// How far up the camera looks while nothing else is wanted of it.
    #[param(default = 0.175, range = -0.61..=1.13, unit = "rad")]
    pub(crate) rest_tilt_rad: f32,
    /// Speed straight ahead over known floor.
    #[param(default = 0.25, range = 0.05..=0.5, unit = "m/s")]
    pub(crate) cruise_mps: f64,
    /// Speed on arcs and backward.
    #[param(default = 0.15, range = 0.05..=0.3, unit = "m/s")]
    pub(crate) turn_mps: f64,
    /// Distance from what it sees at which it stops, so that it has room to turn.
    #[param(default = 0.35, range = 0.25..=2.0, unit = "m")]
    pub(crate) stop_m: f64,
    /// Floor around the car that is taken to be free at the start.
    #[param(default = 0.4, range = 0.1..=2.0, unit = "m")]
    pub(crate) start_free_m: f64,
    /// So much way it drives as if there were edges to fall from, although it has met none; once it has met one it always
    /// does.
    #[param(default = 4.0, range = 0.0..=100000.0, unit = "m")]
    pub(crate) careful_m: f64,
    /// Below so many counts a grayscale sensor looks into the void; as `obstacle_detection` has it.
    #[param(default = 500, range = 0..=4095)]
    pub(crate) cliff_counts: u16,
    /// Seed of its choices; by default the launch's.
    pub(crate) seed: Option<u64>,
}

impl Params {
    pub(crate) fn library(&self) -> Result<Library, NodeError> {
        let shipped = Library::shipped();
        let Some(path) = &self.gestures else { return Ok(shipped.clone()) };
        Ok(shipped.with(path)?)
    }

    /// The limits of the wanderer at this share of the highest speeds.
    pub(crate) fn limits(&self, share: f64) -> WanderLimits {
        WanderLimits {
            cruise_mps: self.cruise_mps * share,
            turn_mps: self.turn_mps * share,
            stop_m: self.stop_m,
            start_free_m: self.start_free_m,
            careful_m: self.careful_m,
            ..WanderLimits::default()
        }
    }
}

/// The mood called `name`, or what is wrong with the name.
pub(crate) fn mood(library: &Library, name: &str) -> Result<Arc<Mood>, String> {
    library.mood(name).map(Arc::clone).ok_or_else(|| {
        let known: Vec<&str> = library.moods().map(|mood| mood.name.as_str()).collect();
        let given: String = name.chars().take(60).collect();
        let meant =
            nearest(&given, &known).map_or_else(String::new, |name| format!(", did you mean `{name}`?"));
        format!("unknown mood `{given}`{meant}; known moods are {}", known.join(", "))
    })
}
