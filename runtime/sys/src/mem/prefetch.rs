//! Asking for memory before it is needed. These are hints: they read and write nothing, and any address will do.

/// Bytes of a cache line; where lines are longer, one is asked for twice.
const LINE_BYTES: usize = 64;

/// So many messages ahead the memory of one is asked for: together they take longer than a line that comes from a core
/// that is far.
pub(super) const AHEAD: usize = 4;

/// Most lines that are asked for: the head of a larger value is what its receiver looks at first.
const LINES_MAX: usize = 4;

/// Asks for the first lines of `place`: the first one to be written, the others to be read.
pub(super) fn to_take<T>(place: *const T) {
    to_write_line(place.cast());
    lines(place).skip(1).for_each(to_read_line);
}

/// Asks for the first lines of `place`, to be written.
pub(super) fn to_write<T>(place: *const T) {
    lines(place).for_each(to_write_line);
}

#[inline]
fn lines<T>(place: *const T) -> impl Iterator<Item = *const u8> {
    let count = size_of::<T>().div_ceil(LINE_BYTES).min(LINES_MAX);
    (0..count).map(move |line| place.cast::<u8>().wrapping_add(line * LINE_BYTES))
}

#[cfg(all(target_arch = "x86_64", not(loom)))]
#[inline]
fn to_read_line(line: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch faults at no address and changes nothing that a program can see.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) };
}

#[cfg(all(target_arch = "x86_64", not(loom)))]
#[inline]
fn to_write_line(line: *const u8) {
    // The intrinsic becomes a prefetch for reading where the compiler does not know of this one, which every processor of
    // this kind takes, if only as a no-op.
    // SAFETY: as above.
    unsafe { std::arch::asm!("prefetchw [{0}]", in(reg) line, options(nostack, preserves_flags)) };
}

#[cfg(all(target_arch = "aarch64", not(loom)))]
#[inline]
fn to_read_line(line: *const u8) {
    // SAFETY: as above.
    unsafe { std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) line, options(nostack, preserves_flags)) };
}

#[cfg(all(target_arch = "aarch64", not(loom)))]
#[inline]
fn to_write_line(line: *const u8) {
    // SAFETY: as above.
    unsafe { std::arch::asm!("prfm pstl1keep, [{0}]", in(reg) line, options(nostack, preserves_flags)) };
}

#[cfg(any(loom, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[inline]
fn to_read_line(_line: *const u8) {}

#[cfg(any(loom, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[inline]
fn to_write_line(_line: *const u8) {}
