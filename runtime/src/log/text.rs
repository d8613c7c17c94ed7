//! Text of bounded length that is written without allocation.

use std::fmt;

const MARK: &str = "…";

/// At most `N` bytes of text. What does not fit is cut at a character's end and marked with `…`.
#[derive(Clone, Copy)]
pub(super) struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
    cut: bool,
}

impl<const N: usize> Text<N> {
    pub(super) const fn new() -> Self {
        const { assert!(N >= MARK.len(), "the mark of a cut fits") };
        Self { bytes: [0; N], len: 0, cut: false }
    }

    /// The beginning of `text`, as far as it fits.
    pub(super) fn of(text: &str) -> Self {
        let mut copy = Self::new();
        copy.push(text);
        copy
    }

    pub(super) fn as_str(&self) -> &str {
        // Only whole characters are ever written, so that the default is never used.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends `text` and says whether there is room for more.
    pub(super) fn push(&mut self, text: &str) -> bool {
        if self.cut {
            return false;
        }
        if text.len() <= N - self.len {
            self.append(text);
            return true;
        }
        let room = N - MARK.len();
        if self.len <= room {
            self.append(&text[..boundary(text, room - self.len)]);
        } else {
            self.len = boundary(self.as_str(), room);
        }
        self.append(MARK);
        self.cut = true;
        false
    }

    fn append(&mut self, text: &str) {
        self.bytes[self.len..][..text.len()].copy_from_slice(text.as_bytes());
        self.len += text.len();
    }
}

/// The last end of a character of `text` that is not after `bytes`.
fn boundary(text: &str, bytes: usize) -> usize {
    (0..=bytes).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0)
}

impl<const N: usize> fmt::Write for Text<N> {
    /// Fails when the text is cut, so that a long `Debug` output ends there and costs no more time.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.push(text) { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    use super::Text;

    #[test]
    fn text_of_exactly_the_room_is_whole_and_one_byte_more_is_cut_and_marked() {
        assert_eq!(Text::<8>::of("12345678").as_str(), "12345678");
        assert_eq!(Text::<8>::of("123456789").as_str(), "12345…");
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(Text::<8>::of("1234ééé").as_str(), "1234…");
        assert_eq!(Text::<8>::of("ééééé").as_str(), "éé…");
    }

    #[test]
    fn what_was_written_is_taken_back_to_make_room_for_the_mark() {
        let mut text = Text::<8>::of("1234567");
        assert!(write!(text, "89").is_err());
        assert_eq!(text.as_str(), "12345…");
        assert!(!text.push("more"), "nothing comes after the mark");
        assert_eq!(text.as_str(), "12345…");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_parts_give_their_whole_or_a_beginning_with_the_mark(parts: Vec<String>) {
            let mut text = Text::<16>::new();
            parts.iter().for_each(|part| { text.push(part); });
            let whole: String = parts.concat();
            if whole.len() <= 16 {
                prop_assert_eq!(text.as_str(), whole);
            } else {
                let beginning = text.as_str().strip_suffix('…').unwrap();
                prop_assert!(whole.starts_with(beginning));
                prop_assert!((10..=13).contains(&beginning.len()), "at most one character less than fits");
            }
        }
    }
}
