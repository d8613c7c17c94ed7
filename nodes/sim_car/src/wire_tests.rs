use proptest::prelude::*;

use super::*;

fn to_world() -> impl Strategy<Value = ToWorld> {
    prop_oneof![
        (-100.0_f32..=100.0, -30.0_f32..=30.0).prop_map(|(speed_percent, steering_deg)| ToWorld::Command(
            MotorCommand { speed_percent, steering_deg }
        )),
        Just(ToWorld::Ping),
        Just(ToWorld::Stop),
        Just(ToWorld::Watch),
    ]
}

fn from_world() -> impl Strategy<Value = FromWorld> {
    let state = (any::<u64>(), any::<[i32; 4]>(), -0.7_f32..0.7, -30.0_f32..30.0, any::<u32>());
    prop_oneof![
        (0.02_f32..4.0).prop_map(|distance_m| FromWorld::Reading(Ping::Echo { distance_m })),
        Just(FromWorld::Reading(Ping::Timeout)),
        Just(FromWorld::Reading(Ping::NoEdge)),
        state.prop_map(|(stamp_ns, places, speed_mps, steering_deg, touches)| {
            let [x_m, y_m, heading_rad, driven_m] = places.map(|place| f64::from(place) / 1000.0);
            let command = MotorCommand { speed_percent: speed_mps * 100.0, steering_deg: -steering_deg };
            FromWorld::State(WireState {
                stamp_ns,
                x_m,
                y_m,
                heading_rad,
                driven_m,
                speed_mps,
                steering_deg,
                command,
                touches,
            })
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
            prop_assert_eq!(decoder.next(&mut &STOP_FRAME[..]), Err(problem));
        }
    }

    #[test]
    fn a_frame_with_changed_bytes_never_panics(
        message in from_world(), changes in proptest::collection::vec((0_usize..70, any::<u8>()), 1..6),
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
    fn a_payload_of_any_length_never_panics(kind in any::<u8>(), bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _either = FromWorld::decode(kind, &bytes);
        let _either = ToWorld::decode(kind, &bytes);
    }
}

#[test]
fn the_layout_is_the_documented_one() {
    assert_eq!(ToWorld::Stop.encode().as_bytes(), STOP_FRAME);
    assert_eq!(STOP_FRAME, [0x4e, 0x43, 1, 3, 0, 0]);
    let command = ToWorld::Command(MotorCommand { speed_percent: 50.0, steering_deg: -1.0 });
    assert_eq!(command.encode().as_bytes(), [0x4e, 0x43, 1, 1, 8, 0, 0, 0, 0x48, 0x42, 0, 0, 0x80, 0xbf]);
    assert_eq!(
        FromWorld::Reading(Ping::NoEdge).encode().as_bytes(),
        [0x4e, 0x43, 1, 0x81, 5, 0, 2, 0, 0, 0, 0]
    );
}

#[test]
fn garbage_is_refused_with_its_reason() {
    assert_eq!(
        problem_of(b"GET / HTTP/1.1"),
        "frame begins with [47, 45, 54], [4e, 43, 01] is expected; the peer is not a Nevil car of this version"
    );
    assert_eq!(
        problem_of(&[0x4e, 0x43, 1, 0x81, 5, 0]),
        "frame has the unknown kind 0x81; the peer is newer, or client and server are mixed up"
    );
    assert_eq!(
        problem_of(&[0x4e, 0x43, 1, 1, 9, 1]),
        "frame of kind 0x01 has 265 bytes of payload, exactly 8 are allowed"
    );
    let too_fast = ToWorld::Command(MotorCommand { speed_percent: 100.5, steering_deg: 0.0 }).encode();
    assert_eq!(problem_of(too_fast.as_bytes()), "`speed_percent` is 100.5, which it cannot be");
    let none = ToWorld::Command(MotorCommand { speed_percent: 0.0, steering_deg: f32::NAN }).encode();
    assert_eq!(problem_of(none.as_bytes()), "`steering_deg` is NaN, which it cannot be");
}
