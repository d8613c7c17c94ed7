//! From text to an action: `name[:slow|med|fast] [arguments]`.
//!
//! ```text
//!  forward 20 40       look left then right       shake_head:slow       Backward:fast 5
//!  └name─┘ cm %        └────── name ──────┘       └──name──┘ pace       in any case of letters
//! ```

use std::fmt::{self, Write};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::library::{Gesture, Library};

/// Longest text of an action, in bytes.
pub const ACTION_BYTES_MAX: usize = 100;

/// How far forward the car drives if nothing is said, in centimetres; backward as well.
pub const CM_DEFAULT: f32 = 10.0;

/// Farthest that one action drives forward, in centimetres.
pub const FORWARD_CM_MAX: f32 = 200.0;

/// Farthest that one action drives backward, in centimetres: nothing looks there.
pub const BACKWARD_CM_MAX: f32 = 30.0;

/// Speeds that can be asked for, in percent of full speed, which is 0.7 m/s. The sensor sees ahead ten times a second: the car is
/// to stop before what it sees.
pub const PERCENT: RangeInclusive<f32> = 4.0..=50.0;

/// Speed if nothing is said, in percent of full speed.
pub const PERCENT_DEFAULT: f32 = 30.0;

/// Names of the predecessor that make a sound.
const SOUNDS: [&str; 4] = ["play_sound", "honk", "start_engine", "rev_engine"];

/// How quickly something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pace {
    /// Pauses are 1.6 times as long as they are written.
    Slow,
    /// As it is written.
    #[default]
    Med,
    /// Pauses are 0.6 times as long.
    Fast,
}

impl Pace {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Slow, Self::Med, Self::Fast];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Med => "med",
            Self::Fast => "fast",
        }
    }

    /// How long a pause is at this pace. The ratios are those of the predecessor: 4.0 to 2.5 to 1.5.
    #[must_use]
    pub fn stretch(self, pause: Duration) -> Duration {
        match self {
            Self::Slow => pause * 8 / 5,
            Self::Med => pause,
            Self::Fast => pause * 3 / 5,
        }
    }

    /// Speed of `forward` and `backward` if none is given, in percent.
    const fn percent(self) -> f32 {
        match self {
            Self::Slow => 20.0,
            Self::Med => PERCENT_DEFAULT,
            Self::Fast => 40.0,
        }
    }
}

/// An action that can be carried out.
///
/// ```
/// use nevil_node_navigation::{Action, Library, Pace};
///
/// let library = Library::shipped();
/// let action = Action::parse("Shake head:slow", library, Pace::Med)?;
/// assert_eq!(action.to_string(), "shake_head:slow");
/// let error = Action::parse("shake_heed", library, Pace::Med).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "unknown action `shake_heed`, did you mean `shake_head`?; docs/reference/actions.md lists them"
/// );
/// # Ok::<(), nevil_node_navigation::ActionProblem>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// What is done.
    pub kind: ActionKind,
    /// How quickly.
    pub pace: Pace,
}

/// What an action does.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionKind {
    /// Ends all that is done or waits.
    Stop,
    /// Drives straight on.
    Drive {
        /// How far in centimetres; negative is backward.
        cm: f32,
        /// How fast, in percent of full speed.
        percent: f32,
    },
    /// Plays a gesture.
    Gesture(Arc<Gesture>),
}

/// What is wrong with the text of an action.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionProblem {
    /// No name.
    #[error("action has no name; write `name[:slow|med|fast] [arguments]`, such as `forward 20`")]
    Empty,
    /// A text that nobody means.
    #[error("action is too long ({bytes} bytes), at most {ACTION_BYTES_MAX} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A name that there is not.
    #[error("unknown action `{given}`{}; docs/reference/actions.md lists them", meant(.nearest.as_deref()))]
    Unknown {
        /// The name, with `_` for spaces.
        given: String,
        /// One that was probably meant.
        nearest: Option<String>,
    },
    /// Something else than a pace behind the colon.
    #[error("`{action}` has an unknown pace `{given}`; slow, med and fast are allowed")]
    UnknownPace {
        /// The action.
        action: String,
        /// What stands behind the colon.
        given: String,
    },
    /// An argument that is no number.
    #[error("`{action}`: {argument} is no number (`{given}`), {} to {} is allowed", allowed.start(), allowed.end())]
    NotANumber {
        /// The action.
        action: String,
        /// Which argument, with its unit.
        argument: &'static str,
        /// What stands there.
        given: String,
        /// Its range.
        allowed: RangeInclusive<f32>,
    },
    /// A number out of its range.
    #[error("`{action}`: {argument} is out of range ({given}), {} to {} is allowed", allowed.start(), allowed.end())]
    OutOfRange {
        /// The action.
        action: String,
        /// Which argument, with its unit.
        argument: &'static str,
        /// The number.
        given: f32,
        /// Its range.
        allowed: RangeInclusive<f32>,
    },
    /// More arguments than the action takes.
    #[error("`{action}` has too many arguments ({given}), at most {max} allowed; the first is `{first}`")]
    TooManyArguments {
        /// The action.
        action: String,
        /// How many it has.
        given: usize,
        /// How many it may have.
        max: usize,
        /// The first of them.
        first: String,
    },
    /// A name of the predecessor that makes a sound.
    #[error("`{action}` needs a speaker, which this robot does not have yet; leave it out")]
    NoSpeaker {
        /// The action.
        action: String,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

impl Action {
    /// Reads `text` with the names of `library`; `pace` holds if the text says none.
    ///
    /// # Errors
    ///
    /// [`ActionProblem`] with what is wrong; any text gives an action or a problem.
    pub fn parse(text: &str, library: &Library, pace: Pace) -> Result<Self, ActionProblem> {
        if text.len() > ACTION_BYTES_MAX {
            return Err(ActionProblem::TooLong { bytes: text.len() });
        }
        let (named, behind) = match text.split_once(':') {
            Some((named, behind)) => (named, Some(behind)),
            None => (text, None),
        };
        let words: Vec<String> = words_of(named);
        if words.is_empty() {
            return Err(ActionProblem::Empty);
        }
        let (name, mut arguments) = split_name(&words, library, behind.is_some())?;
        let mut pace = pace;
        if let Some(behind) = behind {
            let mut behind = behind.split_whitespace().map(str::to_lowercase);
            let given = behind.next().unwrap_or_default();
            let known = Pace::ALL.into_iter().find(|pace| pace.name() == given);
            pace = known.ok_or_else(|| ActionProblem::UnknownPace { action: name.clone(), given })?;
            arguments = behind.collect();
        }
        Ok(Self { kind: kind(&name, &arguments, library, pace)?, pace })
    }
}

/// Words in lower case: spaces and `_` are the same.
pub(super) fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| letter.is_whitespace() || letter == '_');
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// The longest name that the words begin with, and the words behind it. In front of a colon all of them are the name.
fn split_name(
    words: &[String],
    library: &Library,
    is_all_name: bool,
) -> Result<(String, Vec<String>), ActionProblem> {
    let shortest = if is_all_name { words.len() } else { 1 };
    for count in (shortest..=words.len()).rev() {
        let name = words[..count].join("_");
        if is_known(&name, library) {
            return Ok((name, words[count..].to_vec()));
        }
    }
    // Numbers at the end are hardly meant as part of the name.
    let is_number = |word: &&String| word.parse::<f32>().is_ok();
    let count = words.len() - words.iter().rev().take_while(is_number).count();
    let given = words[..count.max(1)].join("_");
    let nearest = nevil_msgs::nearest(&given, library.action_names()).map(str::to_owned);
    Err(ActionProblem::Unknown { given, nearest })
}

fn is_known(name: &str, library: &Library) -> bool {
    library.is_action(name) || SOUNDS.contains(&name)
}

fn kind(
    name: &str,
    arguments: &[String],
    library: &Library,
    pace: Pace,
) -> Result<ActionKind, ActionProblem> {
    if SOUNDS.contains(&name) {
        return Err(ActionProblem::NoSpeaker { action: name.to_owned() });
    }
    let max = if matches!(name, "forward" | "backward") { 2 } else { 0 };
    if arguments.len() > max {
        return Err(ActionProblem::TooManyArguments {
            action: name.to_owned(),
            given: arguments.len(),
            max,
            first: arguments[0].clone(),
        });
    }
    let number = |index: usize, argument, default, allowed: RangeInclusive<f32>| {
        let Some(given) = arguments.get(index) else { return Ok(default) };
        let action = name.to_owned();
        match given.parse::<f32>() {
            Ok(number) if allowed.contains(&number) => Ok(number),
            Ok(given) => Err(ActionProblem::OutOfRange { action, argument, given, allowed }),
            Err(_) => Err(ActionProblem::NotANumber { action, argument, given: given.clone(), allowed }),
        }
    };
    let drive = |cm_max: f32, sign: f32| {
        let cm = sign * number(0, "distance in cm", CM_DEFAULT, 1.0..=cm_max)?;
        Ok(ActionKind::Drive { cm, percent: number(1, "speed in %", pace.percent(), PERCENT)? })
    };
    match name {
        "stop" => Ok(ActionKind::Stop),
        "forward" => drive(FORWARD_CM_MAX, 1.0),
        "backward" => drive(BACKWARD_CM_MAX, -1.0),
        _ => library
            .gesture(name)
            .map(|gesture| ActionKind::Gesture(Arc::clone(gesture)))
            .ok_or_else(|| ActionProblem::Unknown { given: name.to_owned(), nearest: None }),
    }
}

/// As it can be asked for again.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ActionKind::Stop => f.write_str("stop"),
            ActionKind::Drive { cm, percent } => {
                let name = if *cm < 0.0 { "backward" } else { "forward" };
                write!(f, "{name} {} {percent}", cm.abs())
            }
            ActionKind::Gesture(gesture) => {
                f.write_str(&gesture.name)?;
                if self.pace == Pace::Med {
                    return Ok(());
                }
                f.write_char(':')?;
                f.write_str(self.pace.name())
            }
        }
    }
}

#[cfg(test)]
#[path = "grammar_tests.rs"]
mod tests;
