use std::path::PathBuf;
use std::time::Duration;

use nevil_derive::{Field, Message};
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

use super::{DecodeError, ENCODED_BYTES_MAX, EncodeError, decode, encode, encode_into};
use crate::drive::Drive;
use crate::message::Message;
use crate::range::Range;

/// One field of each kind.
#[derive(Clone, Debug, PartialEq, Message)]
struct Everything {
    flag: bool,
    small: u8,
    wide: i64,
    ratio: f64,
    text: String,
    pause: Option<Duration>,
    parts: Vec<Part>,
    pair: [Colour; 2],
}

#[derive(Clone, Debug, PartialEq, Field)]
struct Part {
    id: u16,
    tags: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Field)]
enum Colour {
    Red,
    Green,
}

#[derive(Clone, Debug, PartialEq, Message)]
struct Numbers {
    numbers: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Message)]
struct Texts {
    text: String,
}

fn error<T: Message>(bytes: &[u8]) -> String {
    decode::<T>(bytes).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn numbers_have_a_fixed_width_and_their_least_significant_byte_first() {
    let bytes = encode(&Drive { speed_mps: 0.5, steering_rad: 0.0, valid_for_ms: 258 }).unwrap();
    assert_eq!(bytes, [0, 0, 0, 0x3f, 0, 0, 0, 0, 2, 1, 0, 0]);
    assert_eq!(encode(&Numbers { numbers: vec![7] }).unwrap(), [1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0]);
}

#[test]
fn a_length_that_the_bytes_cannot_hold_is_refused_before_anything_is_allocated() {
    let hostile = u64::MAX.to_le_bytes();
    assert_eq!(
        error::<Numbers>(&hostile),
        "`Numbers` is cut off in field `numbers`: 18446744073709551615 bytes are needed, 0 are left"
    );
    assert_eq!(
        error::<Texts>(&hostile),
        "`Texts` is cut off in field `text`: 18446744073709551615 bytes are needed, 0 are left"
    );
    let mut bytes = 3_u64.to_le_bytes().to_vec();
    bytes.extend([0; 11]);
    assert_eq!(
        error::<Numbers>(&bytes),
        "`Numbers` is cut off in field `numbers`: 12 bytes are needed, 11 are left"
    );
    bytes.push(0);
    assert_eq!(decode::<Numbers>(&bytes), Ok(Numbers { numbers: vec![0; 3] }));
}

#[test]
fn bytes_after_the_message_are_refused() {
    let mut bytes = encode(&Texts { text: "a".into() }).unwrap();
    bytes.push(0);
    assert_eq!(
        error::<Texts>(&bytes),
        "`Texts` has 1 bytes too many; were they encoded by another version of the type?"
    );
}

#[test]
fn an_unknown_variant_and_text_that_is_not_utf8_are_refused() {
    assert!(
        error::<Range>(&[3, 0, 0, 0, 0, 0, 0, 0]).starts_with("`Range` cannot be decoded: "),
        "{}",
        error::<Range>(&[3, 0, 0, 0, 0, 0, 0, 0])
    );
    let mut bytes = 1_u64.to_le_bytes().to_vec();
    bytes.push(0xff);
    assert!(matches!(decode::<Texts>(&bytes), Err(DecodeError::Meaningless { name: "Texts", .. })));
}

#[test]
fn a_number_out_of_its_range_is_refused_with_its_path() {
    let bytes = encode(&Drive { speed_mps: 0.9, steering_rad: 0.0, valid_for_ms: 1 }).unwrap();
    assert_eq!(
        error::<Drive>(&bytes),
        "`Drive` has a bad value: speed_mps: value is too large (0.9), at most 0.8 is allowed"
    );
}

#[test]
fn a_message_of_64_kib_passes_and_one_byte_more_is_refused_both_ways() {
    let of_bytes = |bytes: usize| Texts { text: "x".repeat(bytes - 8) };
    let largest = encode(&of_bytes(ENCODED_BYTES_MAX)).unwrap();
    assert_eq!(decode::<Texts>(&largest), Ok(of_bytes(ENCODED_BYTES_MAX)));

    let mut kept = vec![1, 2];
    let refused = encode_into(&of_bytes(ENCODED_BYTES_MAX + 1), &mut kept).unwrap_err();
    assert_eq!(kept, [1, 2]);
    assert_eq!(
        refused.to_string(),
        "message `Texts` is too large (65537 bytes encoded), at most 65536 are allowed; put the data in a ring and \
         publish its block"
    );
    assert_eq!(
        error::<Texts>(&vec![0; ENCODED_BYTES_MAX + 1]),
        "`Texts` is too large (65537 bytes), at most 65536 are allowed"
    );
}

/// A path with a byte that is no UTF-8.
#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf8_is_refused_and_leaves_the_buffer_as_it_was() {
    use std::os::unix::ffi::OsStringExt;

    #[derive(Message)]
    struct Log {
        before: u8,
        path: PathBuf,
    }
    let path = PathBuf::from(std::ffi::OsString::from_vec(vec![0xff]));
    let mut kept = vec![9];
    let error = encode_into(&Log { before: 1, path }, &mut kept).unwrap_err();
    assert!(matches!(error, EncodeError::NoEncoding { name: "Log", .. }), "{error}");
    assert_eq!(kept, [9]);
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let part = (any::<u16>(), prop::collection::vec(".{0,5}", 0..3)).prop_map(|(id, tags)| Part { id, tags });
    prop::collection::vec(part, 0..4)
}

fn everything() -> impl Strategy<Value = Everything> {
    let pause = prop::option::of((0_u64..1 << 40, 0_u32..1_000_000_000));
    let numbers = (any::<bool>(), any::<u8>(), any::<i64>(), -1e300..1e300);
    (numbers, ".{0,20}", pause, parts(), any::<bool>()).prop_map(|(numbers, text, pause, parts, is_red)| {
        Everything {
            flag: numbers.0,
            small: numbers.1,
            wide: numbers.2,
            ratio: numbers.3,
            text,
            pause: pause.map(|(seconds, nanos)| Duration::new(seconds, nanos)),
            parts,
            pair: [if is_red { Colour::Red } else { Colour::Green }, Colour::Green],
        }
    })
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded_again(message in everything()) {
        let bytes = encode(&message).unwrap();
        prop_assert_eq!(decode::<Everything>(&bytes), Ok(message));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        // Only that it returns is promised.
        let _ = decode::<Everything>(&bytes);
        let _ = decode::<Numbers>(&bytes);
        let _ = decode::<Range>(&bytes);
    }

    #[test]
    fn no_damage_to_a_message_makes_the_decoder_panic(
        message in everything(), place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut bytes = encode(&message).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if cut {
            bytes.truncate(place);
        }
        // Only that it returns is promised.
        let _ = decode::<Everything>(&bytes);
    }
}
