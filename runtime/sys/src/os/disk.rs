//! File systems.

use std::io;
use std::path::Path;

/// Room on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes that it holds.
    pub total_bytes: u64,
    /// Bytes of it that an ordinary user can still write.
    pub free_bytes: u64,
}

/// Room on the file system on which `path` lies. May block where that is a network's.
///
/// # Errors
///
/// The operating system's.
pub fn disk_space(path: &Path) -> io::Result<DiskSpace> {
    let found = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Ok(DiskSpace { total_bytes: bytes(found.f_blocks), free_bytes: bytes(found.f_bavail) })
}
