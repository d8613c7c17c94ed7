//! The operating system, one call per function.

mod disk;
mod futex;
mod memory;
mod sent_faults;
mod socket;
mod threads;
mod words;

use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::mm::MlockAllFlags;
use rustix::thread::ClockId;

pub use disk::{DiskSpace, disk_space};
pub use futex::{futex_wait, futex_wake_one, sleep_on, wake_all};
pub use memory::{Sealed, anonymous_memory, handle_bytes, is_sealed, page_bytes, seal};
pub use socket::{
    limit_send_buffer, peer_user_id, receive_with_handle, receive_with_handles, send_now, send_with_handle,
    send_with_handles,
};
pub use threads::{make_thread_idle, process_barrier, register_process_barrier, unpin_thread};
pub use words::{FileWord, FileWords};

/// Nanoseconds of `CLOCK_MONOTONIC`: no step of the wall clock changes it.
#[must_use]
#[inline]
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(ClockId::Monotonic);
    let (seconds, nanoseconds) = (now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs());
    seconds * 1_000_000_000 + nanoseconds
}

/// Ends the process at once: no destructor, no exit handler, no buffer is flushed.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` takes any value, touches no memory of ours and does not return.
    unsafe { libc::_exit(code) }
}

/// Makes `SIGSEGV` and `SIGBUS` end the process when they were *sent* to it. The standard library's handler expects the
/// faulty instruction to fault again, and so lets the first one pass that came from `kill`. Real faults are left to it: it
/// says which thread's stack has overflowed.
///
/// # Errors
///
/// The operating system's.
pub fn obey_sent_faults() -> io::Result<()> {
    [libc::SIGSEGV, libc::SIGBUS].into_iter().try_for_each(sent_faults::install)
}

/// The calling thread's number in the kernel, as `top -H` shows it.
#[must_use]
pub fn thread_id() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

/// Cores that the calling thread may run on, ascending.
///
/// # Errors
///
/// The operating system's.
pub fn thread_cores() -> io::Result<Vec<usize>> {
    let set = rustix::thread::sched_getaffinity(None)?;
    Ok((0..rustix::thread::CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect())
}

/// Lets the calling thread run on `cores` only.
///
/// # Errors
///
/// `EINVAL` if none of them exists.
pub fn set_thread_cores(cores: &[usize]) -> io::Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    for &core in cores.iter().filter(|&&core| core < rustix::thread::CpuSet::MAX_CPU) {
        set.set(core);
    }
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

/// Niceness of the calling thread, −20 to 19.
///
/// # Errors
///
/// The operating system's.
pub fn thread_nice() -> io::Result<i32> {
    // On Linux "the calling process" of this call is the calling thread.
    Ok(rustix::process::getpriority_process(None)?)
}

/// Sets the niceness of the calling thread, −20 to 19.
///
/// # Errors
///
/// `EACCES` or `EPERM` without `CAP_SYS_NICE` or a sufficient `nice` limit.
pub fn set_thread_nice(nice: i32) -> io::Result<()> {
    Ok(rustix::process::setpriority_process(None, nice)?)
}

/// Locks all memory of the process, now and later, each page when it is first touched.
///
/// # Errors
///
/// `EPERM` or `ENOMEM` without `CAP_IPC_LOCK` or a sufficient `memlock` limit.
pub fn lock_memory() -> io::Result<()> {
    Ok(rustix::mm::mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)?)
}

/// Whether this process may create files in the directory `path`.
#[must_use]
pub fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

/// The effective user of this process.
#[must_use]
pub fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Waits until `handle` has something to read or its other end is gone, at most for `timeout`; says whether that is so.
/// A socket's own time-out is late by an eighth, this one is not.
///
/// # Errors
///
/// The operating system's, `Interrupted` among them.
pub fn wait_readable(handle: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    wait_ready(handle, PollFlags::IN, timeout)
}

/// Waits until `handle` takes a write, at most for `timeout`; says whether it does. What cannot be waited for, as most
/// devices, takes it at once. Leaves the handle's own settings alone, which it may share with another process.
///
/// # Errors
///
/// The operating system's, `Interrupted` among them.
pub fn wait_writable(handle: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    wait_ready(handle, PollFlags::OUT, timeout)
}

/// For opening a file without waiting for anybody: who reads a pipe, or who answers for a device.
pub const OPEN_NONBLOCKING: i32 = libc::O_NONBLOCK;

/// Sets after how many seconds without a write the watchdog behind `handle` resets the machine, and gives the time that it
/// took instead if it cannot count exactly that.
///
/// # Errors
///
/// `ENOTTY` if it is no watchdog, `EINVAL` or `EOPNOTSUPP` if its time is fixed or shorter.
pub fn set_watchdog_timeout(handle: BorrowedFd<'_>, seconds: u32) -> io::Result<u32> {
    // `WDIOC_SETTIMEOUT` of linux/watchdog.h.
    const SET_TIMEOUT: rustix::ioctl::Opcode = rustix::ioctl::opcode::read_write::<libc::c_int>(b'W', 6);
    let mut timeout = libc::c_int::try_from(seconds).unwrap_or(libc::c_int::MAX);
    // SAFETY: the kernel reads and writes one `int` for this number, which is what the type says.
    let call = unsafe { rustix::ioctl::Updater::<SET_TIMEOUT, libc::c_int>::new(&mut timeout) };
    // SAFETY: the call touches nothing but that number, which outlives it; a handle of another kind refuses it.
    unsafe { rustix::ioctl::ioctl(handle, call) }?;
    Ok(timeout.unsigned_abs())
}

/// Says with which device on an I²C bus each later read and write of `handle`, a bus such as `/dev/i2c-1`, is: its address of
/// 7 bits. Others with a handle of their own on the same bus are not affected.
///
/// # Errors
///
/// `ENOTTY` if it is no bus, `EINVAL` for an address above 0x7f, `EBUSY` if a driver of the kernel has that device.
pub fn set_i2c_address(handle: BorrowedFd<'_>, address: u8) -> io::Result<()> {
    // `I2C_SLAVE` of linux/i2c-dev.h: its argument is the number itself.
    const SET_ADDRESS: rustix::ioctl::Opcode = 0x0703;
    // SAFETY: the kernel takes the argument as a number and touches no memory.
    let call = unsafe { rustix::ioctl::IntegerSetter::<SET_ADDRESS>::new_usize(usize::from(address)) };
    // SAFETY: the call touches nothing; a handle of another kind refuses it.
    unsafe { rustix::ioctl::ioctl(handle, call) }?;
    Ok(())
}

/// Lets transfers on the I²C bus of `handle`, on all handles and of all processes, take at most `time`, rounded down to steps of
/// 10 ms but at least one, and be tried once: a device that holds its clock line does not hold those who wait behind it.
///
/// # Errors
///
/// `ENOTTY` if it is no bus.
pub fn set_i2c_patience(handle: BorrowedFd<'_>, time: Duration) -> io::Result<()> {
    // `I2C_RETRIES` and `I2C_TIMEOUT` of linux/i2c-dev.h: their argument is the number itself.
    const SET_RETRIES: rustix::ioctl::Opcode = 0x0701;
    const SET_TIMEOUT: rustix::ioctl::Opcode = 0x0702;
    let steps = usize::try_from(time.as_millis() / 10).unwrap_or(usize::MAX).clamp(1, 6000);
    // SAFETY: the kernel takes the argument as a number and touches no memory.
    let timeout = unsafe { rustix::ioctl::IntegerSetter::<SET_TIMEOUT>::new_usize(steps) };
    // SAFETY: as above.
    let retries = unsafe { rustix::ioctl::IntegerSetter::<SET_RETRIES>::new_usize(0) };
    // SAFETY: the call touches nothing; a handle of another kind refuses it.
    unsafe { rustix::ioctl::ioctl(handle, timeout) }?;
    // SAFETY: as above.
    unsafe { rustix::ioctl::ioctl(handle, retries) }?;
    Ok(())
}

fn wait_ready(handle: BorrowedFd<'_>, what: PollFlags, timeout: Option<Duration>) -> io::Result<bool> {
    let timeout = timeout.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
    let mut handles = [PollFd::from_borrowed_fd(handle, what)];
    Ok(rustix::event::poll(&mut handles, timeout.as_ref())? > 0)
}

/// Lets the calling thread's sleeps end on time; without this they are up to 50 µs late where it is not a real-time one.
///
/// # Errors
///
/// The operating system's.
pub fn sleep_punctually() -> io::Result<()> {
    Ok(rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1))?)
}
