//! Which pattern is to be shown.

use nevil_runtime::prelude::*;

/// What was heard of the robot, and which pattern shows it.
///
/// ```
/// use nevil_runtime::prelude::*;
/// use nevil_node_led_indicator::Seen;
///
/// let mut seen = Seen::default();
/// assert_eq!(seen.pattern(), LedState::Actions, "it starts");
/// seen.mode = Some(Mode::Idle);
/// assert_eq!(seen.pattern(), LedState::Play);
/// seen.listening = true;
/// assert_eq!(seen.pattern(), LedState::Listen);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether an emergency stop holds.
    pub stopped: bool,
    /// What the robot as a whole is at; `None`: nothing was heard of it.
    pub mode: Option<Mode>,
    /// Whether it listens.
    pub listening: bool,
    /// Whether it speaks.
    pub speaking: bool,
    /// Whether it carries out an action, or drives about by itself.
    pub acting: bool,
}

impl Seen {
    /// The pattern: what is wrong goes before listening, that before speaking, that before acting, and that before the mode.
    #[must_use]
    pub fn pattern(&self) -> LedState {
        match self.mode {
            _ if self.stopped => LedState::Actions,
            Some(Mode::Error) => LedState::Actions,
            _ if self.listening => LedState::Listen,
            _ if self.speaking => LedState::Play,
            _ if self.acting => LedState::Actions,
            Some(Mode::Listening) => LedState::Listen,
            Some(Mode::Speaking | Mode::Capturing | Mode::Idle) => LedState::Play,
            Some(Mode::Thinking) | None => LedState::Actions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_has_the_pattern_that_the_robot_always_had_for_it() {
        let shown =
            [Mode::Listening, Mode::Speaking, Mode::Thinking, Mode::Capturing, Mode::Idle, Mode::Error]
                .map(|mode| Seen { mode: Some(mode), ..Seen::default() }.pattern());
        use LedState::{Actions, Listen, Play};
        assert_eq!(shown, [Listen, Play, Actions, Play, Play, Actions]);
    }

    #[test]
    fn what_is_wrong_goes_before_listening_that_before_speaking_and_that_before_acting() {
        let idle = Seen { mode: Some(Mode::Idle), ..Seen::default() };
        let acting = Seen { acting: true, ..idle };
        let speaking = Seen { speaking: true, ..acting };
        let listening = Seen { listening: true, ..speaking };
        let wrong = Seen { mode: Some(Mode::Error), ..listening };
        let stopped = Seen { stopped: true, ..listening };
        let shown = [idle, acting, speaking, listening, wrong, stopped].map(|seen| seen.pattern());
        use LedState::{Actions, Listen, Play};
        assert_eq!(shown, [Play, Actions, Play, Listen, Actions, Actions]);
    }
}
