//! Memory that has no name, and is sealed.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;

/// Bytes of a page of memory: 4096, or 16384 as on a Raspberry Pi 5.
#[must_use]
pub fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// Memory of `bytes` zeros that has a handle and no name in any file system; `label` shows in `/proc/PID/maps`. It is gone
/// when the last handle and the last mapping of it are.
///
/// # Errors
///
/// The operating system's.
pub fn anonymous_memory(label: &str, bytes: u64) -> io::Result<OwnedFd> {
    let handle = rustix::fs::memfd_create(label, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&handle, bytes)?;
    Ok(handle)
}

/// What may be mapped for writing from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// The memory can be made neither smaller nor larger.
    Size,
    /// Besides, it can be neither written nor mapped for writing any more; mappings that exist stay as they are.
    SizeAndFutureWrites,
}

/// Seals `memory` for ever.
///
/// # Errors
///
/// The operating system's.
pub fn seal(memory: BorrowedFd<'_>, sealed: Sealed) -> io::Result<()> {
    Ok(rustix::fs::fcntl_add_seals(memory, seals(sealed))?)
}

/// Whether `memory` is sealed at least so; what can have no seals, as a file on a disk, is not.
///
/// # Errors
///
/// The operating system's.
pub fn is_sealed(memory: BorrowedFd<'_>, sealed: Sealed) -> io::Result<bool> {
    match rustix::fs::fcntl_get_seals(memory) {
        Ok(found) => Ok(found.contains(seals(sealed))),
        Err(Errno::INVAL) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn seals(sealed: Sealed) -> SealFlags {
    let size = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    match sealed {
        Sealed::Size => size,
        Sealed::SizeAndFutureWrites => size | SealFlags::FUTURE_WRITE,
    }
}

/// Bytes of the file or memory behind `handle`.
///
/// # Errors
///
/// The operating system's.
pub fn handle_bytes(handle: BorrowedFd<'_>) -> io::Result<u64> {
    Ok(rustix::fs::fstat(handle)?.st_size.unsigned_abs())
}
