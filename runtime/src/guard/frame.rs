//! The bytes on the link, see the table in `guard.rs`.

use std::os::fd::OwnedFd;

use crate::guard::machine::Signal;
use crate::limits;

/// Begins every link; the last digit changes with the frames.
const HELLO: &[u8; 8] = b"NVGUARD1";

const ARM: u8 = b'A';
const BEAT: u8 = b'B';
const DISARM: u8 = b'D';
const RELEASE: u8 = b'R';
const REGISTER: u8 = b'S';

/// Bytes of the largest frame: its kind, ticket and lengths, a name, and all writes.
pub(super) const FRAME_BYTES_MAX: usize =
    4 + limits::GUARD_NAME_BYTES + limits::GUARD_WRITES_MAX * (1 + limits::GUARD_WRITE_BYTES);

/// What our process says to the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The first frame. With it comes the handle for events.
    Hello,
    /// A signal for the machine.
    Signal(Signal),
    /// A safe sequence. With it comes the actuator's handle.
    Register {
        /// Comes back in the answer.
        ticket: u8,
        /// Whose it is; a later one of the same name takes its place.
        name: String,
        /// The writes, in order.
        writes: Vec<Vec<u8>>,
    },
}

/// The bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Frame {
    /// The bytes of the frame. The sender has checked the bounds of a sequence.
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Hello => HELLO.to_vec(),
            Self::Signal(signal) => vec![signal_byte(*signal)],
            Self::Register { ticket, name, writes } => {
                let mut bytes = vec![REGISTER, *ticket];
                push_part(&mut bytes, name.as_bytes());
                bytes.push(one_byte(writes.len()));
                writes.iter().for_each(|write| push_part(&mut bytes, write));
                bytes
            }
        }
    }

    /// The frame at the beginning of `bytes` and its length. `None` if its end has not come yet.
    pub(super) fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let Some((&kind, rest)) = bytes.split_first() else { return Ok(None) };
        let signal = |signal| Ok(Some((Self::Signal(signal), 1)));
        match kind {
            ARM => signal(Signal::Arm),
            BEAT => signal(Signal::Beat),
            DISARM => signal(Signal::Disarm),
            RELEASE => signal(Signal::Release),
            REGISTER => register(rest),
            _ if bytes.len() >= HELLO.len() => match bytes.starts_with(HELLO) {
                true => Ok(Some((Self::Hello, HELLO.len()))),
                false => Err(Malformed),
            },
            _ if HELLO.starts_with(bytes) => Ok(None),
            _ => Err(Malformed),
        }
    }
}

/// The byte that stands for a signal; the two that are not said but noticed have none of their own.
pub(super) fn signal_byte(signal: Signal) -> u8 {
    match signal {
        Signal::Arm => ARM,
        Signal::Beat => BEAT,
        Signal::Disarm => DISARM,
        Signal::Release => RELEASE,
        Signal::Closed | Signal::Malformed => 0,
    }
}

fn register(rest: &[u8]) -> Result<Option<(Frame, usize)>, Malformed> {
    let mut parts = Parts { rest };
    let Some(ticket) = parts.byte() else { return Ok(None) };
    let Some(name) = parts.part(limits::GUARD_NAME_BYTES)? else { return Ok(None) };
    let Some(count) = parts.byte() else { return Ok(None) };
    if !(1..=limits::GUARD_WRITES_MAX).contains(&usize::from(count)) {
        return Err(Malformed);
    }
    let mut writes = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let Some(write) = parts.part(limits::GUARD_WRITE_BYTES)? else { return Ok(None) };
        writes.push(write.to_vec());
    }
    let name = str::from_utf8(name).map_err(|_| Malformed)?.to_owned();
    let length = 1 + rest.len() - parts.rest.len();
    Ok(Some((Frame::Register { ticket, name, writes }, length)))
}

/// What is left of a frame.
struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// A length from 1 to `bytes_max`, and that many bytes.
    fn part(&mut self, bytes_max: usize) -> Result<Option<&'a [u8]>, Malformed> {
        let Some(length) = self.byte().map(usize::from) else { return Ok(None) };
        if !(1..=bytes_max).contains(&length) {
            return Err(Malformed);
        }
        let Some((part, rest)) = self.rest.split_at_checked(length) else { return Ok(None) };
        self.rest = rest;
        Ok(Some(part))
    }
}

fn push_part(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.push(one_byte(part.len()));
    bytes.extend_from_slice(part);
}

fn one_byte(length: usize) -> u8 {
    u8::try_from(length).expect("the limits of a sequence, checked before, fit a byte")
}

/// Collects what comes until frames are whole, and the one handle that may be on its way.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: [u8; 2 * FRAME_BYTES_MAX],
    len: usize,
    handle: Option<OwnedFd>,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { bytes: [0; 2 * FRAME_BYTES_MAX], len: 0, handle: None }
    }

    /// Where the next bytes go: at least a frame's worth, because a whole frame never stays.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.len..]
    }

    /// Takes over what was put into the room.
    pub(super) fn filled(&mut self, length: usize, handle: Option<OwnedFd>) -> Result<(), Malformed> {
        self.len += length;
        match (handle, &self.handle) {
            (Some(_), Some(_)) => return Err(Malformed),
            (Some(handle), None) => self.handle = Some(handle),
            (None, _) => {}
        }
        Ok(())
    }

    /// The next whole frame, with the handle that belongs to it.
    pub(super) fn next(&mut self) -> Result<Option<(Frame, Option<OwnedFd>)>, Malformed> {
        let Some((frame, length)) = Frame::decode(&self.bytes[..self.len])? else {
            return Ok(None);
        };
        self.bytes.copy_within(length..self.len, 0);
        self.len -= length;
        let wants_handle = !matches!(frame, Frame::Signal(_));
        Ok(Some((frame, if wants_handle { self.handle.take() } else { None })))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{
        Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };

    use super::{FRAME_BYTES_MAX, Frame, Inbox, Malformed, Signal};
    use crate::limits;

    fn sequence(name_bytes: usize, writes: usize, write_bytes: usize) -> Frame {
        Frame::Register {
            ticket: 7,
            name: "n".repeat(name_bytes),
            writes: vec![vec![1; write_bytes]; writes],
        }
    }

    #[test]
    fn the_bytes_are_as_in_the_table() {
        let name = "pwm".to_owned();
        let frame = Frame::Register { ticket: 9, name, writes: vec![vec![0x40, 0, 0], vec![1]] };
        assert_eq!(frame.encode(), [b'S', 9, 3, b'p', b'w', b'm', 2, 3, 0x40, 0, 0, 1, 1]);
        assert_eq!(Frame::Hello.encode(), b"NVGUARD1");
        let signals = [Signal::Arm, Signal::Beat, Signal::Disarm, Signal::Release];
        assert_eq!(signals.map(|signal| Frame::Signal(signal).encode()[0]), *b"ABDR");
    }

    #[test]
    fn the_largest_frame_is_read_and_one_step_beyond_each_bound_is_malformed() {
        let [name, writes, bytes] =
            [limits::GUARD_NAME_BYTES, limits::GUARD_WRITES_MAX, limits::GUARD_WRITE_BYTES];
        let largest = sequence(name, writes, bytes).encode();
        assert_eq!(largest.len(), FRAME_BYTES_MAX);
        assert_eq!(Frame::decode(&largest), Ok(Some((sequence(name, writes, bytes), FRAME_BYTES_MAX))));
        for (name, writes, bytes) in
            [(name + 1, 1, 1), (1, writes + 1, 1), (1, 1, bytes + 1), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
        {
            assert_eq!(Frame::decode(&sequence(name, writes, bytes).encode()), Err(Malformed));
        }
    }

    fn frames() -> impl Strategy<Value = Frame> {
        let writes = proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..=64), 1..=32);
        prop_oneof![
            Just(Frame::Hello),
            Just(Frame::Signal(Signal::Arm)),
            Just(Frame::Signal(Signal::Beat)),
            Just(Frame::Signal(Signal::Disarm)),
            Just(Frame::Signal(Signal::Release)),
            (any::<u8>(), "[a-zé]{1,32}", writes).prop_map(|(ticket, name, writes)| Frame::Register {
                ticket,
                name,
                writes
            }),
        ]
    }

    /// What an inbox gives when `bytes` come in pieces of the given sizes.
    fn received(bytes: &[u8], sizes: &[usize]) -> Result<Vec<Frame>, Malformed> {
        let (mut inbox, mut frames, mut rest) = (Inbox::new(), Vec::new(), bytes);
        let mut sizes = sizes.iter().copied().cycle();
        while !rest.is_empty() {
            let room = inbox.room();
            assert!(room.len() >= FRAME_BYTES_MAX, "a whole frame never stays");
            let size = sizes.next().unwrap_or(1).min(rest.len()).min(room.len());
            room[..size].copy_from_slice(&rest[..size]);
            rest = &rest[size..];
            inbox.filled(size, None)?;
            while let Some((frame, _)) = inbox.next()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn frames_come_out_as_they_went_in_however_they_are_cut(
            frames in proptest::collection::vec(frames(), 0..6),
            sizes in proptest::collection::vec(1_usize..5000, 1..6),
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
            prop_assert_eq!(received(&bytes, &sizes), Ok(frames));
        }

        #[test]
        fn no_bytes_make_it_panic_or_wait_for_more_than_a_frame(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'S'), 0_u8..4], 0..5000),
            sizes in proptest::collection::vec(1_usize..5000, 1..6),
        ) {
            if let Ok(frames) = received(&bytes, &sizes) {
                let read: usize = frames.iter().map(|frame| frame.encode().len()).sum();
                prop_assert!(bytes.len() - read < FRAME_BYTES_MAX);
            }
        }

        #[test]
        fn a_frame_is_the_same_whatever_follows_it(frame in frames(), after: Vec<u8>) {
            let bytes = frame.encode();
            let long = [&bytes[..], &after].concat();
            prop_assert_eq!(Frame::decode(&long), Ok(Some((frame, bytes.len()))));
        }
    }
}
