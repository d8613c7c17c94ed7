use proptest::prelude::*;

use super::*;

fn transfer() -> impl Strategy<Value = Transfer> {
    proptest::collection::vec(any::<u8>(), 1..=TRANSFER_BYTES_MAX)
        .prop_map(|bytes| Transfer::of(&bytes).unwrap())
}

fn to_world() -> impl Strategy<Value = ToWorld> {
    let line = prop_oneof![Just(Line::LeftDirection), Just(Line::RightDirection), Just(Line::Reset)];
    let level = prop_oneof![Just(Level::Low), Just(Level::High)];
    prop_oneof![
        transfer().prop_map(ToWorld::Write),
        transfer().prop_map(ToWorld::Post),
        (1_u8..=4).prop_map(ToWorld::Read),
        (line, level).prop_map(|(line, level)| ToWorld::Line(line, level)),
        Just(ToWorld::Echo),
        Just(ToWorld::Watch),
    ]
}

fn from_world() -> impl Strategy<Value = FromWorld> {
    let state = (any::<u64>(), any::<[i32; 11]>(), any::<[u32; 3]>());
    prop_oneof![
        (0_u64..20_000_000)
            .prop_map(|pulse_ns| FromWorld::Reading(Echo::Pulse(Duration::from_nanos(pulse_ns)))),
        Just(FromWorld::Reading(Echo::Timeout)),
        Just(FromWorld::Reading(Echo::NoEdge)),
        Just(FromWorld::Done),
        transfer().prop_map(FromWorld::Bytes),
        state.prop_map(|(stamp_ns, numbers, [touches, falls, resets])| {
            let [
                x_m,
                y_m,
                heading_rad,
                speed_mps,
                steering_deg,
                pan_deg,
                tilt_deg,
                battery_v,
                driven_m,
                left_percent,
                right_percent,
            ] = numbers.map(|number| f64::from(number) / 1000.0);
            let pose = Pose { x_m, y_m, heading_rad };
            let state = State {
                pose,
                speed_mps,
                steering_deg,
                pan_deg,
                tilt_deg,
                battery_v,
                driven_m,
                touches,
                falls,
                resets,
                left_percent,
                right_percent,
            };
            FromWorld::State(WireState { stamp_ns, state })
        }),
    ]
}

/// All messages in `bytes`, handed over in pieces of `piece_bytes`.
fn decoded<M: WireMessage>(bytes: &[u8], piece_bytes: usize) -> Result<Vec<M>, WireProblem> {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    for mut piece in bytes.chunks(piece_bytes) {
        while let Some(message) = decoder.next(&mut piece)? {
            messages.push(message);
        }
        assert!(piece.is_empty(), "a decoder that wants more has taken all");
    }
    assert_eq!(decoder.begun_bytes(), 0);
    Ok(messages)
}

fn problem_of(bytes: &[u8]) -> String {
    decoded::<ToWorld>(bytes, 64).unwrap_err().to_string()
}

proptest! {
    #[test]
    fn what_a_robot_says_arrives_in_pieces_of_any_size(
        messages in proptest::collection::vec(to_world(), 1..20), piece_bytes in 1_usize..80,
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|message| message.encode().as_bytes().to_vec()).collect();
        prop_assert_eq!(decoded::<ToWorld>(&bytes, piece_bytes).unwrap(), messages);
    }

    #[test]
    fn what_a_world_says_arrives_in_pieces_of_any_size(
        messages in proptest::collection::vec(from_world(), 1..20), piece_bytes in 1_usize..80,
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|message| message.encode().as_bytes().to_vec()).collect();
        prop_assert_eq!(decoded::<FromWorld>(&bytes, piece_bytes).unwrap(), messages);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_an_error_stays(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut decoder = Decoder::<FromWorld>::new();
        let mut rest = &bytes[..];
        let first = loop {
            match decoder.next(&mut rest) {
                Ok(Some(_)) => {}
                other => break other,
            }
        };
        if let Err(problem) = first {
            prop_assert_eq!(decoder.next(&mut FromWorld::Done.encode().as_bytes()), Err(problem));
        }
    }

    #[test]
    fn a_frame_with_changed_bytes_never_panics(
        message in from_world(), changes in proptest::collection::vec((0_usize..FRAME_BYTES_MAX, any::<u8>()), 1..6),
    ) {
        let mut frame = message.encode();
        for (place, byte) in changes {
            frame.bytes[place] = byte;
        }
        let mut decoder = Decoder::<FromWorld>::new();
        let _either = decoder.next(&mut frame.as_bytes());
        let mut decoder = Decoder::<ToWorld>::new();
        let _either = decoder.next(&mut frame.as_bytes());
    }

    #[test]
    fn a_payload_of_any_length_never_panics(kind in any::<u8>(), bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _either = FromWorld::decode(kind, &bytes);
        let _either = ToWorld::decode(kind, &bytes);
    }
}

#[test]
fn the_layout_is_the_documented_one() {
    let stop = Transfer::of(&[0x2d, 0, 0]).unwrap();
    assert_eq!(ToWorld::Write(stop).encode().as_bytes(), [0x4e, 0x43, 2, 1, 5, 0, 3, 0x2d, 0, 0, 0]);
    assert_eq!(ToWorld::Post(stop).encode().as_bytes(), [0x4e, 0x43, 2, 2, 5, 0, 3, 0x2d, 0, 0, 0]);
    assert_eq!(ToWorld::Read(2).encode().as_bytes(), [0x4e, 0x43, 2, 3, 1, 0, 2]);
    let line = ToWorld::Line(Line::RightDirection, Level::High);
    assert_eq!(line.encode().as_bytes(), [0x4e, 0x43, 2, 4, 2, 0, 1, 1]);
    assert_eq!(ToWorld::Echo.encode().as_bytes(), [0x4e, 0x43, 2, 5, 0, 0]);
    assert_eq!(
        FromWorld::Reading(Echo::Pulse(Duration::from_nanos(0x0102_0304))).encode().as_bytes(),
        [0x4e, 0x43, 2, 0x81, 9, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0]
    );
    assert_eq!(FromWorld::Bytes(Transfer::of(&[7]).unwrap()).encode().as_bytes()[6..], [1, 7, 0, 0, 0]);
}

#[test]
fn garbage_is_refused_with_its_reason() {
    assert_eq!(
        problem_of(b"GET / HTTP/1.1"),
        "frame begins with [47, 45, 54], [4e, 43, 02] is expected; the peer is not a Nevil car of this version"
    );
    assert_eq!(
        problem_of(&[0x4e, 0x43, 2, 0x81, 9, 0]),
        "frame has the unknown kind 0x81; the peer is newer, or client and server are mixed up"
    );
    assert_eq!(
        problem_of(&[0x4e, 0x43, 2, 1, 9, 1]),
        "frame of kind 0x01 has 265 bytes of payload, exactly 5 are allowed"
    );
    for (payload, problem) in [
        (&[1, 5, 0, 5, 1, 2, 3, 4][..], "`bytes` is 5, which it cannot be"),
        (&[1, 5, 0, 0, 0, 0, 0, 0], "`bytes` is 0, which it cannot be"),
        (&[2, 5, 0, 1, 7, 8, 0, 0], "`byte after the last` is 8, which it cannot be"),
        (&[3, 1, 0, 9], "`bytes` is 9, which it cannot be"),
        (&[4, 2, 0, 3, 0], "`line` is 3, which it cannot be"),
        (&[4, 2, 0, 0, 2], "`level` is 2, which it cannot be"),
    ] {
        assert_eq!(problem_of(&[&[0x4e, 0x43, 2], payload].concat()), problem);
    }
    let mut state = FromWorld::Reading(Echo::Timeout).encode();
    state.bytes[6] = 3;
    let problem = decoded::<FromWorld>(state.as_bytes(), 64).unwrap_err();
    assert_eq!(problem.to_string(), "`code` is 3, which it cannot be");
}
