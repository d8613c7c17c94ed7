//! When the guard fires. Decides only: it takes `now` and what came over the link, and touches nothing.
//!
//! ```text
//!                  arm                       silence for GUARD_SILENCE: fire
//!       ┌────────┐ ───────────────► ┌───────┐ ─────────────────────────────► ┌────────┐
//!  ───► │ at rest│ ◄─────────────── │ armed │ ◄───────────────────────────── │ silent │
//!       └────────┘     disarm       └───────┘         arm or beat            └────────┘
//!            ▲                                           disarm                   │
//!            └────────────────────────────────────────────────────────────────────┘
//!  silent, for each further GUARD_SILENCE: fire again, and say nothing.
//!  release, in any state: end.      the link closes or is not understood, in any state: fire, then end.
//! ```
//! It fires again because a process that stood still may go on, command something, and stand still again before its first
//! beat.

use std::time::Duration;

use crate::limits;

/// What the guard learns from its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Motion begins: from now on beats must come.
    Arm,
    /// The process is alive.
    Beat,
    /// All is safe: no beats are needed.
    Disarm,
    /// The orderly end.
    Release,
    /// The process is gone.
    Closed,
    /// What came is no frame.
    Malformed,
}

/// What the guard does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing; the link is waited for.
    Wait,
    /// Every actuator's safe sequence, once, and the robot is told; the guard stays.
    Fire,
    /// The same once more for the same silence, of which the robot has been told.
    FireAgain,
    /// The sequences, repeated; then the guard ends.
    FireAndEnd,
    /// The guard ends and touches nothing.
    End,
}

/// The guard's state.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Machine {
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    AtRest,
    Armed { beat_at: Duration },
    Silent { fired_at: Duration },
}

impl Machine {
    pub(super) fn new() -> Self {
        Self { state: State::AtRest }
    }

    /// Takes what came at `now`. A beat that comes is a beat, however late: the process is alive.
    pub(super) fn signal(&mut self, now: Duration, signal: Signal) -> Action {
        match signal {
            Signal::Arm => self.state = State::Armed { beat_at: now },
            Signal::Beat if self.state == State::AtRest => {}
            Signal::Beat => self.state = State::Armed { beat_at: now },
            Signal::Disarm => self.state = State::AtRest,
            Signal::Release => return Action::End,
            Signal::Closed | Signal::Malformed => return Action::FireAndEnd,
        }
        Action::Wait
    }

    /// Says what to do at `now`, when nothing has come.
    pub(super) fn silence(&mut self, now: Duration) -> Action {
        if self.wait(now) != Some(Duration::ZERO) {
            return Action::Wait;
        }
        let again = matches!(self.state, State::Silent { .. });
        self.state = State::Silent { fired_at: now };
        if again { Action::FireAgain } else { Action::Fire }
    }

    /// How long the link may be waited for from `now` on; `None` is for ever, so that a robot at rest wakes nobody.
    pub(super) fn wait(&self, now: Duration) -> Option<Duration> {
        match self.state {
            State::Armed { beat_at: since } | State::Silent { fired_at: since } => {
                Some((since + limits::GUARD_SILENCE).saturating_sub(now))
            }
            State::AtRest => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};

    use super::{Action, Machine, Signal};
    use crate::limits::GUARD_SILENCE;

    const S: Duration = Duration::from_secs(1);
    const NS: Duration = Duration::from_nanos(1);

    fn armed_at(now: Duration) -> Machine {
        let mut machine = Machine::new();
        assert_eq!(machine.signal(now, Signal::Arm), Action::Wait);
        machine
    }

    #[test]
    fn an_armed_guard_fires_exactly_when_the_silence_has_lasted_its_time() {
        let mut machine = armed_at(S);
        assert_eq!(machine.wait(S), Some(GUARD_SILENCE));
        assert_eq!(machine.silence(S + GUARD_SILENCE - NS), Action::Wait);
        assert_eq!(machine.silence(S + GUARD_SILENCE), Action::Fire);
    }

    #[test]
    fn each_beat_begins_the_time_anew() {
        let mut machine = armed_at(S);
        let beat_at = S + GUARD_SILENCE - NS;
        assert_eq!(machine.signal(beat_at, Signal::Beat), Action::Wait);
        assert_eq!(machine.silence(beat_at + GUARD_SILENCE - NS), Action::Wait);
        assert_eq!(machine.silence(beat_at + GUARD_SILENCE), Action::Fire);
    }

    #[test]
    fn a_beat_that_comes_late_is_a_beat() {
        let mut machine = armed_at(S);
        assert_eq!(machine.signal(S * 9, Signal::Beat), Action::Wait);
        assert_eq!(machine.silence(S * 9 + GUARD_SILENCE - NS), Action::Wait);
    }

    #[test]
    fn it_tells_of_each_silence_once_and_fires_again_while_it_lasts() {
        let mut machine = armed_at(S);
        assert_eq!(machine.silence(S * 2), Action::Fire);
        assert_eq!(machine.silence(S * 2 + GUARD_SILENCE - NS), Action::Wait);
        assert_eq!(machine.silence(S * 2 + GUARD_SILENCE), Action::FireAgain);
        assert_eq!(machine.signal(S * 4, Signal::Beat), Action::Wait);
        assert_eq!(machine.silence(S * 4 + GUARD_SILENCE), Action::Fire);
        assert_eq!(machine.silence(S * 9), Action::FireAgain);
    }

    #[test]
    fn at_rest_no_beat_is_needed_and_a_stray_one_changes_nothing() {
        let mut machine = Machine::new();
        for signal in [Signal::Beat, Signal::Disarm, Signal::Beat] {
            assert_eq!(machine.signal(S, signal), Action::Wait);
            assert_eq!((machine.wait(S), machine.silence(S * 100)), (None, Action::Wait));
        }
        for mut machine in [armed_at(S), Machine::new()] {
            machine.signal(S, Signal::Disarm);
            assert_eq!((machine.wait(S), machine.silence(S * 100)), (None, Action::Wait));
        }
        let mut silent = armed_at(S);
        assert_eq!(silent.silence(S * 2), Action::Fire);
        silent.signal(S * 2, Signal::Disarm);
        assert_eq!(silent, Machine::new());
    }

    #[test]
    fn a_closed_link_or_garbage_fires_and_a_release_does_not_in_every_state() {
        let silent = || {
            let mut machine = armed_at(S);
            assert_eq!(machine.silence(S * 2), Action::Fire);
            machine
        };
        for make in [Machine::new, || armed_at(S), silent] {
            assert_eq!(make().signal(S * 2, Signal::Closed), Action::FireAndEnd);
            assert_eq!(make().signal(S * 2, Signal::Malformed), Action::FireAndEnd);
            assert_eq!(make().signal(S * 2, Signal::Release), Action::End);
        }
    }

    fn signals() -> impl Strategy<Value = Option<Signal>> {
        prop_oneof![Just(None), Just(Some(Signal::Arm)), Just(Some(Signal::Beat)), Just(Some(Signal::Disarm)),]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        /// Said in another way than the machine does: by the last signals that came.
        #[test]
        fn it_fires_if_and_only_if_beats_are_needed_and_have_stopped(
            steps in proptest::collection::vec((0_u64..400, signals()), 0..60),
        ) {
            let (mut machine, mut now) = (Machine::new(), Duration::ZERO);
            let (mut needed, mut last, mut fired) = (false, Duration::ZERO, false);
            for (pause_ms, signal) in steps {
                now += Duration::from_millis(pause_ms);
                match signal {
                    Some(signal) => {
                        prop_assert_eq!(machine.signal(now, signal), Action::Wait);
                        needed = match signal { Signal::Arm => true, Signal::Disarm => false, _ => needed };
                        (last, fired) = (now, false);
                    }
                    None => {
                        let due = needed && now - last >= GUARD_SILENCE;
                        let expected = match (due, fired) {
                            (true, false) => Action::Fire,
                            (true, true) => Action::FireAgain,
                            (false, _) => Action::Wait,
                        };
                        prop_assert_eq!(machine.silence(now), expected);
                        if due {
                            (last, fired) = (now, true);
                        }
                    }
                }
            }
        }
    }
}
