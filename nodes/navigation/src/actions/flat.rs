//! Writes out what gestures repeat, and what they borrow from one another; so each of them ends.

use std::collections::BTreeMap;

use nevil_msgs::{Problem, ValueError};

use super::grammar::Pace;
use super::library::{Gesture, Library, MOVES_MAX, PLAY_MAX};
use super::reading::{Named, problem, wrong};
use super::sheet::{Move, Step, WrittenGesture};

/// How far a gesture may get behind where it began, in centimetres: nothing looks there.
const BEHIND_CM_MAX: f32 = 15.0;

/// How many gestures may stand one within the other.
const WITHIN_MAX: usize = 16;

pub(super) fn unknown_gesture(called: &Named, nearest: Option<&str>) -> ValueError {
    if nearest == Some(&called.text) {
        let text =
            format!("`{}` is an action and no gesture; docs/reference/actions.md lists both", called.text);
        return wrong(&called.mark, text);
    }
    let meant = nearest.map_or_else(String::new, |name| format!(", did you mean `{name}`?"));
    let text = format!("unknown gesture `{}`{meant}; docs/reference/actions.md lists them", called.text);
    wrong(&called.mark, text)
}

/// What it takes to write them out.
pub(super) struct Flat<'all> {
    /// With the names of all, new ones too.
    pub(super) library: &'all Library,
    /// Gestures that are there already.
    pub(super) base: &'all Library,
    pub(super) written: &'all BTreeMap<&'all str, &'all WrittenGesture>,
}

impl Flat<'_> {
    pub(super) fn gesture(&self, written: &WrittenGesture) -> Result<Gesture, ValueError> {
        let name = written.name.text.clone();
        let of_it = |error: ValueError| match error.path.is_empty() {
            true => error.in_key(&name).in_key("gestures"),
            false => error,
        };
        let mut moves = Vec::new();
        self.steps(&written.steps, &mut vec![name.clone()], &mut moves).map_err(of_it)?;
        let gesture = Gesture {
            name: name.clone(),
            words: written.words.clone(),
            aliases: written.aliases.iter().map(|alias| alias.text.clone()).collect(),
            moves,
            keeps_pose: written.keeps_pose,
        };
        let too = |text: String| Err(of_it(wrong(&written.name.mark, text)));
        let seconds = gesture.duration(Pace::Slow).as_secs();
        if seconds >= PLAY_MAX.as_secs() {
            return too(format!(
                "takes too long ({seconds} s played slowly), less than {} s is allowed",
                PLAY_MAX.as_secs()
            ));
        }
        let (_, behind_cm) = gesture.way_cm();
        if behind_cm > BEHIND_CM_MAX {
            return too(format!(
                "gets {behind_cm} cm behind where it began, at most {BEHIND_CM_MAX} cm are allowed: nothing looks there"
            ));
        }
        Ok(gesture)
    }

    fn steps(
        &self,
        steps: &[Step],
        within: &mut Vec<String>,
        moves: &mut Vec<Move>,
    ) -> Result<(), ValueError> {
        for step in steps {
            match step {
                Step::Move(one) => moves.push(*one),
                Step::Repeat { times, steps } => {
                    for _ in 0..*times {
                        self.steps(steps, within, moves)?;
                        self.bounded(moves, within)?;
                    }
                }
                Step::Gesture(called) => self.borrowed(called, within, moves)?,
            }
        }
        self.bounded(moves, within)
    }

    fn borrowed(
        &self,
        called: &Named,
        within: &mut Vec<String>,
        moves: &mut Vec<Move>,
    ) -> Result<(), ValueError> {
        let Some(name) = self.library.names.get(&called.text) else {
            let names: Vec<&String> = self.library.names.keys().collect();
            return Err(unknown_gesture(called, nevil_msgs::nearest(&called.text, &names)));
        };
        if within.contains(name) {
            let way = within.join("` → `");
            return Err(wrong(&called.mark, format!("a gesture contains itself: `{way}` → `{name}`")));
        }
        if within.len() >= WITHIN_MAX {
            let text = format!("too many gestures one within the other, at most {WITHIN_MAX} are allowed");
            return Err(wrong(&called.mark, text));
        }
        let Some(written) = self.written.get(name.as_str()) else {
            let there = self.base.gesture(name).map(|gesture| gesture.moves.as_slice());
            moves.extend_from_slice(there.unwrap_or_default());
            return Ok(());
        };
        within.push(name.clone());
        let result = self.steps(&written.steps, within, moves);
        within.pop();
        result
    }

    fn bounded(&self, moves: &[Move], within: &[String]) -> Result<(), ValueError> {
        let named = within.first().and_then(|name| self.written.get(name.as_str()));
        match named {
            Some(gesture) if moves.len() > MOVES_MAX => Err(problem(
                &gesture.name.mark,
                Problem::Other(format!(
                    "has more than {MOVES_MAX} moves, counted as often as they are repeated"
                )),
            )),
            _ => Ok(()),
        }
    }
}
