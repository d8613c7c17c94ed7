//! What can go wrong between us and the guard.

use std::io;
use std::time::Duration;

use crate::limits;

/// Why there is no guard process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuardStartError {
    /// The sockets of the link could not be made.
    #[error("guard: sockets could not be made; see `ulimit -n`")]
    Link {
        /// The operating system's word.
        source: io::Error,
    },
    /// The program could not be started.
    #[error("guard: `{program}` could not be started")]
    Spawn {
        /// The program.
        program: String,
        /// The operating system's word.
        source: io::Error,
    },
    /// The program was started and did not answer as a guard.
    #[error(
        "guard: `{program}` did not answer as a guard within {waited:?}; is it this program, of this version?"
    )]
    NoAnswer {
        /// The program.
        program: String,
        /// How long it had.
        waited: Duration,
        /// The operating system's word.
        source: io::Error,
    },
}

/// Why an actuator is not guarded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuardRegisterError {
    /// The name is empty or too long.
    #[error("guard: name of actuator `{name}` has {given} bytes, 1 to {max} are allowed")]
    NameLength {
        /// The actuator.
        name: String,
        /// Bytes of its name.
        given: usize,
        /// The most that are allowed.
        max: usize,
    },
    /// The sequence is empty or too long.
    #[error("guard: safe sequence of `{name}` has {given} writes, 1 to {max} are allowed")]
    Writes {
        /// The actuator.
        name: String,
        /// Writes of its sequence.
        given: usize,
        /// The most that are allowed.
        max: usize,
    },
    /// A write is empty or too long.
    #[error(
        "guard: write {index} of the safe sequence of `{name}` has {given} bytes, 1 to {max} are allowed"
    )]
    WriteLength {
        /// The actuator.
        name: String,
        /// Which write, from 0.
        index: usize,
        /// Its bytes.
        given: usize,
        /// The most that are allowed.
        max: usize,
    },
    /// The guard has as many actuators as it can take.
    #[error("guard: actuator `{name}` is one too many, at most {max} are allowed")]
    TooManyActuators {
        /// The actuator.
        name: String,
        /// The most that are allowed.
        max: usize,
    },
    /// The guard could not start a thread for it.
    #[error("guard: no thread could be started for actuator `{name}`; see `ulimit -u` and the free memory")]
    NoThread {
        /// The actuator.
        name: String,
    },
    /// The guard did not take it, or did not answer.
    #[error(
        "guard: it did not answer when actuator `{name}` was given to it; it may be gone, then start the robot anew"
    )]
    NoAnswer {
        /// The actuator.
        name: String,
        /// The operating system's word.
        source: io::Error,
    },
}

/// Why a signal did not reach the guard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuardSendError {
    /// The link is full.
    #[error("guard: it does not read its link, as if it were stopped; nobody guards")]
    NotReading,
    /// The guard process has ended.
    #[error("guard: its process has ended; nobody guards")]
    Gone {
        /// The operating system's word.
        source: io::Error,
    },
}

/// Whether the frame's bounds hold.
pub(super) fn check(name: &str, writes: &[Vec<u8>]) -> Result<(), GuardRegisterError> {
    let within = |given: usize, max: usize| (1..=max).contains(&given);
    let (given, max) = (name.len(), limits::GUARD_NAME_BYTES);
    let name = || name.to_owned();
    if !within(given, max) {
        return Err(GuardRegisterError::NameLength { name: name(), given, max });
    }
    let (given, max) = (writes.len(), limits::GUARD_WRITES_MAX);
    if !within(given, max) {
        return Err(GuardRegisterError::Writes { name: name(), given, max });
    }
    let max = limits::GUARD_WRITE_BYTES;
    match writes.iter().map(Vec::len).enumerate().find(|&(_, given)| !within(given, max)) {
        Some((index, given)) => Err(GuardRegisterError::WriteLength { name: name(), index, given, max }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn both_sides_of_each_bound_of_a_sequence() {
        let ok = |name_bytes: usize, writes: &[Vec<u8>]| check(&"n".repeat(name_bytes), writes).is_ok();
        let full = vec![vec![1; 64]; 32];
        assert!(ok(1, &[vec![1]]) && ok(64, &full));
        assert!(!ok(0, &[vec![1]]) && !ok(65, &full));
        assert!(!ok(1, &[]) && !ok(1, &vec![vec![1]; 33]));
        assert!(!ok(1, &[vec![]]) && !ok(1, &[vec![1; 65]]));
    }

    #[test]
    fn a_sequence_out_of_bounds_is_named_with_what_was_given_and_what_is_allowed() {
        let text = |name: &str, writes: &[Vec<u8>]| check(name, writes).unwrap_err().to_string();
        assert_eq!(text("", &[vec![1]]), "guard: name of actuator `` has 0 bytes, 1 to 64 are allowed");
        assert_eq!(text("pwm", &[]), "guard: safe sequence of `pwm` has 0 writes, 1 to 32 are allowed");
        assert_eq!(
            text("pwm", &[vec![1], vec![0; 65]]),
            "guard: write 1 of the safe sequence of `pwm` has 65 bytes, 1 to 64 are allowed"
        );
    }
}
