//! A file of gestures and moods as it is written: names, words, steps, each within the limits of the car.

use std::time::Duration;

use nevil_car::shape::{STEERING_MAX_DEG, TILT_MAX_DEG, TILT_MIN_DEG};
use nevil_msgs::{Problem, Value, ValueError, from_value};

use super::grammar::{PERCENT, PERCENT_DEFAULT};
use super::reading::{
    Named, any_entries, elements, entries, name, needed, number, optional_number, problem, text, whole, wrong,
};

/// Largest angle of the camera to either side in a gesture, in degrees: beyond it a servo may reach its stop.
pub const PAN_SAFE_DEG: f32 = 55.0;

/// Farthest that one step drives backward, in centimetres: nothing looks there.
pub const BACK_CM_MAX: f32 = 10.0;

/// Farthest that one step drives forward, in centimetres.
const AHEAD_CM_MAX: f32 = 30.0;

/// Longest pause of one step, in milliseconds.
const PAUSE_MS_MAX: u32 = 5000;

/// Most often that one step repeats others.
const TIMES_MAX: u32 = 20;

/// One move of a gesture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    /// Turns the camera; an angle that is not given stays as it is.
    Look {
        /// Angle to the left in degrees, −55 to 55.
        pan_deg: Option<f32>,
        /// Angle upwards in degrees, −35 to 65.
        tilt_deg: Option<f32>,
    },
    /// Turns the front wheels to this angle to the left, in degrees, −30 to 30. The car stands.
    Steer(f32),
    /// Drives along an arc.
    Drive {
        /// How far in centimetres; negative is backward.
        cm: f32,
        /// How fast, in percent of full speed, above 0.
        percent: f32,
        /// Angle of the front wheels to the left in degrees, −30 to 30.
        steer_deg: f32,
    },
    /// Stays as it is.
    Pause(Duration),
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) gestures: Vec<WrittenGesture>,
    pub(super) moods: Vec<WrittenMood>,
}

#[derive(Debug)]
pub(super) struct WrittenGesture {
    pub(super) name: Named,
    pub(super) words: String,
    pub(super) aliases: Vec<Named>,
    pub(super) keeps_pose: bool,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Move(Move),
    Repeat {
        times: u32,
        steps: Vec<Step>,
    },
    /// The steps of another gesture.
    Gesture(Named),
}

#[derive(Debug)]
pub(super) struct WrittenMood {
    pub(super) name: Named,
    pub(super) words: String,
    pub(super) energy: u32,
    pub(super) curiosity: u32,
    pub(super) sociability: u32,
    pub(super) whimsy: u32,
    pub(super) gestures: Vec<Named>,
}

impl Sheet {
    /// Reads `text`, which errors call `source_name`.
    pub(super) fn read(source_name: &str, text: &str) -> Result<Self, ValueError> {
        let value = Value::parse_yaml(source_name, text)?;
        let mut sheet = Self::default();
        for (key, value) in entries(&value, &["gestures", "moods"])? {
            for (key_of_one, one) in any_entries(value).map_err(|error| error.in_key(&key.name))? {
                let of_one = |error: ValueError| error.in_key(&key_of_one.name).in_key(&key.name);
                let name = name(&key_of_one.name, &key_of_one.mark).map_err(of_one)?;
                if key.name == "gestures" {
                    sheet.gestures.push(gesture(name, one).map_err(of_one)?);
                } else {
                    sheet.moods.push(mood(name, one).map_err(of_one)?);
                }
            }
        }
        Ok(sheet)
    }
}

fn gesture(name: Named, value: &Value) -> Result<WrittenGesture, ValueError> {
    entries(value, &["words", "aliases", "keeps_pose", "steps"])?;
    let keeps_pose = match value.get("keeps_pose") {
        Some(value) => from_value(value).map_err(|error: ValueError| error.in_key("keeps_pose"))?,
        None => false,
    };
    Ok(WrittenGesture {
        name,
        words: text(value, "words")?,
        aliases: names(value, "aliases")?,
        keeps_pose,
        steps: steps(needed(value, "steps")?).map_err(|error| error.in_key("steps"))?,
    })
}

fn mood(name: Named, value: &Value) -> Result<WrittenMood, ValueError> {
    entries(value, &["words", "energy", "curiosity", "sociability", "whimsy", "gestures"])?;
    let share = |key: &str| whole(needed(value, key)?, 0..=100).map_err(|error| error.in_key(key));
    Ok(WrittenMood {
        name,
        words: text(value, "words")?,
        energy: share("energy")?,
        curiosity: share("curiosity")?,
        sociability: share("sociability")?,
        whimsy: share("whimsy")?,
        gestures: names(value, "gestures")?,
    })
}

/// The list of names under `key`; none if it is not given.
fn names(map: &Value, key: &str) -> Result<Vec<Named>, ValueError> {
    let Some(list) = map.get(key) else { return Ok(Vec::new()) };
    let one = |(index, value): (usize, &Value)| {
        let text: String = from_value(value).map_err(|error: ValueError| error.in_element(index))?;
        name(&text, &value.mark).map_err(|error| error.in_element(index))
    };
    let all = elements(list).and_then(|elements| elements.iter().enumerate().map(one).collect());
    all.map_err(|error| error.in_key(key))
}

fn steps(list: &Value) -> Result<Vec<Step>, ValueError> {
    let elements = elements(list)?;
    if elements.is_empty() {
        return Err(wrong(&list.mark, "has no steps, at least one is needed".to_owned()));
    }
    let mut steps = Vec::new();
    for (index, value) in elements.iter().enumerate() {
        step(value, &mut steps).map_err(|error| error.in_element(index))?;
    }
    Ok(steps)
}

const STEPS: [&str; 6] = ["look", "steer_deg", "drive", "pause_ms", "repeat", "gesture"];

/// Reads one element of a list of steps: a map with one entry.
fn step(value: &Value, steps: &mut Vec<Step>) -> Result<(), ValueError> {
    let [(key, inner)] = entries(value, &STEPS)? else {
        return Err(wrong(&value.mark, format!("a step is one of {}, and one only", STEPS.join(", "))));
    };
    let read = match key.name.as_str() {
        "look" => look(inner, steps),
        "steer_deg" => number(inner, -STEERING_MAX_DEG..=STEERING_MAX_DEG)
            .map(|angle_deg| steps.push(Step::Move(Move::Steer(angle_deg)))),
        "drive" => drive(inner).map(|drive| steps.push(Step::Move(drive))),
        "pause_ms" => whole(inner, 0..=PAUSE_MS_MAX).map(|pause_ms| steps.push(pause(pause_ms))),
        "repeat" => repeat(inner).map(|repeat| steps.push(repeat)),
        _ => from_value::<String>(inner)
            .and_then(|text| name(&text, &inner.mark))
            .map(|called| steps.push(Step::Gesture(called))),
    };
    read.map_err(|error| error.in_key(&key.name))
}

fn pause(pause_ms: u32) -> Step {
    Step::Move(Move::Pause(Duration::from_millis(pause_ms.into())))
}

fn look(value: &Value, steps: &mut Vec<Step>) -> Result<(), ValueError> {
    entries(value, &["pan_deg", "tilt_deg", "hold_ms"])?;
    let pan_deg = optional_number(value, "pan_deg", -PAN_SAFE_DEG..=PAN_SAFE_DEG)?;
    let tilt_deg = optional_number(value, "tilt_deg", TILT_MIN_DEG..=TILT_MAX_DEG)?;
    if pan_deg.is_none() && tilt_deg.is_none() {
        return Err(wrong(&value.mark, "says no angle; give `pan_deg`, `tilt_deg` or both".to_owned()));
    }
    steps.push(Step::Move(Move::Look { pan_deg, tilt_deg }));
    if let Some(hold) = value.get("hold_ms") {
        steps.push(pause(whole(hold, 0..=PAUSE_MS_MAX).map_err(|error| error.in_key("hold_ms"))?));
    }
    Ok(())
}

fn drive(value: &Value) -> Result<Move, ValueError> {
    entries(value, &["cm", "percent", "steer_deg"])?;
    let way = needed(value, "cm")?;
    let cm = number(way, -BACK_CM_MAX..=AHEAD_CM_MAX).map_err(|error| error.in_key("cm"))?;
    if cm.abs() < 1.0 {
        let problem = Problem::Other(format!("is too short ({cm}), at least 1 or −1 is needed"));
        return Err(self::problem(&way.mark, problem).in_key("cm"));
    }
    let percent = optional_number(value, "percent", PERCENT)?.unwrap_or(PERCENT_DEFAULT);
    let steer_deg = optional_number(value, "steer_deg", -STEERING_MAX_DEG..=STEERING_MAX_DEG)?.unwrap_or(0.0);
    Ok(Move::Drive { cm, percent, steer_deg })
}

fn repeat(value: &Value) -> Result<Step, ValueError> {
    entries(value, &["times", "steps"])?;
    let times = whole(needed(value, "times")?, 1..=TIMES_MAX).map_err(|error| error.in_key("times"))?;
    let steps = steps(needed(value, "steps")?).map_err(|error| error.in_key("steps"))?;
    Ok(Step::Repeat { times, steps })
}
