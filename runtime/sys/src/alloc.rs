//! An allocator that counts, for the promise that a running node does not allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Const and without a destructor, so that reaching it never allocates.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static FREES: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts what each thread asks of it.
///
/// ```
/// use nevil_sys::alloc::{CountingAllocator, thread_allocations, thread_frees};
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator;
///
/// let before = (thread_allocations(), thread_frees());
/// drop(std::hint::black_box(Box::new(1)));
/// assert_eq!((thread_allocations() - before.0, thread_frees() - before.1), (1, 1));
/// ```
#[derive(Debug)]
pub struct CountingAllocator;

/// Allocations and reallocations of the calling thread so far; 0 for ever where another allocator is installed.
#[must_use]
pub fn thread_allocations() -> u64 {
    ALLOCATIONS.get()
}

/// What the calling thread has given back so far; 0 for ever where another allocator is installed.
#[must_use]
pub fn thread_frees() -> u64 {
    FREES.get()
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: every call goes on to the system's allocator as it is, and counting touches no memory of the allocator.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is the same here.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: `pointer` came from the system's allocator, as all do; the rest is the caller's contract.
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        FREES.set(FREES.get() + 1);
        // SAFETY: `pointer` came from the system's allocator, as all do; the rest is the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}
