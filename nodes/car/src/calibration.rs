//! What makes one car like every other: its calibration, which is a file with limits and a provenance.

use std::path::Path;

use nevil_msgs::Value;
use nevil_runtime::Parameters;

/// Corrections of one car, read from a file.
///
/// ```
/// use nevil_car::Calibration;
///
/// let text = "{ made: '2026-11-01 by Ada, wheels against a ruler', steering_deg: 35 }";
/// let calibration = Calibration::parse("car.yaml", text).unwrap();
/// assert_eq!((calibration.steering_deg, calibration.pan_deg), (35.0, 0.0));
///
/// let error = Calibration::parse("car.yaml", "{ made: guessed, steering_deg: 60 }").unwrap_err();
/// assert_eq!(error.to_string(), "car.yaml:1:32: steering_deg: value is too large (60), at most 50 is allowed");
/// ```
#[derive(Clone, Debug, PartialEq, Parameters)]
pub struct Calibration {
    /// When, by whom and how it was made, in words for people.
    made: String,
    /// Angle of the steering servo at which the wheels stand straight; the servo counts to the right.
    #[param(default = 0.0, range = -50.0..=50.0, unit = "deg")]
    pub steering_deg: f32,
    /// Angle of the pan servo at which the camera looks straight ahead.
    #[param(default = 0.0, range = -50.0..=50.0, unit = "deg")]
    pub pan_deg: f32,
    /// Angle of the tilt servo at which the camera looks straight ahead.
    #[param(default = 0.0, range = -50.0..=50.0, unit = "deg")]
    pub tilt_deg: f32,
    /// Whether the left motor turns the other way round: 1, or −1.
    #[param(default = 1, range = -1..=1)]
    left_direction: i8,
    /// Whether the right motor turns the other way round: 1, or −1.
    #[param(default = 1, range = -1..=1)]
    right_direction: i8,
    /// Duty that is taken off the left motor, the stronger one, so that the car drives straight.
    #[param(default = 0, range = 0..=30, unit = "%")]
    pub left_trim_percent: u8,
    /// Duty that is taken off the right motor, likewise.
    #[param(default = 0, range = 0..=30, unit = "%")]
    pub right_trim_percent: u8,
}

/// Why a calibration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// The file cannot be read.
    #[error("cannot read the calibration `{file}`: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// What stands in it is wrong: the first problem.
    #[error("{0}")]
    Wrong(String),
}

impl Calibration {
    /// Of a car that needs none.
    #[must_use]
    pub fn none() -> Self {
        Self {
            made: String::new(),
            steering_deg: 0.0,
            pan_deg: 0.0,
            tilt_deg: 0.0,
            left_direction: 1,
            right_direction: 1,
            left_trim_percent: 0,
            right_trim_percent: 0,
        }
    }

    /// Reads the calibration in `file`: YAML with the names above, or the predecessor's `picar-x.conf`, told by its ending,
    /// with a line `name = value` for each.
    ///
    /// # Errors
    ///
    /// [`CalibrationError`] with file, line, value, and what is allowed.
    pub fn read(file: &Path) -> Result<Self, CalibrationError> {
        let name = file.display().to_string();
        let text = nevil_msgs::read_text(file)
            .map_err(|reason| CalibrationError::Unreadable { file: name.clone(), reason })?;
        if file.extension().is_some_and(|ending| ending == "conf") {
            Self::parse_conf(&name, &text)
        } else {
            Self::parse(&name, &text)
        }
    }

    /// Reads `text`, whose errors name `file`.
    ///
    /// # Errors
    ///
    /// [`CalibrationError::Wrong`].
    pub fn parse(file: &str, text: &str) -> Result<Self, CalibrationError> {
        let wrong = |error: String| CalibrationError::Wrong(error);
        let value = Value::parse_yaml(file, text).map_err(|error| wrong(error.to_string()))?;
        let read = Self::from_value(&value).map_err(|errors| wrong(errors[0].to_string()))?;
        for (name, direction) in
            [("left_direction", read.left_direction), ("right_direction", read.right_direction)]
        {
            if direction == 0 {
                return Err(wrong(format!("{file}: {name}: is 0, 1 or -1 is allowed")));
            }
        }
        if read.made.trim().is_empty() {
            return Err(wrong(format!("{file}: made: is empty; say when, by whom and how it was made")));
        }
        Ok(read)
    }

    /// Reads the predecessor's format. Of its names those of grayscale references are no part of a calibration here: they
    /// are parameters of `obstacle_detection` and `line_follower`.
    fn parse_conf(file: &str, text: &str) -> Result<Self, CalibrationError> {
        let mut read = Self { made: format!("read from `{file}`"), ..Self::none() };
        for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
            let wrong = |what: String| CalibrationError::Wrong(format!("{file}:{number}: {what}"));
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line
                .split_once('=')
                .map(|(name, value)| (name.trim(), value.trim()))
                .ok_or_else(|| wrong(format!("`{line}` is no `name = value`")))?;
            let angle = || {
                let angle: f32 =
                    value.parse().map_err(|_| wrong(format!("{name}: `{value}` is no number")))?;
                if (-50.0..=50.0).contains(&angle) {
                    Ok(angle)
                } else {
                    Err(wrong(format!("{name}: is {value}, -50 to 50 degrees are allowed")))
                }
            };
            match name {
                "picarx_dir_servo" => read.steering_deg = angle()?,
                "picarx_cam_pan_servo" => read.pan_deg = angle()?,
                "picarx_cam_tilt_servo" => read.tilt_deg = angle()?,
                "picarx_dir_motor" => {
                    [read.left_direction, read.right_direction] = directions(value).ok_or_else(|| {
                        wrong(format!("{name}: is `{value}`, two of 1 and -1 in brackets are allowed"))
                    })?;
                }
                "line_reference" | "cliff_reference" => {}
                _ => {
                    return Err(wrong(format!(
                        "unknown name `{name}`; known are picarx_dir_servo, picarx_cam_pan_servo, \
                         picarx_cam_tilt_servo, picarx_dir_motor, line_reference, cliff_reference"
                    )));
                }
            }
        }
        Ok(read)
    }

    /// When, by whom and how it was made.
    #[must_use]
    pub fn made(&self) -> &str {
        &self.made
    }

    /// Whether the left and the right motor turn the other way round.
    #[must_use]
    pub const fn turned_round(&self) -> [bool; 2] {
        [self.left_direction < 0, self.right_direction < 0]
    }
}

fn directions(value: &str) -> Option<[i8; 2]> {
    let (left, right) = value.strip_prefix('[')?.strip_suffix(']')?.split_once(',')?;
    let direction = |word: &str| word.trim().parse().ok().filter(|way: &i8| way.abs() == 1);
    Some([direction(left)?, direction(right)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Calibration::parse("car.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn who_made_it_must_be_said_and_what_is_unknown_is_refused() {
        assert!(problem("{ steering_deg: 3 }").contains("`made`"), "{}", problem("{ steering_deg: 3 }"));
        assert!(problem("{ made: me, steerign_deg: 3 }").contains("steering_deg"));
        assert_eq!(
            problem("{ made: me, left_direction: 0 }"),
            "car.yaml: left_direction: is 0, 1 or -1 is allowed"
        );
        assert_eq!(
            problem("{ made: ' ' }"),
            "car.yaml: made: is empty; say when, by whom and how it was made"
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Calibration::read(Path::new("nowhere.yaml")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the calibration `nowhere.yaml`: No such file"), "{error}");
    }

    #[test]
    fn the_predecessors_file_is_read_to_its_last_line() {
        let text = "# robot-hat\npicarx_dir_servo = 35.2\n\npicarx_dir_motor = [1, -1]\n\
                    cliff_reference = [500, 500, 500]\npicarx_cam_tilt_servo = -4";
        let read = Calibration::parse_conf("picar-x.conf", text).unwrap();
        assert_eq!((read.steering_deg, read.tilt_deg, read.turned_round()), (35.2, -4.0, [false, true]));
    }

    #[test]
    fn a_wrong_line_of_the_predecessors_file_is_told_by_its_number() {
        let problem = |text| Calibration::parse_conf("picar-x.conf", text).unwrap_err().to_string();
        assert_eq!(problem("\npicarx_dir_servo"), "picar-x.conf:2: `picarx_dir_servo` is no `name = value`");
        assert_eq!(
            problem("picarx_dir_servo = 51"),
            "picar-x.conf:1: picarx_dir_servo: is 51, -50 to 50 degrees are allowed"
        );
        assert_eq!(
            problem("picarx_dir_motor = [1, 0]"),
            "picar-x.conf:1: picarx_dir_motor: is `[1, 0]`, two of 1 and -1 in brackets are allowed"
        );
        assert!(problem("speed = 3").starts_with("picar-x.conf:1: unknown name `speed`; known are"));
    }
}
