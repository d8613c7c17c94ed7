//! The types of the language and its library that may be fields.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::check::{OutOfRange, RangeProblem};
use crate::message::Field;
use crate::type_info::{FieldKind, FieldRange};

impl Field for bool {
    const KIND: FieldKind = FieldKind::Bool;
}

/// Compares in the type of the value: `0.8_f32` is above `0.8_f64`, and yet it is what `0.8` in a file is read as.
macro_rules! number_fields {
    ($($number:ty, $compare:ty, $kind:ident;)*) => {$(
        impl Field for $number {
            const KIND: FieldKind = FieldKind::$kind;

            fn check_range(&self, range: &FieldRange) -> Result<(), OutOfRange> {
                let number = *self as $compare;
                if number > range.max as $compare {
                    Err(too_large(self, range.max).into())
                } else if number < range.min as $compare {
                    Err(too_small(self, range.min).into())
                } else if number.is_nan() {
                    Err(RangeProblem::NotANumber { allowed: range.to_string() }.into())
                } else {
                    Ok(())
                }
            }
        }
    )*};
}

number_fields! {
    u8, f64, U8; u16, f64, U16; u32, f64, U32; u64, f64, U64;
    i8, f64, I8; i16, f64, I16; i32, f64, I32; i64, f64, I64;
    f32, f32, F32; f64, f64, F64;
}

impl Field for String {
    const KIND: FieldKind = FieldKind::Text;

    fn heap_bytes(&self) -> usize {
        self.capacity()
    }
}

impl Field for PathBuf {
    const KIND: FieldKind = FieldKind::Path;

    fn heap_bytes(&self) -> usize {
        self.capacity()
    }
}

/// Its ranges are in seconds.
impl Field for Duration {
    const KIND: FieldKind = FieldKind::Duration;

    fn check_range(&self, range: &FieldRange) -> Result<(), OutOfRange> {
        let seconds = self.as_secs_f64();
        if seconds > range.max {
            Err(too_large(format!("{seconds}s"), format!("{}s", range.max)).into())
        } else if seconds < range.min {
            Err(too_small(format!("{seconds}s"), format!("{}s", range.min)).into())
        } else {
            Ok(())
        }
    }
}

impl<T: Field> Field for Vec<T> {
    const KIND: FieldKind = {
        // Otherwise a few bytes could claim a list of any length.
        assert!(T::KIND.encoded_bytes_min() > 0, "the elements of a list must not be empty structs");
        FieldKind::List(&T::KIND)
    };

    fn heap_bytes(&self) -> usize {
        self.capacity() * size_of::<T>() + self.iter().map(Field::heap_bytes).sum::<usize>()
    }

    fn check(&self) -> Result<(), OutOfRange> {
        check_each(self, Field::check)
    }

    fn check_range(&self, range: &FieldRange) -> Result<(), OutOfRange> {
        check_each(self, |element| element.check_range(range))
    }
}

impl<T: Field, const N: usize> Field for [T; N] {
    const KIND: FieldKind = FieldKind::Array(&T::KIND, N);

    fn heap_bytes(&self) -> usize {
        self.iter().map(Field::heap_bytes).sum()
    }

    fn check(&self) -> Result<(), OutOfRange> {
        check_each(self, Field::check)
    }

    fn check_range(&self, range: &FieldRange) -> Result<(), OutOfRange> {
        check_each(self, |element| element.check_range(range))
    }
}

impl<T: Field> Field for Option<T> {
    const KIND: FieldKind = FieldKind::Option(&T::KIND);

    fn heap_bytes(&self) -> usize {
        self.as_ref().map_or(0, Field::heap_bytes)
    }

    fn check(&self) -> Result<(), OutOfRange> {
        self.as_ref().map_or(Ok(()), Field::check)
    }

    fn check_range(&self, range: &FieldRange) -> Result<(), OutOfRange> {
        self.as_ref().map_or(Ok(()), |value| value.check_range(range))
    }
}

fn check_each<T>(elements: &[T], check: impl Fn(&T) -> Result<(), OutOfRange>) -> Result<(), OutOfRange> {
    for (index, element) in elements.iter().enumerate() {
        check(element).map_err(|problem| problem.in_element(index))?;
    }
    Ok(())
}

fn too_large(given: impl fmt::Display, max: impl fmt::Display) -> RangeProblem {
    RangeProblem::TooLarge { given: given.to_string(), max: max.to_string() }
}

fn too_small(given: impl fmt::Display, min: impl fmt::Display) -> RangeProblem {
    RangeProblem::TooSmall { given: given.to_string(), min: min.to_string() }
}
