//! What a ring's values are, and how they lie in words.

/// A value of a ring: a plain number. Several of them share a word.
///
/// ```
/// use nevil_sys::mem::ring::{Element, ElementKind};
///
/// assert_eq!(<i16 as Element>::KIND, ElementKind::I16);
/// assert_eq!(<i16 as Element>::PER_WORD, 4);
/// ```
pub trait Element: Copy + Default + Send + Sync + 'static + sealed::Pack {
    /// Which one it is.
    const KIND: ElementKind;
    /// How many of them fill a word of 64 bits.
    const PER_WORD: usize = 8 / size_of::<Self>();
}

/// The kinds of values that a ring may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElementKind {
    /// Bytes, as of pictures.
    U8,
    /// Samples of 16 bits.
    I16,
    /// Samples from −1.0 to 1.0, or whatever the ring's description says.
    F32,
    /// Numbers of 32 bits.
    U32,
    /// Numbers of 64 bits.
    U64,
}

impl ElementKind {
    const ALL: [Self; 5] = [Self::U8, Self::I16, Self::F32, Self::U32, Self::U64];

    /// Its name in Rust.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::I16 => "i16",
            Self::F32 => "f32",
            Self::U32 => "u32",
            Self::U64 => "u64",
        }
    }

    /// How many of them fill a word of 64 bits.
    #[must_use]
    pub const fn per_word(self) -> usize {
        match self {
            Self::U8 => 8,
            Self::I16 => 4,
            Self::F32 | Self::U32 => 2,
            Self::U64 => 1,
        }
    }

    /// Its number in a ring's header.
    pub(crate) const fn code(self) -> u64 {
        self as u64 + 1
    }

    pub(crate) fn from_code(code: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Words that hold `values` values of this kind.
pub(crate) fn words_for(kind: ElementKind, values: usize) -> usize {
    values.div_ceil(kind.per_word())
}

pub(crate) mod sealed {
    /// Values to a word and back; the first lies in the lowest bits, so that on the machines that Nevil runs on a word
    /// looks in memory as the values themselves would.
    pub trait Pack: Sized {
        /// At most as many values as fit; what is missing is zero.
        fn pack(values: &[Self]) -> u64;
        fn unpack(word: u64, values: &mut [Self]);
        fn at(word: u64, index: usize) -> Self;
    }
}

macro_rules! element {
    ($type:ty, $kind:ident, $bits:ty, $to:expr, $from:expr) => {
        impl Element for $type {
            const KIND: ElementKind = ElementKind::$kind;
        }

        impl sealed::Pack for $type {
            #[inline]
            fn pack(values: &[Self]) -> u64 {
                let parts = values.iter().enumerate();
                parts.fold(0, |word, (index, value)| {
                    let bits: $bits = $to(*value);
                    word | u64::from(bits) << (index * <$bits>::BITS as usize)
                })
            }

            #[inline]
            fn unpack(word: u64, values: &mut [Self]) {
                for (index, value) in values.iter_mut().enumerate() {
                    *value = Self::at(word, index);
                }
            }

            #[inline]
            #[allow(clippy::cast_possible_truncation, reason = "the low bits are the value")]
            fn at(word: u64, index: usize) -> Self {
                $from((word >> (index * <$bits>::BITS as usize)) as $bits)
            }
        }
    };
}

element!(u8, U8, u8, |value| value, |bits| bits);
element!(i16, I16, u16, i16::cast_unsigned, u16::cast_signed);
element!(f32, F32, u32, f32::to_bits, f32::from_bits);
element!(u32, U32, u32, |value| value, |bits| bits);
element!(u64, U64, u64, |value| value, |bits| bits);
